/*-------------------------------------------------------------------------
 *
 * identity_map.h
 *		Facts by their kinds and identities.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_IDENTITY_MAP_H
#define PQE_IDENTITY_MAP_H

#include "postgres.h"

#include "arena.h"
#include "common/hashfn.h"

typedef struct IdentityKey
{
	const struct PqeKind *kind;
	const char *identity;
} IdentityKey;

typedef struct IdentityEntry
{
	IdentityKey key;
	struct PqeFact *fact;
	uint32		hash;			/* the map's own, as is the status */
	char		status;
} IdentityEntry;

static inline uint32
identity_hash(IdentityKey key)
{
	return hash_combine(murmurhash32((uint32) (uintptr_t) key.kind),
						hash_bytes((const unsigned char *) key.identity, strlen(key.identity)));
}

static inline bool
identity_equal(IdentityKey a, IdentityKey b)
{
	return a.kind == b.kind && strcmp(a.identity, b.identity) == 0;
}

#define SH_PREFIX identity_map
#define SH_ELEMENT_TYPE IdentityEntry
#define SH_KEY_TYPE IdentityKey
#define SH_KEY key
#define SH_HASH_KEY(table, key) identity_hash(key)
#define SH_EQUAL(table, a, b) identity_equal(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(table, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_USE_NONDEFAULT_ALLOCATOR
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The map's private data is the arena that it lives in. */
static inline void *
identity_map_allocate(identity_map_hash *map, Size size)
{
	return pqe_arena_alloc_zero(map->private_data, size);
}

static inline void
identity_map_free(identity_map_hash *map, void *pointer)
{
	/* goes with the arena */
}

#endif							/* PQE_IDENTITY_MAP_H */
