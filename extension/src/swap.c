/*-------------------------------------------------------------------------
 *
 * swap.c
 *		Makes room for the models: managed schemas move aside, empty ones
 *		take their names, and extensions come along.
 *
 * Runs inside a subtransaction that is rolled back whatever happens, takes no
 * lock on any table, and touches catalogs directly only where the server's
 * commands would want rights or locks that building a shadow does not need.
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
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "access/transam.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_database.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_type.h"
#include "commands/alter.h"
#include "commands/comment.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "commands/schemacmds.h"
#include "commands/tablecmds.h"
#include "commands/typecmds.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "realize.h"
#include "renames.h"

typedef struct Swapped
{
	const char *name;
	Oid			old_oid;
	Oid			new_oid;		/* invalid: the models do not have it */
} Swapped;

/*
 * The swap needs what ALTER SCHEMA RENAME needs; say so before starting.
 */
static void
check_rights(List *schema_names)
{
	ListCell   *lc;

	if (pqe_database_aclcheck(MyDatabaseId, GetUserId(), ACL_CREATE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for database %s", get_database_name(MyDatabaseId)),
				 errdetail("To build models, role \"%s\" needs the privilege CREATE on the database.",
						   GetUserNameFromId(GetUserId(), false)),
				 errhint("GRANT CREATE ON DATABASE %s TO %s",
						 quote_identifier(get_database_name(MyDatabaseId)),
						 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
	foreach(lc, schema_names)
	{
		const char *name = lfirst(lc);
		Oid			oid = get_namespace_oid(name, true);

		if (OidIsValid(oid) && !pqe_object_ownercheck(NamespaceRelationId, oid, GetUserId()))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("must be owner of schema %s", name),
					 errdetail("To build models in its place, role \"%s\" needs to own schema \"%s\" or be a member of its owner.",
							   GetUserNameFromId(GetUserId(), false), name),
					 errhint("ALTER SCHEMA %s OWNER TO %s", quote_identifier(name),
							 quote_identifier(GetUserNameFromId(GetUserId(), false)))));
	}
}

static CreateExtensionStmt *
declared_extension(const PqeModel *model, const char *name)
{
	ListCell   *lc;

	foreach(lc, model->statements)
	{
		Node	   *node = ((PqeStatement *) lfirst(lc))->raw->stmt;

		if (IsA(node, CreateExtensionStmt) &&
			strcmp(castNode(CreateExtensionStmt, node)->extname, name) == 0)
			return castNode(CreateExtensionStmt, node);
	}
	return NULL;
}

static const char *
extension_option(CreateExtensionStmt *stmt, const char *name)
{
	ListCell   *lc;

	if (stmt == NULL)
		return NULL;
	foreach(lc, stmt->options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, name) == 0)
			return defGetString(option);
	}
	return NULL;
}

/*
 * The new schema has the old one's owner, privileges and comment, for a model
 * that does not create the schema says nothing of these.
 */
static void
copy_schema_row(Oid from, Oid to)
{
	Relation	rel = table_open(NamespaceRelationId, RowExclusiveLock);
	HeapTuple	source = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(from));
	HeapTuple	target = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(to));
	Datum		values[Natts_pg_namespace] = {0};
	bool		nulls[Natts_pg_namespace] = {0};
	bool		replaces[Natts_pg_namespace] = {0};
	HeapTuple	tuple;
	char	   *comment;

	if (!HeapTupleIsValid(source) || !HeapTupleIsValid(target))
		elog(ERROR, "cache lookup failed for schema %u", from);
	values[Anum_pg_namespace_nspowner - 1] =
		ObjectIdGetDatum(((Form_pg_namespace) GETSTRUCT(source))->nspowner);
	replaces[Anum_pg_namespace_nspowner - 1] = true;
	values[Anum_pg_namespace_nspacl - 1] =
		SysCacheGetAttr(NAMESPACEOID, source, Anum_pg_namespace_nspacl,
						&nulls[Anum_pg_namespace_nspacl - 1]);
	replaces[Anum_pg_namespace_nspacl - 1] = true;
	tuple = heap_modify_tuple(target, RelationGetDescr(rel), values, nulls, replaces);
	CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	ReleaseSysCache(source);
	ReleaseSysCache(target);
	table_close(rel, RowExclusiveLock);

	comment = GetComment(from, NamespaceRelationId, 0);
	if (comment != NULL)
		CreateComments(to, NamespaceRelationId, 0, comment);
	CommandCounterIncrement();
}

/*
 * ALTER SCHEMA RENAME would lock the schema, and keep others from creating
 * anything in it (partitions, say) for as long as the shadow stands.  Rights
 * have been checked.
 */
