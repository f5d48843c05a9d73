/*-------------------------------------------------------------------------
 *
 * column_null_constraint.c
 *		What NOT NULL of a column is as a constraint: its name, NO INHERIT, NOT
 *		VALID.
 *
 * Servers before 18 know nothing of it: there the properties are empty, and
 * nothing here is reached.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "utils/builtins.h"

static const char *
name_of(const PqeFact *fact)
{
	return pqe_value(fact, "_not_null_name");
}

/*
 * Do the tables that inherit the column have it, too?
 */
bool
pqe_hands_down_not_null(const PqeFact *fact)
{
	return pqe_flag(fact, "not_null") && !pqe_flag(fact, "not_null_no_inherit");
}

static bool
is_named_alike(const PqeFact *a, const PqeFact *b)
{
	return pqe_same(a, b, "_not_null_name");
}

/*
 * The columns of this name in the tables that inherit from the column's.
 * STAYING: only where both tables are there before, joined as they are.
 */
static List *
heirs_of(const PqeFact *column, bool staying)
{
	List	   *heirs = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, column->parent->dependents)
	{
		const PqeFact *join = lfirst(lc);

		if (join->kind != &pqe_kind_inheritance ||
			(staying && (join->peer == NULL || join->parent->create_action != NULL || column->parent->create_action != NULL)))
			continue;
		foreach(lc2, join->parent->children)
		{
			PqeFact    *heir = lfirst(lc2);

			if (heir->kind == column->kind && strcmp(heir->name, column->name) == 0)
				heirs = lappend(heirs, heir);
		}
	}
	return heirs;
}

static bool
has_name(const PqeFact *actual, const char *name)
{
	return actual != NULL && name_of(actual) != NULL && strcmp(name_of(actual), name) == 0;
}

/*
 * Has a table this name for it that inherits the column, or will: on the
 * actual side?
 */
static bool
is_used_by_heirs(const PqeFact *column, bool is_actual, const char *name)
{
	ListCell   *lc;

	foreach(lc, heirs_of(column, false))
	{
		const PqeFact *heir = lfirst(lc);

		if (has_name(is_actual ? heir : heir->peer, name) || is_used_by_heirs(heir, is_actual, name))
			return true;
	}
	return false;
}

/*
 * The name to be said: also the one that the server would choose, where it would
 * choose another one since those that inherit have it.
 */
static const char *
name_to_say(const PqeFact *to)
{
	const char *name = name_of(to);

	if (name == NULL || pqe_value(to, "not_null_name") != NULL)
		return name;
	return is_used_by_heirs(to, false, name) || (to->peer != NULL && is_used_by_heirs(to->peer, true, name)) ? name : NULL;
}

/*
 * As it stands in a column's definition, which has no place for NOT VALID.
 */
const char *
pqe_not_null_text(const PqeFact *fact)
{
	const char *name = name_to_say(fact);

	return psprintf("%s%s%sNOT NULL%s", name ? "CONSTRAINT " : "", name ? quote_identifier(name) : "", name ? " " : "",
					pqe_flag(fact, "not_null_no_inherit") ? " NO INHERIT" : "");
}

/*
 * The server renames it in the heirs as well, and fails where one has another
 * name for it.
 */
static bool
has_heirs_in_the_way(const PqeFact *actual)
{
	ListCell   *lc;

	if (!pqe_hands_down_not_null(actual))
		return false;
	foreach(lc, heirs_of(actual, false))
		if (!is_named_alike(lfirst(lc), actual) || has_heirs_in_the_way(lfirst(lc)))
			return true;
	return false;
}

/*
 * Names that the server has no statement to change are not compared.
 */
bool
pqe_same_not_null_name(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "not_null_name") ||
		(pqe_flag(from, "_not_null_inherited") && pqe_flag(to, "_not_null_inherited")) || has_heirs_in_the_way(from);
}

static bool
has_it_already(const PqeFact *to)
{
	return to->peer != NULL && pqe_flag(to->peer, "not_null");
}

/*
 * The heirs that are to have it under a name of their own, so that they have
 * to have that before they get the parent's.
 */
static List *
heirs_to_go_first(const PqeFact *to)
{
	List	   *first = NIL;
	ListCell   *lc;

	if (!pqe_hands_down_not_null(to))
		return NIL;
	foreach(lc, heirs_of(to, true))
	{
		PqeFact    *heir = lfirst(lc);

		if (!pqe_flag(heir, "not_null"))
			continue;
		if (has_it_already(heir) ? !is_named_alike(heir->peer, heir) : !is_named_alike(heir, to))
			first = lappend(first, heir);
		else
			first = list_concat(first, heirs_to_go_first(heir));
	}
	return first;
}

