/*-------------------------------------------------------------------------
 *
 * migration_locks.c
 *		Refuses a migration that needs more locks than the server has room for
 *		before anything of it is run.
 *
 * A transaction holds its locks to the end.  Those on what it makes itself are
 * given back meanwhile (locks.c), so what counts is what is there already and
 * what a statement says that it drops or alters: with all that goes along, a
 * table is some five.  That is the least that is needed; what a statement takes
 * without saying so is met where it is run.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "locks.h"

PG_FUNCTION_INFO_V1(pqengine_migration_require_locks);

/* Fewer are not worth a look at the lock table. */
#define WORTH_COUNTING 100

static void
count_relation(HTAB *locked, Oid relid)
{
	(void) hash_search(locked, &relid, HASH_ENTER, NULL);
}

static void
count_indexes(HTAB *locked, Oid relid)
{
	Relation	rel = table_open(IndexRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_index_indrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(rel, IndexIndrelidIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		count_relation(locked, ((Form_pg_index) GETSTRUCT(tuple))->indexrelid);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * A table goes with its indexes and its TOAST table, which has one, too.
 */
static void
count_dropped(HTAB *locked, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Form_pg_class row;

	if (!HeapTupleIsValid(tuple))
		return;
	row = (Form_pg_class) GETSTRUCT(tuple);
	count_relation(locked, relid);
	if (OidIsValid(row->reltoastrelid))
		count_dropped(locked, row->reltoastrelid);
	if (row->relhasindex)
		count_indexes(locked, relid);
	ReleaseSysCache(tuple);
}

static void
count_schema(HTAB *locked, Oid schema)
{
	Relation	rel = table_open(RelationRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(schema));
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class row = (Form_pg_class) GETSTRUCT(tuple);

		if (row->relkind != RELKIND_COMPOSITE_TYPE)
			count_relation(locked, row->oid);
		if (OidIsValid(row->reltoastrelid))
			count_dropped(locked, row->reltoastrelid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

static void
count_drop(HTAB *locked, const DropStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->objects)
	{
		Oid			object;

		switch (stmt->removeType)
		{
			case OBJECT_TABLE:
			case OBJECT_FOREIGN_TABLE:
			case OBJECT_INDEX:
			case OBJECT_MATVIEW:
			case OBJECT_SEQUENCE:
			case OBJECT_VIEW:
				object = RangeVarGetRelid(makeRangeVarFromNameList(lfirst(lc)), NoLock, true);
				if (OidIsValid(object))
					count_dropped(locked, object);
				break;
			case OBJECT_SCHEMA:
				object = get_namespace_oid(strVal(lfirst(lc)), true);
				if (OidIsValid(object) && stmt->behavior == DROP_CASCADE)
					count_schema(locked, object);
				break;
			default:
				break;
		}
	}
}

/*
 * The relations that a statement is about, and those that inherit from them.
 */
static void
count_named(HTAB *locked, const RangeVar *name)
{
	Oid			relid = name ? RangeVarGetRelid(name, NoLock, true) : InvalidOid;
	ListCell   *lc;

	if (!OidIsValid(relid))
		return;
	if (!name->inh)
		count_relation(locked, relid);
	else
		foreach(lc, find_all_inheritors(relid, NoLock, NULL))
			count_relation(locked, lfirst_oid(lc));
}

static void
count_statement(HTAB *locked, const Node *stmt)
{
	ListCell   *lc;

	switch (nodeTag(stmt))
	{
		case T_DropStmt:
			count_drop(locked, (const DropStmt *) stmt);
			break;
		case T_AlterTableStmt:
			count_named(locked, ((const AlterTableStmt *) stmt)->relation);
			break;
		case T_IndexStmt:
			count_named(locked, ((const IndexStmt *) stmt)->relation);
			break;
		case T_RenameStmt:
			count_named(locked, ((const RenameStmt *) stmt)->relation);
			break;
		case T_TruncateStmt:
			foreach(lc, ((const TruncateStmt *) stmt)->relations)
				count_named(locked, lfirst(lc));
			break;
		default:
			break;
	}
}

static HTAB *
create_locked(void)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(Oid);
	control.hcxt = CurrentMemoryContext;
	return hash_create("pqengine migration locks", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * The locks of the transaction that needs most: steps between two that stand
 * alone share one.
 */
static long
most_locks(ArrayType *statements, ArrayType *transactional)
{
	Datum	   *texts;
	Datum	   *flags;
	int			count;
	int			flag_count;
	long		most = 0;
	HTAB	   *locked = create_locked();

	deconstruct_array(statements, TEXTOID, -1, false, TYPALIGN_INT, &texts, NULL, &count);
	deconstruct_array(transactional, BOOLOID, 1, true, TYPALIGN_CHAR, &flags, NULL, &flag_count);
	if (count != flag_count)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there are %d statements, but %d flags", count, flag_count)));
	for (int i = 0; i < count; i++)
	{
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (!DatumGetBool(flags[i]))
		{
			hash_destroy(locked);
			locked = create_locked();
			continue;
		}
		foreach(lc, raw_parser(TextDatumGetCString(texts[i]), RAW_PARSE_DEFAULT))
			count_statement(locked, lfirst_node(RawStmt, lc)->stmt);
		most = Max(most, hash_get_num_entries(locked));
	}
	return most;
}

Datum
pqengine_migration_require_locks(PG_FUNCTION_ARGS)
{
	ArrayType  *statements = PG_GETARG_ARRAYTYPE_P(0);
	ArrayType  *transactional = PG_GETARG_ARRAYTYPE_P(1);
	char	   *what = text_to_cstring(PG_GETARG_TEXT_PP(2));
	int			settings = NewGUCNestLevel();
	long		most;

	/* names mean what they will mean to the steps */
	(void) set_config_option("search_path", GetConfigOptionResetString("search_path"), PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	most = most_locks(statements, transactional);
	AtEOXact_GUC(true, settings);
	if (most >= WORTH_COUNTING)
		pqe_locks_require(most, what);
	PG_RETURN_VOID();
}
