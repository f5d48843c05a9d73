/*-------------------------------------------------------------------------
 *
 * prove.c
 *		Runs a plan on a copy of the database, before anyone sees it.
 *
 * The copy is built in a swap from our own export, the plan's steps run on it
 * one by one, and the facts are read again: they must be what the models
 * want.  A rehearsal does so once more with some of the real rows in place,
 * to meet what only data can object to.  All of it is rolled back.
 * The same is done with the statements of a migration.
 *
 * With the option "direction": "down" the way back is run behind the plan, and
 * must end where it all started.
 *
 * Steps that cannot run in a transaction are proven in their plain form.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "catalog/pg_enum.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "export.h"
#include "kind.h"
#include "let_go.h"
#include "locks.h"
#include "prove.h"
#include "renames.h"

typedef struct Trial
{
	MemoryContext context;		/* where results go */
	PqeModel   *copy;			/* the export, as a model */
	PqeFacts   *before;			/* what there is to copy rows from */
	PqeFacts   *after;			/* to be read when the steps have run */
	const PqeOptions *options;
	List	   *steps;
	int			sample_rows;
	List	   *proofs;			/* PqeProof: what went wrong */
} Trial;

/*
 * Runs a statement in a subtransaction; gives its error, or NULL.  LIVE: what
 * lies aside meanwhile, where the statement is one that may drop anything.
 */
static ErrorData *
try_sql(const char *sql, PqeFacts *live)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorData  *volatile error = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		if (live != NULL)
			pqe_let_go_of_dropped(live, sql);
		SPI_connect();
		if (SPI_execute(sql, false, 0) < 0)
			elog(ERROR, "could not run \"%s\"", sql);
		SPI_finish();
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		pqe_locks_explain(error);
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return error;
}

static void
note_proof(Trial *trial, bool ok, int seq, const char *statement, const char *error)
{
	MemoryContext old = MemoryContextSwitchTo(trial->context);
	PqeProof   *proof = palloc0(sizeof(PqeProof));

	proof->ok = ok;
	proof->seq = seq;
	proof->statement = statement ? pstrdup(statement) : NULL;
	proof->error = error ? pstrdup(error) : NULL;
	trial->proofs = lappend(trial->proofs, proof);
	MemoryContextSwitchTo(old);
}

/*
 * Runs the steps; false at the first one that fails.
 */
static bool
run_steps(Trial *trial)
{
	int			seq = 0;
	ListCell   *lc;

	foreach(lc, trial->steps)
	{
		PqeStep    *step = lfirst(lc);
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		seq++;
		if (step->statement == NULL)
			continue;
		error = try_sql(step->statement, trial->before);
		pqe_locks_note_statement();
		if (pqe_locks_are_due())
			pqe_locks_give_back();
		if (error != NULL)
		{
			note_proof(trial, false, seq, step->statement, error->message);
			return false;
		}
		/*
		 * Enum values added in a transaction may not be used in it, which the
		 * real plan does not do but this one does.  The list of such values
		 * is all that stands against it, and nothing of it will be kept.
		 */
		if (!step->transactional)
			AtEOXact_Enum();
	}
	return true;
}

/*
 * The columns of a table that values can be given to; or those values, whose
 * types are the live ones' doubles and so are reached by way of text.
 */
static char *
copied_columns(const PqeFact *table, bool values)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, table->children)
	{
		const PqeFact *child = lfirst(lc);

		if (!child->kind->holds_data || (child->kind->rebuilds != NULL && child->kind->rebuilds(child)))
			continue;
		appendStringInfo(&text, "%s%s", text.len ? ", " : "", quote_identifier(child->name));
		if (values && strchr(pqe_value(child, "type"), '.') != NULL)
			appendStringInfo(&text, "::text::%s", pqe_value(child, "type"));
	}
	return text.data;
}

/*
 * Copies some rows of a live table, which goes by its old schema's swapped
 * name, into its double.
 */
