/*-------------------------------------------------------------------------
 *
 * bodies.c
 *		Finds the names that function bodies use.
 *
 * The server records nothing of what a function's text refers to, but checks
 * some of it when the function is created.  Whatever language a body is in, those of its words that
 * are names of facts become wishes about the order ("soft" edges), which give
 * way where they would form a cycle; a wish too many does no harm.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include <ctype.h>

#include "common/keywords.h"
#include "miscadmin.h"
#include "parser/scansup.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "facts.h"
#include "kind.h"

typedef struct NameEntry
{
	char		name[NAMEDATALEN];
	List	   *facts;
} NameEntry;

static HTAB *
names_of(PqeFacts *facts)
{
	HASHCTL		control;
	HTAB	   *names;
	ListCell   *lc;

	memset(&control, 0, sizeof(control));
	control.keysize = NAMEDATALEN;
	control.entrysize = sizeof(NameEntry);
	control.hcxt = CurrentMemoryContext;
	names = hash_create("pqengine names", 1024, &control, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	foreach(lc, facts->list)
	{
		PqeFact    *fact = lfirst(lc);
		NameEntry  *entry;
		bool		found;

		if (!fact->kind->named_in_bodies)
			continue;
		entry = hash_search(names, fact->name, HASH_ENTER, &found);
		if (!found)
			entry->facts = NIL;
		entry->facts = lappend(entry->facts, fact);
	}
	return names;
}

static void
wish(PqeFacts *facts, PqeFact *fact, HTAB *names, const char *name)
{
	NameEntry  *entry;
	ListCell   *lc;
	MemoryContext old;

	if (strlen(name) >= NAMEDATALEN)
		return;
	entry = hash_search(names, name, HASH_FIND, NULL);
	if (entry == NULL)
		return;
	old = MemoryContextSwitchTo(facts->context);
	foreach(lc, entry->facts)
		if (lfirst(lc) != fact)
			fact->soft_depends_on = list_append_unique_ptr(fact->soft_depends_on, lfirst(lc));
	MemoryContextSwitchTo(old);
}

static bool
is_word_start(unsigned char c)
{
	return isalpha(c) || c == '_' || IS_HIGHBIT_SET(c);
}

static bool
is_word(unsigned char c)
{
	return is_word_start(c) || isdigit(c) || c == '$';
}

/*
 * The name that begins behind the quote at P, if it is one.
 */
static char *
quoted_name(const char *p)
{
	char	   *name = palloc(NAMEDATALEN);
	int			length = 0;

	for (p++; *p != '\0'; p++)
	{
		if (*p == '"' && *++p != '"')
			break;
		if (length == NAMEDATALEN - 1)
			return NULL;
		name[length++] = *p;
	}
	name[length] = '\0';
	return name;
}

/*
 * A reserved word names something only in quotes.
 */
static bool
is_reserved(const char *word)
{
	int			number = ScanKeywordLookup(word, &ScanKeywords);

	return number >= 0 && ScanKeywordCategories[number] == RESERVED_KEYWORD;
}

/*
 * Every word of the body, folded as the server folds names, and whatever
 * stands behind a quote, which may be an end or part of a text as well.
 */
static void
scan_body(PqeFacts *facts, PqeFact *fact, HTAB *names, const char *body)
{
	const char *p = body;

	while (*p != '\0')
	{
		const char *start = p;

		if (*p == '"')
		{
			char	   *name = quoted_name(p++);

			if (name != NULL)
				wish(facts, fact, names, name);
		}
		else if (is_word_start((unsigned char) *p))
		{
			char	   *word;

			while (is_word((unsigned char) *p))
				p++;
			if (p - start >= NAMEDATALEN)
				continue;
			word = downcase_identifier(start, p - start, false, false);
			if (!is_reserved(word))
				wish(facts, fact, names, word);
		}
		else
			p++;
	}
}

/*
 * Reads the bodies of all facts whose kind has one (the property _body).
 */
void
pqe_bodies_read(PqeFacts *facts)
{
	HTAB	   *names = NULL;
	ListCell   *lc;

	foreach(lc, facts->list)
	{
		PqeFact    *fact = lfirst(lc);
		const char *body;

		CHECK_FOR_INTERRUPTS();
		if (!fact->kind->has_body)
			continue;
		body = pqe_value(fact, "_body");
		if (body == NULL)
			continue;
		if (names == NULL)
			names = names_of(facts);
		scan_body(facts, fact, names, body);
	}
	if (names != NULL)
		hash_destroy(names);
}
