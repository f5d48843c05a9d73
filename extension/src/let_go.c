/*-------------------------------------------------------------------------
 *
 * let_go.c
 *		Frees extensions from the live objects that use them.
 *
 * While a copy is looked at, live objects lie aside, but extensions come along
 * and serve the copy.  When one is dropped there, what is dropped with it, or
 * stands against that, must be of the copy alone.
 *
 * The rows of pg_depend that are taken out for that keep the DDL of others on
 * these objects waiting, and so only the extension that is dropped is let go.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "commands/extension.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

#include "kind.h"
#include "let_go.h"

/*
 * The extensions that the statement drops, by their oids.
 */
static List *
dropped_extensions(const char *sql)
{
	List	   *oids = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, raw_parser(sql, RAW_PARSE_DEFAULT))
	{
		Node	   *statement = lfirst_node(RawStmt, lc)->stmt;

		if (!IsA(statement, DropStmt) || castNode(DropStmt, statement)->removeType != OBJECT_EXTENSION)
			continue;
		foreach(lc2, castNode(DropStmt, statement)->objects)
			oids = lappend_oid(oids, get_extension_oid(strVal(lfirst(lc2)), true));
	}
	return oids;
}

/*
 * Does the object, which is in no schema, lie aside?  Then its row is hidden.
 */
static bool
is_hidden(const PqeFact *fact)
{
	Relation	rel = table_open(fact->address.classId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	bool		found;

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(fact->address.objectId));
	/* these catalogs are small, and begin with the oid */
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 1, &key);
	found = HeapTupleIsValid(systable_getnext(scan));
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return !found;
}

/*
 * Does the row say that what lies aside uses one of the extensions, and is no
 * part of it?
 */
static bool
is_use_of(PqeFacts *live, const FormData_pg_depend *row, const List *extensions)
{
	ObjectAddress used;
	ObjectAddress user;
	PqeFact    *fact;

	if (row->deptype == DEPENDENCY_EXTENSION)
		return false;
	ObjectAddressSet(used, row->refclassid, row->refobjid);
	if (used.classId != ExtensionRelationId)
		used = pqe_facts_whole(live, &used);
	if (used.classId != ExtensionRelationId || !list_member_oid(extensions, used.objectId))
		return false;
	ObjectAddressSubSet(user, row->classid, row->objid, row->objsubid);
	fact = pqe_facts_resolve(live, &user);
	return fact != NULL && fact->address.classId != ExtensionRelationId &&
		(!fact->kind->database_wide || is_hidden(fact));
}

/*
 * To be called before the statement is run, in a subtransaction that is rolled
 * back; LIVE is what has been read of the objects that lie aside.
 */
void
pqe_let_go_of_dropped(PqeFacts *live, const char *sql)
{
	List	   *extensions = dropped_extensions(sql);
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (extensions == NIL)
		return;
	rel = table_open(DependRelationId, RowExclusiveLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (is_use_of(live, (Form_pg_depend) GETSTRUCT(tuple), extensions))
			CatalogTupleDelete(rel, &tuple->t_self);
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}
