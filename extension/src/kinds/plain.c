/*-------------------------------------------------------------------------
 *
 * plain.c
 *		Text that the server would print as well, for less.
 *
 * To print an expression, the server's functions that take an oid load all
 * that is to be known of the table that its columns belong to, its triggers
 * and defaults included, only to learn their names.  These are among the facts
 * that have been read, and so the server's printer is given them alone.
 *
 * What is not quite plain is for those functions: a caller who gets NULL here
 * asks them.  What comes from here is what they would say, to the letter
 * (schema_plain.sql compares).
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_class.h"
#include "common/hashfn.h"
#include "nodes/bitmapset.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/ruleutils.h"

#include "arena.h"

/*
 * Nodes that name columns only by way of VAR, and are printed alike with and
 * without line breaks.  Some go by one name up to PostgreSQL 15, and by
 * another since.
 */
static const char *const plain_nodes[] = {
	"VAR", "CONST", "OPEXPR", "FUNCEXPR", "BOOLEXPR", "SCALARARRAYOPEXPR", "RELABELTYPE", "NULLTEST",
	"BOOLEANTEST", "COERCEVIAIO", "ARRAYCOERCEEXPR", "CASETESTEXPR", "DISTINCTEXPR", "ARRAY", "ARRAYEXPR",
	"COALESCE", "COALESCEEXPR", "SQLVALUEFUNCTION",
};

/* An expression that has been printed. */
typedef struct Printed
{
	const char *tree;			/* the key */
	const char *text;
	char		is_volatile;	/* 't', 'f', or 0 while nobody has asked */
	int			count;			/* of the columns it uses */
	AttrNumber *numbers;
	const char **names;
} Printed;

#define LOCATION ":location "

/*
 * What stands behind the place of a node in its statement, which is no part
 * of what the tree says.  NULL: there is none any more.
 */
static const char *
after_location(const char *tree, size_t *before)
{
	const char *location = strstr(tree, LOCATION);

	if (location == NULL)
	{
		*before = strlen(tree);
		return NULL;
	}
	*before = location - tree;
	location += strlen(LOCATION);
	return location + strspn(location, "-0123456789");
}

static uint32
tree_hash(const void *key, Size size)
{
	uint32		hash = 0;
	size_t		length;

	for (const char *at = *(const char *const *) key; at != NULL;)
	{
		const char *next = after_location(at, &length);

		hash = hash_combine(hash, hash_bytes((const unsigned char *) at, length));
		at = next;
	}
	return hash;
}

static int
tree_match(const void *a, const void *b, Size size)
{
	const char *x = *(const char *const *) a;
	const char *y = *(const char *const *) b;

	while (x != NULL && y != NULL)
	{
		size_t		length;
		size_t		other;
		const char *x_next = after_location(x, &length);
		const char *y_next = after_location(y, &other);

		if (length != other || memcmp(x, y, length) != 0)
			return 1;
		x = x_next;
		y = y_next;
	}
	return x != y;
}

static bool
is_plain_node(const char *name, size_t length)
{
	for (int i = 0; i < lengthof(plain_nodes); i++)
		if (strncmp(plain_nodes[i], name, length) == 0 && plain_nodes[i][length] == '\0')
			return true;
	return false;
}

/*
 * Can pqe_plain_expression() print the tree that is written so?
 */
bool
pqe_is_plain_tree(const char *tree)
{
	for (const char *at = strchr(tree, '{'); at != NULL; at = strchr(at + 1, '{'))
		if (!is_plain_node(at + 1, strcspn(at + 1, " }")))
			return false;
	return true;
}

/*
 * A column's name; NULL where it is not among the facts.
 */
const char *
pqe_plain_column(PqeFacts *facts, Oid relation, AttrNumber number)
{
	ObjectAddress address = {RelationRelationId, relation, number};
	PqeFact    *fact = number > 0 ? pqe_facts_by_address(facts, &address) : NULL;

	return fact != NULL ? fact->name : NULL;
}

/*
 * The columns whose numbers an array has ("{1,2}"), as a list behind commas.
 */
char *
pqe_plain_columns(PqeFacts *facts, Oid relation, const char *numbers)
{
	StringInfoData text;

	initStringInfo(&text);
	for (const char *at = numbers; *at != '}'; at += strcspn(at, ",}"))
	{
		const char *name = pqe_plain_column(facts, relation, (AttrNumber) atoi(++at));

		if (name == NULL)
			return NULL;
		appendStringInfo(&text, "%s%s", text.len > 0 ? ", " : "", quote_identifier(name));
	}
	return text.data;
}

