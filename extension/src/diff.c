/*-------------------------------------------------------------------------
 *
 * diff.c
 *		Matches the facts of both sides and tells how they differ.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "miscadmin.h"

#include "export_files.h"
#include "plan.h"

static bool
kind_is_declared(PqeFacts *facts, const PqeKind *kind)
{
	ListCell   *lc;

	foreach(lc, facts->list)
		if (((PqeFact *) lfirst(lc))->kind == kind)
			return true;
	return false;
}

/*
 * Does the option "ignore" name the fact?
 */
bool
pqe_matches_ignore(const PqeFact *fact, const PqeOptions *options)
{
	ListCell   *lc;

	foreach(lc, options->ignore)
	{
		PqePattern *pattern = lfirst(lc);

		if ((pattern->kind == NULL || strcmp(pattern->kind, fact->kind->name) == 0) &&
			pqe_pattern_matches(pattern->name, fact->identity))
			return true;
	}
	return false;
}

/*
 * Is that to be made anew for what it is itself, or together with what it is a
 * part of?
 */
static bool
is_made_anew(const PqeFact *desired, PqeFacts *actual)
{
	const PqeKind *kind = desired->kind;
	const PqeFact *peer = desired->peer;
	const PqeFact *whole;

	if (peer == NULL || desired->ignored || peer->ignored)
		return false;
	check_stack_depth();
	if (kind->can_alter != NULL && !kind->can_alter(peer, desired))
		return true;
	if (kind->belongs_to(peer) == NULL || kind->belongs_to(desired) == NULL ||
		strcmp(kind->belongs_to(peer), kind->belongs_to(desired)) != 0)
		return false;
	whole = pqe_facts_by_identity(actual, kind, kind->belongs_to(peer));
	return whole != NULL && whole->peer != NULL && is_made_anew(whole->peer, actual);
}

/*
 * Partitions come and go at run time: one that the models do not hold is left
 * alone where the models know its parent as partitioned, and those below it.
 * Where the parent is made anew, its partitions are so by what the models say.
 */
static bool
is_runtime_partition(const PqeFact *fact, PqeFacts *actual, PqeFacts *desired)
{
	const PqeKind *kind = fact->kind;
	const PqeFact *whole;

	if (fact->peer != NULL || kind->belongs_to == NULL || kind->belongs_to(fact) == NULL)
		return false;
	check_stack_depth();
	whole = pqe_facts_by_identity(desired, kind, kind->belongs_to(fact));
	if (whole != NULL)
		return (kind->has_parts == NULL || kind->has_parts(whole)) && !is_made_anew(whole, actual);
	whole = pqe_facts_by_identity(actual, kind, kind->belongs_to(fact));
	return whole != NULL && is_runtime_partition(whole, actual, desired);
}

/*
 * The table that the models hold which a partition is a part of, perhaps of a
 * part of; or NULL.
 */
static const PqeFact *
find_whole(const PqeFact *fact, PqeFacts *actual)
{
	const PqeFact *whole = fact;

	do
	{
		const char *belongs_to = whole->kind->belongs_to != NULL ? whole->kind->belongs_to(whole) : NULL;

		whole = belongs_to != NULL ? pqe_facts_by_identity(actual, whole->kind, belongs_to) : NULL;
	} while (whole != NULL && whole->peer == NULL);
	return whole;
}

/*
 * What a partition has its part (a column, an index) from: that part of WHOLE;
 * or NULL.
 */
static const PqeFact *
find_origin(const PqeFact *part, const PqeFact *whole)
{
	const PqeFact *origin = part;
	ListCell   *lc;

	if (whole == NULL)
		return NULL;
	while (origin->goes_with != NULL && origin->goes_with->kind == part->kind)
		origin = origin->goes_with;
	if (origin != part)
		return origin->parent != NULL && origin->parent->peer != NULL && !origin->ignored ? origin : NULL;
	foreach(lc, part->kind->holds_data ? whole->children : NIL)
	{
		const PqeFact *other = lfirst(lc);

		if (other->kind == part->kind && strcmp(other->name, part->name) == 0)
			return other->ignored ? NULL : other;
	}
	return NULL;
}

static void
ignore_with_parts(PqeFact *fact)
{
	ListCell   *lc;

	check_stack_depth();
	fact->ignored = true;
	foreach(lc, fact->children)
		ignore_with_parts(lfirst(lc));
}

/*
 * What is left alone keeps what it is made of and what that needs: its schema,
 * the function that its trigger calls.  A part of what the models do hold (an
 * index of the partitioned table) is theirs to take away; and so is what only a
 * part of the partition needs that goes with that table's, or gets another type
 * or another expression with it.  ORIGIN: what a part has all that from.
 */
static void
leave_alone(PqeFact *fact, const PqeFact *origin, PqeFacts *actual)
{
	const PqeFact *whole = find_whole(fact, actual);
	ListCell   *lc;

	check_stack_depth();
	fact->ignored = true;
	foreach(lc, fact->children)
	{
		const PqeFact *of_child = find_origin(lfirst(lc), whole);

		if (of_child != NULL && of_child->peer == NULL)
			ignore_with_parts(lfirst(lc));
		else
			leave_alone(lfirst(lc), of_child, actual);
	}
	foreach(lc, fact->depends_on)
	{
		PqeFact    *needed = lfirst(lc);

		if (needed->peer == NULL && !needed->ignored && (needed->parent == NULL || needed->parent->peer == NULL) &&
			!(origin != NULL && list_member_ptr(origin->depends_on, needed)))
			leave_alone(needed, NULL, actual);
	}
}

