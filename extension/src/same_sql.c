/*-------------------------------------------------------------------------
 *
 * same_sql.c
 *		Are two deparsed texts the same SQL?
 *
 * The server's deparsed text is not always a fixed point: nested ANDs come
 * back flat, and an IN list over varchar prints as (ARRAY['a'::varchar])::text[]
 * and, parsed from that, as ARRAY[('a'::varchar)::text].  So texts that differ
 * are parsed by the raw parser (which flattens), and casts of array
 * constructors are pushed down to the elements, which is what the server's
 * parse analysis does with them.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parser.h"
#include "utils/memutils.h"

#include "plan.h"

static Node *push_casts(Node *node);

/*
 * What a text of a fact may be a part of.
 */
static const char *const frames[] = {
	"%s",
	"SELECT %s",
	"ALTER TABLE t ADD CONSTRAINT c %s",
};

static List *
try_parse(const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	List	   *volatile tree = NIL;

	PG_TRY();
	{
		tree = raw_parser(text, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		/* the raw parser holds no resources: nothing else to undo */
		MemoryContextSwitchTo(context);
		FlushErrorState();
	}
	PG_END_TRY();
	return tree;
}

static List *
parse_framed(const char *text, int frame)
{
	/* the frames are constants of this file */
	char	   *whole = frame == 0 ? pstrdup(text) :
		psprintf("%.*s%s%s", (int) (strstr(frames[frame], "%s") - frames[frame]), frames[frame],
				 text, strstr(frames[frame], "%s") + 2);

	return try_parse(whole);
}

/*
 * The cast's type for an element: one dimension less.
 */
static TypeName *
element_type(TypeName *type)
{
	TypeName   *element = copyObject(type);

	element->arrayBounds = list_delete_last(element->arrayBounds);
	return element;
}

static Node *
push_one(TypeCast *cast)
{
	A_ArrayExpr *array;
	ListCell   *lc;

	if (!IsA(cast->arg, A_ArrayExpr) || cast->typeName->arrayBounds == NIL)
		return (Node *) cast;
	array = copyObject(castNode(A_ArrayExpr, cast->arg));
	foreach(lc, array->elements)
	{
		TypeCast   *inner = makeNode(TypeCast);

		inner->arg = lfirst(lc);
		inner->typeName = element_type(cast->typeName);
		inner->location = -1;
		lfirst(lc) = push_one(inner);
	}
	return (Node *) array;
}

/*
 * Changes casts in place below a node, wherever the walker leads.
 */
static bool
push_below(Node *node, void *context)
{
	if (node == NULL || IsA(node, SQLValueFunction) || IsA(node, NotifyStmt))
		return false;			/* leaves that the walker of 15 does not know */
	if (IsA(node, ReturnStmt))
	{
		/* which it does not know either */
		castNode(ReturnStmt, node)->returnval = push_casts(castNode(ReturnStmt, node)->returnval);
		return push_below(castNode(ReturnStmt, node)->returnval, context);
	}
	if (IsA(node, TypeCast))
		castNode(TypeCast, node)->arg = push_casts(castNode(TypeCast, node)->arg);
	else if (IsA(node, A_Expr))
	{
		castNode(A_Expr, node)->lexpr = push_casts(castNode(A_Expr, node)->lexpr);
		castNode(A_Expr, node)->rexpr = push_casts(castNode(A_Expr, node)->rexpr);
	}
	else if (IsA(node, ResTarget))
		castNode(ResTarget, node)->val = push_casts(castNode(ResTarget, node)->val);
	else if (IsA(node, FuncCall))
	{
		ListCell   *lc;

		foreach(lc, castNode(FuncCall, node)->args)
			lfirst(lc) = push_casts(lfirst(lc));
	}
	return raw_expression_tree_walker(node, push_below, context);
}

static Node *
push_casts(Node *node)
{
	if (node != NULL && IsA(node, TypeCast))
		return push_one(castNode(TypeCast, node));
	return node;
}

/*
 * Utility statements are no expression trees: look where they hold one.
 */
static void
push_in_statement(Node *node)
{
	ListCell   *lc;

	switch (nodeTag(node))
	{
		case T_AlterTableStmt:
			foreach(lc, castNode(AlterTableStmt, node)->cmds)
			{
				Node	   *def = lfirst_node(AlterTableCmd, lc)->def;

				if (def != NULL && IsA(def, Constraint))
				{
					castNode(Constraint, def)->raw_expr = push_casts(castNode(Constraint, def)->raw_expr);
					push_below(castNode(Constraint, def)->raw_expr, NULL);
					push_below(castNode(Constraint, def)->where_clause, NULL);
				}
			}
			break;
		case T_IndexStmt:
			push_below(castNode(IndexStmt, node)->whereClause, NULL);
			foreach(lc, castNode(IndexStmt, node)->indexParams)
			{
				IndexElem  *element = lfirst_node(IndexElem, lc);

				element->expr = push_casts(element->expr);
				push_below(element->expr, NULL);
			}
			break;
		case T_CreateTrigStmt:
			push_below(castNode(CreateTrigStmt, node)->whenClause, NULL);
			break;
		case T_RuleStmt:
			push_below(castNode(RuleStmt, node)->whereClause, NULL);
			foreach(lc, castNode(RuleStmt, node)->actions)
				push_below(lfirst(lc), NULL);
			break;
		case T_CreateFunctionStmt:
			if (castNode(CreateFunctionStmt, node)->sql_body != NULL)
				push_below(castNode(CreateFunctionStmt, node)->sql_body, NULL);
			break;
		case T_CreateStatsStmt:
			foreach(lc, castNode(CreateStatsStmt, node)->exprs)
				push_below(lfirst_node(StatsElem, lc)->expr, NULL);
			break;
		case T_SelectStmt:
			push_below(node, NULL);
			break;
		default:
			break;
	}
}

static bool
same_trees(List *a, List *b)
{
	ListCell   *lc;

	foreach(lc, a)
		push_in_statement(lfirst_node(RawStmt, lc)->stmt);
	foreach(lc, b)
		push_in_statement(lfirst_node(RawStmt, lc)->stmt);
	if (list_length(a) != list_length(b))
		return false;
	for (int i = 0; i < list_length(a); i++)
		if (!equal(list_nth_node(RawStmt, a, i)->stmt, list_nth_node(RawStmt, b, i)->stmt))
			return false;
	return true;
}

/*
 * Texts that cannot be parsed are the same only if they are equal.
 */
bool
pqe_same_sql(const char *a, const char *b)
{
	MemoryContext work;
	MemoryContext old;
	bool		same = false;

	if (a == NULL || b == NULL)
		return a == b;
	if (strcmp(a, b) == 0)
		return true;
	work = AllocSetContextCreate(CurrentMemoryContext, "pqengine compare", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	for (int frame = 0; frame < lengthof(frames); frame++)
	{
		List	   *tree_a = parse_framed(a, frame);
		List	   *tree_b = tree_a != NIL ? parse_framed(b, frame) : NIL;

		if (tree_b != NIL)
		{
			same = same_trees(tree_a, tree_b);
			break;
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(work);
	return same;
}
