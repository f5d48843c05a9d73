/*-------------------------------------------------------------------------
 *
 * trigger.c
 *		Kinds: trigger, and the state of a partition's trigger where it is
 *		enabled otherwise than the one of the parent's that it comes from.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_inherits.h"
#include "catalog/pg_trigger.h"
#include "utils/builtins.h"

/*
 * A row trigger of a partitioned table takes its name on all partitions, too.
 */
static const char query[] =
"SELECT 'pg_trigger'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,"
"       format('%I.%I.%I', n.nspname, c.relname, t.tgname) AS identity, n.nspname AS schema,"
"       t.tgname AS name,"
"       nullif(concat_ws(E'\\n', CASE WHEN t.tgconstraint <> 0 THEN format('constraint:%I.%I.%I', n.nspname, c.relname, t.tgname) END,"
"                 CASE WHEN c.relkind = 'p' OR c.relispartition THEN format('trigger:%I.%I.%I', n.nspname, c.relname, t.tgname) END,"
"                 CASE WHEN c.relkind = 'p' THEN"
"                      (WITH RECURSIVE copy AS (SELECT oid, tgrelid, tgname FROM pg_trigger WHERE tgparentid = t.oid UNION ALL"
"                              SELECT x.oid, x.tgrelid, x.tgname FROM copy JOIN pg_trigger x ON x.tgparentid = copy.oid)"
"                       SELECT string_agg(format('trigger:%I.%I.%I', pn.nspname, pc.relname, tgname), E'\\n')"
"                         FROM copy JOIN pg_class pc ON pc.oid = tgrelid JOIN pg_namespace pn ON pn.oid = pc.relnamespace) END), '') AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,"
"       pg_get_triggerdef(t.oid) AS definition,"
"       CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END AS enabled,"
"       t.tgconstraint <> 0 AS _is_constraint,"
"       c.relkind = 'p' AND t.tgtype & 1 = 1 AS _in_partitions,"
"       format('%I.%I', n.nspname, c.relname) AS _table"
"  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
"  JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname, t.tgname";

#define STATE(letter) \
"CASE " letter " WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' ELSE 'ENABLE' END"

static const char state_query[] =
"SELECT 'pg_trigger'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,"
"       format('%I.%I.%I', n.nspname, c.relname, t.tgname) AS identity, n.nspname AS schema,"
"       t.tgname AS name, NULL AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,"
"       " STATE("t.tgenabled") " AS enabled, " STATE("p.tgenabled") " AS _above,"
"       format('%I.%I', n.nspname, c.relname) AS _table,"
"       (WITH RECURSIVE above AS (SELECT t.tgparentid AS oid UNION ALL"
"               SELECT x.tgparentid FROM above JOIN pg_trigger x ON x.oid = above.oid WHERE x.tgparentid <> 0)"
"        SELECT format(E'%s:%s:1\\n%s:%s:0', 'pg_inherits'::regclass::oid, c.oid, 'pg_trigger'::regclass::oid, above.oid)"
"          FROM above JOIN pg_trigger x ON x.oid = above.oid WHERE x.tgparentid = 0) AS _needs"
"  FROM pg_trigger t JOIN pg_trigger p ON p.oid = t.tgparentid JOIN pg_class c ON c.oid = t.tgrelid"
"  JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE NOT t.tgisinternal AND t.tgenabled <> p.tgenabled AND n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname, t.tgname";

static void
emit_state(PqeScript *script, const PqeFact *fact, const char *state)
{
	pqe_emit(script, 0, "ALTER TABLE %s %s TRIGGER %s", pqe_table_of(fact), state, quote_identifier(fact->name));
}

static void
emit_enabled(PqeScript *script, const PqeFact *fact)
{
	const char *enabled = pqe_value(fact, "enabled");

	emit_state(script, fact, enabled ? enabled : "ENABLE");
}

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "%s", pqe_value(fact, "definition"));
	if (pqe_value(fact, "enabled"))
		emit_enabled(script, fact);
}

/*
 * There is no OR REPLACE for constraint triggers.  One for each row is there in
 * all partitions, and would stay there when it becomes one for each statement.
 */
static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	if (pqe_flag(from, "_in_partitions") && !pqe_flag(to, "_in_partitions"))
		return false;
	return pqe_same(from, to, "definition") ||
		(!pqe_flag(from, "_is_constraint") && !pqe_flag(to, "_is_constraint"));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	bool		redefined = !pqe_same(from, to, "definition");

	if (redefined)
		pqe_emit(script, 0, "%s", pqe_after_word(pqe_value(to, "definition"), "CREATE", " OR REPLACE"));
	if (!pqe_same(from, to, "enabled") || (redefined && pqe_value(to, "enabled")))
		emit_enabled(script, to);
}

/*
 * What is said of the parent's trigger goes for those of the partitions.
 */
static bool
disturbs(const PqeFact *from, const PqeFact *to, const PqeFact *dependent)
{
	return dependent->kind == &pqe_kind_trigger_state;
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP TRIGGER %s ON %s", quote_identifier(fact->name), pqe_table_of(fact));
}

static const char *const sql_properties[] = {"definition", NULL};

static char *
property_under(const PqeFact *fact, const char *property, const char *name)
{
	return pqe_definition_under(fact, property, "TRIGGER ", quote_identifier(fact->name), quote_identifier(name));
}

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TRIGGER %s ON %s RENAME TO %s", quote_identifier(fact->name), pqe_table_of(fact), quote_identifier(name));
}

const PqeKind pqe_kind_trigger = {
	.name = "trigger",
	.rank = 95,
	.query = query,
	.catalog = TriggerRelationId,
	.catalog_index = TriggerOidIndexId,
	.sql_properties = sql_properties,
	.create = create,
	.can_alter = can_alter,
	.disturbs = disturbs,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.renames_alone = true,
	.property_under = property_under,
};

static void
create_state(PqeScript *script, PqeFact *fact)
{
	emit_enabled(script, fact);
}

static void
alter_state(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_enabled(script, to);
}

static void
drop_state(PqeScript *script, PqeFact *fact)
{
	emit_state(script, fact, pqe_value(fact, "_above"));
}

const PqeKind pqe_kind_trigger_state = {
	.name = "trigger state",
	.rank = 96,
	.query = state_query,
	.catalog = InheritsRelationId,
	.catalog_index = InheritsRelidSeqnoIndexId,
	.is_setting = true,
	.create = create_state,
	.can_alter = pqe_always_alter,
	.alter = alter_state,
	.drop = drop_state,
};
