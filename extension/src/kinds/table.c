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
"       CASE WHEN c.reloptions IS NOT NULL OR tc.reloptions IS NOT NULL THEN (SELECT string_agg(o, E'\\n' ORDER BY o) FROM ("
"          SELECT format('%s=%s', split_part(x, '=', 1), quote_nullable(substr(x, strpos(x, '=') + 1))) AS o"
"            FROM unnest(c.reloptions) x"
"          UNION ALL"
"          SELECT format('toast.%s=%s', split_part(x, '=', 1), quote_nullable(substr(x, strpos(x, '=') + 1)))"
"            FROM unnest(tc.reloptions) x) s) END AS options,"
"       CASE WHEN c.relkind = 'r' AND am.amname <> 'heap' THEN quote_ident(am.amname) END AS access_method,"
"       CASE WHEN c.reltablespace <> 0 THEN"
"            (SELECT quote_ident(ts.spcname) FROM pg_tablespace ts WHERE ts.oid = c.reltablespace) END AS tablespace,"
"       c.reltoastrelid <> 0 AS _toasted,"
"       c.relrowsecurity AS row_security, c.relforcerowsecurity AS force_row_security,"
"       CASE c.relreplident WHEN 'n' THEN 'NOTHING' WHEN 'f' THEN 'FULL' WHEN 'i' THEN 'INDEX' END AS replica_identity"
"  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
"  LEFT JOIN pg_class tc ON tc.oid = c.reltoastrelid AND tc.reloptions IS NOT NULL"
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
	if (before == NULL ? after == NULL : after != NULL && strcmp(before, after) == 0)
		return;
	/* which index that is comes with a fact of its own, but on the way back from what took its place */
	if (after == NULL || strcmp(after, "INDEX") != 0)
		pqe_emit(script, 0, "ALTER TABLE %s REPLICA IDENTITY %s", to->identity, after ? after : "DEFAULT");
	else if (script->reverse && from != NULL)
		pqe_choose_replica_identity(script, to);
}

static bool
is_unlogged(const PqeFact *fact)
{
	return pqe_value(fact, "persistence")[0] == 'u';
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
					 is_unlogged(fact) ? "UNLOGGED " : "", fact->identity);
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
	/* row security might hide rows that are to be moved in */
	if (fact->peer == NULL || fact->peer->retire_action == NULL)
		emit_settings(script, NULL, fact);
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "partition_key") && pqe_same(from, to, "of_type");
}

/*
 * A foreign key leads from what is lost in a crash to what is not, never the
 * other way.  Where both tables become the other, it is away meanwhile: no order
 * suits two that refer to each other.
 */
static bool
disturbs(const PqeFact *from, const PqeFact *to, const PqeFact *dependent)
{
	ListCell   *lc;

	if (from == NULL || dependent->kind != &pqe_kind_constraint || dependent->parent == NULL ||
		pqe_same(from, to, "persistence"))
		return false;
	foreach(lc, dependent->depends_on)
	{
		const PqeFact *referring = dependent->parent;
		const PqeFact *referred = ((const PqeFact *) lfirst(lc))->parent;

		if (referred == NULL || referred == referring || referred->kind != from->kind || referring->kind != from->kind)
			continue;
		if (from == referred && is_unlogged(to) && !is_unlogged(referring))
			return true;
		if (from == referring && (is_unlogged(to) ? !is_unlogged(referred) && referred->peer != NULL && is_unlogged(referred->peer) :
								  is_unlogged(referred)))
			return true;
	}
	return false;
}

static const char toast_prefix[] = "toast.";

/*
 * Of options, a line each, those of the TOAST table, or the others.
 */
