/*-------------------------------------------------------------------------
 *
 * snapshot.c
 *		Desired facts kept from one realization to the next.
 *
 * A realization writes catalogs, so it is done once for a model text.  Its
 * facts are kept in pqengine.snapshot under a hash of all that they depend
 * on: the text, the options, the role, the versions.  What surrounds them (the
 * schemas that are not managed, the extensions, the owners of given schemas)
 * is kept beside them, and a snapshot made in other surroundings is not used.
 *
 * The row also holds the fingerprint at which the database was last seen not
 * to differ.  While that is what it is, nothing is read or compared at all.
 * And beside it, the state of the catalogs at which that was the fingerprint:
 * while nobody touches them, not even that is taken.
 *
 * A transaction that has written something itself neither believes nor keeps
 * a snapshot: its own changes may not show in a fingerprint.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "commands/comment.h"
#include "common/hashfn.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "arrays.h"
#include "fingerprint.h"
#include "kind.h"
#include "realize.h"
#include "snapshot.h"
#include "untouched.h"

/* To be changed with the form of the facts: it is part of the key. */
#define FORMAT 10

static const char facts_query[] =
"SELECT facts FROM pqengine.snapshot WHERE key = $1 AND made_by = current_user";

static const char keep_query[] =
"INSERT INTO pqengine.snapshot (key, schemas, environment, facts) VALUES ($1, $2, $3, $4)"
" ON CONFLICT (key, made_by) DO UPDATE SET schemas = excluded.schemas, environment = excluded.environment,"
"  facts = excluded.facts, clean = NULL, untouched = NULL, made_at = now()";

static const char forget_query[] =
"DELETE FROM pqengine.snapshot WHERE made_at < now() - interval '30 days' AND made_by = current_user";

static const char clean_query[] =
"UPDATE pqengine.snapshot SET clean = $2, untouched = $3 WHERE key = $1 AND made_by = current_user";

/* Who comes first does it: nobody waits for that. */
static const char untouched_query[] =
"UPDATE pqengine.snapshot SET untouched = $3 WHERE ctid = (SELECT ctid FROM pqengine.snapshot"
"  WHERE key = $1 AND made_by = current_user AND clean = $2 FOR UPDATE SKIP LOCKED)";

/*
 * Settings of a session under which the same models want something else, or
 * the same is printed otherwise; those that are pinned while models are built
 * and read are not among them.
 */
static const char *const settings[] = {
	"TimeZone",
	"array_nulls",
	"bytea_output",
	"default_table_access_method",
	"lc_monetary",
	"standard_conforming_strings",
	"transform_null_equals",
};

static bool
may(AclMode mode)
{
	Oid			schema = get_namespace_oid("pqengine", true);
	Oid			table = OidIsValid(schema) ? get_relname_relid("snapshot", schema) : InvalidOid;

	return OidIsValid(table) && pg_class_aclcheck(table, GetUserId(), mode) == ACLCHECK_OK;
}

/*
 * All that desired facts depend on, other than the database itself: the
 * DIGEST of the models, and a hash of what stands beside them.  That one need
 * not be cryptographic, since everyone sees but rows of his own.
 */
static char *
make_key(const uint8 *digest, const char *options_text)
{
	char		hex[2 * PG_SHA256_DIGEST_LENGTH];
	StringInfoData beside;

	initStringInfo(&beside);
	appendStringInfo(&beside, "%d\n%s\n%s\n%s\n%s\n", FORMAT, PACKAGE_VERSION, PQENGINE_VERSION,
					 GetUserNameFromId(GetUserId(), false), options_text);
	for (int i = 0; i < lengthof(settings); i++)
		appendStringInfo(&beside, "%s\n", GetConfigOption(settings[i], false, false));
	hex_encode((const char *) digest, PG_SHA256_DIGEST_LENGTH, hex);
	return psprintf("%.*s-" UINT64_FORMAT "-" UINT64_FORMAT, (int) sizeof(hex), hex,
					hash_bytes_extended((const unsigned char *) beside.data, beside.len, 0),
					hash_bytes_extended((const unsigned char *) beside.data, beside.len, 1));
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * What a given schema hands down to its double.
 */
static void
describe_schema(StringInfo out, const char *name)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACENAME, CStringGetDatum(name));
	Form_pg_namespace row;
	Datum		acl;
	bool		isnull;
	char	   *comment;

	if (!HeapTupleIsValid(tuple))
		return;
	row = (Form_pg_namespace) GETSTRUCT(tuple);
	appendStringInfo(out, "%s|%s|", name, GetUserNameFromId(row->nspowner, false));
	acl = SysCacheGetAttr(NAMESPACENAME, tuple, Anum_pg_namespace_nspacl, &isnull);
	if (!isnull)
		appendStringInfoString(out, OidOutputFunctionCall(F_ARRAY_OUT, acl));
	comment = GetComment(row->oid, NamespaceRelationId, 0);
	appendStringInfo(out, "|%s\n", comment ? comment : "");
	ReleaseSysCache(tuple);
}

