/*-------------------------------------------------------------------------
 *
 * range.c
 *		Kind: range type.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, t.typname) AS identity, n.nspname AS schema, t.typname AS name,"
"       format('type:%I.%I', n.nspname, t.typname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       format(E'SUBTYPE = %s,\\n    MULTIRANGE_TYPE_NAME = %s', format_type(r.rngsubtype, NULL), format_type(r.rngmultitypid, NULL))"
"       || CASE WHEN NOT oc.opcdefault THEN format(E',\\n    SUBTYPE_OPCLASS = %I.%I', ocn.nspname, oc.opcname) ELSE '' END"
"       || CASE WHEN r.rngcollation <> s.typcollation"
"               THEN format(E',\\n    COLLATION = %I.%I', cn.nspname, co.collname) ELSE '' END"
"       || CASE WHEN r.rngcanonical::oid <> 0 THEN format(E',\\n    CANONICAL = %s', r.rngcanonical) ELSE '' END"
"       || CASE WHEN r.rngsubdiff::oid <> 0 THEN format(E',\\n    SUBTYPE_DIFF = %s', r.rngsubdiff) ELSE '' END AS definition"
"  FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace"
"  JOIN pg_type s ON s.oid = r.rngsubtype"
"  JOIN pg_opclass oc ON oc.oid = r.rngsubopc JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace"
"  LEFT JOIN pg_collation co ON co.oid = r.rngcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace"
" WHERE n.oid = ANY ($1)"
" ORDER BY n.nspname, t.typname";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE TYPE %s AS RANGE (\n    %s\n)", fact->identity, pqe_value(fact, "definition"));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP TYPE %s", fact->identity);
}

/*
 * A range brings functions and a multirange under names of their own, which
 * its successor wants too: so columns are turned into text in between.
 */
static void
retire(PqeScript *script, PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, fact->dependents)
	{
		const PqeFact *column = lfirst(lc);

		if (column->kind == &pqe_kind_column && column->peer != NULL && !pqe_flag(column, "_inherited"))
			pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE | PQE_LONG_RUNNING,
					 "ALTER TABLE %s ALTER COLUMN %s TYPE %s", pqe_table_of(column), quote_identifier(column->name),
					 strstr(pqe_value(column, "type"), "[]") ? "text[]" : "text");
	}
	drop(script, fact);
}

static void
drop_retired(PqeScript *script, PqeFact *fact)
{
	/* gone already */
}

const PqeKind pqe_kind_range = {
	.name = "range type",
	.file = "schemas/%s/types/%n.sql",
	.rank = 37,
	.query = query,
	.named_in_bodies = true,
	.create = create,
	.drop = drop,
	.retire = retire,
	.drop_retired = drop_retired,
};
