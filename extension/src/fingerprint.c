/*-------------------------------------------------------------------------
 *
 * fingerprint.c
 *		A cheap value that changes with any DDL in some schemas.
 *
 * It is a hash over the xmin of the catalog rows that describe what lives in
 * the schemas: every DDL writes such rows anew, while VACUUM, freezing and
 * ANALYZE leave their xmin as it is (what they do change, they change in
 * place).  Rows are scanned in the order of the heap and their hashes added
 * up, so that no order matters.  Left out are rows that the server never
 * writes without another one that is counted: pg_attrdef, which changes along
 * with the column's row in pg_attribute, and pg_depend but for extensions.
 *
 * Two changes of one row in one transaction have the same xmin: a fingerprint
 * is to be believed only by other transactions than that which made the
 * change (snapshot.c sees to that).
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_description.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_partitioned_table.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_range.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_shdepend.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_tablespace.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_config_map.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "fingerprint.h"
#include "realize.h"

/* Which rows of a catalog count: those whose key is in the set. */
typedef enum KeySet
{
	SET_SCHEMAS,				/* the schemas at hand */
	SET_MEMBERS,				/* what a row of SET_SCHEMAS was counted for */
	SET_USERS,					/* any object that is not the system's */
	SET_DESCRIBED,				/* that, or one of the schemas at hand */
	SET_ALL
} KeySet;

typedef struct CatalogEntry
{
	Oid			catalog;
	KeySet		set;
	int			key;			/* where in a row it stands */
	int			oid;			/* ... and its own oid, where later entries may refer to it */
} CatalogEntry;

#define NO_MEMBERS (-1)

/* All of these columns stand in the part of a row that is laid out like a C struct. */
#define ROWS_OF(set, catalog, form, column) {catalog, set, offsetof(form, column), NO_MEMBERS}
#define ROWS_WITH_MEMBERS(catalog, form, column) {catalog, SET_SCHEMAS, offsetof(form, column), offsetof(form, oid)}