static char *
some_options(const char *options, bool toast)
{
	char	   *state = NULL;
	StringInfoData text;

	initStringInfo(&text);
	for (char *line = strtok_r(pstrdup(options ? options : ""), "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		if ((strncmp(line, toast_prefix, strlen(toast_prefix)) == 0) == toast)
			appendStringInfo(&text, "%s%s", text.len ? "\n" : "", line);
	return text.len > 0 ? text.data : NULL;
}

/*
 * The server forgets options of a TOAST table that is not there yet: they are
 * said when a column has come that needs one.
 */
void
pqe_emit_late_toast_options(PqeScript *script, const PqeFact *table)
{
	const char *options;

	if (table->kind != &pqe_kind_table || table->peer == NULL || table->create_action != NULL ||
		pqe_flag(table->peer, "_toasted") || script->reverse)
		return;
	options = some_options(pqe_value(table, "options"), true);
	if (options != NULL)
		pqe_emit(script, 0, "ALTER TABLE %s SET (%s)", table->identity, pqe_join_lines(options));
}

static void
emit_options(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	PqeFact		now = *to;
	int			count = pqe_kind_columns(to->kind)->count;

	now.values = palloc(sizeof(char *) * count);
	memcpy(now.values, to->values, sizeof(char *) * count);
	if (!pqe_flag(from, "_toasted"))
		pqe_set_value(&now, "options", some_options(pqe_value(to, "options"), false));
	pqe_emit_options(script, psprintf("ALTER TABLE %s", to->identity), from, &now);
}

/*
 * The server makes the sequences that its columns own logged or not along with
 * the table; those that are not to be become again what they were.
 */
static void
keep_sequences(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, from->children)
		foreach(lc2, ((PqeFact *) lfirst(lc))->dependents)
		{
			const PqeFact *link = lfirst(lc2);
			const PqeFact *sequence = link->kind == &pqe_kind_sequence_owner ? link->parent->peer : NULL;

			if (sequence != NULL && link->parent->drop_action == NULL && !pqe_same(sequence, to, "persistence"))
				pqe_emit(script, 0, "ALTER SEQUENCE %s SET %s", sequence->identity, is_unlogged(sequence) ? "UNLOGGED" : "LOGGED");
		}
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	if (!pqe_same(from, to, "persistence"))
	{
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE | PQE_LONG_RUNNING,
				 "ALTER TABLE %s SET %s", to->identity,
				 is_unlogged(to) ? "UNLOGGED" : "LOGGED");
		keep_sequences(script, from, to);
	}
	if (!pqe_same(from, to, "access_method"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE | PQE_LONG_RUNNING,
				 "ALTER TABLE %s SET ACCESS METHOD %s", to->identity,
				 pqe_value(to, "access_method") ? pqe_value(to, "access_method") : "heap");
	if (!pqe_same(from, to, "tablespace"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE | PQE_LONG_RUNNING,
				 "ALTER TABLE %s SET TABLESPACE %s", to->identity,
				 pqe_tablespace_of(to));
	if (!pqe_same(from, to, "options"))
		emit_options(script, from, to);
	emit_settings(script, from, to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_leave_referenced(script, fact);
	pqe_emit(script, PQE_DELETES_DATA | PQE_ACCESS_EXCLUSIVE_LOCK, "DROP TABLE %s", fact->identity);
}

/*
 * The schema that a table is set aside in, together with those that go with
 * it.  There the names of its indexes, constraints and sequences are in
 * nobody's way.
 */
static const char *
schema_aside(const PqeFact *fact)
{
	char	   *name;

	while (fact->goes_with != NULL && fact->goes_with->retire_action != NULL)
		fact = fact->goes_with;
	name = psprintf("%s_%s__pqengine_old", fact->schema, fact->name);
	if (strlen(name) >= NAMEDATALEN)
		name = psprintf("pqengine_old_%u", fact->address.objectId);
	return quote_identifier(name);
}

/*
 * Is the table divided into nothing, so that it takes no row?
 */
static bool
lacks_partitions(const PqeFact *desired)
{
	ListCell   *lc;

	foreach(lc, desired->dependents)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_inheritance)
			return false;
	return pqe_value(desired, "partition_key") != NULL;
}

static void
retire(PqeScript *script, PqeFact *fact)
{
	const char *schema = schema_aside(fact);

	/* better to fail now than when the rows are to be moved */
	if (fact->goes_with == NULL && lacks_partitions(fact->peer))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_MAY_FAIL_ON_DATA,
				 "ALTER TABLE %s ADD CONSTRAINT no_partition_for_these_rows CHECK (false)", fact->identity);
	if (fact->goes_with == NULL)
		pqe_emit(script, 0, "CREATE SCHEMA %s", schema);
	/* what becomes of the type is none of these rows' business */
	if (pqe_value(fact, "of_type") != NULL)
		pqe_emit(script, 0, "ALTER TABLE %s NOT OF", fact->identity);
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s SET SCHEMA %s", fact->identity, schema);
}

/*
 * Moves the values of the columns that both forms have.
 */
static void
move_rows(PqeScript *script, const PqeFact *from, const PqeFact *to, const char *source)
{
	StringInfoData names;
	StringInfoData values;
	bool		identity = false;
	ListCell   *lc;

	initStringInfo(&names);
	initStringInfo(&values);
	foreach(lc, to->children)
	{
		const PqeFact *column = lfirst(lc);

		if (column->kind != &pqe_kind_column || column->peer == NULL || pqe_value(column, "generated") != NULL)
			continue;
		identity |= pqe_value(column, "identity_kind") != NULL;
		appendStringInfo(&names, "%s%s", names.len ? ", " : "", quote_identifier(column->name));
		appendStringInfo(&values, "%s%s", values.len ? ", " : "", pqe_column_converted(column->peer, column));
	}
	/* without a column in common there are the rows as such */
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_TABLE_REWRITE | PQE_MAY_FAIL_ON_DATA | PQE_LONG_RUNNING,
			 "INSERT INTO %s%s%s SELECT %sFROM %s%s", to->identity, names.len ? psprintf(" (%s)", names.data) : "",
			 identity ? " OVERRIDING SYSTEM VALUE" : "", names.len ? psprintf("%s ", values.data) : "",
			 pqe_value(from, "partition_key") ? "" : "ONLY ", source);
}

