/*
 * trigger_audit.c
 *		Behaviour audit: writes a row into an audit table for each change of a
 *		row, and one for each TRUNCATE.
 *
 * The record is written with the rights of whoever makes the change, so a
 * writer of the table needs INSERT on its audit table, and gets a plain
 * "permission denied" without.  Nobody needs a right to the identity column's
 * sequence.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/varlena.h"

#include "trigger_behaviour.h"

PG_FUNCTION_INFO_V1(pqengine_trigger_audit);

typedef struct AuditOptions
{
	char	   *table;			/* as in SQL, qualified by install_trigger() */
	List	   *exclude;
	bool		skip_unchanged;
} AuditOptions;

typedef struct AuditState
{
	AuditOptions *options;
	char	   *query;
	Datum		schema_name;
	Datum		table_name;
	TriggerRow *row;
	TriggerRow *key;
} AuditState;

static const TriggerOption options[] = {
	{"table", TRIGGER_OPTION_TEXT, offsetof(AuditOptions, table)},
	{"exclude", TRIGGER_OPTION_LIST, offsetof(AuditOptions, exclude)},
	{"skip_unchanged", TRIGGER_OPTION_BOOL, offsetof(AuditOptions, skip_unchanged)},
};

/* The columns of an audit table, in the order of the INSERT's values. */
static const struct
{
	const char *name;
	Oid			type;
	const char *definition;
	const char *value;
}			audit_columns[] =
{
	{"occurred_at", TIMESTAMPTZOID, "timestamp with time zone NOT NULL",
	"pg_catalog.clock_timestamp()"},
	{"transaction_id", XID8OID, "pg_catalog.xid8 NOT NULL",
	"pg_catalog.pg_current_xact_id()"},
	{"session_role", TEXTOID, "pg_catalog.text NOT NULL", "session_user"},
	{"effective_role", TEXTOID, "pg_catalog.text NOT NULL", "current_user"},
	{"operation", TEXTOID, "pg_catalog.text NOT NULL", "$1"},
	{"table_schema", TEXTOID, "pg_catalog.text NOT NULL", "$2"},
	{"table_name", TEXTOID, "pg_catalog.text NOT NULL", "$3"},
	{"row_key", JSONBOID, "pg_catalog.jsonb", "$4"},
	{"old_row", JSONBOID, "pg_catalog.jsonb", "$5"},
	{"new_row", JSONBOID, "pg_catalog.jsonb", "$6"},
};

enum
{
	PARAM_OPERATION, PARAM_SCHEMA, PARAM_TABLE, PARAM_KEY, PARAM_OLD, PARAM_NEW, PARAM_COUNT
};

/* The table that the option "table" means; the target's schema by default. */
static RangeVar *
audit_table(Oid target, const char *table)
{
	char	   *schema = get_namespace_name(get_rel_namespace(target));
	RangeVar   *name;

	if (table == NULL)
		return makeRangeVar(schema, makeObjectName(get_rel_name(target), NULL, "audit"), -1);

	name = makeRangeVarFromNameList(textToQualifiedNameList(cstring_to_text(table)));
	if (name->catalogname != NULL || name->relname[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name of an audit table: \"%s\"", table),
				 errhint("Give the name as \"table\" or \"schema.table\".")));
	if (name->schemaname == NULL)
		name->schemaname = schema;
	else
		(void) LookupExplicitNamespace(name->schemaname, false);
	return name;
}

static void
create_table(const char *qualified_name)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TABLE %s (id pg_catalog.int8 GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
					 qualified_name);
	for (int i = 0; i < lengthof(audit_columns); i++)
		appendStringInfo(&sql, ", %s %s", audit_columns[i].name, audit_columns[i].definition);
	appendStringInfoChar(&sql, ')');

	if (SPI_execute(sql.data, false, 0) != SPI_OK_UTILITY)
		elog(ERROR, "could not create audit table %s", qualified_name);
}

/* A table that exists already must be fit to take the records. */
static void
check_table(Oid table, Oid target, const char *qualified_name)
{
	char		relkind = get_rel_relkind(table);

	if (table == target)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("table %s cannot be its own audit table", qualified_name)));
	if (relkind != RELKIND_RELATION && relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("%s is not a table", qualified_name),
				 errhint("Name another audit table with the option \"table\".")));

	for (int i = 0; i < lengthof(audit_columns); i++)
	{
		AttrNumber	attnum = get_attnum(table, audit_columns[i].name);

		if (attnum <= 0 || get_atttype(table, attnum) != audit_columns[i].type)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("table %s cannot be used as an audit table", qualified_name),
					 errdetail("It has no column \"%s\" of type %s.", audit_columns[i].name,
							   format_type_be(audit_columns[i].type)),
					 errhint("Name another audit table with the option \"table\"; it is created where it does not exist.")));
	}
}

