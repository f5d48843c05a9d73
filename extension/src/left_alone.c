/*-------------------------------------------------------------------------
 *
 * left_alone.c
 *		Partitions that the models do not hold, and that are left alone.
 *
 * Their columns are the parent's as well, and are altered with them; so the
 * plan has to know what leans on them there.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "miscadmin.h"

#include "kind.h"
#include "plan.h"

static List *
add_parts(List *parts, const PqeFact *model, const PqeFact *whole)
{
	ListCell   *lc;
	ListCell   *lc2;

	check_stack_depth();
	foreach(lc, whole->dependents)
	{
		const PqeFact *join = lfirst(lc);

		if (!join->kind->joins || !join->ignored)
			continue;
		foreach(lc2, join->parent->children)
		{
			PqeFact    *part = lfirst(lc2);

			if (part->kind == model->kind && strcmp(part->name, model->name) == 0)
				parts = lappend(parts, part);
		}
		parts = add_parts(parts, model, join->parent);
	}
	return parts;
}

/*
 * The parts (columns) by that name of all that is left alone below the table.
 */
List *
pqe_parts_left_alone(const PqeFact *part)
{
	return part->parent != NULL ? add_parts(NIL, part, part->parent) : NIL;
}
