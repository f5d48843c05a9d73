/*-------------------------------------------------------------------------
 *
 * collation.c
 *		Kind: collation.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_collation.h"
#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_collation'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, c.collname) AS identity, n.nspname AS schema, c.collname AS name,"
"       format('collation:%I.%I', n.nspname, c.collname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       concat_ws(', ', 'provider = ' || CASE c.collprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,"
"                 CASE WHEN c.collisdeterministic THEN NULL ELSE 'deterministic = false' END,"
"                 'locale = ' || quote_literal(coalesce(" PQE_SQL_COLLATION_LOCALE ", CASE WHEN c.collcollate = c.collctype THEN c.collcollate END)),"
"                 'lc_collate = ' || quote_literal(CASE WHEN " PQE_SQL_COLLATION_LOCALE " IS NULL AND c.collcollate <> c.collctype THEN c.collcollate END),"
"                 'lc_ctype = ' || quote_literal(CASE WHEN " PQE_SQL_COLLATION_LOCALE " IS NULL AND c.collcollate <> c.collctype THEN c.collctype END))"
"       AS definition"
"  FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace"
" WHERE n.oid = ANY ($1)"
" ORDER BY n.nspname, c.collname";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE COLLATION %s (%s)", fact->identity, pqe_value(fact, "definition"));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP COLLATION %s", fact->identity);
}

/*
 * A column names the collation it sorts by: it is converted to the new one
 * while the old one is still there.
 */
static void
retire(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER COLLATION %s RENAME TO %s", fact->identity,
			 quote_identifier(pqe_old_type_name(fact)));
}

static void
drop_retired(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP COLLATION %s", quote_qualified_identifier(fact->schema, pqe_old_type_name(fact)));
}

const PqeKind pqe_kind_collation = {
	.name = "collation",
	.file = "schemas/%s/collations/%n.sql",
	.rank = 25,
	.query = query,
	.catalog = CollationRelationId,
	.catalog_index = CollationOidIndexId,
	.create = create,
	.drop = drop,
	.retire = retire,
	.drop_retired = drop_retired,
};
