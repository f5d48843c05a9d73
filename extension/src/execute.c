/*-------------------------------------------------------------------------
 *
 * execute.c
 *		Runs the statements of a model.
 *
 * This file knows how one statement is run, and sorts them into what is run
 * when; settle.c runs many, until all have found what they need.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/relation.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "commands/matview.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "realize.h"

static void
set_option(const char *name, const char *value)
{
	if (set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false) <= 0)
		elog(ERROR, "could not set %s to \"%s\"", name, value);
}

/*
 * A model's materialized views are built empty, since their queries might do
 * anything, and then marked as the model wants them.
 */
static void
mark_populated(const RangeVar *name)
{
	Oid			oid = RangeVarGetRelid(name, NoLock, true);
	Relation	rel;

	if (!OidIsValid(oid))
		return;
	rel = table_open(oid, NoLock);
	if (rel->rd_rel->relkind == RELKIND_MATVIEW)
		SetMatViewPopulatedState(rel, true);
	table_close(rel, NoLock);
	CommandCounterIncrement();
}

/*
 * The context "subcommand" keeps event triggers out.
 */
static void
run_utility(PlannedStmt *planned, const char *text)
{
	ProcessUtility(planned, text, false, PROCESS_UTILITY_SUBCOMMAND, NULL, NULL,
				   None_Receiver, NULL);
	CommandCounterIncrement();
}

static void
run_planned(const PqeStatement *statement)
{
	RawStmt    *raw = copyObject(statement->raw);
	List	   *queries;
	List	   *plans;
	ListCell   *lc;
	bool		populate = false;

	if (IsA(raw->stmt, IndexStmt))
		castNode(IndexStmt, raw->stmt)->concurrent = false;
	if (IsA(raw->stmt, CreateTableAsStmt))
	{
		IntoClause *into = castNode(CreateTableAsStmt, raw->stmt)->into;

		populate = !into->skipData;
		into->skipData = true;
	}
	PushActiveSnapshot(GetTransactionSnapshot());
	queries = pg_analyze_and_rewrite_fixedparams(raw, statement->file->text, NULL, 0, NULL);
	plans = pg_plan_queries(queries, statement->file->text, CURSOR_OPT_PARALLEL_OK, NULL);
	PopActiveSnapshot();
	foreach(lc, plans)
	{
		PushActiveSnapshot(GetTransactionSnapshot());
		run_utility(lfirst_node(PlannedStmt, lc), statement->file->text);
		PopActiveSnapshot();
	}
	if (populate)
		mark_populated(castNode(CreateTableAsStmt, raw->stmt)->into->rel);
}

static void
run_helper(const PqeStatement *statement)
{
	const char *text = pqe_statement_text(statement);

	SPI_connect();
	if (SPI_execute(text, false, 0) < 0)
		elog(ERROR, "could not run \"%s\"", text);
	SPI_finish();
	CommandCounterIncrement();
}

/*
 * Is it there already?  An extension that came along with its schema, or the
 * schema that it was put in.
 */
static bool
is_done(Node *node)
{
	if (IsA(node, CreateExtensionStmt))
		return OidIsValid(get_extension_oid(castNode(CreateExtensionStmt, node)->extname, true));
	if (IsA(node, CreateSchemaStmt) && castNode(CreateSchemaStmt, node)->schemaname != NULL &&
		castNode(CreateSchemaStmt, node)->schemaElts == NIL)
	{
		Oid			oid = get_namespace_oid(castNode(CreateSchemaStmt, node)->schemaname, true);

		return OidIsValid(oid) && pqe_schema_holds_extension(oid);
	}
	return false;
}

/*
 * Sets what decides a statement's meaning, so far as it is not what the one
 * BEFORE was run with.
 */
