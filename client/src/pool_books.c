/*
 * pool_books.c - the pool's lists: all slots, and those whose sessions are free
 */
#include "pool_books.h"

#include <stdlib.h>
#include <string.h>

#define FREE_AND_LISTED (PQE_SLOT_FREE | PQE_SLOT_LISTED)

/* ---------------------------------------------------------------------------------------------- */
/* The free list                                                                                  */
/* ---------------------------------------------------------------------------------------------- */

void pqe_books_push_newest(pqe_pool *pool, pqe_slot *slot)
{
    slot->newer = NULL;
    slot->older = pool->newest;
    if (pool->newest != NULL) {
        pool->newest->newer = slot;
    } else {
        pool->oldest = slot;
    }
    pool->newest = slot;
    atomic_store(&slot->state, FREE_AND_LISTED);
}

void pqe_books_push_oldest(pqe_pool *pool, pqe_slot *slot)
{
    slot->older = NULL;
    slot->newer = pool->oldest;
    if (pool->oldest != NULL) {
        pool->oldest->older = slot;
    } else {
        pool->newest = slot;
    }
    pool->oldest = slot;
    atomic_store(&slot->state, FREE_AND_LISTED);
}

void pqe_books_put_back(pqe_pool *pool, pqe_slot *slot, pqe_slot *newer)
{
    if (newer == NULL) {
        pqe_books_push_newest(pool, slot);
        return;
    }
    slot->newer = newer;
    slot->older = newer->older;
    if (newer->older != NULL) {
        newer->older->newer = slot;
    } else {
        pool->oldest = slot;
    }
    newer->older = slot;
    atomic_store(&slot->state, FREE_AND_LISTED);
}

static void unlink_slot(pqe_pool *pool, pqe_slot *slot)
{
    if (slot->newer != NULL) {
        slot->newer->older = slot->older;
    } else {
        pool->newest = slot->older;
    }
    if (slot->older != NULL) {
        slot->older->newer = slot->newer;
    } else {
        pool->oldest = slot->newer;
    }
    slot->newer = NULL;
    slot->older = NULL;
}

bool pqe_books_claim(pqe_pool *pool, pqe_slot *slot)
{
    /* it is listed, and only who has the lock changes that: what may change meanwhile is FREE */
    unsigned int before = atomic_exchange(&slot->state, 0);

    unlink_slot(pool, slot);
    return (before & PQE_SLOT_FREE) != 0;
}

void pqe_books_unlist(pqe_pool *pool, pqe_slot *slot)
{
    if (atomic_load_explicit(&slot->state, memory_order_relaxed) == PQE_SLOT_LISTED) {
        (void)pqe_books_claim(pool, slot);
    }
}

bool pqe_books_any_free(const pqe_pool *pool)
{
    for (const pqe_slot *at = pool->newest; at != NULL; at = at->older) {
        if ((atomic_load(&at->state) & PQE_SLOT_FREE) != 0) {
            return true;
        }
    }
    return false;
}

int pqe_books_taken(const pqe_pool *pool)
{
    int taken = 0;

    for (const pqe_slot *at = pool->slots; at != NULL; at = at->next) {
        if (at->session != NULL && (atomic_load(&at->state) & PQE_SLOT_FREE) == 0) {
            taken++;
        }
    }
    return taken;
}

/* ---------------------------------------------------------------------------------------------- */
/* All slots                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

static pqe_slot *empty_slot(pqe_pool *pool)
{
    pqe_slot *slot = pool->slots;

    while (slot != NULL && slot->session != NULL) {
        slot = slot->next;
    }
    if (slot == NULL) {
        slot = aligned_alloc(_Alignof(pqe_slot), sizeof(*slot));
        if (slot != NULL) {
            memset(slot, 0, sizeof(*slot));
            slot->next = pool->slots;
            pool->slots = slot;
        }
    }
    return slot;
}

bool pqe_books_add(pqe_pool *pool, pqe_session *session)
{
    pqe_slot *slot = empty_slot(pool);

    if (slot == NULL) {
        return false;
    }
    slot->session = session;
    session->slot = slot;
    return true;
}

void pqe_books_remove(pqe_pool *pool, pqe_session *session, pqe_session **chain)
{
    session->slot->session = NULL;
    session->slot = NULL;
    session->next = *chain;
    *chain = session;
    pool->total--;
    pool->counters.closed++;
}

void pqe_books_close_all(pqe_session *chain)
{
    while (chain != NULL) {
        pqe_session *session = chain;

        chain = session->next;
        pqe_session_close(session);
    }
}

void pqe_books_begin_epoch(pqe_pool *pool, const pqe_session *broken, pqe_session **chain)
{
    pool->counters.broken++;
    if (broken->epoch < atomic_load(&pool->epoch)) {
        return;
    }
    atomic_fetch_add(&pool->epoch, 1);
    while (pool->newest != NULL) {
        pqe_slot *slot = pool->newest;

        if (pqe_books_claim(pool, slot)) {
            pqe_books_remove(pool, slot->session, chain);
        }
    }
}

bool pqe_books_is_due(const pqe_pool *pool, const pqe_session *session, int64_t now)
{
    return session->broken || session->retired || now >= session->expires_at ||
           session->epoch < atomic_load_explicit(&pool->epoch, memory_order_acquire);
}
