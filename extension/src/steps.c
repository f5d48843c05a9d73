/*-------------------------------------------------------------------------
 *
 * steps.c
 *		From ordered actions to the rows of a plan.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "plan.h"
#include "renames.h"

/*
 * Does the fact's relation (or type) come into being in this plan?
 */
static bool
is_fresh(const PqeFact *fact)
{
	for (const PqeFact *at = fact->parent; at != NULL; at = at->parent)
		if (at->create_action != NULL || (fact->ignored && at->peer && at->peer->create_action))
			return true;
	return false;
}

static int
compare_facts(const ListCell *a, const ListCell *b)
{
	return ((PqeFact *) lfirst(a))->position - ((PqeFact *) lfirst(b))->position;
}

static void
collect_held(PqeAction *action, List **facts)
{
	ListCell   *lc;

	foreach(lc, action->holds)
	{
		PqeAction  *held = lfirst(lc);

		*facts = lappend(*facts, held->fact);
		collect_held(held, facts);
	}
}

/*
 * The facts that are created or dropped inside the action, in their order.
 */
static List *
held_facts(PqeAction *action)
{
	List	   *facts = NIL;

	collect_held(action, &facts);
	list_sort(facts, compare_facts);
	return facts;
}

static void
start_script(PqeScript *script, const PqePlan *plan, const PqeFact *fact)
{
	memset(script, 0, sizeof(*script));
	script->options = plan->options;
	script->actual = plan->sides->actual;
	script->desired = plan->sides->desired;
	script->down = plan->down;
	script->as_model = plan->as_model;
	script->fresh = is_fresh(fact);
}

/*
 * Writes a fact's CREATE with the parts that go inside, and behind it what
 * these have to say besides.
 */
static void
write_create(PqeScript *script, PqeFact *fact, List *held)
{
	List	   *others = NIL;
	ListCell   *lc;

	foreach(lc, held)
	{
		PqeFact    *part = lfirst(lc);

		part->inlined = pqe_can_inline(part);
		if (part->inlined)
			script->inlined = lappend(script->inlined, part);
		else if (part->parent == NULL && part->kind->rank < fact->kind->rank)
			part->kind->create(script, part);	/* a column's sequence: the table needs it */
		else
			others = lappend(others, part);
	}
	fact->kind->create(script, fact);
	script->fresh = true;
	foreach(lc, script->inlined)
	{
		PqeFact    *part = lfirst(lc);

		if (part->kind->after_inline != NULL)
			part->kind->after_inline(script, part);
	}
	script->inlined = NIL;
	foreach(lc, others)
	{
		PqeFact    *part = lfirst(lc);

		part->kind->create(script, part);
	}
}

static void
write_drop(PqeScript *script, PqeFact *fact)
{
	if (fact->retire_action != NULL)
		fact->kind->drop_retired(script, fact);
	else
		fact->kind->drop(script, fact);
}

static void
write_action(PqeScript *script, PqeAction *action)
{
	PqeFact    *fact = action->fact;

	switch (action->type)
	{
		case PQE_CREATE:
			write_create(script, fact, held_facts(action));
			fact->written = true;
			break;
		case PQE_ALTER:
			fact->kind->alter(script, action->from, fact);
			fact->written = true;
			break;
		case PQE_DROP:
			write_drop(script, fact);
			break;
		case PQE_RETIRE:
			fact->kind->retire(script, fact);
			break;
	}
}

/*
 * What undoes the action, or NULL where data or the server stand against it.
 */
static const char *
reverse_text(PqePlan *plan, PqeAction *action)
{
	PqeScript	script;
	PqeFact    *fact = action->fact;

	start_script(&script, plan, fact);
	script.reverse = true;
	switch (action->type)
	{
		case PQE_CREATE:
			fact->kind->drop(&script, fact);
			/* nothing to say: it goes with what it is part of */
			if (script.lines == NIL)
				return "";
			break;
		case PQE_ALTER:
			if (fact->kind->can_alter(fact, action->from))
				fact->kind->alter(&script, fact, action->from);
			else if (fact->kind->on_takedown == PQE_REBUILD && !fact->kind->holds_data &&
					 fact->kind->retire == NULL && fact->dependents == NIL)
			{
				/* nothing is lost when it goes and comes back as it was */
				fact->kind->drop(&script, fact);
				fact->kind->create(&script, action->from);
			}
			else
				return NULL;
			break;
		case PQE_DROP:
			if (fact->retire_action != NULL)
				return NULL;
			write_create(&script, fact, held_facts(action));
			break;
		case PQE_RETIRE:
			return NULL;
	}
	return pqe_script_text(&script);
}

static const char *
phase_of(const PqeAction *action)
{
	if (action->gated)
		return "drop";
	if (action->type == PQE_RETIRE || (action->type == PQE_DROP && action->fact->retire_action == NULL))
		return "prepare";
	return "change";
}

static const char *
action_name(const PqeAction *action)
{
	switch (action->type)
	{
		case PQE_CREATE:
			return "create";
		case PQE_ALTER:
			return "alter";
		case PQE_DROP:
			return "drop";
		case PQE_RETIRE:
			return "rename";
	}
	return NULL;
}

