/*-------------------------------------------------------------------------
 *
 * table.c
 *		Kind: table (partitioned tables and partitions included).
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, c.relname) AS identity, n.nspname AS schema, c.relname AS name,"
"       format(E'relation:%1$I.%2$I\\ntype:%1$I.%2$I', n.nspname, c.relname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       c.relpersistence AS persistence,"
"       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,"
"       CASE WHEN c.relispartition THEN (SELECT i.inhparent::regclass::text FROM pg_inherits i"
"                                         WHERE i.inhrelid = c.oid) END AS _partition_of,"
"       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,"
"       (SELECT string_agg(o, E'\\n' ORDER BY o) FROM ("
"          SELECT format('%s=%s', split_part(x, '=', 1), quote_nullable(substr(x, strpos(x, '=') + 1))) AS o"
"            FROM unnest(c.reloptions) x"
"          UNION ALL"
"          SELECT format('toast.%s=%s', split_part(x, '=', 1), quote_nullable(substr(x, strpos(x, '=') + 1)))"
"            FROM pg_class tc, unnest(tc.reloptions) x WHERE tc.oid = c.reltoastrelid) s) AS options,"
"       CASE WHEN c.relkind = 'r' AND am.amname <> 'heap' THEN quote_ident(am.amname) END AS access_method,"
"       (SELECT quote_ident(ts.spcname) FROM pg_tablespace ts WHERE ts.oid = c.reltablespace) AS tablespace,"
"       c.relrowsecurity AS row_security, c.relforcerowsecurity AS force_row_security,"
"       CASE c.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' WHEN 'i' THEN 'INDEX' END AS replica_identity"
"  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
"  LEFT JOIN pg_am am ON am.oid = c.relam"
" WHERE c.relkind IN ('r', 'p') AND n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname";

/*
 * What ALTER TABLE says of a table whatever its columns are; FROM may be NULL.
 */
static void
emit_settings(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	bool		row_security = from ? pqe_flag(from, "row_security") : false;
	bool		force = from ? pqe_flag(from, "force_row_security") : false;
	const char *before = from ? pqe_value(from, "replica_identity") : NULL;
	const char *after = pqe_value(to, "replica_identity");

	if (row_security != pqe_flag(to, "row_security"))
		pqe_emit(script, PQE_CHANGES_PRIVILEGES, "ALTER TABLE %s %s ROW LEVEL SECURITY", to->identity,
				 row_security ? "DISABLE" : "ENABLE");
	if (force != pqe_flag(to, "force_row_security"))
		pqe_emit(script, PQE_CHANGES_PRIVILEGES, "ALTER TABLE %s %s ROW LEVEL SECURITY", to->identity,
				 force ? "NO FORCE" : "FORCE");
	/* REPLICA IDENTITY USING INDEX is the index's to say */
	if (after != NULL && strcmp(after, "INDEX") == 0)
		return;
	if (before == NULL ? after != NULL : after == NULL || strcmp(before, after) != 0)
		pqe_emit(script, 0, "ALTER TABLE %s REPLICA IDENTITY %s", to->identity, after ? after : "DEFAULT");
}

/*
 * The parents whose inheritance is written into the CREATE, in their order;
 * NULL where there are none.
 */
static const char *
inherited_tables(const PqeFact *fact)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, fact->children)
	{
		const PqeFact *child = lfirst(lc);

		if (child->kind == &pqe_kind_inheritance && child->inlined)
			appendStringInfo(&text, "%s%s", text.len ? ", " : "", pqe_value(child, "_parent"));
	}
	return text.len > 0 ? text.data : NULL;
}

