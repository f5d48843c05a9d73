/*-------------------------------------------------------------------------
 *
 * facts.c
 *		Reads the facts of the managed schemas and links them.
 *
 * Each kind brings a query; this file runs them, leaves out what belongs to
 * an extension, and finds each fact's parent.  Dependencies are depends.c's.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "address_map.h"
#include "facts.h"
#include "identity_map.h"
#include "kind.h"
#include "locks.h"
#include "realize.h"
#include "rows.h"

/* Columns that every kind's query begins with. */
enum
{
	COL_CLASSID,
	COL_OBJID,
	COL_OBJSUBID,
	COL_IDENTITY,
	COL_SCHEMA,
	COL_NAME,
	COL_SLOT,
	COL_PARENT_CLASS,
	COL_PARENT_ID,
	COL_PARENT_SUB,
	FIXED_COLUMNS
};

/* The property names of each kind; the same in every set. */
static PqeColumns *columns_of_kinds = NULL;

/*
 * An empty set, in a context of its own below the current one.
 */
PqeFacts *
pqe_facts_create(const PqeOptions *options, List *schema_names)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "pqengine facts",
												  ALLOCSET_DEFAULT_SIZES);
	PqeFacts   *facts = MemoryContextAllocZero(context, sizeof(PqeFacts));

	facts->context = context;
	facts->rows = pqe_arena_create(context);
	facts->options = options;
	facts->schema_names = schema_names;
	facts->objects = address_map_create(context, 1024, facts->rows);
	facts->by_identity = identity_map_create(context, 1024, facts->rows);
	return facts;
}

PqeFact *
pqe_facts_by_address(PqeFacts *facts, const ObjectAddress *address)
{
	AddressEntry *entry = address_map_lookup(facts->objects, *address);

	return entry ? entry->fact : NULL;
}

PqeFact *
pqe_facts_by_identity(PqeFacts *facts, const PqeKind *kind, const char *identity)
{
	IdentityKey key = {kind, identity};
	IdentityEntry *entry = identity_map_lookup(facts->by_identity, key);

	return entry ? entry->fact : NULL;
}

static void
note_identity(PqeFacts *facts, PqeFact *fact)
{
	IdentityKey key = {fact->kind, fact->identity};
	bool		found;

	identity_map_insert(facts->by_identity, key, &found)->fact = fact;
}

static PqeColumns *
place_of_columns(const PqeKind *kind)
{
	/* most questions are about the kind that the last one was about */
	static int	index = 0;

	if (pqe_kinds[index] != kind)
		for (index = 0; pqe_kinds[index] != kind; index++)
			;
	if (columns_of_kinds == NULL)
		columns_of_kinds = MemoryContextAllocZero(TopMemoryContext,
												  sizeof(PqeColumns) * pqe_kind_count);
	return &columns_of_kinds[index];
}

/*
 * Remembers the names of a kind's properties: those of its query, which gives
 * rows like this.
 */
static void
note_columns(const PqeKind *kind, TupleDesc desc)
{
	PqeColumns *columns = place_of_columns(kind);
	MemoryContext old;
	char	  **names;

	if (columns->names != NULL)
		return;
	old = MemoryContextSwitchTo(TopMemoryContext);
	names = palloc0(sizeof(char *) * (desc->natts - FIXED_COLUMNS + 1));
	columns->needs = -1;
	for (int i = FIXED_COLUMNS; i < desc->natts; i++)
	{
		names[i - FIXED_COLUMNS] = pstrdup(NameStr(TupleDescAttr(desc, i)->attname));
		if (strcmp(names[i - FIXED_COLUMNS], "_needs") == 0)
			columns->needs = i - FIXED_COLUMNS;
	}
	columns->count = desc->natts - FIXED_COLUMNS;
	columns->names = names;
	MemoryContextSwitchTo(old);
}

/*
 * The query may not have been run in this session: the server says what it
 * would give.
 */
