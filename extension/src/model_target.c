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

/*
 * The schema in which a name without one is made; NULL where there is none.
 */
const char *
pqe_first_of_path(const char *search_path)
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

static PqeTarget
of_relation(const RangeVar *relation, const char *search_path)
{
	PqeTarget	target = {NULL, NULL};

	if (relation != NULL)
	{
		target.schema = relation->schemaname ? relation->schemaname : pqe_first_of_path(search_path);
		target.name = relation->relname;
	}
	return target;
}

/*
 * Of what is created ON a relation only the schema is of interest.
 */
static PqeTarget
on_relation(const RangeVar *relation, const char *search_path)
{
	PqeTarget	target = of_relation(relation, search_path);

	target.name = NULL;
	return target;
}

static PqeTarget
of_name(const List *name, const char *search_path)
{
	PqeTarget	target;

	target.schema = list_length(name) >= 2 ?
		strVal(list_nth(name, list_length(name) - 2)) : pqe_first_of_path(search_path);
	target.name = strVal(llast(name));
	return target;
}

static PqeTarget
of_schema(const CreateSchemaStmt *create)
{
	PqeTarget	target = {create->schemaname, NULL};

	if (target.schema == NULL && create->authrole != NULL && create->authrole->roletype == ROLESPEC_CSTRING)
		target.schema = create->authrole->rolename;
	target.name = target.schema;
	return target;
}

/*
 * The object that a statement creates; both names are NULL where it creates
 * nothing in a schema.
 */
PqeTarget
pqe_statement_target(Node *node, const char *search_path)
{
	PqeTarget	none = {NULL, NULL};

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
			return on_relation(castNode(IndexStmt, node)->relation, search_path);
		case T_CreateTrigStmt:
			return on_relation(castNode(CreateTrigStmt, node)->relation, search_path);
		case T_RuleStmt:
			return on_relation(castNode(RuleStmt, node)->relation, search_path);
		case T_CreatePolicyStmt:
			return on_relation(castNode(CreatePolicyStmt, node)->table, search_path);
		case T_CreateEnumStmt:
			return of_name(castNode(CreateEnumStmt, node)->typeName, search_path);
		case T_CreateDomainStmt:
			return of_name(castNode(CreateDomainStmt, node)->domainname, search_path);
		case T_CreateRangeStmt:
			return of_name(castNode(CreateRangeStmt, node)->typeName, search_path);
		case T_CreateFunctionStmt:
			return of_name(castNode(CreateFunctionStmt, node)->funcname, search_path);
		case T_CreateStatsStmt:
			return castNode(CreateStatsStmt, node)->defnames ?
				of_name(castNode(CreateStatsStmt, node)->defnames, search_path) : none;
		case T_CreateOpClassStmt:
			return of_name(castNode(CreateOpClassStmt, node)->opclassname, search_path);
		case T_CreateOpFamilyStmt:
			return of_name(castNode(CreateOpFamilyStmt, node)->opfamilyname, search_path);
		case T_DefineStmt:
			return of_name(castNode(DefineStmt, node)->defnames, search_path);
		default:
			return none;
	}
}
