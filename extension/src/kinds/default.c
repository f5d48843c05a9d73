/*-------------------------------------------------------------------------
 *
 * default.c
 *		Kind: default of a column.
 *
 * A kind of its own, since a default depends on other things than its column
 * does (a sequence, a function) and can be taken off and put back.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "nodes/nodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "arena.h"

/*
 * In a table that inherits the column, what the default is (or that there is
 * none, where its parent has one) is that table's affair: each has its own.
 * A default names no columns, so that the server need not look at the table to
 * print it.
 */
static const char query[] =
"SELECT 'pg_attrdef'::regclass::oid AS classid, ad.oid AS objid, 0 AS objsubid,"
"       c.table_name || '.' || quote_ident(ad.attname) AS identity, c.nspname AS schema, ad.attname AS name, NULL AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, ad.adnum::int AS parent_sub,"
"       NULL::text AS expression, ad.adbin::text AS _volatile,"
"       c.table_name AS _table, c.relhassubclass AS _has_heirs"
"  FROM (SELECT oid, adrelid, adnum, adbin, (SELECT attname FROM pg_attribute"
"                                             WHERE attrelid = adrelid AND attnum = adnum AND attgenerated = '') AS attname"
"          FROM pg_attrdef OFFSET 0) ad"
"  JOIN " PQE_SQL_RELATIONS("'r', 'p', 'v', 'f'") " c ON c.oid = ad.adrelid"
" WHERE ad.attname IS NOT NULL"
" UNION ALL "
"SELECT (3000000000 + 'pg_attrdef'::regclass::int8)::oid, c.oid, a.attnum, format('%I.%I.%I', n.nspname, c.relname, a.attname),"
"       n.nspname, a.attname, NULL, 'pg_class'::regclass, c.oid, a.attnum, NULL, NULL, format('%I.%I', n.nspname, c.relname), c.relhassubclass"
"  FROM (SELECT c.* FROM pg_class c WHERE c.oid IN (SELECT inhrelid FROM pg_inherits) OFFSET 0) c"
"  JOIN pg_namespace n ON n.oid = c.relnamespace"
"  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attinhcount > 0"
" WHERE EXISTS (SELECT FROM pg_inherits) AND NOT a.atthasdef AND a.attidentity = '' AND NOT c.relispartition AND n.oid = ANY ($1)"
"   AND EXISTS (SELECT FROM pg_inherits i JOIN pg_attribute pa ON pa.attrelid = i.inhparent AND pa.attname = a.attname"
"                WHERE i.inhrelid = c.oid AND pa.atthasdef AND pa.attgenerated = '')";

static char *
inline_text(PqeFact *fact)
{
	return psprintf("DEFAULT %s", pqe_value(fact, "expression"));
}

/*
 * Does anything inherit the column, or has not stopped to yet?
 */
static bool
has_heirs(const PqeFact *fact)
{
	const PqeFact *table = fact->parent != NULL ? fact->parent->parent : NULL;

	return pqe_flag(fact, "_has_heirs") || (table != NULL && table->peer != NULL && pqe_has_heirs(table->peer));
}

/*
 * ONLY: what inherits the column has a default of its own.
 */
static void
emit_default(PqeScript *script, const PqeFact *fact, const char *expression)
{
	const char *alter = psprintf("ALTER TABLE %s%s ALTER COLUMN %s", has_heirs(fact) ? "ONLY " : "",
								 pqe_table_of(fact), quote_identifier(fact->name));

	if (expression != NULL)
		pqe_emit(script, 0, "%s SET DEFAULT %s", alter, expression);
	else
		pqe_emit(script, 0, "%s DROP DEFAULT", alter);
}

/*
 * Does the column come with this default from a parent's, as that is or is
 * written into the parent's own definition?
 */
