/*-------------------------------------------------------------------------
 *
 * down.c
 *		The way back: the plan with both sides exchanged.
 *
 * What the plan leaves undone where drops are not allowed is not there to be
 * undone: so such facts are left alone on the way back.  Renames are undone
 * last, since the rest of the way back speaks of the names that they gave.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "miscadmin.h"

#include "kind.h"
#include "plan.h"
#include "renames.h"

static void
leave_alone(PqeFact *fact)
{
	ListCell   *lc;

	check_stack_depth();
	if (fact == NULL || fact->ignored)
		return;
	fact->ignored = true;
	foreach(lc, fact->children)
		leave_alone(lfirst(lc));
}

/*
 * The facts of actions that are not done without allow_drop, on both sides.
 */
static void
leave_gated_alone(PqePlan *up)
{
	ListCell   *lc;

	foreach(lc, up->actions)
	{
		PqeAction  *action = lfirst(lc);

		if (!action->gated)
			continue;
		leave_alone(action->fact->peer);
		leave_alone(action->fact);
	}
}

/*
 * The facts as they were before the plan was made.
 */
static void
forget_actions(PqeFacts *facts)
{
	ListCell   *lc;

	foreach(lc, facts->list)
	{
		PqeFact    *fact = lfirst(lc);

		fact->create_action = NULL;
		fact->alter_action = NULL;
		fact->drop_action = NULL;
		fact->retire_action = NULL;
		fact->inlined = false;
		fact->retyped = false;
	}
}

/*
 * Each rename the other way, the last one first.
 */
static List *
renames_back(List *renames)
{
	List	   *back = NIL;
	ListCell   *lc;

	foreach(lc, renames)
	{
		const PqeRenaming *there = lfirst(lc);
		PqeRenaming *renaming = palloc(sizeof(PqeRenaming));

		*renaming = *there;
		renaming->part = there->part ? there->name : NULL;
		renaming->name = there->part ? there->part : there->fact->name;
		if (there->part == NULL)
			renaming->fact = pqe_fact_under(there->fact, there->name);
		back = lcons(renaming, back);
	}
	return back;
}

/*
 * The plan that leads back to where UP starts from; the facts are used up by
 * it, so UP's own steps must have been written before.
 */
PqePlan *
pqe_plan_down(PqePlan *up)
{
	PqeSides   *sides = palloc0(sizeof(PqeSides));
	PqeOptions *options = palloc(sizeof(PqeOptions));
	PqePlan    *plan;

	if (!up->options->allow_drop)
		leave_gated_alone(up);
	sides->actual = up->sides->desired;
	sides->desired = up->sides->actual;
	sides->schema_names = up->sides->schema_names;
	forget_actions(sides->actual);
	forget_actions(sides->desired);
	*options = *up->options;
	options->allow_drop = true;
	plan = pqe_plan_make(sides, options, true);
	plan->renames = renames_back(up->sides->renames);
	pqe_plan_order(plan);
	return plan;
}
