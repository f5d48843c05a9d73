/*
 * statement_cache.c - which statements a session has prepared
 */
#include "statement_cache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Longer statements are seldom the same twice. */
#define LONGEST_SQL 16384

/* The most statements that wait to be dropped; while they do, nothing new is prepared. */
#define MOST_DROPPED 32

/*
 * A statement has its place in one of a short run of slots; when all are taken the least recently
 * used of the run makes room.  That is near enough to the least recently used of all, and costs no
 * list.
 */
#define RUN 8

/* How many statements are remembered to have come once. */
#define SEEN 256

typedef struct entry {
    char *sql; /* NULL: free */
    Oid *types;
    int count;
    uint64_t hash;
    uint64_t number; /* of the prepared statement */
    uint64_t used;   /* when last, by the cache's clock */
} entry;

struct pqe_statement_cache {
    /*
     * Part of every name.  Behind a connection pooler several clients share a server session, and a
     * name that two of them use would execute the other's statement.
     */
    char prefix[sizeof("pqe_0123456789abcdef_")];
    uint64_t clock;
    uint64_t numbers;    /* given out so far; none is used twice */
    uint64_t seen[SEEN]; /* hashes of statements that came once, each in the one slot it can have */
    uint64_t dropped[MOST_DROPPED];
    size_t dropped_count;
    size_t slots; /* a power of two, RUN at least */
    entry entries[];
};

pqe_statement_cache *pqe_statement_cache_new(size_t size)
{
    pqe_statement_cache *cache;
    size_t slots = RUN;
    uint64_t owner;

    while (slots < size) {
        slots *= 2;
    }
    cache = calloc(1, sizeof(*cache) + slots * sizeof(entry));
    if (cache == NULL) {
        return NULL;
    }
    cache->slots = slots;
    if (getrandom(&owner, sizeof(owner), 0) != (ssize_t)sizeof(owner)) {
        free(cache);
        return NULL;
    }
    snprintf(cache->prefix, sizeof(cache->prefix), "pqe_%016" PRIx64 "_", owner);
    return cache;
}

static void clear_entry(entry *at)
{
    free(at->sql);
    free(at->types);
    memset(at, 0, sizeof(*at));
}

void pqe_statement_cache_clear(pqe_statement_cache *cache)
{
    for (size_t i = 0; i < cache->slots; i++) {
        clear_entry(&cache->entries[i]);
    }
    cache->dropped_count = 0;
}

void pqe_statement_cache_free(pqe_statement_cache *cache)
{
    if (cache != NULL) {
        pqe_statement_cache_clear(cache);
        free(cache);
    }
}

/* Over the text and the types; never 0, which stands for none. */
static uint64_t hash_of(const pqe_statement *statement, const pqe_encoded *params)
{
    uint64_t hash = statement->hash;

    for (int i = 0; i < params->count; i++) {
        hash = (hash ^ params->types[i]) * UINT64_C(0x9E3779B97F4A7C15);
        hash ^= hash >> 32;
    }
    return hash != 0 ? hash : 1;
}

static bool same(const entry *at, uint64_t hash, const char *sql, const pqe_encoded *params)
{
    return at->sql != NULL && at->hash == hash && at->count == params->count &&
           strcmp(at->sql, sql) == 0 &&
           (params->count == 0 ||
            memcmp(at->types, params->types, (size_t)params->count * sizeof(Oid)) == 0);
}

/* The statement's entry, or NULL, and then *victim is the entry that would make room for it. */
static entry *find(pqe_statement_cache *cache, uint64_t hash, const char *sql,
                   const pqe_encoded *params, entry **victim)
{
    *victim = NULL;
    for (size_t i = 0; i < RUN; i++) {
        entry *at = &cache->entries[(hash + i) & (cache->slots - 1)];

        if (same(at, hash, sql, params)) {
            return at;
        }
        if (*victim == NULL || at->used < (*victim)->used) {
            *victim = at;
        }
    }
    return NULL;
}

/* The owner's prefix and the number; by hand, since every call of a prepared statement needs it. */
static void name_statement(const pqe_statement_cache *cache, char name[PQE_STATEMENT_NAME],
                           uint64_t number)
{
    char digits[20];
    size_t length = 0;
    char *at = name + sizeof(cache->prefix) - 1;

    memcpy(name, cache->prefix, sizeof(cache->prefix));
    do {
        digits[length++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (length > 0) {
        *at++ = digits[--length];
    }
    *at = '\0';
}

/* Empties an entry whose statement is to be dropped on the server.  False: not before others are.
 */
static bool drop_entry(pqe_statement_cache *cache, entry *at)
{
    if (at->number != 0) {
        if (cache->dropped_count == MOST_DROPPED) {
            return false;
        }
        cache->dropped[cache->dropped_count++] = at->number;
    }
    clear_entry(at);
    return true;
}

/* Leaves the entry empty where memory runs out. */
static bool fill_entry(entry *at, uint64_t hash, const char *sql, const pqe_encoded *params)
{
    size_t size = (size_t)params->count * sizeof(Oid);

    at->sql = strdup(sql);
    at->types = malloc(size > 0 ? size : 1);
    if (at->sql == NULL || at->types == NULL) {
        clear_entry(at);
        return false;
    }
    if (size > 0) {
        memcpy(at->types, params->types, size);
    }
    at->count = params->count;
    at->hash = hash;
    return true;
}

pqe_cache_action pqe_statement_cache_decide(pqe_statement_cache *cache,
                                            const pqe_statement *statement,
                                            const pqe_encoded *params,
                                            char name[PQE_STATEMENT_NAME])
{
    const char *sql = statement->sql;
    uint64_t hash;
    uint64_t *seen;
    entry *victim;
    entry *at;

    name[0] = '\0';
    if (statement->length > LONGEST_SQL) {
        return PQE_CACHE_PLAIN;
    }
    hash = hash_of(statement, params);
    at = find(cache, hash, sql, params, &victim);
    if (at != NULL) {
        at->used = ++cache->clock;
        name_statement(cache, name, at->number);
        return PQE_CACHE_EXECUTE;
    }
    seen = &cache->seen[(hash >> 32) % SEEN];
    if (*seen != hash) {
        *seen = hash;
        return PQE_CACHE_PLAIN;
    }
    if (!drop_entry(cache, victim) || !fill_entry(victim, hash, sql, params)) {
        return PQE_CACHE_PLAIN;
    }
    victim->used = ++cache->clock;
    victim->number = ++cache->numbers;
    name_statement(cache, name, victim->number);
    return PQE_CACHE_PREPARE;
}

void pqe_statement_cache_forget(pqe_statement_cache *cache, const char *name, bool on_server)
{
    for (size_t i = 0; i < cache->slots; i++) {
        char own[PQE_STATEMENT_NAME];

        name_statement(cache, own, cache->entries[i].number);
        if (cache->entries[i].sql != NULL && strcmp(own, name) == 0) {
            if (!on_server || !drop_entry(cache, &cache->entries[i])) {
                clear_entry(&cache->entries[i]);
            }
        }
    }
}

bool pqe_statement_cache_next_dropped(pqe_statement_cache *cache, char name[PQE_STATEMENT_NAME])
{
    if (cache->dropped_count == 0) {
        return false;
    }
    name_statement(cache, name, cache->dropped[--cache->dropped_count]);
    return true;
}
