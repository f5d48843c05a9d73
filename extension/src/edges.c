/*-------------------------------------------------------------------------
 *
 * edges.c
 *		Which action of a plan has to come before which.
 *
 * Creates go along the dependencies of the desired side, drops against those
 * of the actual side.  What names have to do with it is in edges_names.c, tables
 * that join one another in edges_joins.c.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "miscadmin.h"

#include "plan.h"

void
pqe_add_edge(PqeAction *first, PqeAction *later, bool soft)
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
void
pqe_edges_of_need(PqeAction *action, PqeFact *needed, bool soft)
{
	pqe_add_edge(needed->create_action, action, soft);
	pqe_add_edge(needed->alter_action, action, soft);
	/* what is put back as it was needs the new form of its surroundings */
	if (action->fact->ignored && needed->peer != NULL)
		pqe_add_edge(needed->peer->create_action, action, soft);
}

/*
 * A column that is added to a table is taken for one with that of an heir's of
 * its name, which could not go any more then.
 */
static void
edges_of_merging(PqeAction *action, const PqeFact *heir)
{
	ListCell   *lc;

	foreach(lc, heir->children)
	{
		PqeFact    *own = lfirst(lc);

		if (own->kind == action->fact->kind && own->drop_action != NULL && own->drop_action->inside == NULL &&
			strcmp(own->name, action->fact->name) == 0)
			pqe_add_edge(own->drop_action, action, false);
	}
}

/*
 * What is added to a table, or goes from it, or becomes another, does so in those
 * that inherit from it: one that is to go had better be gone.  One that comes back
 * loses it first.
 */
static void
edges_of_heirs(PqeAction *action, PqeFact *actual_parent)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, actual_parent->dependents)
	{
		PqeFact    *heir = lfirst(lc);

		if ((heir->kind == actual_parent->kind || heir->kind->joins) &&
			!(action->type != PQE_CREATE && heir->drop_action != NULL && heir->drop_action->rebuild))
			pqe_add_edge(heir->drop_action, action, true);
		if (!heir->kind->joins)
			continue;
		if (action->type == PQE_CREATE && action->inside == NULL && action->fact->kind->holds_data &&
			(heir->drop_action == NULL || heir->drop_action->rebuild))
			edges_of_merging(action, heir->parent);
		edges_of_heirs(action, heir->parent);
	}
}

/*
 * What leans on a key of a table by the columns that it is made of (a foreign
 * key) would lean on another one of them that is still there: what is to go
 * goes first.
 */
static void
edges_of_choice(PqeAction *action, const PqeFact *key)
{
	ListCell   *lc;

	/* a table's place below another brings it a key of that one's */
	if (key->kind->holds_data || key->parent == NULL || key->parent->peer == NULL ||
		key->parent->peer->retire_action != NULL ||
		!(key->kind->inline_create || key->kind->precedes_joins))
		return;
	foreach(lc, key->parent->peer->children)
	{
		PqeFact    *other = lfirst(lc);

		if (other->drop_action != NULL &&
			(other->kind->inline_create || other->kind->precedes_joins) && !other->kind->holds_data && !other->kind->joins)
			pqe_add_edge(other->drop_action, action, true);
	}
}

/*
 * What uses the rows of a table, be it through a routine, comes when these are
 * as they will be.
 */
static void
edges_from_parts(PqeAction *action, PqeFact *whole)
{
	ListCell   *lc;

	foreach(lc, whole->children)
		if (((PqeFact *) lfirst(lc))->kind->holds_data)
			pqe_edges_of_need(action, lfirst(lc), true);
	if (whole->peer == NULL)
		return;
	foreach(lc, whole->peer->children)
		if (((PqeFact *) lfirst(lc))->kind->holds_data)
			pqe_add_edge(((PqeFact *) lfirst(lc))->drop_action, action, true);
}

/*
 * An expression with a cast is known to use its function and the types, one
 * that sorts by an operator only that: wishes, since some do not use it.
 */
static void
edges_to_unseen_users(PqeAction *action)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, action->fact->depends_on)
		foreach(lc2, ((PqeFact *) lfirst(lc))->dependents)
		{
			PqeFact    *user = lfirst(lc2);

			if (user == action->fact || user->kind == action->fact->kind || list_member_ptr(action->fact->depends_on, user))
				continue;
			pqe_add_edge(action, user->create_action, true);
			pqe_add_edge(action, user->alter_action, true);
		}
}

