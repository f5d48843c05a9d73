/*-------------------------------------------------------------------------
 *
 * plan.c
 *		From differences to actions: create, alter, drop, rebuild.
 *
 * A fact that cannot be altered in place is dropped and created again, and
 * with it all that depends on it; so is what has to be out of the way while
 * something else is altered.  The order is order.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "miscadmin.h"

#include "plan.h"

static void rebuild(PqePlan *plan, PqeFact *actual);
static void clear_the_way(PqePlan *plan, PqeFact *actual);

static PqeAction *
add_action(PqePlan *plan, PqeActionType type, PqeFact *fact)
{
	PqeAction  *action = palloc0(sizeof(PqeAction));

	action->type = type;
	action->fact = fact;
	action->position = list_length(plan->actions);
	plan->actions = lappend(plan->actions, action);
	switch (type)
	{
		case PQE_CREATE:
			fact->create_action = action;
			break;
		case PQE_ALTER:
			fact->alter_action = action;
			fact->peer->alter_action = action;
			action->from = fact->peer;
			break;
		case PQE_DROP:
			fact->drop_action = action;
			break;
		case PQE_RETIRE:
			fact->retire_action = action;
			break;
	}
	return action;
}

/*
 * Does a fact with rows in it (a column) use this one, be it through another
 * type?
 */
static bool
is_used_by_rows(const PqeFact *actual)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, actual->dependents)
	{
		PqeFact    *dependent = lfirst(lc);

		if (dependent->kind->on_takedown == PQE_STAYS && dependent->peer != NULL)
			return true;
		if (dependent->kind->retire != NULL && is_used_by_rows(dependent))
			return true;
	}
	return false;
}

/*
 * Does the parent have to be made anew for its part to become what it shall?
 */
static bool
rebuilds_parent(const PqeFact *actual, const PqeFact *desired)
{
	const PqeFact *parent = desired->parent != NULL ? desired->parent->peer : NULL;

	return parent != NULL && desired->kind->rebuilds_parent != NULL &&
		desired->kind->rebuilds_parent(actual, desired, parent);
}

/*
 * A column whose type is made anew is converted to it.
 */
static void
retype(PqePlan *plan, PqeFact *actual)
{
	actual->peer->retyped = true;
	if (rebuilds_parent(actual, actual->peer))
		rebuild(plan, actual->parent);
	if (actual->drop_action != NULL)
		return;
	if (actual->alter_action == NULL)
		add_action(plan, PQE_ALTER, actual->peer);
	clear_the_way(plan, actual);
}

/*
 * Drops a fact that is not compared, and puts it back as it was: the owner of
 * a view, say, that is rebuilt under models that do not speak of owners.
 */
static void
put_back(PqePlan *plan, PqeFact *actual)
{
	/* rows cannot be put back */
	if (actual->drop_action != NULL || actual->kind->holds_data)
		return;
	add_action(plan, PQE_DROP, actual)->rebuild = true;
	add_action(plan, PQE_CREATE, actual)->rebuild = true;
}

static bool
is_rebuilt_on_takedown(const PqeFact *fact)
{
	return fact->kind->on_takedown == PQE_REBUILD ||
		(fact->kind->rebuilds != NULL && fact->kind->rebuilds(fact));
}

static bool
is_part_of(const PqeFact *part, const PqeFact *whole)
{
	const char *identity = part->kind == whole->kind && part->kind->belongs_to != NULL ?
		part->kind->belongs_to(part) : NULL;

	return identity != NULL && strcmp(identity, whole->identity) == 0;
}

/*
 * A part of what is set aside is set aside with it, and dropped with it as
 * well, unless it becomes something on its own.
 */
static void
go_along(PqePlan *plan, PqeFact *part, PqeFact *whole)
{
	ListCell   *lc;

	if (part->peer != NULL && (whole->peer == NULL || !is_part_of(part->peer, whole->peer)))
		return;
	part->goes_with = whole;
	if (part->peer != NULL)
		rebuild(plan, part);
	else
	{
		/* its name and those of its parts may be wanted at once */
		if (part->drop_action != NULL && part->retire_action == NULL && part->kind->retire != NULL)
			add_action(plan, PQE_RETIRE, part);
		foreach(lc, part->dependents)
			if (is_part_of(lfirst(lc), part))
				go_along(plan, lfirst(lc), part);
	}
}

/*
 * Is it a part (of an index) on what is left alone, that goes when the whole
 * does?
 */
static bool
goes_along_with(const PqeFact *part, const PqeFact *whole)
{
	return part->ignored && part->drop_action == NULL && part->goes_with == whole && part->kind == whole->kind &&
		!whole->kind->holds_data;
}

/*
 * What depends on a fact that goes, goes first; and comes back unless the
 * models have no more use for it.
 */
