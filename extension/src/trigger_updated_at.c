/*
 * trigger_updated_at.c
 *		Behaviour updated_at: keeps the time of a row's last change in a
 *		column, whatever the statement says about that column.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/timestamp.h"

#include "trigger_behaviour.h"

PG_FUNCTION_INFO_V1(pqengine_trigger_updated_at);

typedef struct UpdatedAtOptions
{
	char	   *column;
	char	   *clock;
	bool		on_insert;
	bool		skip_unchanged;
} UpdatedAtOptions;

typedef struct UpdatedAtState
{
	UpdatedAtOptions *options;
	TriggerColumn column;
	bool		statement_clock;
	bool		wall_clock;
} UpdatedAtState;

static const char *const clocks[] = {"transaction", "statement", "wall", NULL};

static const TriggerOption options[] = {
	{"column", TRIGGER_OPTION_TEXT, offsetof(UpdatedAtOptions, column), "updated_at"},
	{"clock", TRIGGER_OPTION_CHOICE, offsetof(UpdatedAtOptions, clock), "transaction", clocks},
	{"on_insert", TRIGGER_OPTION_BOOL, offsetof(UpdatedAtOptions, on_insert)},
	{"skip_unchanged", TRIGGER_OPTION_BOOL, offsetof(UpdatedAtOptions, skip_unchanged)},
};

static TriggerColumn
time_column(Relation rel, const char *name)
{
	TriggerColumn column = trigger_column(rel, name);

	trigger_require_time(rel, name, &column);
	return column;
}

static void
prepare(Relation target, void *opts, TriggerShape *shape)
{
	UpdatedAtOptions *updated_at = opts;

	(void) time_column(target, updated_at->column);
	shape->events = updated_at->on_insert ? "BEFORE INSERT OR UPDATE" : "BEFORE UPDATE";
	shape->for_each_row = true;
}

const TriggerBehaviour updated_at_behaviour = {
	"updated_at", "trigger_updated_at",
	options, lengthof(options), sizeof(UpdatedAtOptions), prepare
};

static UpdatedAtState *
get_state(FunctionCallInfo fcinfo, const TriggerData *trigdata)
{
	UpdatedAtState *state = fcinfo->flinfo->fn_extra;
	MemoryContext old_context;

	if (state != NULL)
		return state;

	old_context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	state = palloc0(sizeof(UpdatedAtState));
	state->options = trigger_options_from_args(&updated_at_behaviour, trigdata->tg_trigger);
	state->column = time_column(trigdata->tg_relation, state->options->column);
	state->statement_clock = strcmp(state->options->clock, "statement") == 0;
	state->wall_clock = strcmp(state->options->clock, "wall") == 0;
	MemoryContextSwitchTo(old_context);

	fcinfo->flinfo->fn_extra = state;
	return state;
}

Datum
pqengine_trigger_updated_at(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_called(fcinfo, &updated_at_behaviour, TRIGGER_EVENT_BEFORE,
										   TRIGGER_ON_INSERT | TRIGGER_ON_UPDATE, 0);
	UpdatedAtState *state = get_state(fcinfo, trigdata);
	HeapTuple	tuple = trigdata->tg_trigtuple;
	TimestampTz now;

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		tuple = trigdata->tg_newtuple;
		if (state->options->skip_unchanged && !trigger_row_changed(trigdata))
			return PointerGetDatum(tuple);
	}

	if (state->wall_clock)
		now = GetCurrentTimestamp();
	else if (state->statement_clock)
		now = GetCurrentStatementStartTimestamp();
	else
		now = GetCurrentTransactionStartTimestamp();
	tuple = trigger_set_column(fcinfo, tuple, &state->column,
							   trigger_time_value(state->column.base_type, now));
	return PointerGetDatum(tuple);
}
