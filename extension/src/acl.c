/*-------------------------------------------------------------------------
 *
 * acl.c
 *		GRANT and REVOKE from the difference of two privilege lists.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "nodes/value.h"

#include "acl.h"

typedef struct Privilege
{
	char	   *privilege;
	bool		grantable;
	char	   *grantee;
	char	   *column;
} Privilege;

static Privilege *find(List *list, const Privilege *wanted);

/*
 * Cuts the text at the next such character that is not within a quoted name;
 * what stands behind it stays in *TEXT, or NULL.
 */
char *
pqe_acl_cut(char **text, char separator)
{
	char	   *begin = *text;
	bool		quoted = false;

	for (char *p = begin; *p != '\0'; p++)
	{
		if (*p == '"')
			quoted = !quoted;
		else if (*p == separator && !quoted)
		{
			*p = '\0';
			*text = p + 1;
			return begin;
		}
	}
	*text = NULL;
	return begin;
}

/*
 * What a line of a list says of COLUMN, or "".
 */
const char *
pqe_acl_column(const char *line)
{
	char	   *rest = pstrdup(line);

	for (int i = 0; i < 3; i++)
		pqe_acl_cut(&rest, '|');
	return rest;
}

static List *
parse_list(const char *text)
{
	List	   *list = NIL;
	char	   *rest = text != NULL ? pstrdup(text) : NULL;

	while (rest != NULL)
	{
		char	   *line = pqe_acl_cut(&rest, '\n');
		Privilege  *item;
		Privilege  *other;

		if (line[0] == '\0')
			continue;
		item = palloc(sizeof(Privilege));
		item->privilege = pqe_acl_cut(&line, '|');
		item->grantable = pqe_acl_cut(&line, '|')[0] == 't';
		item->grantee = pqe_acl_cut(&line, '|');
		item->column = line;
		/* a new owner may have had privileges of his own before */
		other = find(list, item);
		if (other != NULL)
			other->grantable |= item->grantable;
		else
			list = lappend(list, item);
	}
	return list;
}

static void
append_line(StringInfo text, const Privilege *item, bool grantable, const char *grantee)
{
	appendStringInfo(text, "%s|%s|%s|%s\n", item->privilege, grantable ? "t" : "f", grantee, item->column);
}

/*
 * The list with one grantee in the place of another.
 */
char *
pqe_acl_rename(const char *list, const char *from, const char *to)
{
	StringInfoData text;
	ListCell   *lc;

	if (list == NULL)
		return NULL;
	initStringInfo(&text);
	foreach(lc, parse_list(list))
	{
		const Privilege *item = lfirst(lc);

		append_line(&text, item, item->grantable, strcmp(item->grantee, from) == 0 ? to : item->grantee);
	}
	return text.data;
}

static Privilege *
find(List *list, const Privilege *wanted)
{
	ListCell   *lc;

	foreach(lc, list)
	{
		Privilege  *item = lfirst(lc);

		if (strcmp(item->privilege, wanted->privilege) == 0 &&
			strcmp(item->grantee, wanted->grantee) == 0 &&
			strcmp(item->column, wanted->column) == 0)
			return item;
	}
	return NULL;
}

/*
 * One statement for all privileges in the list that share grantee and grant
 * option; the order of the lists keeps these together.
 */
static void
emit_groups(PqeScript *script, List *list, const char *format, const char *prefix, const char *object,
			const char *suffix)
{
	ListCell   *lc;
	List	   *done = NIL;

	foreach(lc, list)
	{
		Privilege  *first = lfirst(lc);
		StringInfoData privileges;
		ListCell   *lc2;

		if (list_member_ptr(done, first))
			continue;
		initStringInfo(&privileges);
		foreach(lc2, list)
		{
			Privilege  *item = lfirst(lc2);

			if (strcmp(item->grantee, first->grantee) != 0)
				continue;
			appendStringInfo(&privileges, "%s%s", privileges.len ? ", " : "", item->privilege);
			if (item->column[0] != '\0')
				appendStringInfo(&privileges, " (%s)", item->column);
			done = lappend(done, item);
		}
		pqe_emit(script, PQE_CHANGES_PRIVILEGES, format, prefix, privileges.data, object,
				 first->grantee, suffix);
	}
}

/*
 * PREFIX is empty, or "ALTER DEFAULT PRIVILEGES ... " ; OBJECT what stands
 * behind ON.  Revokes come first, and all of them before any grant, because a
 * revoke on a table takes the column privileges along.
 */
void
pqe_emit_acl(PqeScript *script, const char *prefix, const char *object,
			 const char *from, const char *to)
{
	List	   *before = parse_list(from);
	List	   *after = parse_list(to);
	List	   *revoke = NIL;
	List	   *revoke_option = NIL;
	List	   *grant = NIL;
	List	   *grant_option = NIL;
	bool		table_revoked = false;
	ListCell   *lc;

	foreach(lc, before)
	{
		Privilege  *item = lfirst(lc);
		Privilege  *other = find(after, item);

		if (other == NULL)
		{
			revoke = lappend(revoke, item);
			table_revoked |= item->column[0] == '\0';
		}
		else if (item->grantable && !other->grantable)
			revoke_option = lappend(revoke_option, item);
	}
	foreach(lc, after)
	{
		Privilege  *item = lfirst(lc);
		Privilege  *other = find(before, item);
		bool		lost = table_revoked && item->column[0] != '\0';

		if (other != NULL && !lost && !(item->grantable && !other->grantable))
			continue;
		if (item->grantable)
			grant_option = lappend(grant_option, item);
		else
			grant = lappend(grant, item);
	}
	emit_groups(script, revoke, "%sREVOKE %s ON %s FROM %s%s", prefix, object, "");
	emit_groups(script, revoke_option, "%sREVOKE GRANT OPTION FOR %s ON %s FROM %s%s", prefix, object, "");
	emit_groups(script, grant, "%sGRANT %s ON %s TO %s%s", prefix, object, "");
	emit_groups(script, grant_option, "%sGRANT %s ON %s TO %s%s", prefix, object, " WITH GRANT OPTION");
}

/*
 * Takes the right to grant from all in the list but the owner, and so what they
 * have granted; gives what is left of the list.
 */
char *
pqe_emit_acl_without_options(PqeScript *script, const char *object, const char *list, const char *owner)
{
	List	   *grantees = NIL;
	StringInfoData left;
	ListCell   *lc;

	initStringInfo(&left);
	foreach(lc, parse_list(list))
	{
		Privilege  *item = lfirst(lc);
		bool		lost = item->grantable && strcmp(item->grantee, owner) != 0;

		if (lost && !list_member(grantees, makeString(item->grantee)))
			grantees = lappend(grantees, makeString(item->grantee));
		append_line(&left, item, item->grantable && !lost, item->grantee);
	}
	foreach(lc, grantees)
		pqe_emit(script, PQE_CHANGES_PRIVILEGES, "REVOKE GRANT OPTION FOR ALL PRIVILEGES ON %s FROM %s CASCADE", object,
				 strVal(lfirst(lc)));
	return left.data;
}
