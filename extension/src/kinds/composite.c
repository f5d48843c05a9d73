/*-------------------------------------------------------------------------
 *
 * composite.c
 *		Kind: composite type.
 *
 * Its attributes are one property, a line each.  Attributes are added,
 * dropped and retyped in place as long as their order stays.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, t.typname) AS identity, n.nspname AS schema, t.typname AS name,"
"       format(E'relation:%1$I.%2$I\\ntype:%1$I.%2$I', n.nspname, t.typname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       (SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))"
"                          || CASE WHEN a.attcollation <> at.typcollation"
"                                  THEN format(' COLLATE %I.%I', cn.nspname, co.collname) ELSE '' END,"
"                          E'\\n' ORDER BY a.attnum)"
"          FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid"
"          LEFT JOIN pg_collation co ON co.oid = a.attcollation"
"          LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace"
"         WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS attributes"
"  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
"  JOIN pg_class c ON c.oid = t.typrelid AND c.relkind = 'c'"
" WHERE t.typtype = 'c' AND n.oid = ANY ($1)"
" ORDER BY n.nspname, t.typname";

static List *
attributes_of(const PqeFact *fact)
{
	const char *text = pqe_value(fact, "attributes");
	List	   *list = NIL;
	char	   *state = NULL;

	if (text == NULL)
		return NIL;
	for (char *line = strtok_r(pstrdup(text), "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		list = lappend(list, line);
	return list;
}

static const char *
find_attribute(List *list, const char *line)
{
	size_t		length = pqe_quoted_length(line);
	ListCell   *lc;

	foreach(lc, list)
	{
		const char *item = lfirst(lc);

		if (pqe_quoted_length(item) == length && strncmp(item, line, length) == 0)
			return item;
	}
	return NULL;
}

/*
 * An attribute that goes takes its values along.
 */
static bool
loses_data(const PqeFact *from, const PqeFact *to)
{
	List	   *after = attributes_of(to);
	ListCell   *lc;

	if (from->dependents == NIL)
		return false;
	foreach(lc, attributes_of(from))
		if (find_attribute(after, lfirst(lc)) == NULL)
			return true;
	return false;
}

static bool
is_column_type(const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, fact->dependents)
		if (((PqeFact *) lfirst(lc))->kind == &pqe_kind_column)
			return true;
	return false;
}

/*
 * Do the attributes that stay get another order, or one between them?
 */
static bool
is_reordered(const PqeFact *from, const PqeFact *to)
{
	List	   *before = attributes_of(from);
	List	   *after = attributes_of(to);
	int			i = 0;
	ListCell   *lc;

	foreach(lc, before)
	{
		const char *line = lfirst(lc);
		char	   *other = i < list_length(after) ? list_nth(after, i) : NULL;

		if (find_attribute(after, line) == NULL)
			continue;
		if (find_attribute(list_make1(other), line) == NULL)
			return true;
		i++;
	}
	return false;
}

/*
 * Values of a type that is made anew go by their text, an attribute after the
 * other.  Where that would give them to others, they go by a cast that is there
 * as long as the old form is, and so do those of types with such attributes, and
 * of domains over them (which need no cast of their own).
 */
bool
pqe_composite_has_cast(const PqeFact *actual)
{
	ListCell   *lc;

	if (actual->retire_action == NULL || actual->peer == NULL ||
		(actual->kind != &pqe_kind_composite && actual->kind != &pqe_kind_domain))
		return false;
	check_stack_depth();
	if (actual->kind == &pqe_kind_composite && is_reordered(actual, actual->peer))
		return true;
	foreach(lc, actual->depends_on)
		if (pqe_composite_has_cast(lfirst(lc)))
			return true;
	return false;
}

static char *
old_identity(const PqeFact *actual)
{
	return quote_qualified_identifier(actual->schema, pqe_old_type_name(actual));
}

/*
 * The function behind the cast, with its arguments.
 */
