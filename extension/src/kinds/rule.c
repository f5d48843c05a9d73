/*-------------------------------------------------------------------------
 *
 * rule.c
 *		Kind: rewrite rule (a view's own SELECT rule is the view).
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_rewrite.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

static const char query[] =
"SELECT 'pg_rewrite'::regclass::oid AS classid, r.oid AS objid, 0 AS objsubid,"
"       format('%I.%I.%I', n.nspname, c.relname, r.rulename) AS identity, n.nspname AS schema,"
"       r.rulename AS name, NULL AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,"
"       NULL::text AS definition,"
"       CASE r.ev_enabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END AS enabled,"
"       format('%I.%I', n.nspname, c.relname) AS _table"
"  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class"
"  JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE r.rulename <> '_RETURN' AND n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname, r.rulename";

static void
emit_enabled(PqeScript *script, const PqeFact *fact)
{
	const char *enabled = pqe_value(fact, "enabled");

	pqe_emit(script, 0, "ALTER TABLE %s %s RULE %s", pqe_table_of(fact), enabled ? enabled : "ENABLE",
			 quote_identifier(fact->name));
}

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "%s", pqe_value(fact, "definition"));
	if (pqe_value(fact, "enabled"))
		emit_enabled(script, fact);
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	if (!pqe_same(from, to, "definition"))
		pqe_emit(script, 0, "%s", pqe_after_word(pqe_value(to, "definition"), "CREATE", " OR REPLACE"));
	if (!pqe_same(from, to, "enabled"))
		emit_enabled(script, to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP RULE %s ON %s", quote_identifier(fact->name), pqe_table_of(fact));
}

static const char *const sql_properties[] = {"definition", NULL};

static char *
property_under(const PqeFact *fact, const char *property, const char *name)
{
	return pqe_definition_under(fact, property, "RULE ", quote_identifier(fact->name), quote_identifier(name));
}

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER RULE %s ON %s RENAME TO %s", quote_identifier(fact->name), pqe_table_of(fact), quote_identifier(name));
}

const PqeKind pqe_kind_rule = {
	.name = "rule",
	.rank = 94,
	.query = query,
	.catalog = RewriteRelationId,
	.catalog_index = RewriteOidIndexId,
	.deparse = pg_get_ruledef,
	.sql_properties = sql_properties,
	.create = create,
	.can_alter = pqe_always_alter,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.renames_alone = true,
	.property_under = property_under,
};
