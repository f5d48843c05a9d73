/*-------------------------------------------------------------------------
 *
 * order.c
 *		Puts the actions of a plan in order.
 *
 * Edges come from the dependencies of both sides: drops go against those of
 * the actual side, creates along those of the desired one.  An action may be
 * done inside another's statement (a column inside its table's CREATE, an
 * index with its table's DROP); where that closes a cycle, as foreign keys
 * between two new tables do, the action becomes a statement of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "common/hashfn.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "utils/hsearch.h"

#include "plan.h"

/* The action whose statement does this one's work. */
static PqeAction *
doer(PqeAction *action)
{
	while (action->inside != NULL)
		action = action->inside;
	return action;
}

static void
put_inside(PqeAction *action, PqeAction *outer)
{
	action->inside = outer;
	outer->holds = lappend(outer->holds, action);
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
		put_inside(action, parent->drop_action);
	else if (fact->goes_with != NULL && fact->goes_with->drop_action != NULL)
		put_inside(action, fact->goes_with->drop_action);
}

static void
add_edge(PqeAction *first, PqeAction *later, bool soft)
{
	PqeEdge    *edge;

	if (first == NULL || later == NULL || first == later)
		return;
	edge = palloc0(sizeof(PqeEdge));
	edge->first = first;
	edge->later = later;
	edge->soft = soft;
	first->before = lappend(first->before, edge);
}

/*
 * What a fact of the desired side needs must have got there.
 */
static void
edges_of_need(PqeAction *action, PqeFact *needed, bool soft)
{
	add_edge(needed->create_action, action, soft);
	add_edge(needed->alter_action, action, soft);
	/* what is put back as it was needs the new form of its surroundings */
	if (action->fact->ignored && needed->peer != NULL)
		add_edge(needed->peer->create_action, action, soft);
}

static void
edges_of_parts(PqeAction *action, PqeFact *whole)
{
	ListCell   *lc;

	if (whole->peer != NULL)
		foreach(lc, whole->peer->children)
			add_edge(((PqeFact *) lfirst(lc))->drop_action, action, true);

	foreach(lc, whole->children)
	{
		PqeFact    *part = lfirst(lc);

		if (!part->kind->joins && (part->kind->inline_create || part->kind->is_index))
			edges_of_need(action, part, false);
	}
}

/*
 * Two tables are joined when both have all their parts.
 */
static void
edges_of_joining(PqeAction *action)
{
	ListCell   *lc;

	if (action->inside == NULL)
		edges_of_parts(action, action->fact->parent);
	foreach(lc, action->fact->depends_on)
		edges_of_parts(action, lfirst(lc));
}

/*
 * What is added to a table is added to those that inherit from it: one that
 * is to go had better be gone.
 */
static void
edges_of_heirs(PqeAction *action, PqeFact *actual_parent)
{
	ListCell   *lc;

	foreach(lc, actual_parent->dependents)
	{
		PqeFact    *heir = lfirst(lc);

		if (heir->kind == actual_parent->kind || heir->kind->joins)
			add_edge(heir->drop_action, action, true);
	}
}

static void
edges_along_desired(PqePlan *plan, PqeAction *action)
{
	PqeFact    *fact = action->fact;
	ListCell   *lc;

	foreach(lc, fact->depends_on)
		edges_of_need(action, lfirst(lc), false);
	foreach(lc, fact->soft_depends_on)
		edges_of_need(action, lfirst(lc), true);
	if (fact->parent != NULL)
		edges_of_need(action, fact->parent, false);
	if (fact->kind->joins)
		edges_of_joining(action);
	if (action->type == PQE_CREATE && fact->parent != NULL && fact->parent->peer != NULL)
		edges_of_heirs(action, fact->parent->peer);
}

/*
 * A fact goes only when nothing of the actual side needs it any more: its
 * dependents have gone, or have been altered not to.
 */
static void
edges_against_actual(PqeAction *action, PqeFact *dependent, bool hard)
{
	add_edge(dependent->drop_action, action, !hard);
	if (hard && dependent->drop_action == NULL)
		add_edge(dependent->alter_action, action, false);
}

/*
 * What a table has both of its own and from a parent goes there first.
 */
