/*-------------------------------------------------------------------------
 *
 * column.c
 *		Kind: column of a table.
 *
 * A plain default is a kind of its own (default.c); the expression of a
 * generated column is a property here, since it cannot be changed in place.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "utils/builtins.h"

#include "plan.h"

/*
 * Minor releases of 2026 keep a marker of their own (pg_attver) among a
 * column's options; like pg_dump, pass over all that begins with pg_.
 *
 * The sequence that LIKE … INCLUDING IDENTITY makes is of type bigint, within
 * the bounds of the column's type: what is usual goes by the latter.
 *
 * Some servers give the identity of a partitioned table's column to its
 * partitions, which have no sequence for it: that is none of theirs.
 *
 * There are more columns than anything else: what few of them have is not
 * joined, but looked for where there is something to find.  That a dependency
 * is internal is said twice, so that the planner takes sequences for fewer than
 * columns, and does not build its hash of these.
 */
static const char query[] =
"SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, a.attnum::int AS objsubid,"
"       c.table_name || '.' || quote_ident(a.attname) AS identity, c.nspname AS schema,"
"       a.attname AS name,"
"       CASE WHEN q.seqrelid IS NOT NULL THEN format('relation:%I.%I', c.nspname, q.relname) END AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,"
"       format_type(a.atttypid, a.atttypmod) AS type,"
"       CASE WHEN a.attcollation <> t.typcollation THEN"
"            (SELECT format('%I.%I', (SELECT nspname FROM pg_namespace WHERE oid = collnamespace), collname)"
"               FROM pg_collation WHERE oid = a.attcollation) END AS collation,"
"       a.attnotnull AS not_null," PQE_SQL_NOT_NULL_PROPERTIES ","
"       CASE WHEN q.seqrelid IS NOT NULL THEN CASE a.attidentity WHEN 'a' THEN 'ALWAYS' ELSE 'BY DEFAULT' END END AS identity_kind,"
"       CASE WHEN q.seqstart <> 1 OR q.seqincrement <> 1 OR q.seqmin <> 1 OR q.seqcache <> 1 OR q.seqcycle"
"                 OR q.seqmax <> CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647"
"                                ELSE 9223372036854775807 END"
"            THEN format('START WITH %s INCREMENT BY %s MINVALUE %s MAXVALUE %s CACHE %s%s', q.seqstart,"
"                        q.seqincrement, q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN ' CYCLE' END)"
"       END AS identity_options,"
"       CASE WHEN q.seqrelid IS NOT NULL THEN format('SET START WITH %s SET INCREMENT BY %s SET MINVALUE %s SET MAXVALUE %s SET CACHE %s SET %s', q.seqstart,"
"              q.seqincrement, q.seqmin, q.seqmax, q.seqcache, CASE WHEN q.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END)"
"              END AS _identity_settings,"
"       CASE WHEN a.attgenerated <> '' THEN"
"            (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = a.attrelid AND adnum = a.attnum) END AS generated,"
"       CASE WHEN a.attgenerated = 'v' THEN true END AS \"virtual\","
"       CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN'"
"            WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END END AS storage,"
"       CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,"
"       nullif(a.attstattarget, -1)::text AS statistics,"
"       CASE WHEN a.attoptions IS NOT NULL AND NOT (array_length(a.attoptions, 1) = 1 AND a.attoptions[1] ^@ 'pg_') THEN"
"            (SELECT string_agg(o, E'\\n' ORDER BY o) FROM unnest(a.attoptions) o WHERE o !~ '^pg_') END AS options,"
"       " PQE_SQL_GENERIC_OPTIONS("a.attfdwoptions") " AS foreign_options,"
"       NOT a.attislocal AS _inherited,"
"       CASE WHEN NOT a.attislocal AND NOT c.relispartition THEN (SELECT string_agg(i.inhparent::regclass::text, E'\\n')"
"            FROM pg_inherits i WHERE i.inhrelid = c.oid) END AS _inherited_from,"
"       c.relispartition AS _in_partition,"
"       a.atttypid AS _type_id, a.atttypmod AS _type_mod,"
"       c.table_name AS _table,"
"       t.storage AS _type_storage,"
"       c.reloftype <> 0 AS _typed, t.typtype = 'd' AS _domain, c.relkind = 'f' AS _foreign,"
"       q.seqmin::text AS _identity_minimum, q.seqmax::text AS _identity_maximum, q.seqincrement::text AS _identity_increment,"
"       quote_ident(q.relname) AS identity_name,"
"       CASE WHEN c.relkind = 'p' THEN EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
"            AND d.objid = a.attrelid AND d.objsubid = a.attnum AND d.refclassid = 'pg_class'::regclass"
"            AND d.refobjid = a.attrelid AND d.refobjsubid = 0 AND d.deptype = 'i') END AS _in_partition_key"
"  FROM pg_attribute a"
"  JOIN " PQE_SQL_RELATIONS("'r', 'p', 'f'") " c ON c.oid = a.attrelid"
"  JOIN (SELECT oid, typcollation, typstorage, typtype,"
"               CASE typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END AS storage"
"          FROM pg_type OFFSET 0) t ON t.oid = a.atttypid"
"  LEFT JOIN (SELECT d.refobjid, d.refobjsubid, s.*, sc.relname"
"               FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid"
"               JOIN pg_class sc ON sc.oid = s.seqrelid"
"              WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass"
"                AND d.deptype = 'i' AND d.deptype::text = 'i') q"
"    ON a.attidentity <> '' AND q.refobjid = a.attrelid AND q.refobjsubid = a.attnum"
PQE_SQL_NOT_NULL_JOIN
" WHERE a.attnum > 0 AND NOT a.attisdropped";