static void
take_down_dependents(PqePlan *plan, PqeFact *actual)
{
	ListCell   *lc;

	foreach(lc, actual->dependents)
	{
		PqeFact    *dependent = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (actual->retire_action != NULL && is_part_of(dependent, actual))
		{
			go_along(plan, dependent, actual);
			continue;
		}
		if (dependent->drop_action != NULL)
			continue;
		if (dependent->ignored)
		{
			/*
			 * a partition that the models do not hold goes along with its
			 * rows, and the whole sees to its parts
			 */
			if (goes_along_with(dependent, actual))
			{
				add_action(plan, PQE_DROP, dependent)->rebuild = true;
				take_down_dependents(plan, dependent);
			}
			else if (dependent->goes_with != actual &&
					 !(actual->retire_action != NULL && dependent->parent != NULL && is_part_of(dependent->parent, actual)))
				put_back(plan, dependent);
		}
		else if (dependent->peer == NULL)
			continue;
		else if (is_rebuilt_on_takedown(dependent))
			rebuild(plan, dependent);
		else if (actual->retire_action == NULL)
			continue;
		/* a table OF the type */
		else if (dependent->kind->retire != NULL)
			rebuild(plan, dependent);
		else
			retype(plan, dependent);
	}
	foreach(lc, actual->children)
	{
		PqeFact    *child = lfirst(lc);

		if (child->drop_action != NULL)
			continue;
		if (child->ignored)
			put_back(plan, child);
		else if (child->peer != NULL)
			rebuild(plan, child);
	}
}

/*
 * Drop and create.  A type that columns use, and what holds rows, is set aside
 * first and dropped when they have been converted or moved.
 */
static void
rebuild(PqePlan *plan, PqeFact *actual)
{
	PqeFact    *desired = actual->peer;

	if (actual->drop_action != NULL)
		return;
	if (actual->alter_action != NULL)
	{
		/* what was to be altered is made anew instead */
		plan->actions = list_delete_ptr(plan->actions, actual->alter_action);
		actual->alter_action = NULL;
		desired->alter_action = NULL;
	}
	if (actual->kind->retire != NULL && (actual->kind->holds_data || is_used_by_rows(actual)))
		add_action(plan, PQE_RETIRE, actual)->rebuild = true;
	add_action(plan, PQE_DROP, actual)->rebuild = true;
	add_action(plan, PQE_CREATE, desired)->rebuild = true;
	take_down_dependents(plan, actual);
}

/*
 * What a partition that is left alone has on its own part (a default), or goes
 * by that part (a trigger), is in the way of an ALTER of the whole's as well,
 * which is one of both.
 */
static void
clear_left_alone(PqePlan *plan, PqeFact *actual, List *in_the_way)
{
	ListCell   *lc;

	foreach(lc, in_the_way)
	{
		PqeFact    *fact = lfirst(lc);

		if (!fact->ignored || fact->drop_action != NULL || !actual->kind->disturbs(actual, actual->peer, fact))
			continue;
		/* so it goes before the ALTER, and comes back behind it */
		if (!list_member_ptr(fact->depends_on, actual))
		{
			fact->depends_on = lappend(fact->depends_on, actual);
			actual->dependents = lappend(actual->dependents, fact);
		}
		put_back(plan, fact);
		take_down_dependents(plan, fact);
	}
}

/*
 * What is in the way of an ALTER is taken down for its duration.
 */
static void
clear_the_way(PqePlan *plan, PqeFact *actual)
{
	ListCell   *lc;

	if (actual->kind->disturbs == NULL)
		return;
	foreach(lc, actual->dependents)
	{
		PqeFact    *dependent = lfirst(lc);

		if (dependent->peer != NULL && dependent->drop_action == NULL &&
			actual->kind->disturbs(actual, actual->peer, dependent))
			rebuild(plan, dependent);
	}
	foreach(lc, actual->children)
	{
		PqeFact    *child = lfirst(lc);

		if (child->peer != NULL && child->drop_action == NULL &&
			actual->kind->disturbs(actual, actual->peer, child))
			rebuild(plan, child);
	}
	if (!actual->kind->holds_data)
		return;
	/* on the way back it is on the desired side, as it is to be in the end */
	foreach(lc, pqe_parts_left_alone(plan->down ? actual->peer : actual))
	{
		clear_left_alone(plan, actual, ((PqeFact *) lfirst(lc))->children);
		clear_left_alone(plan, actual, ((PqeFact *) lfirst(lc))->dependents);
	}
}

/*
 * Does what goes have to be gone before something is made that the user needs to
 * be altered (an index from one operator class to another over the same
 * operators, a function from one range to another with the same multirange)?
 * Then the user cannot be altered as long as both are there.
 */
