/*-------------------------------------------------------------------------
 *
 * renames_declared.c
 *		The renames that models and options declare: what they mean, and
 *		whether they are still to be made.
 *
 * A declaration may stay in the models: where the old name is gone and the
 * new one is there, it has been followed, and where neither is there, the
 * object will be new.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#include "kind.h"
#include "plan.h"
#include "renames.h"

/* A declaration, understood. */
typedef struct Declared
{
	const PqeRename *rename;
	PqeFact    *wanted;			/* of the desired side */
	const char *part;			/* NULL: the fact itself */
	List	   *path;			/* char *: the new name, in pieces */
	const char *was;			/* the old name alone */
	const char *new_key;		/* the object, under both names */
	const char *old_key;
	bool		gives_up;		/* its old name, in this round or a later one */
} Declared;

pg_noreturn static void refuse(const PqeRename *rename, int sqlstate, const char *problem, const char *hint);

static void
refuse(const PqeRename *rename, int sqlstate, const char *problem, const char *hint)
{
	ereport(ERROR,
			(errcode(sqlstate),
			 errmsg("%s: %s", rename->place, problem),
			 hint ? errhint("%s", hint) : 0));
}

/*
 * Takes a dotted name to pieces; *SUFFIX is its argument list, or empty.
 */
static List *
split_name(const PqeRename *rename, const char *text, const char **suffix)
{
	bool		quoted = false;
	const char *end = text;
	List	   *names;

	for (; *end != '\0' && (quoted || *end != '('); end++)
		if (*end == '"')
			quoted = !quoted;
	*suffix = end;
	if (!SplitIdentifierString(pnstrdup(text, end - text), '.', &names) || names == NIL)
		refuse(rename, ERRCODE_INVALID_NAME, psprintf("\"%s\" is no name", text),
			   "A name is written as in SQL: app.users, \"Odd Name\", app.f(integer).");
	return names;
}

static char *
join_names(List *names, int count, const char *suffix)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < count; i++)
		appendStringInfo(&text, "%s%s", i ? "." : "", quote_identifier(list_nth(names, i)));
	appendStringInfoString(&text, suffix);
	return text.data;
}

static bool
is_meant(const PqeRename *rename, const PqeKind *kind)
{
	return rename->kind == NULL || strcmp(rename->kind, kind->name) == 0;
}

/*
 * Adds what the models hold under the name, as a fact or as a part of one.
 */
static void
add_candidates(List **found, const PqeRename *rename, PqeFacts *desired, List *names, const char *suffix)
{
	char	   *identity = join_names(names, list_length(names), suffix);
	char	   *whole = join_names(names, list_length(names) - 1, "");

	for (int i = 0; i < pqe_kind_count; i++)
	{
		const PqeKind *kind = pqe_kinds[i];
		PqeFact    *fact = pqe_facts_by_identity(desired, kind, identity);
		Declared   *candidate;

		if (!is_meant(rename, kind))
			continue;
		if (kind->rename == NULL || fact == NULL)
			fact = kind->has_part != NULL ? pqe_facts_by_identity(desired, kind, whole) : NULL;
		if (fact == NULL || (strcmp(fact->identity, identity) != 0 && !kind->has_part(fact, llast(names))))
			continue;
		candidate = palloc0(sizeof(Declared));
		candidate->rename = rename;
		candidate->wanted = fact;
		candidate->path = names;
		candidate->part = strcmp(fact->identity, identity) != 0 ? llast(names) : NULL;
		*found = lappend(*found, candidate);
	}
}

/*
 * The old name alone.  What stands before it must be what stands before the
 * new one.
 */
static const char *
old_name(const PqeRename *rename, List *target)
{
	const char *suffix;
	List	   *names;
	int			behind = list_length(target);

	if (rename->part != NULL)
		return rename->was;
	names = split_name(rename, rename->was, &suffix);
	for (int i = list_length(names) - 2; i >= 0; i--)
	{
		behind--;
		if (behind < 1 || strcmp(list_nth(names, i), list_nth(target, behind - 1)) != 0)
			refuse(rename, ERRCODE_FEATURE_NOT_SUPPORTED,
				   psprintf("\"%s\" cannot become \"%s\": only the last part of a name can change",
							rename->was, rename->target),
				   "Moving an object to another schema is to be written into a migration by hand.");
	}
	return llast(names);
}