static const char *
quoted_name(const PqeFact *fact)
{
	return quote_identifier(fact->name);
}

/*
 * Written out by the table it inherits from, not here.
 */
static bool
comes_from_parent(const PqeFact *fact)
{
	return pqe_flag(fact, "_inherited") && !pqe_flag(fact, "_in_partition");
}

/*
 * The parent's column, where the CREATE of the table says INHERITS, so that this
 * one takes its expression and settings from there, and may not say another one
 * or the same again; or NULL.
 */
static const PqeFact *
merged_above(const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, fact->parent->children)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_inheritance && ((PqeFact *) lfirst(lc))->inlined)
			return pqe_part_above(fact);
	return NULL;
}

static char *
definition(const PqeFact *fact)
{
	const PqeFact *above = merged_above(fact);
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	if (pqe_flag(fact, "_typed"))
		appendStringInfo(&text, "%s WITH OPTIONS", quoted_name(fact));
	else
		appendStringInfo(&text, "%s %s", quoted_name(fact), pqe_value(fact, "type"));
	if (pqe_value(fact, "compression") && above == NULL)
		appendStringInfo(&text, " COMPRESSION %s", pqe_value(fact, "compression"));
	if (pqe_value(fact, "foreign_options"))
		appendStringInfo(&text, " OPTIONS (%s)", pqe_join_lines(pqe_value(fact, "foreign_options")));
	if (pqe_value(fact, "collation"))
		appendStringInfo(&text, " COLLATE %s", pqe_value(fact, "collation"));
	if (pqe_value(fact, "generated") && (above == NULL || pqe_value(above, "generated") == NULL))
		appendStringInfo(&text, " GENERATED ALWAYS AS (%s) %s", pqe_value(fact, "generated"),
						 pqe_flag(fact, "virtual") ? "VIRTUAL" : "STORED");
	if (pqe_value(fact, "identity_kind"))
		appendStringInfo(&text, " GENERATED %s", pqe_identity_text(fact));
	foreach(lc, fact->children)
	{
		PqeFact    *child = lfirst(lc);

		if (child->inlined)
			appendStringInfo(&text, " %s", child->kind->inline_text(child));
		/* the server does not choose between the defaults of two parents; it goes again then */
		else if (child->kind == &pqe_kind_default && above != NULL && pqe_value(child, "expression") == NULL)
			appendStringInfoString(&text, " DEFAULT NULL");
	}
	if (pqe_flag(fact, "not_null") && !pqe_not_null_comes_after(fact))
		appendStringInfo(&text, " %s", pqe_not_null_text(fact));
	return text.data;
}

