/*-------------------------------------------------------------------------
 *
 * depends.c
 *		Turns pg_depend into edges between facts.
 *
 * Many objects in pg_depend are no facts of their own: a view's rewrite rule,
 * a table's row type, the index of a constraint, the sequence of an identity
 * column.  The server records each as an internal part of what it belongs to,
 * and so an address is resolved by climbing those rows until a fact is met.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "facts.h"
#include "kind.h"

#define MAX_CLIMB 8

typedef struct OwnerEntry
{
	ObjectAddress address;
	ObjectAddress owner;
	char		type;
} OwnerEntry;

/* A row of pg_depend. */
typedef struct DependRow
{
	ObjectAddress dependent;
	ObjectAddress referenced;
	char		type;
} DependRow;

static const char depend_query[] =
"SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype"
"  FROM pg_depend"
" WHERE objid >= 16384 AND (refobjid >= 16384 OR deptype = 'e')"
"   AND deptype IN ('n', 'a', 'i', 'e', 'P', 'S')";

static ObjectAddress
row_address(HeapTuple tuple, TupleDesc desc, int first)
{
	ObjectAddress address;
	bool		isnull;

	address.classId = DatumGetObjectId(SPI_getbinval(tuple, desc, first, &isnull));
	address.objectId = DatumGetObjectId(SPI_getbinval(tuple, desc, first + 1, &isnull));
	address.objectSubId = DatumGetInt32(SPI_getbinval(tuple, desc, first + 2, &isnull));
	return address;
}

/*
 * How close a row of this type binds; 0 for a mere reference.
 */
static int
closeness(char type)
{
	switch (type)
	{
		case DEPENDENCY_EXTENSION:
			return 3;
		case DEPENDENCY_INTERNAL:
			return 2;
		case DEPENDENCY_AUTO:
			return 1;
		default:
			return 0;
	}
}

static void
note_owner(PqeFacts *facts, const DependRow *row)
{
	OwnerEntry *entry;
	bool		found;

	if (closeness(row->type) == 0)
		return;
	entry = hash_search(facts->owners, &row->dependent, HASH_ENTER, &found);
	if (found && closeness(entry->type) >= closeness(row->type))
		return;
	entry->owner = row->referenced;
	entry->type = row->type;
}

/*
 * Reads pg_depend, once a set; batches read it again.
 */