static void
set_keys(Declared *declared)
{
	const PqeFact *fact = declared->wanted;
	const char *kind = fact->kind->name;

	if (declared->part != NULL)
	{
		declared->new_key = psprintf("%s %s %s", kind, fact->identity, quote_identifier(declared->part));
		declared->old_key = psprintf("%s %s %s", kind, fact->identity, quote_identifier(declared->was));
	}
	else
	{
		declared->new_key = psprintf("%s %s", kind, fact->identity);
		declared->old_key = psprintf("%s %s", kind, pqe_identity_under(fact, declared->was));
	}
}

/*
 * What a declaration speaks of.
 */
static Declared *
understand(const PqeRename *rename, PqeFacts *desired)
{
	const char *suffix;
	List	   *names = split_name(rename, rename->target, &suffix);
	const char *schema = pqe_first_of_path(rename->search_path);
	List	   *found = NIL;
	Declared   *declared;

	if (rename->part != NULL)
		names = lappend(names, unconstify(char *, rename->part));
	add_candidates(&found, rename, desired, names, suffix);
	if (schema != NULL)
		add_candidates(&found, rename, desired, lcons(pstrdup(schema), list_copy(names)), suffix);
	if (found == NIL)
		refuse(rename, ERRCODE_UNDEFINED_OBJECT,
			   psprintf("\"%s\" is said to be a new name, but the models hold nothing of that name",
						join_names(names, list_length(names), suffix)),
			   "An object is named as the models have it; \"was\" is what it was called before.");
	if (list_length(found) > 1)
		refuse(rename, ERRCODE_AMBIGUOUS_PARAMETER,
			   psprintf("\"%s\" may be %s %s or %s %s", join_names(names, list_length(names), suffix),
						((Declared *) linitial(found))->wanted->kind->name,
						((Declared *) linitial(found))->wanted->identity,
						((Declared *) lsecond(found))->wanted->kind->name,
						((Declared *) lsecond(found))->wanted->identity),
			   "Say which with the argument \"kind\".");
	declared = linitial(found);
	declared->was = old_name(rename, declared->path);
	set_keys(declared);
	if (strcmp(declared->new_key, declared->old_key) == 0)
		refuse(rename, ERRCODE_INVALID_PARAMETER_VALUE,
			   psprintf("%s was called just that before", declared->new_key), NULL);
	return declared;
}

/*
 * Two declarations of one object must say the same, and none may lead back to
 * where it started: that could never be told from having been done.
 */
static void
check_against(const Declared *declared, List *others)
{
	const Declared *at = declared;
	ListCell   *lc;

	foreach(lc, others)
	{
		const Declared *other = lfirst(lc);

		if ((strcmp(other->new_key, declared->new_key) == 0) != (strcmp(other->old_key, declared->old_key) == 0))
			refuse(declared->rename, ERRCODE_INVALID_PARAMETER_VALUE,
				   psprintf("that %s was %s contradicts %s", declared->new_key, declared->old_key, other->rename->place),
				   NULL);
	}
	for (int i = 0; at != NULL && i <= list_length(others); i++)
	{
		const Declared *next = NULL;

		foreach(lc, others)
			if (strcmp(((Declared *) lfirst(lc))->new_key, at->old_key) == 0)
				next = lfirst(lc);
		if (next != NULL && strcmp(next->old_key, declared->new_key) == 0)
			refuse(declared->rename, ERRCODE_INVALID_PARAMETER_VALUE,
				   psprintf("the renames of %s go round in a circle, with %s", declared->new_key,
							next->rename->place),
				   "Objects that exchange names are to be renamed in a migration by hand.");
		at = next;
	}
}

static bool
is_given_up(List *renamings, const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, renamings)
		if (((PqeRenaming *) lfirst(lc))->fact == fact && ((PqeRenaming *) lfirst(lc))->part == NULL)
			return true;
	return false;
}

/*
 * Will the new name be free when others have got theirs?
 */
static bool
is_to_be_free(const Declared *declared, List *in_turn)
{
	ListCell   *lc;

	foreach(lc, in_turn)
		if (((Declared *) lfirst(lc))->gives_up && strcmp(((Declared *) lfirst(lc))->old_key, declared->new_key) == 0)
			return true;
	return false;
}

static void
refuse_both(const Declared *declared)
{
	refuse(declared->rename, ERRCODE_DUPLICATE_OBJECT,
		   psprintf("%s and %s are both there, so neither can be the other renamed",
					declared->old_key, declared->new_key),
		   "Where the rename has been made, take the line out of the models; else drop or rename one of them.");
}

/*
 * The renaming that a declaration still asks for, or NULL.  One whose new name
 * is yet to be given up shows in a later round.
 */