static void
rename_schema(Oid schema, const char *name)
{
	Relation	rel = table_open(NamespaceRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(NAMESPACEOID, ObjectIdGetDatum(schema));

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", schema);
	namestrcpy(&((Form_pg_namespace) GETSTRUCT(tuple))->nspname, name);
	CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	heap_freetuple(tuple);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

static Oid
create_schema(const char *name)
{
	CreateSchemaStmt *stmt = makeNode(CreateSchemaStmt);
	Oid			oid;

	stmt->schemaname = pstrdup(name);
	oid = CreateSchemaCommand(stmt, "(generated by pqengine)", -1, -1);
	CommandCounterIncrement();
	return oid;
}

/*
 * Is the schema one that the models take for granted?
 */
static bool
is_given(const char *name, const PqeModel *model, List *schema_names, const PqeOptions *options)
{
	if (pqe_name_in_list(model->created_schemas, name) ||
		pqe_name_in_list(pqe_renamed_schemas(schema_names, model->renames), name) ||
		pqe_name_in_list(pqe_renamed_schemas(schema_names, options->renames), name))
		return false;
	return !options->all_schemas || strcmp(name, "public") == 0;
}

static List *
swap_all(const PqeModel *model, List *schema_names, const PqeOptions *options)
{
	List	   *swapped = NIL;
	ListCell   *lc;

	foreach(lc, schema_names)
	{
		Swapped    *entry = palloc0(sizeof(Swapped));
		const char *name = lfirst(lc);

		entry->name = name;
		entry->old_oid = get_namespace_oid(name, true);
		if (!OidIsValid(entry->old_oid))
			continue;
		rename_schema(entry->old_oid, psprintf("pqengine swap %u", entry->old_oid));
		if (is_given(name, model, schema_names, options))
		{
			entry->new_oid = create_schema(name);
			copy_schema_row(entry->old_oid, entry->new_oid);
		}
		swapped = lappend(swapped, entry);
	}
	return swapped;
}

static Oid
namespace_of(const ObjectAddress *address)
{
	if (address->classId == RelationRelationId)
		return get_rel_namespace(address->objectId);
	return get_object_namespace(address);
}

/*
 * Moves one member of an extension, without a lock on it where it is a table.
 */
static void
move_member(const ObjectAddress *member, Oid from, Oid to, ObjectAddresses *moved)
{
	if (member->classId == RelationRelationId)
	{
		Relation	rel = table_open(RelationRelationId, RowExclusiveLock);
		Oid			type = get_rel_type_id(member->objectId);

		AlterRelationNamespaceInternal(rel, member->objectId, from, to, true, moved);
		if (OidIsValid(type))
			pqe_alter_type_namespace(type, to, moved);
		table_close(rel, RowExclusiveLock);
	}
	else
		AlterObjectNamespace_oid(member->classId, member->objectId, to, moved);
}

static void
move_members(Oid extension, const Swapped *swapped, Oid target)
{
	Relation	depend = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key[2];
	SysScanDesc scan;
	HeapTuple	tuple;
	ObjectAddresses *moved = new_object_addresses();
	List	   *list = NIL;
	Oid			user;
	int			context;
	ListCell   *lc;

	ScanKeyInit(&key[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ExtensionRelationId));
	ScanKeyInit(&key[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(extension));
	scan = systable_beginscan(depend, DependReferenceIndexId, true, NULL, 2, key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend row = (Form_pg_depend) GETSTRUCT(tuple);

		if (row->deptype == DEPENDENCY_EXTENSION)
		{
			ObjectAddress *member = palloc(sizeof(ObjectAddress));

			ObjectAddressSet(*member, row->classid, row->objid);
			list = lappend(list, member);
		}
	}
	systable_endscan(scan);
	table_close(depend, AccessShareLock);

	/*
	 * A trusted extension's members belong to the bootstrap superuser whoever
	 * created it.  Moving them runs no code but the server's own, and is
	 * rolled back with all else.
	 */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, context | SECURITY_LOCAL_USERID_CHANGE);
	foreach(lc, list)
	{
		ObjectAddress *member = lfirst(lc);

		if (is_objectclass_supported(member->classId) &&
			get_object_attnum_namespace(member->classId) != InvalidAttrNumber &&
			namespace_of(member) == swapped->old_oid)
			move_member(member, swapped->old_oid, target, moved);
	}
	SetUserIdAndSecContext(user, context);
	CommandCounterIncrement();
	free_object_addresses(moved);
}

/*
 * What the models say of an extension that is there already: the row is made
 * to look as if CREATE EXTENSION had run.
 */
static void
adjust_extension_row(Relation rel, HeapTuple row, Oid schema, const char *version)
{
	Datum		values[Natts_pg_extension] = {0};
	bool		nulls[Natts_pg_extension] = {0};
	bool		replaces[Natts_pg_extension] = {0};
	HeapTuple	tuple;

	values[Anum_pg_extension_extnamespace - 1] = ObjectIdGetDatum(schema);
	replaces[Anum_pg_extension_extnamespace - 1] = true;
	if (version != NULL)
	{
		values[Anum_pg_extension_extversion - 1] = CStringGetTextDatum(version);
		replaces[Anum_pg_extension_extversion - 1] = true;
	}
	tuple = heap_modify_tuple(row, RelationGetDescr(rel), values, nulls, replaces);
	CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	CommandCounterIncrement();
}

static Swapped *
find_swapped(List *swapped, Oid old_oid)
{
	ListCell   *lc;

	foreach(lc, swapped)
		if (((Swapped *) lfirst(lc))->old_oid == old_oid)
			return lfirst(lc);
	return NULL;
}

/*
 * The schema that an extension shall be in, made where it is not there yet
 * (the models' own CREATE SCHEMA is then passed over, see execute.c).
 */
static Oid
extension_target(const Swapped *swapped, Oid current, const char *wanted)
{
	Oid			oid;

	if (wanted == NULL)
	{
		if (swapped == NULL)
			return current;
		wanted = swapped->name;
	}
	oid = get_namespace_oid(wanted, true);
	return OidIsValid(oid) ? oid : create_schema(wanted);
}

static void
take_extension_along(Relation rel, HeapTuple row, List *swapped, const PqeModel *model,
					 const PqeOptions *options)
{
	Form_pg_extension extension = (Form_pg_extension) GETSTRUCT(row);
	CreateExtensionStmt *stmt = declared_extension(model, NameStr(extension->extname));
	const char *wanted = extension_option(stmt, "schema");
	Swapped    *home = find_swapped(swapped, extension->extnamespace);
	Oid			target;
	ListCell   *lc;

	if (stmt == NULL && (options->all_schemas || home == NULL))
	{
		/* left behind with its schema, unless it is none of the models' business */
		if (home != NULL)
			return;
	}
	target = extension_target(home, extension->extnamespace, wanted);
	foreach(lc, swapped)
		move_members(extension->oid, lfirst(lc), target);
	adjust_extension_row(rel, row, target, extension_option(stmt, "new_version"));
	/* created anew it would have its own comment, until the models say another */
	if (stmt != NULL)
	{
		DeleteComments(extension->oid, ExtensionRelationId, 0);
		CommandCounterIncrement();
	}
}

static void
take_extensions_along(List *swapped, const PqeModel *model, const PqeOptions *options)
{
	Relation	rel = table_open(ExtensionRelationId, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	List	   *rows = NIL;
	ListCell   *lc;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		rows = lappend(rows, heap_copytuple(tuple));
	systable_endscan(scan);
	foreach(lc, rows)
		take_extension_along(rel, lfirst(lc), swapped, model, options);
	table_close(rel, RowExclusiveLock);
}

/*
 * Is an extension installed in the schema?
 */
bool
pqe_schema_holds_extension(Oid schema)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	bool		found = false;

	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
		found = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace == schema;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

void
pqe_swap_schemas(const PqeModel *model, List *schema_names, const PqeOptions *options)
{
	List	   *swapped;

	check_rights(schema_names);
	swapped = swap_all(model, schema_names, options);
	take_extensions_along(swapped, model, options);
}

/*
 * Empties a catalog of what users put there, extensions' own rows aside.
 */
static void
hide_rows(Oid catalog, AttrNumber oid_column)
{
	Relation	rel = table_open(catalog, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Oid			oid = DatumGetObjectId(heap_getattr(tuple, oid_column, RelationGetDescr(rel), &isnull));

		if (oid >= FirstNormalObjectId && !OidIsValid(getExtensionOfObject(catalog, oid)))
			CatalogTupleDelete(rel, &tuple->t_self);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

static bool
declares(const PqeModel *model, NodeTag tag)
{
	ListCell   *lc;

	foreach(lc, model->statements)
		if (nodeTag(((PqeStatement *) lfirst(lc))->raw->stmt) == tag)
			return true;
	return false;
}

/*
 * Objects that live in no schema are in the way of the models' own under the
 * same name, so far as they are compared at all.  Event triggers go in any
 * case, since users' must not see what is built only to be looked at, and so
 * do publications, which nothing in a model can need.
 */
void
pqe_swap_database_wide(const PqeModel *model, const PqeOptions *options)
{
	static const struct
	{
		NodeTag		tag;
		Oid			catalog;
		AttrNumber	oid_column;
	}			wide[] = {
		{T_AlterDefaultPrivilegesStmt, DefaultAclRelationId, Anum_pg_default_acl_oid},
		{T_CreateForeignServerStmt, ForeignServerRelationId, Anum_pg_foreign_server_oid},
		{T_CreateFdwStmt, ForeignDataWrapperRelationId, Anum_pg_foreign_data_wrapper_oid},
		{T_CreateCastStmt, CastRelationId, Anum_pg_cast_oid},
	};

	hide_rows(EventTriggerRelationId, Anum_pg_event_trigger_oid);
	hide_rows(PublicationRelRelationId, Anum_pg_publication_rel_oid);
	hide_rows(PublicationNamespaceRelationId, Anum_pg_publication_namespace_oid);
	hide_rows(PublicationRelationId, Anum_pg_publication_oid);
	for (int i = 0; i < lengthof(wide); i++)
		if (options->all_schemas || declares(model, wide[i].tag))
			hide_rows(wide[i].catalog, wide[i].oid_column);
}