static void
apply_settings(const PqeSettings *settings, const PqeSettings *before)
{
	if (before == NULL || strcmp(settings->search_path, before->search_path) != 0)
		set_option("search_path", settings->search_path);
	if (before == NULL || strcmp(settings->tablespace, before->tablespace) != 0)
		set_option("default_tablespace", settings->tablespace);
	if (before == NULL || strcmp(settings->access_method, before->access_method) != 0)
		set_option("default_table_access_method", settings->access_method);
}

static void
add_target(PqeBuild *build, List **targets, ObjectAddress address)
{
	MemoryContext old;
	ObjectAddress *copy;

	if (!OidIsValid(address.objectId))
		return;
	old = MemoryContextSwitchTo(build->context);
	copy = palloc(sizeof(ObjectAddress));
	*copy = address;
	*targets = lappend(*targets, copy);
	MemoryContextSwitchTo(old);
}

static ObjectAddress
relation_address(const RangeVar *name)
{
	ObjectAddress address;

	ObjectAddressSet(address, RelationRelationId, RangeVarGetRelid(name, NoLock, true));
	return address;
}

static ObjectAddress
object_address(ObjectType type, Node *object)
{
	ObjectAddress address;
	Relation	rel = NULL;

	if (IsA(object, RangeVar))
		return relation_address(castNode(RangeVar, object));
	if ((type == OBJECT_TYPE || type == OBJECT_DOMAIN) && IsA(object, List))
	{
		object = (Node *) makeTypeNameFromNameList(castNode(List, object));
		type = OBJECT_TYPE;
	}
	address = get_object_address(type, object, &rel, AccessShareLock, true);
	if (rel != NULL)
		relation_close(rel, NoLock);
	return address;
}

/*
 * Remembers whose owner and whose privileges the models state.
 */
static void
note_targets(PqeBuild *build, Node *node)
{
	ListCell   *lc;

	if (IsA(node, GrantStmt) && castNode(GrantStmt, node)->targtype == ACL_TARGET_OBJECT)
	{
		GrantStmt  *grant = castNode(GrantStmt, node);

		foreach(lc, grant->objects)
			add_target(build, &build->privilege_targets, object_address(grant->objtype, lfirst(lc)));
	}
	else if (IsA(node, AlterOwnerStmt))
	{
		AlterOwnerStmt *owner = castNode(AlterOwnerStmt, node);

		add_target(build, &build->owner_targets,
				   object_address(owner->objectType,
								  owner->object ? owner->object : (Node *) owner->relation));
	}
	else if (IsA(node, AlterTableStmt))
	{
		AlterTableStmt *alter = castNode(AlterTableStmt, node);

		foreach(lc, alter->cmds)
			if (lfirst_node(AlterTableCmd, lc)->subtype == AT_ChangeOwner)
				add_target(build, &build->owner_targets, relation_address(alter->relation));
	}
	else if (IsA(node, CreateSchemaStmt) && castNode(CreateSchemaStmt, node)->authrole != NULL)
	{
		ObjectAddress address;
		const char *name = pqe_statement_target(node, "").schema;

		if (name != NULL)
		{
			ObjectAddressSet(address, NamespaceRelationId, get_namespace_oid(name, true));
			add_target(build, &build->owner_targets, address);
		}
	}
}

/*
 * Runs one; BEFORE was run just before it in the same subtransaction, or is
 * NULL.
 */
void
pqe_build_run_statement(PqeBuild *build, const PqeStatement *statement, const PqeStatement *before)
{
	Node	   *node = statement->raw->stmt;

	apply_settings(&statement->settings, before ? &before->settings : NULL);
	if (is_done(node))
		return;
	if (IsA(node, SelectStmt))
		run_helper(statement);
	else
		run_planned(statement);
	note_targets(build, node);
}

static bool
is_plain_schema(const PqeStatement *statement)
{
	return IsA(statement->raw->stmt, CreateSchemaStmt) &&
		castNode(CreateSchemaStmt, statement->raw->stmt)->schemaElts == NIL;
}

