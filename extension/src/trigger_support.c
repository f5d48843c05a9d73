/*
 * trigger_support.c
 *		What the trigger functions have in common: the checks that they are
 *		called as they must be, columns by name, setting a column of the new
 *		row, and telling whether an UPDATE changed anything.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "trigger_behaviour.h"

/*
 * Checks that the function is called as a trigger of the timing, level and
 * events that it is made for; either set of events may be empty.
 */
TriggerData *
trigger_called(FunctionCallInfo fcinfo, const TriggerBehaviour *behaviour,
			   TriggerEvent timing, int row_events, int statement_events)
{
	TriggerData *trigdata;
	int			events;

	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" was not called by trigger manager",
						behaviour->function)));

	trigdata = (TriggerData *) fcinfo->context;
	if ((trigdata->tg_event & TRIGGER_EVENT_TIMINGMASK) != timing)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must be fired %s the event", behaviour->function,
						timing == TRIGGER_EVENT_BEFORE ? "BEFORE" : "AFTER"),
				 errhint("Use pqengine.install_trigger() to make the trigger.")));

	events = TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ? row_events : statement_events;
	if ((events & (1 << (trigdata->tg_event & TRIGGER_EVENT_OPMASK))) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("function \"%s\" must not be fired for each %s by %s",
						behaviour->function,
						TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ? "row" : "statement",
						trigger_operation(trigdata->tg_event)),
				 errhint("Use pqengine.install_trigger() to make the trigger.")));
	return trigdata;
}

const char *
trigger_operation(TriggerEvent event)
{
	if (TRIGGER_FIRED_BY_INSERT(event))
		return "INSERT";
	if (TRIGGER_FIRED_BY_UPDATE(event))
		return "UPDATE";
	if (TRIGGER_FIRED_BY_DELETE(event))
		return "DELETE";
	return "TRUNCATE";
}

/*
 * A column that a behaviour sets or compares in a BEFORE trigger.  A generated
 * one will not do, since its new value is not known there yet.
 */
TriggerColumn
trigger_column(Relation rel, const char *name)
{
	TriggerColumn column = {0};
	Form_pg_attribute att;

	column.attnum = get_attnum(RelationGetRelid(rel), name);
	if (column.attnum == InvalidAttrNumber)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist",
						name, RelationGetRelationName(rel)),
				 errhint("Add the column first, or name another in the options of the trigger."),
				 errtable(rel)));
	if (column.attnum < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("cannot use system column \"%s\" in a trigger behaviour", name)));

	att = TupleDescAttr(RelationGetDescr(rel), column.attnum - 1);
	if (att->attgenerated != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_COLUMN_REFERENCE),
				 errmsg("cannot use generated column \"%s\" in a trigger behaviour", name),
				 errhint("Use the columns that it is generated from."),
				 errtablecol(rel, column.attnum)));
	column.type = att->atttypid;
	column.base_type = getBaseType(att->atttypid);
	return column;
}

/*
 * The row with one column set.  "value" is of the column's base type; where
 * the column is of a domain, the domain's constraints are checked as an
 * assignment would.
 */
HeapTuple
trigger_set_column(FunctionCallInfo fcinfo, HeapTuple tuple, TriggerColumn *column, Datum value)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	int			attnum = column->attnum;
	bool		isnull = false;

	if (column->type != column->base_type)
		domain_check(value, false, column->type, &column->domain_cache,
					 fcinfo->flinfo->fn_mcxt);
	return heap_modify_tuple_by_cols(tuple, RelationGetDescr(trigdata->tg_relation),
									 1, &attnum, &value, &isnull);
}

/*
 * Does the new row differ from the old one?  Compared as stored, like
 * suppress_redundant_updates_trigger() does, but column by column: the new
 * row need not be formed the same way.  Generated columns follow the others,
 * and have no new value yet in a BEFORE trigger.
 */
bool
trigger_row_changed(const TriggerData *trigdata)
{
	TupleDesc	desc = RelationGetDescr(trigdata->tg_relation);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		Datum		old_value;
		Datum		new_value;
		bool		old_isnull;
		bool		new_isnull;

		if (att->attisdropped || att->attgenerated != '\0')
			continue;
		old_value = heap_getattr(trigdata->tg_trigtuple, i + 1, desc, &old_isnull);
		new_value = heap_getattr(trigdata->tg_newtuple, i + 1, desc, &new_isnull);
		if (old_isnull != new_isnull)
			return true;
		if (!old_isnull &&
			!datum_image_eq(old_value, new_value, att->attbyval, att->attlen))
			return true;
	}
	return false;
}

/* The table of a trigger, and the trigger that it was cloned from if any. */
static Oid
trigger_table(Oid trigger, Oid *parent)
{
	Relation	catalog = table_open(TriggerRelationId, AccessShareLock);
	Oid			table = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_trigger_oid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(trigger));
	scan = systable_beginscan(catalog, TriggerOidIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		Form_pg_trigger form = (Form_pg_trigger) GETSTRUCT(tuple);

		table = form->tgrelid;
		*parent = form->tgparentid;
	}
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);

	if (!OidIsValid(table))
		elog(ERROR, "could not find trigger %u", trigger);
	return table;
}

/*
 * The table that the trigger was made on: for a partition that is the
 * partitioned table it got the trigger from.
 */
Oid
trigger_declared_on(const TriggerData *trigdata)
{
	Oid			table = RelationGetRelid(trigdata->tg_relation);
	Oid			trigger = trigdata->tg_trigger->tgoid;

	if (!trigdata->tg_trigger->tgisclone)
		return table;
	while (OidIsValid(trigger))
	{
		Oid			parent = InvalidOid;

		table = trigger_table(trigger, &parent);
		trigger = parent;
	}
	return table;
}

/* A point in time as a value of one of the types trigger_require_time() admits. */
Datum
trigger_time_value(Oid base_type, TimestampTz time)
{
	switch (base_type)
	{
		case TIMESTAMPOID:
			return DirectFunctionCall1(timestamptz_timestamp, TimestampTzGetDatum(time));
		case DATEOID:
			return DirectFunctionCall1(timestamptz_date, TimestampTzGetDatum(time));
		default:
			return TimestampTzGetDatum(time);
	}
}

void
trigger_require_time(Relation rel, const char *name, const TriggerColumn *column)
{
	if (column->base_type != TIMESTAMPTZOID &&
		column->base_type != TIMESTAMPOID &&
		column->base_type != DATEOID)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of relation \"%s\" is of type %s",
						name, RelationGetRelationName(rel), format_type_be(column->type)),
				 errdetail("The column must be of type timestamp with time zone, timestamp or date."),
				 errtablecol(rel, column->attnum)));
}
