/*-------------------------------------------------------------------------
 *
 * query_text.c
 *		The query of a view, as the server prints it.
 *
 * pg_get_viewdef() asks the executor for the view's rule, and loads all that is
 * to be known of the view (its rule once more), only to learn what its columns
 * are called.  They are called as the query says, unless they were renamed; so
 * the query goes to the server's printer as it lies in the catalog.
 *
 * What comes from here is what pg_get_viewdef() would say, to the letter
 * (schema_plain.sql compares).
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_rewrite.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#include "rewrite/rewriteSupport.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

/*
 * A view's query; NULL where it has not just one.
 */
static Query *
query_of(Oid view)
{
	Relation	rel = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *actions = NIL;

	ScanKeyInit(&keys[0], Anum_pg_rewrite_ev_class, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(view));
	ScanKeyInit(&keys[1], Anum_pg_rewrite_rulename, BTEqualStrategyNumber, F_NAMEEQ, CStringGetDatum(ViewSelectRuleName));
	scan = systable_beginscan(rel, RewriteRelRulenameIndexId, true, NULL, 2, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		action = heap_getattr(tuple, Anum_pg_rewrite_ev_action, RelationGetDescr(rel), &isnull);

		if (!isnull)
			actions = stringToNode(TextDatumGetCString(action));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return list_length(actions) == 1 ? linitial(actions) : NULL;
}

/*
 * Are the view's columns called as the query's are, and does the printer look
 * for their names just there?
 */
static bool
says_names(const Query *query, List *names)
{
	ListCell   *lc;
	int			i = 0;

	if (query->setOperations != NULL)
		return false;
	foreach(lc, query->rtable)
		if (((RangeTblEntry *) lfirst(lc))->rtekind == RTE_VALUES)
			return false;
	foreach(lc, query->targetList)
	{
		const TargetEntry *entry = lfirst(lc);

		if (entry->resjunk)
			continue;
		if (i >= list_length(names) || strcmp(entry->resname, list_nth(names, i)) != 0)
			return false;
		i++;
	}
	return i == list_length(names);
}

/*
 * Up to PostgreSQL 15 a view's query lists the view itself, as "old" and "new",
 * which nothing in it uses: the printer need not open it for that.
 */
static void
leave_out_itself(Query *query, Oid view)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RangeTblEntry *entry = lfirst(lc);

		if (entry->rtekind == RTE_RELATION && entry->relid == view)
			entry->rtekind = RTE_RESULT;
	}
}

/*
 * Adds the numbers of all that columns are said to be of to a Bitmapset.
 */
static bool
find_named(Node *node, void *named)
{
	if (node == NULL)
		return false;
	if (IsA(node, Var))
	{
		Bitmapset **numbers = named;

		*numbers = bms_add_member(*numbers, ((Var *) node)->varno);
		*numbers = bms_add_member(*numbers, ((Var *) node)->varnosyn);
		return false;
	}
	return expression_tree_walker(node, find_named, named);
}

/*
 * Is the query one of tables and joins, and nothing else?
 */
static bool
is_of_tables(const Query *query)
{
	ListCell   *lc;

	foreach(lc, query->rtable)
	{
		RTEKind		kind = ((RangeTblEntry *) lfirst(lc))->rtekind;

		if (kind != RTE_RELATION && kind != RTE_JOIN && kind != RTE_RESULT)
			return false;
	}
	return !query->hasSubLinks;
}

/*
 * The printer looks up each column that a column of a join stands for, whether
 * it is still there.  That matters for columns that are said to be of the join
 * itself, and for those of USING; for others, leave out what they stand for.
 */
static void
forget_columns_of_joins(Query *query)
{
	Bitmapset  *named = NULL;
	int			number = 0;
	ListCell   *lc;

	if (!is_of_tables(query))
		return;
	(void) query_tree_walker(query, find_named, &named, QTW_IGNORE_JOINALIASES);
	foreach(lc, query->rtable)
	{
		RangeTblEntry *entry = lfirst(lc);

		number++;
		if (entry->rtekind != RTE_JOIN || bms_is_member(number, named))
			continue;
		for (int i = entry->joinmergedcols; i < list_length(entry->joinaliasvars); i++)
			lfirst(list_nth_cell(entry->joinaliasvars, i)) = NULL;
	}
}

/*
 * The text of a view's query, a materialized one's as well.
 */
char *
pqe_view_query(const PqeFact *view)
{
	Oid			relation = view->address.objectId;
	Query	   *query = query_of(relation);

	if (query == NULL || !says_names(query, pqe_column_names(view)))
		return TextDatumGetCString(DirectFunctionCall1(pg_get_viewdef, ObjectIdGetDatum(relation)));
	leave_out_itself(query, relation);
	forget_columns_of_joins(query);
	return pg_get_querydef(query, false);
}