/*
 * In a typed table only what departs from the type is worth a line.
 */
static char *
inline_text(PqeFact *fact)
{
	if (comes_from_parent(fact))
		return pqe_inherited_not_null_text(fact);
	return definition(fact);
}

static void
emit_storage(PqeScript *script, const PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER TABLE ONLY %s ALTER COLUMN %s SET STORAGE %s", pqe_table_of(fact), quoted_name(fact),
			 pqe_value(fact, "storage") ? pqe_value(fact, "storage") : pqe_value(fact, "_type_storage"));
}

static void
emit_compression(PqeScript *script, const PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER TABLE ONLY %s ALTER COLUMN %s SET COMPRESSION %s", pqe_table_of(fact), quoted_name(fact),
			 pqe_value(fact, "compression") ? pqe_value(fact, "compression") : "default");
}

/*
 * The settings that have no place in a column's definition.  A new type has
 * brought its own storage and no compression.
 */
static void
emit_settings(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	const char *alter = psprintf("ALTER TABLE ONLY %s ALTER COLUMN %s", pqe_table_of(to), quoted_name(to));
	bool		retyped = from != NULL && (pqe_column_type_differs(from, to) || to->retyped);
	const char *changes;

	if (from && !retyped ? !pqe_same(from, to, "storage") : pqe_value(to, "storage") != NULL)
		emit_storage(script, to);
	if (retyped ? pqe_value(to, "compression") != NULL : from ? !pqe_same(from, to, "compression") : false)
		emit_compression(script, to);
	if (from ? !pqe_same(from, to, "statistics") : pqe_value(to, "statistics") != NULL)
		pqe_emit(script, 0, "%s SET STATISTICS %s", alter,
				 pqe_value(to, "statistics") ? pqe_value(to, "statistics") : "-1");
	if (from != NULL && !pqe_same(from, to, "options"))
		pqe_emit_options(script, alter, from, to);
	else if (from == NULL && pqe_value(to, "options"))
		pqe_emit(script, 0, "%s SET (%s)", alter, pqe_join_lines(pqe_value(to, "options")));
	changes = from ? pqe_generic_option_changes(pqe_value(from, "foreign_options"), pqe_value(to, "foreign_options")) : NULL;
	if (changes != NULL)
		pqe_emit(script, 0, "%s OPTIONS (%s)", alter, changes);
	if ((from == NULL || retyped) && strcmp(pqe_value(to, "_type_storage"), "PLAIN") != 0)
		pqe_emit_late_toast_options(script, to->parent);
}

/*
 * The parent's column, where it stays as it is while this one is made anew
 * (which comes to be generated, say); or NULL.
 */
static const PqeFact *
renewed_below(const PqeFact *fact)
{
	const PqeFact *above = fact->peer != NULL ? pqe_joined_above(fact) : NULL;

	if (above == NULL || above->peer == NULL || above->create_action != NULL || above->drop_action != NULL)
		return NULL;
	return above;
}

/*
 * The server takes an inherited column neither away nor otherwise back: the
 * table leaves its parent for that moment.
 */