static char *
cast_function(const PqeFact *actual)
{
	return psprintf("%s(%s)", quote_qualified_identifier(actual->schema, psprintf("%.40s__pqengine_cast", actual->name)),
					old_identity(actual));
}

/*
 * Is the attribute, or are its elements, of a type with a cast of its own?
 */
static bool
is_cast(const PqeFact *actual, const char *type)
{
	ListCell   *lc;

	foreach(lc, actual->depends_on)
	{
		const PqeFact *needed = lfirst(lc);
		size_t		length = strlen(needed->identity);

		if (pqe_composite_has_cast(needed) && strncmp(type, needed->identity, length) == 0 &&
			(type[length] == '\0' || type[length] == '[' || type[length] == ' '))
			return true;
	}
	return false;
}

static void
create_cast(PqeScript *script, const PqeFact *actual)
{
	const PqeFact *fact = actual->peer;
	List	   *before = attributes_of(actual);
	StringInfoData row;
	ListCell   *lc;

	initStringInfo(&row);
	foreach(lc, attributes_of(fact))
	{
		const char *line = lfirst(lc);
		int			length = (int) pqe_quoted_length(line);
		const char *type = line + length + 1;

		if (row.len > 0)
			appendStringInfoString(&row, ", ");
		if (find_attribute(before, line) == NULL)
			appendStringInfoString(&row, "NULL");
		else
			appendStringInfo(&row, "($1).%.*s::%s", length, line, is_cast(actual, type) ? type : "text");
	}
	/* by way of text, since casts would cut what is too long */
	pqe_emit(script, 0, "CREATE FUNCTION %s RETURNS %s LANGUAGE sql STRICT AS %s", cast_function(actual), fact->identity,
			 quote_literal_cstr(psprintf("SELECT ROW(%s)::text::%s", row.data, fact->identity)));
	pqe_emit(script, 0, "CREATE CAST (%s AS %s) WITH FUNCTION %s", old_identity(actual), fact->identity, cast_function(actual));
}

static void
create(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, attributes_of(fact))
		appendStringInfo(&text, "%s\n    %s", text.len ? "," : "", (char *) lfirst(lc));
	pqe_emit(script, 0, "CREATE TYPE %s AS (%s%s)", fact->identity, text.data, text.len ? "\n" : "");
	if (!script->reverse && fact->peer != NULL && pqe_composite_has_cast(fact->peer))
		create_cast(script, fact->peer);
}

/*
 * In place if the kept attributes stand in the same order, with the new ones
 * behind them, and no table column would have to be rewritten for a new type.
 */
static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	List	   *before = attributes_of(from);
	List	   *after = attributes_of(to);
	List	   *kept = NIL;
	int			i = 0;
	ListCell   *lc;

	foreach(lc, before)
		if (find_attribute(after, lfirst(lc)) != NULL)
			kept = lappend(kept, lfirst(lc));
	foreach(lc, kept)
	{
		const char *line = lfirst(lc);
		const char *other = list_nth(after, i++);

		if (find_attribute(list_make1(unconstify(char *, other)), line) == NULL)
			return false;
		if (strcmp(line, other) != 0 && from->dependents != NIL)
			return false;
	}
	return true;
}

/*
 * A table OF the type takes part in what happens to it.
 */
