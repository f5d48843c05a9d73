/*-------------------------------------------------------------------------
 *
 * renames.c
 *		Looks at the database as if what is renamed had been renamed.
 *
 * What goes by another name in the models is declared (renames_declared.c) or
 * found (renames_found.c).  The actual facts are then read again with the new
 * names in place, so that all that speaks of a renamed object (views, indexes,
 * comments) is compared as it will read, and the rest of a plan knows nothing
 * of renames: they are its first steps.  Several rounds may be needed, since a
 * table's column can be recognised only once the table has been.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/builtins.h"

#include "kind.h"
#include "plan.h"
#include "renames.h"

/*
 * Each round finds something, and what it found stays found.  A declaration is
 * a round at most; these are for what is found without one.
 */
#define UNDECLARED_ROUNDS 20

/*
 * The identity that the fact would have under another name: the name stands
 * behind its schema, before an argument list, or at the end.
 */
char *
pqe_identity_under(const PqeFact *fact, const char *name)
{
	const char *identity = fact->identity;
	const char *quoted = quote_identifier(fact->name);
	size_t		length = strlen(identity);

	if (fact->schema != NULL)
	{
		const char *whole = quote_qualified_identifier(fact->schema, fact->name);
		size_t		end = strlen(whole);

		if (strncmp(identity, whole, end) == 0 && (identity[end] == '\0' || identity[end] == '('))
			return psprintf("%s%s", quote_qualified_identifier(fact->schema, name), identity + end);
	}
	if (length >= strlen(quoted) && strcmp(identity + length - strlen(quoted), quoted) == 0)
		return psprintf("%.*s%s", (int) (length - strlen(quoted)), identity, quote_identifier(name));
	elog(ERROR, "%s %s does not end in its name", fact->kind->name, identity);
	return NULL;
}

/*
 * The fact as it will be called.
 */
PqeFact *
pqe_fact_under(const PqeFact *fact, const char *name)
{
	PqeFact    *copy = palloc(sizeof(PqeFact));

	*copy = *fact;
	copy->identity = pqe_identity_under(fact, name);
	copy->name = name;
	return copy;
}

/*
 * Has the other one the new name, or one that nothing can have beside it?
 */
static bool
is_in_the_way(const PqeRenaming *renaming, const PqeRenaming *other)
{
	if (other == renaming || other->part != NULL || renaming->part != NULL)
		return false;
	return pqe_share_slot(renaming->wanted, other->fact) ||
		(other->fact->kind == renaming->fact->kind &&
		 strcmp(other->fact->identity, pqe_identity_under(renaming->fact, renaming->name)) == 0);
}

/*
 * The first of them that none of the others is in the way of; NULL where each
 * waits for another.
 */
static PqeRenaming *
next_renaming(List *waiting)
{
	ListCell   *lc;

	foreach(lc, waiting)
	{
		bool		free = true;
		ListCell   *lc2;

		foreach(lc2, waiting)
			free = free && !is_in_the_way(lfirst(lc), lfirst(lc2));
		if (free)
			return lfirst(lc);
	}
	return NULL;
}

/*
 * Puts one renaming's object under a name that nobody else wants, to open a
 * circle; what is left to do for it starts from there.
 */
static PqeRenaming *
step_aside(PqeRenaming *renaming)
{
	PqeRenaming *aside = palloc(sizeof(PqeRenaming));

	*aside = *renaming;
	aside->name = psprintf("%.50s_pqengine", renaming->fact->name);
	renaming->fact = pqe_fact_under(renaming->fact, aside->name);
	renaming->fact->slot = NULL;
	return aside;
}

/*
 * In such an order that every new name is free when it is taken.
 */
static List *
put_in_order(List *waiting)
{
	List	   *ordered = NIL;

	while (waiting != NIL)
	{
		PqeRenaming *next = next_renaming(waiting);

		if (next == NULL)
			ordered = lappend(ordered, step_aside(linitial(waiting)));
		else
		{
			ordered = lappend(ordered, next);
			waiting = list_delete_ptr(waiting, next);
		}
	}
	return ordered;
}

/*
 * What is to be renamed, as far as it can be told from the facts as they are.
 */
static List *
next_round(PqeSides *sides, const PqeOptions *options)
{
	List	   *renamings = pqe_renames_declared(sides, options);
	bool		can_write = !XactReadOnly && !RecoveryInProgress();

	if (renamings != NIL)
		PreventCommandIfReadOnly("planning declared renames");
	else if (can_write)
		renamings = pqe_renames_found(sides);
	return put_in_order(renamings);
}

/*
 * Matches both sides, with renames made.  sides->renames has them in order.
 */
void
pqe_renames_apply(PqeSides *sides, const PqeOptions *options)
{
	int			max_rounds = list_length(sides->desired->renames) + list_length(options->renames) + UNDECLARED_ROUNDS;

	for (int round = 0; round < max_rounds; round++)
	{
		List	   *renamings;

		CHECK_FOR_INTERRUPTS();
		pqe_diff_match(sides, options);
		renamings = next_round(sides, options);
		if (renamings == NIL)
			return;
		sides->renames = list_concat(sides->renames, renamings);
		sides->actual = pqe_read_settled(sides->schema_names, options, sides->renames, NULL);
	}
	pqe_diff_match(sides, options);
}
