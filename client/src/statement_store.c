/*
 * statement_store.c - statements that were read once, shared by all calls of an engine
 *
 * A statement has its place in one of a few buckets, each with a lock of its own that is held for
 * some comparisons only.  In a full bucket the statement that was not used for longest makes room.
 * A thread that uses one statement again and again finds it, with a reference, where it left it.
 */
#include "statement_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "thread.h"

#define BUCKETS 64
#define PLACES 8

/* Longer texts are seldom the same twice. */
#define LONGEST_TEXT 16384

typedef struct bucket {
    pthread_mutex_t lock;
    uint64_t clock;
    uint64_t used[PLACES]; /* when last, by the clock */
    pqe_shared_statement *places[PLACES];
} bucket;

/* What a thread, by its seat, used last; NULL while it uses it. */
typedef struct left {
    _Alignas(64) _Atomic(pqe_shared_statement *) shared;
} left;

struct pqe_statement_store {
    left lefts[PQE_SEATS];
    pqe_counters *counters;
    bucket buckets[BUCKETS];
};

pqe_statement_store *pqe_statement_store_new(pqe_counters *counters)
{
    pqe_statement_store *store = aligned_alloc(_Alignof(pqe_statement_store), sizeof(*store));

    if (store != NULL) {
        memset(store, 0, sizeof(*store));
        store->counters = counters;
        for (size_t i = 0; i < BUCKETS; i++) {
            pthread_mutex_init(&store->buckets[i].lock, NULL);
        }
    }
    return store;
}

void pqe_statement_store_free(pqe_statement_store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        for (size_t place = 0; place < PLACES; place++) {
            pqe_shared_release(store->buckets[i].places[place]);
        }
        pthread_mutex_destroy(&store->buckets[i].lock);
    }
    for (size_t i = 0; i < PQE_SEATS; i++) {
        pqe_shared_release(atomic_load(&store->lefts[i].shared));
    }
    free(store);
}

void pqe_shared_keep(pqe_shared_statement *shared)
{
    atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
}

void pqe_shared_release(pqe_shared_statement *shared)
{
    if (shared != NULL &&
        atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel) == 1) {
        pqe_statement_free(&shared->statement);
        free(shared->tallies);
        free(shared);
    }
}

static pqe_status read_statement(pqe_counters *counters, const char *sql, bool as_is, size_t length,
                                 uint64_t hash, pqe_shared_statement **shared, pqe_error *error)
{
    pqe_shared_statement *made = malloc(sizeof(*made) + length + 1);
    pqe_status status;

    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    atomic_init(&made->references, 1);
    made->tallies = NULL;
    made->text_length = length;
    made->text_hash = hash;
    memcpy(made->text, sql, length + 1);
    made->as_is = as_is;
    status = as_is ? pqe_statement_read_as_is(&made->statement, made->text, error)
                   : pqe_statement_read(&made->statement, made->text, error);
    if (status != PQE_OK) {
        free(made);
        return status;
    }
    made->tallies = pqe_counters_tables(counters, made->statement.kind, &made->statement.tables);
    *shared = made;
    return PQE_OK;
}

/* The statement's place, or NULL and the one that is to make room for it.  Call with the lock. */
static pqe_shared_statement *find(bucket *in, const char *sql, bool as_is, size_t length,
                                  uint64_t hash, size_t *place)
{
    *place = 0;
    for (size_t i = 0; i < PLACES; i++) {
        pqe_shared_statement *at = in->places[i];

        if (at != NULL && at->text_hash == hash && at->text_length == length &&
            at->as_is == as_is && memcmp(at->text, sql, length) == 0) {
            *place = i;
            return at;
        }
        if (in->used[i] < in->used[*place]) {
            *place = i;
        }
    }
    return NULL;
}

/* The statement that this thread used last, if it is the same; its reference goes over. */
static pqe_shared_statement *take_left(pqe_statement_store *store, const char *sql, bool as_is)
{
    _Atomic(pqe_shared_statement *) *at = &store->lefts[pqe_thread_seat()].shared;
    pqe_shared_statement *found = NULL;

    if (atomic_load_explicit(at, memory_order_relaxed) != NULL) {
        found = atomic_exchange_explicit(at, NULL, memory_order_acquire);
    }
    if (found != NULL && (found->as_is != as_is || strcmp(found->text, sql) != 0)) {
        pqe_shared_release(found);
        found = NULL;
    }
    return found;
}

void pqe_statement_put(pqe_statement_store *store, pqe_shared_statement *shared)
{
    pqe_shared_statement *before = atomic_exchange_explicit(&store->lefts[pqe_thread_seat()].shared,
                                                            shared, memory_order_acq_rel);

    pqe_shared_release(before);
}

static pqe_status get(pqe_statement_store *store, const char *sql, bool as_is,
                      pqe_shared_statement **shared, pqe_error *error)
{
    size_t length = strlen(sql);
    uint64_t hash = length <= LONGEST_TEXT ? pqe_hash(sql, length) : 0;
    bucket *in = &store->buckets[hash % BUCKETS];
    pqe_shared_statement *displaced = NULL;
    pqe_status status;
    size_t place;

    if (length > LONGEST_TEXT) {
        return read_statement(store->counters, sql, as_is, length, hash, shared, error);
    }
    pthread_mutex_lock(&in->lock);
    *shared = find(in, sql, as_is, length, hash, &place);
    if (*shared != NULL) {
        in->used[place] = ++in->clock;
        pqe_shared_keep(*shared);
        pthread_mutex_unlock(&in->lock);
        return PQE_OK;
    }
    pthread_mutex_unlock(&in->lock);
    status = read_statement(store->counters, sql, as_is, length, hash, shared, error);
    if (status != PQE_OK) {
        return status;
    }
    pthread_mutex_lock(&in->lock);
    /* another thread may have read it meanwhile */
    if (find(in, sql, as_is, length, hash, &place) == NULL) {
        displaced = in->places[place];
        in->places[place] = *shared;
        in->used[place] = ++in->clock;
        pqe_shared_keep(*shared);
    }
    pthread_mutex_unlock(&in->lock);
    pqe_shared_release(displaced);
    return PQE_OK;
}

pqe_status pqe_statement_get(pqe_statement_store *store, const char *sql, bool as_is,
                             pqe_shared_statement **shared, pqe_error *error)
{
    *shared = take_left(store, sql, as_is);
    return *shared != NULL ? PQE_OK : get(store, sql, as_is, shared, error);
}
