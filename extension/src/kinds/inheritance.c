/*-------------------------------------------------------------------------
 *
 * inheritance.c
 *		Kinds: a table's place below its parent (INHERIT, or a partition's
 *		ATTACH), and an index's place below a partitioned index.
 *
 * They are told apart from the table because they come later: both tables
 * must have got their columns, constraints and indexes first, so that the
 * server finds what it would otherwise make under names of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_inherits.h"
#include "utils/builtins.h"

/* pg_inherits has no oid: the sequence number tells several parents apart. */
/*
 * _copies: the keys and foreign keys that the server made for a partition
 * after its parent's model, each with the constraint that they come from in
 * the end.
 */
static const char query[] =
"SELECT 'pg_inherits'::regclass::oid AS classid, c.oid AS objid, i.inhseqno AS objsubid,"
"       format('%I.%I of %s', n.nspname, c.relname, i.inhparent::regclass) AS identity, n.nspname AS schema,"
"       c.relname AS name, NULL AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,"
"       pg_get_expr(c.relpartbound, c.oid) AS bound,"
"       format('%I.%I', n.nspname, c.relname) AS _table, i.inhparent::regclass::text AS _parent,"
"       format('%s:%s:0', 'pg_class'::regclass::oid, i.inhparent) AS _needs,"
"       CASE WHEN c.relispartition THEN ("
"         SELECT string_agg(format(E'%I %I.%I.%I', k.conname, rn.nspname, rc.relname, r.conname), E'\\n')"
"           FROM pg_constraint k JOIN pg_constraint p ON p.oid = k.conparentid AND p.conrelid = i.inhparent,"
"           LATERAL (WITH RECURSIVE up AS (SELECT p.oid, p.conparentid UNION ALL SELECT a.oid, a.conparentid"
"                      FROM up JOIN pg_constraint a ON a.oid = up.conparentid)"
"                    SELECT x.* FROM up JOIN pg_constraint x ON x.oid = up.oid WHERE up.conparentid = 0) r"
"           JOIN pg_class rc ON rc.oid = r.conrelid JOIN pg_namespace rn ON rn.oid = rc.relnamespace"
"          WHERE k.conrelid = c.oid) END AS _copies"
"  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE c.relkind IN ('r', 'p', 'f') AND n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname, i.inhseqno";

/*
 * The index of a partition's own key may be the part of an index that is no
 * key's: then it is the key that has this place, and needs the index above.
 */
static const char index_query[] =
"SELECT 'pg_inherits'::regclass::oid AS classid, c.oid AS objid, i.inhseqno AS objsubid,"
"       format('%I.%I of %s', n.nspname, c.relname, i.inhparent::regclass) AS identity, n.nspname AS schema,"
"       c.relname AS name, NULL AS slot,"
"       CASE WHEN k.oid IS NULL THEN 'pg_class'::regclass::oid ELSE 'pg_constraint'::regclass::oid END AS parent_class,"
"       coalesce(k.oid, c.oid) AS parent_id, 0 AS parent_sub,"
"       format('%I.%I', n.nspname, c.relname) AS _index, i.inhparent::regclass::text AS _parent,"
"       format('%s:%s:%s', 'pg_inherits'::regclass::oid, x.indrelid,"
"              (SELECT min(ti.inhseqno) FROM pg_inherits ti WHERE ti.inhrelid = x.indrelid))"
"       || CASE WHEN k.oid IS NULL THEN '' ELSE format(E'\\n%s:%s:0', 'pg_class'::regclass::oid, i.inhparent) END AS _needs"
"  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
"  JOIN pg_index x ON x.indexrelid = c.oid"
"  LEFT JOIN pg_constraint k ON k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')"
" WHERE n.oid = ANY ($1)"
"   AND (k.oid IS NULL OR NOT EXISTS (SELECT FROM pg_constraint a WHERE a.conindid = i.inhparent AND a.contype IN ('p', 'u', 'x')))"
" ORDER BY n.nspname, c.relname";