static void
describe_extensions(StringInfo out)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	Relation	index = index_open(ExtensionNameIndexId, AccessShareLock);
	SysScanDesc scan = systable_beginscan_ordered(rel, index, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext_ordered(scan, ForwardScanDirection)))
	{
		Form_pg_extension row = (Form_pg_extension) GETSTRUCT(tuple);
		char	   *schema = get_namespace_name(row->extnamespace);
		bool		isnull;
		Datum		version = heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(rel), &isnull);

		appendStringInfo(out, "%s|%s|%s\n", NameStr(row->extname), TextDatumGetCString(version),
						 schema ? schema : "");
	}
	systable_endscan_ordered(scan);
	index_close(index, AccessShareLock);
	table_close(rel, AccessShareLock);
}

/*
 * Sets environment and fingerprint to what they are now.
 */
static void
look_around(PqeSnapshot *snapshot)
{
	StringInfoData given;
	List	   *names = list_copy(snapshot->schema_names);
	char	   *others;
	ListCell   *lc;

	snapshot->fingerprint = pqe_fingerprint_of(snapshot->schema_names, &others);
	initStringInfo(&given);
	list_sort(names, compare_names);
	foreach(lc, names)
		describe_schema(&given, lfirst(lc));
	describe_extensions(&given);
	snapshot->environment = psprintf("%016llx %s",
									 (unsigned long long) hash_bytes_extended((unsigned char *) given.data, given.len, 0),
									 others);
}

/*
 * Under schemas ["*"] a schema may have come since.
 */
static void
widen_scope(PqeSnapshot *snapshot)
{
	ListCell   *lc;

	foreach(lc, pqe_all_schemas())
		if (!pqe_name_in_list(snapshot->schema_names, lfirst(lc)))
			snapshot->schema_names = lappend(snapshot->schema_names, lfirst(lc));
}

static Datum
column(HeapTuple tuple, TupleDesc desc, const char *name, bool *isnull)
{
	return heap_getattr(tuple, SPI_fnumber(desc, name), desc, isnull);
}

/*
 * Reads the row that is kept under the key, if there is one: but for the facts,
 * which only the server's own query fetches.  A query would take the planner
 * longer than all else that an unchanged start-up does.  As the policy of the
 * table wants it, a row is its maker's alone.
 */
