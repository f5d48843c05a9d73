/*-------------------------------------------------------------------------
 *
 * export.c
 *		The database as models: the plan that leads from nothing to it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "export.h"
#include "export_files.h"
#include "plan.h"

/*
 * The given part of the database has no need to be created, but stands for
 * what it is on both sides.
 */
static PqeSides *
from_nothing(PqeFacts *facts, const PqeOptions *options)
{
	PqeSides   *sides = palloc0(sizeof(PqeSides));
	ListCell   *lc;

	sides->schema_names = facts->schema_names;
	sides->desired = facts;
	sides->actual = pqe_facts_create(options, facts->schema_names);
	foreach(lc, facts->list)
	{
		PqeFact    *fact = lfirst(lc);

		fact->ignored = fact->ignored || (fact->kind->is_given != NULL && fact->kind->is_given(fact)) ||
			(fact->parent != NULL && fact->parent->ignored && !fact->kind->database_wide) ||
			(fact->kind->database_wide && !options->all_schemas && fact->schema == NULL &&
			 fact->dependents == NIL);
	}
	return sides;
}

/*
 * The steps that build the facts; these are used up by it.
 */
List *
pqe_building_steps(PqeFacts *facts, const PqeOptions *options)
{
	PqePlan    *plan = pqe_plan_make(from_nothing(facts, options), options, false);

	plan->as_model = true;
	pqe_plan_order(plan);
	return pqe_plan_steps(plan);
}

/*
 * Model text that builds the facts; they are used up by it.
 */
char *
pqe_export_facts(PqeFacts *facts, const PqeOptions *options)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, pqe_building_steps(facts, options))
	{
		PqeStep    *step = lfirst(lc);

		appendStringInfo(&text, "%s%s;\n", text.len > 0 ? "\n" : "", step->statement);
	}
	return text.data;
}

static PqeOptions
everything(bool whole_database)
{
	PqeOptions	options = {0};

	options.all_schemas = whole_database;
	options.owners = PQE_SCOPE_ALL;
	options.privileges = PQE_SCOPE_ALL;
	return options;
}

char *
pqe_export_models(List *schema_names, bool whole_database)
{
	PqeOptions	options = everything(whole_database);

	return pqe_export_facts(pqe_read_actual(schema_names, &options), &options);
}

/*
 * The same in files: PqeExportFile.
 */
List *
pqe_export_files(List *schema_names, bool whole_database)
{
	PqeOptions	options = everything(whole_database);

	return pqe_sort_into_files(pqe_building_steps(pqe_read_actual(schema_names, &options), &options));
}
