/*-------------------------------------------------------------------------
 *
 * model_touches.c
 *		Which schemas a statement of a model says something of that it does not
 *		create: ALTER, COMMENT, GRANT and the like.
 *
 * A name without a schema is taken to be in the first schema of the
 * search_path in force, where the models' own objects are.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "model.h"

/*
 * Of a name of at least one part, the last LEFT_OUT of which are not the
 * object's (a column's, a trigger's).
 */
static List *
of_names(const List *names, int left_out, const char *search_path)
{
	int			length = list_length(names) - left_out;
	const char *schema = length >= 2 ? strVal(list_nth(names, length - 2)) : pqe_first_of_path(search_path);

	return schema != NULL ? list_make1(pstrdup(schema)) : NIL;
}

static List *
of_relation(const RangeVar *relation, const char *search_path)
{
	const char *schema;

	if (relation == NULL)
		return NIL;
	schema = relation->schemaname ? relation->schemaname : pqe_first_of_path(search_path);
	return schema != NULL ? list_make1(pstrdup(schema)) : NIL;
}

/*
 * The object of COMMENT and of ALTER ... OWNER, as the grammar gives it.
 */
static List *
of_object(ObjectType type, Node *object, const char *search_path)
{
	switch (type)
	{
		case OBJECT_SCHEMA:
			return list_make1(pstrdup(strVal(object)));
		case OBJECT_TABLE:
		case OBJECT_VIEW:
		case OBJECT_MATVIEW:
		case OBJECT_SEQUENCE:
		case OBJECT_INDEX:
		case OBJECT_FOREIGN_TABLE:
		case OBJECT_COLLATION:
		case OBJECT_STATISTIC_EXT:
		case OBJECT_TSCONFIGURATION:
		case OBJECT_TSDICTIONARY:
		case OBJECT_TSPARSER:
		case OBJECT_TSTEMPLATE:
			return of_names(castNode(List, object), 0, search_path);
		case OBJECT_COLUMN:
		case OBJECT_TABCONSTRAINT:
		case OBJECT_TRIGGER:
		case OBJECT_RULE:
		case OBJECT_POLICY:
			return of_names(castNode(List, object), 1, search_path);
		case OBJECT_TYPE:
		case OBJECT_DOMAIN:
			if (IsA(object, TypeName))
				return of_names(castNode(TypeName, object)->names, 0, search_path);
			return of_names(castNode(List, object), 0, search_path);
		case OBJECT_DOMCONSTRAINT:
			return of_names(linitial_node(TypeName, castNode(List, object))->names, 0, search_path);
		case OBJECT_FUNCTION:
		case OBJECT_PROCEDURE:
		case OBJECT_ROUTINE:
		case OBJECT_AGGREGATE:
		case OBJECT_OPERATOR:
			return of_names(castNode(ObjectWithArgs, object)->objname, 0, search_path);
		case OBJECT_OPCLASS:
		case OBJECT_OPFAMILY:
			/* the access method stands before the name */
			return of_names(list_delete_first(list_copy(castNode(List, object))), 0, search_path);
		default:
			return NIL;
	}
}

static List *
of_grant(const GrantStmt *grant, const char *search_path)
{
	List	   *schemas = NIL;
	ListCell   *lc;

	foreach(lc, grant->objects)
	{
		Node	   *object = lfirst(lc);

		if (grant->targtype == ACL_TARGET_ALL_IN_SCHEMA || grant->objtype == OBJECT_SCHEMA)
			schemas = lappend(schemas, pstrdup(strVal(object)));
		else if (IsA(object, RangeVar))
			schemas = list_concat(schemas, of_relation(castNode(RangeVar, object), search_path));
		else if (IsA(object, ObjectWithArgs) || IsA(object, List))
			schemas = list_concat(schemas, of_object(grant->objtype, object, search_path));
	}
	return schemas;
}

/*
 * The names of the schemas, as char *.
 */
List *
pqe_statement_touches(Node *node, const char *search_path)
{
	switch (nodeTag(node))
	{
		case T_AlterTableStmt:
			return of_relation(castNode(AlterTableStmt, node)->relation, search_path);
		case T_AlterSeqStmt:
			return of_relation(castNode(AlterSeqStmt, node)->sequence, search_path);
		case T_AlterPolicyStmt:
			return of_relation(castNode(AlterPolicyStmt, node)->table, search_path);
		case T_AlterDomainStmt:
			return of_names(castNode(AlterDomainStmt, node)->typeName, 0, search_path);
		case T_AlterEnumStmt:
			return of_names(castNode(AlterEnumStmt, node)->typeName, 0, search_path);
		case T_AlterTypeStmt:
			return of_names(castNode(AlterTypeStmt, node)->typeName, 0, search_path);
		case T_AlterStatsStmt:
			return of_names(castNode(AlterStatsStmt, node)->defnames, 0, search_path);
		case T_AlterFunctionStmt:
			return of_names(castNode(AlterFunctionStmt, node)->func->objname, 0, search_path);
		case T_AlterOperatorStmt:
			return of_names(castNode(AlterOperatorStmt, node)->opername->objname, 0, search_path);
		case T_AlterOpFamilyStmt:
			return of_names(castNode(AlterOpFamilyStmt, node)->opfamilyname, 0, search_path);
		case T_AlterTSConfigurationStmt:
			return of_names(castNode(AlterTSConfigurationStmt, node)->cfgname, 0, search_path);
		case T_AlterTSDictionaryStmt:
			return of_names(castNode(AlterTSDictionaryStmt, node)->dictname, 0, search_path);
		case T_AlterOwnerStmt:
			if (castNode(AlterOwnerStmt, node)->relation != NULL)
				return of_relation(castNode(AlterOwnerStmt, node)->relation, search_path);
			return of_object(castNode(AlterOwnerStmt, node)->objectType, castNode(AlterOwnerStmt, node)->object, search_path);
		case T_CommentStmt:
			return of_object(castNode(CommentStmt, node)->objtype, castNode(CommentStmt, node)->object, search_path);
		case T_GrantStmt:
			return of_grant(castNode(GrantStmt, node), search_path);
		default:
			return NIL;
	}
}
