/*-------------------------------------------------------------------------
 *
 * let_go.c
 *		Frees extensions from the live objects that use them.
 *
 * While a copy is looked at, live objects lie aside, but extensions come along
 * and serve the copy.  What is dropped with an extension there, or stands
 * against that, must be of the copy alone.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_extension.h"
#include "utils/rel.h"

#include "let_go.h"

/*
 * Does the row say that a fact uses an extension that it is no part of?
 */
static bool
is_use_of_extension(PqeFacts *live, const FormData_pg_depend *row)
{
	ObjectAddress used;
	ObjectAddress user;
	PqeFact    *fact;

	if (row->deptype == DEPENDENCY_EXTENSION)
		return false;
	ObjectAddressSubSet(used, row->refclassid, row->refobjid, row->refobjsubid);
	if (used.classId != ExtensionRelationId && !pqe_facts_is_extension_member(live, &used))
		return false;
	ObjectAddressSubSet(user, row->classid, row->objid, row->objsubid);
	fact = pqe_facts_resolve(live, &user);
	return fact != NULL && fact->address.classId != ExtensionRelationId;
}

/*
 * To be called in a subtransaction that is rolled back; LIVE is what has been
 * read of the objects that lie aside.
 */
void
pqe_let_go_of_extensions(PqeFacts *live)
{
	Relation	rel = table_open(DependRelationId, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (is_use_of_extension(live, (Form_pg_depend) GETSTRUCT(tuple)))
			CatalogTupleDelete(rel, &tuple->t_self);
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}
