/*-------------------------------------------------------------------------
 *
 * column_identity.c
 *		A column's identity (GENERATED AS IDENTITY) and the sequence behind it.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "utils/builtins.h"

/*
 * The sequence's name, where it is another one than the server would choose.
 */
static const char *
sequence_name(const PqeFact *fact)
{
	const char *chosen = psprintf("%s_%s_seq", fact->parent->name, fact->name);

	if (strcmp(pqe_value(fact, "identity_name"), quote_identifier(chosen)) == 0)
		return NULL;
	return psprintf("SEQUENCE NAME %s", pqe_identity_sequence(fact));
}

const char *
pqe_identity_text(const PqeFact *fact)
{
	const char *options = pqe_value(fact, "identity_options");
	const char *name = sequence_name(fact);

	return psprintf("%s AS IDENTITY%s%s%s%s%s", pqe_value(fact, "identity_kind"), options || name ? " (" : "",
					name ? name : "", options && name ? " " : "", options ? options : "", options || name ? ")" : "");
}

/*
 * The sequence behind an identity column.
 */
const char *
pqe_identity_sequence(const PqeFact *fact)
{
	return fact->slot + strlen("relation:");
}

static PqeSequenceRange
identity_range(const PqeFact *fact)
{
	return pqe_sequence_range(pqe_value(fact, "_identity_minimum"), pqe_value(fact, "_identity_maximum"),
							  pqe_value(fact, "_identity_increment"));
}

static void
emit_position(PqeScript *script, const PqeFact *to)
{
	PqeSequenceRange range = identity_range(to);

	pqe_go_on_behind(script, psprintf("pg_catalog.pg_get_serial_sequence(%s, %s)", quote_literal_cstr(pqe_table_of(to)),
									  quote_literal_cstr(to->name)), &range, to);
}

/*
 * The identity of a table that is made anew goes on where the old one stood,
 * which has been set aside in OLD_SCHEMA.
 */
void
pqe_column_continue_identity(PqeScript *script, const PqeFact *to, const char *old_schema)
{
	const PqeFact *from = to->peer;

	if (pqe_value(to, "identity_kind") == NULL || from == NULL)
		return;
	if (pqe_value(from, "identity_kind") != NULL && pqe_same(from, to, "identity_options"))
		pqe_emit(script, 0, "SELECT pg_catalog.setval(%s, last_value, is_called) FROM %s.%s",
				 quote_literal_cstr(pqe_identity_sequence(to)), old_schema, pqe_value(from, "identity_name"));
	else
		emit_position(script, to);
}

void
pqe_emit_identity(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	const char *before = from ? pqe_value(from, "identity_kind") : NULL;
	const char *after = pqe_value(to, "identity_kind");
	const char *alter = psprintf("ALTER TABLE %s ALTER COLUMN %s", pqe_table_of(to), quote_identifier(to->name));

	if (after == NULL)
		pqe_emit(script, 0, "%s DROP IDENTITY", alter);
	else if (before == NULL)
	{
		pqe_emit(script, 0, "%s ADD GENERATED %s", alter, pqe_identity_text(to));
		if (!script->fresh)
			emit_position(script, to);
	}
	else
	{
		if (strcmp(before, after) != 0)
			pqe_emit(script, 0, "%s SET GENERATED %s", alter, after);
		if (!pqe_same(from, to, "identity_name"))
			pqe_emit(script, 0, "ALTER SEQUENCE %s RENAME TO %s", pqe_identity_sequence(from), pqe_value(to, "identity_name"));
		if (!pqe_same(from, to, "identity_options"))
		{
			PqeSequenceRange before_range = identity_range(from);
			PqeSequenceRange after_range = identity_range(to);
			bool		restarts = pqe_fit_sequence(script, pqe_identity_sequence(to), &before_range, &after_range);

			pqe_emit(script, 0, "%s %s%s", alter, pqe_value(to, "_identity_settings"), restarts ? " RESTART" : "");
		}
	}
}