static void
decide_scope(PqeFacts *facts, PqeFacts *desired, const PqeOptions *options)
{
	ListCell   *lc;

	foreach(lc, facts->list)
	{
		PqeFact    *fact = lfirst(lc);
		const PqeKind *kind = fact->kind;

		fact->ignored = (fact->parent != NULL && fact->parent->ignored) ||
			(kind->database_wide && !options->all_schemas && !kind_is_declared(desired, kind)) ||
			(kind->in_scope != NULL && !kind->in_scope(fact, options)) ||
			pqe_matches_ignore(fact, options);
	}
	if (facts == desired)
		return;
	foreach(lc, facts->list)
		if (is_runtime_partition(lfirst(lc), facts, desired))
			leave_alone(lfirst(lc), NULL, facts);
}

/*
 * Parts of two things that share a name but are of different kinds (the
 * columns of a table that was a foreign table, its privileges) are not the
 * same thing either.  Parents come before their children, so theirs is known.
 */
static bool
belong_together(const PqeFact *desired, const PqeFact *actual)
{
	const PqeFact *ours = desired->parent;
	const PqeFact *theirs = actual->parent;

	if (ours == NULL || theirs == NULL)
		return ours == theirs;
	if (ours->kind != theirs->kind)
		return false;
	return ours->peer == theirs || strcmp(ours->identity, theirs->identity) != 0;
}

/*
 * Finds each fact's peer, and what is none of the plan's business.
 */
void
pqe_diff_match(PqeSides *sides, const PqeOptions *options)
{
	ListCell   *lc;

	foreach(lc, sides->desired->list)
	{
		PqeFact    *fact = lfirst(lc);
		PqeFact    *peer = pqe_facts_by_identity(sides->actual, fact->kind, fact->identity);

		fact->peer = NULL;		/* it may have had one before a rename */
		if (peer == NULL || !belong_together(fact, peer))
			continue;
		fact->peer = peer;
		peer->peer = fact;
		peer->declared_owner = fact->declared_owner;
		peer->declared_privileges = fact->declared_privileges;
	}
	decide_scope(sides->desired, sides->desired, options);
	decide_scope(sides->actual, sides->desired, options);
}

static bool
is_sql(const PqeKind *kind, const char *name)
{
	for (const char *const *p = kind->sql_properties; p != NULL && *p != NULL; p++)
		if (strcmp(*p, name) == 0)
			return true;
	return false;
}

static bool
same_property(const PqeFact *actual, const PqeFact *desired, const char *name)
{
	if (actual->kind->equal != NULL && actual->kind->equal(actual, desired, name))
		return true;
	if (pqe_same(actual, desired, name))
		return true;
	return is_sql(actual->kind, name) &&
		pqe_same_sql(pqe_value(actual, name), pqe_value(desired, name));
}

/*
 * The names of the properties that differ.
 */
List *
pqe_diff_properties(const PqeFact *actual, const PqeFact *desired)
{
	const PqeColumns *columns = pqe_kind_columns(actual->kind);
	List	   *names = NIL;

	for (int i = 0; i < columns->count; i++)
	{
		const char *name = columns->names[i];

		if (name[0] != '_' && !same_property(actual, desired, name))
			names = lappend(names, columns->names[i]);
	}
	return names;
}

static PqeDifference *
make_difference(const char *change, const PqeFact *fact)
{
	PqeDifference *difference = palloc0(sizeof(PqeDifference));

	difference->change = change;
	difference->kind = fact->kind->name;
	difference->object = fact->identity;
	difference->part_of = pqe_fact_home(fact)->identity;
	return difference;
}

/*
 * What goes with a missing or unexpected parent is not listed again.
 */
static bool
is_said_by_parent(const PqeFact *fact)
{
	return fact->parent != NULL && fact->parent->peer == NULL && !fact->parent->ignored;
}

List *
pqe_diff_drift(PqeSides *sides)
{
	List	   *rows = NIL;
	ListCell   *lc;

	foreach(lc, sides->desired->list)
	{
		PqeFact    *fact = lfirst(lc);
		ListCell   *lc2;

		if (fact->ignored)
			continue;
		if (fact->peer == NULL)
		{
			if (!is_said_by_parent(fact))
				rows = lappend(rows, make_difference("missing", fact));
			continue;
		}
		if (fact->peer->ignored)
			continue;
		foreach(lc2, pqe_diff_properties(fact->peer, fact))
		{
			PqeDifference *row = make_difference("changed", fact);

			row->property = lfirst(lc2);
			row->expected = pqe_value(fact, row->property);
			row->actual = pqe_value(fact->peer, row->property);
			rows = lappend(rows, row);
		}
	}
	foreach(lc, sides->actual->list)
	{
		PqeFact    *fact = lfirst(lc);

		if (!fact->ignored && fact->peer == NULL && !is_said_by_parent(fact) &&
			!(fact->goes_with != NULL && fact->goes_with->peer == NULL))
			rows = lappend(rows, make_difference("unexpected", fact));
	}
	return rows;
}