static bool
stands_between(const PqeFact *dropped, const PqeFact *user)
{
	bool		leans = false;
	ListCell   *lc;

	foreach(lc, dropped->depends_on)
	{
		const PqeAction *drop = ((PqeFact *) lfirst(lc))->drop_action;

		leans |= drop != NULL && drop->rebuild;
	}
	foreach(lc, user->peer->depends_on)
	{
		const PqeFact *needed = lfirst(lc);

		if (needed->create_action != NULL && (leans || pqe_share_slot(dropped, needed)))
			return true;
	}
	return false;
}

/*
 * A fact may stay the same by its text and yet lean on something that goes (a
 * view that groups by a primary key): it is rebuilt.
 */
static void
release_dropped(PqePlan *plan, PqeFact *dropped)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, dropped->dependents)
	{
		PqeFact    *dependent = lfirst(lc);

		if (goes_along_with(dependent, dropped))
		{
			add_action(plan, PQE_DROP, dependent)->wanted_gone = true;
			release_dropped(plan, dependent);
		}
		else if (dependent->ignored && dependent->kind->goes_with_needs && dependent->drop_action == NULL &&
				 !pqe_matches_ignore(dependent, plan->options))
			add_action(plan, PQE_DROP, dependent)->wanted_gone = true;
		if (dependent->peer == NULL || dependent->drop_action != NULL || dependent->ignored ||
			(dependent->alter_action != NULL && !dependent->kind->alter_keeps_needs && !stands_between(dropped, dependent)))
			continue;
		if (is_rebuilt_on_takedown(dependent))
			rebuild(plan, dependent);
	}
}

/*
 * What uses the rows of a table as they were is made anew when the columns
 * become others.
 */
static void
renew_row_users(PqePlan *plan, PqeAction *action)
{
	const PqeKind *kind = action->fact->kind;
	PqeFact    *whole = action->fact->parent;
	ListCell   *lc;

	if (!kind->holds_data || whole == NULL)
		return;
	if (action->type != PQE_DROP)
		whole = whole->peer;
	if (whole == NULL || whole->drop_action != NULL)
		return;
	foreach(lc, whole->dependents)
	{
		PqeFact    *user = lfirst(lc);

		if (!pqe_uses_rows(user) || user->drop_action != NULL)
			continue;
		/* the type as such may get or lose a column */
		if ((action->type == PQE_ALTER || user->kind->uses_rows == NULL) &&
			!(action->type != PQE_DROP && kind->disturbs != NULL && kind->disturbs(action->from, action->fact, user)))
			continue;
		if (user->ignored)
			put_back(plan, user);
		else if (user->peer != NULL)
			rebuild(plan, user);
	}
}

/*
 * A type in use whose name becomes that of a type of another kind is set aside
 * like one that is made anew.
 */
static void
replace_type(PqePlan *plan, PqeFact *actual)
{
	ListCell   *lc;

	if (actual->kind->retire == NULL || actual->kind->holds_data || actual->slot == NULL || !is_used_by_rows(actual))
		return;
	foreach(lc, plan->sides->desired->list)
	{
		PqeFact    *desired = lfirst(lc);

		if (desired->kind->retire != NULL && !desired->kind->holds_data && desired->peer == NULL && !desired->ignored &&
			pqe_share_slot(desired, actual))
			actual->successor = desired;
	}
	if (actual->successor == NULL)
		return;
	actual->drop_action->wanted_gone = false;
	actual->drop_action->rebuild = true;
	add_action(plan, PQE_RETIRE, actual)->rebuild = true;
	take_down_dependents(plan, actual);
}

/*
 * What uses a routine cannot be altered to use another of that name as long as
 * both are there.
 */
static void
release_overload(PqePlan *plan, PqeFact *dropped)
{
	bool		overloaded = false;
	ListCell   *lc;

	if (!dropped->kind->has_body)
		return;
	foreach(lc, plan->sides->desired->list)
	{
		PqeFact    *fact = lfirst(lc);

		if (fact->peer == NULL && !fact->ignored && pqe_are_overloads(fact, dropped))
			overloaded = true;
	}
	foreach(lc, dropped->dependents)
	{
		PqeFact    *user = lfirst(lc);

		if (overloaded && user->alter_action != NULL && user->drop_action == NULL && is_rebuilt_on_takedown(user))
			rebuild(plan, user);
	}
}

