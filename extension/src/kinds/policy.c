/*-------------------------------------------------------------------------
 *
 * policy.c
 *		Kind: row security policy.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_policy.h"
#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_policy'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid,"
"       format('%I.%I.%I', n.nspname, c.relname, p.polname) AS identity, n.nspname AS schema,"
"       p.polname AS name, NULL AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,"
"       CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'"
"                     WHEN 'd' THEN 'DELETE' ELSE 'ALL' END AS command,"
"       CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END AS mode,"
"       (SELECT string_agg(CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END, ', '"
"                          ORDER BY pg_get_userbyid(r)) FROM unnest(p.polroles) r) AS roles,"
"       pg_get_expr(p.polqual, p.polrelid) AS \"using\","
"       pg_get_expr(p.polwithcheck, p.polrelid) AS with_check,"
"       format('%I.%I', n.nspname, c.relname) AS _table"
"  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
"  JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname, p.polname";

static void
create(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;

	initStringInfo(&text);
	if (strcmp(pqe_value(fact, "mode"), "RESTRICTIVE") == 0)
		appendStringInfoString(&text, " AS RESTRICTIVE");
	if (strcmp(pqe_value(fact, "command"), "ALL") != 0)
		appendStringInfo(&text, " FOR %s", pqe_value(fact, "command"));
	appendStringInfo(&text, " TO %s", pqe_value(fact, "roles"));
	if (pqe_value(fact, "using"))
		appendStringInfo(&text, " USING (%s)", pqe_value(fact, "using"));
	if (pqe_value(fact, "with_check"))
		appendStringInfo(&text, " WITH CHECK (%s)", pqe_value(fact, "with_check"));
	pqe_emit(script, PQE_CHANGES_PRIVILEGES, "CREATE POLICY %s ON %s%s", quote_identifier(fact->name),
			 pqe_table_of(fact), text.data);
}

/*
 * An expression can be changed but not taken away.
 */
static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "command") && pqe_same(from, to, "mode") &&
		!(pqe_value(from, "using") && !pqe_value(to, "using")) &&
		!(pqe_value(from, "with_check") && !pqe_value(to, "with_check"));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	StringInfoData text;

	initStringInfo(&text);
	if (!pqe_same(from, to, "roles"))
		appendStringInfo(&text, " TO %s", pqe_value(to, "roles"));
	if (!pqe_same(from, to, "using"))
		appendStringInfo(&text, " USING (%s)", pqe_value(to, "using"));
	if (!pqe_same(from, to, "with_check"))
		appendStringInfo(&text, " WITH CHECK (%s)", pqe_value(to, "with_check"));
	pqe_emit(script, PQE_CHANGES_PRIVILEGES, "ALTER POLICY %s ON %s%s", quote_identifier(to->name),
			 pqe_table_of(to), text.data);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, PQE_CHANGES_PRIVILEGES, "DROP POLICY %s ON %s", quote_identifier(fact->name),
			 pqe_table_of(fact));
}

static const char *const sql_properties[] = {"using", "with_check", NULL};

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER POLICY %s ON %s RENAME TO %s", quote_identifier(fact->name), pqe_table_of(fact), quote_identifier(name));
}

const PqeKind pqe_kind_policy = {
	.name = "policy",
	.rank = 96,
	.query = query,
	.catalog = PolicyRelationId,
	.catalog_index = PolicyOidIndexId,
	.sql_properties = sql_properties,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.renames_alone = true,
};
