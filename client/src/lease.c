/*
 * lease.c - the handles behind pqe_connection and pqe_transaction
 *
 * Each slot has a few leases of its own, given out in turn by whoever has the slot.  The state of a
 * lease changes by exchanges only, so that of two threads that use one handle one is told.
 */
#include "lease.h"

#include <stdlib.h>

#include "pool.h"
#include "slot.h"

/* So many leases of a slot are given out before one is taken up again. */
#define LEASES 128

static unsigned int word(pqe_lease_state state, pqe_lease_kind kind)
{
    return (unsigned int)state | (unsigned int)kind << 8;
}

/* Changes the state if it is what it should be; else says what it was. */
static bool change(pqe_lease *lease, unsigned int *from, unsigned int to)
{
    unsigned int found = *from;
    bool changed = atomic_compare_exchange_strong(&lease->state, &found, to);

    *from = found;
    return changed;
}

static bool make_leases(pqe_pool *pool, pqe_slot *slot)
{
    slot->leases = calloc(LEASES, sizeof(pqe_lease));
    for (size_t i = 0; slot->leases != NULL && i < LEASES; i++) {
        slot->leases[i].pool = pool;
        slot->leases[i].slot = slot;
        atomic_init(&slot->leases[i].state, word(PQE_LEASE_FREE, PQE_LEASE_CONNECTION));
    }
    return slot->leases != NULL;
}

pqe_status pqe_lease_take(pqe_pool *pool, pqe_lease_kind kind, const char *who, pqe_lease **lease,
                          pqe_error *error)
{
    bool about_to_send = kind == PQE_LEASE_TRANSACTION;
    int64_t now = about_to_send ? pqe_now_us() : pqe_coarse_now_us();
    pqe_session *session;
    pqe_slot *slot;
    pqe_lease *taken;
    pqe_status status = pqe_pool_take(pool, who, about_to_send, PQE_NEVER, &now, &session, error);

    *lease = NULL;
    if (status != PQE_OK) {
        return status;
    }
    slot = session->slot;
    if (slot->leases == NULL && !make_leases(pool, slot)) {
        pqe_pool_give(pool, session);
        return pqe_error_no_memory(error);
    }
    taken = &slot->leases[slot->next_lease++ % LEASES];
    taken->session = session;
    atomic_store_explicit(&taken->state, word(PQE_LEASE_HELD, kind), memory_order_release);
    atomic_store(&slot->lease, taken);
    if (atomic_load(&pool->closing)) {
        /* whoever closes the pool may have looked for leases before this one was to be seen */
        unsigned int held = word(PQE_LEASE_HELD, kind);

        if (change(taken, &held, word(PQE_LEASE_REVOKED, kind))) {
            pqe_pool_give(pool, session);
        }
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    }
    *lease = taken;
    return PQE_OK;
}

static pqe_lease_kind kind_of(unsigned int state)
{
    return (pqe_lease_kind)(state >> 8);
}

/* The kind that a stream makes of this one, and back. */
static pqe_lease_kind with_stream(pqe_lease_kind kind, bool open)
{
    switch (kind) {
    case PQE_LEASE_CONNECTION:
    case PQE_LEASE_CONNECTION_STREAM:
        return open ? PQE_LEASE_CONNECTION_STREAM : PQE_LEASE_CONNECTION;
    default:
        return open ? PQE_LEASE_TRANSACTION_STREAM : PQE_LEASE_TRANSACTION;
    }
}

