/*-------------------------------------------------------------------------
 *
 * edges.c
 *		Which action of a plan has to come before which.
 *
 * Creates go along the dependencies of the desired side, drops against those
 * of the actual side; a name is given up before something else takes it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/hsearch.h"

#include "plan.h"

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

		/* a table that is created as a child takes later parts as they come */
		if (action->inside != NULL ? part->kind->holds_data :
			!part->kind->joins && (part->kind->inline_create || part->kind->precedes_joins))
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
		add_edge(((PqeFact *) lfirst(join))->drop_action, action, true);
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

/*
 * The names in a slot, which stand one a line.
 */
List *
pqe_slots(const char *slots)
{
	List	   *list = NIL;
	char	   *state = NULL;

	if (slots == NULL)
		return NIL;
	for (char *slot = strtok_r(pstrdup(slots), "\n", &state); slot; slot = strtok_r(NULL, "\n", &state))
		list = lappend(list, slot);
	return list;
}

/*
 * Can the two not be there at once?
 */
bool
pqe_share_slot(const PqeFact *a, const PqeFact *b)
{
	ListCell   *lc;

	foreach(lc, pqe_slots(a->slot))
	{
		ListCell   *lc2;

		foreach(lc2, pqe_slots(b->slot))
			if (strcmp(lfirst(lc), lfirst(lc2)) == 0)
				return true;
	}
	return false;
}

static void
note_freed_slots(HTAB *slots, PqeAction *action)
{
	ListCell   *lc;

	foreach(lc, pqe_slots(freed_slot(action)))
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
	foreach(lc, pqe_slots(action->fact->slot))
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

/*
 * All of them.  Actions must have been put inside others before.
 */
void
pqe_plan_edges(PqePlan *plan)
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
