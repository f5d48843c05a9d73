/*-------------------------------------------------------------------------
 *
 * realize.c
 *		Reads what is, builds what the models want, reads that, and takes it
 *		all back.
 *
 * The building happens in a subtransaction that is always rolled back: see
 * swap.c for how room is made and execute.c for how statements are run.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/lock.h"
#include "storage/lmgr.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "fingerprint.h"
#include "kind.h"
#include "locks.h"
#include "realize.h"
#include "renames.h"
#include "snapshot.h"

/* How often the actual facts are read until they hold still. */
#define READ_ATTEMPTS 3

/* The advisory lock that lets one realization happen at a time. */
#define LOCK_KEY1 0x70716531	/* "pqe1" */
#define LOCK_KEY2 1

static void
set_option(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

/*
 * The settings under which everything here runs.
 */
static void
pin_settings(void)
{
	set_option("search_path", "pg_catalog, pg_temp");
	set_option("check_function_bodies", "off");
	set_option("client_min_messages", "error");
	set_option("default_tablespace", "");
	set_option("quote_all_identifiers", "off");
	set_option("DateStyle", "ISO, YMD");
	set_option("IntervalStyle", "postgres");
	set_option("extra_float_digits", "1");
	set_option("xmloption", "content");
}

void
pqe_pin_search_path(void)
{
	set_option("search_path", "pg_catalog, pg_temp");
}

/*
 * Those for reading the catalogs, which have no statistics to plan by where
 * much has just been made: joins are done as they are written, which saves the
 * search for an order, too.  No model may run under them, since it might say SET
 * ... FROM CURRENT.
 */
void
pqe_pin_planner(void)
{
	set_option("enable_nestloop", "off");
	set_option("join_collapse_limit", "1");
	set_option("jit", "off");
	set_option("max_parallel_workers_per_gather", "0");
	set_option("work_mem", "64MB");
}

/*
 * The same for what makes text without building anything; ended by
 * AtEOXact_GUC(true, level).
 */
int
pqe_begin_pinned_settings(void)
{
	int			level = NewGUCNestLevel();

	pin_settings();
	return level;
}

static void
leave_shadow(MemoryContext context, ResourceOwner owner)
{
	RollbackAndReleaseCurrentSubTransaction();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
}

/*
 * Runs BODY in a subtransaction that is rolled back, with settings pinned; the
 * locks it takes are gone with it.  What it allocates in the caller's context
 * stays.
 */
void
pqe_in_shadow(void (*body) (void *), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		pin_settings();
		body(argument);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		leave_shadow(context, owner);
		ReThrowError(error);
	}
	PG_END_TRY();
	leave_shadow(context, owner);
}

typedef struct Reading
{
	PqeFacts   *facts;
	List	   *renames;
} Reading;

static void
read_facts(void *argument)
{
	Reading    *reading = argument;
	ListCell   *lc;

	foreach(lc, reading->renames)
		pqe_rename_rows(lfirst(lc));
	pqe_facts_read(reading->facts);
}

static PqeFacts *
read_renamed(List *schema_names, const PqeOptions *options, List *renames)
{
	Reading		reading = {pqe_facts_create(options, schema_names), renames};

	pqe_in_shadow(read_facts, &reading);
	return reading.facts;
}

/*
 * The facts of the database as it is.
 */
PqeFacts *
pqe_read_actual(List *schema_names, const PqeOptions *options)
{
	return read_renamed(schema_names, options, NIL);
}

/*
 * One attempt at reading; NULL where an object went away meanwhile, so that
 * the fingerprint is no longer what it was BEFORE.
 */
static PqeFacts *
try_read(List *schema_names, const PqeOptions *options, List *renames, const char *before)
{
	MemoryContext context = CurrentMemoryContext;
	PqeFacts   *volatile facts = NULL;

	PG_TRY();
	{
		facts = read_renamed(schema_names, options, renames);
	}
	PG_CATCH();
	{
		int			code = geterrcode();

		MemoryContextSwitchTo(context);
		if ((code != ERRCODE_INTERNAL_ERROR && code != ERRCODE_UNDEFINED_OBJECT && code != ERRCODE_UNDEFINED_TABLE) ||
			strcmp(before, pqe_fingerprint_of(schema_names, NULL)) == 0)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
	return facts;
}

/*
 * Reading takes many queries, and others may change the database meanwhile:
 * what was read is good if the fingerprint is the same before and after.  It
 * is read as it will be after RENAMES (PqeRenaming).  FINGERPRINT may be NULL.
 */
PqeFacts *
pqe_read_settled(List *schema_names, const PqeOptions *options, List *renames, char **fingerprint)
{
	for (int attempt = 1; attempt <= READ_ATTEMPTS; attempt++)
	{
		char	   *before = pqe_fingerprint_of(schema_names, NULL);
		instr_time	start;
		instr_time	taken;
		PqeFacts   *facts;

		INSTR_TIME_SET_CURRENT(start);
		facts = try_read(schema_names, options, renames, before);
		INSTR_TIME_SET_CURRENT(taken);
		INSTR_TIME_SUBTRACT(taken, start);
		elog(DEBUG1, "pqengine: read %d facts in %.3f ms", facts ? list_length(facts->list) : 0,
			 INSTR_TIME_GET_MILLISEC(taken));
		if (fingerprint != NULL)
			*fingerprint = before;
		if (facts != NULL && strcmp(before, pqe_fingerprint_of(schema_names, NULL)) == 0)
			return facts;
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("the database was changed each time that it was read"),
			 errhint("Try again when no other session runs DDL in the managed schemas.")));
}

