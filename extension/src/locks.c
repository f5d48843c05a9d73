/*-------------------------------------------------------------------------
 *
 * locks.c
 *		Keeps what is built from filling the server's lock table.
 *
 * A transaction holds its locks to the end, and a table with its parts is some
 * seven of them: a thousand tables are as many as a server with stock settings
 * has room for.  But nobody else can see what a transaction has made before it
 * commits, so locks on such objects keep nobody out, and are given back as
 * soon as the statements that took them are done.  Locks on all else are kept.
 *
 * The server tells what is made through its object access hook; locks held are
 * those that pg_locks would show.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/twophase.h"
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "miscadmin.h"
#include "storage/lock.h"
#include "storage/proc.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/resowner.h"
#include "utils/syscache.h"

#include "locks.h"

PG_FUNCTION_INFO_V1(pqengine_migration_spare_locks);

/* A statement that makes no relation may still lock a few. */
#define LOCKS_PER_STATEMENT 4

/* Locks are given back when they may have come to this part of the table. */
#define SHARE_OF_TABLE 16

/* What building needs in any case. */
#define LEAST_ROOM 100

typedef struct MadeObject
{
	Oid			classid;
	Oid			objid;
} MadeObject;

/* What this transaction has made while it was watched; NULL: not watched. */
static HTAB *made = NULL;

/* Locks that may have been taken since any were given back. */
static int	taken = 0;

static object_access_hook_type next_hook = NULL;

static void
note_object(ObjectAccessType access, Oid classid, Oid objid, int subid, void *argument)
{
	if (next_hook != NULL)
		next_hook(access, classid, objid, subid, argument);
	if (made != NULL && access == OAT_POST_CREATE && subid == 0)
	{
		MadeObject	key = {classid, objid};

		/* CREATE OR REPLACE of a routine says this as well: then there is one that can be seen */
		if (classid == ProcedureRelationId && SearchSysCacheExists1(PROCOID, ObjectIdGetDatum(objid)))
			return;
		(void) hash_search(made, &key, HASH_ENTER, NULL);
		if (classid == RelationRelationId)
			taken++;
	}
}

void
pqe_locks_init(void)
{
	next_hook = object_access_hook;
	object_access_hook = note_object;
}