const PqeColumns *
pqe_kind_columns(const PqeKind *kind)
{
	PqeColumns *columns = place_of_columns(kind);

	if (columns->names == NULL)
	{
		SPI_connect();
		note_columns(kind, pqe_row_descriptor(kind->query));
		SPI_finish();
	}
	return columns;
}

static int
column_index(const PqeFact *fact, const char *name)
{
	const PqeColumns *columns = pqe_kind_columns(fact->kind);

	for (int i = 0; i < columns->count; i++)
		if (strcmp(columns->names[i], name) == 0)
			return i;
	elog(ERROR, "facts of kind \"%s\" have no property \"%s\"", fact->kind->name, name);
	return -1;
}

const char *
pqe_value(const PqeFact *fact, const char *name)
{
	return fact->values[column_index(fact, name)];
}

void
pqe_set_value(PqeFact *fact, const char *name, char *value)
{
	fact->values[column_index(fact, name)] = value;
}

bool
pqe_flag(const PqeFact *fact, const char *name)
{
	const char *value = pqe_value(fact, name);

	return value != NULL && value[0] == 't';
}

bool
pqe_same(const PqeFact *a, const PqeFact *b, const char *name)
{
	const char *x = pqe_value(a, name);
	const char *y = pqe_value(b, name);

	return x == NULL || y == NULL ? x == y : strcmp(x, y) == 0;
}

/* One kind's facts, as they come. */
typedef struct Reading
{
	PqeFacts   *facts;
	const PqeKind *kind;
} Reading;

/* Where a fact stands among those of its kind. */
typedef struct Place
{
	PqeFact    *fact;
	int			parent;
	int			number;
} Place;

static ObjectAddress
row_address(const PqeRow *row, int first)
{
	ObjectAddress address;

	address.classId = pqe_row_oid(row, first);
	address.objectId = pqe_row_oid(row, first + 1);
	address.objectSubId = pqe_row_int(row, first + 2);
	return address;
}

static void
start_kind(TupleDesc desc, void *argument)
{
	note_columns(((Reading *) argument)->kind, desc);
}

/*
 * Does the kind take the row for a fact?
 */
static bool
is_fact(PqeFacts *facts, const PqeFact *fact)
{
	bool		is_about = OidIsValid(fact->parent_address.classId);
	AddressEntry *entry;

	if (fact->kind->is_fact == NULL)
		return true;
	entry = address_map_lookup(facts->objects, is_about ? fact->parent_address : fact->address);
	return fact->kind->is_fact(fact, entry != NULL ? entry->owner_type : 0);
}

static void
add_row(PqeRow *row, void *argument)
{
	Reading    *reading = argument;
	PqeFacts   *facts = reading->facts;
	int			natts = row->slot->tts_tupleDescriptor->natts;
	ObjectAddress address = row_address(row, COL_CLASSID);
	AddressEntry *entry = address_map_enter(facts->objects, &address);
	PqeFact    *fact;
	char	  **names;
	MemoryContext old;

	if (entry->fact != NULL)
		return;					/* an object is one fact */

	fact = pqe_arena_alloc_zero(facts->rows, sizeof(PqeFact));
	entry->fact = fact;
	fact->kind = reading->kind;
	fact->address = address;
	names = pqe_row_texts(row, COL_IDENTITY, COL_SLOT - COL_IDENTITY + 1, facts->rows);
	fact->identity = names[0];
	fact->schema = names[COL_SCHEMA - COL_IDENTITY];
	fact->name = names[COL_NAME - COL_IDENTITY];
	fact->slot = names[COL_SLOT - COL_IDENTITY];
	fact->parent_address = row_address(row, COL_PARENT_CLASS);
	if (!is_fact(facts, fact))
	{
		entry->fact = NULL;
		return;
	}
	fact->values = pqe_row_texts(row, FIXED_COLUMNS, natts - FIXED_COLUMNS, facts->rows);
	fact->position = list_length(facts->list);
	old = MemoryContextSwitchTo(facts->context);
	facts->list = lappend(facts->list, fact);
	MemoryContextSwitchTo(old);
}

