/*-------------------------------------------------------------------------
 *
 * column_null.c
 *		NOT NULL of a column, which goes down to the tables that inherit it.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "miscadmin.h"
#include "utils/builtins.h"

/*
 * A partition may have it though its parent does not.
 */
static void
restore_not_null(PqeScript *script, const PqeFact *above)
{
	ListCell   *lc;

	foreach(lc, above->parent->dependents)
	{
		const PqeFact *join = lfirst(lc);
		ListCell   *lc2;

		if (join->kind != &pqe_kind_inheritance || join->peer == NULL)
			continue;
		foreach(lc2, join->parent->children)
		{
			const PqeFact *column = lfirst(lc2);

			if (column->kind != above->kind || column->peer == NULL || strcmp(column->name, above->name) != 0)
				continue;
			if (pqe_flag(column, "not_null"))
				pqe_set_not_null(script, column);
			else
				restore_not_null(script, column);
		}
	}
}

bool
pqe_has_heirs(const PqeFact *table)
{
	ListCell   *lc;

	foreach(lc, table->dependents)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_inheritance)
			return true;
	return false;
}

/*
 * Does a table that inherits the column, or one below that, take nulls there?
 */
bool
pqe_takes_nulls_below(const PqeFact *column)
{
	ListCell   *lc;
	ListCell   *lc2;

	check_stack_depth();
	foreach(lc, column->parent->dependents)
	{
		const PqeFact *join = lfirst(lc);

		if (join->kind != &pqe_kind_inheritance || join->parent == column->parent)
			continue;
		foreach(lc2, join->parent->children)
		{
			const PqeFact *heir = lfirst(lc2);

			if (heir->kind == column->kind && strcmp(heir->name, column->name) == 0 &&
				(!pqe_flag(heir, "not_null") || pqe_takes_nulls_below(heir)))
				return true;
		}
	}
	return false;
}

static void
drop_not_null(PqeScript *script, const PqeFact *to)
{
	bool		partitioned = to->parent->kind == &pqe_kind_table && pqe_value(to->parent, "partition_key") != NULL;

	pqe_emit(script, 0, "ALTER TABLE %s%s ALTER COLUMN %s DROP NOT NULL",
			 !partitioned && pqe_has_heirs(to->parent) ? "ONLY " : "", pqe_table_of(to), quote_identifier(to->name));
	if (partitioned)
		restore_not_null(script, to);
}

/*
 * Those that inherit from the table may take nulls though it does not.
 */
static void
spare_heirs(PqeScript *script, const PqeFact *above)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, above->parent->dependents)
	{
		const PqeFact *join = lfirst(lc);

		if (join->kind != &pqe_kind_inheritance || join->peer == NULL)
			continue;
		foreach(lc2, join->parent->children)
		{
			const PqeFact *column = lfirst(lc2);

			if (column->kind != above->kind || column->peer == NULL || strcmp(column->name, above->name) != 0)
				continue;
			if (!pqe_flag(column, "not_null"))
				drop_not_null(script, column);
			spare_heirs(script, column);
		}
	}
}

/*
 * On a table with rows the scan is done by a check that does not keep writers
 * out.
 */
void
pqe_set_not_null(PqeScript *script, const PqeFact *to)
{
	const char *table = pqe_table_of(to);
	const char *name = quote_identifier(to->name);
	const char *check;

	if (pqe_says_more_than_not_null(to))
	{
		pqe_add_not_null_constraint(script, to);
		return;
	}
	check = quote_identifier(psprintf("%.40s_not_null_pqengine", to->name));
	pqe_emit(script, 0, "ALTER TABLE %s ADD CONSTRAINT %s CHECK (%s IS NOT NULL) NOT VALID",
			 table, check, name);
	pqe_emit(script, PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA, "ALTER TABLE %s VALIDATE CONSTRAINT %s",
			 table, check);
	pqe_emit(script, 0, "ALTER TABLE %s ALTER COLUMN %s SET NOT NULL", table, name);
	pqe_emit(script, 0, "ALTER TABLE %s DROP CONSTRAINT %s", table, check);
	spare_heirs(script, to);
}

/*
 * NOT NULL goes from a parent to its heirs, but one may have it alone.
 */
void
pqe_alter_not_null(PqeScript *script, const PqeFact *from, const PqeFact *to, const PqeFact *above)
{
	bool		gained = above != NULL && !pqe_hands_down_not_null(above->peer) && pqe_hands_down_not_null(above);
	bool		lost = above != NULL && pqe_flag(above->peer, "not_null") && !pqe_flag(above, "not_null");

	if (pqe_same(from, to, "not_null"))
	{
		/* what a partition loses with its parent's has been given back as a whole */
		if (pqe_flag(to, "not_null") && !(lost && pqe_flag(to, "_in_partition")))
			pqe_alter_not_null_constraint(script, from, to, above);
		return;
	}
	/* a partition keeps one of its own when the parent's goes */
	if (!pqe_flag(to, "not_null") && !(lost && pqe_flag(to, "_in_partition") && pqe_same(from, above->peer, "_not_null_name")))
		drop_not_null(script, to);
	else if (pqe_flag(to, "not_null") && !gained)
		pqe_set_not_null(script, to);
}
