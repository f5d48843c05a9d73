/*-------------------------------------------------------------------------
 *
 * edges_joins.c
 *		Which action of a plan has to come before which where tables join one
 *		another, as partitions and heirs do, and leave.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "plan.h"

/*
 * An index over several tables is whole when its own parts have joined it;
 * before that, the server takes it for none, and makes another.
 */
static void
edges_of_joined_indexes(PqeAction *action, PqeFact *index)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, index->dependents)
	{
		PqeFact    *part = lfirst(lc);

		if (part->goes_with != index)
			continue;
		foreach(lc2, part->children)
			if (((PqeFact *) lfirst(lc2))->kind->goes_with_parent)
				pqe_add_edge(((PqeFact *) lfirst(lc2))->create_action, action, true);
	}
}

/*
 * Does the part come only when its table has joined another?
 */
bool
pqe_follows_joins(const PqeFact *part)
{
	return part->kind->follows_joins != NULL && part->kind->follows_joins(part);
}

/*
 * A table that is created as a child takes what there is to a column then (a
 * default): what the CREATE of the table above does not say of it, such as that
 * there is none, is said before.
 */
static void
edges_of_taken(PqeAction *action, PqeFact *whole)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, whole->children)
	{
		PqeFact    *part = lfirst(lc);

		if (!part->kind->holds_data)
			continue;
		foreach(lc2, part->children)
			if (((PqeFact *) lfirst(lc2))->kind->inline_create && !pqe_can_inline(lfirst(lc2)))
				pqe_edges_of_need(action, lfirst(lc2), true);
		if (part->peer == NULL)
			continue;
		foreach(lc2, part->peer->children)
			if (((PqeFact *) lfirst(lc2))->kind->inline_create)
				pqe_add_edge(((PqeFact *) lfirst(lc2))->drop_action, action, true);
	}
}

static void
edges_of_parts(PqeAction *action, PqeFact *whole)
{
	ListCell   *lc;

	/* those of what is set aside are out of the way with it */
	if (whole->peer != NULL && whole->peer->retire_action == NULL)
		foreach(lc, whole->peer->children)
			pqe_add_edge(((PqeFact *) lfirst(lc))->drop_action, action, true);

	foreach(lc, whole->children)
	{
		PqeFact    *part = lfirst(lc);

		/* a foreign key to what the partition gets by being joined, be it that it is only leaving now */
		if (list_member_ptr(part->depends_on, action->fact) || list_member_ptr(part->depends_on, action->fact->peer) ||
			pqe_follows_joins(part))
			continue;
		if (part->kind->precedes_joins && whole == action->fact->parent)
			edges_of_joined_indexes(action, part);
		/* a table that is created as a child takes later parts as they come */
		if (action->inside != NULL ? part->kind->holds_data :
			!part->kind->joins && (part->kind->inline_create ||
								   (part->kind->precedes_joins && whole == action->fact->parent)))
			pqe_edges_of_need(action, part, false);
	}
}

/*
 * An index over several tables comes when they are joined, so that it is told
 * which of their indexes are its parts; the server would take any that is
 * equal.
 */
static void
edges_of_common_indexes(PqeAction *action, PqeFact *whole)
{
	ListCell   *lc;

	foreach(lc, whole->children)
	{
		PqeFact    *part = lfirst(lc);

		if (part->kind->precedes_joins)
			pqe_add_edge(action, part->create_action, true);
	}
}

/*
 * A table's place below another may be that of one that leaves there.
 */
static void
edges_of_place(PqeAction *action, PqeFact *whole)
{
	ListCell   *lc;

	if (whole->peer == NULL)
		return;
	foreach(lc, whole->peer->dependents)
		if (((PqeFact *) lfirst(lc))->kind == action->fact->kind)
			pqe_add_edge(((PqeFact *) lfirst(lc))->drop_action, action, true);
}

/*
 * What is set aside leaves at once, and is left before that.
 */
static bool
is_apart_at_once(const PqeFact *join)
{
	ListCell   *lc;

	foreach(lc, join->depends_on)
		if (((PqeFact *) lfirst(lc))->retire_action != NULL)
			return true;
	return join->parent->retire_action != NULL;
}

/*
 * Two tables are joined when both have all their parts.  Where they were
 * joined before in another way, they stay so until then.
 */
void
pqe_edges_of_joining(PqeAction *action)
{
	PqeAction  *leaving = action->rebuild && !action->fact->ignored ? action->fact->peer->drop_action : NULL;
	ListCell   *lc;

	if (leaving != NULL && is_apart_at_once(leaving->fact))
		leaving = NULL;

	if (action->inside == NULL)
	{
		edges_of_parts(action, action->fact->parent);
		if (leaving != NULL && leaving->inside == NULL)
			edges_of_parts(leaving, action->fact->parent);
	}
	foreach(lc, action->fact->depends_on)
	{
		edges_of_parts(action, lfirst(lc));
		if (action->inside != NULL)
			edges_of_taken(action, lfirst(lc));
		edges_of_common_indexes(action, lfirst(lc));
		edges_of_place(action, lfirst(lc));
		if (leaving != NULL && leaving->inside == NULL)
			edges_of_parts(leaving, lfirst(lc));
	}
}

/*
 * What is to be done to the parts of a table (VALUES: those that hold some)
 * comes after the action.
 */
void
pqe_edges_to_parts(PqeAction *action, PqeFact *actual, bool values)
{
	ListCell   *lc;

	foreach(lc, actual->children)
	{
		PqeFact    *part = lfirst(lc);

		if (part == action->fact || (values && !part->kind->holds_data))
			continue;
		pqe_add_edge(action, part->drop_action, true);
		pqe_add_edge(action, part->alter_action, true);
	}
	if (actual->peer == NULL)
		return;
	foreach(lc, actual->peer->children)
		if (!values || ((PqeFact *) lfirst(lc))->kind->holds_data)
			pqe_add_edge(action, ((PqeFact *) lfirst(lc))->create_action, true);
}

/*
 * A table leaves its parent before anything is done to either, for what is
 * done to the parent would be done to the table as well.
 */
void
pqe_edges_of_leaving(PqeAction *action)
{
	bool		from_set_aside = action->fact->parent->retire_action == NULL && is_apart_at_once(action->fact);
	ListCell   *lc;

	if (action->inside != NULL || (action->rebuild && !from_set_aside))
		return;
	pqe_edges_to_parts(action, action->fact->parent, false);
	if (action->rebuild)
		return;
	foreach(lc, action->fact->depends_on)
		if (((PqeFact *) lfirst(lc))->kind == action->fact->parent->kind)
			pqe_edges_to_parts(action, lfirst(lc), false);
}
