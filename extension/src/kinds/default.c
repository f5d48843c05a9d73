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

/* A child that only inherits its default has none of its own to speak of. */
static const char query[] =
"SELECT 'pg_attrdef'::regclass::oid AS classid, ad.oid AS objid, 0 AS objsubid,"
"       format('%I.%I.%I', n.nspname, c.relname, a.attname) AS identity, n.nspname AS schema,"
"       a.attname AS name, NULL AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, a.attnum::int AS parent_sub,"
"       pg_get_expr(ad.adbin, ad.adrelid) AS expression, ad.adbin::text AS _volatile,"
"       format('%I.%I', n.nspname, c.relname) AS _table"
"  FROM pg_attrdef ad JOIN pg_class c ON c.oid = ad.adrelid"
"  JOIN pg_namespace n ON n.oid = c.relnamespace"
"  JOIN pg_attribute a ON a.attrelid = ad.adrelid AND a.attnum = ad.adnum"
" WHERE a.attgenerated = '' AND NOT a.attisdropped AND n.oid = ANY ($1)"
"   AND c.relkind IN ('r', 'p', 'v', 'f')"
"   AND (a.attislocal OR c.relispartition OR NOT EXISTS ("
"        SELECT FROM pg_inherits i JOIN pg_attribute pa ON pa.attrelid = i.inhparent AND pa.attname = a.attname"
"          JOIN pg_attrdef pd ON pd.adrelid = pa.attrelid AND pd.adnum = pa.attnum"
"         WHERE i.inhrelid = c.oid"
"           AND pg_get_expr(pd.adbin, pd.adrelid) = pg_get_expr(ad.adbin, ad.adrelid)))"
" ORDER BY n.nspname, c.relname, a.attnum";

static char *
inline_text(PqeFact *fact)
{
	return psprintf("DEFAULT %s", pqe_value(fact, "expression"));
}

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER TABLE %s ALTER COLUMN %s SET DEFAULT %s", pqe_table_of(fact),
			 quote_identifier(fact->name), pqe_value(fact, "expression"));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	create(script, to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", pqe_table_of(fact),
			 quote_identifier(fact->name));
}

static const char *const sql_properties[] = {"expression", NULL};

/*
 * Of the expression's tree only this is of interest, and can be told only
 * where its functions exist: a volatile default makes ADD COLUMN write every
 * row.
 */
static void
complete(PqeFacts *facts, PqeFact *fact)
{
	const char *text = pqe_value(fact, "_volatile");
	Node	   *tree = stringToNode(text);

	pqe_set_value(fact, "_volatile", contain_volatile_functions(tree) ? "t" : "f");
	pfree(unconstify(char *, text));
}

/*
 * A column that its table only inherits is not written out there.
 */
static bool
stands_alone(const PqeFact *fact)
{
	return fact->parent->kind == &pqe_kind_column && pqe_flag(fact->parent, "_inherited") &&
		!pqe_flag(fact->parent, "_in_partition");
}

const PqeKind pqe_kind_default = {
	.name = "default",
	.rank = 54,
	.query = query,
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
