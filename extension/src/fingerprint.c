/*-------------------------------------------------------------------------
 *
 * fingerprint.c
 *		A cheap value that changes with any DDL in some schemas.
 *
 * It is a hash over the xmin of the catalog rows that describe what lives in
 * the schemas: every DDL writes such rows anew, while VACUUM, freezing and
 * ANALYZE leave their xmin as it is (what they do change, they change in
 * place).  Rows are scanned in the order of the heap and their hashes added
 * up, so that no order matters.
 *
 * Two changes of one row in one transaction have the same xmin: a fingerprint
 * is to be believed only by other transactions than that which made the
 * change (snapshot.c sees to that).
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_conversion.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_description.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
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
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_config_map.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "fingerprint.h"
#include "realize.h"

/* Which rows of a catalog count: those whose key is in the set. */
typedef enum KeySet
{
	SET_SCHEMAS,				/* the schemas at hand */
	SET_MEMBERS,				/* what a row of SET_SCHEMAS was counted for */
	SET_USERS					/* any object that is not the system's */
} KeySet;

typedef struct CatalogEntry
{
	Oid			catalog;
	AttrNumber	key;
	KeySet		set;
	bool		has_members;	/* later entries may refer to its rows */
	AttrNumber	oid;			/* its own oid column, where it has members */
} CatalogEntry;

static const CatalogEntry catalogs[] = {
	{NamespaceRelationId, Anum_pg_namespace_oid, SET_SCHEMAS},
	{RelationRelationId, Anum_pg_class_relnamespace, SET_SCHEMAS, true, Anum_pg_class_oid},
	{TypeRelationId, Anum_pg_type_typnamespace, SET_SCHEMAS, true, Anum_pg_type_oid},
	{ProcedureRelationId, Anum_pg_proc_pronamespace, SET_SCHEMAS, true, Anum_pg_proc_oid},
	{ConstraintRelationId, Anum_pg_constraint_connamespace, SET_SCHEMAS},
	{OperatorRelationId, Anum_pg_operator_oprnamespace, SET_SCHEMAS},
	{OperatorClassRelationId, Anum_pg_opclass_opcnamespace, SET_SCHEMAS},
	{OperatorFamilyRelationId, Anum_pg_opfamily_opfnamespace, SET_SCHEMAS},
	{CollationRelationId, Anum_pg_collation_collnamespace, SET_SCHEMAS},
	{ConversionRelationId, Anum_pg_conversion_connamespace, SET_SCHEMAS},
	{StatisticExtRelationId, Anum_pg_statistic_ext_stxnamespace, SET_SCHEMAS},
	{TSConfigRelationId, Anum_pg_ts_config_cfgnamespace, SET_SCHEMAS, true, Anum_pg_ts_config_oid},
	{TSDictionaryRelationId, Anum_pg_ts_dict_dictnamespace, SET_SCHEMAS},
	{TSParserRelationId, Anum_pg_ts_parser_prsnamespace, SET_SCHEMAS},
	{TSTemplateRelationId, Anum_pg_ts_template_tmplnamespace, SET_SCHEMAS},
	{AttributeRelationId, Anum_pg_attribute_attrelid, SET_MEMBERS},
	{AttrDefaultRelationId, Anum_pg_attrdef_adrelid, SET_MEMBERS},
	{IndexRelationId, Anum_pg_index_indexrelid, SET_MEMBERS},
	{InheritsRelationId, Anum_pg_inherits_inhrelid, SET_MEMBERS},
	{PartitionedRelationId, Anum_pg_partitioned_table_partrelid, SET_MEMBERS},
	{SequenceRelationId, Anum_pg_sequence_seqrelid, SET_MEMBERS},
	{RewriteRelationId, Anum_pg_rewrite_ev_class, SET_MEMBERS},
	{TriggerRelationId, Anum_pg_trigger_tgrelid, SET_MEMBERS},
	{PolicyRelationId, Anum_pg_policy_polrelid, SET_MEMBERS},
	{ForeignTableRelationId, Anum_pg_foreign_table_ftrelid, SET_MEMBERS},
	{EnumRelationId, Anum_pg_enum_enumtypid, SET_MEMBERS},
	{RangeRelationId, Anum_pg_range_rngtypid, SET_MEMBERS},
	{AggregateRelationId, Anum_pg_aggregate_aggfnoid, SET_MEMBERS},
	{TSConfigMapRelationId, Anum_pg_ts_config_map_mapcfg, SET_MEMBERS},
	{DescriptionRelationId, Anum_pg_description_objoid, SET_USERS},
	{AccessMethodOperatorRelationId, Anum_pg_amop_oid, SET_USERS},
	{AccessMethodProcedureRelationId, Anum_pg_amproc_oid, SET_USERS},
	{CastRelationId, Anum_pg_cast_oid, SET_USERS},
	{DefaultAclRelationId, Anum_pg_default_acl_oid, SET_USERS},
	{EventTriggerRelationId, Anum_pg_event_trigger_oid, SET_USERS},
	{ExtensionRelationId, Anum_pg_extension_oid, SET_USERS},
	{ForeignDataWrapperRelationId, Anum_pg_foreign_data_wrapper_oid, SET_USERS},
	{ForeignServerRelationId, Anum_pg_foreign_server_oid, SET_USERS},
	{PublicationRelationId, Anum_pg_publication_oid, SET_USERS},
	{PublicationRelRelationId, Anum_pg_publication_rel_oid, SET_USERS},
	{PublicationNamespaceRelationId, Anum_pg_publication_namespace_oid, SET_USERS},
};