/*
 * INHERITS is written by the table's own CREATE.
 */
static bool
stands_alone(const PqeFact *fact)
{
	return pqe_value(fact, "bound") != NULL;
}

static char *
inline_text(PqeFact *fact)
{
	return NULL;
}

/*
 * Is a partition for all other rows there, which may hold what belongs into this
 * one?
 */
static bool
has_default(const PqeFact *fact)
{
	const PqeFact *parent = fact->depends_on != NIL ? linitial(fact->depends_on) : NULL;
	ListCell   *lc;

	foreach(lc, parent != NULL && parent->peer != NULL ? parent->peer->dependents : NIL)
	{
		const PqeFact *join = lfirst(lc);
		const char *bound = join->kind == &pqe_kind_inheritance ? pqe_value(join, "bound") : NULL;

		if (bound != NULL && strcmp(bound, "DEFAULT") == 0 && join->drop_action == NULL)
			return true;
	}
	return false;
}

static void
create(PqeScript *script, PqeFact *fact)
{
	const char *bound = pqe_value(fact, "bound");
	bool		moved = fact->parent->peer != NULL && fact->parent->peer->retire_action != NULL;	/* with the rows that it had */
	int			hazards = script->fresh && !moved && !has_default(fact) ? 0 : PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA;

	if (bound != NULL)
		pqe_emit(script, hazards, "ALTER TABLE ONLY %s ATTACH PARTITION %s %s", pqe_value(fact, "_parent"),
				 pqe_table_of(fact), bound);
	else
		pqe_emit(script, script->fresh ? 0 : PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s INHERIT %s",
				 pqe_table_of(fact), pqe_value(fact, "_parent"));
}

/*
 * The part (a column, a check) of a parent that a table's part of that name
 * comes from; or NULL.  STAYING: only where the table is and stays joined to
 * the parent; one that is made anew, or whose parent is, has its parts before it
 * is joined again.
 */
static const PqeFact *
find_above(const PqeFact *part, bool staying)
{
	ListCell   *join;

	foreach(join, part->parent->children)
	{
		const PqeFact *joined = lfirst(join);
		ListCell   *whole;

		if (joined->kind != &pqe_kind_inheritance ||
			(staying && (joined->peer == NULL || part->parent->create_action != NULL)))
			continue;
		foreach(whole, joined->depends_on)
		{
			const PqeFact *parent = lfirst(whole);
			ListCell   *lc;

			if (staying && (parent->create_action != NULL || parent->retire_action != NULL))
				continue;
			foreach(lc, parent->children)
			{
				const PqeFact *other = lfirst(lc);

				if (other->kind == part->kind && strcmp(other->name, part->name) == 0)
					return other;
			}
		}
	}
	return NULL;
}

const PqeFact *
pqe_part_above(const PqeFact *part)
{
	return find_above(part, false);
}

const PqeFact *
pqe_joined_above(const PqeFact *part)
{
	return find_above(part, true);
}

/*
 * What is done to the parent's part is done to it.
 */
bool
pqe_is_joined_part(const PqeFact *part)
{
	return pqe_joined_above(part) != NULL;
}

/*
 * Cuts a text at the next such character that is not within quotes; gives what
 * stands behind it, or NULL.
 */
static char *
cut(char *text, char separator)
{
	bool		quoted = false;

	for (char *p = text; *p != '\0'; p++)
	{
		if (*p == '"')
			quoted = !quoted;
		else if (*p == separator && !quoted)
		{
			*p = '\0';
			return p + 1;
		}
	}
	return NULL;
}

/*
 * Does a partition keep what the server made for it after ORIGIN?  One that
 * gets other bounds leaves with it, and takes it up again when it comes back.
 */
static bool
keeps_copy(const PqeScript *script, const PqeFact *join, const char *origin)
{
	const PqeFact *original = pqe_facts_by_identity(script->actual, &pqe_kind_constraint, origin);

	return join->peer != NULL && original != NULL && original->drop_action == NULL;
}

