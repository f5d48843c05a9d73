/*-------------------------------------------------------------------------
 *
 * script.c
 *		Collects the statements of a step and names its hazards.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "script.h"

static const char *const hazard_codes[] = {
	"deletes_data",
	"access_exclusive_lock",
	"table_rewrite",
	"table_scan",
	"index_build",
	"index_dropped",
	"not_reversible",
	"may_fail_on_data",
	"changes_privileges",
	"long_running",
};

static PqeScriptLine *add_line(PqeScript *script, int hazards, const char *format, va_list args,
							   int *needed) pg_attribute_printf(3, 0);

static PqeScriptLine *
add_line(PqeScript *script, int hazards, const char *format, va_list args, int *needed)
{
	StringInfoData text;
	PqeScriptLine *line;

	initStringInfo(&text);
	enlargeStringInfo(&text, *needed);
	*needed = appendStringInfoVA(&text, format, args);
	if (*needed != 0)
	{
		pfree(text.data);
		return NULL;
	}
	line = palloc(sizeof(PqeScriptLine));
	line->statement = text.data;
	line->hazards = hazards;
	line->transactional = true;
	script->lines = lappend(script->lines, line);
	return line;
}

/*
 * Adds a statement that may run inside a transaction.
 */
PqeScriptLine *
pqe_emit(PqeScript *script, int hazards, const char *format,...)
{
	PqeScriptLine *line;
	int			needed = 0;

	do
	{
		va_list		args;

		va_start(args, format);
		line = add_line(script, hazards, format, args, &needed);
		va_end(args);
	} while (line == NULL);
	return line;
}

/*
 * Adds a statement that must run outside a transaction.
 */
PqeScriptLine *
pqe_emit_alone(PqeScript *script, int hazards, const char *format,...)
{
	PqeScriptLine *line;
	int			needed = 0;

	do
	{
		va_list		args;

		va_start(args, format);
		line = add_line(script, hazards, format, args, &needed);
		va_end(args);
	} while (line == NULL);
	line->transactional = false;
	return line;
}

/*
 * The codes of a set of hazards, as a list of constant strings.
 */
List *
pqe_hazard_names(int hazards)
{
	List	   *names = NIL;

	for (int i = 0; i < lengthof(hazard_codes); i++)
		if (hazards & (1 << i))
			names = lappend(names, unconstify(char *, hazard_codes[i]));
	return names;
}

/*
 * All statements as one text, or NULL where there are none.
 */
char *
pqe_script_text(const PqeScript *script)
{
	StringInfoData text;
	ListCell   *lc;

	if (script->lines == NIL)
		return NULL;
	initStringInfo(&text);
	foreach(lc, script->lines)
	{
		if (text.len > 0)
			appendStringInfoString(&text, ";\n");
		appendStringInfoString(&text, ((PqeScriptLine *) lfirst(lc))->statement);
	}
	return text.data;
}

/*
 * A dollar quote that the text does not hold, not even with its own first
 * character behind it.
 */
const char *
pqe_dollar_quote(const char *text)
{
	const char *followed = psprintf("%s$", text);
	char	   *quote = pstrdup("$sql$");

	while (strstr(followed, quote) != NULL)
		quote = psprintf("$%.*s_$", (int) strlen(quote) - 2, quote + 1);
	return quote;
}
