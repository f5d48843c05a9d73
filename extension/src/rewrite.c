/*-------------------------------------------------------------------------
 *
 * rewrite.c
 *		Small changes to the raw parse trees of a model, for building it.
 *
 * Foreign keys are split off their tables, so that cycles are no problem;
 * and enum values that a model adds later are put into the type's CREATE, since
 * they could not be used in the transaction that adds them.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"

#include "realize.h"

static bool
same_name(List *a, List *b)
{
	return equal(a, b);
}

static CreateEnumStmt *
find_enum(List *statements, AlterEnumStmt *alter, PqeStatement *before)
{
	ListCell   *lc;

	foreach(lc, statements)
	{
		PqeStatement *statement = lfirst(lc);
		Node	   *node = statement->raw->stmt;

		if (IsA(node, CreateEnumStmt) &&
			same_name(castNode(CreateEnumStmt, node)->typeName, alter->typeName) &&
			strcmp(statement->settings.search_path, before->settings.search_path) == 0)
			return castNode(CreateEnumStmt, node);
	}
	return NULL;
}

static int
value_index(List *values, const char *value)
{
	for (int i = 0; i < list_length(values); i++)
		if (strcmp(strVal(list_nth(values, i)), value) == 0)
			return i;
	return -1;
}

/*
 * Folds one ALTER TYPE into the CREATE; false where it does not fit, and the
 * server shall say why.
 */
static bool
fold_value(CreateEnumStmt *create, AlterEnumStmt *alter)
{
	int			at;

	if (alter->oldVal != NULL)
	{
		at = value_index(create->vals, alter->oldVal);
		if (at < 0)
			return false;
		list_nth_cell(create->vals, at)->ptr_value = makeString(alter->newVal);
		return true;
	}
	if (value_index(create->vals, alter->newVal) >= 0)
		return alter->skipIfNewValExists;
	if (alter->newValNeighbor == NULL)
	{
		create->vals = lappend(create->vals, makeString(alter->newVal));
		return true;
	}
	at = value_index(create->vals, alter->newValNeighbor);
	if (at < 0)
		return false;
	create->vals = list_insert_nth(create->vals, alter->newValIsAfter ? at + 1 : at,
								   makeString(alter->newVal));
	return true;
}

List *
pqe_fold_enum_values(List *statements)
{
	List	   *kept = NIL;
	ListCell   *lc;

	foreach(lc, statements)
	{
		PqeStatement *statement = lfirst(lc);

		if (IsA(statement->raw->stmt, AlterEnumStmt))
		{
			AlterEnumStmt *alter = castNode(AlterEnumStmt, statement->raw->stmt);
			CreateEnumStmt *create = find_enum(statements, alter, statement);

			if (create != NULL && fold_value(create, alter))
				continue;
		}
		kept = lappend(kept, statement);
	}
	return kept;
}

/*
 * A statement like the given one, with another tree.
 */
static PqeStatement *
derive(const PqeStatement *statement, Node *tree)
{
	PqeStatement *derived = palloc(sizeof(PqeStatement));

	*derived = *statement;
	derived->raw = copyObject(statement->raw);
	derived->raw->stmt = tree;
	return derived;
}

static PqeStatement *
add_constraint(const PqeStatement *statement, RangeVar *relation, Constraint *constraint)
{
	AlterTableStmt *alter = makeNode(AlterTableStmt);
	AlterTableCmd *cmd = makeNode(AlterTableCmd);

	cmd->subtype = AT_AddConstraint;
	cmd->def = (Node *) constraint;
	alter->relation = copyObject(relation);
	alter->cmds = list_make1(cmd);
	alter->objtype = OBJECT_TABLE;
	return derive(statement, (Node *) alter);
}

/*
 * The words behind a column's REFERENCES that speak of its timing, or of
 * whether it is enforced.
 */
static bool
absorb_attribute(Constraint *constraint, Constraint *attribute)
{
	switch (attribute->contype)
	{
		case CONSTR_ATTR_DEFERRABLE:
			constraint->deferrable = true;
			return true;
		case CONSTR_ATTR_NOT_DEFERRABLE:
			constraint->deferrable = false;
			return true;
		case CONSTR_ATTR_DEFERRED:
			constraint->deferrable = true;
			constraint->initdeferred = true;
			return true;
		case CONSTR_ATTR_IMMEDIATE:
			constraint->initdeferred = false;
			return true;
		default:
			return pqe_absorb_enforcement(constraint, attribute);
	}
}

static List *
split_column(const PqeStatement *statement, RangeVar *relation, ColumnDef *column)
{
	List	   *kept = NIL;
	List	   *split = NIL;
	Constraint *foreign = NULL;
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype == CONSTR_FOREIGN)
		{
			foreign = copyObject(constraint);
			foreign->fk_attrs = list_make1(makeString(pstrdup(column->colname)));
			split = lappend(split, add_constraint(statement, relation, foreign));
			/* the tree holds a copy: keep hold of that one */
			foreign = castNode(Constraint, linitial_node(AlterTableCmd,
														 castNode(AlterTableStmt, ((PqeStatement *) llast(split))->raw->stmt)->cmds)->def);
		}
		else if (foreign == NULL || !absorb_attribute(foreign, constraint))
		{
			foreign = NULL;
			kept = lappend(kept, constraint);
		}
	}
	column->constraints = kept;
	return split;
}

/*
 * Takes the foreign keys off a CREATE TABLE; gives the statements that add
 * them.
 */
List *
pqe_split_foreign_keys(PqeStatement *statement)
{
	CreateStmt *create;
	List	   *kept = NIL;
	List	   *split = NIL;
	ListCell   *lc;

	if (!IsA(statement->raw->stmt, CreateStmt))
		return NIL;
	create = castNode(CreateStmt, statement->raw->stmt);
	foreach(lc, create->tableElts)
	{
		Node	   *element = lfirst(lc);

		if (IsA(element, ColumnDef))
			split = list_concat(split, split_column(statement, create->relation, castNode(ColumnDef, element)));
		else if (IsA(element, Constraint) && castNode(Constraint, element)->contype == CONSTR_FOREIGN)
		{
			split = lappend(split, add_constraint(statement, create->relation, castNode(Constraint, element)));
			continue;
		}
		kept = lappend(kept, element);
	}
	create->tableElts = kept;
	return split;
}

/*
 * Is it an ALTER TABLE that only adds foreign keys?
 */
bool
pqe_is_foreign_key(const PqeStatement *statement)
{
	ListCell   *lc;

	if (!IsA(statement->raw->stmt, AlterTableStmt))
		return false;
	foreach(lc, castNode(AlterTableStmt, statement->raw->stmt)->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype != AT_AddConstraint || !IsA(cmd->def, Constraint) ||
			castNode(Constraint, cmd->def)->contype != CONSTR_FOREIGN)
			return false;
	}
	return true;
}
