/*
 * trigger_plan.c
 *		Plans that trigger functions keep for the life of the session.
 *
 * They are kept by their text, which names all objects with their schemas: a
 * renamed table has another text and so another plan, and a plan is never
 * freed while a trigger further up uses it.  The server's plan cache makes a
 * plan anew when the tables it uses change.  A session keeps as many plans as
 * there are tables whose triggers it has fired, like those of foreign keys in
 * ri_triggers.c.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "trigger_behaviour.h"

typedef struct PlanEntry
{
	const char *query;			/* hash key, by what it points to */
	SPIPlanPtr	plan;
} PlanEntry;

static HTAB *plans = NULL;

static uint32
query_hash(const void *key, Size keysize)
{
	const char *query = *(const char *const *) key;

	return hash_bytes((const unsigned char *) query, (int) strlen(query));
}

static int
query_match(const void *key1, const void *key2, Size keysize)
{
	return strcmp(*(const char *const *) key1, *(const char *const *) key2);
}

static void
create_plan_table(void)
{
	HASHCTL		ctl = {0};

	ctl.keysize = sizeof(const char *);
	ctl.entrysize = sizeof(PlanEntry);
	ctl.hash = query_hash;
	ctl.match = query_match;
	plans = hash_create("pqengine trigger plans", 32, &ctl,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE);
}

/*
 * The plan for a query whose text alone decides the types of its parameters.
 * Call it within an SPI connection.
 */
SPIPlanPtr
trigger_plan(const char *query, int nargs, Oid *argtypes)
{
	PlanEntry  *entry;
	SPIPlanPtr	plan;
	const char *kept_query;

	if (plans == NULL)
		create_plan_table();
	entry = hash_search(plans, &query, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->plan;

	plan = SPI_prepare(query, nargs, argtypes);
	if (plan == NULL)
		elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
	kept_query = MemoryContextStrdup(TopMemoryContext, query);
	entry = hash_search(plans, &kept_query, HASH_ENTER, NULL);
	entry->plan = plan;
	SPI_keepplan(plan);
	return plan;
}

static void
trigger_error_context(void *arg)
{
	const TriggerData *trigdata = arg;

	errcontext("trigger \"%s\" on table \"%s\"", trigdata->tg_trigger->tgname,
			   RelationGetRelationName(trigdata->tg_relation));
}

/* Runs the plan, and returns the number of rows that it touched. */
uint64
trigger_execute(const TriggerData *trigdata, SPIPlanPtr plan, Datum *values, const char *nulls)
{
	ErrorContextCallback callback;
	int			result;

	callback.callback = trigger_error_context;
	callback.arg = (void *) trigdata;
	callback.previous = error_context_stack;
	error_context_stack = &callback;

	result = SPI_execute_plan(plan, values, nulls, false, 0);
	if (result < 0)
		elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));

	error_context_stack = callback.previous;
	return SPI_processed;
}
