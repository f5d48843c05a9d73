/*-------------------------------------------------------------------------
 *
 * range.c
 *		Kind: range type.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_range.h"
#include "utils/builtins.h"

/* The argument lists of the functions that a type brings under its own name. */
#define CONSTRUCTORS(type) \
"(SELECT string_agg(format('(%s)', oidvectortypes(p.proargtypes)), E'\\n' ORDER BY p.oid)" \
"   FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid" \
"  WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_type'::regclass AND d.refobjid = " type ".oid" \
"    AND d.deptype = 'i' AND p.proname = " type ".typname AND p.pronamespace = " type ".typnamespace)"

static const char query[] =
"SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, t.typname) AS identity, n.nspname AS schema, t.typname AS name,"
"       format(E'type:%I.%I\\ntype:%I.%I', n.nspname, t.typname, mn.nspname, m.typname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       format('SUBTYPE = %s', format_type(r.rngsubtype, NULL))"
"       || CASE WHEN NOT oc.opcdefault THEN format(E',\\n    SUBTYPE_OPCLASS = %I.%I', ocn.nspname, oc.opcname) ELSE '' END"
"       || CASE WHEN r.rngcollation <> s.typcollation"
"               THEN format(E',\\n    COLLATION = %I.%I', cn.nspname, co.collname) ELSE '' END"
"       || CASE WHEN r.rngcanonical::oid <> 0 THEN format(E',\\n    CANONICAL = %s', r.rngcanonical) ELSE '' END"
"       || CASE WHEN r.rngsubdiff::oid <> 0 THEN format(E',\\n    SUBTYPE_DIFF = %s', r.rngsubdiff) ELSE '' END AS definition,"
"       format('%I.%I', mn.nspname, m.typname) AS multirange, m.typname AS _multirange_name,"
"       " CONSTRUCTORS("t") " AS _constructors, " CONSTRUCTORS("m") " AS _multirange_constructors"
"  FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace"
"  JOIN pg_type s ON s.oid = r.rngsubtype"
"  JOIN pg_type m ON m.oid = r.rngmultitypid JOIN pg_namespace mn ON mn.oid = m.typnamespace"
"  JOIN pg_opclass oc ON oc.oid = r.rngsubopc JOIN pg_namespace ocn ON ocn.oid = oc.opcnamespace"
"  LEFT JOIN pg_collation co ON co.oid = r.rngcollation LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace"
" WHERE n.oid = ANY ($1)"
" ORDER BY n.nspname, t.typname";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE TYPE %s AS RANGE (\n    %s,\n    MULTIRANGE_TYPE_NAME = %s\n)", fact->identity,
			 pqe_value(fact, "definition"), pqe_value(fact, "multirange"));
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

/*
 * ALTER TYPE leaves the functions that make its values under the old name.
 */
static void
rename_with_constructors(PqeScript *script, const PqeFact *fact, const char *constructors,
						 const char *old_name, const char *name)
{
	const char *whole = quote_qualified_identifier(fact->schema, old_name);
	char	   *state = NULL;

	pqe_emit(script, 0, "ALTER TYPE %s RENAME TO %s", whole, quote_identifier(name));
	for (char *arguments = strtok_r(pstrdup(constructors ? constructors : ""), "\n", &state); arguments;
		 arguments = strtok_r(NULL, "\n", &state))
		pqe_emit(script, 0, "ALTER FUNCTION %s%s RENAME TO %s", whole, arguments, quote_identifier(name));
}

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	rename_with_constructors(script, fact, pqe_value(fact, "_constructors"), fact->name, name);
}

/*
 * Its multirange, whose name mostly comes from the range's, is a part of it.
 */
static bool
has_part(const PqeFact *fact, const char *part)
{
	return strcmp(pqe_value(fact, "_multirange_name"), part) == 0;
}

static void
rename_part(PqeScript *script, const PqeFact *fact, const char *part, const char *name)
{
	rename_with_constructors(script, fact, pqe_value(fact, "_multirange_constructors"), part, name);
}

static List *
renamed_parts(const PqeFact *from, const PqeFact *to)
{
	const char *before = pqe_value(from, "_multirange_name");
	const char *after = pqe_value(to, "_multirange_name");

	if (!pqe_same(from, to, "definition") || strcmp(before, after) == 0 ||
		strcmp(quote_qualified_identifier(to->schema, after), pqe_value(to, "multirange")) != 0 ||
		strcmp(quote_qualified_identifier(from->schema, before), pqe_value(from, "multirange")) != 0)
		return NIL;
	return list_make2(unconstify(char *, before), unconstify(char *, after));
}

static bool
alike(const PqeFact *gone, const PqeFact *come)
{
	return pqe_same(gone, come, "definition");
}

const PqeKind pqe_kind_range = {
	.name = "range type",
	.file = "schemas/%s/types/%n.sql",
	.rank = 37,
	.query = query,
	.catalog = RangeRelationId,
	.catalog_index = RangeTypidIndexId,
	.named_in_bodies = true,
	.create = create,
	.drop = drop,
	.retire = retire,
	.retires_columns = true,
	.drop_retired = drop_retired,
	.rename = rename_to,
	.has_part = has_part,
	.rename_part = rename_part,
	.renamed_parts = renamed_parts,
	.alike = alike,
};
