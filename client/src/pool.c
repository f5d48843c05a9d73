/*
 * pool.c - the pool of sessions: taking and giving back
 */
#include "pool.h"

#include <stdlib.h>
#include <string.h>

#include "pool_books.h"
#include "pool_open.h"
#include "pool_wait.h"

/*
 * A session that was used within this time is handed out without a look at its socket; where a
 * statement follows at once, beside which the look costs little, the time is shorter.
 */
#define FRESH_US 1000000
#define FRESH_TO_SEND_US 200

/*
 * A thread tries the session that it gave back last for so long.  Those who come seldom take the
 * newest of all instead, so that the others grow old and can be closed.
 */
#define HINT_US 100000

pqe_status pqe_pool_new(pqe_engine *engine, pqe_pool **pool, pqe_error *error)
{
    pqe_pool *made = aligned_alloc(_Alignof(pqe_pool), sizeof(*made));

    *pool = NULL;
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    memset(made, 0, sizeof(*made));
    made->engine = engine;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->drained, NULL);
    made->random = (uint64_t)pqe_now_us() * 2654435761u ^ (uint64_t)(uintptr_t)made;
    made->random |= 1;
    *pool = made;
    return PQE_OK;
}

static _Atomic(pqe_slot *) *own_hint(pqe_pool *pool)
{
    return &pool->hints[pqe_thread_seat()].slot;
}

/* ---------------------------------------------------------------------------------------------- */
/* Holders                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

void pqe_slot_name_holder(pqe_slot *slot, const char *who)
{
    uint64_t words[PQE_HOLDER_WORDS];
    size_t length = who != NULL ? strnlen(who, sizeof(words) - 1) : 0;
    size_t count = length / sizeof(uint64_t) + 1;

    words[count - 1] = 0;
    memcpy(words, who != NULL ? who : "", length);
    for (size_t i = 0; i < count; i++) {
        atomic_store_explicit(&slot->holder[i], words[i], memory_order_relaxed);
    }
}

void pqe_slot_holder(const pqe_slot *slot, char name[64])
{
    uint64_t words[PQE_HOLDER_WORDS];

    for (size_t i = 0; i < PQE_HOLDER_WORDS; i++) {
        words[i] = atomic_load_explicit(&slot->holder[i], memory_order_relaxed);
    }
    memcpy(name, words, sizeof(words));
    name[63] = '\0';
    if (name[0] == '\0') {
        pqe_text_copy(name, 64, "unnamed");
    }
}

static void mark_taken(pqe_slot *slot, const char *who, int64_t now)
{
    uint64_t times = atomic_load_explicit(&slot->taken_times, memory_order_relaxed);

    /* nobody else writes these, so no exchange is needed */
    atomic_store_explicit(&slot->taken_times, times + 1, memory_order_relaxed);
    atomic_store_explicit(&slot->taken_at, now, memory_order_relaxed);
    atomic_store_explicit(&slot->leak_reported, false, memory_order_relaxed);
    pqe_slot_name_holder(slot, who);
}

/* ---------------------------------------------------------------------------------------------- */
/* Taking                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/* The session that this thread gave back last, if it is free still; needs no lock. */
static pqe_session *take_last(pqe_pool *pool, int64_t now)
{
    pqe_slot *slot = atomic_load_explicit(own_hint(pool), memory_order_acquire);
    unsigned int free_state = PQE_SLOT_FREE | PQE_SLOT_LISTED;

    if (slot == NULL || atomic_load_explicit(&pool->waiting, memory_order_relaxed) > 0 ||
        now - atomic_load_explicit(&slot->idle_since, memory_order_relaxed) > HINT_US ||
        !atomic_compare_exchange_strong(&slot->state, &free_state, PQE_SLOT_LISTED)) {
        return NULL;
    }
    if (atomic_load(&pool->closing) || pqe_books_is_due(pool, slot->session, now)) {
        pqe_pool_give(pool, slot->session);
        return NULL;
    }
    return slot->session;
}

/*
 * Takes a session that is free, waits for one, or for the right to open one (*fresh), which must then
 * be used; *patient says how.
 */
