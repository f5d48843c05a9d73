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
 *
 * A transaction that has written something itself neither believes nor keeps
 * a snapshot: its own changes may not show in a fingerprint.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "arrays.h"
#include "fingerprint.h"
#include "kind.h"
#include "realize.h"
#include "snapshot.h"

/* To be changed with the form of the facts: it is part of the key. */
#define FORMAT 2

static const char find_query[] =
"SELECT schemas, environment, clean FROM pqengine.snapshot WHERE key = $1 AND made_by = current_user";

static const char facts_query[] =
"SELECT facts FROM pqengine.snapshot WHERE key = $1 AND made_by = current_user";

static const char keep_query[] =
"INSERT INTO pqengine.snapshot (key, schemas, environment, facts) VALUES ($1, $2, $3, $4)"
" ON CONFLICT (key, made_by) DO UPDATE SET schemas = excluded.schemas, environment = excluded.environment,"
"  facts = excluded.facts, clean = NULL, made_at = now()";

static const char forget_query[] =
"DELETE FROM pqengine.snapshot WHERE made_at < now() - interval '30 days' AND made_by = current_user";

static const char clean_query[] =
"UPDATE pqengine.snapshot SET clean = $2 WHERE key = $1 AND made_by = current_user";

/* What a given schema hands down to its double, and the extensions there are. */
static const char environment_query[] =
"SELECT md5(concat_ws(';',"
"  (SELECT string_agg(concat_ws('|', n.nspname, pg_get_userbyid(n.nspowner), n.nspacl, obj_description(n.oid, 'pg_namespace')), ',' ORDER BY n.nspname)"
"     FROM pg_namespace n WHERE n.nspname = ANY ($1)),"
"  (SELECT string_agg(concat_ws('|', e.extname, e.extversion, n.nspname), ',' ORDER BY e.extname)"
"     FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace)))";

static const char hash_query[] = "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')";

/*
 * The first column of a query's only row, in the given context; NULL where it
 * is null or there is no row.
 */
static char *
query_text(MemoryContext context, const char *query, Oid type, Datum argument)
{
	Oid			types[1] = {type};
	Datum		values[1] = {argument};
	char	   *value = NULL;

	if (SPI_execute_with_args(query, 1, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", query);
	if (SPI_processed == 1)
		value = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	return value ? MemoryContextStrdup(context, value) : NULL;
}

static bool
may(AclMode mode)
{
	Oid			schema = get_namespace_oid("pqengine", true);
	Oid			table = OidIsValid(schema) ? get_relname_relid("snapshot", schema) : InvalidOid;

	return OidIsValid(table) && pg_class_aclcheck(table, GetUserId(), mode) == ACLCHECK_OK;
}

/*
 * All that desired facts depend on, other than the database itself.
 */
static char *
make_key(MemoryContext context, const char *models, const char *options_text)
{
	char	   *what = psprintf("%d\n%s\n%s\n%s\n%s\n%s", FORMAT, PACKAGE_VERSION, PQENGINE_VERSION,
								GetUserNameFromId(GetUserId(), false), options_text, models);

	return query_text(context, hash_query, TEXTOID, CStringGetTextDatum(what));
}

static List *
text_list(MemoryContext context, Datum array)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	List	   *list = pqe_text_list(array);

	MemoryContextSwitchTo(old);
	return list;
}

/*
 * Sets environment and fingerprint to what they are now.
 */
static void
look_around(PqeSnapshot *snapshot, MemoryContext context)
{
	char	   *others;
	char	   *given;
	MemoryContext old = MemoryContextSwitchTo(context);

	snapshot->fingerprint = pqe_fingerprint_of(snapshot->schema_names, &others);
	given = query_text(context, environment_query, TEXTARRAYOID, pqe_text_array(snapshot->schema_names));
	snapshot->environment = psprintf("%s %s", given, others);
	MemoryContextSwitchTo(old);
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

/*
 * Looks for what is kept of the models; without OPTIONS_TEXT nothing is
 * believed or kept.  Never NULL.
 */
PqeSnapshot *
pqe_snapshot_find(const char *models, const char *options_text, const PqeOptions *options)
{
	MemoryContext context = CurrentMemoryContext;
	PqeSnapshot *snapshot = palloc0(sizeof(PqeSnapshot));
	char	   *environment = NULL;
	char	   *clean = NULL;

	if (options_text == NULL || TransactionIdIsValid(GetTopTransactionIdIfAny()) || !may(ACL_SELECT))
		return snapshot;
	SPI_connect();
	snapshot->key = make_key(context, models, options_text);
	{
		Oid			types[1] = {TEXTOID};
		Datum		values[1] = {CStringGetTextDatum(snapshot->key)};

		if (SPI_execute_with_args(find_query, 1, types, values, NULL, true, 1) != SPI_OK_SELECT)
			elog(ERROR, "could not read pqengine.snapshot");
		if (SPI_processed == 1)
		{
			HeapTuple	tuple = SPI_tuptable->vals[0];
			TupleDesc	desc = SPI_tuptable->tupdesc;
			bool		isnull;

			snapshot->schema_names = text_list(context, SPI_getbinval(tuple, desc, 1, &isnull));
			environment = SPI_getvalue(tuple, desc, 2);
			clean = SPI_getvalue(tuple, desc, 3);
			snapshot->found = true;
		}
	}
	if (snapshot->found)
	{
		if (options->all_schemas)
		{
			MemoryContext old = MemoryContextSwitchTo(context);

			widen_scope(snapshot);
			MemoryContextSwitchTo(old);
		}
		look_around(snapshot, context);
		snapshot->found = strcmp(environment, snapshot->environment) == 0;
		snapshot->is_clean = snapshot->found && clean != NULL && strcmp(clean, snapshot->fingerprint) == 0;
	}
	SPI_finish();
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
 * Keeps desired facts that have been realized just now, if the caller may.
 */
void
pqe_snapshot_keep(PqeSnapshot *snapshot, PqeFacts *desired)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[4] = {TEXTOID, TEXTARRAYOID, TEXTOID, BYTEAOID};
	Datum		values[4];
	StringInfoData out;
	ListCell   *lc;
	int			position = 0;

	if (snapshot->key == NULL || !may(ACL_SELECT) || !may(ACL_INSERT) || !may(ACL_UPDATE) || !may(ACL_DELETE))
		return;
	snapshot->schema_names = desired->schema_names;
	SPI_connect();
	look_around(snapshot, context);
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
	Oid			types[2] = {TEXTOID, TEXTOID};
	Datum		values[2];

	if (snapshot->key == NULL || snapshot->fingerprint == NULL || XactReadOnly || !may(ACL_UPDATE))
		return;
	SPI_connect();
	values[0] = CStringGetTextDatum(snapshot->key);
	values[1] = CStringGetTextDatum(snapshot->fingerprint);
	if (SPI_execute_with_args(clean_query, 2, types, values, NULL, false, 0) != SPI_OK_UPDATE)
		elog(ERROR, "could not write pqengine.snapshot");
	SPI_finish();
}
