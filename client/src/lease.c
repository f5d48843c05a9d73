/*
 * lease.c - the handles behind pqe_connection and pqe_transaction
 */
#include "lease.h"

#include <stdlib.h>

#include "pool.h"

/* So many leases must have been freed after one before it is taken up again. */
#define QUARANTINE 256

/* Leases are made so many at a time. */
#define CHUNK 64

typedef struct pqe_lease_chunk {
    struct pqe_lease_chunk *next;
    pqe_lease leases[CHUNK];
} pqe_lease_chunk;

static void put_free(pqe_lease_store *store, pqe_lease *lease)
{
    lease->state = PQE_LEASE_FREE;
    lease->session = NULL;
    lease->next = NULL;
    if (store->last_free != NULL) {
        store->last_free->next = lease;
    } else {
        store->first_free = lease;
    }
    store->last_free = lease;
    store->free_count++;
}

static bool add_chunk(pqe_pool *pool)
{
    pqe_lease_chunk *chunk = calloc(1, sizeof(*chunk));

    if (chunk == NULL) {
        return false;
    }
    chunk->next = pool->leases.chunks;
    pool->leases.chunks = chunk;
    for (size_t i = 0; i < CHUNK; i++) {
        chunk->leases[i].pool = pool;
        put_free(&pool->leases, &chunk->leases[i]);
    }
    return true;
}

static pqe_lease *take_free(pqe_pool *pool)
{
    pqe_lease_store *store = &pool->leases;
    pqe_lease *lease;

    while (store->free_count <= QUARANTINE) {
        if (!add_chunk(pool)) {
            return NULL;
        }
    }
    lease = store->first_free;
    store->first_free = lease->next;
    store->free_count--;
    lease->previous = NULL;
    lease->next = store->held;
    if (store->held != NULL) {
        store->held->previous = lease;
    }
    store->held = lease;
    return lease;
}

static void unlink_held(pqe_lease_store *store, pqe_lease *lease)
{
    if (lease->previous != NULL) {
        lease->previous->next = lease->next;
    } else {
        store->held = lease->next;
    }
    if (lease->next != NULL) {
        lease->next->previous = lease->previous;
    }
}

pqe_status pqe_lease_take(pqe_pool *pool, pqe_lease_kind kind, const char *who, pqe_lease **lease,
                          pqe_error *error)
{
    pqe_session *session;
    pqe_lease *taken;
    pqe_status status =
        pqe_pool_take(pool, who, kind == PQE_LEASE_TRANSACTION, PQE_NEVER, &session, error);

    *lease = NULL;
    if (status != PQE_OK) {
        return status;
    }
    pthread_mutex_lock(&pool->lock);
    taken = take_free(pool);
    if (taken != NULL) {
        taken->kind = kind;
        taken->state = PQE_LEASE_HELD;
        taken->in_call = false;
        taken->session = session;
    }
    pthread_mutex_unlock(&pool->lock);
    if (taken == NULL) {
        pqe_pool_give(pool, session);
        return pqe_error_no_memory(error);
    }
    *lease = taken;
    return PQE_OK;
}

pqe_status pqe_lease_enter(pqe_lease *lease, pqe_lease_kind kind, pqe_session **session,
                           pqe_error *error)
{
    const char *name = kind == PQE_LEASE_CONNECTION ? "connection" : "transaction";
    pqe_status status = PQE_OK;

    pqe_error_clear(error);
    if (lease == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL", name);
    }
    pthread_mutex_lock(&lease->pool->lock);
    if (lease->pool->closing || lease->state == PQE_LEASE_REVOKED) {
        status =
            pqe_error_set(error, PQE_ERR_DISPOSED, "the engine of this %s was disposed of", name);
    } else if (lease->state != PQE_LEASE_HELD || lease->kind != kind) {
        status = pqe_error_set(error, PQE_ERR_STATE, "this %s was %s already", name,
                               kind == PQE_LEASE_CONNECTION ? "released" : "ended");
    } else if (lease->in_call) {
        status = pqe_error_set(error, PQE_ERR_STATE, "this %s is in use by another thread", name);
    } else {
        lease->in_call = true;
        *session = lease->session;
    }
    pthread_mutex_unlock(&lease->pool->lock);
    return status;
}

void pqe_lease_leave(pqe_lease *lease)
{
    pqe_pool *pool = lease->pool;
    pqe_session *session = NULL;

    pthread_mutex_lock(&pool->lock);
    lease->in_call = false;
    if (pool->closing) {
        /* whoever closes the pool waits for this */
        session = lease->session;
        lease->session = NULL;
        lease->state = PQE_LEASE_REVOKED;
    }
    pthread_mutex_unlock(&pool->lock);
    if (session != NULL) {
        pqe_pool_give(pool, session);
    }
}

void pqe_lease_end(pqe_lease *lease)
{
    pqe_pool *pool = lease->pool;
    pqe_session *session;

    pthread_mutex_lock(&pool->lock);
    session = lease->session;
    lease->in_call = false;
    unlink_held(&pool->leases, lease);
    put_free(&pool->leases, lease);
    pthread_mutex_unlock(&pool->lock);
    pqe_pool_give(pool, session);
}

void pqe_lease_revoke_all(pqe_pool *pool)
{
    for (pqe_lease *lease = pool->leases.held; lease != NULL; lease = lease->next) {
        if (lease->in_call || lease->session == NULL) {
            continue;
        }
        pqe_log(&pool->engine->settings, PQE_LOG_WARNING,
                "%s held by \"%s\" for %lld ms was never given back",
                lease->kind == PQE_LEASE_CONNECTION ? "a connection" : "a transaction",
                lease->session->holder,
                (long long)((pqe_now_us() - lease->session->taken_at) / 1000));
        /* its server process rolls back and ends when the pool closes the connection */
        lease->session->taken = false;
        pool->taken--;
        lease->session = NULL;
        lease->state = PQE_LEASE_REVOKED;
    }
}

void pqe_lease_store_free(pqe_lease_store *store)
{
    while (store->chunks != NULL) {
        pqe_lease_chunk *chunk = store->chunks;

        store->chunks = chunk->next;
        free(chunk);
    }
}
