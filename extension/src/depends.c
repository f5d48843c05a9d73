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

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "address_map.h"
#include "facts.h"
#include "kind.h"

#define MAX_CLIMB 8

/* A row of pg_depend. */
typedef struct DependRow
{
	ObjectAddress dependent;
	ObjectAddress referenced;
	char		type;
} DependRow;

typedef struct PqeEdges
{
	DependRow  *rows;
	int			count;
	int			room;
} PqeEdges;

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
	AddressEntry *entry;

	if (closeness(row->type) == 0)
		return;
	entry = address_map_enter(facts->objects, &row->dependent);
	if (closeness(entry->owner_type) >= closeness(row->type))
		return;
	entry->owner = row->referenced;
	entry->owner_type = row->type;
}

/*
 * Does the row say something of users' objects?
 */
static bool
is_of_interest(const FormData_pg_depend *form)
{
	if (form->objid < FirstNormalObjectId)
		return false;
	switch (form->deptype)
	{
		case DEPENDENCY_EXTENSION:
			return true;
		case DEPENDENCY_NORMAL:
		case DEPENDENCY_AUTO:
		case DEPENDENCY_INTERNAL:
		case DEPENDENCY_PARTITION_PRI:
		case DEPENDENCY_PARTITION_SEC:
			return form->refobjid >= FirstNormalObjectId;
		default:
			return false;
	}
}

static void
add_depend_row(PqeFacts *facts, const FormData_pg_depend *form)
{
	PqeEdges   *edges = facts->edges;
	DependRow  *row;

	if (edges->count == edges->room)
	{
		DependRow  *before = edges->rows;

		edges->room = edges->room * 2;
		edges->rows = pqe_arena_alloc(facts->rows, sizeof(DependRow) * edges->room);
		memcpy(edges->rows, before, sizeof(DependRow) * edges->count);
	}
	row = &edges->rows[edges->count++];
	ObjectAddressSubSet(row->dependent, form->classid, form->objid, form->objsubid);
	ObjectAddressSubSet(row->referenced, form->refclassid, form->refobjid, form->refobjsubid);
	row->type = form->deptype;
}

/*
 * Reads pg_depend, by a plain scan: most of it is wanted.
 */
void
pqe_depends_read_owners(PqeFacts *facts)
{
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	facts->edges = MemoryContextAllocZero(facts->context, sizeof(PqeEdges));
	facts->edges->room = 1024;
	facts->edges->rows = pqe_arena_alloc(facts->rows, sizeof(DependRow) * facts->edges->room);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		CHECK_FOR_INTERRUPTS();
		if (is_of_interest(form))
			add_depend_row(facts, form);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	/* at once what it would grow to by and by */
	if (facts->edges->count > facts->objects->size)
		address_map_grow(facts->objects, facts->edges->count);
	for (int i = 0; i < facts->edges->count; i++)
		note_owner(facts, &facts->edges->rows[i]);
}

/*
 * What an object is part of; invalid where it is not.
 */
