/*-------------------------------------------------------------------------
 *
 * column_type.c
 *		The type of a column: what changing it takes, and what becomes of values.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "access/transam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/*
 * Does the column get another type, or the text in it another collation?
 */
bool
pqe_column_type_differs(const PqeFact *from, const PqeFact *to)
{
	return !pqe_same(from, to, "type") || !pqe_same(from, to, "collation");
}

/*
 * The server changes the type without touching the rows where the old form is
 * the new one's as well and no length or precision gets tighter.
 */
bool
pqe_column_keeps_rows(const PqeFact *from, const PqeFact *to)
{
	Oid			before = atooid(pqe_value(from, "_type_id"));
	Oid			after = atooid(pqe_value(to, "_type_id"));
	int			old_mod = atoi(pqe_value(from, "_type_mod"));
	int			new_mod = atoi(pqe_value(to, "_type_mod"));

	if (before >= FirstNormalObjectId || after >= FirstNormalObjectId)
		return false;
	if (before == NUMERICOID && after == NUMERICOID)
		return new_mod < 0 || (old_mod >= 0 && (old_mod - VARHDRSZ) >> 16 <= (new_mod - VARHDRSZ) >> 16 &&
							   ((old_mod - VARHDRSZ) & 0x7ff) == ((new_mod - VARHDRSZ) & 0x7ff));
	if (before == VARCHAROID && (after == TEXTOID || after == VARCHAROID))
		return new_mod < 0 || (old_mod >= 0 && old_mod <= new_mod);
	if (before == TEXTOID && after == VARCHAROID)
		return new_mod < 0;
	return before == after && new_mod < 0;
}

/*
 * Is the type of the column made anew, so that values go by their text?
 */
static bool
has_new_type(const PqeFact *from, const PqeFact *to)
{
	ListCell   *lc;

	if (to->retyped)
		return true;
	foreach(lc, from->depends_on)
		if (((PqeFact *) lfirst(lc))->retire_action != NULL)
			return true;
	return false;
}

/*
 * Is there a cast for the time being?
 */
static bool
has_cast(const PqeFact *from)
{
	ListCell   *lc;

	foreach(lc, from->depends_on)
		if (pqe_composite_has_cast(lfirst(lc)))
			return true;
	return false;
}

/*
 * The type as it is printed, without a length: an explicit cast would cut what
 * is too long for that, where an assignment complains.
 */
static const char *
without_length(const char *type)
{
	StringInfoData text;
	bool		quoted = false;
	bool		in_length = false;

	initStringInfo(&text);
	for (const char *p = type; *p != '\0'; p++)
	{
		if (*p == '"')
			quoted = !quoted;
		if (*p == '(' && !quoted)
			in_length = true;
		if (!in_length)
			appendStringInfoChar(&text, *p);
		if (*p == ')' && !quoted)
			in_length = false;
	}
	/* these words alone mean a length of 1 */
	if (strcmp(text.data, "character") == 0 || strncmp(text.data, "character[", 10) == 0)
		return psprintf("bpchar%s", text.data + strlen("character"));
	if (strcmp(text.data, "bit") == 0 || strncmp(text.data, "bit[", 4) == 0)
		return psprintf("\"bit\"%s", text.data + strlen("bit"));
	return text.data;
}

/*
 * What a domain is over in the end, as it is printed.  One that is no fact (an
 * extension's) is asked after in the catalogs.
 */
static const char *
base_type(const PqeFact *user, const char *type, Oid oid)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, user->depends_on)
	{
		const PqeFact *domain = lfirst(lc);

		if (domain->kind == &pqe_kind_domain && strcmp(domain->identity, type) == 0)
			return base_type(domain, pqe_value(domain, "type"), InvalidOid);
	}
	if (OidIsValid(oid) && get_typtype(oid) == TYPTYPE_DOMAIN)
	{
		int32		mod = -1;
		Oid			base = getBaseTypeAndTypmod(oid, &mod);

		return format_type_with_typemod(base, mod);
	}
	return type;
}

/*
 * The type of the column's values, be they in a domain's bounds.
 */
const char *
pqe_column_base_type(const PqeFact *column)
{
	const char *type = pqe_value(column, "type");

	return pqe_flag(column, "_domain") ? base_type(column, type, atooid(pqe_value(column, "_type_id"))) : type;
}