static void
edges_of_namesakes(PqeAction *action)
{
	PqeFact    *fact = action->fact;
	ListCell   *join;

	if (fact->parent == NULL || !fact->kind->holds_data || action->inside != NULL)
		return;
	foreach(join, fact->parent->children)
	{
		ListCell   *whole;

		if (!((PqeFact *) lfirst(join))->kind->joins)
			continue;
		foreach(whole, ((PqeFact *) lfirst(join))->depends_on)
		{
			ListCell   *part;

			foreach(part, ((PqeFact *) lfirst(whole))->children)
			{
				PqeFact    *other = lfirst(part);

				if (other->kind == fact->kind && strcmp(other->name, fact->name) == 0)
					add_edge(other->drop_action, action, true);
			}
		}
	}
}

static void
edges_of_drop(PqeAction *action)
{
	PqeFact    *fact = action->fact;
	ListCell   *lc;

	foreach(lc, fact->dependents)
		edges_against_actual(action, lfirst(lc), true);
	foreach(lc, fact->children)
		edges_against_actual(action, lfirst(lc), true);
	edges_of_namesakes(action);
	if (action->rebuild && fact->retire_action != NULL)
	{
		/* the old form stays until the new one is in use */
		add_edge(fact->retire_action, fact->peer->create_action, false);
		add_edge(fact->peer->create_action, action, false);
	}
	else if (action->rebuild && !(fact->parent != NULL && fact->parent->retire_action != NULL))
		add_edge(action, fact->ignored ? fact->create_action : fact->peer->create_action, false);
}

/*
 * What names the type goes before the type is called something else.
 */
static void
edges_of_retire(PqeAction *action)
{
	ListCell   *lc;

	foreach(lc, action->fact->dependents)
		if (((PqeFact *) lfirst(lc))->retire_action == NULL)
			add_edge(((PqeFact *) lfirst(lc))->drop_action, action, false);
}

static void
edges_of_alter(PqePlan *plan, PqeAction *action)
{
	PqeFact    *actual = action->from;
	ListCell   *lc;

	edges_along_desired(plan, action);
	/* what is taken down on its account goes first */
	foreach(lc, actual->dependents)
		edges_against_actual(action, lfirst(lc), false);
	foreach(lc, actual->children)
		edges_against_actual(action, lfirst(lc), false);
}

/*
 * Two facts of one name in one namespace: the old one makes room.
 */
typedef struct SlotEntry
{
	const char *slot;
	PqeAction  *drop;
} SlotEntry;

static uint32
slot_hash(const void *key, Size size)
{
	return string_hash(*(const char *const *) key, NAMEDATALEN * 4);
}

