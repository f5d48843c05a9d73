/*
 * trigger_immutable.c
 *		Behaviour immutable: refuses to change the columns named, or without
 *		names any UPDATE, DELETE or TRUNCATE.
 *
 * It is a BEFORE trigger: an AFTER trigger would see the row as it ends up,
 * but is not fired when an UPDATE moves a row to another partition.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "trigger_behaviour.h"

PG_FUNCTION_INFO_V1(pqengine_trigger_immutable);

typedef struct ImmutableOptions
{
	List	   *columns;
} ImmutableOptions;

typedef struct ImmutableState
{
	int			ncolumns;		/* 0 for a table that may not change at all */
	TriggerColumn *columns;
} ImmutableState;

static const TriggerOption options[] = {
	{"columns", TRIGGER_OPTION_LIST, offsetof(ImmutableOptions, columns)},
};

static void
prepare(Relation target, void *opts, TriggerShape *shape)
{
	ImmutableOptions *immutable = opts;
	ListCell   *lc;

	foreach(lc, immutable->columns)
		(void) trigger_column(target, lfirst(lc));

	shape->for_each_row = true;
	if (immutable->columns != NIL)
		shape->events = "BEFORE UPDATE";
	else
	{
		shape->events = "BEFORE UPDATE OR DELETE";
		shape->truncate_timing = "BEFORE";
	}
}

const TriggerBehaviour immutable_behaviour = {
	"immutable", "trigger_immutable",
	options, lengthof(options), sizeof(ImmutableOptions), prepare
};

static ImmutableState *
get_state(FunctionCallInfo fcinfo, const TriggerData *trigdata)
{
	ImmutableState *state = fcinfo->flinfo->fn_extra;
	MemoryContext old_context;
	ImmutableOptions *immutable;
	ListCell   *lc;

	if (state != NULL)
		return state;

	old_context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	state = palloc0(sizeof(ImmutableState));
	immutable = trigger_options_from_args(&immutable_behaviour, trigdata->tg_trigger);
	state->columns = palloc0((list_length(immutable->columns) + 1) * sizeof(TriggerColumn));
	foreach(lc, immutable->columns)
		state->columns[state->ncolumns++] = trigger_column(trigdata->tg_relation, lfirst(lc));
	MemoryContextSwitchTo(old_context);

	fcinfo->flinfo->fn_extra = state;
	return state;
}

/* Any difference in what is stored is a change, if only 1.0 becoming 1.00. */
static bool
column_changed(const TriggerData *trigdata, const TriggerColumn *column)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);
	Form_pg_attribute att = TupleDescAttr(desc, column->attnum - 1);
	bool		old_isnull;
	bool		new_isnull;
	Datum		old_value = heap_getattr(trigdata->tg_trigtuple, column->attnum, desc, &old_isnull);
	Datum		new_value = heap_getattr(trigdata->tg_newtuple, column->attnum, desc, &new_isnull);

	if (old_isnull || new_isnull)
		return old_isnull != new_isnull;
	return !datum_image_eq(old_value, new_value, att->attbyval, att->attlen);
}

static void
refuse_operation(const TriggerData *trigdata)
{
	ereport(ERROR,
			(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
			 errmsg("%s of table \"%s\" is not allowed",
					trigger_operation(trigdata->tg_event),
					RelationGetRelationName(trigdata->tg_relation)),
			 errdetail("The rows of the table are immutable (trigger \"%s\").",
					   trigdata->tg_trigger->tgname),
			 errtable(trigdata->tg_relation)));
}

static void
refuse_change(const TriggerData *trigdata, const TriggerColumn *column)
{
	Relation	rel = trigdata->tg_relation;

	ereport(ERROR,
			(errcode(ERRCODE_INTEGRITY_CONSTRAINT_VIOLATION),
			 errmsg("column \"%s\" of table \"%s\" cannot be changed",
					NameStr(TupleDescAttr(RelationGetDescr(rel), column->attnum - 1)->attname),
					RelationGetRelationName(rel)),
			 errdetail("The column is immutable (trigger \"%s\").",
					   trigdata->tg_trigger->tgname),
			 errtablecol(rel, column->attnum)));
}

Datum
pqengine_trigger_immutable(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_called(fcinfo, &immutable_behaviour, TRIGGER_EVENT_BEFORE,
										   TRIGGER_ON_UPDATE | TRIGGER_ON_DELETE,
										   TRIGGER_ON_TRUNCATE);
	ImmutableState *state = get_state(fcinfo, trigdata);

	if (state->ncolumns == 0 || !TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		refuse_operation(trigdata);

	for (int i = 0; i < state->ncolumns; i++)
	{
		if (column_changed(trigdata, &state->columns[i]))
			refuse_change(trigdata, &state->columns[i]);
	}
	return PointerGetDatum(trigdata->tg_newtuple);
}
