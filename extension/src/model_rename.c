/*-------------------------------------------------------------------------
 *
 * model_rename.c
 *		SELECT pqengine.renamed(...) in a model: a rename that is declared.
 *
 * The call is never run; its arguments, which are constants, are all there is
 * to it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "nodes/parsenodes.h"

#include "kind.h"
#include "renames.h"

static const char *const argument_names[] = {"target", "name", "was", "kind"};

static void
refuse(const PqeStatement *statement, const char *problem)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s: %s", pqe_statement_place(statement), problem),
			 errdetail("Statement: %s", pqe_statement_text(statement)),
			 errhint("It is called as pqengine.renamed('app.users', 'mail', was => 'email') or pqengine.renamed('app.users', was => 'people').")));
}

/*
 * Which of the arguments is it: by its name, or by its place (from 0)?
 */
static int
argument_index(const PqeStatement *statement, Node *arg, int place)
{
	if (!IsA(arg, NamedArgExpr))
	{
		if (place >= lengthof(argument_names))
			refuse(statement, "renamed() has too many arguments");
		return place;
	}
	for (int i = 0; i < lengthof(argument_names); i++)
		if (strcmp(argument_names[i], castNode(NamedArgExpr, arg)->name) == 0)
			return i;
	refuse(statement, psprintf("renamed() has no argument \"%s\"", castNode(NamedArgExpr, arg)->name));
	return -1;
}

/*
 * The text of a constant; NULL for null.
 */
static const char *
text_of(const PqeStatement *statement, Node *arg)
{
	A_Const    *constant;

	if (IsA(arg, NamedArgExpr))
		arg = (Node *) castNode(NamedArgExpr, arg)->arg;
	while (IsA(arg, TypeCast))
		arg = castNode(TypeCast, arg)->arg;
	constant = castNode(A_Const, arg);
	if (constant->isnull)
		return NULL;
	if (nodeTag(&constant->val) != T_String)
		refuse(statement, "an argument of renamed() is not a text");
	return strVal(&constant->val);
}

/*
 * The rename that a call declares; its arguments are known to be constants.
 */
PqeRename *
pqe_model_rename(const PqeStatement *statement, List *args)
{
	PqeRename  *rename = palloc0(sizeof(PqeRename));
	const char *values[lengthof(argument_names)] = {0};
	int			place = 0;
	ListCell   *lc;

	foreach(lc, args)
		values[argument_index(statement, lfirst(lc), place++)] = text_of(statement, lfirst(lc));
	rename->target = values[0];
	rename->part = values[1];
	rename->was = values[2];
	rename->kind = values[3];
	rename->search_path = statement->settings.search_path;
	rename->place = pqe_statement_place(statement);
	if (rename->target == NULL || rename->was == NULL)
		refuse(statement, "renamed() has to say what is renamed, and what it was called");
	if (rename->kind != NULL && pqe_kind_by_name(rename->kind) == NULL)
		refuse(statement, psprintf("renamed() names an unknown kind \"%s\"", rename->kind));
	return rename;
}
