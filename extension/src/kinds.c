/*-------------------------------------------------------------------------
 *
 * kinds.c
 *		The one list of kinds, and the little that several of them share.
 *
 * The list's order is that of reading: a parent stands before its children.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "commands/tablespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "kinds/kinds.h"

const PqeKind *const pqe_kinds[] = {
	&pqe_kind_schema,
	&pqe_kind_extension,
	&pqe_kind_collation,
	&pqe_kind_enum,
	&pqe_kind_domain,
	&pqe_kind_domain_constraint,
	&pqe_kind_composite,
	&pqe_kind_range,
	&pqe_kind_sequence,
	&pqe_kind_sequence_owner,
	&pqe_kind_function,
	&pqe_kind_procedure,
	&pqe_kind_aggregate,
	&pqe_kind_operator,
	&pqe_kind_operator_family,
	&pqe_kind_operator_class,
	&pqe_kind_cast,
	&pqe_kind_ts_parser,
	&pqe_kind_ts_template,
	&pqe_kind_ts_dictionary,
	&pqe_kind_ts_configuration,
	&pqe_kind_foreign_wrapper,
	&pqe_kind_foreign_server,
	&pqe_kind_table,
	&pqe_kind_foreign_table,
	&pqe_kind_view,
	&pqe_kind_matview,
	&pqe_kind_column,
	&pqe_kind_default,
	&pqe_kind_constraint,
	&pqe_kind_index,
	&pqe_kind_inheritance,
	&pqe_kind_index_inheritance,
	&pqe_kind_clustered_index,
	&pqe_kind_replica_identity,
	&pqe_kind_trigger,
	&pqe_kind_trigger_state,
	&pqe_kind_rule,
	&pqe_kind_policy,
	&pqe_kind_statistics,
	&pqe_kind_publication,
	&pqe_kind_publication_table,
	&pqe_kind_publication_schema,
	&pqe_kind_event_trigger,
	&pqe_kind_default_privilege,
	&pqe_kind_owner,
	&pqe_kind_privilege,
	&pqe_kind_comment,
};

const int	pqe_kind_count = lengthof(pqe_kinds);

const PqeKind *
pqe_kind_by_name(const char *name)
{
	for (int i = 0; i < pqe_kind_count; i++)
		if (strcmp(pqe_kinds[i]->name, name) == 0)
			return pqe_kinds[i];
	return NULL;
}

/*
 * For kinds whose every difference can be altered in place.
 */
bool
pqe_always_alter(const PqeFact *from, const PqeFact *to)
{
	return true;
}

static List *
split_options(const char *options)
{
	List	   *list = NIL;
	char	   *copy;
	char	   *item;
	char	   *state = NULL;

	if (options == NULL)
		return NIL;
	copy = pstrdup(options);
	for (item = strtok_r(copy, "\n", &state); item != NULL; item = strtok_r(NULL, "\n", &state))
		list = lappend(list, item);
	return list;
}

static bool
has_option(List *list, const char *name, size_t length)
{
	ListCell   *lc;

	foreach(lc, list)
	{
		const char *item = lfirst(lc);

		if (strncmp(item, name, length) == 0 && item[length] == '=')
			return true;
	}
	return false;
}

/*
 * "ALTER ... SET (...)" and "RESET (...)" for the difference in the property
 * "options", whose items stand one a line.
 */
void
pqe_emit_options(PqeScript *script, const char *command, const PqeFact *from, const PqeFact *to)
{
	List	   *before = split_options(pqe_value(from, "options"));
	List	   *after = split_options(pqe_value(to, "options"));
	StringInfoData set;
	StringInfoData reset;
	ListCell   *lc;

	initStringInfo(&set);
	initStringInfo(&reset);
	foreach(lc, after)
		appendStringInfo(&set, "%s%s", set.len ? ", " : "", (char *) lfirst(lc));
	foreach(lc, before)
	{
		const char *item = lfirst(lc);
		size_t		length = strcspn(item, "=");

		if (!has_option(after, item, length))
			appendStringInfo(&reset, "%s%.*s", reset.len ? ", " : "", (int) length, item);
	}
	if (reset.len > 0)
		pqe_emit(script, 0, "%s RESET (%s)", command, reset.data);
	if (set.len > 0)
		pqe_emit(script, 0, "%s SET (%s)", command, set.data);
}

/*
 * A property whose items stand one a line, as a list behind commas.
 */
char *
pqe_join_lines(const char *lines)
{
	StringInfoData text;

	initStringInfo(&text);
	for (const char *p = lines ? lines : ""; *p != '\0'; p++)
	{
		if (*p == '\n')
			appendStringInfoString(&text, ", ");
		else
			appendStringInfoChar(&text, *p);
	}
	return text.data;
}

/*
 * Where a relation is to lie, to be said to one that lies elsewhere: there is no
 * word for the database's own tablespace, which is pg_default as a rule only.
 */