/* One for the schemas at hand, one for all others. */
typedef struct Sum
{
	uint64		sum;
	uint64		mixed;
	uint64		rows;
} Sum;

/* Where a schema, or something in one, counts. */
typedef struct Member
{
	Oid			oid;
	int			side;
} Member;

typedef struct Fingerprint
{
	HTAB	   *schemas;
	HTAB	   *members;
	Sum			sums[2];
} Fingerprint;

enum
{
	SIDE_NAMED,
	SIDE_OTHERS,
	SIDE_BOTH
};

static HTAB *
make_set(const char *name)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(Member);
	control.hcxt = CurrentMemoryContext;
	return hash_create(name, 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
add_member(HTAB *set, Oid oid, int side)
{
	Member	   *member = hash_search(set, &oid, HASH_ENTER, NULL);

	member->side = side;
}

static int
side_of(HTAB *set, Oid oid)
{
	Member	   *member = hash_search(set, &oid, HASH_FIND, NULL);

	return member ? member->side : -1;
}

/*
 * Which side a row counts for; -1 for none.
 */
static int
counts_for(const Fingerprint *fp, const CatalogEntry *entry, Oid key)
{
	switch (entry->set)
	{
		case SET_SCHEMAS:
			return side_of(fp->schemas, key);
		case SET_MEMBERS:
			return key >= FirstNormalObjectId ? side_of(fp->members, key) : -1;
		case SET_USERS:
			return key >= FirstNormalObjectId ? SIDE_BOTH : -1;
	}
	return -1;
}

static Oid
oid_column(HeapTuple tuple, AttrNumber column, TupleDesc desc)
{
	bool		isnull;

	return DatumGetObjectId(heap_getattr(tuple, column, desc, &isnull));
}

static void
add_row(Fingerprint *fp, int side, const CatalogEntry *entry, Oid key, HeapTuple tuple)
{
	struct
	{
		Oid			catalog;
		Oid			key;
		TransactionId xmin;
		uint32		size;
	}			row = {entry->catalog, key, HeapTupleHeaderGetRawXmin(tuple->t_data), tuple->t_len};
	uint64		hash = hash_bytes_extended((const unsigned char *) &row, sizeof(row), 0);
	uint64		mixed = hash_bytes_extended((const unsigned char *) &hash, sizeof(hash), 1);

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
add_catalog(Fingerprint *fp, const CatalogEntry *entry)
{
	Relation	rel = table_open(entry->catalog, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Oid			key = oid_column(tuple, entry->key, desc);
		int			side = counts_for(fp, entry, key);

		if (side < 0)
			continue;
		add_row(fp, side, entry, key, tuple);
		if (entry->has_members)
			add_member(fp->members, oid_column(tuple, entry->oid, desc), side);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	CHECK_FOR_INTERRUPTS();
}

/*
 * Sorts the users' schemas into those named and the others.
 */
static HTAB *
sort_schemas(List *names)
{
	HTAB	   *set = make_set("pqengine schemas");
	Relation	rel = table_open(NamespaceRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_namespace row = (Form_pg_namespace) GETSTRUCT(tuple);
		const char *name = NameStr(row->nspname);

		if (pqe_name_in_list(names, name))
			add_member(set, row->oid, SIDE_NAMED);
		else if (strncmp(name, "pg_", 3) != 0 && strcmp(name, "information_schema") != 0 &&
				 strcmp(name, "pqengine") != 0)
			add_member(set, row->oid, SIDE_OTHERS);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return set;
}

static char *
as_text(const Sum *sum)
{
	return psprintf("%016" INT64_MODIFIER "x%016" INT64_MODIFIER "x%" INT64_MODIFIER "x",
					sum->sum, sum->mixed, sum->rows);
}

/*
 * OTHERS may be NULL.
 */
char *
pqe_fingerprint_of(List *schema_names, char **others)
{
	Fingerprint fp = {sort_schemas(schema_names)};

	fp.members = make_set("pqengine members");
	for (int i = 0; i < lengthof(catalogs); i++)
		add_catalog(&fp, &catalogs[i]);
	hash_destroy(fp.members);
	hash_destroy(fp.schemas);
	if (others != NULL)
		*others = as_text(&fp.sums[SIDE_OTHERS]);
	return as_text(&fp.sums[SIDE_NAMED]);
}