static PqeRenaming *
still_to_do(Declared *declared, PqeSides *sides, List *in_turn)
{
	PqeFact    *wanted = declared->wanted;
	const PqeKind *kind = wanted->kind;
	PqeFact    *now = pqe_facts_by_identity(sides->actual, kind, wanted->identity);
	PqeRenaming *renaming = palloc0(sizeof(PqeRenaming));

	renaming->wanted = wanted;
	renaming->place = declared->rename->place;
	renaming->part = declared->part ? declared->was : NULL;
	renaming->name = declared->part ? declared->part : wanted->name;
	if (declared->part != NULL)
	{
		if (now == NULL || !kind->has_part(now, declared->was))
			return NULL;
		declared->gives_up = !kind->has_part(now, declared->part) || is_to_be_free(declared, in_turn);
		if (kind->has_part(now, declared->part))
		{
			if (!declared->gives_up && !kind->has_part(wanted, declared->was))
				refuse_both(declared);
			return NULL;
		}
		renaming->fact = now;
		return renaming;
	}
	renaming->fact = pqe_facts_by_identity(sides->actual, kind, pqe_identity_under(wanted, declared->was));
	if (renaming->fact == NULL)
		return NULL;
	declared->gives_up = now == NULL || is_to_be_free(declared, in_turn);
	if (now != NULL)
	{
		if (!declared->gives_up && pqe_facts_by_identity(sides->desired, kind, renaming->fact->identity) == NULL)
			refuse_both(declared);
		return NULL;
	}
	return renaming;
}

/*
 * A name that something else has, which is no successor.
 */
static void
check_name_is_free(PqeFacts *actual, const PqeRenaming *renaming, const Declared *declared)
{
	ListCell   *lc;

	if (renaming->part != NULL || renaming->wanted->slot == NULL)
		return;
	foreach(lc, actual->list)
	{
		const PqeFact *fact = lfirst(lc);

		if (fact != renaming->fact && pqe_share_slot(fact, renaming->wanted))
			refuse(declared->rename, ERRCODE_DUPLICATE_OBJECT,
				   psprintf("%s cannot become %s: %s %s has that name", declared->old_key, declared->new_key,
							fact->kind->name, fact->identity),
				   "Drop or rename that first.");
	}
}

/*
 * Adds the declaration to those IN_TURN, behind that of what gives its new name
 * up.  None leads back to itself.
 */
static List *
take_turn(List *in_turn, Declared *declared, List *all)
{
	ListCell   *lc;

	check_stack_depth();
	if (list_member_ptr(in_turn, declared))
		return in_turn;
	foreach(lc, all)
		if (strcmp(((Declared *) lfirst(lc))->old_key, declared->new_key) == 0)
			in_turn = take_turn(in_turn, lfirst(lc), all);
	return lappend(in_turn, declared);
}

/*
 * The declared renames that are still to be made, as PqeRenaming.  What is a
 * part of something else that is renamed shows in the next round.
 */
List *
pqe_renames_declared(PqeSides *sides, const PqeOptions *options)
{
	List	   *all = list_concat_copy(sides->desired->renames, options->renames);
	List	   *understood = NIL;
	List	   *in_turn = NIL;
	List	   *renamings = NIL;
	ListCell   *lc;

	foreach(lc, all)
	{
		Declared   *declared = understand(lfirst(lc), sides->desired);

		check_against(declared, understood);
		understood = lappend(understood, declared);
	}
	foreach(lc, understood)
		in_turn = take_turn(in_turn, lfirst(lc), understood);
	foreach(lc, in_turn)
	{
		PqeRenaming *renaming = still_to_do(lfirst(lc), sides, in_turn);

		if (renaming == NULL || renaming->fact->ignored || renaming->wanted->ignored ||
			(renaming->part == NULL && is_given_up(renamings, renaming->fact)))
			continue;
		check_name_is_free(sides->actual, renaming, lfirst(lc));
		renamings = lappend(renamings, renaming);
	}
	return renamings;
}

/*
 * The schemas that those named in SCHEMAS were called before: their objects
 * are the models' affair as well.
 */
List *
pqe_renamed_schemas(List *schemas, List *renames)
{
	List	   *old = NIL;
	ListCell   *lc;

	foreach(lc, renames)
	{
		const PqeRename *rename = lfirst(lc);
		const char *suffix;
		List	   *names = split_name(rename, rename->target, &suffix);

		if (rename->part != NULL || list_length(names) != 1 || suffix[0] != '\0' ||
			!is_meant(rename, pqe_kind_by_name("schema")) || !pqe_name_in_list(schemas, linitial(names)))
			continue;
		names = split_name(rename, rename->was, &suffix);
		if (list_length(names) == 1)
			old = lappend(old, linitial(names));
	}
	return old;
}
