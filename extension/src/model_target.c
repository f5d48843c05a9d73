/*-------------------------------------------------------------------------
 *
 * model_target.c
 *		Which schema a statement of a model creates its object in.
 *
 * This is what the managed scope is made of when the option "schemas" does
 * not say it.  Names come from the raw parse tree; a name without a schema
 * goes to the first schema of the search_path in force.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "utils/builtins.h"
#include "utils/varlena.h"

#include "model.h"

static const char *
first_of_path(const char *search_path)
{
	char	   *copy = pstrdup(search_path);
	List	   *names;
	ListCell   *lc;

	if (!SplitIdentifierString(copy, ',', &names))
		return NULL;
	foreach(lc, names)
	{
		const char *name = lfirst(lc);

		if (strcmp(name, "$user") != 0 && strcmp(name, "pg_catalog") != 0)
			return pstrdup(name);
	}
	return NULL;
}

static const char *
of_relation(const RangeVar *relation, const char *search_path)
{
	if (relation == NULL)
		return NULL;
	return relation->schemaname ? relation->schemaname : first_of_path(search_path);
}

static const char *
of_name(const List *name, const char *search_path)
{
	if (list_length(name) >= 2)
		return strVal(list_nth(name, list_length(name) - 2));
	return first_of_path(search_path);
}

static const char *
of_define(const DefineStmt *define, const char *search_path)
{
	return of_name(define->defnames, search_path);
}

static const char *
of_schema(const CreateSchemaStmt *create)
{
	if (create->schemaname != NULL)
		return create->schemaname;
	if (create->authrole != NULL && create->authrole->roletype == ROLESPEC_CSTRING)
		return create->authrole->rolename;
	return NULL;
}

/*
 * NULL for a statement that creates nothing in a schema.
 */
const char *
pqe_statement_target_schema(Node *node, const char *search_path)
{
	switch (nodeTag(node))
	{
		case T_CreateSchemaStmt:
			return of_schema(castNode(CreateSchemaStmt, node));
		case T_CreateStmt:
			return of_relation(castNode(CreateStmt, node)->relation, search_path);
		case T_CreateForeignTableStmt:
			return of_relation(castNode(CreateForeignTableStmt, node)->base.relation, search_path);
		case T_CreateTableAsStmt:
			return of_relation(castNode(CreateTableAsStmt, node)->into->rel, search_path);
		case T_ViewStmt:
			return of_relation(castNode(ViewStmt, node)->view, search_path);
		case T_CreateSeqStmt:
			return of_relation(castNode(CreateSeqStmt, node)->sequence, search_path);
		case T_CompositeTypeStmt:
			return of_relation(castNode(CompositeTypeStmt, node)->typevar, search_path);
		case T_IndexStmt:
			return of_relation(castNode(IndexStmt, node)->relation, search_path);
		case T_CreateTrigStmt:
			return of_relation(castNode(CreateTrigStmt, node)->relation, search_path);
		case T_RuleStmt:
			return of_relation(castNode(RuleStmt, node)->relation, search_path);
		case T_CreatePolicyStmt:
			return of_relation(castNode(CreatePolicyStmt, node)->table, search_path);
		case T_CreateEnumStmt:
			return of_name(castNode(CreateEnumStmt, node)->typeName, search_path);
		case T_CreateDomainStmt:
			return of_name(castNode(CreateDomainStmt, node)->domainname, search_path);
		case T_CreateRangeStmt:
			return of_name(castNode(CreateRangeStmt, node)->typeName, search_path);
		case T_CreateFunctionStmt:
			return of_name(castNode(CreateFunctionStmt, node)->funcname, search_path);
		case T_CreateStatsStmt:
			return of_name(castNode(CreateStatsStmt, node)->defnames, search_path);
		case T_CreateOpClassStmt:
			return of_name(castNode(CreateOpClassStmt, node)->opclassname, search_path);
		case T_CreateOpFamilyStmt:
			return of_name(castNode(CreateOpFamilyStmt, node)->opfamilyname, search_path);
		case T_DefineStmt:
			return of_define(castNode(DefineStmt, node), search_path);
		default:
			return NULL;
	}
}
