/*-------------------------------------------------------------------------
 *
 * address_map.h
 *		What is known of objects, by their addresses.
 *
 * While facts are read and linked, most of what is done is to find something
 * by its address.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_ADDRESS_MAP_H
#define PQE_ADDRESS_MAP_H

#include "postgres.h"

#include "arena.h"
#include "catalog/objectaddress.h"
#include "common/hashfn.h"

typedef struct AddressEntry
{
	ObjectAddress address;
	ObjectAddress owner;		/* what it is part of, as far as pg_depend tells */
	char		owner_type;		/* the row's type; 0 for none */
	char		status;			/* the map's own */
	struct PqeFact *fact;		/* the fact that it is, or NULL */
} AddressEntry;

static inline uint32
address_hash(ObjectAddress address)
{
	return murmurhash32(address.objectId ^ murmurhash32(address.classId + (uint32) address.objectSubId * 0x9e3779b9));
}

static inline bool
address_equal(ObjectAddress a, ObjectAddress b)
{
	return a.objectId == b.objectId && a.classId == b.classId && a.objectSubId == b.objectSubId;
}

#define SH_PREFIX address_map
#define SH_ELEMENT_TYPE AddressEntry
#define SH_KEY_TYPE ObjectAddress
#define SH_KEY address
#define SH_HASH_KEY(table, key) address_hash(key)
#define SH_EQUAL(table, a, b) address_equal(a, b)
#define SH_SCOPE static inline
#define SH_USE_NONDEFAULT_ALLOCATOR
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* The map's private data is the arena that it lives in. */
static inline void *
address_map_allocate(address_map_hash *map, Size size)
{
	return pqe_arena_alloc_zero(map->private_data, size);
}

static inline void
address_map_free(address_map_hash *map, void *pointer)
{
	/* goes with the arena */
}

/*
 * What is known of an object, to be added to; good until the next one is
 * entered.
 */
static inline AddressEntry *
address_map_enter(address_map_hash *map, const ObjectAddress *address)
{
	bool		found;
	AddressEntry *entry = address_map_insert(map, *address, &found);

	if (!found)
	{
		entry->fact = NULL;
		entry->owner_type = 0;
	}
	return entry;
}

#endif							/* PQE_ADDRESS_MAP_H */
