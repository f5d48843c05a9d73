/*-------------------------------------------------------------------------
 *
 * constraint_parts.c
 *		Keys of partitioned tables: what they are on the partitions.
 *
 * A key of a partitioned table is one of each partition, too.  There it has
 * names of its own, which have to be free for it, and would take another key
 * over the same columns for its part.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "arena.h"

static bool
is_key(Form_pg_constraint form)
{
	return form->contype == CONSTRAINT_PRIMARY || form->contype == CONSTRAINT_UNIQUE;
}

/*
 * The numbers of the columns.
 */
static ArrayType *
columns_of(HeapTuple tuple)
{
	bool		isnull;
	Datum		columns = SysCacheGetAttr(CONSTROID, tuple, Anum_pg_constraint_conkey, &isnull);

	return isnull ? NULL : DatumGetArrayTypeP(columns);
}

static bool
same_columns(const ArrayType *a, const ArrayType *b)
{
	return a != NULL && b != NULL && ARR_DIMS(a)[0] == ARR_DIMS(b)[0] &&
		memcmp(ARR_DATA_PTR(a), ARR_DATA_PTR(b), sizeof(int16) * ARR_DIMS(a)[0]) == 0;
}

/*
 * "table column,column".
 */
static void
append_columns(StringInfo text, const char *table, Oid relation, const ArrayType *columns)
{
	int			count = columns != NULL ? ARR_DIMS(columns)[0] : 0;

	appendStringInfo(text, "key:%s", table);
	for (int i = 0; i < count; i++)
	{
		const char *name = get_attname(relation, ((const int16 *) ARR_DATA_PTR(columns))[i], true);

		appendStringInfo(text, "%c%s", i == 0 ? ' ' : ',', name != NULL ? quote_identifier(name) : "");
	}
}

/*
 * The constraints that an index of pg_constraint finds under a value of one of
 * its columns, as a list of tuples.
 */
static List *
find_constraints(Oid index, AttrNumber column, Oid value)
{
	Relation	rel = table_open(ConstraintRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *found = NIL;

	ScanKeyInit(&key, column, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(value));
	scan = systable_beginscan(rel, index, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = lappend(found, heap_copytuple(tuple));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * Adds what the parts of a key are called, and the columns that they take.
 */
static void
append_parts(StringInfo names, StringInfo wants, Oid key)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, find_constraints(ConstraintParentIndexId, Anum_pg_constraint_conparentid, key))
	{
		HeapTuple	tuple = lfirst(lc);
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
		char	   *schema = get_namespace_name(get_rel_namespace(form->conrelid));
		char	   *relation = get_rel_name(form->conrelid);
		StringInfoData lines;
		char	   *table;

		CHECK_FOR_INTERRUPTS();
		/* who drops it meanwhile has it read again */
		if (schema == NULL || relation == NULL || !is_key(form))
			continue;
		table = quote_qualified_identifier(schema, relation);
		initStringInfo(&lines);
		appendStringInfo(&lines, "constraint:%s.%s\nrelation:%s\n", table, quote_identifier(NameStr(form->conname)),
						 quote_qualified_identifier(schema, NameStr(form->conname)));
		if (form->contype == CONSTRAINT_PRIMARY)
			appendStringInfo(&lines, "primary key:%s\n", table);
		appendStringInfoString(names, lines.data);
		appendStringInfoString(wants, lines.data);
		append_columns(wants, table, form->conrelid, columns_of(tuple));
		appendStringInfoChar(wants, '\n');
		append_parts(names, wants, form->oid);
	}
}

/*
 * The key at the top of those that one of a partition is part of.
 */
static Oid
topmost(Oid key)
{
	for (;;)
	{
		HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(key));
		Oid			parent;

		if (!HeapTupleIsValid(tuple))
			return key;
		parent = ((Form_pg_constraint) GETSTRUCT(tuple))->conparentid;
		ReleaseSysCache(tuple);
		if (!OidIsValid(parent))
			return key;
		key = parent;
	}
}

/*
 * For a key of a partition: is there one over the same columns that is the
 * parent's?  Then it needs that to be there first.
 */
static void
look_beside(PqeFacts *facts, PqeFact *fact, Oid relation, const ArrayType *columns)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, find_constraints(ConstraintRelidTypidNameIndexId, Anum_pg_constraint_conrelid, relation))
	{
		HeapTuple	tuple = lfirst(lc);
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

		if (found || form->oid == fact->address.objectId || !OidIsValid(form->conparentid) || !is_key(form) ||
			!same_columns(columns, columns_of(tuple)))
			continue;
		found = true;
		pqe_set_value(fact, "_needs", pqe_arena_strdup(facts->rows, psprintf("%u:%u:0", ConstraintRelationId, topmost(form->oid))));
	}
	pqe_set_value(fact, "beside_parents", pqe_arena_strdup(facts->rows, found ? "t" : "f"));
}

static char *
lines(PqeFacts *facts, StringInfo text)
{
	if (text->len == 0)
		return NULL;
	/* but for the last line's end */
	text->data[text->len - 1] = '\0';
	return pqe_arena_strdup(facts->rows, text->data);
}

/*
 * Fills in beside_parents, _needs, _frees and _wants of a key.
 */
void
pqe_read_key_parts(PqeFacts *facts, PqeFact *fact)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(fact->address.objectId));
	Oid			relation = fact->parent_address.objectId;
	const ArrayType *columns;
	StringInfoData frees;
	StringInfoData wants;

	if (!HeapTupleIsValid(tuple))
		return;
	initStringInfo(&frees);
	initStringInfo(&wants);
	columns = columns_of(tuple);
	if (pqe_flag(fact, "_in_partition"))
	{
		look_beside(facts, fact, relation, columns);
		append_columns(&frees, pqe_table_of(fact), relation, columns);
		appendStringInfoChar(&frees, '\n');
	}
	if (pqe_flag(fact, "_partitioned"))
		append_parts(&frees, &wants, fact->address.objectId);
	ReleaseSysCache(tuple);
	pqe_set_value(fact, "_frees", lines(facts, &frees));
	pqe_set_value(fact, "_wants", lines(facts, &wants));
}
