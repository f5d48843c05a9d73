/*-------------------------------------------------------------------------
 *
 * order.c
 *		Puts the actions of a plan in order.
 *
 * The edges are edges.c's.  An action may be done inside another's statement (a column inside its table's CREATE, an
 * index with its table's DROP); where that closes a cycle, as foreign keys
 * between two new tables do, the action becomes a statement of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "lib/binaryheap.h"
#include "miscadmin.h"

#include "plan.h"

static void
put_inside(PqeAction *action, PqeAction *outer)
{
	action->inside = outer;
	outer->holds = lappend(outer->holds, action);
}

/*
 * Of a part of what is set aside: does it lean on a table's place below that,
 * which is left before (a foreign key to the whole, which is one to each of its
 * partitions)?
 */
static bool
leans_on_leaving(const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, fact->depends_on)
	{
		const PqeFact *join = lfirst(lc);

		if (join->kind->joins && join->drop_action != NULL && join->parent->goes_with == NULL)
			return true;
	}
	return false;
}

/*
 * Creates go inside their parent's CREATE where both kinds agree; drops go
 * with whatever takes the fact along.
 */
static void
nest_action(PqeAction *action)
{
	PqeFact    *fact = action->fact;
	PqeFact    *parent = fact->parent;

	if (action->type == PQE_CREATE && pqe_can_inline(fact) && parent->create_action != NULL)
		put_inside(action, parent->create_action);
	if (action->type != PQE_DROP)
		return;
	if (parent != NULL && parent->drop_action != NULL)
	{
		/* what is set aside leaves its parent first, unless they go together */
		if (!(fact->kind->joins && parent->retire_action != NULL && parent->goes_with == NULL) &&
			!(parent->retire_action != NULL && leans_on_leaving(fact)))
			put_inside(action, parent->drop_action);
	}
	else if (fact->goes_with != NULL && fact->goes_with->drop_action != NULL && !pqe_leaves(parent))
		put_inside(action, fact->goes_with->drop_action);
}

static void gate(PqeAction *action);

/*
 * Is what is to go in the way of the ALTER?  The server sees to a default that
 * is to be gone by itself.
 */
static bool
is_in_the_way(const PqeAction *drop, const PqeAction *alter)
{
	if (drop->type != PQE_DROP || alter->type != PQE_ALTER || alter->from->kind->disturbs == NULL ||
		(!drop->rebuild && drop->fact->parent == alter->from))
		return false;
	return alter->from->kind->disturbs(alter->from, alter->fact, drop->fact);
}

/*
 * What cannot be done without a gated action is gated as well: the create
 * that takes a dropped table's name, and all that needs it.
 */
static void
gate_successors(PqeAction *action)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, action->before)
	{
		PqeEdge    *edge = lfirst(lc);

		if (!edge->soft || is_in_the_way(action, edge->later))
			gate(pqe_doer(edge->later));
	}
	foreach(lc, action->holds)
		gate_successors(lfirst(lc));
}

/*
 * What is taken down for a gated rebuild is taken down only if that happens.
 */
static void
gate_dependents(PqeFact *actual)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, actual->dependents)
	{
		PqeFact    *dependent = lfirst(lc);

		if (dependent->drop_action == NULL || dependent->drop_action->gated)
			continue;
		gate(dependent->drop_action);
		gate_dependents(dependent);
	}
	if (actual->retire_action == NULL)
		return;
	foreach(lc, actual->children)
	{
		PqeFact    *child = lfirst(lc);

		if (child->drop_action != NULL && child->drop_action->inside == NULL)
			child->drop_action->gated = true;
		gate_dependents(child);
	}
}

/*
 * Of what is made anew, nothing is done where not all of it may be: neither is
 * it taken down to come back with leave only, nor are rows set aside to be moved
 * with leave only.
 */
static void
gate_rebuild(PqeAction *action)
{
	PqeFact    *actual = action->type == PQE_CREATE && action->fact->peer != NULL ? action->fact->peer : action->fact;
	PqeAction  *first = actual->retire_action != NULL ? actual->retire_action : actual->drop_action;

	if (!action->rebuild || first == NULL)
		return;
	if (first != action)
		gate(pqe_doer(first));
	else
		gate_dependents(actual);
}

static void
gate(PqeAction *action)
{
	if (action->gated)
		return;
	check_stack_depth();
	action->gated = true;
	gate_successors(action);
	gate_rebuild(action);
}

/*
 * Is it for the user to say whether this may happen?  Yes for what the models
 * no longer hold, unless it only makes room, and for all that loses rows or
 * values on the way.
 */