/*
 * The oids of the managed schemas that exist, as the queries' $1.
 */
static Datum
schema_oids(PqeFacts *facts)
{
	Datum	   *oids = palloc(sizeof(Datum) * (list_length(facts->schema_names) + 1));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, facts->schema_names)
	{
		Oid			oid = get_namespace_oid(lfirst(lc), true);

		if (OidIsValid(oid))
			oids[count++] = ObjectIdGetDatum(oid);
	}
	return PointerGetDatum(construct_array(oids, count, OIDOID, sizeof(Oid), true, TYPALIGN_INT));
}

static char *
print_definition(const void *argument)
{
	const PqeFact *fact = argument;

	if (fact->kind->print != NULL)
		return fact->kind->print(fact);
	return TextDatumGetCString(DirectFunctionCall1(fact->kind->deparse, ObjectIdGetDatum(fact->address.objectId)));
}

static void
read_definition(PqeFacts *facts, PqeFact *fact)
{
	char	   *text = pqe_deparse(print_definition, fact);
	size_t		length = strlen(text);

	while (length > 0 && strchr("; \n", text[length - 1]) != NULL)
		length--;
	text[length] = '\0';
	pqe_set_value(fact, "definition", MemoryContextStrdup(facts->context, text));
}

/*
 * Where the parent stands, for those that have been read; others are to be
 * left out in the end.
 */
static int
parent_position(PqeFacts *facts, const PqeFact *fact)
{
	const PqeFact *parent = pqe_facts_by_address(facts, &fact->parent_address);

	return parent ? parent->position : INT_MAX;
}

static int
compare_places(const void *a, const void *b)
{
	const Place *x = a;
	const Place *y = b;

	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return strcmp(x->fact->name, y->fact->name);
}

/*
 * Sorts the facts from position FIRST on by their parents.
 */
static void
order_by_parent(PqeFacts *facts, int first)
{
	int			count = list_length(facts->list) - first;
	Place	   *places = pqe_arena_alloc(facts->rows, sizeof(Place) * count);

	for (int i = 0; i < count; i++)
	{
		PqeFact    *fact = list_nth(facts->list, first + i);

		places[i].fact = fact;
		places[i].parent = parent_position(facts, fact);
		places[i].number = fact->kind->place != NULL ? fact->kind->place(fact) : fact->address.objectSubId;
	}
	qsort(places, count, sizeof(Place), compare_places);
	for (int i = 0; i < count; i++)
	{
		lfirst(list_nth_cell(facts->list, first + i)) = places[i].fact;
		places[i].fact->position = first + i;
	}
}

/*
 * Is there anything in the kind's catalog that is not the system's?
 */
