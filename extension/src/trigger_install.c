/*
 * trigger_install.c
 *		install_trigger() and remove_trigger().
 *
 * They only make and drop ordinary triggers, by CREATE TRIGGER and DROP
 * TRIGGER with the rights of the caller, so everything that holds for those
 * (rights, locks, partitions, dependencies, pg_dump) holds for these.
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "trigger_behaviour.h"

PG_FUNCTION_INFO_V1(pqengine_install_trigger);
PG_FUNCTION_INFO_V1(pqengine_remove_trigger);

static const TriggerBehaviour *const behaviours[] = {
	&audit_behaviour,
	&immutable_behaviour,
	&notify_behaviour,
	&soft_delete_behaviour,
	&updated_at_behaviour,
	&version_behaviour,
};

static const TriggerBehaviour *
find_behaviour(const char *name)
{
	const char *names[lengthof(behaviours)];

	for (int i = 0; i < lengthof(behaviours); i++)
	{
		if (strcmp(behaviours[i]->name, name) == 0)
			return behaviours[i];
		names[i] = behaviours[i]->name;
	}
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized trigger behaviour \"%s\"", name),
			 errhint("Valid behaviours are: %s.",
					 trigger_name_list(names, lengthof(behaviours)))));
	return NULL;				/* keep the compiler quiet */
}

/* Opens the table; its lock, which keeps the name, lasts for the transaction. */
static Relation
open_target(Oid relid)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", RelationGetRelationName(rel)),
				 errdetail("Trigger behaviours are for tables and partitioned tables.")));
	return rel;
}

static char *
qualified_name(Relation rel)
{
	return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(rel)),
									  RelationGetRelationName(rel));
}

static char *
trigger_name(const TriggerBehaviour *behaviour, bool truncate)
{
	return psprintf(TRIGGER_PREFIX "%s%s", behaviour->name,
					truncate ? TRIGGER_TRUNCATE_SUFFIX : "");
}

/*
 * Does the table have this trigger of ours?  One of that name that calls
 * something else is a user's own: an error, since it must not be replaced or
 * dropped.
 */
static bool
has_trigger(Relation rel, const TriggerBehaviour *behaviour, const char *name)
{
	String	   *schema = makeString(TRIGGER_SCHEMA);
	String	   *function = makeString(pstrdup(behaviour->function));
	Oid			function_oid = LookupFuncName(list_make2(schema, function), 0, NULL, false);
	TriggerDesc *triggers = rel->trigdesc;

	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		if (strcmp(triggers->triggers[i].tgname, name) != 0)
			continue;
		if (triggers->triggers[i].tgfoid != function_oid)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_OBJECT),
					 errmsg("trigger \"%s\" of table \"%s\" was not made by pqengine.install_trigger()",
							name, RelationGetRelationName(rel)),
					 errhint("Rename or drop that trigger first.")));
		return true;
	}
	return false;
}

static void
run_utility(const char *sql)
{
	int			result = SPI_execute(sql, false, 0);

	if (result != SPI_OK_UTILITY)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
}

static void
create_trigger(const TriggerBehaviour *behaviour, const char *name, const char *table,
			   const char *events, bool for_each_row, const char *args)
{
	run_utility(psprintf("CREATE OR REPLACE TRIGGER %s %s ON %s FOR EACH %s EXECUTE FUNCTION %s(%s)",
						 quote_identifier(name), events, table,
						 for_each_row ? "ROW" : "STATEMENT",
						 quote_qualified_identifier(TRIGGER_SCHEMA, behaviour->function),
						 args));
}

static void
drop_trigger(const char *name, const char *table)
{
	run_utility(psprintf("DROP TRIGGER %s ON %s", quote_identifier(name), table));
}

/* The trigger for rows or statements, and beside it the one for TRUNCATE. */
static void
install(Oid relid, const TriggerBehaviour *behaviour, void *options)
{
	Relation	rel = open_target(relid);
	char	   *table = qualified_name(rel);
	char	   *name = trigger_name(behaviour, false);
	char	   *truncate_name = trigger_name(behaviour, true);
	TriggerShape shape = {0};
	bool		had_truncate;
	char	   *args;

	(void) has_trigger(rel, behaviour, name);
	had_truncate = has_trigger(rel, behaviour, truncate_name);
	behaviour->prepare(rel, options, &shape);
	args = trigger_options_to_args(behaviour, options);
	relation_close(rel, NoLock);	/* CREATE TRIGGER wants it for itself */

	create_trigger(behaviour, name, table, shape.events, shape.for_each_row, args);
	if (shape.truncate_timing != NULL)
		create_trigger(behaviour, truncate_name, table,
					   psprintf("%s TRUNCATE", shape.truncate_timing), false, args);
	else if (had_truncate)
		drop_trigger(truncate_name, table);
}

static void
require_arguments(FunctionCallInfo fcinfo, const char *function)
{
	for (int i = 0; i < PG_NARGS(); i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("arguments of pqengine.%s() must not be null", function)));
	}
}

/*
 * install_trigger(target regclass, behaviour text, options jsonb) returns name
 */
Datum
pqengine_install_trigger(PG_FUNCTION_ARGS)
{
	const TriggerBehaviour *behaviour;
	void	   *options;
	NameData   *name;

	require_arguments(fcinfo, "install_trigger");
	behaviour = find_behaviour(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	options = trigger_options_from_jsonb(behaviour, PG_GETARG_JSONB_P(2));
	name = palloc0(sizeof(NameData));
	namestrcpy(name, trigger_name(behaviour, false));

	SPI_connect();
	install(PG_GETARG_OID(0), behaviour, options);
	SPI_finish();
	PG_RETURN_NAME(name);
}

/*
 * remove_trigger(target regclass, behaviour text) returns boolean
 *
 * What the trigger wrote stays, as do the columns that it kept.
 */
Datum
pqengine_remove_trigger(PG_FUNCTION_ARGS)
{
	const TriggerBehaviour *behaviour;
	Relation	rel;
	char	   *table;
	char	   *names[2];
	bool		present[2] = {false, false};

	require_arguments(fcinfo, "remove_trigger");
	behaviour = find_behaviour(text_to_cstring(PG_GETARG_TEXT_PP(1)));

	SPI_connect();
	rel = open_target(PG_GETARG_OID(0));
	table = qualified_name(rel);
	for (int i = 0; i < lengthof(names); i++)
	{
		names[i] = trigger_name(behaviour, i == 1);
		present[i] = has_trigger(rel, behaviour, names[i]);
	}
	relation_close(rel, NoLock);

	for (int i = 0; i < lengthof(names); i++)
	{
		if (present[i])
			drop_trigger(names[i], table);
	}
	SPI_finish();
	PG_RETURN_BOOL(present[0] || present[1]);
}