static void
renew_below(PqeScript *script, const PqeFact *fact, int hazards)
{
	pqe_leave_parents(script, fact->parent);
	pqe_emit(script, pqe_value(fact->peer, "generated") ? PQE_ACCESS_EXCLUSIVE_LOCK : PQE_DELETES_DATA | PQE_ACCESS_EXCLUSIVE_LOCK,
			 "ALTER TABLE %s DROP COLUMN %s", pqe_table_of(fact), quoted_name(fact));
	pqe_emit(script, hazards, "ALTER TABLE %s ADD COLUMN %s", pqe_table_of(fact), definition(fact));
	emit_settings(script, NULL, fact);
	pqe_rejoin_parents(script, fact->parent);
}

/*
 * What a table's CREATE, or the parent's ADD COLUMN, could not say of its
 * columns: settings, an identity that the parent's has not or has for itself,
 * and that a column takes no null though the parent's does, or the other way
 * round.
 */
static void
after_inline(PqeScript *script, PqeFact *fact)
{
	const PqeFact *above = pqe_part_above(fact);

	if (above != NULL && pqe_hands_down_not_null(above) && !pqe_flag(fact, "not_null"))
		pqe_emit(script, 0, "ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL", pqe_table_of(fact), quoted_name(fact));
	if (pqe_not_null_comes_after(fact) && script->fresh && !(comes_from_parent(fact) && pqe_hands_down_not_null(above)))
		pqe_add_not_null_constraint(script, fact);
	else if (pqe_flag(fact, "not_null") && above != NULL && !pqe_hands_down_not_null(above))
	{
		if (!script->fresh || (comes_from_parent(fact) && pqe_says_more_than_not_null(fact)))
			pqe_set_not_null(script, fact);
		else if (comes_from_parent(fact))
			pqe_emit(script, 0, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", pqe_table_of(fact), quoted_name(fact));
	}
	if (above != NULL && merged_above(fact) == above && pqe_value(above, "storage") != NULL && pqe_value(fact, "storage") == NULL)
		emit_storage(script, fact);
	if (pqe_value(fact, "identity_kind") != NULL && !pqe_flag(fact, "_in_partition") &&
		(script->fresh ? comes_from_parent(fact) : pqe_is_joined_part(fact)))
		pqe_emit_identity(script, NULL, fact);
	/* ADD COLUMN to the parent brings that, too */
	if (above != NULL && (merged_above(fact) == above || !script->fresh) && !pqe_same(above, fact, "compression"))
		emit_compression(script, fact);
	emit_settings(script, NULL, fact);
}

static const PqeFact *
inlined_default(const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, fact->children)
		if (((PqeFact *) lfirst(lc))->inlined)
			return lfirst(lc);
	return NULL;
}

/*
 * The server adds no identity column to a table with heirs: these have a column
 * without an identity.  The rows get their numbers from a sequence that is there
 * for that.
 */
