/*-------------------------------------------------------------------------
 *
 * exact_text.c
 *		Text of an expression that the server reads as what it has printed.
 *
 * What is printed as (ARRAY['a'::character varying, 'b'::character varying])::text[],
 * which is how IN over such a column ends up, is read as an array of texts, and
 * then printed otherwise.  That is no matter but where the server compares the
 * prints itself: the checks of a table and of one that comes to be below it.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#define ARRAY_BEGIN "(ARRAY["

/*
 * Behind the quoted text that begins here.
 */
static const char *
skip_quoted(const char *at)
{
	char		quote = *at;
	bool		escapes = quote == '\'' && at[-1] == 'E';

	for (at++; *at != '\0'; at++)
	{
		if (escapes && *at == '\\' && at[1] != '\0')
			at++;
		else if (*at == quote && at[1] == quote)
			at++;
		else if (*at == quote)
			return at + 1;
	}
	return at;
}

/*
 * Behind the name of a type, as it is printed without a length.
 */
static const char *
skip_type(const char *at)
{
	while (isalnum((unsigned char) *at) || *at == '_' || *at == '.' || *at == ' ' || *at == '"')
		at = *at == '"' ? skip_quoted(at) : at + 1;
	return at;
}

/*
 * The type of the constants in an array, where it holds nothing else and they
 * are all of one; END is set to behind the last one.
 */
static char *
type_of_constants(const char *at, const char **end)
{
	char	   *type = NULL;

	for (;;)
	{
		const char *begin;
		char	   *this;

		if (*at == 'E')
			at++;
		if (strncmp(at, "NULL", 4) == 0)
			at += 4;
		else if (*at == '\'')
			at = skip_quoted(at);
		else
			return NULL;
		if (strncmp(at, "::", 2) != 0)
			return NULL;
		begin = at + 2;
		at = skip_type(begin);
		this = pnstrdup(begin, at - begin);
		if (at == begin || (type != NULL && strcmp(type, this) != 0))
			return NULL;
		type = this;
		if (strncmp(at, ", ", 2) != 0)
			break;
		at += 2;
	}
	*end = at;
	return type;
}

/*
 * Says of each array that is cast as a whole of what type it is before that.
 */
const char *
pqe_exact_text(const char *text)
{
	StringInfoData exact;
	const char *at = text;

	initStringInfo(&exact);
	while (*at != '\0')
	{
		const char *begin = at;
		const char *end;
		char	   *type;

		if (*at == '\'' || *at == '"')
			at = skip_quoted(at);
		else if (strncmp(at, ARRAY_BEGIN, strlen(ARRAY_BEGIN)) == 0 &&
				 (type = type_of_constants(at + strlen(ARRAY_BEGIN), &end)) != NULL &&
				 strncmp(end, "])::", 4) == 0)
		{
			at = end + 1;
			appendStringInfo(&exact, "%.*s::%s[]", (int) (at - begin), begin, type);
			continue;
		}
		else
			at++;
		appendBinaryStringInfo(&exact, begin, at - begin);
	}
	return exact.data;
}
