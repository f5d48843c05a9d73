/*-------------------------------------------------------------------------
 *
 * aggregate.c
 *		Kind: aggregate.
 *
 * The server has no deparser for aggregates, so the definition is put
 * together from pg_aggregate.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_aggregate.h"

#define NAMED(column, word) \
"       || CASE WHEN a." column "::oid <> 0 THEN format(E',\\n    " word " = %s', a." column ") ELSE '' END"

/* What its final function does to the state, where it is not the usual thing. */
#define MODIFY(function, column, word) \
"       || CASE WHEN a." function "::oid <> 0 AND a." column " <> CASE WHEN a.aggkind = 'n' THEN 'r' ELSE 'w' END::\"char\"" \
"               THEN format(E',\\n    " word " = %s', CASE a." column " WHEN 'r' THEN 'READ_ONLY'" \
"                           WHEN 's' THEN 'SHAREABLE' ELSE 'READ_WRITE' END) ELSE '' END"

static const char query[] =
"SELECT 'pg_proc'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid,"
"       format('%I.%I(%s)', n.nspname, p.proname,"
"              coalesce(nullif(pg_get_function_identity_arguments(p.oid), ''), '*')) AS identity,"
"       n.nspname AS schema, p.proname AS name,"
"       format('routine:%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       format(E'SFUNC = %s,\\n    STYPE = %s', a.aggtransfn, format_type(a.aggtranstype, NULL))"
"       || CASE WHEN a.aggtransspace <> 0 THEN format(E',\\n    SSPACE = %s', a.aggtransspace) ELSE '' END"
"       || CASE WHEN a.aggmtransspace <> 0 THEN format(E',\\n    MSSPACE = %s', a.aggmtransspace) ELSE '' END"
"       || CASE WHEN a.agginitval IS NOT NULL THEN format(E',\\n    INITCOND = %L', a.agginitval) ELSE '' END"
NAMED("aggfinalfn", "FINALFUNC")
"       || CASE WHEN a.aggfinalextra THEN E',\\n    FINALFUNC_EXTRA' ELSE '' END"
MODIFY("aggfinalfn", "aggfinalmodify", "FINALFUNC_MODIFY")
NAMED("aggcombinefn", "COMBINEFUNC")
NAMED("aggserialfn", "SERIALFUNC")
NAMED("aggdeserialfn", "DESERIALFUNC")
NAMED("aggmtransfn", "MSFUNC")
NAMED("aggminvtransfn", "MINVFUNC")
"       || CASE WHEN a.aggmtranstype <> 0"
"               THEN format(E',\\n    MSTYPE = %s', format_type(a.aggmtranstype, NULL)) ELSE '' END"
"       || CASE WHEN a.aggminitval IS NOT NULL THEN format(E',\\n    MINITCOND = %L', a.aggminitval) ELSE '' END"
NAMED("aggmfinalfn", "MFINALFUNC")
"       || CASE WHEN a.aggmfinalextra THEN E',\\n    MFINALFUNC_EXTRA' ELSE '' END"
MODIFY("aggmfinalfn", "aggmfinalmodify", "MFINALFUNC_MODIFY")
"       || CASE WHEN a.aggsortop <> 0 THEN format(E',\\n    SORTOP = OPERATOR(%I.%s)', sn.nspname, s.oprname) ELSE '' END"
"       || CASE p.proparallel WHEN 's' THEN E',\\n    PARALLEL = SAFE'"
"                             WHEN 'r' THEN E',\\n    PARALLEL = RESTRICTED' ELSE '' END"
"       || CASE WHEN a.aggkind = 'h' THEN E',\\n    HYPOTHETICAL' ELSE '' END AS definition"
"  FROM pg_aggregate a JOIN pg_proc p ON p.oid = a.aggfnoid"
"  JOIN pg_namespace n ON n.oid = p.pronamespace"
"  LEFT JOIN pg_operator s ON s.oid = a.aggsortop LEFT JOIN pg_namespace sn ON sn.oid = s.oprnamespace"
" WHERE n.oid = ANY ($1)"
" ORDER BY n.nspname, p.proname, p.oid";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE AGGREGATE %s (\n    %s\n)", fact->identity, pqe_value(fact, "definition"));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP AGGREGATE %s", fact->identity);
}

const PqeKind pqe_kind_aggregate = {
	.name = "aggregate",
	.file = "schemas/%s/aggregates/%n.sql",
	.rank = 84,
	.query = query,
	.catalog = AggregateRelationId,
	.catalog_index = AggregateFnoidIndexId,
	.named_in_bodies = true,
	.create = create,
	.drop = drop,
};