static bool
wants_gate(const PqeAction *action)
{
	const PqeFact *fact = action->fact;
	const PqeKind *kind = fact->kind;
	bool		derived = kind->rebuilds != NULL && kind->rebuilds(fact);

	switch (action->type)
	{
		case PQE_DROP:
			if (fact->retire_action != NULL)
				return false;	/* its rows have moved */
			if (kind->holds_data && !derived)
				return true;
			return action->wanted_gone && !action->makes_room && !kind->is_setting;
		case PQE_ALTER:
			return kind->loses_data != NULL && kind->loses_data(action->from, fact);
		case PQE_RETIRE:
			return kind->loses_data != NULL && fact->peer != NULL && kind->loses_data(fact, fact->peer);
		case PQE_CREATE:
			return false;
	}
	return false;
}

/*
 * Objects that are gone for good come last when they may not go: whoever runs
 * the plan can leave that part out.
 */
static void
decide_gates(PqePlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		if (action->inside == NULL && wants_gate(action))
			gate(action);
	}
}

/*
 * The order among actions that are ready: drops that make room, then what the
 * kinds' ranks say, then what is only to be gone, what bears on all that is
 * made after it (where it goes, it goes with the first), and what waits for
 * leave; then the order of the facts.
 */
static int64
preference(const PqePlan *plan, const PqeAction *action)
{
	int64		group;
	int64		rank = action->fact->kind->rank;

	if (action->gated && !plan->options->allow_drop)
		group = 4;
	else if (action->fact->kind->comes_last)
		group = action->type == PQE_DROP ? 0 : 3;
	else if (action->type == PQE_DROP)
		group = action->wanted_gone ? 2 : 0;
	else
		group = 1;
	/* rows are set aside late, so that they are moved soon and in one transaction */
	if (action->type == PQE_RETIRE && action->fact->kind->holds_data)
		rank = 1000;
	return group << 48 | (action->type == PQE_DROP ? 1000 - rank : rank) << 32 |
		(action->type == PQE_DROP ? 0x7fffffff - action->fact->position : action->fact->position);
}

typedef struct Ready
{
	int64		preference;
	PqeAction  *action;
} Ready;

static int
compare_ready(Datum a, Datum b, void *arg)
{
	int64		x = ((Ready *) DatumGetPointer(a))->preference;
	int64		y = ((Ready *) DatumGetPointer(b))->preference;

	return x < y ? 1 : x > y ? -1 : 0;	/* the heap gives its largest first */
}

static void
make_ready(PqePlan *plan, binaryheap *heap, PqeAction *action)
{
	Ready	   *ready = palloc(sizeof(Ready));

	ready->preference = preference(plan, action);
	ready->action = action;
	binaryheap_add(heap, PointerGetDatum(ready));
}

/*
 * Does the edge hold back an action other than OUTER, its own?
 */
static bool
holds_back(const PqeEdge *edge, const PqeAction *outer)
{
	return !edge->given_up && pqe_doer(edge->later) != outer;
}

static void
count_edges(PqeAction *action, PqeAction *outer)
{
	ListCell   *lc;

	foreach(lc, action->before)
		if (holds_back(lfirst(lc), outer))
			pqe_doer(((PqeEdge *) lfirst(lc))->later)->waits_for++;
	foreach(lc, action->holds)
		count_edges(lfirst(lc), outer);
}

static void
release_edges(PqePlan *plan, binaryheap *heap, PqeAction *action, PqeAction *outer)
{
	ListCell   *lc;

	foreach(lc, action->before)
	{
		PqeAction  *later = pqe_doer(((PqeEdge *) lfirst(lc))->later);

		if (holds_back(lfirst(lc), outer) && --later->waits_for == 0)
			make_ready(plan, heap, later);
	}
	foreach(lc, action->holds)
		release_edges(plan, heap, lfirst(lc), outer);
}

/*
 * One attempt; gives the actions in order, fewer than there are where they
 * form a cycle.
 */
static List *
sort_actions(PqePlan *plan)
{
	binaryheap *heap = binaryheap_allocate(list_length(plan->actions) + 1, compare_ready, NULL);
	List	   *sorted = NIL;
	ListCell   *lc;

	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		action->waits_for = 0;
		action->done = false;
	}
	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		if (action->inside == NULL)
			count_edges(action, action);
	}
	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		if (action->inside == NULL && action->waits_for == 0)
			make_ready(plan, heap, action);
	}
	while (!binaryheap_empty(heap))
	{
		Ready	   *ready = (Ready *) DatumGetPointer(binaryheap_remove_first(heap));

		CHECK_FOR_INTERRUPTS();
		ready->action->done = true;
		sorted = lappend(sorted, ready->action);
		release_edges(plan, heap, ready->action, ready->action);
	}
	binaryheap_free(heap);
	return sorted;
}

