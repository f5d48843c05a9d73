/*-------------------------------------------------------------------------
 *
 * edges_names.c
 *		Which action of a plan has to come before which on account of names: one
 *		is given up before something else takes it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "common/hashfn.h"
#include "utils/hsearch.h"

#include "plan.h"

/*
 * Two facts of one name in one namespace: the old one makes room.
 */
typedef struct SlotEntry
{
	const char *slot;
	List	   *drops;			/* PqeAction */
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
	if (action->type == PQE_DROP && (action->fact->retire_action == NULL || action->wanted_gone))
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

/*
 * What is set aside takes the names of its parts along.
 */
static PqeAction *
frees_names_of(PqeAction *action)
{
	for (PqeAction *at = action; at != NULL; at = at->inside)
		if (at->type == PQE_DROP && at->fact->kind->holds_data && at->fact->retire_action != NULL)
			return at->fact->retire_action;
	return action;
}

static void
note_freed_slots(HTAB *slots, PqeAction *action)
{
	const PqeKind *kind = action->fact->kind;
	List	   *freed = pqe_slots(freed_slot(action));
	ListCell   *lc;

	if (action->type == PQE_DROP && kind->frees != NULL)
		freed = list_concat(freed, pqe_slots(kind->frees(action->fact)));
	foreach(lc, freed)
	{
		const char *slot = lfirst(lc);
		bool		found;
		SlotEntry  *entry = hash_search(slots, &slot, HASH_ENTER, &found);

		entry->drops = lappend(found ? entry->drops : NIL, frees_names_of(action));
	}
}

static void
edges_of_wanted_slots(HTAB *slots, PqeAction *action)
{
	const PqeKind *kind = action->fact->kind;
	bool		has_slot = action->type == PQE_ALTER && action->from->slot != NULL;
	List	   *wanted;
	ListCell   *lc;
	ListCell   *lc2;

	if (action->type != PQE_CREATE && action->type != PQE_ALTER)
		return;
	wanted = pqe_slots(action->fact->slot);
	if (!has_slot && kind->wants != NULL)
		wanted = list_concat(wanted, pqe_slots(kind->wants(action->fact)));
	foreach(lc, wanted)
	{
		const char *slot = lfirst(lc);
		SlotEntry  *entry = hash_search(slots, &slot, HASH_FIND, NULL);

		foreach(lc2, entry != NULL ? entry->drops : NIL)
		{
			PqeAction  *drop = lfirst(lc2);

			if (drop == action || drop->fact->peer == action->fact)
				continue;
			pqe_add_edge(drop, action, false);
			/* making room for a successor is no mere tidying up */
			drop->makes_room = true;
		}
	}
}

void
pqe_edges_of_slots(PqePlan *plan)
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
 * The names of routines are told apart by their arguments, but a call may mean
 * another one than it did as long as both are there: one that goes for good
 * goes before what uses a new one of that name is made.
 */
void
pqe_edges_of_overloads(PqePlan *plan, PqeAction *drop)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		if (action->type != PQE_CREATE || !pqe_are_overloads(action->fact, drop->fact))
			continue;
		foreach(lc2, action->fact->dependents)
		{
			PqeFact    *user = lfirst(lc2);

			if (user->create_action == NULL && user->alter_action == NULL)
				continue;
			pqe_add_edge(drop, user->create_action, true);
			pqe_add_edge(drop, user->alter_action, true);
			drop->makes_room = true;
		}
	}
}