static void
plan_desired(PqePlan *plan, PqeFact *desired)
{
	PqeFact    *actual = desired->peer;

	if (desired->ignored || (actual != NULL && actual->ignored))
		return;
	if (actual == NULL)
	{
		if (rebuilds_parent(NULL, desired))
			rebuild(plan, desired->parent->peer);
		if (desired->create_action == NULL)
			add_action(plan, PQE_CREATE, desired);
		return;
	}
	if (actual->drop_action != NULL || pqe_diff_properties(actual, desired) == NIL)
		return;
	if (rebuilds_parent(actual, desired))
		rebuild(plan, desired->parent->peer);
	else if (desired->kind->can_alter != NULL && desired->kind->can_alter(actual, desired))
	{
		if (desired->alter_action == NULL)
			add_action(plan, PQE_ALTER, desired);
		clear_the_way(plan, actual);
	}
	else
		rebuild(plan, actual);
}

/*
 * Does the table leave one that it was joined to, while it stays?  What it has
 * of that one stays with it.
 */
bool
pqe_leaves(const PqeFact *table)
{
	ListCell   *lc;

	if (table == NULL || table->drop_action != NULL)
		return false;
	foreach(lc, table->children)
	{
		const PqeFact *child = lfirst(lc);

		if (child->kind->joins && child->drop_action != NULL && child->peer == NULL)
			return true;
	}
	return false;
}

/*
 * What takes the part along when dropped, and is not to be had without it.
 */
static PqeFact *
inseparable_whole(const PqeFact *part)
{
	if (part->kind->goes_with_parent)
		return part->parent;
	if (part->goes_with == NULL || pqe_leaves(part->parent))
		return NULL;
	return part->goes_with->kind == part->kind || part->goes_with->kind->precedes_joins ? part->goes_with : NULL;
}

/*
 * A part of a partitioned index goes only with the whole: where the part has
 * to go and both tables stay together, the whole is made anew.  A key whose
 * index is such a part goes with that one.
 */
static bool
renew_whole(PqePlan *plan, const PqeFact *part)
{
	PqeFact    *whole = inseparable_whole(part);

	if (whole == NULL || whole->drop_action != NULL || (part->kind->goes_with_parent && pqe_leaves(whole->parent)))
		return false;
	if (whole->peer != NULL)
		rebuild(plan, whole);
	else if (whole->ignored && whole->goes_with != NULL && whole->goes_with->kind != whole->kind)
	{
		put_back(plan, whole);
		take_down_dependents(plan, whole);
	}
	else
		return false;
	return true;
}

static void
renew_wholes(PqePlan *plan)
{
	bool		any;

	do
	{
		ListCell   *lc;

		any = false;
		foreach(lc, list_copy(plan->actions))
		{
			PqeAction  *action = lfirst(lc);

			if (action->type == PQE_DROP && action->fact->drop_action == action)
				any |= renew_whole(plan, action->fact);
		}
	} while (any);
}

/*
 * What is said of a part that is made anew is said again: the privileges of a
 * column.
 */
static void
say_again(PqePlan *plan, const PqeAction *action)
{
	const PqeFact *part = action->fact->peer;
	ListCell   *lc;

	if (action->type != PQE_CREATE || part == NULL || part->drop_action == NULL ||
		part->parent == NULL || part->parent->drop_action != NULL)
		return;
	foreach(lc, part->parent->children)
	{
		PqeFact    *sibling = lfirst(lc);

		if (sibling->kind->speaks_of == NULL || sibling->drop_action != NULL || !sibling->kind->speaks_of(sibling, part))
			continue;
		if (sibling->ignored || (sibling->peer != NULL && sibling->peer->ignored))
			put_back(plan, sibling);
		else if (sibling->peer != NULL && sibling->peer->alter_action == NULL)
			add_action(plan, PQE_ALTER, sibling->peer);
	}
}

PqePlan *
pqe_plan_make(PqeSides *sides, const PqeOptions *options, bool down)
{
	PqePlan    *plan = palloc0(sizeof(PqePlan));
	ListCell   *lc;

	plan->sides = sides;
	plan->renames = sides->renames;
	plan->options = options;
	plan->down = down;
	foreach(lc, sides->actual->list)
	{
		PqeFact    *fact = lfirst(lc);

		if (!fact->ignored && fact->peer == NULL)
			add_action(plan, PQE_DROP, fact)->wanted_gone = true;
	}
	foreach(lc, sides->desired->list)
	{
		CHECK_FOR_INTERRUPTS();
		plan_desired(plan, lfirst(lc));
	}
	foreach(lc, sides->actual->list)
	{
		PqeFact    *fact = lfirst(lc);

		if (fact->drop_action != NULL && fact->drop_action->wanted_gone)
		{
			replace_type(plan, fact);
			release_overload(plan, fact);
		}
		if (fact->drop_action != NULL && fact->drop_action->wanted_gone)
			release_dropped(plan, fact);
	}
	foreach(lc, list_copy(plan->actions))
		renew_row_users(plan, lfirst(lc));
	renew_wholes(plan);
	foreach(lc, list_copy(plan->actions))
		say_again(plan, lfirst(lc));
	return plan;
}