/*
 * A column that the new form lacks does not move.
 */
static bool
loses_data(const PqeFact *from, const PqeFact *to)
{
	ListCell   *lc;

	if (from->retire_action == NULL)
		return false;
	foreach(lc, from->children)
	{
		const PqeFact *column = lfirst(lc);

		if (column->kind == &pqe_kind_column && column->peer == NULL && pqe_value(column, "generated") == NULL)
			return true;
	}
	return false;
}

/*
 * The settings of the new form, and of those of the tables set aside with the old
 * one that are made anew as well.
 */
static void
emit_settings_after_moving(PqeScript *script, const PqeFact *fact)
{
	ListCell   *lc;

	emit_settings(script, NULL, fact->peer);
	foreach(lc, script->actual->list)
	{
		const PqeFact *part = lfirst(lc);

		if (part->kind == fact->kind && part->goes_with == fact && part->retire_action != NULL && part->peer != NULL)
			emit_settings_after_moving(script, part);
	}
}

/*
 * The rows move, and identities go on where they stood.
 */
static void
drop_retired(PqeScript *script, PqeFact *fact)
{
	const char *schema = schema_aside(fact);
	const char *source = psprintf("%s.%s", schema, quote_identifier(fact->name));
	ListCell   *lc;

	move_rows(script, fact, fact->peer, source);
	/* a constraint that waits for the end of the transaction would be in the way */
	foreach(lc, fact->peer->children)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_constraint && pqe_flag(lfirst(lc), "_deferred"))
		{
			pqe_emit(script, 0, "SET CONSTRAINTS ALL IMMEDIATE");
			break;
		}
	foreach(lc, fact->peer->children)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_column)
			pqe_column_continue_identity(script, lfirst(lc), schema);
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | (loses_data(fact, fact->peer) ? PQE_DELETES_DATA : 0), "DROP TABLE %s", source);
	pqe_emit(script, 0, "DROP SCHEMA %s", schema);
	emit_settings_after_moving(script, fact);
}

static bool
has_parts(const PqeFact *fact)
{
	return pqe_value(fact, "partition_key") != NULL;
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
	.pictured = true,
	.rank = 50,
	.query = query,
	.on_takedown = PQE_STAYS,
	.inlines = true,
	.named_in_bodies = true,
	.holds_data = true,
	.belongs_to = belongs_to,
	.has_parts = has_parts,
	.loses_data = loses_data,
	.create = create,
	.can_alter = can_alter,
	.disturbs = disturbs,
	.alter = alter,
	.drop = drop,
	.retire = retire,
	.drop_retired = drop_retired,
	.rename = rename_to,
	.alike = alike,
};