static bool
has_users_rows(const PqeKind *kind)
{
	Relation	rel = table_open(kind->catalog, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&keys[0], 1, BTGreaterEqualStrategyNumber, F_OIDGE, ObjectIdGetDatum(FirstNormalObjectId));
	if (kind->letter != '\0')
		ScanKeyInit(&keys[1], kind->letter_column, BTEqualStrategyNumber, F_CHAREQ, CharGetDatum(kind->letter));
	scan = systable_beginscan(rel, kind->catalog_index, OidIsValid(kind->catalog_index), GetActiveSnapshot(),
							  kind->letter != '\0' ? 2 : 1, keys);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

static void
read_kind(PqeFacts *facts, const PqeKind *kind, Datum schemas)
{
	Reading		reading = {facts, kind};
	int			first = list_length(facts->list);
	bool		prints = kind->deparse != NULL || kind->print != NULL;
	Datum		parameters[PQE_ROW_PARAMETERS] = {schemas, schemas};
	MemoryContext garbage;
	MemoryContext old;

	if (OidIsValid(kind->catalog) && !has_users_rows(kind))
		return;
	if (kind->parameter != NULL)
		parameters[1] = kind->parameter();
	pqe_each_row(kind->query, parameters, start_kind, add_row, &reading);
	if (kind->ordered_by_parent)
		order_by_parent(facts, first);
	if (kind->complete == NULL && !prints)
		return;
	garbage = AllocSetContextCreate(CurrentMemoryContext, "pqengine fact", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(garbage);
	for (int i = first; i < list_length(facts->list); i++)
	{
		PqeFact    *fact = list_nth(facts->list, i);

		CHECK_FOR_INTERRUPTS();
		if (prints)
			read_definition(facts, fact);
		if (kind->complete != NULL)
			kind->complete(facts, fact);
		MemoryContextReset(garbage);
	}
	MemoryContextSwitchTo(old);
	MemoryContextDelete(garbage);
}

/*
 * Adds a whole fact, made elsewhere in the set's context.
 */
void
pqe_facts_add(PqeFacts *facts, PqeFact *fact)
{
	note_identity(facts, fact);
	fact->position = list_length(facts->list);
	facts->list = lappend(facts->list, fact);
}

/*
 * Finds parents, forgets what belongs to an extension or to something that is
 * not read, and fills the hash by identity.  Parents come before children.
 */
static void
link_parents(PqeFacts *facts)
{
	MemoryContext old = MemoryContextSwitchTo(facts->context);
	int			kept = 0;

	identity_map_reset(facts->by_identity);
	if (list_length(facts->list) > facts->by_identity->size)
		identity_map_grow(facts->by_identity, list_length(facts->list));
	for (int i = 0; i < list_length(facts->list); i++)
	{
		PqeFact    *fact = list_nth(facts->list, i);

		if (OidIsValid(fact->parent_address.classId) &&
			!pqe_facts_is_extension_member(facts, &fact->parent_address))
			fact->parent = pqe_facts_resolve(facts, &fact->parent_address);
		if (pqe_facts_is_extension_member(facts, &fact->address) ||
			(OidIsValid(fact->parent_address.classId) && fact->parent == NULL))
		{
			address_map_enter(facts->objects, &fact->address)->fact = NULL;
			continue;
		}
		if (fact->parent != NULL)
			fact->parent->children = lappend(fact->parent->children, fact);
		note_identity(facts, fact);
		fact->position = kept;
		lfirst(list_nth_cell(facts->list, kept++)) = fact;
	}
	facts->list = list_truncate(facts->list, kept);
	MemoryContextSwitchTo(old);
}

/*
 * Reads everything.  search_path must be pg_catalog.
 *
 * The snapshot is the latest, as that of the server's caches always is, even
 * where the caller's transaction has an older one.
 */
void
pqe_facts_read(PqeFacts *facts)
{
	Datum		schemas;
	int			settings = NewGUCNestLevel();

	pqe_pin_planner();
	CommandCounterIncrement();
	PushActiveSnapshot(GetLatestSnapshot());
	SPI_connect();
	schemas = schema_oids(facts);
	pqe_prepare_heap();
	pqe_depends_read_owners(facts);
	for (int i = 0; i < pqe_kind_count; i++)
		read_kind(facts, pqe_kinds[i], schemas);
	link_parents(facts);
	pqe_depends_read(facts);
	pqe_bodies_read(facts);
	SPI_finish();
	PopActiveSnapshot();
	AtEOXact_GUC(true, settings);
}

/*
 * Takes a fact out of the hashes; the list is the caller's affair.
 */
void
pqe_facts_forget(PqeFacts *facts, PqeFact *fact)
{
	IdentityKey key = {fact->kind, fact->identity};

	address_map_enter(facts->objects, &fact->address)->fact = NULL;
	identity_map_delete(facts->by_identity, key);
}