static pqe_status take_or_begin(pqe_pool *pool, int64_t since, pqe_deadline latest,
                                pqe_session **session, bool *fresh, bool *patient, pqe_error *error)
{
    pqe_session *chain = NULL;
    int64_t now = pqe_now_us();
    pqe_status status = PQE_OK;

    *session = NULL;
    *fresh = false;
    pthread_mutex_lock(&pool->lock);
    if (atomic_load(&pool->closing)) {
        pthread_mutex_unlock(&pool->lock);
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    }
    if (!pqe_pool_must_queue(pool, now)) {
        *session = pqe_pool_pop(pool, now, &chain);
    }
    if (*session == NULL && pool->first_waiter == NULL && pqe_pool_may_open(pool, now)) {
        pqe_pool_begin_opening(pool);
        *fresh = true;
    } else if (*session == NULL) {
        status = pqe_pool_wait(pool, since, latest, session, fresh, &chain, error);
    }
    *patient = !pqe_pool_has_open(pool);
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
    return status;
}

/* Whether a failure to open says nothing of the sessions that are open already. */
static bool is_of_this_attempt(const pqe_error *failure)
{
    return failure->code == PQE_ERR_TIMEOUT || pqe_connect_may_pass(failure);
}

/*
 * Takes a session that is free, waits for one, or opens one; it is not checked yet.  A server that has
 * no connection to give just now, or is slow to, is no failure while there are others that will come
 * free.
 */
static pqe_status take_any(pqe_pool *pool, pqe_deadline latest, pqe_session **session, bool *fresh,
                           pqe_error *error)
{
    int64_t since = pqe_now_us();

    for (;;) {
        bool patient = true;
        pqe_error failure;
        pqe_status status = take_or_begin(pool, since, latest, session, fresh, &patient, error);

        if (status != PQE_OK || !*fresh) {
            return status;
        }
        status = pqe_pool_open(pool, patient, session, &failure);
        if (status == PQE_OK) {
            return status;
        }
        if (patient || !is_of_this_attempt(&failure)) {
            pqe_error_copy(error, &failure);
            return status;
        }
    }
}

/* Looks at a session that lay idle, and asks the server where that is wanted. */
static bool is_fit(pqe_pool *pool, pqe_session *session, bool about_to_send, int64_t now)
{
    if (pool->engine->settings.config.pool_pre_ping) {
        return pqe_session_alive(session) && pqe_session_ping(&pool->engine->settings, session);
    }
    if (about_to_send
            ? now - session->answered_at < FRESH_TO_SEND_US
            : now - atomic_load_explicit(&session->slot->idle_since, memory_order_relaxed) <
                  FRESH_US) {
        return true;
    }
    return pqe_session_alive(session);
}

