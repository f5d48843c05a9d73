/*-------------------------------------------------------------------------
 *
 * enum.c
 *		Kind: enum type.
 *
 * Values are added in place.  A type that loses or reorders values is set
 * aside, made anew, and its columns are converted by their text.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"

static const char query[] =
"SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, t.typname) AS identity, n.nspname AS schema, t.typname AS name,"
"       format('type:%I.%I', n.nspname, t.typname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder)::text"
"          FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels"
"  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
" WHERE t.typtype = 'e' AND n.oid = ANY ($1)"
" ORDER BY n.nspname, t.typname";

static char **
labels_of(const PqeFact *fact, int *count)
{
	const char *value = pqe_value(fact, "labels");
	Datum	   *elements;
	char	  **labels;
	ArrayType  *array;

	*count = 0;
	if (value == NULL)
		return NULL;
	array = DatumGetArrayTypeP(OidInputFunctionCall(F_ARRAY_IN, unconstify(char *, value), TEXTOID, -1));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, NULL, count);
	labels = palloc(sizeof(char *) * (*count + 1));
	for (int i = 0; i < *count; i++)
		labels[i] = TextDatumGetCString(elements[i]);
	return labels;
}

static void
create(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;
	int			count;
	char	  **labels = labels_of(fact, &count);

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%s%s", i ? ", " : "", quote_literal_cstr(labels[i]));
	pqe_emit(script, 0, "CREATE TYPE %s AS ENUM (%s)", fact->identity, text.data);
}

/*
 * Only if every old value is still there, in the same order.
 */
static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	int			before_count;
	int			after_count;
	char	  **before = labels_of(from, &before_count);
	char	  **after = labels_of(to, &after_count);
	int			kept = 0;

	for (int i = 0; i < after_count && kept < before_count; i++)
		if (strcmp(before[kept], after[i]) == 0)
			kept++;
	return kept == before_count;
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	int			before_count;
	int			after_count;
	char	  **before = labels_of(from, &before_count);
	char	  **after = labels_of(to, &after_count);
	int			next = 0;

	for (int i = 0; i < after_count; i++)
	{
		StringInfoData place;

		if (next < before_count && strcmp(before[next], after[i]) == 0)
		{
			next++;
			continue;
		}
		initStringInfo(&place);
		if (next < before_count)
			appendStringInfo(&place, " BEFORE %s", quote_literal_cstr(before[next]));
		/* a new value cannot be used in the transaction that adds it */
		pqe_emit_alone(script, PQE_NOT_REVERSIBLE, "ALTER TYPE %s ADD VALUE %s%s", to->identity,
					   quote_literal_cstr(after[i]), place.data);
	}
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP TYPE %s", fact->identity);
}

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER TYPE %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static bool
has_value(const PqeFact *fact, const char *value)
{
	int			count;
	char	  **labels = labels_of(fact, &count);

	for (int i = 0; i < count; i++)
		if (strcmp(labels[i], value) == 0)
			return true;
	return false;
}

static void
rename_value(PqeScript *script, const PqeFact *fact, const char *value, const char *name)
{
	pqe_emit(script, 0, "ALTER TYPE %s RENAME VALUE %s TO %s", fact->identity, quote_literal_cstr(value),
			 quote_literal_cstr(name));
}

static bool
alike(const PqeFact *gone, const PqeFact *come)
{
	return pqe_same(gone, come, "labels");
}

const PqeKind pqe_kind_enum = {
	.name = "enum",
	.file = "schemas/%s/types/%n.sql",
	.rank = 30,
	.query = query,
	.catalog = TypeRelationId,
	.letter_column = Anum_pg_type_typtype,
	.letter = TYPTYPE_ENUM,
	.named_in_bodies = true,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
	.retire = pqe_retire_type,
	.drop_retired = pqe_drop_retired_type,
	.rename = rename_to,
	.has_part = has_value,
	.rename_part = rename_value,
	.alike = alike,
};