/*
 * What the server made for the partition stays with it when it leaves, and has
 * to go unless it is there for when it comes back.
 */
static void
drop_copies(PqeScript *script, const PqeFact *fact)
{
	char	   *next;

	for (char *line = pqe_value(fact, "_copies") ? pstrdup(pqe_value(fact, "_copies")) : NULL; line; line = next)
	{
		const char *origin;

		next = cut(line, '\n');
		origin = cut(line, ' ');
		/* not made by the server */
		if (pqe_facts_by_identity(script->actual, &pqe_kind_constraint, psprintf("%s.%s", pqe_table_of(fact), line)) != NULL)
			continue;
		if (!keeps_copy(script, fact, origin))
			pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s DROP CONSTRAINT IF EXISTS %s",
					 pqe_table_of(fact), line);
	}
}

/*
 * The name, quoted, of what the server made for a partition after a KEY that it
 * was under before and stays under; or NULL.  A table that is made anew has
 * another.
 */
const char *
pqe_copy_of(const PqeScript *script, const PqeFact *table, const char *key)
{
	ListCell   *lc;

	if (table->drop_action != NULL || table->retire_action != NULL)
		return NULL;
	foreach(lc, table->children)
	{
		const PqeFact *join = lfirst(lc);
		const char *copies = join->kind == &pqe_kind_inheritance && keeps_copy(script, join, key) ? pqe_value(join, "_copies") : NULL;
		char	   *next;

		for (char *line = copies != NULL ? pstrdup(copies) : NULL; line != NULL; line = next)
		{
			next = cut(line, '\n');
			if (strcmp(cut(line, ' '), key) == 0)
				return line;
		}
	}
	return NULL;
}

/*
 * The checks of the parent alone (NO INHERIT) that the table has one of its
 * own by the name of.
 */
static List *
mistaken_checks(const PqeFact *fact)
{
	const PqeFact *parent = linitial(fact->depends_on);
	List	   *mistaken = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, parent->children)
	{
		const PqeFact *check = lfirst(lc);

		if (check->kind != &pqe_kind_constraint || strstr(pqe_value(check, "definition"), " NO INHERIT") == NULL)
			continue;
		foreach(lc2, fact->parent->children)
		{
			const PqeFact *own = lfirst(lc2);

			if (own->kind == check->kind && strcmp(own->name, check->name) == 0)
				mistaken = lappend(mistaken, unconstify(PqeFact *, check));
		}
	}
	return mistaken;
}

static void
rename_checks(PqeScript *script, const PqeFact *fact, List *checks, bool away)
{
	ListCell   *lc;

	foreach(lc, checks)
	{
		const PqeFact *check = lfirst(lc);
		const char *name = quote_identifier(check->name);
		const char *other = psprintf("pqengine_%u", check->address.objectId);

		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s", pqe_value(fact, "_parent"),
				 away ? name : other, away ? other : name);
	}
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	List	   *checks;

	if (pqe_value(fact, "bound") != NULL)
	{
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s DETACH PARTITION %s",
				 pqe_value(fact, "_parent"), pqe_table_of(fact));
		drop_copies(script, fact);
		return;
	}
	/* the server takes the table's check for one that it has from the parent, and finds that it has not */
	checks = mistaken_checks(fact);
	rename_checks(script, fact, checks, true);
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s NO INHERIT %s", pqe_table_of(fact),
			 pqe_value(fact, "_parent"));
	rename_checks(script, fact, checks, false);
}

static bool
stays_joined(const PqeFact *part)
{
	return part->kind == &pqe_kind_inheritance && part->peer != NULL && part->create_action == NULL;
}

/*
 * Takes a table of the desired side out of the parents that it stays joined
 * to, and puts it back.
 */