static void
copy_rows(Trial *trial, const PqeFact *table)
{
	Oid			live = table->address.objectId;
	char	   *schema = get_namespace_name(get_rel_namespace(live));
	char	   *columns = copied_columns(table, false);
	ErrorData  *error;

	if (schema == NULL || columns[0] == '\0' || get_rel_relkind(live) != RELKIND_RELATION)
		return;
	error = try_sql(psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM ONLY %s LIMIT %d",
							 table->identity, columns, copied_columns(table, true),
							 quote_qualified_identifier(schema, table->name), trial->sample_rows), NULL);
	if (error != NULL)
		note_proof(trial, false, 0, NULL,
				   psprintf("could not copy rows of %s: %s", table->identity, error->message));
}

/*
 * Each live table that is read stays locked, since its rows are.
 */
static void
copy_all_rows(Trial *trial)
{
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, trial->before->list)
	{
		PqeFact    *fact = lfirst(lc);

		if (fact->kind->inlines && fact->kind->holds_data && fact->parent == NULL)
			tables = lappend(tables, fact);
	}
	pqe_locks_require(list_length(tables), psprintf("a rehearsal with rows of %d tables", list_length(tables)));
	foreach(lc, tables)
		copy_rows(trial, lfirst(lc));
}

static void
build_copy(Trial *trial)
{
	PqeBuild   *build = pqe_build_prepare(trial->copy);

	pqe_swap_database_wide(trial->copy, trial->options);
	pqe_swap_schemas(trial->copy, trial->before->schema_names, trial->options);
	pqe_build_run_first(build);
	pqe_pin_search_path();
	if (trial->sample_rows == 0)
		pqe_build_believe_foreign_keys(build);
	else
	{
		/* a sample knows nothing of foreign keys: rows first, keys unvalidated */
		pqe_build_leave_unvalidated(build);
		copy_all_rows(trial);
	}
	pqe_build_run_late(build);
	pqe_pin_search_path();
}

/*
 * What the steps are to see is what a new session of this role would: that
 * decides whether the server accepts the body of a function.
 */
static void
be_as_new_session(void)
{
	static const char *const names[] = {"search_path", "check_function_bodies"};

	for (int i = 0; i < lengthof(names); i++)
		(void) set_config_option(names[i], GetConfigOptionResetString(names[i]), PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
}

static void
run_trial(void *argument)
{
	Trial	   *trial = argument;
	bool		all_run;

	build_copy(trial);
	be_as_new_session();
	all_run = run_steps(trial);
	pqe_pin_search_path();
	if (all_run && trial->after != NULL)
		pqe_facts_read(trial->after);
}

static void
watch_trial(void *argument)
{
	pqe_locks_watch(run_trial, argument);
}

/*
 * What the steps leave to be desired.
 */
static void
compare_outcome(Trial *trial, PqeFacts *desired)
{
	PqeSides	sides = {trial->after, desired, desired->schema_names};
	ListCell   *lc;

	foreach(lc, desired->list)
		((PqeFact *) lfirst(lc))->peer = NULL;
	pqe_diff_match(&sides, trial->options);
	foreach(lc, pqe_diff_drift(&sides))
	{
		PqeDifference *row = lfirst(lc);

		note_proof(trial, false, 0, NULL,
				   psprintf("after the plan, %s %s is %s%s%s", row->kind, row->object, row->change,
							row->property ? ": " : "", row->property ? row->property : ""));
	}
}

/*
 * What the way there and back has to lead to, as far as the models are
 * concerned with it.
 */
static PqeFacts *
start_of(Trial *trial, const PqeSides *sides)
{
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, trial->before->list)
	{
		PqeFact    *fact = lfirst(lc);
		PqeFact    *compared = pqe_facts_by_address(sides->actual, &fact->address);

		fact->declared_owner = compared != NULL && compared->declared_owner;
		fact->declared_privileges = compared != NULL && compared->declared_privileges;
		if (fact->kind->database_wide && (compared == NULL || compared->ignored))
			pqe_facts_forget(trial->before, fact);
		else
			kept = lappend(kept, fact);
	}
	trial->before->list = kept;
	return trial->before;
}