static const CatalogEntry catalogs[] = {
	ROWS_OF(SET_SCHEMAS, NamespaceRelationId, FormData_pg_namespace, oid),
	ROWS_WITH_MEMBERS(RelationRelationId, FormData_pg_class, relnamespace),
	ROWS_WITH_MEMBERS(TypeRelationId, FormData_pg_type, typnamespace),
	ROWS_WITH_MEMBERS(ProcedureRelationId, FormData_pg_proc, pronamespace),
	ROWS_OF(SET_SCHEMAS, ConstraintRelationId, FormData_pg_constraint, connamespace),
	ROWS_OF(SET_SCHEMAS, OperatorRelationId, FormData_pg_operator, oprnamespace),
	ROWS_OF(SET_SCHEMAS, OperatorClassRelationId, FormData_pg_opclass, opcnamespace),
	ROWS_OF(SET_SCHEMAS, OperatorFamilyRelationId, FormData_pg_opfamily, opfnamespace),
	ROWS_OF(SET_SCHEMAS, CollationRelationId, FormData_pg_collation, collnamespace),
	ROWS_OF(SET_SCHEMAS, ConversionRelationId, FormData_pg_conversion, connamespace),
	ROWS_OF(SET_SCHEMAS, StatisticExtRelationId, FormData_pg_statistic_ext, stxnamespace),
	ROWS_WITH_MEMBERS(TSConfigRelationId, FormData_pg_ts_config, cfgnamespace),
	ROWS_OF(SET_SCHEMAS, TSDictionaryRelationId, FormData_pg_ts_dict, dictnamespace),
	ROWS_OF(SET_SCHEMAS, TSParserRelationId, FormData_pg_ts_parser, prsnamespace),
	ROWS_OF(SET_SCHEMAS, TSTemplateRelationId, FormData_pg_ts_template, tmplnamespace),
	ROWS_OF(SET_MEMBERS, AttributeRelationId, FormData_pg_attribute, attrelid),
	ROWS_OF(SET_MEMBERS, IndexRelationId, FormData_pg_index, indexrelid),
	ROWS_OF(SET_MEMBERS, InheritsRelationId, FormData_pg_inherits, inhrelid),
	ROWS_OF(SET_MEMBERS, PartitionedRelationId, FormData_pg_partitioned_table, partrelid),
	ROWS_OF(SET_MEMBERS, SequenceRelationId, FormData_pg_sequence, seqrelid),
	ROWS_OF(SET_MEMBERS, RewriteRelationId, FormData_pg_rewrite, ev_class),
	ROWS_OF(SET_MEMBERS, TriggerRelationId, FormData_pg_trigger, tgrelid),
	ROWS_OF(SET_MEMBERS, PolicyRelationId, FormData_pg_policy, polrelid),
	ROWS_OF(SET_MEMBERS, ForeignTableRelationId, FormData_pg_foreign_table, ftrelid),
	ROWS_OF(SET_MEMBERS, EnumRelationId, FormData_pg_enum, enumtypid),
	ROWS_OF(SET_MEMBERS, RangeRelationId, FormData_pg_range, rngtypid),
	ROWS_OF(SET_MEMBERS, AggregateRelationId, FormData_pg_aggregate, aggfnoid),
	ROWS_OF(SET_MEMBERS, TSConfigMapRelationId, FormData_pg_ts_config_map, mapcfg),
	ROWS_OF(SET_DESCRIBED, DescriptionRelationId, FormData_pg_description, objoid),
	ROWS_OF(SET_USERS, AccessMethodOperatorRelationId, FormData_pg_amop, oid),
	ROWS_OF(SET_USERS, AccessMethodProcedureRelationId, FormData_pg_amproc, oid),
	ROWS_OF(SET_USERS, CastRelationId, FormData_pg_cast, oid),
	ROWS_OF(SET_USERS, DefaultAclRelationId, FormData_pg_default_acl, oid),
	ROWS_OF(SET_USERS, EventTriggerRelationId, FormData_pg_event_trigger, oid),
	ROWS_OF(SET_ALL, ExtensionRelationId, FormData_pg_extension, oid),
	ROWS_OF(SET_USERS, ForeignDataWrapperRelationId, FormData_pg_foreign_data_wrapper, oid),
	ROWS_OF(SET_USERS, ForeignServerRelationId, FormData_pg_foreign_server, oid),
	ROWS_OF(SET_USERS, LanguageRelationId, FormData_pg_language, oid),
	ROWS_OF(SET_USERS, PublicationRelationId, FormData_pg_publication, oid),
	ROWS_OF(SET_USERS, PublicationRelRelationId, FormData_pg_publication_rel, oid),
	ROWS_OF(SET_USERS, PublicationNamespaceRelationId, FormData_pg_publication_namespace, oid),
};

enum
{
	SIDE_NAMED,					/* the schemas at hand */
	SIDE_OTHERS,				/* all others */
	SIDE_BOTH,
	SIDE_NONE
};

/* Where a schema, or something in one, counts. */
typedef struct Member
{
	Oid			oid;
	int			side;
	char		status;
} Member;

#define SH_PREFIX members
#define SH_ELEMENT_TYPE Member
#define SH_KEY_TYPE Oid
#define SH_KEY oid
#define SH_HASH_KEY(table, key) murmurhash32(key)
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

typedef struct Sum
{
	uint64		sum;
	uint64		mixed;
	uint64		rows;
} Sum;

typedef struct Fingerprint
{
	Snapshot	snapshot;
	members_hash *schemas;
	members_hash *members;
	Sum			sums[2];
} Fingerprint;

/*
 * The same oid may be a table's and a type's: where they live on different
 * sides, both are told.
 */
static void
add_member(members_hash *set, Oid oid, int side)
{
	bool		found;
	Member	   *member = members_insert(set, oid, &found);

	member->side = found && member->side != side ? SIDE_BOTH : side;
}

static int
side_of(members_hash *set, Oid oid)
{
	Member	   *member = members_lookup(set, oid);

	return member ? member->side : SIDE_NONE;
}

/*
 * Which side a row counts for.
 */