static bool
comes_with_column(const PqeScript *script, const PqeFact *fact)
{
	const PqeFact *column = fact->parent;
	const char *above_it;
	char	   *parents;
	char	   *state = NULL;
	bool		any = false;

	if (column->kind != &pqe_kind_column || column->create_action == NULL)
		return false;
	above_it = pqe_flag(column, "_in_partition") ? pqe_value(column->parent, "_partition_of") :
		pqe_value(column, "_inherited_from");
	if (above_it == NULL ||
		(column->parent->create_action == NULL && !pqe_is_joined_part(column)))
		return false;
	parents = pstrdup(above_it);
	for (char *table = strtok_r(parents, "\n", &state); table; table = strtok_r(NULL, "\n", &state))
	{
		const PqeFact *above = pqe_facts_by_identity(script->desired, fact->kind,
													 psprintf("%s.%s", table, quote_identifier(fact->name)));

		if (above == NULL)
			continue;
		if (!pqe_same(above, fact, "expression") || above->alter_action != NULL ||
			(above->create_action != NULL && !above->inlined))
			return false;
		any = true;
	}
	return any;
}

/*
 * The default of a partition that is left alone, in the type that its column
 * has got with its parent's by now.  One whose type is made anew reads as it did,
 * and so does each in the end of the way back.
 */
static const char *
followed(const PqeScript *script, const PqeFact *fact)
{
	const char *expression = pqe_value(fact, "expression");
	ListCell   *lc;

	foreach(lc, fact->ignored && expression != NULL && !script->down ? fact->depends_on : NIL)
	{
		const PqeFact *column = lfirst(lc);

		if (column->kind == &pqe_kind_column && column->peer != NULL && column->alter_action != NULL &&
			strcmp(column->name, fact->name) == 0 && !pqe_same(column, column->peer, "type"))
			return pqe_converted(psprintf("(%s)", expression), column, column->peer);
	}
	return expression;
}

static void
create(PqeScript *script, PqeFact *fact)
{
	if (!comes_with_column(script, fact))
		emit_default(script, fact, followed(script, fact));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_default(script, to, pqe_value(to, "expression"));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	if (pqe_value(fact, "expression") != NULL)
		emit_default(script, fact, NULL);
}

static const char *const sql_properties[] = {"expression", NULL};

/*
 * _volatile has the expression's tree until here: what it prints as, and
 * whether it is volatile (which makes ADD COLUMN write every row) can be told
 * only where its functions exist.
 */
static void
complete(PqeFacts *facts, PqeFact *fact)
{
	const char *tree = pqe_value(fact, "_volatile");
	const char *expression;
	bool		is_volatile;

	if (tree == NULL)
		return;
	expression = pqe_plain_text(facts, InvalidOid, tree, &is_volatile);
	if (expression == NULL)
	{
		Datum		printed = DirectFunctionCall2(pg_get_expr, CStringGetTextDatum(tree), ObjectIdGetDatum(InvalidOid));

		expression = pqe_arena_strdup(facts->rows, TextDatumGetCString(printed));
		is_volatile = contain_volatile_functions(stringToNode(tree));
	}
	pqe_set_value(fact, "expression", unconstify(char *, expression));
	pqe_set_value(fact, "_volatile", is_volatile ? "t" : "f");
}

/*
 * A column that its table only inherits is not written out there, nor is one
 * that comes with its parent's, be it the table's own as well.
 */
static bool
stands_alone(const PqeFact *fact)
{
	const PqeFact *column = fact->parent;
	const PqeFact *above;

	if (pqe_value(fact, "expression") == NULL)
		return true;			/* the column would take its parent's */
	if (column->kind != &pqe_kind_column)
		return false;
	above = pqe_joined_above(column);
	return (above != NULL && above->create_action != NULL) ||
		(pqe_flag(column, "_inherited") && !pqe_flag(column, "_in_partition"));
}

const PqeKind pqe_kind_default = {
	.name = "default",
	.rank = 54,
	.query = query,
	.ordered_by_parent = true,
	.inline_create = true,
	.follows_column_type = true,
	.sql_properties = sql_properties,
	.complete = complete,
	.create = create,
	.can_alter = pqe_always_alter,
	.alter = alter,
	.drop = drop,
	.stands_alone = stands_alone,
	.inline_text = inline_text,
};
