/*-------------------------------------------------------------------------
 *
 * view.c
 *		Kind: view.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_class.h"
#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, c.relname) AS identity, n.nspname AS schema, c.relname AS name,"
"       format(E'relation:%1$I.%2$I\\ntype:%1$I.%2$I', n.nspname, c.relname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       NULL::text AS definition,"
"       (SELECT string_agg(format('%s=%s', split_part(x, '=', 1), quote_nullable(substr(x, strpos(x, '=') + 1))),"
"                          E'\\n' ORDER BY x) FROM unnest(c.reloptions) x) AS options,"
"       (SELECT string_agg(format('%I %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attcollation::regcollation),"
"                          E'\\n' ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) AS columns,"
"       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)"
"          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0) AS _names"
"  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE c.relkind = 'v' AND n.oid = ANY ($1)"
" ORDER BY n.nspname, c.relname";

static void
emit_view(PqeScript *script, const char *create, const PqeFact *fact)
{
	StringInfoData options;
	const char *text = pqe_value(fact, "options");

	initStringInfo(&options);
	if (text != NULL)
		appendStringInfo(&options, " WITH (%s)", pqe_join_lines(text));
	pqe_emit(script, 0, "%s %s%s AS\n%s", create, fact->identity, options.data,
			 pqe_value(fact, "definition"));
}

static void
create(PqeScript *script, PqeFact *fact)
{
	emit_view(script, "CREATE VIEW", fact);
}

/*
 * Does the second list of lines begin with the first?
 */
static bool
extends(const char *before, const char *after)
{
	size_t		length;

	if (before == NULL)
		return true;
	if (after == NULL)
		return false;
	length = strlen(before);
	return strncmp(before, after, length) == 0 && (after[length] == '\0' || after[length] == '\n');
}

/*
 * OR REPLACE may add columns at the end and change nothing of the old ones.
 */
static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return extends(pqe_value(from, "columns"), pqe_value(to, "columns"));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_view(script, "CREATE OR REPLACE VIEW", to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP VIEW %s", fact->identity);
}

static const char *const sql_properties[] = {"definition", NULL};

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER VIEW %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static void
rename_column(PqeScript *script, const PqeFact *fact, const char *column, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER VIEW %s RENAME COLUMN %s TO %s", fact->identity,
			 quote_identifier(column), quote_identifier(name));
}

/*
 * The columns with the names that TO gives them; NULL where they cannot be
 * told apart.
 */
static char *
columns_under(const PqeFact *from, const PqeFact *to)
{
	List	   *before = pqe_column_names(from);
	List	   *after = pqe_column_names(to);
	char	   *lines = pstrdup(pqe_value(from, "columns"));
	char	   *state = NULL;
	StringInfoData text;
	int			i = 0;

	initStringInfo(&text);
	for (char *line = strtok_r(lines, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
	{
		const char *name = i < list_length(before) ? quote_identifier(list_nth(before, i)) : "";

		/* a name may hold a newline: then it is none of ours */
		if (name[0] == '\0' || strncmp(line, name, strlen(name)) != 0)
			return NULL;
		appendStringInfo(&text, "%s%s%s", i ? "\n" : "", quote_identifier(list_nth(after, i)), line + strlen(name));
		i++;
	}
	return text.data;
}

/*
 * A view can be replaced if only names of columns stand against it, once these
 * are changed; so what depends on it need not be rebuilt.
 */
static List *
renamed_columns(const PqeFact *from, const PqeFact *to)
{
	if (can_alter(from, to) || list_length(pqe_column_names(from)) > list_length(pqe_column_names(to)) ||
		columns_under(from, to) == NULL || !extends(columns_under(from, to), pqe_value(to, "columns")))
		return NIL;
	return pqe_moved_names(from, to);
}

const PqeKind pqe_kind_view = {
	.name = "view",
	.file = "schemas/%s/views/%n.sql",
	.rank = 90,
	.query = query,
	.catalog = RelationRelationId,
	.letter_column = Anum_pg_class_relkind,
	.letter = RELKIND_VIEW,
	.print = pqe_view_query,
	.named_in_bodies = true,
	.sql_properties = sql_properties,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.renames_alone = true,
	.has_part = pqe_has_column,
	.rename_part = rename_column,
	.renamed_parts = renamed_columns,
};