/*
 * Sorts the statements of a model into what is run when.
 */
PqeBuild *
pqe_build_prepare(const PqeModel *model)
{
	PqeBuild   *build = palloc0(sizeof(PqeBuild));
	List	   *statements = pqe_fold_enum_values(model->statements);
	ListCell   *lc;

	build->context = CurrentMemoryContext;
	/* schemas first: without one, a search_path might lead elsewhere */
	foreach(lc, statements)
		if (is_plain_schema(lfirst(lc)))
			build->statements = lappend(build->statements, lfirst(lc));
	foreach(lc, statements)
	{
		PqeStatement *statement = lfirst(lc);

		if (is_plain_schema(statement))
			continue;
		/* event triggers last: they must not see the rest being built */
		if (pqe_is_foreign_key(statement) || IsA(statement->raw->stmt, CreateEventTrigStmt) ||
			IsA(statement->raw->stmt, AlterEventTrigStmt))
		{
			build->late = lappend(build->late, statement);
			continue;
		}
		build->late = list_concat(build->late, pqe_split_foreign_keys(statement));
		build->statements = lappend(build->statements, statement);
	}
	return build;
}

/*
 * Runs all of them, but what stands before ALTER DEFAULT PRIVILEGES is run as
 * far as it goes before that is, even if it has to wait for something: it is
 * not to get these privileges.  Gives those that wait for something still.
 */
static List *
run_in_order(PqeBuild *build, List *statements)
{
	List	   *stretch = NIL;
	ListCell   *lc;

	foreach(lc, statements)
	{
		PqeStatement *statement = lfirst(lc);

		if (IsA(statement->raw->stmt, AlterDefaultPrivilegesStmt))
			stretch = pqe_build_settle(build, stretch, false);
		stretch = lappend(stretch, statement);
	}
	return pqe_build_settle(build, stretch, false);
}

/*
 * All but foreign keys and event triggers; what speaks of those (a comment on
 * one) waits for them.
 */
void
pqe_build_run_first(PqeBuild *build)
{
	build->late = list_concat(build->late, run_in_order(build, build->statements));
}

void
pqe_build_run_late(PqeBuild *build)
{
	(void) pqe_build_settle(build, build->late, true);
}

/*
 * Runs ACT on each foreign key that is to be added by a statement of its own.
 */
static void
on_foreign_keys(PqeBuild *build, void (*act) (AlterTableStmt *alter, Constraint *constraint))
{
	ListCell   *lc;

	foreach(lc, build->late)
	{
		PqeStatement *statement = lfirst(lc);
		AlterTableStmt *alter;
		ListCell   *lc2;

		if (!pqe_is_foreign_key(statement))
			continue;
		alter = castNode(AlterTableStmt, statement->raw->stmt);
		foreach(lc2, alter->cmds)
			act(alter, castNode(Constraint, lfirst_node(AlterTableCmd, lc2)->def));
	}
}

static void
believe(AlterTableStmt *alter, Constraint *constraint)
{
	constraint->skip_validation = true;
}

/*
 * In tables without rows, foreign keys are what they say without being
 * checked, as they are in CREATE TABLE.
 */
void
pqe_build_believe_foreign_keys(PqeBuild *build)
{
	on_foreign_keys(build, believe);
}

static void
leave_unvalidated(AlterTableStmt *alter, Constraint *constraint)
{
	Oid			table = RangeVarGetRelid(alter->relation, NoLock, true);

	if (get_rel_relkind(table) == RELKIND_PARTITIONED_TABLE)
		return;
	constraint->skip_validation = true;
	constraint->initially_valid = false;
}

/*
 * Foreign keys are to hold from now on, whatever there is; the server knows
 * no such ones on partitioned tables.
 */
void
pqe_build_leave_unvalidated(PqeBuild *build)
{
	on_foreign_keys(build, leave_unvalidated);
}