static void
prepare(Relation target, void *opts, TriggerShape *shape)
{
	AuditOptions *audit = opts;
	RangeVar   *name = audit_table(RelationGetRelid(target), audit->table);
	Oid			table = RangeVarGetRelid(name, NoLock, true);

	audit->table = quote_qualified_identifier(name->schemaname, name->relname);
	(void) trigger_row_all_but(target, audit->exclude);

	if (OidIsValid(table))
		check_table(table, RelationGetRelid(target), audit->table);
	else
		create_table(audit->table);

	shape->events = "AFTER INSERT OR UPDATE OR DELETE";
	shape->for_each_row = true;
	shape->truncate_timing = "AFTER";
}

const TriggerBehaviour audit_behaviour = {
	"audit", "trigger_audit",
	options, lengthof(options), sizeof(AuditOptions), prepare
};

static char *
insert_query(const char *qualified_name)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "INSERT INTO %s (", qualified_name);
	for (int i = 0; i < lengthof(audit_columns); i++)
		appendStringInfo(&sql, "%s%s", i == 0 ? "" : ", ", audit_columns[i].name);
	appendStringInfoString(&sql, ") VALUES (");
	for (int i = 0; i < lengthof(audit_columns); i++)
		appendStringInfo(&sql, "%s%s", i == 0 ? "" : ", ", audit_columns[i].value);
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

static AuditState *
make_state(const TriggerData *trigdata)
{
	AuditState *state = palloc0(sizeof(AuditState));
	Oid			table = trigger_declared_on(trigdata);
	RangeVar   *name;

	state->options = trigger_options_from_args(&audit_behaviour, trigdata->tg_trigger);
	name = audit_table(table, state->options->table);
	state->query = insert_query(quote_qualified_identifier(name->schemaname, name->relname));
	state->schema_name = CStringGetTextDatum(get_namespace_name(get_rel_namespace(table)));
	state->table_name = CStringGetTextDatum(get_rel_name(table));
	state->row = trigger_row_all_but(trigdata->tg_relation, state->options->exclude);
	state->key = trigger_row_key(trigdata->tg_relation);
	return state;
}

static AuditState *
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

static void
set_row(Datum *values, char *nulls, int param, TriggerRow *row, Relation rel, HeapTuple tuple)
{
	if (row->desc == NULL)
		return;
	values[param] = trigger_row_jsonb(row, rel, tuple);
	nulls[param] = ' ';
}

/* The key is that of the row before an UPDATE: new_row shows the new one. */
static void
set_rows(AuditState *state, const TriggerData *trigdata, Datum *values, char *nulls)
{
	Relation	rel = trigdata->tg_relation;
	HeapTuple	tuple = trigdata->tg_trigtuple;

	set_row(values, nulls, PARAM_KEY, state->key, rel, tuple);
	if (TRIGGER_FIRED_BY_INSERT(trigdata->tg_event))
		set_row(values, nulls, PARAM_NEW, state->row, rel, tuple);
	else
		set_row(values, nulls, PARAM_OLD, state->row, rel, tuple);
	if (TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event))
		set_row(values, nulls, PARAM_NEW, state->row, rel, trigdata->tg_newtuple);
}

static void
write_record(const AuditState *state, const TriggerData *trigdata, Datum *values, const char *nulls)
{
	Oid			types[PARAM_COUNT] = {TEXTOID, TEXTOID, TEXTOID, JSONBOID, JSONBOID, JSONBOID};
	SPIPlanPtr	plan;

	SPI_connect();
	plan = trigger_plan(state->query, PARAM_COUNT, types);
	trigger_execute(trigdata, plan, values, nulls);
	SPI_finish();
}

Datum
pqengine_trigger_audit(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = trigger_called(fcinfo, &audit_behaviour, TRIGGER_EVENT_AFTER,
										   TRIGGER_ON_INSERT | TRIGGER_ON_UPDATE | TRIGGER_ON_DELETE,
										   TRIGGER_ON_TRUNCATE);
	AuditState *state = get_state(fcinfo, trigdata);
	Datum		values[PARAM_COUNT] = {0};
	char		nulls[PARAM_COUNT] = {' ', ' ', ' ', 'n', 'n', 'n'};

	if (state->options->skip_unchanged &&
		TRIGGER_FIRED_BY_UPDATE(trigdata->tg_event) &&
		!trigger_row_changed(trigdata))
		return PointerGetDatum(NULL);

	values[PARAM_OPERATION] = CStringGetTextDatum(trigger_operation(trigdata->tg_event));
	values[PARAM_SCHEMA] = state->schema_name;
	values[PARAM_TABLE] = state->table_name;
	if (TRIGGER_FIRED_FOR_ROW(trigdata->tg_event))
		set_rows(state, trigdata, values, nulls);
	write_record(state, trigdata, values, nulls);
	return PointerGetDatum(NULL);
}
