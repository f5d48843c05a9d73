/*
 * trigger_soft_delete.c
 *		Behaviour soft_delete: turns a DELETE into an UPDATE that sets the time
 *		of deletion.
 *
 * The UPDATE goes through SPI, not around the executor, so that the rights,
 * policies, constraints, and triggers of an UPDATE hold for it.
 *
 * Two kinds of DELETE must not be turned.  An UPDATE that moves a row to
 * another partition is a DELETE in the old one; on partitions the trigger is
 * also fired by UPDATE, to know such a DELETE from a user's.  And a DELETE by
 * a foreign key's ON DELETE CASCADE follows a row that is gone for good, so
 * keeping this one would leave it with a reference to nothing: refused.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/partition.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "trigger_behaviour.h"

PG_FUNCTION_INFO_V1(pqengine_trigger_soft_delete);

typedef struct SoftDeleteOptions
{
	char	   *column;
	bool		purge;
} SoftDeleteOptions;

typedef struct SoftDeleteState
{
	SoftDeleteOptions *options;
	TriggerColumn column;
	char	   *query;
	ItemPointerData updating;	/* row whose UPDATE this trigger saw last */
} SoftDeleteState;

static const TriggerOption options[] = {
	{"column", TRIGGER_OPTION_TEXT, offsetof(SoftDeleteOptions, column), "deleted_at"},
	{"purge", TRIGGER_OPTION_BOOL, offsetof(SoftDeleteOptions, purge)},
};

static TriggerColumn
time_column(Relation rel, const char *name)
{
	TriggerColumn column = trigger_column(rel, name);

	trigger_require_time(rel, name, &column);
	if (TupleDescAttr(RelationGetDescr(rel), column.attnum - 1)->attnotnull)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TABLE_DEFINITION),
				 errmsg("column \"%s\" of relation \"%s\" must admit null values",
						name, RelationGetRelationName(rel)),
				 errdetail("A row that is not deleted has null there."),
				 errtablecol(rel, column.attnum)));
	return column;
}

static bool
can_move_rows(Relation rel)
{
	return rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE || rel->rd_rel->relispartition;
}

static void
prepare(Relation target, void *opts, TriggerShape *shape)
{
	SoftDeleteOptions *soft_delete = opts;

	(void) time_column(target, soft_delete->column);
	shape->events = can_move_rows(target) ? "BEFORE UPDATE OR DELETE" : "BEFORE DELETE";
	shape->for_each_row = true;
}

const TriggerBehaviour soft_delete_behaviour = {
	"soft_delete", "trigger_soft_delete",
	options, lengthof(options), sizeof(SoftDeleteOptions), prepare
};

/* Does setting the column move the row to another partition? */
static bool
column_routes_rows(Relation rel, const char *column)
{
	ListCell   *lc;

	if (!rel->rd_rel->relispartition)
		return false;
	foreach(lc, get_partition_ancestors(RelationGetRelid(rel)))
	{
		Relation	ancestor = table_open(lfirst_oid(lc), AccessShareLock);
		AttrNumber	attnum = get_attnum(RelationGetRelid(ancestor), column);
		Bitmapset  *columns = bms_make_singleton(attnum - FirstLowInvalidHeapAttributeNumber);
		bool		used_in_expr;
		bool		routes = has_partition_attrs(ancestor, columns, &used_in_expr);

		table_close(ancestor, AccessShareLock);
		if (routes)
			return true;
	}
	return false;
}

static bool
may_update(Oid table, AttrNumber attnum)
{
	return pg_class_aclcheck(table, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		(pg_class_aclcheck(table, GetUserId(), ACL_UPDATE) == ACLCHECK_OK ||
		 pg_attribute_aclcheck(table, attnum, GetUserId(), ACL_UPDATE) == ACLCHECK_OK);
}

/*
 * The UPDATE that marks a row.  A partition's row is reached in the partition
 * where the caller may do that, which costs least; else, or when the row has
 * to move, through the table that the trigger was made on, which is the one
 * that callers usually have rights on.
 */
static char *
update_query(const TriggerData *trigdata, const SoftDeleteState *state)
{
	Relation	rel = trigdata->tg_relation;
	Oid			table = RelationGetRelid(rel);
	const char *column = state->options->column;
	bool		direct = true;

	if (trigdata->tg_trigger->tgisclone &&
		(!may_update(table, state->column.attnum) || column_routes_rows(rel, column)))
	{
		table = trigger_declared_on(trigdata);
		direct = false;
	}
	return psprintf("UPDATE %s%s SET %s = $1 WHERE ctid OPERATOR(pg_catalog.=) $2"
					" AND tableoid OPERATOR(pg_catalog.=) $3",
					direct ? "ONLY " : "",
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)),
											   get_rel_name(table)),
					quote_identifier(column));
}

