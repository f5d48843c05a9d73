/*-------------------------------------------------------------------------
 *
 * ensure.c
 *		Creates what is missing, in dependency order; alters and drops nothing.
 *
 * A missing column or constraint of a table that is there is an alteration of
 * that table: drift() tells of it, a migration makes it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/guc.h"

#include "ensure.h"
#include "locks.h"
#include "renames.h"

/*
 * What is there under its old name is not missing, nor are its parts, and what
 * it needs may be there under an old name as well (a column's sequence):
 * anything made beside it would stand in the way of the rename.
 */
static void
leave_to_rename(PqeFact *fact, HTAB *left)
{
	bool		found;
	ListCell   *lc;

	check_stack_depth();
	if (fact->peer != NULL)
		return;
	hash_search(left, &fact, HASH_ENTER, &found);
	if (found)
		return;
	foreach(lc, fact->children)
		leave_to_rename(lfirst(lc), left);
	foreach(lc, fact->depends_on)
		leave_to_rename(lfirst(lc), left);
}

/*
 * All that is left to a migration's renames, by address of the fact.
 */
static HTAB *
awaiting_rename(List *renamings)
{
	HASHCTL		control;
	HTAB	   *left;
	ListCell   *lc;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(PqeFact *);
	control.entrysize = sizeof(PqeFact *);
	control.hcxt = CurrentMemoryContext;
	left = hash_create("pqengine left to renames", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(lc, renamings)
		leave_to_rename(((PqeRenaming *) lfirst(lc))->wanted, left);
	return left;
}

static void
warn_of_renames(List *renamings)
{
	ListCell   *lc;

	foreach(lc, renamings)
	{
		PqeRenaming *renaming = lfirst(lc);

		ereport(WARNING,
				(errmsg("%s: %s %s is still to be renamed, which ensure_tables() leaves to a migration",
						renaming->place, renaming->fact->kind->name, renaming->fact->identity)));
	}
}

/*
 * Is the fact whole and new: no part of something that exists?
 */
static bool
is_missing_whole(const PqeFact *fact)
{
	return fact->parent == NULL || fact->parent->create_action != NULL;
}

/*
 * Leaves in the plan only the creation of missing objects, and of these only
 * what needs nothing that is left out.
 */
static void
keep_creations(PqePlan *plan, List *renamings)
{
	HTAB	   *left = awaiting_rename(renamings);
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, plan->actions)
	{
		PqeAction  *action = lfirst(lc);

		if (action->type == PQE_CREATE && !action->rebuild && is_missing_whole(action->fact) &&
			hash_search(left, &action->fact, HASH_FIND, NULL) == NULL)
		{
			action->kept = true;
			kept = lappend(kept, action);
		}
	}
	plan->actions = kept;
}

static bool
needs_absent(PqeAction *of)
{
	ListCell   *lc;

	foreach(lc, of->holds)
		if (needs_absent(lfirst(lc)))
			return true;
	foreach(lc, of->fact->depends_on)
	{
		PqeFact    *needed = lfirst(lc);
		PqeAction  *action = needed->create_action;

		while (action != NULL && action->inside != NULL)
			action = action->inside;
		if (action != NULL && !action->kept)
			return true;
	}
	return false;
}

static void
leave_out_dependents(PqePlan *plan)
{
	bool		again = true;

	while (again)
	{
		ListCell   *lc;

		again = false;
		foreach(lc, plan->actions)
		{
			PqeAction  *action = lfirst(lc);

			if (needs_absent(action))
			{
				action->kept = false;
				plan->actions = foreach_delete_current(plan->actions, lc);
				again = true;
			}
		}
	}
}

/*
 * Locks on what is made are given back here, too, though it is to stay: it
 * cannot be seen before the transaction's end, when it has all its parts.
 */
static void
run_statements(void *argument)
{
	ListCell   *lc;

	pqe_locks_require(0, "pqengine.ensure_tables()");
	SPI_connect();
	foreach(lc, (List *) argument)
	{
		if (SPI_execute(lfirst(lc), false, 0) < 0)
			elog(ERROR, "could not run \"%s\"", (char *) lfirst(lc));
		pqe_locks_note_statement();
		if (pqe_locks_are_due())
			pqe_locks_give_back();
	}
	SPI_finish();
}

/*
 * Runs what creates the missing objects; gives the statements.
 */
List *
pqe_ensure_missing(PqeSides *sides, PqeOptions *options)
{
	PqePlan    *plan;
	List	   *statements = NIL;
	List	   *renamings = pqe_renames_declared(sides, options);
	int			settings;
	ListCell   *lc;

	warn_of_renames(renamings);
	settings = pqe_begin_pinned_settings();
	/* for the drift watch: no foreign change */
	(void) set_config_option("pqengine.migration", "ensure_tables", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	options->concurrently = false;
	plan = pqe_plan_make(sides, options, false);
	pqe_plan_order(plan);
	keep_creations(plan, renamings);
	leave_out_dependents(plan);
	foreach(lc, pqe_plan_steps(plan))
		statements = lappend(statements, pstrdup(((PqeStep *) lfirst(lc))->statement));
	pqe_locks_watch(run_statements, statements);
	AtEOXact_GUC(true, settings);
	return statements;
}