/*
 * A relation's column names by number, as far as the tree uses them: the
 * others are as good as dropped.  NIL where a name is not known.
 */
static List *
names_used(PqeFacts *facts, Oid relation, Node *tree)
{
	Bitmapset  *used = NULL;
	List	   *names = NIL;
	int			member = -1;

	pull_varattnos(tree, 1, &used);
	while ((member = bms_next_member(used, member)) >= 0)
	{
		AttrNumber	number = member + FirstLowInvalidHeapAttributeNumber;
		const char *name = pqe_plain_column(facts, relation, number);

		if (name == NULL)
			return NIL;
		while (list_length(names) < number - 1)
			names = lappend(names, makeString(""));
		names = lappend(names, makeString(pstrdup(name)));
	}
	return names != NIL ? names : list_make1(makeString(""));
}

/*
 * An expression over the columns of one relation.
 */
char *
pqe_plain_expression(PqeFacts *facts, Oid relation, Node *tree)
{
	RangeTblEntry *entry = makeNode(RangeTblEntry);
	PlannedStmt *statement = makeNode(PlannedStmt);
	List	   *names = names_used(facts, relation, tree);

	if (names == NIL)
		return NULL;
	/* of a relation, the server would look for the columns itself */
	entry->rtekind = RTE_NAMEDTUPLESTORE;
	entry->eref = makeAlias("t", names);
	statement->rtable = list_make1(entry);
	return deparse_expression(tree, deparse_context_for_plan_tree(statement, list_make1("t")), false, false);
}

/*
 * Does the relation have the columns by the same names?
 */
static bool
names_same(PqeFacts *facts, Oid relation, const Printed *printed)
{
	for (int i = 0; i < printed->count; i++)
	{
		const char *name = pqe_plain_column(facts, relation, printed->numbers[i]);

		if (name == NULL || strcmp(name, printed->names[i]) != 0)
			return false;
	}
	return true;
}

static void
note_columns(PqeFacts *facts, Oid relation, Node *tree, Printed *printed)
{
	Bitmapset  *used = NULL;
	int			member = -1;

	pull_varattnos(tree, 1, &used);
	printed->count = 0;
	printed->numbers = pqe_arena_alloc(facts->rows, sizeof(AttrNumber) * Max(bms_num_members(used), 1));
	printed->names = pqe_arena_alloc(facts->rows, sizeof(char *) * Max(bms_num_members(used), 1));
	while ((member = bms_next_member(used, member)) >= 0)
	{
		printed->numbers[printed->count] = member + FirstLowInvalidHeapAttributeNumber;
		printed->names[printed->count] = pqe_plain_column(facts, relation, printed->numbers[printed->count]);
		printed->count++;
	}
}

static HTAB *
printed_expressions(PqeFacts *facts)
{
	HASHCTL		control;

	if (facts->expressions != NULL)
		return facts->expressions;
	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(char *);
	control.entrysize = sizeof(Printed);
	control.hash = tree_hash;
	control.match = tree_match;
	control.hcxt = facts->context;
	facts->expressions = hash_create("pqengine expressions", 256, &control,
									 HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	return facts->expressions;
}

/*
 * The same for a tree as it is written, which has to stay where it is; many
 * tables have the same expressions over columns of the same names.
 * IS_VOLATILE may be NULL.
 */
const char *
pqe_plain_text(PqeFacts *facts, Oid relation, const char *tree, bool *is_volatile)
{
	HTAB	   *expressions = printed_expressions(facts);
	Printed    *printed = hash_search(expressions, &tree, HASH_FIND, NULL);

	if (printed == NULL)
	{
		Node	   *node;
		const char *text;

		if (!pqe_is_plain_tree(tree))
			return NULL;
		node = stringToNode(tree);
		text = pqe_plain_expression(facts, relation, node);
		if (text == NULL)
			return NULL;
		printed = hash_search(expressions, &tree, HASH_ENTER, NULL);
		printed->text = pqe_arena_strdup(facts->rows, text);
		printed->is_volatile = 0;
		note_columns(facts, relation, node, printed);
	}
	else if (!names_same(facts, relation, printed))
		return pqe_plain_expression(facts, relation, stringToNode(tree));
	if (is_volatile != NULL && printed->is_volatile == 0)
		printed->is_volatile = contain_volatile_functions(stringToNode(tree)) ? 't' : 'f';
	if (is_volatile != NULL)
		*is_volatile = printed->is_volatile == 't';
	return printed->text;
}
