/*
 * trigger_version.c
 *		Behaviour version: counts the updates of a row in a column, for
 *		optimistic locking.
 *
 * With the option "check" an UPDATE must leave the column as it is or set it
 * to the version that was read: if the row has another version by then, the
 * UPDATE is refused as a serialization failure, since what has to be done is
 * the same, to read again and try again.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "trigger_behaviour.h"

PG_FUNCTION_INFO_V1(pqengine_trigger_version);

typedef struct VersionOptions
{
	char	   *column;
	bool		check;
	bool		skip_unchanged;
} VersionOptions;

typedef struct VersionState
{
	VersionOptions *options;
	TriggerColumn column;
} VersionState;

static const TriggerOption options[] = {
	{"column", TRIGGER_OPTION_TEXT, offsetof(VersionOptions, column), "version"},
	{"check", TRIGGER_OPTION_BOOL, offsetof(VersionOptions, check)},
	{"skip_unchanged", TRIGGER_OPTION_BOOL, offsetof(VersionOptions, skip_unchanged)},
};

static TriggerColumn
counter_column(Relation rel, const char *name)
{
	TriggerColumn column = trigger_column(rel, name);

	if (column.base_type != INT2OID &&
		column.base_type != INT4OID &&
		column.base_type != INT8OID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is of type %s",
						name, RelationGetRelationName(rel), format_type_be(column.type)),
				 errdetail("The column must be of type smallint, integer or bigint."),
				 errtablecol(rel, column.attnum)));
	return column;
}

static void
prepare(Relation target, void *opts, TriggerShape *shape)
{
	VersionOptions *version = opts;

	(void) counter_column(target, version->column);
	shape->events = "BEFORE UPDATE";
	shape->for_each_row = true;
}

const TriggerBehaviour version_behaviour = {
	"version", "trigger_version",
	options, lengthof(options), sizeof(VersionOptions), prepare
};

static VersionState *
get_state(FunctionCallInfo fcinfo, const TriggerData *trigdata)
{
	VersionState *state = fcinfo->flinfo->fn_extra;
	MemoryContext old_context;

	if (state != NULL)
		return state;

	old_context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	state = palloc0(sizeof(VersionState));
	state->options = trigger_options_from_args(&version_behaviour, trigdata->tg_trigger);
	state->column = counter_column(trigdata->tg_relation, state->options->column);
	MemoryContextSwitchTo(old_context);

	fcinfo->flinfo->fn_extra = state;
	return state;
}

/* The version in a row; NULL counts as 0, the version before the first. */
static int64
row_version(const TriggerColumn *column, HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column->attnum, desc, &isnull);

	if (isnull)
		return 0;
	switch (column->base_type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

/* The version after this one, as a value of the column's base type. */
static Datum
next_version(Relation rel, const TriggerColumn *column, int64 version)
{
	int64		limit = column->base_type == INT2OID ? PG_INT16_MAX :
		column->base_type == INT4OID ? PG_INT32_MAX : PG_INT64_MAX;

	if (version >= limit)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("version of a row in table \"%s\" is out of range for type %s",
						RelationGetRelationName(rel), format_type_be(column->type)),
				 errtablecol(rel, column->attnum)));

	switch (column->base_type)
	{
		case INT2OID:
			return Int16GetDatum((int16) (version + 1));
		case INT4OID:
			return Int32GetDatum((int32) (version + 1));
		default:
			return Int64GetDatum(version + 1);
	}
}

static void
refuse_stale_update(Relation rel, const TriggerColumn *column, int64 current, int64 given)
{
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not update a row of table \"%s\" because its version does not match",
					RelationGetRelationName(rel)),
			 errdetail("The row has version %lld, the update is for version %lld.",
					   (long long) current, (long long) given),
			 errhint("Read the row again and repeat the change."),
			 errtablecol(rel, column->attnum)));
}

Datum
pqengine_trigger_version(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_called(fcinfo, &version_behaviour, TRIGGER_EVENT_BEFORE,
										   TRIGGER_ON_UPDATE, 0);
	VersionState *state = get_state(fcinfo, trigdata);
	Relation	rel = trigdata->tg_relation;
	TupleDesc	desc = RelationGetDescr(rel);
	int64		current = row_version(&state->column, trigdata->tg_trigtuple, desc);
	int64		given = row_version(&state->column, trigdata->tg_newtuple, desc);
	HeapTuple	tuple;

	if (state->options->check && given != current)
		refuse_stale_update(rel, &state->column, current, given);
	if (state->options->skip_unchanged && !trigger_row_changed(trigdata))
		return PointerGetDatum(trigdata->tg_newtuple);

	tuple = trigger_set_column(fcinfo, trigdata->tg_newtuple, &state->column,
							   next_version(rel, &state->column, current));
	return PointerGetDatum(tuple);
}