static PqeStep *
add_step(List **steps, const PqeScriptLine *line, const char *reverse)
{
	PqeStep    *step = palloc0(sizeof(PqeStep));

	step->statement = line->statement;
	step->reverse = reverse;
	step->hazards = line->hazards;
	if (reverse == NULL || (line->hazards & PQE_DELETES_DATA))
		step->hazards |= PQE_NOT_REVERSIBLE;
	step->transactional = line->transactional;
	*steps = lappend(*steps, step);
	return step;
}

/*
 * Of the way back: does the action bring something back, but not the rows or
 * values that it held?
 */
static bool
lacks_data(const PqeAction *action)
{
	const PqeKind *kind = action->fact->kind;

	if (action->type == PQE_CREATE)
		return kind->holds_data && !(kind->rebuilds != NULL && kind->rebuilds(action->fact));
	return action->type == PQE_ALTER && kind->loses_data != NULL && kind->loses_data(action->fact, action->from);
}

static void
write_renaming(PqeScript *script, const PqeFact *fact, const char *part, const char *name)
{
	if (part != NULL)
		fact->kind->rename_part(script, fact, part, name);
	else
		fact->kind->rename(script, fact, name);
}

static void
add_renaming(List **steps, PqePlan *plan, const PqeRenaming *renaming)
{
	PqeScript	script;
	PqeScript	back;
	const PqeFact *fact = renaming->fact;
	const char *reverse;
	ListCell   *lc;

	start_script(&script, plan, fact);
	write_renaming(&script, fact, renaming->part, renaming->name);
	start_script(&back, plan, fact);
	back.reverse = true;
	if (renaming->part != NULL)
		write_renaming(&back, fact, renaming->name, renaming->part);
	else
		write_renaming(&back, pqe_fact_under(fact, renaming->name), NULL, fact->name);
	reverse = pqe_script_text(&back);
	foreach(lc, script.lines)
	{
		PqeStep    *step = add_step(steps, lfirst(lc), reverse);

		step->fact = renaming->fact;
		step->phase = "prepare";
		step->kind = fact->kind->name;
		step->object = fact->identity;
		step->action = "rename";
		reverse = "";
	}
}

/*
 * TOGETHER: they are to run as one with their neighbours, so that what could be
 * done concurrently is not.
 */
static void
add_action_steps(List **steps, PqePlan *plan, PqeAction *action, bool together)
{
	PqeOptions	options = *plan->options;
	PqeScript	script;
	const char *reverse = NULL;
	ListCell   *lc;

	options.concurrently &= !together;
	start_script(&script, plan, action->fact);
	script.options = &options;
	write_action(&script, action);
	if (script.lines != NIL)
		reverse = reverse_text(plan, action);
	foreach(lc, script.lines)
	{
		PqeStep    *step = add_step(steps, lfirst(lc), reverse);

		step->fact = action->fact;
		step->phase = phase_of(action);
		step->kind = action->fact->kind->name;
		step->object = action->fact->identity;
		step->action = action_name(action);
		step->together = together;
		if (!plan->down)
			step->guesses = pqe_rename_guesses(plan, action);
		else if (lacks_data(action))
			step->hazards |= PQE_NOT_REVERSIBLE;
		else
			step->hazards &= ~PQE_NOT_REVERSIBLE;
		if (reverse != NULL)
			reverse = "";
	}
}

/*
 * The facts whose rows are set aside when the action is done, given those that
 * were before it.
 */
static List *
set_aside_after(List *aside, PqeAction *action)
{
	List	   *left = NIL;
	ListCell   *lc;

	if (action->type == PQE_RETIRE && action->fact->kind->holds_data)
		return lappend(aside, action->fact);
	foreach(lc, aside)
		if (pqe_doer(((PqeFact *) lfirst(lc))->drop_action) != action)
			left = lappend(left, lfirst(lc));
	return left;
}

/*
 * Writes the actions' steps.  While rows are set aside nothing may end the
 * transaction, or others would miss them, and a step that fails would leave
 * them there.
 */
static void
add_all_actions(List **steps, PqePlan *plan)
{
	List	   *aside = NIL;
	ListCell   *lc;

	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);
		bool		before = aside != NIL;

		aside = set_aside_after(aside, action);
		add_action_steps(steps, plan, action, before || aside != NIL);
	}
}

/*
 * The rows of the plan, as PqeStep.  An action of several statements has its
 * reverse on the first of them; that of the others is empty.
 */
List *
pqe_plan_steps(PqePlan *plan)
{
	List	   *steps = NIL;
	ListCell   *lc;

	/* all else speaks of the new names */
	if (!plan->down)
		foreach(lc, plan->renames)
			add_renaming(&steps, plan, lfirst(lc));
	add_all_actions(&steps, plan);
	if (plan->down)
		foreach(lc, plan->renames)
			add_renaming(&steps, plan, lfirst(lc));
	return steps;
}
