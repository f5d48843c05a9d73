/*-------------------------------------------------------------------------
 *
 * rename_rows.c
 *		Gives an object another name for the time of a reading.
 *
 * How everything that speaks of an object reads once that has been renamed,
 * nobody knows better than the server: so the names are changed in the
 * catalogs, the facts are read, and all is rolled back.  ALTER ... RENAME
 * would lock live tables against everybody for that long; here only rows of
 * catalogs are touched, those that the command would touch.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "renames.h"

static void
update_name(Relation rel, HeapTuple tuple, AttrNumber column, const char *name)
{
	int			count = RelationGetNumberOfAttributes(rel);
	Datum	   *values = palloc0(sizeof(Datum) * count);
	bool	   *nulls = palloc0(sizeof(bool) * count);
	bool	   *replaces = palloc0(sizeof(bool) * count);
	NameData	new_name;
	HeapTuple	new_tuple;

	namestrcpy(&new_name, name);
	values[column - 1] = NameGetDatum(&new_name);
	replaces[column - 1] = true;
	new_tuple = heap_modify_tuple(tuple, RelationGetDescr(rel), values, nulls, replaces);
	CatalogTupleUpdate(rel, &tuple->t_self, new_tuple);
	CommandCounterIncrement();
}

/*
 * The row of an object that has an oid of its own.
 */
static void
rename_object(Oid catalog, Oid object, const char *name)
{
	Relation	rel = table_open(catalog, RowExclusiveLock);
	HeapTuple	tuple = get_catalog_object_by_oid(rel, get_object_attnum_oid(catalog), object);

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "could not find object %u of catalog %u", object, catalog);
	update_name(rel, tuple, get_object_attnum_name(catalog), name);
	table_close(rel, RowExclusiveLock);
}

/*
 * A relation and its row type go by one name.
 */
static void
rename_relation(Oid relation, const char *name)
{
	Oid			type = get_rel_type_id(relation);

	rename_object(RelationRelationId, relation, name);
	if (OidIsValid(type))
		rename_object(TypeRelationId, type, name);
}

/*
 * The functions that a range brings under its own name.
 */
static void
rename_constructors(Oid type, const char *old_name, const char *name)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	List	   *functions = NIL;
	ListCell   *lc;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(TypeRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(type));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);

		if (row->deptype == DEPENDENCY_INTERNAL && row->classid == ProcedureRelationId &&
			strcmp(get_func_name(row->objid), old_name) == 0)
			functions = lappend_oid(functions, row->objid);
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);
	foreach(lc, functions)
		rename_object(ProcedureRelationId, lfirst_oid(lc), name);
}

static void
rename_type(Oid type, const char *old_name, const char *name)
{
	Oid			relation = get_typ_typrelid(type);

	if (OidIsValid(relation))
		rename_relation(relation, name);
	else
	{
		rename_object(TypeRelationId, type, name);
		rename_constructors(type, old_name, name);
	}
}

/*
 * A column, with those that heirs have from it.
 */
static void
rename_column(Oid relation, const char *column, const char *name)
{
	Relation	rel = table_open(AttributeRelationId, RowExclusiveLock);
	ListCell   *lc;

	foreach(lc, find_all_inheritors(relation, NoLock, NULL))
	{
		HeapTuple	tuple = SearchSysCacheCopyAttName(lfirst_oid(lc), column);

		if (HeapTupleIsValid(tuple))
			update_name(rel, tuple, Anum_pg_attribute_attname, name);
	}
	table_close(rel, RowExclusiveLock);
}

/*
 * A constraint, with its index, and with those that heirs have from it.
 */
static void
rename_constraint(Oid constraint, const char *old_name, const char *name)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Form_pg_constraint row;
	Oid			relation;
	Oid			index;
	ListCell   *lc;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	row = (Form_pg_constraint) GETSTRUCT(tuple);
	relation = row->contype == CONSTRAINT_CHECK ? row->conrelid : InvalidOid;
	index = row->contype == CONSTRAINT_FOREIGN ? InvalidOid : row->conindid;
	ReleaseSysCache(tuple);

	rename_object(ConstraintRelationId, constraint, name);
	if (OidIsValid(index))
		rename_relation(index, name);
	if (!OidIsValid(relation))
		return;
	foreach(lc, find_all_inheritors(relation, NoLock, NULL))
	{
		Oid			other = get_relation_constraint_oid(lfirst_oid(lc), old_name, true);

		if (OidIsValid(other))
			rename_object(ConstraintRelationId, other, name);
	}
}

static void
rename_label(Oid type, const char *label, const char *name)
{
	Relation	rel = table_open(EnumRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy2(ENUMTYPOIDNAME, ObjectIdGetDatum(type), CStringGetDatum(label));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "type %u has no label \"%s\"", type, label);
	update_name(rel, tuple, Anum_pg_enum_enumlabel, name);
	table_close(rel, RowExclusiveLock);
}

/*
 * A part of a type or of a relation: a label, a column, a range's multirange.
 */
static void
rename_part(const ObjectAddress *whole, const char *part, const char *name)
{
	if (whole->classId == RelationRelationId)
		rename_column(whole->objectId, part, name);
	else if (OidIsValid(get_typ_typrelid(whole->objectId)))
		rename_column(get_typ_typrelid(whole->objectId), part, name);
	else if (type_is_range(whole->objectId))
		rename_type(get_range_multirange(whole->objectId), part, name);
	else
		rename_label(whole->objectId, part, name);
}

/*
 * To be called in a subtransaction that is rolled back.
 */
void
pqe_rename_rows(const PqeRenaming *renaming)
{
	const ObjectAddress *address = &renaming->fact->address;

	if (renaming->part != NULL)
		rename_part(address, renaming->part, renaming->name);
	else if (address->objectSubId != 0)
		rename_column(address->objectId, renaming->fact->name, renaming->name);
	else if (address->classId == RelationRelationId)
		rename_relation(address->objectId, renaming->name);
	else if (address->classId == TypeRelationId)
		rename_type(address->objectId, renaming->fact->name, renaming->name);
	else if (address->classId == ConstraintRelationId)
		rename_constraint(address->objectId, renaming->fact->name, renaming->name);
	else
		rename_object(address->classId, address->objectId, renaming->name);
}