static int
counts_for(const Fingerprint *fp, KeySet set, Oid key)
{
	bool		is_users = key >= FirstNormalObjectId;

	switch (set)
	{
		case SET_SCHEMAS:
			return side_of(fp->schemas, key);
		case SET_MEMBERS:
			return is_users ? side_of(fp->members, key) : SIDE_NONE;
		case SET_USERS:
			return is_users ? SIDE_BOTH : SIDE_NONE;
		case SET_DESCRIBED:
			return is_users || side_of(fp->schemas, key) != SIDE_NONE ? SIDE_BOTH : SIDE_NONE;
		case SET_ALL:
			return SIDE_BOTH;
	}
	return SIDE_NONE;
}

/*
 * Spreads what differs in any bit of X over all bits.
 */
static inline uint64
mix(uint64 x)
{
	x = (x ^ (x >> 32)) * UINT64CONST(0xd6e8feb86659fd93);
	x = (x ^ (x >> 32)) * UINT64CONST(0xd6e8feb86659fd93);
	return x ^ (x >> 32);
}

static inline uint64
pair(uint32 high, uint32 low)
{
	return (uint64) high << 32 | low;
}

static void
add_hash(Fingerprint *fp, int side, uint64 hash)
{
	uint64		mixed = mix(hash + UINT64CONST(0x9e3779b97f4a7c15));

	for (int i = SIDE_NAMED; i <= SIDE_OTHERS; i++)
	{
		if (side != i && side != SIDE_BOTH)
			continue;
		fp->sums[i].sum += hash;
		fp->sums[i].mixed += mixed;
		fp->sums[i].rows++;
	}
}

static void
add_row(Fingerprint *fp, int side, Oid catalog, Oid key, HeapTuple tuple)
{
	uint64		what = mix(pair(catalog, key));
	uint64		version = pair(HeapTupleHeaderGetRawXmin(tuple->t_data), tuple->t_len);

	add_hash(fp, side, mix(what ^ mix(version + 1)));
}

static inline Oid
oid_at(HeapTuple tuple, int offset)
{
	return *(Oid *) ((char *) GETSTRUCT(tuple) + offset);
}

/*
 * Reads a whole catalog, in the order of the heap, without the detours of
 * systable_getnext(): most of what is there is wanted, and little of each row.
 */
static TableScanDesc
begin_scan(const Fingerprint *fp, Relation rel)
{
	return table_beginscan_strat(rel, fp->snapshot, 0, NULL, true, false);
}

static void
add_catalog(Fingerprint *fp, const CatalogEntry *entry)
{
	Relation	rel = table_open(entry->catalog, AccessShareLock);
	TableScanDesc scan = begin_scan(fp, rel);
	Oid			last_key = InvalidOid;
	int			side = SIDE_NONE;
	HeapTuple	tuple;

	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Oid			key = oid_at(tuple, entry->key);

		/* rows of one object mostly come together */
		if (key != last_key)
			side = counts_for(fp, entry->set, key);
		last_key = key;
		if (side == SIDE_NONE)
			continue;
		add_row(fp, side, entry->catalog, key, tuple);
		if (entry->oid != NO_MEMBERS)
			add_member(fp->members, oid_at(tuple, entry->oid), side);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
}

static uint64
hash_of_name(Oid catalog, Oid oid, const char *name)
{
	return mix(pair(catalog, oid) ^ hash_bytes_extended((const unsigned char *) name, strlen(name), 0));
}

static void
add_role(Fingerprint *fp, Oid role)
{
	char	   *name = GetUserNameFromId(role, true);

	if (name != NULL)
		add_hash(fp, SIDE_BOTH, hash_of_name(AuthIdRelationId, role, name));
}

/*
 * What belongs to an extension is not compared; ALTER EXTENSION ... ADD writes
 * nothing but this.
 */