static HTAB *
create_made(MemoryContext context)
{
	HASHCTL		control;

	memset(&control, 0, sizeof(control));
	control.keysize = sizeof(MadeObject);
	control.entrysize = sizeof(MadeObject);
	control.hcxt = context;
	return hash_create("pqengine made objects", 1024, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Runs BODY, noting what is made by it.
 */
void
pqe_locks_watch(void (*body) (void *), void *argument)
{
	HTAB	   *outer = made;

	made = create_made(CurrentMemoryContext);
	taken = 0;
	PG_TRY();
	{
		body(argument);
	}
	PG_FINALLY();
	{
		hash_destroy(made);
		made = outer;
	}
	PG_END_TRY();
}

/*
 * How many locks the server has room for.
 */
static int64
capacity(void)
{
	return (int64) max_locks_per_xact * (MaxBackends + max_prepared_xacts);
}

void
pqe_locks_note_statement(void)
{
	taken += LOCKS_PER_STATEMENT;
}

bool
pqe_locks_are_due(void)
{
	return taken >= capacity() / SHARE_OF_TABLE;
}

/*
 * Is the lock on something that was made here, and is nobody else's concern?
 */
static bool
is_on_made_object(const LOCKTAG *tag)
{
	MadeObject	key;

	switch ((LockTagType) tag->locktag_type)
	{
		case LOCKTAG_RELATION:
			key.classid = RelationRelationId;
			key.objid = tag->locktag_field2;
			break;
		case LOCKTAG_OBJECT:
			key.classid = tag->locktag_field2;
			key.objid = tag->locktag_field3;
			break;
		default:
			return false;
	}
	return tag->locktag_field1 == MyDatabaseId && hash_search(made, &key, HASH_FIND, NULL) != NULL;
}

/*
 * Gives back a lock, however often it was taken.
 */
static void
give_back(const LOCKTAG *tag, LOCKMODE mode)
{
	ResourceOwner owner = CurrentResourceOwner;

	/* that for the use of a sequence's value belongs to the whole transaction */
	if (tag->locktag_type == LOCKTAG_RELATION && mode == RowExclusiveLock)
	{
		char		relkind = get_rel_relkind(tag->locktag_field2);

		if (relkind == '\0')
			return;				/* gone, and so whose it was cannot be told */
		if (relkind == RELKIND_SEQUENCE)
			CurrentResourceOwner = TopTransactionResourceOwner;
	}
	while (pqe_lock_held_by_me(tag, mode))
		if (!LockRelease(tag, mode, false))
			break;
	CurrentResourceOwner = owner;
}

/*
 * Gives back the locks on what was made here; to be called between
 * statements.
 */
void
pqe_locks_give_back(void)
{
	LockData   *locks;

	taken = 0;
	if (made == NULL)
		return;
	locks = GetLockStatusData();
	for (int i = 0; i < locks->nelements; i++)
	{
		const LockInstanceData *lock = &locks->locks[i];

		if (lock->pid != MyProcPid || lock->holdMask == 0 || !is_on_made_object(&lock->locktag))
			continue;
		for (LOCKMODE mode = 1; mode <= MaxLockMode; mode++)
			if ((lock->holdMask & LOCKBIT_ON(mode)) != 0)
				give_back(&lock->locktag, mode);
	}
	pfree(locks->locks);
	pfree(locks);
}

static void
forget_transaction(XactEvent event, void *argument)
{
	if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PARALLEL_PRE_COMMIT && event != XACT_EVENT_PRE_PREPARE)
		made = NULL;			/* its memory goes with the transaction */
}

/*
 * For statements that a client runs in a transaction of its own: notes what is
 * made from the first call to the transaction's end, and in later ones gives
 * back what there may be too much of.
 */
Datum
pqengine_migration_spare_locks(PG_FUNCTION_ARGS)
{
	static bool registered = false;
	ResourceOwner owner = CurrentResourceOwner;

	if (!registered)
		RegisterXactCallback(forget_transaction, NULL);
	registered = true;
	if (made == NULL)
	{
		made = create_made(TopTransactionContext);
		taken = 0;
	}
	pqe_locks_note_statement();
	/* within a savepoint, locks have several owners */
	if (!pqe_locks_are_due() || GetCurrentTransactionNestLevel() > 1)
		PG_RETURN_VOID();
	CurrentResourceOwner = TopTransactionResourceOwner;
	pqe_locks_give_back();
	CurrentResourceOwner = owner;
	PG_RETURN_VOID();
}

/*
 * Locks in the shared table, and how many of them are this session's.
 */
static int
count_locks(int *own)
{
	LockData   *locks = GetLockStatusData();
	int			count = 0;

	*own = 0;
	for (int i = 0; i < locks->nelements; i++)
	{
		if (locks->locks[i].fastpath)
			continue;
		count++;
		if (locks->locks[i].pid == MyProcPid)
			(*own)++;
	}
	pfree(locks->locks);
	pfree(locks);
	return count;
}

static int
setting_for(int64 needed)
{
	return (int) Min(needed / (MaxBackends + max_prepared_xacts) + 1, INT_MAX);
}

/*
 * Refuses what needs more locks at a time than there is room for, rather than
 * let it run into the end of the lock table.  WHAT is what needs them.
 */
void
pqe_locks_require(int64 needed, const char *what)
{
	int			own;
	int			in_use = count_locks(&own);

	needed += LEAST_ROOM;
	if (in_use + needed <= capacity())
		return;
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("%s needs " INT64_FORMAT " locks, more than the server has room for", what, needed),
			 errdetail("There is room for " INT64_FORMAT " locks of all sessions, and %d are in use (max_locks_per_transaction = %d, for %d sessions).",
					   capacity(), in_use, max_locks_per_xact, MaxBackends + max_prepared_xacts),
			 errhint("Set max_locks_per_transaction to %d or more, and restart the server.",
					 setting_for(in_use + needed))));
}

/*
 * Adds numbers to the server's own words where the lock table is full all the
 * same: a single statement can take any number of locks.  To be called while
 * these are still held.
 */
void
pqe_locks_explain(ErrorData *error)
{
	int			own;
	int			in_use;

	if (error->sqlerrcode != ERRCODE_OUT_OF_MEMORY || error->message_id == NULL ||
		strcmp(error->message_id, "out of shared memory") != 0)
		return;
	in_use = count_locks(&own);
	error->message = psprintf("out of shared memory: the server has room for " INT64_FORMAT " locks, and this statement needs more than the %d that are left for it",
							  capacity(), own);
	error->detail = psprintf("%d locks are in use, %d of them by this session (max_locks_per_transaction = %d, for %d sessions).",
							 in_use, own, max_locks_per_xact, MaxBackends + max_prepared_xacts);
	error->hint = psprintf("Set max_locks_per_transaction to %d or more, and restart the server.",
						   setting_for(2 * Max(capacity(), in_use)));
}

/*
 * The text that PRINT makes of its argument by way of the server's functions.
 * Such functions lock every relation that an object names, to the end of the
 * transaction: here, to the end of the call.
 */
char *
pqe_deparse(char *(*print) (const void *argument), const void *argument)
{
	ResourceOwner outer = CurrentResourceOwner;
	ResourceOwner owner = ResourceOwnerCreate(outer, "pqengine deparse");
	char	   *printed;

	CurrentResourceOwner = owner;
	printed = print(argument);
	CurrentResourceOwner = outer;
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_BEFORE_LOCKS, true, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_LOCKS, false, false);
	ResourceOwnerRelease(owner, RESOURCE_RELEASE_AFTER_LOCKS, true, false);
	ResourceOwnerDelete(owner);
	return printed;
}
