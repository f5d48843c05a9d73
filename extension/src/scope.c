/*-------------------------------------------------------------------------
 *
 * scope.c
 *		Which schemas are managed.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "realize.h"
#include "renames.h"

static const char all_query[] =
"SELECT n.nspname FROM pg_namespace n"
" WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'pqengine')"
"   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_namespace'::regclass"
"                      AND d.objid = n.oid AND d.deptype = 'e')"
" ORDER BY n.nspname";

bool
pqe_name_in_list(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

/*
 * Every schema that is not the system's, an extension's or our own.
 */
List *
pqe_all_schemas(void)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *names = NIL;

	SPI_connect();
	if (SPI_execute(all_query, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read pg_namespace");
	for (uint64 i = 0; i < SPI_tuptable->numvals; i++)
	{
		char	   *name = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		MemoryContext old = MemoryContextSwitchTo(context);

		names = lappend(names, pstrdup(name));
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return names;
}

/*
 * STATEMENT is where the models name it; NULL for an option.
 */
static void
refuse_system_schema(const char *name, const PqeStatement *statement)
{
	if (strncmp(name, "pg_", 3) == 0 || strcmp(name, "information_schema") == 0 ||
		strcmp(name, "pqengine") == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s%sschema \"%s\" cannot be managed by models", statement ? pqe_statement_place(statement) : "",
						statement ? ": " : "", name),
				 errdetail("It belongs to the system or to pqengine itself.")));
}

static void
add_names(List **names, List *more)
{
	ListCell   *lc;

	foreach(lc, more)
		if (!pqe_name_in_list(*names, lfirst(lc)))
			*names = lappend(*names, lfirst(lc));
}

/*
 * The names of the managed schemas; some may not exist yet.
 */
List *
pqe_scope_schemas(const PqeModel *model, const PqeOptions *options)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, model->statements)
	{
		const PqeStatement *statement = lfirst(lc);

		if (statement->target_schema != NULL)
			refuse_system_schema(statement->target_schema, statement);
	}
	foreach(lc, options->schemas)
		refuse_system_schema(lfirst(lc), NULL);
	if (options->all_schemas)
		names = pqe_all_schemas();
	else if (options->schemas != NIL)
	{
		names = list_copy(options->schemas);
		foreach(lc, model->statements)
		{
			const PqeStatement *statement = lfirst(lc);

			if (statement->target_schema != NULL && !pqe_name_in_list(names, statement->target_schema))
				ereport(ERROR,
						(errcode(ERRCODE_INVALID_SCHEMA_NAME),
						 errmsg("%s: schema \"%s\" is not among the managed schemas",
								pqe_statement_place(statement), statement->target_schema),
						 errhint("Add it to the option \"schemas\", or take the statement out of the models.")));
		}
	}
	add_names(&names, model->schemas);
	add_names(&names, pqe_renamed_schemas(names, model->renames));
	add_names(&names, pqe_renamed_schemas(names, options->renames));
	return names;
}
