/*-------------------------------------------------------------------------
 *
 * model_statement.c
 *		Which statements a model may hold, and what they are to it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "catalog/pg_class.h"
#include "tcop/cmdtag.h"
#include "tcop/utility.h"

#include "model.h"

/*
 * Is this "SELECT schema.function(...)" and nothing more?
 */
bool
pqe_is_helper_call(SelectStmt *select, const char *schema, const char **name, List **args)
{
	ResTarget  *target;
	FuncCall   *call;

	if (select->op != SETOP_NONE || select->valuesLists != NIL || select->fromClause != NIL ||
		select->whereClause != NULL || select->withClause != NULL || select->intoClause != NULL ||
		list_length(select->targetList) != 1)
		return false;
	target = linitial_node(ResTarget, select->targetList);
	if (!IsA(target->val, FuncCall))
		return false;
	call = castNode(FuncCall, target->val);
	if (list_length(call->funcname) != 2 || strcmp(strVal(linitial(call->funcname)), schema) != 0)
		return false;
	*name = strVal(lsecond(call->funcname));
	*args = call->args;
	return true;
}

/*
 * The functions that declare something when a model calls them.
 */
static bool
is_model_helper(const char *name)
{
	static const char *const helpers[] = {"many_to_many", "install_trigger"};

	for (int i = 0; i < lengthof(helpers); i++)
		if (strcmp(helpers[i], name) == 0)
			return true;
	return false;
}

static bool
are_constants(List *args)
{
	ListCell   *lc;

	foreach(lc, args)
	{
		Node	   *arg = lfirst(lc);

		if (IsA(arg, NamedArgExpr))
			arg = (Node *) castNode(NamedArgExpr, arg)->arg;
		while (IsA(arg, TypeCast))
			arg = castNode(TypeCast, arg)->arg;
		if (!IsA(arg, A_Const))
			return false;
	}
	return true;
}

static PqeStatementClass
classify_select(SelectStmt *select)
{
	const char *name;
	List	   *args;

	if (pqe_is_helper_call(select, "pqengine", &name, &args) && strcmp(name, "renamed") == 0)
		return are_constants(args) ? PQE_STATEMENT_RENAMES : PQE_STATEMENT_REFUSED;
	if (pqe_is_helper_call(select, "pqengine", &name, &args))
		return is_model_helper(name) && are_constants(args) ? PQE_STATEMENT_DECLARES : PQE_STATEMENT_REFUSED;
	if (pqe_is_helper_call(select, "pg_catalog", &name, &args) && strcmp(name, "set_config") == 0)
		return PQE_STATEMENT_SETS;
	return PQE_STATEMENT_REFUSED;
}

/*
 * Of what belongs to the whole cluster, or is the database itself, a model has
 * nothing to say.
 */
static bool
is_beyond_models(ObjectType type)
{
	switch (type)
	{
		case OBJECT_DATABASE:
		case OBJECT_ROLE:
		case OBJECT_TABLESPACE:
		case OBJECT_LARGEOBJECT:
		case OBJECT_SUBSCRIPTION:
			return true;
		default:
			return false;
	}
}

/*
 * What the statement is to a model.
 */
