/*-------------------------------------------------------------------------
 *
 * untouched.c
 *		Has nobody touched the catalogs at all?
 *
 * The fingerprint (fingerprint.c) looks at each row that counts, and so at
 * most pages of the catalogs: what that costs a new session is mostly the
 * first touch of so much memory.  This looks at their visibility maps instead.
 *
 * Whoever writes a row takes its page's bit out of the map.  Only VACUUM sets
 * it again, and that leaves the LSN of its record on the map's page, which
 * nothing else changes.  So a bit that stands, on a page of the map whose LSN
 * is what it was, has been there all the time, and no row of its page has come
 * or gone.  Of pages without a bit the rows are looked at one by one.
 *
 * The LSN is read after the bits: a bit that was set again while they were
 * read shows in it.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/visibilitymap.h"
#include "access/xlog.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "fingerprint.h"
#include "untouched.h"

/* A catalog of no more pages than this is read without looking at its map. */
#define SMALL 8

/* Nor are more than these read of all of them: it would be no gain. */
#define MOST_PAGES 256

typedef struct State
{
	Snapshot	snapshot;
	uint64		hash[2];
	int			pages;			/* that have been read */
} State;

static uint64
mix(uint64 x)
{
	x = (x ^ (x >> 32)) * UINT64CONST(0xd6e8feb86659fd93);
	x = (x ^ (x >> 32)) * UINT64CONST(0xd6e8feb86659fd93);
	return x ^ (x >> 32);
}

static void
add(State *state, uint64 value)
{
	state->hash[0] = mix(state->hash[0] ^ value) + value;
	state->hash[1] = mix(state->hash[1] + value) ^ (value << 1);
}

/*
 * The rows of a page that are there for everybody who begins now.
 */
static void
add_page(State *state, Relation rel, BlockNumber block)
{
	Buffer		buffer = ReadBuffer(rel, block);
	Page		page;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	page = BufferGetPage(buffer);
	for (OffsetNumber i = FirstOffsetNumber; i <= PageGetMaxOffsetNumber(page); i++)
	{
		ItemId		item = PageGetItemId(page, i);
		HeapTupleData tuple;

		if (!ItemIdIsNormal(item))
			continue;
		tuple.t_data = (HeapTupleHeader) PageGetItem(page, item);
		tuple.t_len = ItemIdGetLength(item);
		tuple.t_tableOid = RelationGetRelid(rel);
		ItemPointerSet(&tuple.t_self, block, i);
		if (!HeapTupleSatisfiesVisibility(&tuple, state->snapshot, buffer))
			continue;
		add(state, (uint64) block << 32 | i);
		add(state, (uint64) HeapTupleHeaderGetRawXmin(tuple.t_data) << 32 | tuple.t_len);
	}
	UnlockReleaseBuffer(buffer);
	state->pages++;
}

/*
 * Ends what has been read of a page of the map.
 */
static void
add_map(State *state, Buffer map)
{
	if (!BufferIsValid(map))
		return;
	LockBuffer(map, BUFFER_LOCK_SHARE);
	add(state, PageGetLSN(BufferGetPage(map)));
	LockBuffer(map, BUFFER_LOCK_UNLOCK);
}

/*
 * The pages of a catalog from FROM on whose bits are on one page of the map;
 * returns the one behind them.
 */
static BlockNumber
add_stretch(State *state, Relation rel, BlockNumber from, BlockNumber count)
{
	Buffer		map = InvalidBuffer;
	BlockNumber block = from;

	if (count > SMALL)
		(void) visibilitymap_get_status(rel, from, &map);
	while (block < count && state->pages <= MOST_PAGES &&
		   (!BufferIsValid(map) || visibilitymap_pin_ok(block, map)))
	{
		if (count > SMALL && (visibilitymap_get_status(rel, block, &map) & VISIBILITYMAP_ALL_VISIBLE) != 0)
			add(state, (uint64) block << 32 | PG_UINT32_MAX);
		else
			add_page(state, rel, block);
		block++;
	}
	add_map(state, map);
	if (BufferIsValid(map))
		ReleaseBuffer(map);
	return block;
}

static void
add_catalog(State *state, Oid catalog)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	BlockNumber count = RelationGetNumberOfBlocks(rel);
	BlockNumber block = 0;

	add(state, (uint64) catalog << 32 | PQE_RELFILENUMBER(rel));
	add(state, count);
	while (block < count && state->pages <= MOST_PAGES)
		block = add_stretch(state, rel, block, count);
	table_close(rel, AccessShareLock);
}

/*
 * For tests: no SQL function of the extension's.
 */
PG_FUNCTION_INFO_V1(pqe_untouched);

Datum
pqe_untouched(PG_FUNCTION_ARGS)
{
	char	   *state = pqe_untouched_state();

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(state));
}

char *
pqe_untouched_state(void)
{
	State		state = {NULL, {GetSystemIdentifier(), MyDatabaseId}, 0};
	Oid			catalog;

	state.snapshot = RegisterSnapshot(GetLatestSnapshot());
	for (int i = 0; OidIsValid(catalog = pqe_fingerprint_catalog(i)); i++)
	{
		CHECK_FOR_INTERRUPTS();
		add_catalog(&state, catalog);
	}
	UnregisterSnapshot(state.snapshot);
	if (state.pages > MOST_PAGES)
		return NULL;
	return psprintf("%016llx%016llx", (unsigned long long) state.hash[0], (unsigned long long) state.hash[1]);
}