static bool
is_created(const PqeFact *fact, const PqeModel *model)
{
	ListCell   *lc;

	if (fact->kind->created_by == NULL)
		return true;
	foreach(lc, model->statements)
		if (fact->kind->created_by(fact, ((PqeStatement *) lfirst(lc))->raw->stmt))
			return true;
	return false;
}

/*
 * What was there already (extensions) and the models do not create is no part
 * of what they want, unless something of theirs needs it and the scope is less
 * than all.
 */
static void
forget_uncreated(PqeFacts *facts, const PqeModel *model)
{
	List	   *kept = NIL;
	ListCell   *lc;
	MemoryContext old = MemoryContextSwitchTo(facts->context);

	foreach(lc, facts->list)
	{
		PqeFact    *fact = lfirst(lc);

		if (is_created(fact, model) || (!facts->options->all_schemas && fact->dependents != NIL))
			kept = lappend(kept, fact);
		else
			pqe_facts_forget(facts, fact);
	}
	facts->list = kept;
	MemoryContextSwitchTo(old);
}

static void
mark_declared(PqeFacts *facts, const PqeBuild *build)
{
	ListCell   *lc;

	foreach(lc, build->owner_targets)
	{
		PqeFact    *fact = pqe_facts_by_address(facts, lfirst(lc));

		if (fact != NULL)
			fact->declared_owner = true;
	}
	foreach(lc, build->privilege_targets)
	{
		PqeFact    *fact = pqe_facts_by_address(facts, lfirst(lc));

		if (fact != NULL)
			fact->declared_privileges = true;
	}
}

/*
 * One realization at a time: two would wait for each other's schema rows
 * anyway, and less politely.
 */
static void
lock_realizations(void)
{
	LOCKTAG		tag;

	SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, LOCK_KEY1, LOCK_KEY2, 2);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

typedef struct Realization
{
	const PqeModel *model;
	const PqeOptions *options;
	PqeFacts   *facts;
} Realization;

static void
build_and_read(void *argument)
{
	Realization *r = argument;
	PqeBuild   *build = pqe_build_prepare(r->model);

	pqe_build_believe_foreign_keys(build);
	lock_realizations();
	pqe_locks_require(0, "building the models");
	pqe_swap_database_wide(r->model, r->options);
	pqe_swap_schemas(r->model, r->facts->schema_names, r->options);
	pqe_build_run_first(build);
	pqe_build_run_late(build);
	pqe_pin_search_path();
	pqe_facts_read(r->facts);
	mark_declared(r->facts, build);
	forget_uncreated(r->facts, r->model);
}

static void
watch_build(void *argument)
{
	pqe_locks_watch(build_and_read, argument);
}

/*
 * Builds the models and reads what they want.
 */
static void
realize(PqeSides *sides, const char *models, const PqeOptions *options)
{
	PqeModel   *model;
	Realization realization = {NULL, options, NULL};
	char	   *compared;

	PreventCommandIfReadOnly("building models");
	model = pqe_model_parse(models, options->search_path);
	realization.model = model;
	sides->schema_names = pqe_scope_schemas(model, options);
	pqe_snapshot_prepare(sides->snapshot, sides->schema_names);
	sides->actual = pqe_read_settled(sides->schema_names, options, NIL, &compared);
	sides->desired = pqe_facts_create(options, sides->schema_names);
	sides->desired->renames = model->renames;
	realization.facts = sides->desired;
	pqe_in_shadow(watch_build, &realization);
	pqe_snapshot_keep(sides->snapshot, sides->desired, compared);
}

/*
 * What a model text goes by: its SHA-256 hash, as sha256() gives it.
 */
static void
models_digest(const char *models, size_t length, uint8 *digest)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);

	if (hash == NULL || pg_cryptohash_init(hash) < 0 ||
		pg_cryptohash_update(hash, (const uint8 *) models, length) < 0 ||
		pg_cryptohash_final(hash, digest, PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not hash the models: %s", pg_cryptohash_error(hash));
	pg_cryptohash_free(hash);
}

/*
 * Both sides of the comparison, or none where the database is known not to
 * differ (snapshot->is_clean).  The models are LENGTH bytes, which an unchanged
 * start-up only looks at: a copy would take longer than that.  Everything is allocated in the current context
 * or below it.
 */
PqeSides *
pqe_compare_sides(const char *models, size_t length, const char *options_text, const PqeOptions *options)
{
	PqeSides   *sides = palloc0(sizeof(PqeSides));
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	models_digest(models, length, digest);
	sides->snapshot = pqe_snapshot_find(digest, options_text, options);
	if (sides->snapshot->is_clean)
		return sides;
	if (sides->snapshot->found)
	{
		sides->schema_names = sides->snapshot->schema_names;
		sides->actual = pqe_read_settled(sides->schema_names, options, NIL, NULL);
		sides->desired = pqe_snapshot_facts(sides->snapshot, options);
	}
	else
		realize(sides, pnstrdup(models, length), options);
	return sides;
}