static void
edges_along_desired(PqePlan *plan, PqeAction *action)
{
	PqeFact    *fact = action->fact;
	ListCell   *lc;
	ListCell   *lc2;

	/* a part of a partitioned index is made without it, one of a key is there before */
	if (fact->kind->inline_create && fact->goes_with != NULL && fact->goes_with->create_action != NULL &&
		fact->goes_with->create_action->inside == NULL)
		pqe_add_edge(action, fact->goes_with->create_action, true);
	foreach(lc, fact->depends_on)
		if (lfirst(lc) != fact->goes_with || fact->goes_with->kind != fact->kind)
		{
			pqe_edges_of_need(action, lfirst(lc), false);
			if (action->type == PQE_CREATE && plan->options->allow_drop)
				edges_of_choice(action, lfirst(lc));
		}
	if (fact->parent != NULL && fact->parent->goes_with != NULL)
		pqe_edges_of_need(action, fact->parent->goes_with, false);
	if (pqe_uses_rows(fact))
		foreach(lc, fact->depends_on)
			edges_from_parts(action, lfirst(lc));
	foreach(lc, fact->depends_on)
		if (((PqeFact *) lfirst(lc))->kind->has_body)
			foreach(lc2, ((PqeFact *) lfirst(lc))->depends_on)
				if (((PqeFact *) lfirst(lc2))->kind->holds_data)
					edges_from_parts(action, lfirst(lc2));
	foreach(lc, fact->soft_depends_on)
		pqe_edges_of_need(action, lfirst(lc), true);
	if (fact->parent != NULL)
		pqe_edges_of_need(action, fact->parent, false);
	if (fact->kind->names_parts && fact->parent != NULL)
		foreach(lc, fact->parent->children)
			if (((PqeFact *) lfirst(lc))->kind->holds_data)
				pqe_add_edge(((PqeFact *) lfirst(lc))->create_action, action, true);
	if (fact->kind->used_unseen)
		edges_to_unseen_users(action);
	if (fact->kind->joins)
		pqe_edges_of_joining(action);
	if (pqe_follows_joins(fact))
		foreach(lc, fact->parent->children)
			if (((PqeFact *) lfirst(lc))->kind->joins)
				pqe_add_edge(((PqeFact *) lfirst(lc))->create_action, action, false);
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
	if (dependent->kind->goes_with_parent)
		return;					/* no statement of its own */
	pqe_add_edge(dependent->drop_action, action, !hard);
	if (hard && dependent->drop_action == NULL)
		pqe_add_edge(dependent->alter_action, action, false);
	/* what is altered to lean on something else does so before; what it is a part of stays */
	if (!hard && action->type == PQE_ALTER && dependent->peer != NULL &&
		dependent->peer->parent != action->fact && !list_member_ptr(dependent->peer->depends_on, action->fact))
		pqe_add_edge(dependent->alter_action, action, true);
}

/*
 * What is taken down on account of an alteration, or of the going of what is
 * above, goes first.
 */
static void
edges_of_taken_down(PqeAction *action, PqeFact *actual)
{
	ListCell   *lc;

	foreach(lc, actual->dependents)
		edges_against_actual(action, lfirst(lc), false);
	foreach(lc, actual->children)
		edges_against_actual(action, lfirst(lc), false);
}

/*
 * What a table has both of its own and from a parent goes there first, unless
 * the table leaves that parent for good.
 */
static void
edges_of_namesakes(PqeAction *action)
{
	PqeFact    *fact = action->fact;
	ListCell   *join;

	if (fact->parent == NULL || action->inside != NULL || fact->kind->joins ||
		!(fact->kind->holds_data || fact->kind->inline_create))
		return;
	foreach(join, fact->parent->children)
	{
		PqeAction  *leaving;
		ListCell   *whole;

		if (!((PqeFact *) lfirst(join))->kind->joins)
			continue;
		leaving = ((PqeFact *) lfirst(join))->drop_action;
		if (leaving != NULL && !leaving->rebuild)
		{
			pqe_add_edge(leaving, action, true);
			continue;
		}
		foreach(whole, ((PqeFact *) lfirst(join))->depends_on)
		{
			ListCell   *part;

			foreach(part, ((PqeFact *) lfirst(whole))->children)
			{
				PqeFact    *other = lfirst(part);

				if (other->kind != fact->kind || strcmp(other->name, fact->name) != 0 || other->drop_action == NULL)
					continue;
				pqe_add_edge(other->drop_action, action, true);
				edges_of_taken_down(other->drop_action, fact);
			}
		}
	}
}