static void
create_identity_above(PqeScript *script, const PqeFact *fact)
{
	const char *sequence = quote_qualified_identifier(fact->schema, psprintf("%.50s_pqengine", fact->name));
	const char *options = pqe_value(fact, "identity_options");

	pqe_emit(script, 0, "CREATE SEQUENCE %s AS %s%s%s", sequence, pqe_value(fact, "type"), options ? " " : "", options ? options : "");
	pqe_emit(script, PQE_TABLE_REWRITE | PQE_ACCESS_EXCLUSIVE_LOCK | PQE_LONG_RUNNING,
			 "ALTER TABLE %s ADD COLUMN %s %s %s DEFAULT pg_catalog.nextval(%s)", pqe_table_of(fact), quoted_name(fact),
			 pqe_value(fact, "type"), pqe_not_null_text(fact), quote_literal_cstr(sequence));
	pqe_emit(script, 0, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", pqe_table_of(fact), quoted_name(fact));
	pqe_emit(script, 0, "DROP SEQUENCE %s", sequence);
	pqe_emit_identity(script, NULL, fact);
	emit_settings(script, NULL, fact);
}

static void
create(PqeScript *script, PqeFact *fact)
{
	bool		computed = pqe_value(fact, "generated") || pqe_value(fact, "identity_kind");
	int			hazards = pqe_flag(fact, "virtual") ? 0 : (computed ? PQE_TABLE_REWRITE | PQE_ACCESS_EXCLUSIVE_LOCK : 0) |
		(pqe_value(fact, "generated") != NULL ? PQE_MAY_FAIL_ON_DATA : 0);

	if (!script->fresh && pqe_flag(fact, "_typed"))
		return;					/* the type's ADD ATTRIBUTE brings it */
	if (pqe_flag(fact, "_domain"))
		hazards |= PQE_TABLE_REWRITE | PQE_ACCESS_EXCLUSIVE_LOCK | PQE_MAY_FAIL_ON_DATA;
	if (!script->fresh && !script->reverse && renewed_below(fact) != NULL)
	{
		renew_below(script, fact, hazards);
		return;
	}
	if (script->fresh ? comes_from_parent(fact) : pqe_is_joined_part(fact))
	{
		/* the parent's ADD COLUMN brings it; its settings are its own */
		after_inline(script, fact);
		return;
	}
	if (!script->fresh && !script->reverse && pqe_value(fact, "identity_kind") != NULL && fact->parent->peer != NULL &&
		pqe_has_heirs(fact->parent->peer))
	{
		create_identity_above(script, fact);
		return;
	}
	if (!computed && pqe_flag(fact, "not_null"))
	{
		if (inlined_default(fact) == NULL)
			hazards |= PQE_MAY_FAIL_ON_DATA;
	}
	if (inlined_default(fact) != NULL && pqe_flag(inlined_default(fact), "_volatile"))
		hazards |= PQE_TABLE_REWRITE | PQE_ACCESS_EXCLUSIVE_LOCK;
	pqe_emit(script, hazards, "ALTER TABLE %s ADD COLUMN %s", pqe_table_of(fact), definition(fact));
	if (pqe_not_null_comes_after(fact))
		pqe_add_not_null_constraint(script, fact);
	emit_settings(script, NULL, fact);
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	const char *after = pqe_value(to, "generated");

	/* only what is stored can stay when its expression goes */
	if (after == NULL)
		return !pqe_flag(from, "virtual");
	return pqe_same(from, to, "generated") && pqe_same(from, to, "virtual");
}

/*
 * The server changes no type that it tells partitions by.
 */
static bool
rebuilds_parent(const PqeFact *from, const PqeFact *to, const PqeFact *actual_parent)
{
	return from != NULL && pqe_flag(from, "_in_partition_key") && (pqe_column_type_differs(from, to) || to->retyped);
}

/*
 * Is a value written into the rows when the column is added?
 */
static bool
fills_rows(const PqeFact *column)
{
	ListCell   *lc;

	foreach(lc, column->children)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_default && pqe_value(lfirst(lc), "expression") != NULL)
			return true;
	return pqe_value(column, "generated") != NULL || pqe_value(column, "identity_kind") != NULL ||
		pqe_flag(column, "_domain");
}

/*
 * The server changes no type, and drops no expression, of a column that the table
 * has from a parent as well: is that place below one which has it?
 */
static bool
is_held_by_join(const PqeFact *from, const PqeFact *to, const PqeFact *join)
{
	ListCell   *lc;
	ListCell   *lc2;

	if (join->parent != from->parent ||
		(!pqe_column_type_differs(from, to) && !to->retyped && pqe_same(from, to, "generated")))
		return false;
	foreach(lc, join->depends_on)
		foreach(lc2, ((PqeFact *) lfirst(lc))->children)
		{
			const PqeFact *above = lfirst(lc2);

			if (above->kind == from->kind && strcmp(above->name, from->name) == 0)
				return true;
		}
	return false;
}

/*
 * The server makes a key anew with the type of a column, but not what leans on
 * the key and not on the column, which the key's index only includes.
 */
