/*-------------------------------------------------------------------------
 *
 * chosen_index.c
 *		Kinds: the index that a table is clustered on, and the one that its
 *		REPLICA IDENTITY goes by.
 *
 * A table has one of each, whatever the index is: its own, a constraint's, or
 * what a partition has of its parent's key, which is no fact.  That a table's
 * REPLICA IDENTITY is an index at all is the table's own to say.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "utils/builtins.h"

/*
 * What a partition has of its parent's key is compared by that, since its own
 * name is the server's choice, and is there when the partition is joined.  The
 * columns are needed as well: they are not null before.
 */
#define CHOSEN(flag, number) \
"SELECT 'pg_index'::regclass::oid AS classid, i.indexrelid AS objid, " number " AS objsubid," \
"       t.table_name AS identity, t.nspname AS schema, t.relname AS name, NULL AS slot," \
"       'pg_class'::regclass::oid AS parent_class, t.oid AS parent_id, 0 AS parent_sub," \
"       coalesce('part of ' || above.identity, quote_ident(c.relname)) AS \"index\"," \
"       c.relname AS _name, above.identity AS _above, t.table_name AS _table," \
"       concat_ws(E'\\n', format('%s:%s:0', 'pg_class'::regclass::oid, i.indexrelid)," \
"                 (SELECT string_agg(format('%s:%s:0', 'pg_constraint'::regclass::oid, o), E'\\n')" \
"                    FROM unnest(ARRAY[k.oid, above.oid]) o WHERE o IS NOT NULL)," \
"                 CASE WHEN t.relispartition THEN format('%s:%s:1', 'pg_inherits'::regclass::oid, t.oid) END," \
"                 (SELECT string_agg(format('%s:%s:%s', 'pg_class'::regclass::oid, t.oid, a), E'\\n')" \
"                    FROM unnest(i.indkey::int2[]) a WHERE a > 0)) AS _needs" \
"  FROM (SELECT * FROM pg_index WHERE " flag " OFFSET 0) i" \
"  JOIN pg_class c ON c.oid = i.indexrelid" \
"  JOIN " PQE_SQL_RELATIONS("'r', 'p', 'm'") " t ON t.oid = i.indrelid" \
"  LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.conindid = c.oid AND k.contype IN ('p', 'u', 'x')" \
"  LEFT JOIN LATERAL (" \
"    WITH RECURSIVE up AS (SELECT k.oid, k.conparentid UNION ALL" \
"           SELECT o.oid, o.conparentid FROM up JOIN pg_constraint o ON o.oid = up.conparentid)" \
"    SELECT o.oid, format('%I.%I.%I', n.nspname, r.relname, o.conname) AS identity" \
"      FROM up JOIN pg_constraint o ON o.oid = up.oid JOIN pg_class r ON r.oid = o.conrelid" \
"      JOIN pg_namespace n ON n.oid = r.relnamespace WHERE up.conparentid = 0) above ON k.conparentid <> 0"

static const char cluster_query[] = CHOSEN("indisclustered", "1");
static const char replica_query[] = CHOSEN("indisreplident", "2");

/*
 * What the index is called: a partition that keeps its part of the key has it
 * under the name that the server chose when it was made.  On the way back that
 * is the fact's own: what was kept then is kept now.
 */
static const char *
index_name(const PqeScript *script, const PqeFact *fact)
{
	const char *above = pqe_value(fact, "_above");
	const char *name = NULL;

	if (above != NULL && fact->parent->peer != NULL && !script->reverse && !script->down)
		name = pqe_copy_of(script, fact->parent->peer, above);
	return name != NULL ? name : quote_identifier(pqe_value(fact, "_name"));
}

/*
 * The choice goes with the index.  The index outlives that its table leaves the
 * parent, unless it is a part of a key there that the table is no more under.
 */
static bool
goes_with_index(const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, fact->depends_on)
	{
		const PqeFact *needed = lfirst(lc);

		if (needed->drop_action != NULL &&
			(needed->kind != &pqe_kind_inheritance || (needed->peer == NULL && pqe_value(fact, "_above") != NULL)))
			return true;
	}
	return false;
}

/*
 * A partition's part of a key comes when the partition is joined, for which one
 * of its own may have to go.
 */
static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return (pqe_value(from, "_above") == NULL) == (pqe_value(to, "_above") == NULL);
}

static void
create_cluster(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER TABLE %s CLUSTER ON %s", pqe_table_of(fact), index_name(script, fact));
}

static void
alter_cluster(PqeScript *script, PqeFact *from, PqeFact *to)
{
	create_cluster(script, to);
}

static void
drop_cluster(PqeScript *script, PqeFact *fact)
{
	/* where it comes back, that is said then */
	if (script->reverse || (fact->peer == NULL && !goes_with_index(fact)))
		pqe_emit(script, 0, "ALTER TABLE %s SET WITHOUT CLUSTER", pqe_table_of(fact));
}

static void
create_replica(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER TABLE %s REPLICA IDENTITY USING INDEX %s", pqe_table_of(fact), index_name(script, fact));
}

/*
 * What the table was, on its way back.
 */
void
pqe_choose_replica_identity(PqeScript *script, const PqeFact *table)
{
	ListCell   *lc;

	foreach(lc, table->children)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_replica_identity)
			create_replica(script, lfirst(lc));
}

static void
alter_replica(PqeScript *script, PqeFact *from, PqeFact *to)
{
	create_replica(script, to);
}

static void
drop_replica(PqeScript *script, PqeFact *fact)
{
	/* otherwise the table has said what it is now */
	if (script->reverse)
		pqe_emit(script, 0, "ALTER TABLE %s REPLICA IDENTITY DEFAULT", pqe_table_of(fact));
}

const PqeKind pqe_kind_clustered_index = {
	.name = "clustered index",
	.rank = 68,
	.query = cluster_query,
	.ordered_by_parent = true,
	.follows_column_type = true,
	.is_setting = true,
	.create = create_cluster,
	.can_alter = can_alter,
	.alter = alter_cluster,
	.drop = drop_cluster,
};

const PqeKind pqe_kind_replica_identity = {
	.name = "replica identity index",
	.rank = 68,
	.query = replica_query,
	.ordered_by_parent = true,
	.follows_column_type = true,
	.is_setting = true,
	.create = create_replica,
	.can_alter = can_alter,
	.alter = alter_replica,
	.drop = drop_replica,
};
