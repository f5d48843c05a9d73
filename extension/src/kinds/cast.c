/*-------------------------------------------------------------------------
 *
 * cast.c
 *		Kind: cast.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_cast.h"

static const char query[] =
"SELECT 'pg_cast'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)) AS identity,"
"       NULL AS schema, format('(%s AS %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)) AS name,"
"       NULL AS slot, NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       CASE c.castmethod WHEN 'f' THEN format('WITH FUNCTION %s', c.castfunc::regprocedure)"
"                         WHEN 'i' THEN 'WITH INOUT' ELSE 'WITHOUT FUNCTION' END"
"       || CASE c.castcontext WHEN 'i' THEN ' AS IMPLICIT' WHEN 'a' THEN ' AS ASSIGNMENT' ELSE '' END AS definition"
"  FROM pg_cast c WHERE c.oid >= 16384 AND $1 IS NOT NULL"
"   AND NOT EXISTS (SELECT FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
"                    WHERE t.oid IN (c.castsource, c.casttarget) AND n.nspname LIKE 'pqengine swap %')"
"   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i')"
" ORDER BY 4";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE CAST %s %s", fact->identity, pqe_value(fact, "definition"));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP CAST %s", fact->identity);
}

const PqeKind pqe_kind_cast = {
	.name = "cast",
	.file = "database/casts/%n.sql",
	.rank = 82,
	.query = query,
	.catalog = CastRelationId,
	.catalog_index = CastOidIndexId,
	.database_wide = true,
	.goes_with_needs = true,
	.used_unseen = true,
	.create = create,
	.drop = drop,
};