static const char *
cascade(const PqeFact *actual)
{
	ListCell   *lc;

	foreach(lc, actual->dependents)
	{
		const PqeFact *dependent = lfirst(lc);

		if (dependent->kind == &pqe_kind_table && pqe_value(dependent, "of_type") != NULL)
			return " CASCADE";
	}
	return "";
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	const char *tail = cascade(script->reverse ? to : from);
	List	   *before = attributes_of(from);
	List	   *after = attributes_of(to);
	ListCell   *lc;

	foreach(lc, before)
	{
		const char *line = lfirst(lc);

		if (find_attribute(after, line) == NULL)
			pqe_emit(script, loses_data(from, to) ? PQE_DELETES_DATA : 0, "ALTER TYPE %s DROP ATTRIBUTE %.*s%s", to->identity,
					 (int) pqe_quoted_length(line), line, tail);
	}
	foreach(lc, after)
	{
		const char *line = lfirst(lc);
		const char *old = find_attribute(before, line);
		int			length = (int) pqe_quoted_length(line);

		if (old == NULL)
			pqe_emit(script, 0, "ALTER TYPE %s ADD ATTRIBUTE %s%s", to->identity, line, tail);
		else if (strcmp(old, line) != 0)
			pqe_emit(script, 0, "ALTER TYPE %s ALTER ATTRIBUTE %.*s TYPE%s%s", to->identity,
					 length, line, line + length, tail);
	}
}

static void
drop_cast(PqeScript *script, const PqeFact *actual)
{
	pqe_emit(script, 0, "DROP CAST (%s AS %s)", old_identity(actual), actual->peer->identity);
	pqe_emit(script, 0, "DROP FUNCTION %s", cast_function(actual));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	/* what its creation came with */
	if (script->reverse && fact->peer != NULL && pqe_composite_has_cast(fact->peer))
		drop_cast(script, fact->peer);
	pqe_emit(script, 0, "DROP TYPE %s", fact->identity);
}

/*
 * Columns are converted by their text, which needs as many attributes on the
 * old side as there are on the new one, of whatever type.
 */
static void
retire(PqeScript *script, PqeFact *fact)
{
	List	   *before = attributes_of(fact);
	List	   *after = fact->peer != NULL ? attributes_of(fact->peer) : NIL;
	const char *old_name = old_identity(fact);
	ListCell   *lc;

	pqe_retire_type(script, fact);
	if (fact->peer == NULL || !is_column_type(fact))
		return;
	foreach(lc, before)
	{
		const char *line = lfirst(lc);

		if (find_attribute(after, line) == NULL)
			pqe_emit(script, PQE_DELETES_DATA, "ALTER TYPE %s DROP ATTRIBUTE %.*s%s", old_name,
					 (int) pqe_quoted_length(line), line, cascade(fact));
	}
	foreach(lc, after)
	{
		const char *line = lfirst(lc);

		if (find_attribute(before, line) == NULL && !pqe_composite_has_cast(fact))
			pqe_emit(script, 0, "ALTER TYPE %s ADD ATTRIBUTE %.*s text%s", old_name, (int) pqe_quoted_length(line), line,
					 cascade(fact));
	}
}

static void
drop_retired(PqeScript *script, PqeFact *fact)
{
	if (pqe_composite_has_cast(fact))
		drop_cast(script, fact);
	pqe_drop_retired_type(script, fact);
}

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER TYPE %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static bool
has_attribute(const PqeFact *fact, const char *name)
{
	return find_attribute(attributes_of(fact), psprintf("%s ", quote_identifier(name))) != NULL;
}

static void
rename_attribute(PqeScript *script, const PqeFact *fact, const char *attribute, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TYPE %s RENAME ATTRIBUTE %s TO %s%s", fact->identity,
			 quote_identifier(attribute), quote_identifier(name), cascade(fact));
}

static bool
alike(const PqeFact *gone, const PqeFact *come)
{
	return pqe_same(gone, come, "attributes");
}

const PqeKind pqe_kind_composite = {
	.name = "composite type",
	.file = "schemas/%s/types/%n.sql",
	.rank = 38,
	.query = query,
	.catalog = RelationRelationId,
	.letter_column = Anum_pg_class_relkind,
	.letter = RELKIND_COMPOSITE_TYPE,
	.named_in_bodies = true,
	.create = create,
	.loses_data = loses_data,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
	.retire = retire,
	.drop_retired = drop_retired,
	.rename = rename_to,
	.has_part = has_attribute,
	.rename_part = rename_attribute,
	.alike = alike,
};