static pqe_status refuse(const pqe_lease *lease, pqe_lease_kind kind, unsigned int found,
                         pqe_error *error)
{
    const char *name =
        with_stream(kind, false) == PQE_LEASE_CONNECTION ? "connection" : "transaction";
    bool held = (found & 0xFFu) == PQE_LEASE_HELD || (found & 0xFFu) == PQE_LEASE_IN_CALL;

    if (atomic_load(&lease->pool->closing)) {
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine of this %s was disposed of",
                             name);
    }
    if (!held) {
        return pqe_error_set(error, PQE_ERR_STATE, "this %s was %s already", name,
                             kind == PQE_LEASE_CONNECTION ? "released" : "ended");
    }
    if (with_stream(kind_of(found), false) != with_stream(kind, false)) {
        return pqe_error_set(error, PQE_ERR_STATE, "this is no %s but a %s", name,
                             kind == PQE_LEASE_CONNECTION ? "transaction" : "connection");
    }
    if (kind_of(found) != kind) {
        pqe_error_set(error, PQE_ERR_STATE, "a stream is open on this %s", name);
        pqe_error_hint(error, "Close the stream first, with pqe_stream_close.");
        return PQE_ERR_STATE;
    }
    return pqe_error_set(error, PQE_ERR_STATE, "this %s is in use by another thread", name);
}

pqe_status pqe_lease_enter(pqe_lease *lease, pqe_lease_kind kind, pqe_session **session,
                           pqe_error *error)
{
    unsigned int held = word(PQE_LEASE_HELD, kind);
    pqe_status status;

    pqe_error_clear(error);
    if (lease == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             kind == PQE_LEASE_CONNECTION ? "connection" : "transaction");
    }
    status = pqe_engine_check_process(lease->pool->engine, error);
    if (status != PQE_OK) {
        return status;
    }
    if (!change(lease, &held, word(PQE_LEASE_IN_CALL, kind))) {
        return refuse(lease, kind, held, error);
    }
    if (atomic_load(&lease->pool->closing)) {
        pqe_lease_leave(lease);
        return refuse(lease, kind, held, error);
    }
    *session = lease->session;
    return PQE_OK;
}

pqe_lease_kind pqe_lease_set_stream(pqe_lease *lease, bool open)
{
    pqe_lease_kind kind =
        with_stream(kind_of(atomic_load_explicit(&lease->state, memory_order_relaxed)), open);

    atomic_store(&lease->state, word(PQE_LEASE_IN_CALL, kind));
    return kind;
}

void pqe_lease_leave(pqe_lease *lease)
{
    unsigned int in_call = atomic_load_explicit(&lease->state, memory_order_relaxed);
    unsigned int held = (in_call & ~0xFFu) | PQE_LEASE_HELD;
    pqe_session *session = lease->session;

    atomic_store(&lease->state, held);
    if (atomic_load(&lease->pool->closing) &&
        change(lease, &held, (in_call & ~0xFFu) | PQE_LEASE_REVOKED)) {
        /* whoever closes the pool waits for this */
        pqe_pool_give(lease->pool, session);
    }
}

void pqe_lease_end(pqe_lease *lease)
{
    pqe_session *session = lease->session;

    atomic_store_explicit(&lease->state, word(PQE_LEASE_FREE, PQE_LEASE_CONNECTION),
                          memory_order_release);
    pqe_pool_give(lease->pool, session);
}

void pqe_lease_revoke_all(pqe_pool *pool)
{
    for (pqe_slot *slot = pool->slots; slot != NULL; slot = slot->next) {
        pqe_lease *lease = atomic_load(&slot->lease);
        char holder[64];

        for (int kind = 0; lease != NULL && kind < PQE_LEASE_KINDS; kind++) {
            unsigned int held = word(PQE_LEASE_HELD, (pqe_lease_kind)kind);

            if (!change(lease, &held, word(PQE_LEASE_REVOKED, (pqe_lease_kind)kind))) {
                continue;
            }
            pqe_slot_holder(slot, holder);
            pqe_log(&pool->engine->settings, PQE_LOG_WARNING,
                    "%s held by \"%s\" for %lld ms was never given back",
                    with_stream((pqe_lease_kind)kind, false) == PQE_LEASE_CONNECTION
                        ? "a connection"
                        : "a transaction",
                    holder, (long long)((pqe_now_us() - atomic_load(&slot->taken_at)) / 1000));
            /* its server process rolls back and ends when the pool closes the connection */
            pqe_pool_abandon(pool, slot);
        }
    }
}