/*
 * Is SET NOT NULL not enough for it?
 */
bool
pqe_says_more_than_not_null(const PqeFact *to)
{
	return name_to_say(to) != NULL || pqe_flag(to, "not_null_no_inherit") ||
		pqe_flag(to, "not_null_not_valid") || (name_of(to) != NULL && heirs_to_go_first(to) != NIL);
}

/*
 * Has it to be added when the column is there?
 */
bool
pqe_not_null_comes_after(const PqeFact *to)
{
	return pqe_flag(to, "not_null_not_valid") || (name_of(to) != NULL && heirs_to_go_first(to) != NIL);
}

/*
 * In a table's definition: an inherited column's, which is another one than
 * the parent's; or NULL.
 */
char *
pqe_inherited_not_null_text(const PqeFact *to)
{
	const PqeFact *above = pqe_part_above(to);

	if (name_of(to) == NULL || above == NULL || !pqe_hands_down_not_null(above) || is_named_alike(to, above))
		return NULL;
	return psprintf("CONSTRAINT %s NOT NULL %s", quote_identifier(name_of(to)), quote_identifier(to->name));
}

static void
validate(PqeScript *script, const PqeFact *to)
{
	pqe_emit(script, PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA, "ALTER TABLE %s VALIDATE CONSTRAINT %s",
			 pqe_table_of(to), quote_identifier(name_of(to)));
}

static void
rename_not_null(PqeScript *script, const PqeFact *to)
{
	pqe_emit(script, 0, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s", pqe_table_of(to), quote_identifier(name_of(to->peer)),
			 quote_identifier(name_of(to)));
}

static void
prepare_heirs(PqeScript *script, const PqeFact *to)
{
	ListCell   *lc;

	foreach(lc, heirs_to_go_first(to))
	{
		const PqeFact *heir = lfirst(lc);

		if (has_it_already(heir))
			rename_not_null(script, heir);
		else
			pqe_add_not_null_constraint(script, heir);
	}
}

void
pqe_add_not_null_constraint(PqeScript *script, const PqeFact *to)
{
	prepare_heirs(script, to);
	pqe_emit(script, 0, "ALTER TABLE %s ADD CONSTRAINT %s NOT NULL %s%s NOT VALID", pqe_table_of(to), quote_identifier(name_of(to)),
			 quote_identifier(to->name), pqe_flag(to, "not_null_no_inherit") ? " NO INHERIT" : "");
	if (!pqe_flag(to, "not_null_not_valid"))
		validate(script, to);
}

/*
 * What the server has no statement for.
 */
static bool
is_made_again(const PqeFact *from, const PqeFact *to)
{
	return pqe_flag(to, "not_null_not_valid") && !pqe_flag(from, "not_null_not_valid");
}

static bool
is_validated(const PqeFact *from, const PqeFact *to)
{
	return pqe_flag(from, "not_null_not_valid") && !pqe_flag(to, "not_null_not_valid");
}

/*
 * Both sides have it.  ABOVE is the column that this one belongs to on both
 * sides and that is altered first, or NULL.
 */
void
pqe_alter_not_null_constraint(PqeScript *script, const PqeFact *from, const PqeFact *to, const PqeFact *above)
{
	bool		before = above != NULL && pqe_hands_down_not_null(above->peer);
	bool		after = above != NULL && pqe_hands_down_not_null(above);

	if (is_made_again(from, to))
	{
		if (before && after && is_made_again(above->peer, above))
			return;
		pqe_emit(script, 0, "ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL", pqe_table_of(to), quote_identifier(to->name));
		pqe_add_not_null_constraint(script, to);
		return;
	}
	/* what is handed down has been seen to with the parent's */
	if (!after && !pqe_same_not_null_name(from, to))
		rename_not_null(script, to);
	if (is_validated(from, to) && !(before && after && is_validated(above->peer, above)))
		validate(script, to);
	if (pqe_same(from, to, "not_null_no_inherit"))
		return;
	prepare_heirs(script, to);
	pqe_emit(script, pqe_flag(from, "not_null_no_inherit") ? PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA : 0,
			 "ALTER TABLE %s ALTER CONSTRAINT %s %s", pqe_table_of(to), quote_identifier(name_of(to)),
			 pqe_flag(to, "not_null_no_inherit") ? "NO INHERIT" : "INHERIT");
}