static bool
is_included_under_others(const PqeFact *column, const PqeFact *key)
{
	ListCell   *lc;

	if (key->kind != &pqe_kind_index && key->kind != &pqe_kind_constraint)
		return false;
	foreach(lc, key->dependents)
	{
		const PqeFact *user = lfirst(lc);

		if ((user->kind == &pqe_kind_constraint || !user->kind->follows_column_type) &&
			!list_member_ptr(user->depends_on, column))
			return true;
	}
	return false;
}

static bool
disturbs(const PqeFact *from, const PqeFact *to, const PqeFact *dependent)
{
	if (from == NULL)
		return dependent->uses_row_type && fills_rows(to);
	if (dependent->kind == &pqe_kind_inheritance && dependent->drop_action != NULL && !dependent->drop_action->rebuild)
		return is_held_by_join(from, to, dependent);
	/* a primary key that stays says by itself that the column takes no nulls */
	if (dependent->kind == &pqe_kind_constraint && dependent->drop_action != NULL && dependent->parent == from->parent &&
		pqe_flag(from, "not_null") && !pqe_flag(to, "not_null") && pqe_is_in_primary_key(from, dependent))
		return true;
	if (!pqe_column_type_differs(from, to) && !to->retyped)
		return false;
	if (to->retyped || dependent->uses_row_type || is_included_under_others(from, dependent))
		return true;
	/* the server would check a foreign key between the old type and the new */
	if (dependent->kind == &pqe_kind_constraint && pqe_value(dependent, "_type")[0] == 'f')
		return strcmp(pqe_value(from, "_type_id"), pqe_value(to, "_type_id")) != 0;
	/* what becomes another as well may not suit the new type, or collation, as it is */
	if ((dependent->kind == &pqe_kind_index || dependent->kind == &pqe_kind_constraint) &&
		dependent->peer != NULL && !pqe_same(dependent, dependent->peer, "definition") &&
		(!pqe_column_keeps_rows(from, to) || !pqe_same(from, to, "collation")))
		return true;
	if (dependent->kind == &pqe_kind_default)
		return strcmp(pqe_value(from, "_type_id"), pqe_value(to, "_type_id")) != 0;
	return !dependent->kind->follows_column_type;
}

/*
 * The parent's column that is altered together with this one; or NULL.
 */
static const PqeFact *
altered_above(const PqeFact *to)
{
	const PqeFact *above = pqe_joined_above(to);

	if (above == NULL || above->peer == NULL || above->create_action != NULL || above->peer->drop_action != NULL)
		return NULL;
	return above;
}

/*
 * The server drops the expression of an inherited column with the parent's
 * alone.  Where the parent's has none, the table leaves it for that moment.
 */
static void
drop_expression(PqeScript *script, const PqeFact *to, const PqeFact *above)
{
	bool		alone = above != NULL && pqe_value(above->peer, "generated") == NULL;

	if (above != NULL && !alone)
		return;
	if (alone)
		pqe_leave_parents(script, to->parent);
	pqe_emit(script, PQE_NOT_REVERSIBLE, "ALTER TABLE %s ALTER COLUMN %s DROP EXPRESSION",
			 pqe_table_of(to), quoted_name(to));
	if (alone)
		pqe_rejoin_parents(script, to->parent);
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	const PqeFact *above = altered_above(to);
	bool		cascaded = above != NULL || pqe_flag(to, "_typed");
	bool		drops_identity = pqe_value(from, "identity_kind") && !pqe_value(to, "identity_kind");

	if (!pqe_same(from, to, "generated"))
		drop_expression(script, to, above);
	if (drops_identity)
		pqe_emit_identity(script, from, to);
	if ((pqe_column_type_differs(from, to) || to->retyped) && !cascaded)
		pqe_emit_column_type(script, from, to);
	pqe_alter_not_null(script, from, to, above);
	if (!drops_identity &&
		(!pqe_same(from, to, "identity_kind") || !pqe_same(from, to, "identity_options") || !pqe_same(from, to, "identity_name")))
		pqe_emit_identity(script, from, to);
	emit_settings(script, from, to);
}

