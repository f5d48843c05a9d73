/*-------------------------------------------------------------------------
 *
 * function.c
 *		Kinds: function and procedure.
 *
 * OR REPLACE does most changes.  What it cannot do (another return type,
 * other parameter names, a default less) is a drop and a create.  Bodies that
 * name each other in a circle are not checked by the server as they are made.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

/* The text differs in what the routine is called. */
#define ROUTINE_QUERY(prokinds) \
"SELECT 'pg_proc'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid," \
"       format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS identity," \
"       n.nspname AS schema, p.proname AS name," \
"       format('routine:%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS slot," \
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub," \
"       NULL::text AS definition," \
"       pg_get_function_result(p.oid) AS _result," \
"       p.proargnames::text AS _argument_names, p.proargmodes::text AS _argument_modes," \
"       p.proallargtypes::text AS _all_types," \
"       p.pronargdefaults::text AS _defaults," \
"       CASE WHEN p.prosqlbody IS NULL AND l.lanname NOT IN ('c', 'internal')" \
"            THEN p.prosrc END AS _body," \
"       p.prosqlbody IS NOT NULL AS _parsed," \
"       l.lanname AS _language" \
"  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace" \
"  JOIN pg_language l ON l.oid = p.prolang" \
" WHERE p.prokind IN (" prokinds ") AND n.oid = ANY ($1) AND " PQE_SQL_OWN_FUNCTION \
" ORDER BY n.nspname, p.proname, p.oid"

static const char function_query[] = ROUTINE_QUERY("'f', 'w'");
static const char procedure_query[] = ROUTINE_QUERY("'p'");

/*
 * Would the server's check of the body miss what is made only after it?  That
 * of sql reads all of the body; that of plpgsql resolves the types of its
 * variables, but no statement, and so no call.
 */
static bool
misses_something(const PqeFact *fact)
{
	const char *language = pqe_value(fact, "_language");
	ListCell   *lc;

	if (strcmp(language, "sql") == 0)
		return fact->made_before != NIL;
	if (strcmp(language, "plpgsql") != 0)
		return false;
	foreach(lc, fact->made_before)
		if (!((PqeFact *) lfirst(lc))->kind->has_body)
			return true;
	return false;
}

/*
 * In a circle of bodies, some are made before what they name: without the
 * check, as pg_dump does it, but for this one statement.
 */
static void
create_unchecked(PqeScript *script, const char *definition)
{
	const char *quote = pqe_dollar_quote(definition);
	const char *body = psprintf("DECLARE\n"
								"	checked text := pg_catalog.current_setting('check_function_bodies');\n"
								"BEGIN\n"
								"	PERFORM pg_catalog.set_config('check_function_bodies', 'off', true);\n"
								"	EXECUTE %s%s%s;\n"
								"	PERFORM pg_catalog.set_config('check_function_bodies', checked, true);\n"
								"END ", quote, definition, quote);

	quote = pqe_dollar_quote(body);
	pqe_emit(script, 0, "DO LANGUAGE plpgsql %s\n%s%s", quote, body, quote);
}

static void
create(PqeScript *script, PqeFact *fact)
{
	const char *definition = pqe_value(fact, "definition");

	if (!script->as_model && misses_something(fact))
		create_unchecked(script, definition);
	else
		pqe_emit(script, 0, "%s", definition);
}

/*
 * What CREATE OR REPLACE accepts.
 */
static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	const char *names = pqe_value(from, "_argument_names");

	return pqe_same(from, to, "_result") &&
		pqe_same(from, to, "_argument_modes") &&
		(names == NULL || pqe_same(from, to, "_argument_names")) &&
		atoi(pqe_value(from, "_defaults")) <= atoi(pqe_value(to, "_defaults"));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	create(script, to);
}

/*
 * A body that the server keeps as a tree names the columns by their numbers.
 */
static bool
uses_rows(const PqeFact *fact)
{
	return pqe_flag(fact, "_parsed");
}

static void
drop_function(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP FUNCTION %s", fact->identity);
}

static void
drop_procedure(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP PROCEDURE %s", fact->identity);
}

static void
rename_function(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER FUNCTION %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static void
rename_procedure(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER PROCEDURE %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static char *
property_under(const PqeFact *fact, const char *property, const char *name)
{
	return pqe_definition_under(fact, property, " ", quote_qualified_identifier(fact->schema, fact->name),
								quote_qualified_identifier(fact->schema, name));
}

static const char *const sql_properties[] = {"definition", NULL};

const PqeKind pqe_kind_function = {
	.name = "function",
	.file = "schemas/%s/functions/%n.sql",
	.rank = 80,
	.query = function_query,
	.deparse = pg_get_functiondef,
	.has_body = true,
	.named_in_bodies = true,
	.sql_properties = sql_properties,
	.uses_rows = uses_rows,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop_function,
	.rename = rename_function,
	.renames_alone = true,
	.property_under = property_under,
};

const PqeKind pqe_kind_procedure = {
	.name = "procedure",
	.file = "schemas/%s/procedures/%n.sql",
	.rank = 81,
	.query = procedure_query,
	.catalog = ProcedureRelationId,
	.letter_column = Anum_pg_proc_prokind,
	.letter = PROKIND_PROCEDURE,
	.deparse = pg_get_functiondef,
	.has_body = true,
	.named_in_bodies = true,
	.sql_properties = sql_properties,
	.uses_rows = uses_rows,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop_procedure,
	.rename = rename_procedure,
	.renames_alone = true,
	.property_under = property_under,
};