PqeStatementClass
pqe_classify_statement(Node *node)
{
	switch (nodeTag(node))
	{
		case T_SelectStmt:
			return classify_select(castNode(SelectStmt, node));
		case T_VariableSetStmt:
			return castNode(VariableSetStmt, node)->is_local ||
				castNode(VariableSetStmt, node)->kind == VAR_SET_MULTI ?
				PQE_STATEMENT_REFUSED : PQE_STATEMENT_SETS;
		case T_CreateStmt:
			return castNode(CreateStmt, node)->relation->relpersistence == RELPERSISTENCE_TEMP ?
				PQE_STATEMENT_REFUSED : PQE_STATEMENT_DECLARES;
		case T_CreateTableAsStmt:
			return castNode(CreateTableAsStmt, node)->objtype == OBJECT_MATVIEW ?
				PQE_STATEMENT_DECLARES : PQE_STATEMENT_REFUSED;
		case T_ViewStmt:
			return castNode(ViewStmt, node)->view->relpersistence == RELPERSISTENCE_TEMP ?
				PQE_STATEMENT_REFUSED : PQE_STATEMENT_DECLARES;
		case T_CreateSeqStmt:
			return castNode(CreateSeqStmt, node)->sequence->relpersistence == RELPERSISTENCE_TEMP ?
				PQE_STATEMENT_REFUSED : PQE_STATEMENT_DECLARES;
		case T_CreateForeignTableStmt:
		case T_CreateSchemaStmt:
		case T_CreateExtensionStmt:
		case T_CreateEnumStmt:
		case T_AlterEnumStmt:
		case T_CreateDomainStmt:
		case T_AlterDomainStmt:
		case T_CompositeTypeStmt:
		case T_CreateRangeStmt:
		case T_DefineStmt:
		case T_AlterSeqStmt:
		case T_IndexStmt:
		case T_CreateFunctionStmt:
		case T_AlterFunctionStmt:
		case T_CreateTrigStmt:
		case T_RuleStmt:
		case T_CreatePolicyStmt:
		case T_AlterPolicyStmt:
		case T_CreateStatsStmt:
		case T_AlterStatsStmt:
		case T_CreateCastStmt:
		case T_CreateOpClassStmt:
		case T_CreateOpFamilyStmt:
		case T_AlterOpFamilyStmt:
		case T_CreateEventTrigStmt:
		case T_AlterEventTrigStmt:
		case T_CreatePublicationStmt:
		case T_AlterPublicationStmt:
		case T_CreateFdwStmt:
		case T_AlterFdwStmt:
		case T_CreateForeignServerStmt:
		case T_AlterForeignServerStmt:
		case T_AlterTableStmt:
		case T_AlterObjectSchemaStmt:
		case T_AlterObjectDependsStmt:
			return PQE_STATEMENT_DECLARES;
		case T_AlterOwnerStmt:
			return is_beyond_models(castNode(AlterOwnerStmt, node)->objectType) ? PQE_STATEMENT_REFUSED : PQE_STATEMENT_DECLARES;
		case T_RenameStmt:
			return is_beyond_models(castNode(RenameStmt, node)->renameType) ? PQE_STATEMENT_REFUSED : PQE_STATEMENT_DECLARES;
		case T_CommentStmt:
			return is_beyond_models(castNode(CommentStmt, node)->objtype) ? PQE_STATEMENT_REFUSED : PQE_STATEMENT_DECLARES;
		case T_GrantStmt:
			return is_beyond_models(castNode(GrantStmt, node)->objtype) ? PQE_STATEMENT_REFUSED : PQE_STATEMENT_DECLARES;
		case T_SecLabelStmt:
		case T_AlterDefaultPrivilegesStmt:
		case T_AlterTypeStmt:
		case T_AlterOperatorStmt:
		case T_AlterCollationStmt:
		case T_AlterTSDictionaryStmt:
		case T_AlterTSConfigurationStmt:
		case T_CreateConversionStmt:
		case T_CreateTransformStmt:
			return PQE_STATEMENT_DECLARES;
		default:
			return PQE_STATEMENT_REFUSED;
	}
}

/*
 * What to call a statement that a model may not hold.
 */
static const char *
refused_name(Node *node)
{
	if (IsA(node, CreateStmt))
		return "a temporary table";
	if (IsA(node, ViewStmt))
		return "a temporary view";
	if (IsA(node, CreateSeqStmt))
		return "a temporary sequence";
	return GetCommandTagName(CreateCommandTag(node));
}

/*
 * Says, with its place, why the statement may not be in a model.
 */
void
pqe_refuse_statement(const PqeStatement *statement)
{
	Node	   *node = statement->raw->stmt;
	ErrorData  *error = palloc0(sizeof(ErrorData));
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 IsA(node, SelectStmt) ?
				 errmsg("a model may hold no query but calls of pqengine's model helpers with constants") :
				 IsA(node, CommentStmt) || IsA(node, GrantStmt) || IsA(node, AlterOwnerStmt) || IsA(node, RenameStmt) ?
				 errmsg("a model has nothing to say of a database, a role, a tablespace or the like") :
				 errmsg("%s is not allowed in a model", refused_name(node)),
				 errhint("A model declares what the database should hold: CREATE, ALTER, COMMENT, GRANT, SECURITY LABEL, SET, SELECT pqengine.many_to_many(...), SELECT pqengine.install_trigger(...), SELECT pqengine.renamed(...). Rows belong in a migration; to drop an object, take it out of the models.")));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		pqe_model_rethrow(statement->file, statement->location, statement, error);
	}
	PG_END_TRY();
	pg_unreachable();
}
