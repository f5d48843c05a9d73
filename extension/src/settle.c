/*-------------------------------------------------------------------------
 *
 * settle.c
 *		Runs statements of a model until all have found what they need.
 *
 * Statements run in the order of the text.  One that misses something (an
 * undefined table, type, function ...) waits until the others have run, and
 * is tried again for as long as that gets anything further.
 *
 * What fails has to be rolled back, and so statements run in subtransactions.
 * The end of one costs the server time in proportion to all that has been
 * made so far, so one holds many statements, as long as these do not fail:
 * where one does, those before it are run again without it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "locks.h"
#include "realize.h"

/* Statements in one subtransaction, at most. */
#define LARGEST_BATCH 256

/* Some of the statements, one after the other. */
typedef struct Batch
{
	PqeBuild   *build;
	List	   *statements;
	int			next;			/* the first that has not been run */
	int			end;
	MemoryContext garbage;
} Batch;

/*
 * Does the error mean that something is not there (yet)?
 */
static bool
misses_something(const ErrorData *error)
{
	switch (error->sqlerrcode)
	{
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_OBJECT:
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_UNDEFINED_COLUMN:
		case ERRCODE_UNDEFINED_SCHEMA:
		case ERRCODE_INVALID_FOREIGN_KEY:
		case ERRCODE_INVALID_OBJECT_DEFINITION:
		case ERRCODE_WRONG_OBJECT_TYPE:
			return true;
		default:
			return false;
	}
}

/*
 * Runs statements of the batch up to its end, or until locks have to be given
 * back.
 */
static void
run_statements(Batch *batch)
{
	PqeStatement *before = NULL;

	do
	{
		PqeStatement *statement = list_nth(batch->statements, batch->next);
		MemoryContext old = MemoryContextSwitchTo(batch->garbage);

		CHECK_FOR_INTERRUPTS();
		pqe_build_run_statement(batch->build, statement, before);
		MemoryContextSwitchTo(old);
		MemoryContextReset(batch->garbage);
		pqe_locks_note_statement();
		before = statement;
		batch->next++;
	} while (batch->next < batch->end && !pqe_locks_are_due());
}

/*
 * Runs the batch in a subtransaction.  Returns NULL, or the error of the
 * statement batch->next, for which all of the batch has been rolled back.
 */
static ErrorData *
try_batch(Batch *batch)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	ErrorContextCallback *callbacks = error_context_stack;
	ErrorData  *volatile failure = NULL;
	int			owner_targets = list_length(batch->build->owner_targets);
	int			privilege_targets = list_length(batch->build->privilege_targets);

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		/* a caller's context would take the position for one in its own query */
		error_context_stack = NULL;
		run_statements(batch);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		failure = CopyErrorData();
		FlushErrorState();
		pqe_locks_explain(failure);
		RollbackAndReleaseCurrentSubTransaction();
		batch->build->owner_targets = list_truncate(batch->build->owner_targets, owner_targets);
		batch->build->privilege_targets = list_truncate(batch->build->privilege_targets, privilege_targets);
	}
	PG_END_TRY();
	error_context_stack = callbacks;
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	pqe_locks_give_back();
	return failure;
}

/*
 * Runs some more of the statements.  Returns NULL, or the error (in the
 * current memory context) of the statement before batch->next where it misses
 * something; any other error is thrown, with its place.
 */
static ErrorData *
run_some(Batch *batch, int count)
{
	int			first = batch->next;
	ErrorData  *failure;
	PqeStatement *culprit;

	batch->end = Min(first + count, list_length(batch->statements));
	failure = try_batch(batch);
	if (failure == NULL)
		return NULL;
	culprit = list_nth(batch->statements, batch->next);
	if (!misses_something(failure))
		pqe_model_rethrow(culprit->file, culprit->location, culprit, failure);
	batch->end = batch->next;
	batch->next = first;
	while (batch->next < batch->end)
	{
		ErrorData  *other = try_batch(batch);

		if (other != NULL)
		{
			culprit = list_nth(batch->statements, batch->next);
			pqe_model_rethrow(culprit->file, culprit->location, culprit, other);
		}
	}
	batch->next++;
	return failure;
}

/*
 * Does the error speak of something that a waiting statement would create?
 */
static bool
waits_for_another(const ErrorData *failure, List *waiting, const PqeStatement *self)
{
	ListCell   *lc;

	foreach(lc, waiting)
	{
		PqeStatement *other = lfirst(lc);

		if (other != self && other->target_name != NULL &&
			strstr(failure->message, other->target_name) != NULL)
			return true;
	}
	return false;
}

/*
 * Nothing gets any further: report a statement that does not merely wait for
 * another one that is stuck.
 */
static void
report_stuck(List *waiting, List *failures)
{
	int			culprit = 0;
	PqeStatement *stuck;

	for (int i = 0; i < list_length(waiting); i++)
	{
		if (!waits_for_another(list_nth(failures, i), waiting, list_nth(waiting, i)))
		{
			culprit = i;
			break;
		}
	}
	stuck = list_nth(waiting, culprit);
	pqe_model_rethrow(stuck->file, stuck->location, stuck, list_nth(failures, culprit));
}

/*
 * Runs each of the statements once.  Gives those that miss something, and
 * their errors.
 */
static List *
run_round(PqeBuild *build, List *statements, List **failures)
{
	Batch		batch = {build, statements, 0, 0, AllocSetContextCreate(CurrentMemoryContext,
																	   "pqengine statement",
																	   ALLOCSET_DEFAULT_SIZES)};
	List	   *waiting = NIL;
	int			count = LARGEST_BATCH;

	while (batch.next < list_length(statements))
	{
		ErrorData  *failure = run_some(&batch, count);

		if (failure == NULL)
		{
			count = Min(2 * count, LARGEST_BATCH);
			continue;
		}
		*failures = lappend(*failures, failure);
		waiting = lappend(waiting, list_nth(statements, batch.next - 1));
		count = Max(count / 2, 1);
	}
	MemoryContextDelete(batch.garbage);
	return waiting;
}

/*
 * Runs all of them, in as many rounds as it takes.  Gives those that wait for
 * something still, or reports one of them if nothing more is to come (FINAL).
 */
List *
pqe_build_settle(PqeBuild *build, List *statements, bool final)
{
	while (statements != NIL)
	{
		List	   *failures = NIL;
		List	   *waiting = run_round(build, statements, &failures);

		if (list_length(waiting) == list_length(statements))
		{
			if (final)
				report_stuck(waiting, failures);
			return waiting;
		}
		statements = waiting;
	}
	return NIL;
}