static void
create(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;
	const char *of_type = pqe_value(fact, "of_type");
	const char *inherits = inherited_tables(fact);
	int			parts = 0;
	ListCell   *lc;

	initStringInfo(&text);
	appendStringInfo(&text, "CREATE %sTABLE %s",
					 pqe_value(fact, "persistence")[0] == 'u' ? "UNLOGGED " : "", fact->identity);
	if (of_type != NULL)
		appendStringInfo(&text, " OF %s", of_type);
	if (of_type == NULL)
		appendStringInfoString(&text, " (");
	foreach(lc, script->inlined)
	{
		PqeFact    *child = lfirst(lc);
		char	   *part = child->parent == fact ? child->kind->inline_text(child) : NULL;

		if (part == NULL)
			continue;
		if (of_type != NULL && parts == 0)
			appendStringInfoString(&text, " (");
		appendStringInfo(&text, "%s\n    %s", parts++ ? "," : "", part);
	}
	if (parts > 0)
		appendStringInfoChar(&text, '\n');
	if (of_type == NULL || parts > 0)
		appendStringInfoChar(&text, ')');
	if (inherits != NULL)
		appendStringInfo(&text, "\nINHERITS (%s)", inherits);
	if (pqe_value(fact, "partition_key"))
		appendStringInfo(&text, "\nPARTITION BY %s", pqe_value(fact, "partition_key"));
	if (pqe_value(fact, "access_method"))
		appendStringInfo(&text, "\nUSING %s", pqe_value(fact, "access_method"));
	if (pqe_value(fact, "options"))
		appendStringInfo(&text, "\nWITH (%s)", pqe_join_lines(pqe_value(fact, "options")));
	if (pqe_value(fact, "tablespace"))
		appendStringInfo(&text, "\nTABLESPACE %s", pqe_value(fact, "tablespace"));
	pqe_emit(script, 0, "%s", text.data);
	emit_settings(script, NULL, fact);
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "partition_key") && pqe_same(from, to, "of_type");
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	if (!pqe_same(from, to, "persistence"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE | PQE_LONG_RUNNING,
				 "ALTER TABLE %s SET %s", to->identity,
				 pqe_value(to, "persistence")[0] == 'u' ? "UNLOGGED" : "LOGGED");
	if (!pqe_same(from, to, "access_method"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE | PQE_LONG_RUNNING,
				 "ALTER TABLE %s SET ACCESS METHOD %s", to->identity,
				 pqe_value(to, "access_method") ? pqe_value(to, "access_method") : "heap");
	if (!pqe_same(from, to, "tablespace"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE | PQE_LONG_RUNNING,
				 "ALTER TABLE %s SET TABLESPACE %s", to->identity,
				 pqe_value(to, "tablespace") ? pqe_value(to, "tablespace") : "pg_default");
	if (!pqe_same(from, to, "options"))
		pqe_emit_options(script, psprintf("ALTER TABLE %s", to->identity), from, to);
	emit_settings(script, from, to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, PQE_DELETES_DATA | PQE_ACCESS_EXCLUSIVE_LOCK, "DROP TABLE %s", fact->identity);
}

static const char *
belongs_to(const PqeFact *fact)
{
	return pqe_value(fact, "_partition_of");
}

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static int
count_columns(const PqeFact *fact, const PqeFact *also_in)
{
	int			count = 0;
	ListCell   *lc;

	foreach(lc, fact->children)
	{
		const PqeFact *column = lfirst(lc);
		ListCell   *lc2;
		bool		found = also_in == NULL;

		if (column->kind != &pqe_kind_column)
			continue;
		if (also_in != NULL)
			foreach(lc2, also_in->children)
			{
				const PqeFact *other = lfirst(lc2);

				found |= other->kind == column->kind && strcmp(other->name, column->name) == 0 &&
					pqe_same(other, column, "type");
			}
		count += found;
	}
	return count;
}

/*
 * More than half of the columns are the same.
 */
static bool
alike(const PqeFact *gone, const PqeFact *come)
{
	return 2 * count_columns(gone, come) > Max(count_columns(gone, NULL), count_columns(come, NULL));
}

const PqeKind pqe_kind_table = {
	.name = "table",
	.file = "schemas/%s/tables/%n.sql",
	.rank = 50,
	.query = query,
	.on_takedown = PQE_STAYS,
	.inlines = true,
	.named_in_bodies = true,
	.holds_data = true,
	.belongs_to = belongs_to,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.alike = alike,
};