void
pqe_depends_read_owners(PqeFacts *facts)
{
	HASHCTL		control;
	MemoryContext old;

	memset(&control, 0, sizeof(control));
	control.hcxt = facts->context;
	control.keysize = sizeof(ObjectAddress);
	control.entrysize = sizeof(OwnerEntry);
	if (facts->owners == NULL)
		facts->owners = hash_create("pqengine internal parts", 1024, &control,
									HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	if (SPI_execute(depend_query, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read pg_depend");
	old = MemoryContextSwitchTo(facts->context);
	list_free_deep(facts->edges);
	facts->edges = NIL;
	for (uint64 i = 0; i < SPI_tuptable->numvals; i++)
	{
		HeapTuple	tuple = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		DependRow  *row = palloc(sizeof(DependRow));
		bool		isnull;

		CHECK_FOR_INTERRUPTS();
		row->dependent = row_address(tuple, desc, 1);
		row->referenced = row_address(tuple, desc, 4);
		row->type = DatumGetChar(SPI_getbinval(tuple, desc, 7, &isnull));
		note_owner(facts, row);
		facts->edges = lappend(facts->edges, row);
	}
	MemoryContextSwitchTo(old);
	SPI_freetuptable(SPI_tuptable);
}

/*
 * The fact that an object is, or is part of; NULL where it is neither.
 */
PqeFact *
pqe_facts_resolve(PqeFacts *facts, const ObjectAddress *address)
{
	ObjectAddress at = *address;

	for (int i = 0; i < MAX_CLIMB; i++)
	{
		PqeFact    *fact = pqe_facts_by_address(facts, &at);
		OwnerEntry *entry;

		if (fact != NULL)
			return fact;
		entry = hash_search(facts->owners, &at, HASH_FIND, NULL);
		if (entry != NULL && entry->type != DEPENDENCY_EXTENSION)
			at = entry->owner;
		else if (at.objectSubId != 0)
			at.objectSubId = 0;
		else if (entry != NULL)
			at = entry->owner;
		else
			return NULL;
	}
	return NULL;
}

bool
pqe_facts_is_extension_member(PqeFacts *facts, const ObjectAddress *address)
{
	ObjectAddress whole = *address;
	OwnerEntry *entry;

	whole.objectSubId = 0;
	entry = hash_search(facts->owners, &whole, HASH_FIND, NULL);
	return entry != NULL && entry->type == DEPENDENCY_EXTENSION;
}

/*
 * FROM needs TO.
 */
static void
add_edge(PqeFact *from, PqeFact *to)
{
	if (from == to || from->parent == to)
		return;
	/* rows of one object come together: no need to search far */
	if (list_member_ptr(from->depends_on, to))
		return;
	from->depends_on = lappend(from->depends_on, to);
	to->dependents = lappend(to->dependents, from);
}

/*
 * A kind may name one more object that its facts need, as
 * "classid:objid:objsubid" in the property _needs.
 */
static void
add_named_need(PqeFacts *facts, PqeFact *fact)
{
	const PqeColumns *columns = pqe_kind_columns(fact->kind);

	for (int i = 0; i < columns->count; i++)
	{
		ObjectAddress address;
		PqeFact    *needed;

		if (strcmp(columns->names[i], "_needs") != 0 || fact->values[i] == NULL)
			continue;
		if (sscanf(fact->values[i], "%u:%u:%d", &address.classId, &address.objectId,
				   &address.objectSubId) != 3)
			elog(ERROR, "malformed _needs \"%s\"", fact->values[i]);
		needed = pqe_facts_resolve(facts, &address);
		if (needed != NULL)
			add_edge(fact, needed);
	}
}

/*
 * What the server made for a partition after the parent's model (a trigger, a
 * foreign key) is no fact, and what it needs is the parent's affair.
 */
static HTAB *
find_clones(PqeFacts *facts)
{
	HASHCTL		control;
	HTAB	   *clones;
	ListCell   *lc;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(ObjectAddress);
	control.entrysize = sizeof(ObjectAddress);
	control.hcxt = CurrentMemoryContext;
	clones = hash_create("pqengine clones", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(lc, facts->edges)
	{
		DependRow  *row = lfirst(lc);

		if (row->type == DEPENDENCY_PARTITION_PRI && pqe_facts_by_address(facts, &row->dependent) == NULL)
			hash_search(clones, &row->dependent, HASH_ENTER, NULL);
	}
	return clones;
}

/*
 * Adds the edges of the facts from position FIRST on.
 */
void
pqe_depends_read(PqeFacts *facts, int first)
{
	MemoryContext old = MemoryContextSwitchTo(facts->context);
	ListCell   *lc;

	HTAB	   *clones = find_clones(facts);

	foreach(lc, facts->edges)
	{
		DependRow  *row = lfirst(lc);
		PqeFact    *from;
		PqeFact    *to;

		CHECK_FOR_INTERRUPTS();
		if (row->type == DEPENDENCY_EXTENSION ||
			hash_search(clones, &row->dependent, HASH_FIND, NULL) != NULL)
			continue;
		from = pqe_facts_resolve(facts, &row->dependent);
		if (from == NULL || from->position < first)
			continue;
		to = pqe_facts_resolve(facts, &row->referenced);
		if (to == NULL || to == from)
			continue;
		if (row->type == DEPENDENCY_AUTO && from->kind->auto_is_link)
			from->goes_with = to;
		else
			add_edge(from, to);
		if (row->type == DEPENDENCY_PARTITION_PRI)
			from->goes_with = to;
	}
	for (int i = first; i < list_length(facts->list); i++)
		add_named_need(facts, list_nth(facts->list, i));
	hash_destroy(clones);
	MemoryContextSwitchTo(old);
}