/*
 * What is to be copied, as a model; remembered in the trial.
 */
static char *
plan_copy(Trial *trial, List *schema_names, const PqeOptions *everything)
{
	char	   *text;

	trial->before = pqe_read_actual(schema_names, everything);
	text = pqe_export_facts(trial->before, everything);
	trial->copy = pqe_model_parse(text, trial->options->search_path);
	return text;
}

/*
 * Once more, with rows in the copy.
 */
static void
rehearse(Trial *trial, const char *copy_text, int sample_rows)
{
	trial->sample_rows = sample_rows;
	/* building changes the parse trees */
	trial->copy = pqe_model_parse(copy_text, trial->options->search_path);
	trial->after = NULL;
	pqe_in_shadow(watch_trial, trial);
}

/*
 * Statements of somebody's own, as PqeStep, run on a copy of the schemas of
 * the options (all, where it names none).
 */
List *
pqe_prove_statements(List *steps, int sample_rows, PqeOptions *options)
{
	Trial		trial = {0};
	int			settings = pqe_begin_pinned_settings();
	List	   *schema_names = options->schemas;
	char	   *copy_text;

	if (schema_names == NIL)
	{
		options->all_schemas = true;
		schema_names = pqe_all_schemas();
	}
	options->owners = PQE_SCOPE_ALL;
	options->privileges = PQE_SCOPE_ALL;
	trial.context = CurrentMemoryContext;
	trial.options = options;
	trial.steps = steps;
	copy_text = plan_copy(&trial, schema_names, options);
	pqe_in_shadow(watch_trial, &trial);
	if (trial.proofs == NIL && sample_rows > 0)
		rehearse(&trial, copy_text, sample_rows);
	if (trial.proofs == NIL)
		note_proof(&trial, true, 0, NULL, NULL);
	AtEOXact_GUC(true, settings);
	return trial.proofs;
}

/*
 * The results of proof and rehearsal, as PqeProof: one that is ok, or those
 * that are not.
 */
List *
pqe_prove_plan(const char *models, int sample_rows, PqeOptions *options)
{
	Trial		trial = {0};
	PqeOptions	everything = *options;
	PqeSides   *sides;
	PqePlan    *plan;
	int			settings = pqe_begin_pinned_settings();
	char	   *copy_text;

	options->concurrently = false;
	/* all steps are run, so all are to be undone */
	options->allow_drop |= options->down;
	sides = pqe_compare_sides(models, strlen(models), NULL, options);
	pqe_renames_apply(sides, options);
	plan = pqe_plan_make(sides, options, false);
	pqe_plan_order(plan);

	everything.owners = PQE_SCOPE_ALL;
	everything.privileges = PQE_SCOPE_ALL;
	trial.context = CurrentMemoryContext;
	trial.options = options;
	trial.steps = pqe_steps_together(pqe_plan_steps(plan));
	if (options->down)
		trial.steps = list_concat(trial.steps, pqe_steps_together(pqe_plan_steps(pqe_plan_down(plan))));
	copy_text = plan_copy(&trial, sides->schema_names, &everything);
	trial.after = pqe_facts_create(options, sides->schema_names);
	pqe_in_shadow(watch_trial, &trial);
	if (trial.proofs == NIL)
		compare_outcome(&trial, options->down ? start_of(&trial, sides) : sides->desired);
	if (trial.proofs == NIL && sample_rows > 0)
		rehearse(&trial, copy_text, sample_rows);
	if (trial.proofs == NIL)
		note_proof(&trial, true, 0, NULL, NULL);
	AtEOXact_GUC(true, settings);
	return trial.proofs;
}
