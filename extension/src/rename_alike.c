/*-------------------------------------------------------------------------
 *
 * rename_alike.c
 *		A drop that may have been meant as a rename.
 *
 * Tables, columns and types are not renamed without being told, since nothing
 * but their maker knows whether what is gone and what has come is the same.
 * Where it looks so, the drop says it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "kind.h"
#include "plan.h"

/* With more that would do, a guess helps nobody. */
#define MAX_GUESSES 3

static bool
is_in_place_of(const PqeFact *come, const PqeFact *gone)
{
	if (come->kind != gone->kind || come->peer != NULL || come->ignored || come->create_action == NULL)
		return false;
	if (come->parent != NULL || gone->parent != NULL)
		return come->parent != NULL && gone->parent != NULL && gone->parent->peer == come->parent;
	return come->schema != NULL && gone->schema != NULL && strcmp(come->schema, gone->schema) == 0;
}

/*
 * The identities of what the dropped fact may have become, as char *.
 */
List *
pqe_rename_guesses(PqePlan *plan, const PqeAction *drop)
{
	const PqeFact *gone = drop->fact;
	List	   *guesses = NIL;
	List	   *candidates;
	ListCell   *lc;

	if (drop->type != PQE_DROP || !drop->wanted_gone || gone->kind->alike == NULL)
		return NIL;
	if (gone->parent != NULL)
		candidates = gone->parent->peer ? gone->parent->peer->children : NIL;
	else
		candidates = plan->sides->desired->list;
	foreach(lc, candidates)
	{
		PqeFact    *come = lfirst(lc);

		if (is_in_place_of(come, gone) && gone->kind->alike(gone, come))
			guesses = lappend(guesses, unconstify(char *, come->identity));
	}
	return list_length(guesses) > MAX_GUESSES ? NIL : guesses;
}
