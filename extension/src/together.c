/*-------------------------------------------------------------------------
 *
 * together.c
 *		Makes one step of those that only make sense as a whole.
 *
 * Whoever runs a plan may run each step on its own.  From where a table is set
 * aside until its rows have moved, that would let a failing step leave the
 * rows in a place where nobody looks for them.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "plan.h"

static PqeStep *
join_steps(List *parts)
{
	PqeStep    *whole = palloc(sizeof(PqeStep));
	StringInfoData text;
	const char *quote;
	ListCell   *lc;

	/* it is the first one's fact that it is all about */
	*whole = *(PqeStep *) linitial(parts);
	whole->action = "alter";
	whole->phase = "change";
	whole->reverse = NULL;
	whole->hazards = PQE_NOT_REVERSIBLE;
	whole->guesses = NIL;
	initStringInfo(&text);
	appendStringInfoString(&text, "BEGIN\n");
	foreach(lc, parts)
	{
		const PqeStep *part = lfirst(lc);

		quote = pqe_dollar_quote(part->statement);
		appendStringInfo(&text, "\tEXECUTE %s%s%s;\n", quote, part->statement, quote);
		whole->hazards |= part->hazards;
		whole->guesses = list_concat(whole->guesses, part->guesses);
		if (strcmp(part->phase, "drop") == 0)
			whole->phase = part->phase;
	}
	appendStringInfoString(&text, "END ");
	quote = pqe_dollar_quote(text.data);
	whole->statement = psprintf("DO %s\n%s%s", quote, text.data, quote);
	return whole;
}

/*
 * Puts the part of the list at hand behind STEPS: as one step where it can be.
 * What cannot run in a transaction cannot be a part of one either.
 */
static List *
flush(List *steps, List *parts)
{
	ListCell   *lc;

	if (list_length(parts) < 2)
		return list_concat(steps, parts);
	foreach(lc, parts)
		if (!((PqeStep *) lfirst(lc))->transactional)
			return list_concat(steps, parts);
	return lappend(steps, join_steps(parts));
}

/*
 * The steps, with those that belong together made one.
 */
List *
pqe_steps_together(List *steps)
{
	List	   *joined = NIL;
	List	   *parts = NIL;
	ListCell   *lc;

	foreach(lc, steps)
	{
		PqeStep    *step = lfirst(lc);

		if (step->together)
		{
			parts = lappend(parts, step);
			continue;
		}
		joined = lappend(flush(joined, parts), step);
		parts = NIL;
	}
	return flush(joined, parts);
}