pqe_status pqe_pool_take(pqe_pool *pool, const char *who, bool about_to_send, pqe_deadline deadline,
                         int64_t *now, pqe_session **session, pqe_error *error)
{
    bool fresh = false;
    pqe_status status = PQE_OK;

    *session = take_last(pool, *now);
    for (;;) {
        if (*session == NULL) {
            status = take_any(pool, deadline, session, &fresh, error);
            *now = pqe_now_us();
        }
        if (status != PQE_OK) {
            return status;
        }
        mark_taken((*session)->slot, who, *now);
        if (fresh || is_fit(pool, *session, about_to_send, *now)) {
            return PQE_OK;
        }
        /* Each round closes a session, so this ends at the latest with one newly opened. */
        if (!(*session)->retired) {
            (*session)->broken = true;
        }
        pqe_pool_give(pool, *session);
        *session = NULL;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Giving back                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

void pqe_pool_shrink(pqe_pool *pool, int64_t now, pqe_session **chain)
{
    const pqe_config *config = &pool->engine->settings.config;
    pqe_slot *at = pool->oldest;

    while (config->pool_idle_timeout_ms > 0 && at != NULL && pool->total > config->pool_size) {
        pqe_slot *newer = at->newer;

        if (now - atomic_load(&at->idle_since) >= config->pool_idle_timeout_ms * 1000 &&
            (atomic_load(&at->state) & PQE_SLOT_FREE) != 0 && pqe_books_claim(pool, at)) {
            pqe_books_remove(pool, at->session, chain);
            pqe_finding_add(&pool->engine->findings.surplus, 1);
        }
        at = newer;
    }
}

/* Counts why a session is closed that is not broken. */
static void note_end(pqe_pool *pool, const pqe_session *session, int64_t now)
{
    if (!session->broken && session->retired) {
        pqe_finding_add(&pool->engine->findings.demoted, 1);
    } else if (!session->broken && now >= session->expires_at) {
        pqe_finding_add(&pool->engine->findings.expired, 1);
    }
}

/* Gives back with the lock what is to be closed or not in the list; NULL: it is free already. */
static void give_with_lock(pqe_pool *pool, pqe_session *session)
{
    pqe_session *chain = NULL;
    int64_t now = pqe_now_us();

    pthread_mutex_lock(&pool->lock);
    if (session != NULL) {
        pqe_slot *slot = session->slot;

        pqe_books_unlist(pool, slot);
        if (session->broken) {
            pqe_books_begin_epoch(pool, session, &chain);
        }
        if (atomic_load(&pool->closing) || pqe_books_is_due(pool, session, now)) {
            note_end(pool, session, now);
            pqe_books_remove(pool, session, &chain);
        } else {
            pqe_books_push_newest(pool, slot);
        }
    }
    pqe_pool_shrink(pool, now, &chain);
    pqe_pool_serve(pool, now, &chain);
    if (atomic_load(&pool->closing)) {
        pthread_cond_broadcast(&pool->drained);
    }
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
}

void pqe_pool_give(pqe_pool *pool, pqe_session *session)
{
    unsigned int listed = PQE_SLOT_LISTED;
    pqe_slot *slot = session->slot;
    int64_t now = pqe_coarse_now_us();

    if (session->used || session->broken) {
        pqe_session_reset(&pool->engine->settings, session);
    }
    atomic_store_explicit(&slot->idle_since, now, memory_order_relaxed);
    if (atomic_load(&pool->closing) || pqe_books_is_due(pool, session, now)) {
        give_with_lock(pool, session);
        return;
    }
    atomic_store_explicit(own_hint(pool), slot, memory_order_release);
    if (!atomic_compare_exchange_strong(&slot->state, &listed, PQE_SLOT_FREE | PQE_SLOT_LISTED)) {
        give_with_lock(pool, session);
    } else if (atomic_load(&pool->waiting) > 0 || atomic_load(&pool->closing)) {
        /* who came to wait, or to close, before the exchange did not see it */
        give_with_lock(pool, NULL);
    }
}

void pqe_pool_abandon(pqe_pool *pool, pqe_slot *slot)
{
    pqe_books_unlist(pool, slot);
    /* found by whoever closes the pool, who closes it */
    pqe_books_push_oldest(pool, slot);
}

/* ---------------------------------------------------------------------------------------------- */
/* Closing                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* Takes all sessions that are free; call with the lock, while closing. */
static void collect_free(pqe_pool *pool, pqe_session **chain)
{
    while (pool->newest != NULL) {
        pqe_slot *slot = pool->newest;

        if (pqe_books_claim(pool, slot)) {
            pqe_books_remove(pool, slot->session, chain);
        }
    }
}

void pqe_pool_close(pqe_pool *pool)
{
    pqe_session *chain = NULL;

    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->closing, true);
    for (pqe_waiter *waiter = pool->first_waiter; waiter != NULL; waiter = waiter->next) {
        pthread_cond_signal(&waiter->wake);
    }
    pqe_lease_revoke_all(pool);
    collect_free(pool, &chain);
    while (pool->total > 0 || atomic_load(&pool->waiting) > 0) {
        pthread_cond_wait(&pool->drained, &pool->lock);
        collect_free(pool, &chain);
    }
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
}

void pqe_pool_free(pqe_pool *pool)
{
    if (pool == NULL) {
        return;
    }
    while (pool->slots != NULL) {
        pqe_slot *slot = pool->slots;

        pool->slots = slot->next;
        free(slot->leases);
        free(slot);
    }
    pthread_cond_destroy(&pool->drained);
    pthread_mutex_destroy(&pool->lock);
    free(pool);
}

/* ---------------------------------------------------------------------------------------------- */
/* Metrics                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

void pqe_pool_metrics_read(pqe_pool *pool, pqe_pool_metrics *metrics)
{
    pthread_mutex_lock(&pool->lock);
    *metrics = pool->counters;
    metrics->size = pool->total;
    metrics->active = pqe_books_taken(pool);
    metrics->idle = pool->total - pool->opening - metrics->active;
    metrics->opening = pool->opening;
    metrics->waiting = atomic_load(&pool->waiting);
    metrics->max_size = pool->engine->settings.config.max_pool_size;
    metrics->acquired = 0;
    for (const pqe_slot *at = pool->slots; at != NULL; at = at->next) {
        metrics->acquired += atomic_load(&at->taken_times) - atomic_load(&at->forgotten);
    }
    pthread_mutex_unlock(&pool->lock);
}

void pqe_pool_metrics_reset(pqe_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    memset(&pool->counters, 0, sizeof(pool->counters));
    for (pqe_slot *at = pool->slots; at != NULL; at = at->next) {
        atomic_store(&at->forgotten, atomic_load(&at->taken_times));
    }
    pthread_mutex_unlock(&pool->lock);
}
