/*-------------------------------------------------------------------------
 *
 * sequence.c
 *		Kinds: sequence, and the column that owns a sequence.
 *
 * The two are told apart because they come at different times: a default
 * needs the sequence, and the ownership needs the column with that default.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "arena.h"

static const char query[] =
"SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, c.relname) AS identity, n.nspname AS schema, c.relname AS name,"
"       format('relation:%I.%I', n.nspname, c.relname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       s.seqtypid::regtype AS type, s.seqstart AS start, s.seqincrement AS increment, s.seqmin AS minimum, s.seqmax AS maximum,"
"       s.seqcache AS cache, s.seqcycle AS cycle, c.relpersistence AS persistence"
"  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid"
"  JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname";

/*
 * Column number -1 keeps the address apart from the sequence's own.  It takes
 * the place of an owner of the sequence's own (owner.c): the table's is that.
 */
static const char owner_query[] =
"SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, -1 AS objsubid,"
"       format('%I.%I', n.nspname, c.relname) AS identity, n.nspname AS schema, c.relname AS name,"
"       format('owner of sequence:%I.%I', n.nspname, c.relname) AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,"
"       NULL::text AS owned_by, NULL::text AS _needs, quote_ident(pg_get_userbyid(c.relowner)) AS _owner"
"  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE c.relkind = 'S' AND n.oid = ANY ($1)";

/*
 * A sequence has no type, but the server looks for one of its name.
 */
static const char *
wants(const PqeFact *fact)
{
	return psprintf("type:%s", fact->identity);
}

/*
 * The sequence of an identity column is part of that column.
 */
static bool
is_sequence(const PqeFact *fact, char dependency)
{
	return dependency != DEPENDENCY_INTERNAL;
}

static bool
is_owned(const PqeFact *fact, char dependency)
{
	return dependency == DEPENDENCY_AUTO;
}

/*
 * Says which column it is.
 */
static void
complete_owner(PqeFacts *facts, PqeFact *fact)
{
	ObjectAddress column = pqe_facts_whole(facts, &fact->parent_address);
	char	   *table = get_rel_name(column.objectId);
	char	   *schema = get_namespace_name(get_rel_namespace(column.objectId));
	char	   *name = get_attname(column.objectId, column.objectSubId, true);

	/* who drops it meanwhile has it read again */
	if (table == NULL || schema == NULL || name == NULL)
		return;
	pqe_set_value(fact, "owned_by",
				  pqe_arena_strdup(facts->rows, psprintf("%s.%s", quote_qualified_identifier(schema, table), quote_identifier(name))));
	pqe_set_value(fact, "_needs",
				  pqe_arena_strdup(facts->rows, psprintf("%u:%u:%d", column.classId, column.objectId, column.objectSubId)));
}

static const char *
limit(const PqeFact *fact, const char *word, const char *value)
{
	return psprintf(" %s %s", word, pqe_value(fact, value));
}

static void
create(PqeScript *script, PqeFact *fact)
{
	bool		unlogged = pqe_value(fact, "persistence")[0] == 'u';

	pqe_emit(script, 0, "CREATE %sSEQUENCE %s AS %s START WITH %s INCREMENT BY %s%s%s CACHE %s%s",
			 unlogged ? "UNLOGGED " : "", fact->identity, pqe_value(fact, "type"),
			 pqe_value(fact, "start"), pqe_value(fact, "increment"),
			 limit(fact, "MINVALUE", "minimum"), limit(fact, "MAXVALUE", "maximum"),
			 pqe_value(fact, "cache"), pqe_flag(fact, "cycle") ? " CYCLE" : "");
}

PqeSequenceRange
pqe_sequence_range(const char *minimum, const char *maximum, const char *increment)
{
	PqeSequenceRange range;

	range.minimum = pg_strtoint64(minimum);
	range.maximum = pg_strtoint64(maximum);
	range.descending = increment[0] == '-';
	return range;
}

/*
 * The server refuses bounds that the sequence's value lies outside of.  One
 * that has run past its new end stays at that end (and gives no more values),
 * one before its new beginning begins there.  Where the old range and the new
 * one have nothing in common it has to RESTART, which is what true means.
 */
