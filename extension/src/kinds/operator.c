/*-------------------------------------------------------------------------
 *
 * operator.c
 *		Kind: operator.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_operator.h"

#define ESTIMATOR(column, word) \
"       || CASE WHEN o." column "::oid <> 0 THEN format(E',\\n    " word " = %s', o." column ") ELSE '' END"
#define ARGUMENT(column, word) \
"       || CASE WHEN o." column " <> 0 THEN format(E',\\n    " word " = %s', format_type(o." column ", NULL)) ELSE '' END"
#define RELATED(alias, word) \
"       || CASE WHEN " alias ".oid IS NOT NULL THEN format(E',\\n    " word " = OPERATOR(%I.%s)'," \
"               (SELECT nspname FROM pg_namespace WHERE oid = " alias ".oprnamespace), " alias ".oprname) ELSE '' END"

static const char query[] =
"SELECT 'pg_operator'::regclass::oid AS classid, o.oid AS objid, 0 AS objsubid,"
"       format('%I.%s (%s, %s)', n.nspname, o.oprname,"
"              CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END,"
"              format_type(o.oprright, NULL)) AS identity,"
"       n.nspname AS schema, o.oprname AS name, NULL AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       format('FUNCTION = %s', o.oprcode)"
ARGUMENT("oprleft", "LEFTARG")
ARGUMENT("oprright", "RIGHTARG")
RELATED("c", "COMMUTATOR")
RELATED("g", "NEGATOR")
ESTIMATOR("oprrest", "RESTRICT")
ESTIMATOR("oprjoin", "JOIN")
"       || CASE WHEN o.oprcanhash THEN E',\\n    HASHES' ELSE '' END"
"       || CASE WHEN o.oprcanmerge THEN E',\\n    MERGES' ELSE '' END AS definition,"
"       format('%I.%s', n.nspname, o.oprname) AS _name"
"  FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace"
"  LEFT JOIN pg_operator c ON c.oid = o.oprcom"
"  LEFT JOIN pg_operator g ON g.oid = o.oprnegate"
" WHERE o.oprcode <> 0 AND n.oid = ANY ($1)"
" ORDER BY n.nspname, o.oprname, o.oid";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE OPERATOR %s (\n    %s\n)", pqe_value(fact, "_name"),
			 pqe_value(fact, "definition"));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP OPERATOR %s", fact->identity);
}

const PqeKind pqe_kind_operator = {
	.name = "operator",
	.file = "schemas/%s/operators/%n.sql",
	.rank = 83,
	.query = query,
	.catalog = OperatorRelationId,
	.catalog_index = OperatorOidIndexId,
	.create = create,
	.drop = drop,
};
