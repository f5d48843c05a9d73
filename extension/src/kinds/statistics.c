/*-------------------------------------------------------------------------
 *
 * statistics.c
 *		Kind: extended statistics.
 *
 * The server prints their columns in the order of the table, which is nothing
 * that they are about.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_statistic_ext.h"
#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_statistic_ext'::regclass::oid AS classid, s.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, s.stxname) AS identity, n.nspname AS schema, s.stxname AS name,"
"       format('statistics:%I.%I', n.nspname, s.stxname) AS slot,"
"       'pg_class'::regclass::oid AS parent_class, s.stxrelid AS parent_id, 0 AS parent_sub,"
"       (SELECT string_agg(k, ' ' ORDER BY k) FROM unnest(s.stxkind::text[]) k) AS kinds,"
"       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) FROM unnest(s.stxkeys::int2[]) n"
"          JOIN pg_attribute a ON a.attrelid = s.stxrelid AND a.attnum = n) AS columns,"
"       array_to_string(pg_get_statisticsobjdef_expressions(s.oid), ', ') AS expressions,"
"       s.stxrelid::regclass::text AS \"table\","
"       pg_get_statisticsobjdef(s.oid) AS _definition,"
"       nullif(s.stxstattarget, -1)::text AS target"
"  FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace"
" WHERE n.oid = ANY ($1)"
" ORDER BY n.nspname, s.stxname";

static void
emit_target(PqeScript *script, const PqeFact *fact)
{
	const char *target = pqe_value(fact, "target");

	pqe_emit(script, 0, "ALTER STATISTICS %s SET STATISTICS %s", fact->identity, target ? target : "-1");
}

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "%s", pqe_value(fact, "_definition"));
	if (pqe_value(fact, "target"))
		emit_target(script, fact);
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	static const char *const parts[] = {"kinds", "columns", "expressions", "table"};

	for (int i = 0; i < lengthof(parts); i++)
		if (!pqe_same(from, to, parts[i]))
			return false;
	return true;
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_target(script, to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP STATISTICS %s", fact->identity);
}

static const char *const sql_properties[] = {"expressions", NULL};

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER STATISTICS %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static char *
property_under(const PqeFact *fact, const char *property, const char *name)
{
	return pqe_definition_under(fact, property, "STATISTICS ", fact->identity,
								quote_qualified_identifier(fact->schema, name));
}

const PqeKind pqe_kind_statistics = {
	.name = "statistics",
	.rank = 70,
	.query = query,
	.catalog = StatisticExtRelationId,
	.catalog_index = StatisticExtOidIndexId,
	.follows_column_type = true,
	.sql_properties = sql_properties,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.renames_alone = true,
	.property_under = property_under,
};
