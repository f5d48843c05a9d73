/*
 * trigger_notify.c
 *		Behaviour notify: tells listeners of a channel about each change of a
 *		row, or about each statement, as a JSON object.
 *
 * A payload of NOTIFY has room for some 8000 bytes.  A row that does not fit
 * is left out and its key sent alone, and "truncated" says so: a notification
 * must not make a write fail.
 */
#include "postgres.h"

#include "commands/async.h"
#include "lib/stringinfo.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "trigger_behaviour.h"

PG_FUNCTION_INFO_V1(pqengine_trigger_notify);

/* async.c takes payloads shorter than this, which it keeps to itself. */
#define PAYLOAD_LIMIT	(BLCKSZ - NAMEDATALEN - 128)

typedef struct NotifyOptions
{
	char	   *channel;
	char	   *payload;
	char	   *level;
	List	   *exclude;
	bool		old_row;
	bool		skip_unchanged;
} NotifyOptions;

typedef struct NotifyState
{
	NotifyOptions *options;
	const char *channel;
	char	   *head;			/* the payload's beginning: schema and table */
	bool		with_rows;
	TriggerRow *row;
	TriggerRow *key;
} NotifyState;

static const char *const payloads[] = {"row", "key", NULL};
static const char *const levels[] = {"row", "statement", NULL};

static const TriggerOption options[] = {
	{"channel", TRIGGER_OPTION_TEXT, offsetof(NotifyOptions, channel)},
	{"payload", TRIGGER_OPTION_CHOICE, offsetof(NotifyOptions, payload), "row", payloads},
	{"level", TRIGGER_OPTION_CHOICE, offsetof(NotifyOptions, level), "row", levels},
	{"exclude", TRIGGER_OPTION_LIST, offsetof(NotifyOptions, exclude)},
	{"old_row", TRIGGER_OPTION_BOOL, offsetof(NotifyOptions, old_row)},
	{"skip_unchanged", TRIGGER_OPTION_BOOL, offsetof(NotifyOptions, skip_unchanged)},
};

static void
prepare(Relation target, void *opts, TriggerShape *shape)
{
	NotifyOptions *notify = opts;

	/* Written out, so that renaming the table does not move the listeners. */
	if (notify->channel == NULL)
		notify->channel = pstrdup(RelationGetRelationName(target));
	if (strlen(notify->channel) >= NAMEDATALEN)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("channel name \"%s\" is too long", notify->channel),
				 errdetail("A channel name has at most %d bytes.", NAMEDATALEN - 1)));
	(void) trigger_row_all_but(target, notify->exclude);

	if (strcmp(notify->level, "statement") == 0)
		shape->events = "AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE";
	else
	{
		shape->events = "AFTER INSERT OR UPDATE OR DELETE";
		shape->for_each_row = true;
		shape->truncate_timing = "AFTER";
	}
}

const TriggerBehaviour notify_behaviour = {
	"notify", "trigger_notify",
	options, lengthof(options), sizeof(NotifyOptions), prepare
};

static void
append_member(StringInfo buf, const char *name, const char *json)
{
	appendStringInfo(buf, ",\"%s\":%s", name, json);
}

static NotifyState *
make_state(const TriggerData *trigdata)
{
	NotifyState *state = palloc0(sizeof(NotifyState));
	Oid			table = trigger_declared_on(trigdata);
	StringInfoData head;

	state->options = trigger_options_from_args(&notify_behaviour, trigdata->tg_trigger);
	state->channel = state->options->channel ? state->options->channel : get_rel_name(table);
	state->with_rows = strcmp(state->options->payload, "row") == 0;
	state->row = trigger_row_all_but(trigdata->tg_relation, state->options->exclude);
	state->key = trigger_row_key(trigdata->tg_relation);

	initStringInfo(&head);
	appendStringInfoString(&head, "{\"schema\":");
	escape_json(&head, get_namespace_name(get_rel_namespace(table)));
	appendStringInfoString(&head, ",\"table\":");
	escape_json(&head, get_rel_name(table));
	state->head = head.data;
	return state;
}

static NotifyState *
get_state(FunctionCallInfo fcinfo, const TriggerData *trigdata)
{
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		MemoryContext old_context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		fcinfo->flinfo->fn_extra = make_state(trigdata);
		MemoryContextSwitchTo(old_context);
	}
	return fcinfo->flinfo->fn_extra;
}

/* The key of the row, and the one it had before where an UPDATE changed it. */
static char *
key_members(NotifyState *state, const TriggerData *trigdata)
{
	Relation	rel = trigdata->tg_relation;
	StringInfoData buf;
	char	   *key;

	initStringInfo(&buf);
	if (state->key->desc == NULL)
		return buf.data;

	key = trigger_row_json(state->key, rel, trigdata->tg_trigtuple);
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		char	   *old_key = key;

		key = trigger_row_json(state->key, rel, trigdata->tg_newtuple);
		if (strcmp(old_key, key) != 0)
			append_member(&buf, "old_key", old_key);
	}
	append_member(&buf, "key", key);
	return buf.data;
}

static char *
row_members(NotifyState *state, const TriggerData *trigdata)
{
	Relation	rel = trigdata->tg_relation;
	bool		is_update = TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event);
	StringInfoData buf;

	initStringInfo(&buf);
	if (!state->with_rows || state->row->desc == NULL)
		return buf.data;

	if (TRIGGER_FIRED_BY_DELETE(trigdata->tg_event) || (is_update && state->options->old_row))
		append_member(&buf, "old", trigger_row_json(state->row, rel, trigdata->tg_trigtuple));
	if (!TRIGGER_FIRED_BY_DELETE(trigdata->tg_event))
		append_member(&buf, "new", trigger_row_json(state->row, rel,
													is_update ? trigdata->tg_newtuple :
													trigdata->tg_trigtuple));
	return buf.data;
}

static char *
make_payload(NotifyState *state, const TriggerData *trigdata)
{
	StringInfoData buf;
	const char *key = "";
	const char *row = "";
	size_t		room;

	initStringInfo(&buf);
	appendStringInfoString(&buf, state->head);
	append_member(&buf, "operation", psprintf("\"%s\"", trigger_operation(trigdata->tg_event)));

	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
	{
		key = key_members(state, trigdata);
		row = row_members(state, trigdata);
	}
	room = PAYLOAD_LIMIT - buf.len - strlen(",\"truncated\":true}") - 1;
	if (strlen(key) + strlen(row) > room)
	{
		if (strlen(key) <= room)
			appendStringInfoString(&buf, key);
		append_member(&buf, "truncated", "true");
	}
	else
		appendStringInfo(&buf, "%s%s", key, row);
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

Datum
pqengine_trigger_notify(PG_FUNCTION_ARGS)
{
	int			row_events = TRIGGER_ON_INSERT | TRIGGER_ON_UPDATE | TRIGGER_ON_DELETE;
	TriggerData *trigdata = trigger_called(fcinfo, &notify_behaviour, TRIGGER_EVENT_AFTER,
										   row_events, row_events | TRIGGER_ON_TRUNCATE);
	NotifyState *state = get_state(fcinfo, trigdata);

	if (state->options->skip_unchanged &&
		TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) &&
		TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) &&
		!trigger_row_changed(trigdata))
		return PointerGetDatum(NULL);

	Async_Notify(state->channel, make_payload(state, trigdata));
	return PointerGetDatum(NULL);
}