/*
 * Notes, for every action that waits, one edge that holds it back.
 */
static void
note_blockers(PqeAction *action, PqeAction *outer)
{
	ListCell   *lc;

	foreach(lc, action->before)
		if (holds_back(lfirst(lc), outer))
			pqe_doer(((PqeEdge *) lfirst(lc))->later)->blocker = lfirst(lc);
	foreach(lc, action->holds)
		note_blockers(lfirst(lc), outer);
}

/*
 * The edges of one cycle among the actions that could not be placed.
 */
static List *
find_cycle(PqePlan *plan)
{
	PqeAction  *at = NULL;
	PqeAction  *start;
	List	   *edges = NIL;
	ListCell   *lc;

	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		action->seen = false;
		if (action->inside != NULL || action->done)
			continue;
		note_blockers(action, action);
		at = action;
	}
	/* walking backwards among actions that all wait must come round */
	while (!at->seen)
	{
		at->seen = true;
		at = pqe_doer(at->blocker->first);
	}
	start = at;
	do
	{
		edges = lappend(edges, at->blocker);
		at = pqe_doer(at->blocker->first);
	} while (at != start);
	return edges;
}

/*
 * Does it go with something that is set aside, where its own name is no longer
 * what it was?
 */
static bool
is_set_aside(const PqeAction *action)
{
	return action->type == PQE_DROP && pqe_doer((PqeAction *) action)->fact->retire_action != NULL;
}

/*
 * Takes the dependent ends of a cycle's edges out of the statements that they
 * were to be done in; LIGHT: only what can well be said later (a constraint, a
 * default), no column and no inheritance.
 */
static bool
take_out(List *edges, bool light)
{
	bool		any = false;
	ListCell   *lc;

	foreach(lc, edges)
	{
		PqeEdge    *edge = lfirst(lc);
		PqeAction  *dependent = edge->first->type == PQE_DROP ? edge->first : edge->later;

		if (dependent->inside == NULL || is_set_aside(dependent) ||
			(light && (dependent->fact->kind->joins || dependent->fact->kind->holds_data)))
			continue;
		dependent->inside->holds = list_delete_ptr(dependent->inside->holds, dependent);
		dependent->inside = NULL;
		any = true;
	}
	return any;
}

static bool
give_up_wish(List *edges)
{
	ListCell   *lc;

	foreach(lc, edges)
	{
		PqeEdge    *edge = lfirst(lc);

		if (edge->soft)
		{
			edge->given_up = true;
			if (edge->first->type == PQE_CREATE)
				edge->later->fact->made_before = lappend(edge->later->fact->made_before, edge->first->fact);
			return true;
		}
	}
	return false;
}

/*
 * Opens a cycle.  False if that is not possible.
 */
static bool
open_cycle(List *edges)
{
	return take_out(edges, true) || give_up_wish(edges) || take_out(edges, false);
}

static void
report_cycle(PqePlan *plan)
{
	StringInfoData names;
	ListCell   *lc;
	int			count = 0;

	initStringInfo(&names);
	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		if (action->done || action->inside != NULL || count++ >= 10)
			continue;
		appendStringInfo(&names, "%s%s %s", names.len ? ", " : "", action->fact->kind->name,
						 action->fact->identity);
	}
	ereport(ERROR,
			(errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			 errmsg("the changes depend on each other in a circle"),
			 errdetail("Among: %s.", names.data),
			 errhint("Make the change in two steps.")));
}

static int
statement_count(PqePlan *plan)
{
	int			count = 0;
	ListCell   *lc;

	foreach(lc, plan->actions)
		if (((PqeAction *) lfirst(lc))->inside == NULL)
			count++;
	return count;
}

/*
 * Orders the plan's actions.  Those that are done inside others are left out
 * of the list.
 */
void
pqe_plan_order(PqePlan *plan)
{
	List	   *sorted;
	ListCell   *lc;

	foreach(lc, plan->actions)
		nest_action(lfirst(lc));
	pqe_plan_edges(plan);
	decide_gates(plan);
	for (;;)
	{
		sorted = sort_actions(plan);
		if (list_length(sorted) == statement_count(plan))
			break;
		if (!open_cycle(find_cycle(plan)))
			report_cycle(plan);
	}
	plan->actions = sorted;
}