/*
 * Is it written with the table, or needed for its rows to get where they go?
 */
static bool
is_structure(const PqeKind *kind)
{
	return kind->holds_data || kind->joins || kind->inline_create || kind->precedes_joins;
}

/*
 * The rows of what was set aside move when the new form and its parts are
 * joined, and before anything else is there that uses it: no trigger sees
 * them go, and what reads them finds them.
 */
static void
edges_of_moving(PqeAction *action, PqeFact *desired)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, desired->dependents)
	{
		PqeFact    *user = lfirst(lc);

		if (user->kind->joins)
		{
			pqe_add_edge(user->create_action, action, false);
			if (user->parent != NULL && user->parent != desired)
				edges_of_moving(action, user->parent);
		}
		else if (user->kind != desired->kind)
			pqe_add_edge(action, user->create_action, true);
	}
	foreach(lc, desired->children)
	{
		PqeFact    *part = lfirst(lc);

		if (!is_structure(part->kind))
			pqe_add_edge(action, part->create_action, true);
		foreach(lc2, part->dependents)
		{
			PqeFact    *user = lfirst(lc2);

			if (!is_structure(user->kind) || user->parent == NULL || user->parent->create_action == NULL)
				pqe_add_edge(action, user->create_action, true);
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
	if (fact->kind->holds_data && fact->parent != NULL && action->inside == NULL)
		edges_of_heirs(action, fact->parent);
	if (fact->kind->joins)
		pqe_edges_of_leaving(action);
	if (pqe_uses_rows(fact))
		foreach(lc, fact->depends_on)
			pqe_edges_to_parts(action, lfirst(lc), true);
	if (action->rebuild && fact->retire_action != NULL)
	{
		PqeFact    *successor = fact->peer != NULL ? fact->peer : fact->successor;

		/* the old form stays until the new one is in use */
		pqe_add_edge(fact->retire_action, successor->create_action, false);
		pqe_add_edge(successor->create_action, action, false);
		if (fact->kind->holds_data && action->inside == NULL)
			edges_of_moving(action, successor);
	}
	else if (fact->retire_action != NULL)
		pqe_add_edge(fact->retire_action, action, false);
	else if (action->rebuild && (action->inside == NULL || pqe_doer(action)->fact->retire_action == NULL))
		pqe_add_edge(action, fact->ignored ? fact->create_action : fact->peer->create_action, false);
}

/*
 * What uses a fact that is set aside, or a part of it, goes first, unless it is
 * set aside or goes with it.
 */
static void
edges_of_users(PqeAction *action, PqeFact *used)
{
	ListCell   *lc;

	foreach(lc, used->dependents)
	{
		PqeFact    *user = lfirst(lc);

		if (user->retire_action == NULL && user->drop_action != NULL &&
			pqe_doer(user->drop_action)->fact->retire_action == NULL)
			pqe_add_edge(user->drop_action, action, false);
	}
}

/*
 * What is on a column that the retiring of its type changes goes first.
 */
static void
edges_of_retired_columns(PqeAction *action)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, action->fact->dependents)
	{
		PqeFact    *column = lfirst(lc);

		if (!column->kind->holds_data || column->parent == NULL)
			continue;
		foreach(lc2, column->dependents)
		{
			PqeAction  *drop = ((PqeFact *) lfirst(lc2))->drop_action;

			if (drop == NULL)
				continue;
			pqe_add_edge(drop, action, false);
			drop->makes_room = true;
		}
	}
}

/*
 * What names the type or table goes before it is called something else.
 */
static void
edges_of_retire(PqeAction *action)
{
	PqeFact    *fact = action->fact;
	ListCell   *lc;

	edges_of_users(action, fact);
	if (fact->kind->retires_columns)
		edges_of_retired_columns(action);
	if (!fact->kind->holds_data)
		return;
	foreach(lc, fact->children)
	{
		PqeFact    *part = lfirst(lc);

		edges_of_users(action, part);
		if (part->drop_action != NULL && part->drop_action->inside == NULL)
			pqe_add_edge(part->drop_action, action, false);
	}
	if (fact->goes_with != NULL)
		pqe_add_edge(fact->goes_with->retire_action, action, false);
}

/*
 * What a table keeps of its own, where the one that it had it from as well loses
 * it, can become another only when it is its own alone.
 */