const char *
pqe_tablespace_of(const PqeFact *fact)
{
	const char *tablespace = pqe_value(fact, "tablespace");

	return tablespace != NULL ? tablespace : quote_identifier(get_tablespace_name(MyDatabaseTableSpace));
}

/*
 * The length of the name, quoted or not, that a line begins with.
 */
size_t
pqe_quoted_length(const char *line)
{
	const char *p = line;

	if (*p != '"')
		return strcspn(line, " ");
	for (p++; *p != '\0'; p++)
	{
		if (*p == '"' && p[1] == '"')
			p++;
		else if (*p == '"')
			break;
	}
	return p - line + 1;
}

static const char *
find_generic_option(List *list, const char *line)
{
	size_t		length = pqe_quoted_length(line);
	ListCell   *lc;

	foreach(lc, list)
		if (pqe_quoted_length(lfirst(lc)) == length && strncmp(lfirst(lc), line, length) == 0)
			return lfirst(lc);
	return NULL;
}

/*
 * What stands in OPTIONS (...) to get from one list of a foreign thing's
 * options to another; NULL where there is nothing to say.
 */
char *
pqe_generic_option_changes(const char *before, const char *after)
{
	List	   *old = split_options(before);
	List	   *new = split_options(after);
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, old)
	{
		const char *line = lfirst(lc);

		if (find_generic_option(new, line) == NULL)
			appendStringInfo(&text, "%sDROP %.*s", text.len ? ", " : "", (int) pqe_quoted_length(line), line);
	}
	foreach(lc, new)
	{
		const char *line = lfirst(lc);
		const char *was = find_generic_option(old, line);

		if (was == NULL || strcmp(was, line) != 0)
			appendStringInfo(&text, "%s%s %s", text.len ? ", " : "", was ? "SET" : "ADD", line);
	}
	return text.len > 0 ? text.data : NULL;
}

/*
 * Puts a text behind the first occurrence of a word in a definition that the
 * server printed: "CREATE UNIQUE INDEX" + " CONCURRENTLY".
 */
char *
pqe_after_word(const char *definition, const char *word, const char *insert)
{
	const char *at = strstr(definition, word);

	if (at == NULL)
		elog(ERROR, "no \"%s\" in \"%s\"", word, definition);
	at += strlen(word);
	return psprintf("%.*s%s%s", (int) (at - definition), definition, insert, at);
}

/*
 * The names in a view's property _names.
 */
List *
pqe_column_names(const PqeFact *fact)
{
	const char *names = pqe_value(fact, "_names");
	List	   *list = NIL;

	if (names != NULL && !SplitIdentifierString(pstrdup(names), ',', &list))
		elog(ERROR, "malformed names \"%s\"", names);
	return list;
}

static bool
has_name(List *names, const char *name)
{
	ListCell   *lc;

	foreach(lc, names)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

bool
pqe_has_column(const PqeFact *fact, const char *name)
{
	return has_name(pqe_column_names(fact), name);
}

/*
 * The columns of a view that stand in their place under a new name: old and
 * new names by turns.  None where a name is an old one's and a new one's.
 */
List *
pqe_moved_names(const PqeFact *from, const PqeFact *to)
{
	List	   *before = pqe_column_names(from);
	List	   *after = pqe_column_names(to);
	List	   *moved = NIL;

	for (int i = 0; i < list_length(before) && i < list_length(after); i++)
	{
		char	   *old_name = list_nth(before, i);
		char	   *new_name = list_nth(after, i);

		if (strcmp(old_name, new_name) == 0)
			continue;
		if (has_name(after, old_name) || has_name(before, new_name))
			return NIL;
		moved = lappend(lappend(moved, old_name), new_name);
	}
	return moved;
}

/*
 * The property "definition" with another name in it, which stands behind
 * BEFORE; NULL for other properties.
 */
char *
pqe_definition_under(const PqeFact *fact, const char *property, const char *before,
					 const char *old_name, const char *new_name)
{
	const char *definition;
	const char *at;
	char	   *old_text;

	if (strcmp(property, "definition") != 0)
		return NULL;
	definition = pqe_value(fact, "definition");
	old_text = psprintf("%s%s", before, old_name);
	at = strstr(definition, old_text);
	if (at == NULL)
		elog(ERROR, "no \"%s\" in \"%s\"", old_text, definition);
	return psprintf("%.*s%s%s%s", (int) (at - definition), definition, before, new_name, at + strlen(old_text));
}

/*
 * The name that a type goes by while columns are being converted to its
 * successor.
 */
char *
pqe_old_type_name(const PqeFact *fact)
{
	char	   *name = psprintf("%s__pqengine_old", fact->name);

	if (strlen(name) >= NAMEDATALEN)
		name = psprintf("%.40s__pqengine_%u", fact->name, fact->address.objectId);
	return name;
}

void
pqe_retire_type(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TYPE %s RENAME TO %s",
			 fact->identity, quote_identifier(pqe_old_type_name(fact)));
}

void
pqe_drop_retired_type(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP TYPE %s",
			 quote_qualified_identifier(fact->schema, pqe_old_type_name(fact)));
}
