/*-------------------------------------------------------------------------
 *
 * report.c
 *		What a plan changes, as objects before and after.
 *
 * An object here is what has a model file of its own, with all that is part
 * of it.  Its texts are made as an export makes them, from facts that were
 * read anew: planning uses facts up, and renames change them.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "export.h"
#include "export_files.h"
#include "renames.h"
#include "report.h"

/*
 * The object that the fact is part of, on both sides.
 */
static void
both_sides(const PqeSides *sides, const PqeFact *fact, PqeFact **actual, PqeFact **desired)
{
	const PqeFact *home = pqe_fact_home(fact);
	PqeFact    *there = pqe_facts_by_identity(sides->desired, home->kind, home->identity);

	if (there == home)
	{
		*desired = there;
		*actual = there->peer;
		return;
	}
	/* a rename's fact is from before the rename, but its address stays */
	*actual = pqe_facts_by_address(sides->actual, &home->address);
	*desired = *actual ? (*actual)->peer : NULL;
}

/*
 * The change among those listed that the fact is part of; NULL if none.
 */
PqeChange *
pqe_report_change_of(const PqeSides *sides, List *changes, const PqeFact *fact)
{
	PqeFact    *actual;
	PqeFact    *desired;
	ListCell   *lc;

	both_sides(sides, fact, &actual, &desired);
	foreach(lc, changes)
	{
		PqeChange  *change = lfirst(lc);

		if (change->actual == actual && change->desired == desired)
			return change;
	}
	return NULL;
}

static PqeChange *
make_change(PqeFact *actual, PqeFact *desired)
{
	PqeChange  *change = palloc0(sizeof(PqeChange));

	change->actual = actual;
	change->desired = desired;
	change->kind = (desired ? desired : actual)->kind->name;
	change->object = (desired ? desired : actual)->identity;
	change->change = actual == NULL ? "create" : desired == NULL ? "drop" : "alter";
	return change;
}

/*
 * The objects that the steps touch, as PqeChange, in the order of the steps.
 */
List *
pqe_report_changes(const PqeSides *sides, List *steps)
{
	List	   *changes = NIL;
	PqeChange  *last = NULL;
	ListCell   *lc;

	foreach(lc, steps)
	{
		const PqeFact *fact = ((PqeStep *) lfirst(lc))->fact;
		PqeFact    *actual;
		PqeFact    *desired;

		both_sides(sides, fact, &actual, &desired);
		if ((actual == NULL && desired == NULL) ||
			(last != NULL && last->actual == actual && last->desired == desired) ||
			pqe_report_change_of(sides, changes, fact) != NULL)
			continue;
		last = make_change(actual, desired);
		changes = lappend(changes, last);
	}
	foreach(lc, sides->renames)
	{
		const PqeRenaming *renaming = lfirst(lc);

		if (renaming->part == NULL && pqe_fact_home(renaming->fact) == renaming->fact)
		{
			last = pqe_report_change_of(sides, changes, renaming->fact);
			if (last != NULL)
				last->change = "rename";
		}
	}
	return changes;
}

/*
 * Leaves nothing in a set but what is part of one of the HOMES, and is
 * compared at all.
 */
static void
keep_only(PqeFacts *facts, List *homes)
{
	ListCell   *lc;

	foreach(lc, facts->list)
	{
		PqeFact    *fact = lfirst(lc);

		fact->ignored |= (fact->peer != NULL && fact->peer->ignored) ||
			!list_member_ptr(homes, pqe_fact_home(fact));
	}
}

/*
 * What is the same on both sides is written the same way: texts of the
 * server's may differ and mean one thing.
 */
static void
write_alike(PqeFacts *desired)
{
	ListCell   *lc;

	foreach(lc, desired->list)
	{
		PqeFact    *fact = lfirst(lc);

		if (!fact->ignored && fact->peer != NULL && pqe_diff_properties(fact->peer, fact) == NIL)
			fact->values = fact->peer->values;
	}
}

static void
forget_peers(PqeFacts *facts)
{
	ListCell   *lc;

	foreach(lc, facts->list)
		((PqeFact *) lfirst(lc))->peer = NULL;
}

/*
 * The model text of one of the homes, from the steps that build all of them.
 */
static char *
text_of(List *steps, const PqeFact *home)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, steps)
	{
		PqeStep    *step = lfirst(lc);

		if (home != NULL && pqe_fact_home(step->fact) == home)
			appendStringInfo(&text, "%s%s;\n", text.len > 0 ? "\n" : "", step->statement);
	}
	return text.data;
}

/*
 * Fills in how each object is and will be, from sides that were read anew.
 */
void
pqe_report_texts(List *changes, PqeSides *fresh, const PqeOptions *options)
{
	PqeOptions	whole = *options;
	List	   *actual = NIL;
	List	   *desired = NIL;
	List	   *steps_before;
	List	   *steps_after;
	ListCell   *lc;

	whole.all_schemas = true;
	pqe_diff_match(fresh, options);
	foreach(lc, changes)
	{
		PqeChange  *change = lfirst(lc);

		actual = lappend(actual, change->actual == NULL ? NULL :
						 pqe_facts_by_address(fresh->actual, &change->actual->address));
		desired = lappend(desired, change->desired == NULL ? NULL :
						  pqe_facts_by_identity(fresh->desired, change->desired->kind, change->desired->identity));
	}
	keep_only(fresh->actual, actual);
	keep_only(fresh->desired, desired);
	write_alike(fresh->desired);
	forget_peers(fresh->actual);
	forget_peers(fresh->desired);
	steps_before = pqe_building_steps(fresh->actual, &whole);
	steps_after = pqe_building_steps(fresh->desired, &whole);
	foreach(lc, changes)
	{
		PqeChange  *change = lfirst(lc);

		change->before = text_of(steps_before, list_nth(actual, foreach_current_index(lc)));
		change->after = text_of(steps_after, list_nth(desired, foreach_current_index(lc)));
	}
}