static bool
find_row(PqeSnapshot *snapshot, char **environment, char **clean, char **untouched)
{
	Relation	rel = table_open(get_relname_relid("snapshot", get_namespace_oid("pqengine", false)), AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	int			key_column = SPI_fnumber(desc, "key");
	const char *user = GetUserNameFromId(GetUserId(), false);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		found = false;

	ScanKeyEntryInitialize(&key, 0, key_column, BTEqualStrategyNumber, InvalidOid,
						   TupleDescAttr(desc, key_column - 1)->attcollation, F_TEXTEQ,
						   CStringGetTextDatum(snapshot->key));
	list_free(RelationGetIndexList(rel));	/* finds the primary key */
	scan = systable_beginscan(rel, rel->rd_pkindex, true, GetActiveSnapshot(), 1, &key);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		bool		isnull;
		Datum		value;

		if (strcmp(NameStr(*DatumGetName(column(tuple, desc, "made_by", &isnull))), user) != 0)
			continue;
		snapshot->schema_names = pqe_text_list(column(tuple, desc, "schemas", &isnull));
		*environment = TextDatumGetCString(column(tuple, desc, "environment", &isnull));
		value = column(tuple, desc, "clean", &isnull);
		*clean = isnull ? NULL : TextDatumGetCString(value);
		value = column(tuple, desc, "untouched", &isnull);
		*untouched = isnull ? NULL : TextDatumGetCString(value);
		found = true;
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return found;
}

/*
 * Writes fingerprint and state into the row.
 */
static void
note(const PqeSnapshot *snapshot, const char *query)
{
	Oid			types[3] = {TEXTOID, TEXTOID, TEXTOID};
	Datum		values[3];
	char		nulls[4] = "  ";

	SPI_connect();
	values[0] = CStringGetTextDatum(snapshot->key);
	values[1] = CStringGetTextDatum(snapshot->fingerprint);
	values[2] = snapshot->untouched ? CStringGetTextDatum(snapshot->untouched) : (Datum) 0;
	nulls[2] = snapshot->untouched ? ' ' : 'n';
	if (SPI_execute_with_args(query, 3, types, values, nulls, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not write pqengine.snapshot");
	SPI_finish();
}

/*
 * May something be written that the caller does not need?  Not where more is to
 * come in the same transaction, which then would believe no snapshot any more.
 */
static bool
may_write_aside(void)
{
	return !XactReadOnly && !IsTransactionBlock() && !IsolationUsesXactSnapshot() && may(ACL_UPDATE);
}

/*
 * Looks for what is kept of the models of this digest; without OPTIONS_TEXT nothing is
 * believed or kept.  Never NULL.
 */
PqeSnapshot *
pqe_snapshot_find(const uint8 *digest, const char *options_text, const PqeOptions *options)
{
	PqeSnapshot *snapshot = palloc0(sizeof(PqeSnapshot));
	char	   *environment;
	char	   *clean;
	char	   *untouched;

	if (options_text == NULL || TransactionIdIsValid(GetTopTransactionIdIfAny()) || !may(ACL_SELECT))
		return snapshot;
	snapshot->key = make_key(digest, options_text);
	if (!find_row(snapshot, &environment, &clean, &untouched))
		return snapshot;
	snapshot->untouched = pqe_untouched_state();
	if (clean != NULL && untouched != NULL && snapshot->untouched != NULL &&
		strcmp(untouched, snapshot->untouched) == 0)
	{
		snapshot->found = snapshot->is_clean = true;
		return snapshot;
	}
	if (options->all_schemas)
		widen_scope(snapshot);
	look_around(snapshot);
	snapshot->found = strcmp(environment, snapshot->environment) == 0;
	snapshot->is_clean = snapshot->found && clean != NULL && strcmp(clean, snapshot->fingerprint) == 0;
	if (snapshot->is_clean && snapshot->untouched != NULL && may_write_aside())
		note(snapshot, untouched_query);
	return snapshot;
}

static void
send_text(StringInfo out, const char *text)
{
	if (text == NULL)
	{
		pq_sendint32(out, -1);
		return;
	}
	pq_sendint32(out, strlen(text));
	pq_sendbytes(out, text, strlen(text));
}

static char *
receive_text(StringInfo in)
{
	int			length = (int32) pq_getmsgint(in, 4);

	return length < 0 ? NULL : pnstrdup(pq_getmsgbytes(in, length), length);
}

static void
send_list(StringInfo out, List *facts)
{
	ListCell   *lc;

	pq_sendint32(out, list_length(facts));
	foreach(lc, facts)
		pq_sendint32(out, ((PqeFact *) lfirst(lc))->position);
}

/* All facts of a snapshot, by position. */
typedef struct Incoming
{
	PqeFact   **facts;
	int			count;
} Incoming;

static void
malformed(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("malformed row in pqengine.snapshot"),
			 errhint("Delete it: it is only a cache.")));
}

/*
 * A number of things that take at least SIZE bytes each.
 */
static int
receive_count(StringInfo in, int size)
{
	int			count = (int32) pq_getmsgint(in, 4);

	if (count < 0 || count > (in->len - in->cursor) / size)
		malformed();
	return count;
}

/*
 * The fact at a position; NULL for -1.
 */
static PqeFact *
receive_position(StringInfo in, const Incoming *all)
{
	int			position = (int32) pq_getmsgint(in, 4);

	if (position == -1)
		return NULL;
	if (position < 0 || position >= all->count)
		malformed();
	return all->facts[position];
}

static List *
receive_list(StringInfo in, const Incoming *all)
{
	int			count = receive_count(in, 4);
	List	   *list = NIL;

	for (int i = 0; i < count; i++)
	{
		PqeFact    *fact = receive_position(in, all);

		if (fact == NULL)
			malformed();
		list = lappend(list, fact);
	}
	return list;
}

static char *
receive_name(StringInfo in)
{
	char	   *name = receive_text(in);

	if (name == NULL)
		malformed();
	return name;
}

static void
send_fact(StringInfo out, const PqeFact *fact)
{
	const PqeColumns *columns = pqe_kind_columns(fact->kind);

	send_text(out, fact->kind->name);
	send_text(out, fact->identity);
	send_text(out, fact->schema);
	send_text(out, fact->name);
	send_text(out, fact->slot);
	pq_sendbyte(out, (fact->declared_owner ? 1 : 0) | (fact->declared_privileges ? 2 : 0));
	pq_sendint32(out, columns->count);
	for (int i = 0; i < columns->count; i++)
		send_text(out, fact->values[i]);
	pq_sendint32(out, fact->parent ? fact->parent->position : -1);
	pq_sendint32(out, fact->goes_with ? fact->goes_with->position : -1);
	send_list(out, fact->depends_on);
	send_list(out, fact->soft_depends_on);
}

/*
 * The reverse; ALL has every fact, so that later ones can be named.
 */
static void
receive_fact(StringInfo in, PqeFacts *facts, PqeFact *fact, const Incoming *all)
{
	int			flags;
	int			count;
	ListCell   *lc;

	fact->kind = pqe_kind_by_name(receive_name(in));
	fact->identity = receive_name(in);
	fact->schema = receive_text(in);
	fact->name = receive_name(in);
	fact->slot = receive_text(in);
	flags = pq_getmsgbyte(in);
	fact->declared_owner = (flags & 1) != 0;
	fact->declared_privileges = (flags & 2) != 0;
	count = receive_count(in, 4);
	if (fact->kind == NULL || count != pqe_kind_columns(fact->kind)->count)
		malformed();
	fact->values = palloc0(sizeof(char *) * (count + 1));
	for (int i = 0; i < count; i++)
		fact->values[i] = receive_text(in);
	fact->parent = receive_position(in, all);
	if (fact->parent == fact)
		malformed();
	if (fact->parent != NULL)
		fact->parent->children = lappend(fact->parent->children, fact);
	fact->goes_with = receive_position(in, all);
	fact->depends_on = receive_list(in, all);
	foreach(lc, fact->depends_on)
		((PqeFact *) lfirst(lc))->dependents = lappend(((PqeFact *) lfirst(lc))->dependents, fact);
	fact->soft_depends_on = receive_list(in, all);
	pqe_facts_add(facts, fact);
}

static void
send_rename(StringInfo out, const PqeRename *rename)
{
	send_text(out, rename->kind);
	send_text(out, rename->target);
	send_text(out, rename->part);
	send_text(out, rename->was);
	send_text(out, rename->search_path);
	send_text(out, rename->place);
}

static PqeRename *
receive_rename(StringInfo in)
{
	PqeRename  *rename = palloc(sizeof(PqeRename));

	rename->kind = receive_text(in);
	rename->target = receive_name(in);
	rename->part = receive_text(in);
	rename->was = receive_name(in);
	rename->search_path = receive_name(in);
	rename->place = receive_name(in);
	return rename;
}

static void
receive_facts(StringInfo in, PqeFacts *facts)
{
	MemoryContext old = MemoryContextSwitchTo(facts->context);
	Incoming	all;

	all.count = receive_count(in, 40);
	all.facts = palloc(sizeof(PqeFact *) * (all.count + 1));
	for (int i = 0; i < all.count; i++)
		all.facts[i] = palloc0(sizeof(PqeFact));
	for (int i = 0; i < all.count; i++)
		receive_fact(in, facts, all.facts[i], &all);
	for (int count = receive_count(in, 24); count > 0; count--)
		facts->renames = lappend(facts->renames, receive_rename(in));
	pq_getmsgend(in);
	MemoryContextSwitchTo(old);
}

/*
 * The facts that are kept; the kinds must have been read once in this session
 * (those of the actual side have).
 */
PqeFacts *
pqe_snapshot_facts(PqeSnapshot *snapshot, const PqeOptions *options)
{
	PqeFacts   *facts = pqe_facts_create(options, snapshot->schema_names);
	Oid			types[1] = {TEXTOID};
	Datum		values[1];
	StringInfoData in;
	Datum		kept;
	bool		isnull;

	SPI_connect();
	values[0] = CStringGetTextDatum(snapshot->key);
	if (SPI_execute_with_args(facts_query, 1, types, values, NULL, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not read pqengine.snapshot");
	kept = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	initStringInfo(&in);
	appendBinaryStringInfo(&in, VARDATA_ANY(PG_DETOAST_DATUM(kept)),
						   VARSIZE_ANY_EXHDR(PG_DETOAST_DATUM(kept)));
	receive_facts(&in, facts);
	SPI_finish();
	return facts;
}

/*
 * To be called before desired facts are realized that are to be kept:
 * remembers what surrounds them.
 */
void
pqe_snapshot_prepare(PqeSnapshot *snapshot, List *schema_names)
{
	if (snapshot->key == NULL)
		return;
	snapshot->schema_names = schema_names;
	look_around(snapshot);
}

/*
 * Keeps desired facts that have been realized just now, if the caller may, and
 * if what surrounds them is still what it was before.  They are compared with
 * what had FINGERPRINT: what others have changed since is not.
 */
void
pqe_snapshot_keep(PqeSnapshot *snapshot, PqeFacts *desired, char *fingerprint)
{
	const char *environment = snapshot->environment;
	Oid			types[4] = {TEXTOID, TEXTARRAYOID, TEXTOID, BYTEAOID};
	Datum		values[4];
	StringInfoData out;
	ListCell   *lc;
	int			position = 0;

	if (snapshot->key == NULL || !may(ACL_SELECT) || !may(ACL_INSERT) || !may(ACL_UPDATE) || !may(ACL_DELETE))
		return;
	look_around(snapshot);
	if (strcmp(environment, snapshot->environment) != 0)
	{
		snapshot->key = NULL;
		return;
	}
	snapshot->fingerprint = fingerprint;
	snapshot->untouched = NULL; /* the building has touched them */
	SPI_connect();
	foreach(lc, desired->list)
		((PqeFact *) lfirst(lc))->position = position++;
	initStringInfo(&out);
	appendStringInfoSpaces(&out, VARHDRSZ);
	pq_sendint32(&out, list_length(desired->list));
	foreach(lc, desired->list)
		send_fact(&out, lfirst(lc));
	pq_sendint32(&out, list_length(desired->renames));
	foreach(lc, desired->renames)
		send_rename(&out, lfirst(lc));
	SET_VARSIZE(out.data, out.len);
	values[0] = CStringGetTextDatum(snapshot->key);
	values[1] = pqe_text_array(desired->schema_names);
	values[2] = CStringGetTextDatum(snapshot->environment);
	values[3] = PointerGetDatum(out.data);
	if (SPI_execute(forget_query, false, 0) != SPI_OK_DELETE ||
		SPI_execute_with_args(keep_query, 4, types, values, NULL, false, 0) != SPI_OK_INSERT)
		elog(ERROR, "could not write pqengine.snapshot");
	SPI_finish();
}

/*
 * Remembers that the database does not differ, as of the fingerprint that was
 * taken before it was read.
 */
void
pqe_snapshot_note_clean(PqeSnapshot *snapshot)
{
	if (snapshot->key != NULL && snapshot->fingerprint != NULL && !XactReadOnly && may(ACL_UPDATE))
		note(snapshot, clean_query);
}