ObjectAddress
pqe_facts_whole(PqeFacts *facts, const ObjectAddress *part)
{
	AddressEntry *entry = address_map_lookup(facts->objects, *part);

	return entry != NULL && entry->owner_type != 0 ? entry->owner : InvalidObjectAddress;
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
		AddressEntry *entry = address_map_lookup(facts->objects, at);
		bool		is_part = entry != NULL && entry->owner_type != 0;

		if (entry != NULL && entry->fact != NULL)
			return entry->fact;
		if (is_part && entry->owner_type != DEPENDENCY_EXTENSION)
			at = entry->owner;
		else if (at.objectSubId != 0)
			at.objectSubId = 0;
		else if (is_part)
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
	AddressEntry *entry;

	whole.objectSubId = 0;
	entry = address_map_lookup(facts->objects, whole);
	return entry != NULL && entry->owner_type == DEPENDENCY_EXTENSION;
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
 * A kind may name more objects that its facts need, as
 * "classid:objid:objsubid" in the property _needs, one a line.
 */
static void
add_named_need(PqeFacts *facts, PqeFact *fact)
{
	int			needs = pqe_kind_columns(fact->kind)->needs;
	const char *line;

	if (needs < 0 || fact->values[needs] == NULL)
		return;
	for (line = fact->values[needs]; line != NULL; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
	{
		ObjectAddress address;
		PqeFact    *needed;

		if (sscanf(line, "%u:%u:%d", &address.classId, &address.objectId, &address.objectSubId) != 3)
			elog(ERROR, "malformed _needs \"%s\"", line);
		needed = pqe_facts_resolve(facts, &address);
		if (needed != NULL)
			add_edge(fact, needed);
	}
}

/*
 * What has its place below something that it needs (a key whose index is part
 * of a partitioned one) goes with that.
 */
static void
add_whole(PqeFact *place)
{
	ListCell   *lc;

	if (!place->kind->goes_with_parent || place->parent == NULL || place->parent->goes_with != NULL)
		return;
	foreach(lc, place->depends_on)
		if (!((PqeFact *) lfirst(lc))->kind->joins)
			place->parent->goes_with = lfirst(lc);
}

/*
 * What the server made for a partition after the parent's model.
 */
typedef struct CloneEntry
{
	ObjectAddress address;
	ObjectAddress model;		/* of the parent */
	ObjectAddress table;		/* the partition */
} CloneEntry;

/*
 * What was made after a model (a trigger, a key) is no fact, and what it needs
 * is the parent's affair.
 */
static HTAB *
find_clones(PqeFacts *facts)
{
	HASHCTL		control;
	HTAB	   *clones;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(ObjectAddress);
	control.entrysize = sizeof(CloneEntry);
	control.hcxt = CurrentMemoryContext;
	clones = hash_create("pqengine clones", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	for (int i = 0; i < facts->edges->count; i++)
	{
		DependRow  *row = &facts->edges->rows[i];
		CloneEntry *entry;
		bool		found;

		if ((row->type != DEPENDENCY_PARTITION_PRI && row->type != DEPENDENCY_PARTITION_SEC) ||
			pqe_facts_by_address(facts, &row->dependent) != NULL)
			continue;
		entry = hash_search(clones, &row->dependent, HASH_ENTER, &found);
		if (!found)
			entry->model = entry->table = InvalidObjectAddress;
		if (row->type == DEPENDENCY_PARTITION_PRI)
			entry->model = row->referenced;
		else
			entry->table = row->referenced;
	}
	return clones;
}

/*
 * What uses a clone (any other object: just that) needs its model, and that
 * the partition is one by then.
 */
static void
add_needs_of_clone(PqeFacts *facts, HTAB *clones, PqeFact *from, const ObjectAddress *address)
{
	CloneEntry *clone = hash_search(clones, address, HASH_FIND, NULL);
	PqeFact    *needed;
	PqeFact    *table;
	ListCell   *lc;

	check_stack_depth();
	if (clone == NULL)
	{
		needed = pqe_facts_resolve(facts, address);
		if (needed != NULL)
			add_edge(from, needed);
		return;
	}
	table = pqe_facts_by_address(facts, &clone->table);
	if (table != NULL)
		foreach(lc, table->children)
			if (((PqeFact *) lfirst(lc))->kind->joins)
				add_edge(from, lfirst(lc));
	add_needs_of_clone(facts, clones, from, &clone->model);
}

/*
 * Is the row about the type of a table's rows in a fact's SQL?  What holds rows
 * itself cannot be made anew for that.
 */
static bool
names_row_type(const DependRow *row, const PqeFact *from, const PqeFact *to)
{
	return row->referenced.classId == TypeRelationId && to->address.classId == RelationRelationId &&
		from->kind->sql_properties != NULL && !from->kind->holds_data && from->kind->retire == NULL;
}

/*
 * Links the facts by what has been read.
 */
void
pqe_depends_read(PqeFacts *facts)
{
	MemoryContext old = MemoryContextSwitchTo(facts->context);
	HTAB	   *clones = find_clones(facts);
	bool		any_clones = hash_get_num_entries(clones) > 0;
	ListCell   *lc;

	for (int i = 0; i < facts->edges->count; i++)
	{
		DependRow  *row = &facts->edges->rows[i];
		PqeFact    *from;
		PqeFact    *to;

		CHECK_FOR_INTERRUPTS();
		if (row->type == DEPENDENCY_EXTENSION ||
			(any_clones && hash_search(clones, &row->dependent, HASH_FIND, NULL) != NULL))
			continue;
		from = pqe_facts_resolve(facts, &row->dependent);
		to = pqe_facts_resolve(facts, &row->referenced);
		if (from == NULL && to != NULL && row->type == DEPENDENCY_NORMAL)
			to->used_outside = true;
		if (from == NULL || to == NULL || to == from)
			continue;
		from->uses_row_type |= names_row_type(row, from, to);
		if (row->type == DEPENDENCY_NORMAL)
			add_needs_of_clone(facts, clones, from, &row->referenced);
		if (row->type == DEPENDENCY_AUTO && from->kind->auto_is_link)
			from->goes_with = to;
		else
			add_edge(from, to);
		if (row->type == DEPENDENCY_PARTITION_PRI)
			from->goes_with = to;
	}
	foreach(lc, facts->list)
	{
		add_named_need(facts, lfirst(lc));
		add_whole(lfirst(lc));
	}
	hash_destroy(clones);
	MemoryContextSwitchTo(old);
}