bool
pqe_fit_sequence(PqeScript *script, const char *sequence, const PqeSequenceRange *from, const PqeSequenceRange *to)
{
	if (from->descending != to->descending || to->minimum > from->maximum || to->maximum < from->minimum)
		return true;
	if (to->minimum > from->minimum || to->maximum < from->maximum)
		pqe_emit(script, 0, "SELECT pg_catalog.setval(%s, CASE WHEN last_value < " INT64_FORMAT " THEN " INT64_FORMAT
				 " ELSE " INT64_FORMAT " END, %s) FROM %s WHERE last_value NOT BETWEEN " INT64_FORMAT " AND " INT64_FORMAT,
				 quote_literal_cstr(sequence), to->minimum, to->minimum, to->maximum,
				 to->descending ? psprintf("last_value < " INT64_FORMAT, to->minimum) :
				 psprintf("last_value > " INT64_FORMAT, to->maximum), sequence, to->minimum, to->maximum);
	return false;
}

static PqeSequenceRange
range_of(const PqeFact *fact)
{
	return pqe_sequence_range(pqe_value(fact, "minimum"), pqe_value(fact, "maximum"), pqe_value(fact, "increment"));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	PqeSequenceRange before = range_of(from);
	PqeSequenceRange after = range_of(to);
	bool		restarts = pqe_fit_sequence(script, from->identity, &before, &after);
	StringInfoData text;

	initStringInfo(&text);
	if (!pqe_same(from, to, "type"))
		appendStringInfo(&text, " AS %s", pqe_value(to, "type"));
	if (!pqe_same(from, to, "increment"))
		appendStringInfo(&text, " INCREMENT BY %s", pqe_value(to, "increment"));
	/* a new type brings limits of its own, so say them again */
	if (!pqe_same(from, to, "minimum") || !pqe_same(from, to, "type"))
		appendStringInfoString(&text, limit(to, "MINVALUE", "minimum"));
	if (!pqe_same(from, to, "maximum") || !pqe_same(from, to, "type"))
		appendStringInfoString(&text, limit(to, "MAXVALUE", "maximum"));
	if (!pqe_same(from, to, "start"))
		appendStringInfo(&text, " START WITH %s", pqe_value(to, "start"));
	if (restarts)
		appendStringInfoString(&text, " RESTART");
	if (!pqe_same(from, to, "cache"))
		appendStringInfo(&text, " CACHE %s", pqe_value(to, "cache"));
	if (!pqe_same(from, to, "cycle"))
		appendStringInfoString(&text, pqe_flag(to, "cycle") ? " CYCLE" : " NO CYCLE");
	if (text.len > 0)
		pqe_emit(script, 0, "ALTER SEQUENCE %s%s", to->identity, text.data);
	if (!pqe_same(from, to, "persistence"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER SEQUENCE %s SET %s", to->identity,
				 pqe_value(to, "persistence")[0] == 'u' ? "UNLOGGED" : "LOGGED");
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP SEQUENCE %s", fact->identity);
}

/*
 * Who owns a relation while the plan runs: whom it is to belong to, once that has
 * been said; before, whoever runs the plan, where it is made by that.  WORD: what
 * ALTER … OWNER TO calls it.
 */
const char *
pqe_owner_now(const PqeScript *script, const PqeFact *relation, const char *word)
{
	const char *object = psprintf("%s %s", word, relation->identity);
	const PqeFact *fact = pqe_facts_by_identity(script->desired, &pqe_kind_owner, object);

	if (fact != NULL && fact->written)
		return pqe_value(fact, "owner");
	if (relation->create_action != NULL)
		return quote_identifier(GetUserNameFromId(GetUserId(), false));
	fact = pqe_facts_by_identity(script->actual, &pqe_kind_owner, object);
	if (fact != NULL)
		return pqe_value(fact, "owner");
	/* that of a column's sequence is its table's */
	fact = pqe_facts_by_identity(script->actual, &pqe_kind_sequence_owner, relation->identity);
	return fact != NULL ? pqe_value(fact, "_owner") : NULL;
}

/*
 * The two have to have one owner.
 */
static void
emit_same_owner(PqeScript *script, const PqeFact *sequence, const PqeFact *table, bool linked)
{
	const char *owner = pqe_owner_now(script, table, table->kind == &pqe_kind_foreign_table ? "FOREIGN TABLE" : "TABLE");
	const char *other = pqe_owner_now(script, sequence, "SEQUENCE");

	if (owner == NULL || other == NULL || strcmp(owner, other) == 0)
		return;
	if (linked)
		pqe_emit(script, 0, "ALTER SEQUENCE %s OWNED BY NONE", sequence->identity);
	pqe_emit(script, PQE_CHANGES_PRIVILEGES, "ALTER SEQUENCE %s OWNER TO %s", sequence->identity, owner);
}

/*
 * The values that are there already must not come again: the sequence goes on
 * behind the last one, or has come to its end.
 */
void
pqe_go_on_behind(PqeScript *script, const char *sequence, const PqeSequenceRange *range, const PqeFact *column)
{
	bool		down = range->descending;
	const char *last = psprintf("pg_catalog.%s(%s)", down ? "min" : "max", quote_identifier(column->name));

	pqe_emit(script, 0, "SELECT pg_catalog.setval(%s, %s(%s, " INT64_FORMAT ")::bigint) FROM %s HAVING %s %s " INT64_FORMAT,
			 sequence, down ? "greatest" : "least", last, down ? range->minimum : range->maximum,
			 pqe_table_of(column), last, down ? "<=" : ">=", down ? range->maximum : range->minimum);
}

/*
 * A sequence may belong to a column of any type.
 */
static bool
holds_numbers(const PqeFact *column)
{
	const char *type = pqe_column_base_type(column);

	return strcmp(type, "smallint") == 0 || strcmp(type, "integer") == 0 ||
		strcmp(type, "bigint") == 0 || strncmp(type, "numeric", strlen("numeric")) == 0;
}

static void
emit_owned_by(PqeScript *script, PqeFact *fact, bool linked)
{
	const PqeFact *column = fact->depends_on != NIL ? linitial(fact->depends_on) : NULL;

	if (column != NULL && column->kind == &pqe_kind_column && !script->reverse)
		emit_same_owner(script, fact->parent, column->parent, linked);
	pqe_emit(script, 0, "ALTER SEQUENCE %s OWNED BY %s", fact->identity, pqe_value(fact, "owned_by"));
	if (column != NULL && column->kind == &pqe_kind_column && (column->create_action == NULL || column->peer != NULL) &&
		fact->parent->create_action != NULL && !script->reverse && holds_numbers(column))
	{
		PqeSequenceRange range = range_of(fact->parent);

		pqe_go_on_behind(script, quote_literal_cstr(fact->identity), &range, column);
	}
}

static void
create_owner(PqeScript *script, PqeFact *fact)
{
	emit_owned_by(script, fact, false);
}

static void
alter_owner(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_owned_by(script, to, true);
}

static void
drop_owner(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER SEQUENCE %s OWNED BY NONE", fact->identity);
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * Sequences are much alike; what tells them apart is who uses them.
 */
static const char *
use(const PqeFact *fact)
{
	List	   *users = NIL;
	StringInfoData text;
	ListCell   *lc;

	foreach(lc, fact->children)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_sequence_owner)
			users = lappend(users, unconstify(char *, pqe_value(lfirst(lc), "owned_by")));
	foreach(lc, fact->dependents)
		users = lappend(users, psprintf("%s %s", ((PqeFact *) lfirst(lc))->kind->name,
										((PqeFact *) lfirst(lc))->identity));
	list_sort(users, compare_texts);
	initStringInfo(&text);
	foreach(lc, users)
		appendStringInfo(&text, "%s\n", (char *) lfirst(lc));
	return text.data;
}

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER SEQUENCE %s RENAME TO %s", fact->identity, quote_identifier(name));
}

const PqeKind pqe_kind_sequence = {
	.name = "sequence",
	.file = "schemas/%s/sequences/%n.sql",
	.rank = 40,
	.query = query,
	.catalog = RelationRelationId,
	.letter_column = Anum_pg_class_relkind,
	.letter = RELKIND_SEQUENCE,
	.is_fact = is_sequence,
	.on_takedown = PQE_STAYS,
	.auto_is_link = true,
	.wants = wants,
	.create = create,
	.can_alter = pqe_always_alter,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.renames_alone = true,
	.mark = use,
};

const PqeKind pqe_kind_sequence_owner = {
	.name = "sequence owner",
	.rank = 75,
	.query = owner_query,
	.ordered_by_parent = true,
	.is_fact = is_owned,
	.complete = complete_owner,
	.catalog = RelationRelationId,
	.letter_column = Anum_pg_class_relkind,
	.letter = RELKIND_SEQUENCE,
	.create = create_owner,
	.can_alter = pqe_always_alter,
	.alter = alter_owner,
	.drop = drop_owner,
};