/*
 * Does a table that inherits the column keep it?
 */
static bool
is_kept_by_child(const PqeScript *script, const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, script->actual->list)
	{
		const PqeFact *other = lfirst(lc);

		if (other->kind == fact->kind && other->peer != NULL && other->drop_action == NULL && strcmp(other->name, fact->name) == 0 &&
			pqe_value(other, "_inherited_from") != NULL &&
			strstr(pqe_value(other, "_inherited_from"), pqe_table_of(fact)) != NULL)
			return true;
	}
	return false;
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	const PqeFact *above = pqe_flag(fact, "_inherited") ? pqe_joined_above(fact) : NULL;

	if (!script->reverse && renewed_below(fact) != NULL)
		return;					/* when it is made anew */
	/* goes with the parent's, or the type's */
	if ((above != NULL && !is_kept_by_child(script, above)) || pqe_flag(fact, "_typed"))
		return;
	/* one that has come with the parent's goes with it, whatever the models say of it */
	pqe_emit(script, pqe_value(fact, "generated") ? PQE_ACCESS_EXCLUSIVE_LOCK :
			 PQE_DELETES_DATA | PQE_ACCESS_EXCLUSIVE_LOCK,
			 "ALTER TABLE %s%s DROP COLUMN %s%s", is_kept_by_child(script, fact) ? "ONLY " : "",
			 pqe_table_of(fact), script->down && pqe_joined_above(fact) != NULL ? "IF EXISTS " : "", quoted_name(fact));
}

/*
 * A storage that is only that of another type is no difference of its own, nor
 * is the name of a NOT NULL that comes or goes.
 */
static bool
same_property(const PqeFact *from, const PqeFact *to, const char *property)
{
	if (strcmp(property, "not_null_name") == 0)
		return !pqe_same(from, to, "not_null") || pqe_same_not_null_name(from, to);
	if (strncmp(property, "not_null_", 9) == 0)
		return !pqe_same(from, to, "not_null") || pqe_same(from, to, property);
	if (strcmp(property, "storage") == 0)
		return !pqe_same(from, to, "type") || pqe_same(from, to, property);
	return pqe_same(from, to, property);
}

/*
 * A generated column holds nothing of its own.
 */
static bool
rebuilds(const PqeFact *fact)
{
	return pqe_value(fact, "generated") != NULL;
}

static const char *const sql_properties[] = {"generated", NULL};

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	/* the parent's rename, or the type's, is this one's too */
	if (!pqe_flag(fact, "_inherited") && !pqe_flag(fact, "_typed"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s RENAME COLUMN %s TO %s", pqe_table_of(fact), quote_identifier(fact->name), quote_identifier(name));
}

static bool
alike(const PqeFact *gone, const PqeFact *come)
{
	return pqe_same(gone, come, "type") && pqe_same(gone, come, "collation") && pqe_same(gone, come, "generated");
}

/*
 * The name of an identity's sequence must not be a type's either (sequence.c).
 */
static const char *
wants(const PqeFact *fact)
{
	return fact->slot == NULL ? NULL : psprintf("type:%s", pqe_identity_sequence(fact));
}

const PqeKind pqe_kind_column = {
	.name = "column",
	.rank = 52,
	.query = query,
	.ordered_by_parent = true,
	.on_takedown = PQE_STAYS,
	.inlines = true,
	.inline_create = true,
	.holds_data = true,
	.rebuilds = rebuilds,
	.equal = same_property,
	.sql_properties = sql_properties,
	.wants = wants,
	.create = create,
	.rebuilds_parent = rebuilds_parent,
	.can_alter = can_alter,
	.disturbs = disturbs,
	.alter = alter,
	.drop = drop,
	.inline_text = inline_text,
	.after_inline = after_inline,
	.rename = rename_to,
	.alike = alike,
};
