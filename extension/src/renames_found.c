/*-------------------------------------------------------------------------
 *
 * renames_found.c
 *		Finds what is the same under another name.
 *
 * An index, say, that the models do not hold, and one that they do and the
 * database does not, with nothing to tell them apart but the name: that is a
 * rename, and nobody has to declare it.  Where two would do, none is taken.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

#include "kind.h"
#include "plan.h"
#include "renames.h"

/* What is equal in all but its name, on both sides. */
typedef struct Likes
{
	const char *looks;
	PqeFact    *actual;
	PqeFact    *desired;
	int			actual_count;
	int			desired_count;
} Likes;

/* Who has a name. */
typedef struct Holder
{
	const char *name;
	PqeFact    *fact;
	bool		leaves;			/* is to be renamed itself */
} Holder;

static uint32
text_hash(const void *key, Size size)
{
	const char *text = *(const char *const *) key;

	return hash_bytes((const unsigned char *) text, strlen(text));
}

static int
text_match(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static HTAB *
text_table(const char *name, Size entry_size)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(char *);
	control.entrysize = entry_size;
	control.hash = text_hash;
	control.match = text_match;
	control.hcxt = CurrentMemoryContext;
	return hash_create(name, 256, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

/*
 * Might the fact be another one's under another name?  It has no match, or
 * one that is something else by now.
 */
static bool
is_candidate(const PqeFact *fact, bool is_actual)
{
	if (!fact->kind->renames_alone || fact->ignored || (fact->peer != NULL && fact->peer->ignored))
		return false;
	if (fact->parent != NULL && fact->parent->peer == NULL)
		return false;
	return fact->peer == NULL ||
		pqe_diff_properties(is_actual ? fact : fact->peer, is_actual ? fact->peer : fact) != NIL;
}

/*
 * All that is compared of the fact, and what it is part of, without its name.
 */
static char *
looks_of(const PqeFact *fact, bool is_actual)
{
	const PqeColumns *columns = pqe_kind_columns(fact->kind);
	const PqeFact *parent = fact->parent;
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s\n%s", fact->kind->name, pqe_identity_under(fact, "name"));
	if (parent != NULL)
		appendStringInfo(&text, "\n%s", is_actual ? parent->peer->identity : parent->identity);
	for (int i = 0; i < columns->count; i++)
	{
		const char *property = columns->names[i];
		const char *value = fact->values[i];

		if (property[0] == '_')
			continue;
		if (value != NULL && fact->kind->property_under != NULL)
		{
			const char *other = fact->kind->property_under(fact, property, "name");

			value = other ? other : value;
		}
		/* a length before each keeps the borders between values apart */
		if (value == NULL)
			appendStringInfoString(&text, "\n-");
		else
			appendStringInfo(&text, "\n%zu %s", strlen(value), value);
	}
	if (fact->kind->mark != NULL)
		appendStringInfo(&text, "\n%s", fact->kind->mark(fact));
	return text.data;
}

static void
note_looks(HTAB *likes, PqeFact *fact, bool is_actual)
{
	char	   *looks;
	Likes	   *entry;
	bool		found;

	CHECK_FOR_INTERRUPTS();
	if (!is_candidate(fact, is_actual))
		return;
	looks = looks_of(fact, is_actual);
	entry = hash_search(likes, &looks, HASH_ENTER, &found);
	if (!found)
	{
		entry->actual = entry->desired = NULL;
		entry->actual_count = entry->desired_count = 0;
	}
	if (is_actual)
	{
		entry->actual = fact;
		entry->actual_count++;
	}
	else
	{
		entry->desired = fact;
		entry->desired_count++;
	}
}

/*
 * Pairs of facts that can only be one another.
 */
static List *
find_pairs(PqeSides *sides)
{
	HTAB	   *likes = text_table("pqengine likes", sizeof(Likes));
	List	   *renamings = NIL;
	ListCell   *lc;

	foreach(lc, sides->actual->list)
		note_looks(likes, lfirst(lc), true);
	if (hash_get_num_entries(likes) > 0)
		foreach(lc, sides->desired->list)
			note_looks(likes, lfirst(lc), false);
	/* in the order of the facts, not of the hash */
	foreach(lc, sides->actual->list)
	{
		PqeFact    *fact = lfirst(lc);
		PqeRenaming *renaming;
		Likes	   *entry;
		char	   *looks;

		if (!is_candidate(fact, true))
			continue;
		looks = looks_of(fact, true);
		entry = hash_search(likes, &looks, HASH_FIND, NULL);
		if (entry->actual_count != 1 || entry->desired_count != 1)
			continue;
		renaming = palloc0(sizeof(PqeRenaming));
		renaming->fact = fact;
		renaming->wanted = entry->desired;
		renaming->name = entry->desired->name;
		renamings = lappend(renamings, renaming);
	}
	hash_destroy(likes);
	return renamings;
}

/*
 * The names that a fact takes, as keys: of its kind, and those shared with
 * other kinds.
 */
static List *
names_of(const PqeFact *fact)
{
	return lappend(pqe_slots(fact->slot), psprintf("%s %s", fact->kind->name, fact->identity));
}

static HTAB *
note_holders(PqeFacts *actual)
{
	HTAB	   *holders = text_table("pqengine names", sizeof(Holder));
	ListCell   *lc;

	foreach(lc, actual->list)
	{
		ListCell   *lc2;

		foreach(lc2, names_of(lfirst(lc)))
		{
			Holder	   *holder = hash_search(holders, &lfirst(lc2), HASH_ENTER, NULL);

			holder->fact = lfirst(lc);
			holder->leaves = false;
		}
	}
	return holders;
}

static void
mark_leaving(HTAB *holders, const PqeFact *fact, bool leaves)
{
	ListCell   *lc;

	foreach(lc, names_of(fact))
	{
		Holder	   *holder = hash_search(holders, &lfirst(lc), HASH_FIND, NULL);

		if (holder->fact == fact)
			holder->leaves = leaves;
	}
}

static bool
can_have_name(HTAB *holders, const PqeRenaming *renaming)
{
	ListCell   *lc;

	foreach(lc, names_of(renaming->wanted))
	{
		Holder	   *holder = hash_search(holders, &lfirst(lc), HASH_FIND, NULL);

		if (holder != NULL && holder->fact != renaming->fact && !holder->leaves)
			return false;
	}
	return true;
}

/*
 * Leaves only those whose new name is free, or given up by another of them.
 */
static List *
keep_possible(PqeSides *sides, List *renamings)
{
	HTAB	   *holders = note_holders(sides->actual);
	bool		again = true;
	ListCell   *lc;

	foreach(lc, renamings)
		mark_leaving(holders, ((PqeRenaming *) lfirst(lc))->fact, true);
	while (again)
	{
		again = false;
		foreach(lc, renamings)
		{
			PqeRenaming *renaming = lfirst(lc);

			if (can_have_name(holders, renaming))
				continue;
			mark_leaving(holders, renaming->fact, false);
			renamings = foreach_delete_current(renamings, lc);
			again = true;
		}
	}
	hash_destroy(holders);
	return renamings;
}

/*
 * Parts that have moved to another name with all else in its place.
 */
static List *
find_parts(PqeSides *sides)
{
	List	   *renamings = NIL;
	ListCell   *lc;

	foreach(lc, sides->actual->list)
	{
		PqeFact    *fact = lfirst(lc);
		List	   *names;

		if (fact->kind->renamed_parts == NULL || fact->ignored || fact->peer == NULL || fact->peer->ignored)
			continue;
		names = fact->kind->renamed_parts(fact, fact->peer);
		for (int i = 0; i < list_length(names); i += 2)
		{
			PqeRenaming *renaming = palloc0(sizeof(PqeRenaming));

			renaming->fact = fact;
			renaming->wanted = fact->peer;
			renaming->part = list_nth(names, i);
			renaming->name = list_nth(names, i + 1);
			renamings = lappend(renamings, renaming);
		}
	}
	return renamings;
}

/*
 * What is the same under another name, as PqeRenaming.
 */
List *
pqe_renames_found(PqeSides *sides)
{
	List	   *pairs = find_pairs(sides);

	if (pairs != NIL)
		pairs = keep_possible(sides, pairs);
	/* what a view's columns are called is to be seen when it is known which view it is */
	return pairs != NIL ? pairs : find_parts(sides);
}