static SoftDeleteState *
get_state(FunctionCallInfo fcinfo, const TriggerData *trigdata)
{
	SoftDeleteState *state = fcinfo->flinfo->fn_extra;
	MemoryContext old_context;

	if (state != NULL)
		return state;

	old_context = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	state = palloc0(sizeof(SoftDeleteState));
	state->options = trigger_options_from_args(&soft_delete_behaviour, trigdata->tg_trigger);
	state->column = time_column(trigdata->tg_relation, state->options->column);
	state->query = update_query(trigdata, state);
	ItemPointerSetInvalid(&state->updating);
	MemoryContextSwitchTo(old_context);

	fcinfo->flinfo->fn_extra = state;
	return state;
}

/*
 * Is this DELETE the first half of moving the row to another partition?  Then
 * the same query has just fired this trigger for the UPDATE of the same row.
 */
static bool
is_row_movement(const TriggerData *trigdata, SoftDeleteState *state)
{
	if (!trigdata->tg_relation->rd_rel->relispartition)
		return false;
	if (!TRIGGER_FOR_UPDATE(trigdata->tg_trigger->tgtype))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("trigger \"%s\" of table \"%s\" was made before the table became a partition",
						trigdata->tg_trigger->tgname,
						RelationGetRelationName(trigdata->tg_relation)),
				 errhint("Call pqengine.install_trigger() again for the table.")));
	return ItemPointerIsValid(&state->updating) &&
		ItemPointerEquals(&state->updating, &trigdata->tg_trigtuple->t_self);
}

static bool
is_cascade(Oid constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	result = ((Form_pg_constraint) GETSTRUCT(tuple))->confdeltype == FKCONSTR_ACTION_CASCADE;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * Refuses a DELETE that is the cascade of a foreign key.  Those run, and
 * nothing else runs anything, in the security context asked for here.
 */
static void
refuse_cascade(Relation rel)
{
	ListCell   *lc;

	if (!InNoForceRLSOperation())
		return;
	foreach(lc, RelationGetFKeyList(rel))
	{
		ForeignKeyCacheInfo *fkey = lfirst(lc);

		if (!is_cascade(fkey->conoid))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("cannot delete a row of table \"%s\" that is still referenced from table \"%s\"",
						get_rel_name(fkey->confrelid), RelationGetRelationName(rel)),
				 errdetail("A DELETE only marks rows of table \"%s\" as deleted, so ON DELETE CASCADE cannot remove them.",
						   RelationGetRelationName(rel)),
				 errhint("Install the behaviour \"soft_delete\" on the referenced table too."),
				 errtableconstraint(rel, get_constraint_name(fkey->conoid))));
	}
}

static void
mark_deleted(const TriggerData *trigdata, const SoftDeleteState *state)
{
	Relation	rel = trigdata->tg_relation;
	Oid			types[] = {TIMESTAMPTZOID, TIDOID, OIDOID};
	Datum		values[lengthof(types)];
	SPIPlanPtr	plan;

	values[0] = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	values[1] = PointerGetDatum(&trigdata->tg_trigtuple->t_self);
	values[2] = ObjectIdGetDatum(RelationGetRelid(rel));

	SPI_connect();
	plan = trigger_plan(state->query, lengthof(types), types);
	if (trigger_execute(trigdata, plan, values, NULL) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
				 errmsg("could not mark a row of table \"%s\" as deleted",
						RelationGetRelationName(rel)),
				 errdetail("A row security policy or another BEFORE UPDATE trigger keeps the row from being updated."),
				 errtable(rel)));
	SPI_finish();
}

Datum
pqengine_trigger_soft_delete(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_called(fcinfo, &soft_delete_behaviour, TRIGGER_EVENT_BEFORE,
										   TRIGGER_ON_UPDATE | TRIGGER_ON_DELETE, 0);
	SoftDeleteState *state = get_state(fcinfo, trigdata);
	HeapTuple	row = trigdata->tg_trigtuple;
	bool		already_deleted;

	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
	{
		state->updating = row->t_self;
		return PointerGetDatum(trigdata->tg_newtuple);
	}
	if (is_row_movement(trigdata, state))
		return PointerGetDatum(row);

	already_deleted = !heap_attisnull(row, state->column.attnum,
									  RelationGetDescr(trigdata->tg_relation));
	if (already_deleted && state->options->purge)
		return PointerGetDatum(row);

	refuse_cascade(trigdata->tg_relation);
	if (!already_deleted)
		mark_deleted(trigdata, state);
	return PointerGetDatum(NULL);
}
