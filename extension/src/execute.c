/*-------------------------------------------------------------------------
 *
 * execute.c
 *		Runs the statements of a model until all have found what they need.
 *
 * Statements run in the order of the text.  One that misses something (an
 * undefined table, type, function ...) waits until the others have run, and
 * is tried again for as long as that gets anything further.
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

/*
 * Does the error mean that something is not there (yet)?
 */
static bool
misses_something(const ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_OBJECT:
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_UNDEFINED_COLUMN:
		case ERRCODE_UNDEFINED_SCHEMA:
		case ERRCODE_INVALID_FOREIGN_KEY:
		case ERRCODE_INVALID_OBJECT_DEFINITION:
		case ERRCODE_WRONG_OBJECT_TYPE:
			return true;
		default:
			return false;
	}
}

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

static void
run_statement(const PqeStatement *statement)
{
	Node	   *node = statement->raw->stmt;

	if (is_done(node))
		return;
	set_option("search_path", statement->settings.search_path);
	set_option("default_tablespace", statement->settings.tablespace);
	set_option("default_table_access_method", statement->settings.access_method);
	if (IsA(node, SelectStmt))
		run_helper(statement);
	else
		run_planned(statement);
}

static void
add_target(List **targets, ObjectAddress address)
{
	ObjectAddress *copy;

	if (!OidIsValid(address.objectId))
		return;
	copy = palloc(sizeof(ObjectAddress));
	*copy = address;
	*targets = lappend(*targets, copy);
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
			add_target(&build->privilege_targets, object_address(grant->objtype, lfirst(lc)));
	}
	else if (IsA(node, AlterOwnerStmt))
	{
		AlterOwnerStmt *owner = castNode(AlterOwnerStmt, node);

		add_target(&build->owner_targets,
				   object_address(owner->objectType,
								  owner->object ? owner->object : (Node *) owner->relation));
	}
	else if (IsA(node, AlterTableStmt))
	{
		AlterTableStmt *alter = castNode(AlterTableStmt, node);

		foreach(lc, alter->cmds)
			if (lfirst_node(AlterTableCmd, lc)->subtype == AT_ChangeOwner)
				add_target(&build->owner_targets, relation_address(alter->relation));
	}
	else if (IsA(node, CreateSchemaStmt) && castNode(CreateSchemaStmt, node)->authrole != NULL)
	{
		ObjectAddress address;
		const char *name = pqe_statement_target(node, "").schema;

		if (name != NULL)
		{
			ObjectAddressSet(address, NamespaceRelationId, get_namespace_oid(name, true));
			add_target(&build->owner_targets, address);
		}
	}
}

/*
 * Runs a statement in a subtransaction of its own.  Returns NULL, or the error
 * (in the current memory context) where it misses something; any other error
 * is thrown, with its place.
 */
static ErrorData *
try_statement(PqeBuild *build, PqeStatement *statement)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorContextCallback *callbacks = error_context_stack;
	ErrorData  *volatile failure = NULL;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		/* a caller's context would take the position for one in its own query */
		error_context_stack = NULL;
		run_statement(statement);
		note_targets(build, statement->raw->stmt);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		failure = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	error_context_stack = callbacks;
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	if (failure != NULL && !misses_something(failure))
		pqe_model_rethrow(statement->file, statement->location, statement, failure);
	return failure;
}

/*
 * Does the error speak of something that a waiting statement would create?
 */
static bool
waits_for_another(const ErrorData *failure, List *waiting, const PqeStatement *self)
{
	ListCell   *lc;

	foreach(lc, waiting)
	{
		PqeStatement *other = lfirst(lc);

		if (other != self && other->target_name != NULL &&
			strstr(failure->message, other->target_name) != NULL)
			return true;
	}
	return false;
}

/*
 * Nothing gets any further: report a statement that does not merely wait for
 * another one that is stuck.
 */
static void
report_stuck(List *waiting, List *failures)
{
	int			culprit = 0;
	PqeStatement *stuck;

	for (int i = 0; i < list_length(waiting); i++)
	{
		if (!waits_for_another(list_nth(failures, i), waiting, list_nth(waiting, i)))
		{
			culprit = i;
			break;
		}
	}
	stuck = list_nth(waiting, culprit);
	pqe_model_rethrow(stuck->file, stuck->location, stuck, list_nth(failures, culprit));
}

/*
 * Runs all of them, in as many rounds as it takes.  Gives those that wait for
 * something still, or reports one of them if nothing more is to come (FINAL).
 */
static List *
run_until_settled(PqeBuild *build, List *statements, bool final)
{
	while (statements != NIL)
	{
		List	   *waiting = NIL;
		List	   *failures = NIL;
		ListCell   *lc;

		foreach(lc, statements)
		{
			PqeStatement *statement = lfirst(lc);
			ErrorData  *failure;

			CHECK_FOR_INTERRUPTS();
			failure = try_statement(build, statement);
			if (failure == NULL)
				continue;
			failures = lappend(failures, failure);
			waiting = lappend(waiting, statement);
		}
		if (list_length(waiting) == list_length(statements))
		{
			if (final)
				report_stuck(waiting, failures);
			return waiting;
		}
		statements = waiting;
	}
	return NIL;
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

	build->indexes = pqe_take_batchable_indexes(&statements);
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
			stretch = run_until_settled(build, stretch, false);
		stretch = lappend(stretch, statement);
	}
	return run_until_settled(build, stretch, false);
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
	(void) run_until_settled(build, build->late, true);
}

/*
 * Foreign keys are to be believed, not checked; the server knows no such ones
 * on partitioned tables.
 */
void
pqe_build_leave_unvalidated(PqeBuild *build)
{
	ListCell   *lc;

	foreach(lc, build->late)
	{
		PqeStatement *statement = lfirst(lc);
		ListCell   *lc2;

		if (!pqe_is_foreign_key(statement) ||
			get_rel_relkind(RangeVarGetRelid(castNode(AlterTableStmt, statement->raw->stmt)->relation, NoLock, true))
			== RELKIND_PARTITIONED_TABLE)
			continue;
		foreach(lc2, castNode(AlterTableStmt, statement->raw->stmt)->cmds)
		{
			Constraint *constraint = castNode(Constraint, lfirst_node(AlterTableCmd, lc2)->def);

			constraint->skip_validation = true;
			constraint->initially_valid = false;
		}
	}
}

void
pqe_build_run_batch(PqeBuild *build, List *statements)
{
	(void) run_until_settled(build, statements, true);
}