static void
add_extension_members(Fingerprint *fp)
{
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&key, Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(ExtensionRelationId));
	scan = systable_beginscan(rel, DependReferenceIndexId, true, fp->snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		add_row(fp, SIDE_BOTH, DependRelationId, ((Form_pg_depend) GETSTRUCT(tuple))->objid, tuple);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * The names of the roles that own something here, or have rights on it, since
 * an object's rows do not change when a role is renamed.  Other roles may come
 * and go.
 */
static void
add_roles(Fingerprint *fp)
{
	Relation	rel = table_open(SharedDependRelationId, AccessShareLock);
	members_hash *roles = members_create(CurrentMemoryContext, 64, NULL);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;

	/* the server keeps no record of what is this one's */
	add_role(fp, BOOTSTRAP_SUPERUSERID);
	ScanKeyInit(&key, Anum_pg_shdepend_dbid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(MyDatabaseId));
	scan = systable_beginscan(rel, SharedDependDependerIndexId, true, fp->snapshot, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_shdepend row = (Form_pg_shdepend) GETSTRUCT(tuple);
		bool		found;

		if (row->refclassid != AuthIdRelationId)
			continue;
		members_insert(roles, row->refobjid, &found);
		if (!found)
			add_role(fp, row->refobjid);
	}
	systable_endscan(scan);
	members_destroy(roles);
	table_close(rel, AccessShareLock);
}

/*
 * The same for tablespaces.
 */
static void
add_tablespaces(Fingerprint *fp)
{
	Relation	rel = table_open(TableSpaceRelationId, AccessShareLock);
	TableScanDesc scan = begin_scan(fp, rel);
	HeapTuple	tuple;

	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_tablespace row = (Form_pg_tablespace) GETSTRUCT(tuple);

		add_hash(fp, SIDE_BOTH, hash_of_name(TableSpaceRelationId, row->oid, NameStr(row->spcname)));
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * Sorts the users' schemas into those named and the others.
 */
static void
sort_schemas(Fingerprint *fp, List *names)
{
	Relation	rel = table_open(NamespaceRelationId, AccessShareLock);
	TableScanDesc scan = begin_scan(fp, rel);
	HeapTuple	tuple;

	while ((tuple = heap_getnext(scan, ForwardScanDirection)) != NULL)
	{
		Form_pg_namespace row = (Form_pg_namespace) GETSTRUCT(tuple);
		const char *name = NameStr(row->nspname);

		if (pqe_name_in_list(names, name))
			add_member(fp->schemas, row->oid, SIDE_NAMED);
		else if (strncmp(name, "pg_", 3) != 0 && strcmp(name, "information_schema") != 0 &&
				 strcmp(name, "pqengine") != 0)
			add_member(fp->schemas, row->oid, SIDE_OTHERS);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
}

static char *
as_text(const Sum *sum)
{
	return psprintf("%016llx%016llx%llx",
					(unsigned long long) sum->sum, (unsigned long long) sum->mixed,
					(unsigned long long) sum->rows);
}

/*
 * OTHERS may be NULL.
 */
char *
pqe_fingerprint_of(List *schema_names, char **others)
{
	Fingerprint fp = {0};

	fp.snapshot = RegisterSnapshot(GetLatestSnapshot());
	fp.schemas = members_create(CurrentMemoryContext, 64, NULL);
	fp.members = members_create(CurrentMemoryContext, 8192, NULL);
	sort_schemas(&fp, schema_names);
	for (int i = 0; i < lengthof(catalogs); i++)
		add_catalog(&fp, &catalogs[i]);
	add_extension_members(&fp);
	add_roles(&fp);
	add_tablespaces(&fp);
	members_destroy(fp.members);
	members_destroy(fp.schemas);
	UnregisterSnapshot(fp.snapshot);
	if (others != NULL)
		*others = as_text(&fp.sums[SIDE_OTHERS]);
	return as_text(&fp.sums[SIDE_NAMED]);
}

/*
 * What pg_shdepend says of the rows of the others does not change without
 * these, and so is not among them.
 */
Oid
pqe_fingerprint_catalog(int number)
{
	static const Oid others[] = {DependRelationId, AuthIdRelationId, TableSpaceRelationId};

	if (number < lengthof(catalogs))
		return catalogs[number].catalog;
	number -= lengthof(catalogs);
	return number < lengthof(others) ? others[number] : InvalidOid;
}
