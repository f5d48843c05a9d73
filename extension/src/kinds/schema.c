/*-------------------------------------------------------------------------
 *
 * schema.c
 *		Kind: schema.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_namespace'::regclass::oid AS classid, n.oid AS objid, 0 AS objsubid,"
"       quote_ident(n.nspname) AS identity, n.nspname AS schema, n.nspname AS name,"
"       NULL AS slot, NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub"
"  FROM pg_namespace n"
" WHERE n.oid = ANY ($1)"
" ORDER BY n.nspname";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE SCHEMA %s", fact->identity);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP SCHEMA %s", fact->identity);
}

static bool
is_given(const PqeFact *fact)
{
	return strcmp(fact->name, "public") == 0;
}

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER SCHEMA %s RENAME TO %s", fact->identity, quote_identifier(name));
}

const PqeKind pqe_kind_schema = {
	.name = "schema",
	.file = "schemas/%s/schema.sql",
	.rank = 10,
	.query = query,
	.on_takedown = PQE_STAYS,
	.is_given = is_given,
	.create = create,
	.drop = drop,
	.rename = rename_to,
};