/*
 * The type that a value is cast to; where that is not the column's, the rest is
 * up to the assignment.
 */
static const char *
type_to_cast_to(const PqeFact *to)
{
	const char *type = pqe_value(to, "type");
	const char *base = pqe_column_base_type(to);
	const char *bare = without_length(base);

	return strcmp(bare, base) == 0 ? type : bare;
}

/*
 * An expression for a value of the old type that can be assigned to a column of
 * the new one.
 */
const char *
pqe_converted(const char *value, const PqeFact *from, const PqeFact *to)
{
	Oid			before = atooid(pqe_value(from, "_type_id"));
	Oid			after = atooid(pqe_value(to, "_type_id"));
	Oid			function;
	bool		builtin = before < FirstNormalObjectId && after < FirstNormalObjectId;

	if (before == after && !has_new_type(from, to))
		return value;
	if (has_cast(from) && pqe_same(from, to, "type"))
		return psprintf("%s::%s", value, pqe_value(to, "type"));
	if (builtin && find_coercion_pathway(after, before, COERCION_ASSIGNMENT, &function) != COERCION_PATH_NONE)
		return value;
	if (builtin && find_coercion_pathway(after, before, COERCION_EXPLICIT, &function) != COERCION_PATH_NONE)
		return psprintf("%s::%s", value, TypeCategory(before) == TYPCATEGORY_STRING ? type_to_cast_to(to) : pqe_value(to, "type"));
	return psprintf("%s::text::%s", value, type_to_cast_to(to));
}

const char *
pqe_column_converted(const PqeFact *from, const PqeFact *to)
{
	return pqe_converted(quote_identifier(to->name), from, to);
}

/*
 * How to say the conversion of the old values.
 */
static const char *
using_clause(const PqeFact *from, const PqeFact *to)
{
	const char *converted = pqe_column_converted(from, to);

	if (strcmp(converted, quote_identifier(to->name)) == 0 || pqe_flag(to, "_foreign"))
		return "";
	return psprintf(" USING %s", converted);
}

/*
 * Does the server round or cut values without a word, so that the way back
 * does not bring them back?
 */
static bool
may_round(const PqeFact *from, const PqeFact *to)
{
	Oid			before = atooid(pqe_value(from, "_type_id"));
	Oid			after = atooid(pqe_value(to, "_type_id"));
	int			old_mod = atoi(pqe_value(from, "_type_mod"));
	int			new_mod = atoi(pqe_value(to, "_type_mod"));
	Oid			function;

	if (before >= FirstNormalObjectId || after >= FirstNormalObjectId || TypeCategory(after) == TYPCATEGORY_STRING)
		return false;
	if (before != after)
		return find_coercion_pathway(after, before, COERCION_IMPLICIT, &function) == COERCION_PATH_NONE;
	if (new_mod < 0)
		return false;
	if (before == NUMERICOID)
		return old_mod < 0 || ((old_mod - VARHDRSZ) & 0x7ff) > ((new_mod - VARHDRSZ) & 0x7ff);
	return TypeCategory(before) != TYPCATEGORY_BITSTRING && (old_mod < 0 || old_mod > new_mod);
}

/*
 * Gives the column its new type, and the values in it that form.
 */
void
pqe_emit_column_type(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	StringInfoData collate;
	int			hazards = PQE_ACCESS_EXCLUSIVE_LOCK;

	initStringInfo(&collate);
	if (pqe_value(to, "collation"))
		appendStringInfo(&collate, " COLLATE %s", pqe_value(to, "collation"));
	if (!pqe_column_keeps_rows(from, to) && !pqe_flag(to, "_foreign"))
		hazards |= PQE_TABLE_REWRITE | PQE_MAY_FAIL_ON_DATA | PQE_LONG_RUNNING;
	if (may_round(from, to))
		hazards |= PQE_NOT_REVERSIBLE;
	pqe_emit(script, hazards, "ALTER TABLE %s ALTER COLUMN %s TYPE %s%s%s", pqe_table_of(to),
			 quote_identifier(to->name), pqe_value(to, "type"), collate.data, using_clause(from, to));
}