static void
edges_of_parting(PqeAction *action)
{
	PqeFact    *fact = action->from;
	ListCell   *join;
	ListCell   *whole;
	ListCell   *part;

	foreach(join, fact->parent->children)
	{
		PqeFact    *joined = lfirst(join);

		if (!joined->kind->joins || (joined->drop_action != NULL && !joined->drop_action->rebuild))
			continue;
		foreach(whole, joined->depends_on)
			foreach(part, ((PqeFact *) lfirst(whole))->children)
			{
				PqeFact    *other = lfirst(part);

				if (other->kind == fact->kind && other->peer == NULL && other->drop_action != NULL &&
					other->drop_action->inside == NULL && strcmp(other->name, fact->name) == 0)
					pqe_add_edge(other->drop_action, action, false);
			}
	}
}

/*
 * What a table has from one that it is joined to is made with that one's, and
 * altered with it.  Where it had it before that one, it becomes what that one's
 * will be first.
 */
static void
edges_of_cascade(PqeAction *action)
{
	PqeFact    *fact = action->fact;
	ListCell   *join;

	if (fact->parent == NULL || !fact->kind->holds_data)
		return;
	if (action->from != NULL)
		edges_of_parting(action);
	foreach(join, fact->parent->children)
	{
		ListCell   *whole;

		if (!((PqeFact *) lfirst(join))->kind->joins || ((PqeFact *) lfirst(join))->peer == NULL)
			continue;
		foreach(whole, ((PqeFact *) lfirst(join))->depends_on)
		{
			ListCell   *part;

			foreach(part, ((PqeFact *) lfirst(whole))->children)
			{
				PqeFact    *other = lfirst(part);

				if (other->kind != fact->kind || strcmp(other->name, fact->name) != 0)
					continue;
				if (action->from != NULL && other->peer == NULL && other->create_action != NULL &&
					other->create_action->inside == NULL)
					pqe_add_edge(action, other->create_action, false);
				else
					pqe_add_edge(other->create_action, action, false);
				pqe_add_edge(other->alter_action, action, true);
				if (other->alter_action != NULL && action->from != NULL)
					edges_of_taken_down(other->alter_action, action->from);
			}
		}
	}
}

/*
 * What refers to a table from another, or to another from it, may suit only what
 * the table was (logged) or only what it becomes.  What does not suit the change
 * is gone before; so the change waits where that may not go.
 */
static void
edges_to_reference(PqeAction *action, PqeFact *reference)
{
	const PqeKind *kind = action->from->kind;

	if (reference->kind->refers_to != NULL)
		pqe_add_edge(reference->drop_action, action,
					 !(kind->disturbs != NULL && kind->disturbs(action->from, action->fact, reference)));
}

static void
edges_of_references(PqeAction *action)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, action->from->children)
	{
		edges_to_reference(action, lfirst(lc));
		foreach(lc2, ((PqeFact *) lfirst(lc))->dependents)
			edges_to_reference(action, lfirst(lc2));
	}
	foreach(lc, action->fact->children)
		foreach(lc2, ((PqeFact *) lfirst(lc))->dependents)
			if (((PqeFact *) lfirst(lc2))->kind->refers_to != NULL)
				pqe_add_edge(action, ((PqeFact *) lfirst(lc2))->create_action, true);
}

static void
edges_of_alter(PqePlan *plan, PqeAction *action)
{
	ListCell   *lc;

	/* what leans on a part of a partition that is left alone, which is altered along with it */
	if (action->fact->kind->holds_data)
		foreach(lc, pqe_parts_left_alone(action->from))
			edges_of_taken_down(action, lfirst(lc));
	edges_along_desired(plan, action);
	edges_of_taken_down(action, action->from);
	edges_of_cascade(action);
	if (action->fact->kind->holds_data && action->from->parent != NULL)
		edges_of_heirs(action, action->from->parent);
	if (action->fact->kind->holds_data && action->from->parent == NULL)
		edges_of_references(action);
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
				edges_of_cascade(action);
				break;
			case PQE_ALTER:
				edges_of_alter(plan, action);
				break;
			case PQE_DROP:
				edges_of_drop(action);
				if (action->wanted_gone && action->fact->kind->has_body)
					pqe_edges_of_overloads(plan, action);
				break;
			case PQE_RETIRE:
				edges_of_retire(action);
				break;
		}
	}
	pqe_edges_of_slots(plan);
}
