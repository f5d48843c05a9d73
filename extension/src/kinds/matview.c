/*-------------------------------------------------------------------------
 *
 * matview.c
 *		Kind: materialized view.
 *
 * It cannot be replaced in place; its indexes come back with it, as all that
 * depends on something rebuilt does.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"

#define STORAGE(letter) \
"CASE " letter " WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END"

/*
 * column_settings: clauses of ALTER MATERIALIZED VIEW, one a line; _resets: for
 * each of them the clause that undoes it.
 */
static const char query[] =
"SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, c.relname) AS identity, n.nspname AS schema, c.relname AS name,"
"       format(E'relation:%1$I.%2$I\\ntype:%1$I.%2$I', n.nspname, c.relname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       NULL::text AS definition,"
"       (SELECT string_agg(format('%s=%s', split_part(x, '=', 1), quote_nullable(substr(x, strpos(x, '=') + 1))),"
"                          E'\\n' ORDER BY x) FROM unnest(c.reloptions) x) AS options,"
"       CASE WHEN am.amname <> 'heap' THEN quote_ident(am.amname) END AS access_method,"
"       (SELECT quote_ident(ts.spcname) FROM pg_tablespace ts WHERE ts.oid = c.reltablespace) AS tablespace,"
"       s.settings AS column_settings, s.resets AS _resets,"
"       c.relispopulated AS _populated,"
"       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)"
"          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS _names"
"  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
"  LEFT JOIN pg_am am ON am.oid = c.relam,"
"  LATERAL (SELECT string_agg(format('ALTER COLUMN %I %s', a.attname, x.setting), E'\n' ORDER BY a.attnum, x.setting) AS settings,"
"                  string_agg(format('ALTER COLUMN %I %s', a.attname, x.reset), E'\n' ORDER BY a.attnum, x.setting) AS resets"
"             FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid,"
"          LATERAL (SELECT format('SET STATISTICS %s', a.attstattarget), 'SET STATISTICS -1' WHERE a.attstattarget <> -1"
"                   UNION ALL SELECT 'SET STORAGE ' || " STORAGE("a.attstorage") ", 'SET STORAGE ' || " STORAGE("t.typstorage")
"                              WHERE a.attstorage <> t.typstorage"
"                   UNION ALL SELECT CASE a.attcompression WHEN 'p' THEN 'SET COMPRESSION pglz' ELSE 'SET COMPRESSION lz4' END,"
"                                    'SET COMPRESSION default' WHERE a.attcompression <> ''"
"                   UNION ALL SELECT format('SET (%s=%s)', split_part(o, '=', 1), quote_literal(substr(o, strpos(o, '=') + 1))),"
"                                    format('RESET (%s)', split_part(o, '=', 1))"
"                               FROM unnest(a.attoptions) o WHERE o !~ '^pg_') x (setting, reset)"
"            WHERE a.attrelid = c.oid AND a.attnum > 0) s"
" WHERE c.relkind = 'm' AND n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname";

/*
 * A list of clauses, taken apart.
 */
static List *
clauses_of(const PqeFact *fact, const char *property)
{
	List	   *clauses = NIL;
	char	   *state = NULL;

	if (pqe_value(fact, property) == NULL)
		return NIL;
	for (char *line = strtok_r(pstrdup(pqe_value(fact, property)), "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		clauses = lappend(clauses, line);
	return clauses;
}

static bool
has_clause(List *clauses, const char *clause)
{
	ListCell   *lc;

	foreach(lc, clauses)
		if (strcmp(lfirst(lc), clause) == 0)
			return true;
	return false;
}

/*
 * What ALTER says of the columns; FROM may be NULL.
 */
static void
emit_column_settings(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	List	   *before = from ? clauses_of(from, "column_settings") : NIL;
	List	   *resets = from ? clauses_of(from, "_resets") : NIL;
	List	   *after = clauses_of(to, "column_settings");
	ListCell   *lc;
	ListCell   *lc2;

	forboth(lc, before, lc2, resets)
		if (!has_clause(after, lfirst(lc)))
			pqe_emit(script, 0, "ALTER MATERIALIZED VIEW %s %s", to->identity, (char *) lfirst(lc2));
	foreach(lc, after)
		if (!has_clause(before, lfirst(lc)))
			pqe_emit(script, 0, "ALTER MATERIALIZED VIEW %s %s", to->identity, (char *) lfirst(lc));
}

static void
create(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;
	const char *options = pqe_value(fact, "options");

	initStringInfo(&text);
	if (pqe_value(fact, "access_method"))
		appendStringInfo(&text, " USING %s", pqe_value(fact, "access_method"));
	if (options != NULL)
		appendStringInfo(&text, " WITH (%s)", pqe_join_lines(options));
	if (pqe_value(fact, "tablespace"))
		appendStringInfo(&text, " TABLESPACE %s", pqe_value(fact, "tablespace"));
	pqe_emit(script, PQE_LONG_RUNNING, "CREATE MATERIALIZED VIEW %s%s AS\n%s%s", fact->identity, text.data,
			 pqe_value(fact, "definition"), pqe_flag(fact, "_populated") ? "" : "\nWITH NO DATA");
	emit_column_settings(script, NULL, fact);
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "definition");
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	const char *command = psprintf("ALTER MATERIALIZED VIEW %s", to->identity);

	emit_column_settings(script, from, to);
	if (!pqe_same(from, to, "options"))
		pqe_emit_options(script, command, from, to);
	if (!pqe_same(from, to, "access_method"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE, "%s SET ACCESS METHOD %s", command,
				 pqe_value(to, "access_method") ? pqe_value(to, "access_method") : "heap");
	if (!pqe_same(from, to, "tablespace"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE, "%s SET TABLESPACE %s", command,
				 pqe_tablespace_of(to));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP MATERIALIZED VIEW %s", fact->identity);
}

static const char *const sql_properties[] = {"definition", NULL};

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER MATERIALIZED VIEW %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static void
rename_column(PqeScript *script, const PqeFact *fact, const char *column, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER MATERIALIZED VIEW %s RENAME COLUMN %s TO %s",
			 fact->identity, quote_identifier(column), quote_identifier(name));
}

/*
 * The definition without those of its "AS name" that are at every other place
 * of the list, from FIRST on.
 */
static char *
without_names(const PqeFact *fact, List *names, int first)
{
	char	   *text = pstrdup(pqe_value(fact, "definition"));

	for (int i = first; i < list_length(names); i += 2)
	{
		char	   *as = psprintf(" AS %s", quote_identifier(list_nth(names, i)));
		char	   *at = strstr(text, as);

		if (at != NULL && strchr(",\n", at[strlen(as)]) != NULL)
			memmove(at, at + strlen(as), strlen(at + strlen(as)) + 1);
	}
	return text;
}

/*
 * Only where the names are all that differs: else it is rebuilt anyway.
 */
static List *
renamed_columns(const PqeFact *from, const PqeFact *to)
{
	List	   *names = pqe_moved_names(from, to);

	if (strcmp(without_names(from, names, 0), without_names(to, names, 1)) != 0)
		return NIL;
	return names;
}

const PqeKind pqe_kind_matview = {
	.name = "materialized view",
	.file = "schemas/%s/materialized_views/%n.sql",
	.rank = 92,
	.query = query,
	.catalog = RelationRelationId,
	.letter_column = Anum_pg_class_relkind,
	.letter = RELKIND_MATVIEW,
	.print = pqe_view_query,
	.named_in_bodies = true,
	.sql_properties = sql_properties,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.renames_alone = true,
	.has_part = pqe_has_column,
	.rename_part = rename_column,
	.renamed_parts = renamed_columns,
};