static int
slot_match(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/*
 * The name that is free when the action is done: a drop's, or that which an
 * alteration gives up (an identity's sequence).
 */
static const char *
freed_slot(const PqeAction *action)
{
	if (action->type == PQE_DROP && action->fact->retire_action == NULL)
		return action->fact->slot;
	if (action->type == PQE_ALTER && action->from->slot != NULL &&
		(action->fact->slot == NULL || strcmp(action->from->slot, action->fact->slot) != 0))
		return action->from->slot;
	return NULL;
}

static List *
split_slots(const char *slots)
{
	List	   *list = NIL;
	char	   *state = NULL;

	if (slots == NULL)
		return NIL;
	for (char *slot = strtok_r(pstrdup(slots), "\n", &state); slot; slot = strtok_r(NULL, "\n", &state))
		list = lappend(list, slot);
	return list;
}

static void
note_freed_slots(HTAB *slots, PqeAction *action)
{
	ListCell   *lc;

	foreach(lc, split_slots(freed_slot(action)))
	{
		const char *slot = lfirst(lc);
		SlotEntry  *entry = hash_search(slots, &slot, HASH_ENTER, NULL);

		entry->drop = action;
	}
}

static void
edges_of_wanted_slots(HTAB *slots, PqeAction *action)
{
	ListCell   *lc;

	if (action->type != PQE_CREATE && action->type != PQE_ALTER)
		return;
	foreach(lc, split_slots(action->fact->slot))
	{
		const char *slot = lfirst(lc);
		SlotEntry  *entry = hash_search(slots, &slot, HASH_FIND, NULL);

		if (entry == NULL || entry->drop == action || entry->drop->fact->peer == action->fact)
			continue;
		add_edge(entry->drop, action, false);
		/* making room for a successor is no mere tidying up */
		entry->drop->makes_room = true;
	}
}

static void
edges_of_slots(PqePlan *plan)
{
	HASHCTL		control;
	HTAB	   *slots;
	ListCell   *lc;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(char *);
	control.entrysize = sizeof(SlotEntry);
	control.hash = slot_hash;
	control.match = slot_match;
	control.hcxt = CurrentMemoryContext;
	slots = hash_create("pqengine slots", 256, &control,
						HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	foreach(lc, plan->actions)
		note_freed_slots(slots, lfirst(lc));
	foreach(lc, plan->actions)
		edges_of_wanted_slots(slots, lfirst(lc));
	hash_destroy(slots);
}

static void
make_edges(PqePlan *plan)
{
	ListCell   *lc;

	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		switch (action->type)
		{
			case PQE_CREATE:
				edges_along_desired(plan, action);
				break;
			case PQE_ALTER:
				edges_of_alter(plan, action);
				break;
			case PQE_DROP:
				edges_of_drop(action);
				break;
			case PQE_RETIRE:
				edges_of_retire(action);
				break;
		}
	}
	edges_of_slots(plan);
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
		PqeAction  *later = doer(edge->later);

		if (edge->soft || later->gated)
			continue;
		later->gated = true;
		gate_successors(later);
	}
	foreach(lc, action->holds)
		gate_successors(lfirst(lc));
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
			if (kind->holds_data && !derived)
				return true;
			return action->wanted_gone && !action->makes_room;
		case PQE_ALTER:
			return kind->loses_data != NULL && kind->loses_data(action->from, fact);
		case PQE_RETIRE:
			return kind->loses_data != NULL && kind->loses_data(fact, fact->peer);
		case PQE_CREATE:
			return false;
	}
	return false;
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
		PqeAction  *action = dependent->drop_action;

		if (action == NULL || action->gated)
			continue;
		action->gated = true;
		gate_successors(action);
		gate_dependents(dependent);
	}
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

		if (action->gated || action->inside != NULL || !wants_gate(action))
			continue;
		action->gated = true;
		gate_successors(action);
		if (action->rebuild)
			gate_dependents(action->fact);
	}
}

/*
 * The order among actions that are ready: drops, then what the kinds' ranks
 * say, then the order of the facts.
 */
static int64
preference(const PqePlan *plan, const PqeAction *action)
{
	int64		group;

	if (action->gated && !plan->options->allow_drop)
		group = 3;
	else if (action->type == PQE_DROP)
		group = action->wanted_gone ? 2 : 0;
	else
		group = 1;
	return group << 48 |
		(int64) (action->type == PQE_DROP ? 1000 - action->fact->kind->rank : action->fact->kind->rank) << 32 |
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
	return !edge->given_up && doer(edge->later) != outer;
}

static void
count_edges(PqeAction *action, PqeAction *outer)
{
	ListCell   *lc;

	foreach(lc, action->before)
		if (holds_back(lfirst(lc), outer))
			doer(((PqeEdge *) lfirst(lc))->later)->waits_for++;
	foreach(lc, action->holds)
		count_edges(lfirst(lc), outer);
}

static void
release_edges(PqePlan *plan, binaryheap *heap, PqeAction *action, PqeAction *outer)
{
	ListCell   *lc;

	foreach(lc, action->before)
	{
		PqeAction  *later = doer(((PqeEdge *) lfirst(lc))->later);

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
			doer(((PqeEdge *) lfirst(lc))->later)->blocker = lfirst(lc);
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
		at = doer(at->blocker->first);
	}
	start = at;
	do
	{
		edges = lappend(edges, at->blocker);
		at = doer(at->blocker->first);
	} while (at != start);
	return edges;
}

/*
 * Opens a cycle: takes the dependent end of an edge out of the statement that
 * it was to be done in, or gives up a wish.  False if neither is possible.
 */
static bool
open_cycle(List *edges)
{
	bool		split = false;
	ListCell   *lc;

	foreach(lc, edges)
	{
		PqeEdge    *edge = lfirst(lc);
		PqeAction  *dependent = edge->first->type == PQE_DROP ? edge->first : edge->later;

		if (dependent->inside == NULL)
			continue;
		dependent->inside->holds = list_delete_ptr(dependent->inside->holds, dependent);
		dependent->inside = NULL;
		split = true;
	}
	foreach(lc, edges)
	{
		PqeEdge    *edge = lfirst(lc);

		if (!split && edge->soft)
		{
			edge->given_up = true;
			split = true;
		}
	}
	return split;
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
	make_edges(plan);
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