void
pqe_leave_parents(PqeScript *script, const PqeFact *table)
{
	ListCell   *lc;

	foreach(lc, table->children)
		if (stays_joined(lfirst(lc)))
			drop(script, ((PqeFact *) lfirst(lc))->peer);
}

void
pqe_rejoin_parents(PqeScript *script, const PqeFact *table)
{
	ListCell   *lc;

	foreach(lc, table->children)
		if (stays_joined(lfirst(lc)))
			create(script, lfirst(lc));
}

static bool
is_referred_to(const PqeFacts *facts, const char *table)
{
	ListCell   *lc;

	foreach(lc, facts->list)
	{
		const PqeFact *key = lfirst(lc);
		const char *referred = key->kind == &pqe_kind_constraint ? key->kind->refers_to(key) : NULL;

		if (referred != NULL && strcmp(referred, table) == 0)
			return true;
	}
	return false;
}

static bool
has_keys_by_parents(const PqeScript *script, const PqeFact *table)
{
	ListCell   *lc;

	foreach(lc, table->children)
	{
		const PqeFact *join = lfirst(lc);
		const PqeFact *whole;

		if (join->kind != &pqe_kind_inheritance || pqe_value(join, "bound") == NULL || join->depends_on == NIL)
			continue;
		whole = linitial(join->depends_on);
		if (whole->drop_action == NULL &&
			(is_referred_to(script->actual, whole->identity) || is_referred_to(script->desired, whole->identity)))
			return true;
		return has_keys_by_parents(script, whole);
	}
	return false;
}

/*
 * A foreign key to a partitioned table has a part for each partition: one that
 * is to be dropped without its parent leaves that first.
 */
void
pqe_leave_referenced(PqeScript *script, const PqeFact *table)
{
	ListCell   *lc;

	if (script->reverse || !has_keys_by_parents(script, table))
		return;
	foreach(lc, table->children)
	{
		const PqeFact *join = lfirst(lc);

		if (join->kind == &pqe_kind_inheritance)
			pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_MAY_FAIL_ON_DATA, "ALTER TABLE %s DETACH PARTITION %s",
					 pqe_value(join, "_parent"), pqe_table_of(join));
	}
}

/*
 * Of what is left alone: an index that is made anew sees to the places of its
 * parts, and what it becomes may be nothing that a key can be a part of.
 */
static bool
has_lost_place(const PqeFact *fact)
{
	const PqeFact *whole = fact->parent;

	if (!fact->ignored)
		return false;
	if (whole->kind == &pqe_kind_index)
		return true;
	while (whole->ignored && whole->goes_with != NULL)
		whole = whole->goes_with;
	return !pqe_keeps_keys(whole);
}

static void
create_index(PqeScript *script, PqeFact *fact)
{
	if (has_lost_place(fact))
		return;
	/* does nothing where the table's ATTACH has found the index itself */
	pqe_emit(script, 0, "ALTER INDEX %s ATTACH PARTITION %s", pqe_value(fact, "_parent"),
			 pqe_value(fact, "_index"));
}

static void
drop_index(PqeScript *script, PqeFact *fact)
{
	/* an index leaves its parent only by going away */
}

const PqeKind pqe_kind_inheritance = {
	.name = "inheritance",
	.rank = 66,
	.query = query,
	.catalog = InheritsRelationId,
	.catalog_index = InheritsRelidSeqnoIndexId,
	.inline_create = true,
	.follows_column_type = true,
	.joins = true,
	.stands_alone = stands_alone,
	.create = create,
	.drop = drop,
	.inline_text = inline_text,
};

const PqeKind pqe_kind_index_inheritance = {
	.name = "index inheritance",
	.rank = 67,
	.query = index_query,
	.catalog = InheritsRelationId,
	.catalog_index = InheritsRelidSeqnoIndexId,
	.precedes_joins = true,
	.goes_with_parent = true,
	.goes_with_needs = true,
	.follows_column_type = true,
	.create = create_index,
	.drop = drop_index,
};
