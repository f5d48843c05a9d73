/*
 * pool.c - the pool of sessions
 */
#include "pool.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool_books.h"

/* So many connections are opened at once at most, however many callers wait. */
#define MOST_OPENING 8

/* After a failed attempt to connect the next waits for so long, doubled for each further one. */
#define FIRST_BACKOFF_US 20000
#define LAST_BACKOFF_US 1000000

/*
 * A session that was used within this time is handed out without a look at its socket, unless a
 * statement follows at once, beside which the look costs nothing.
 */
#define FRESH_US 1000000

/* xorshift64*: jitter needs no better. */
static double next_random(pqe_pool *pool)
{
    pool->random ^= pool->random >> 12;
    pool->random ^= pool->random << 25;
    pool->random ^= pool->random >> 27;
    return (double)((pool->random * UINT64_C(2685821657736338717)) >> 11) /
           (double)(UINT64_C(1) << 53);
}

pqe_status pqe_pool_new(pqe_engine *engine, pqe_pool **pool, pqe_error *error)
{
    pqe_pool *made = calloc(1, sizeof(*made));

    *pool = NULL;
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    made->engine = engine;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->drained, NULL);
    made->random = (uint64_t)pqe_now_us() * 2654435761u ^ (uint64_t)(uintptr_t)made;
    made->random |= 1;
    *pool = made;
    return PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* Waiters                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static bool may_open(const pqe_pool *pool, int64_t now)
{
    return !pool->closing && pool->total < pool->engine->settings.config.max_pool_size &&
           pool->opening < MOST_OPENING && now >= pool->next_open_at;
}

static void mark_taken(pqe_pool *pool, pqe_session *session, const char *who, int64_t now)
{
    session->taken = true;
    session->taken_at = now;
    session->leak_reported = false;
    pqe_text_copy(session->holder, sizeof(session->holder), who != NULL ? who : "unnamed");
    pool->taken++;
    pool->counters.acquired++;
}

/* The newest free session that is fit for use; those that are not go to the chain. */
static pqe_session *pop_free(pqe_pool *pool, int64_t now, pqe_session **chain)
{
    while (pool->newest != NULL) {
        pqe_session *session = pool->newest;

        if (!pqe_books_is_due(pool, session, now)) {
            pqe_books_remove_free(pool, session);
            return session;
        }
        pqe_books_doom(pool, session, chain);
    }
    return NULL;
}

static void enqueue(pqe_pool *pool, pqe_waiter *waiter)
{
    waiter->next = NULL;
    if (pool->last_waiter != NULL) {
        pool->last_waiter->next = waiter;
    } else {
        pool->first_waiter = waiter;
    }
    pool->last_waiter = waiter;
    pool->waiting++;
}

static void dequeue(pqe_pool *pool, pqe_waiter *waiter)
{
    pqe_waiter *before = NULL;

    for (pqe_waiter *at = pool->first_waiter; at != waiter; at = at->next) {
        before = at;
    }
    if (before != NULL) {
        before->next = waiter->next;
    } else {
        pool->first_waiter = waiter->next;
    }
    if (pool->last_waiter == waiter) {
        pool->last_waiter = before;
    }
    pool->waiting--;
}

void pqe_pool_serve(pqe_pool *pool, int64_t now, pqe_session **chain)
{
    while (pool->first_waiter != NULL) {
        pqe_waiter *waiter = pool->first_waiter;

        waiter->granted = pop_free(pool, now, chain);
        if (waiter->granted == NULL) {
            if (!may_open(pool, now)) {
                return;
            }
            pool->total++;
            pool->opening++;
            waiter->may_open = true;
        } else {
            /* counted as taken at once, so that closing waits for it */
            mark_taken(pool, waiter->granted, NULL, now);
        }
        dequeue(pool, waiter);
        pthread_cond_signal(&waiter->wake);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Taking                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status disposed(pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
}

/* Lists who has had sessions for longest, up to five; call with the lock. */
static void describe_holders(const pqe_pool *pool, pqe_buffer *text, int64_t now)
{
    int64_t after = INT64_MIN;
    const pqe_session *last = NULL;

    for (int shown = 0; shown < 5; shown++) {
        const pqe_session *longest = NULL;

        for (const pqe_session *at = pool->all; at != NULL; at = at->next) {
            bool listed = at->taken_at < after || (at->taken_at == after && at <= last);

            if (at->taken && !listed &&
                (longest == NULL || at->taken_at < longest->taken_at ||
                 (at->taken_at == longest->taken_at && at < longest))) {
                longest = at;
            }
        }
        if (longest == NULL) {
            break;
        }
        pqe_buffer_printf(text, "%s\"%s\" for %lld ms (backend %d)",
                          shown == 0 ? " Longest held: by " : ", by ", longest->holder,
                          (long long)((now - longest->taken_at) / 1000), longest->backend_pid);
        after = longest->taken_at;
        last = longest;
    }
    if (last != NULL) {
        pqe_buffer_append_char(text, '.');
    }
}

/* Call with the lock. */
static pqe_status exhausted(pqe_pool *pool, int64_t since, int64_t now, pqe_error *error)
{
    const pqe_config *config = &pool->engine->settings.config;
    pqe_buffer detail = PQE_BUFFER_INIT;

    pool->counters.timeouts++;
    if (now > since) {
        int64_t waited_ms = (now - since) / 1000;

        pqe_error_set(
            error, PQE_ERR_POOL_TIMEOUT, "no connection came free within %lld ms",
            (long long)(waited_ms < config->pool_timeout_ms ? waited_ms : config->pool_timeout_ms));
    } else {
        pqe_error_set(error, PQE_ERR_POOL_TIMEOUT, "no connection is free");
    }
    pqe_buffer_printf(&detail,
                      "%d connection%s of at most %d: %d active, %d idle, %d being opened; %d "
                      "other caller%s waiting.",
                      pool->total, pool->total == 1 ? "" : "s", config->max_pool_size, pool->taken,
                      pool->idle, pool->opening, pool->waiting, pool->waiting == 1 ? "" : "s");
    describe_holders(pool, &detail, now);
    if (pool->last_failure.code != PQE_OK) {
        pqe_buffer_printf(&detail, " Last failure to connect: %s", pool->last_failure.message);
    }
    if (!pqe_buffer_failed(&detail)) {
        pqe_error_detail(error, "%s", detail.data);
    }
    pqe_buffer_free(&detail);
    if (pool->taken >= config->max_pool_size) {
        pqe_error_hint(error, "Release connections sooner, or raise pool_size or max_pool_size.");
    }
    return PQE_ERR_POOL_TIMEOUT;
}

/* An attempt to open a session has ended; call with the lock. */
static void note_failure(pqe_pool *pool, const pqe_error *failure, int64_t now)
{
    int64_t backoff = FIRST_BACKOFF_US;

    pool->counters.connect_failures++;
    pool->last_failure = *failure;
    for (int i = 0; i < pool->failures && backoff < LAST_BACKOFF_US; i++) {
        backoff *= 2;
    }
    if (backoff > LAST_BACKOFF_US) {
        backoff = LAST_BACKOFF_US;
    }
    pool->failures++;
    /* drawn anew each time, so that many programs do not come back at one moment */
    pool->next_open_at = now + (int64_t)((double)backoff * (0.5 + next_random(pool) / 2));
}

static void note_opened(pqe_pool *pool, pqe_session *session, uint64_t epoch, int64_t now)
{
    const pqe_config *config = &pool->engine->settings.config;

    session->epoch = epoch;
    session->checked_at = now;
    session->expires_at = PQE_NEVER;
    if (config->pool_recycle_ms > 0) {
        double part = 1.0 - next_random(pool) * config->pool_recycle_jitter / 100.0;

        session->expires_at = now + (int64_t)((double)config->pool_recycle_ms * part * 1000.0);
    }
    pool->failures = 0;
    pool->next_open_at = 0;
    pool->last_failure.code = PQE_OK;
    pool->counters.opened++;
    pqe_books_add(pool, session);
}

/* Opens a session for which total and opening were counted up.  Call without the lock. */
static pqe_status open_session(pqe_pool *pool, const char *who, pqe_session **session,
                               pqe_error *error)
{
    pqe_session *chain = NULL;
    pqe_error failure;
    pqe_status status;
    uint64_t epoch;
    int64_t now;

    pthread_mutex_lock(&pool->lock);
    epoch = pool->epoch;
    pthread_mutex_unlock(&pool->lock);
    status = pqe_session_open(&pool->engine->settings, session, &failure);
    now = pqe_now_us();
    pthread_mutex_lock(&pool->lock);
    pool->opening--;
    if (status == PQE_OK) {
        note_opened(pool, *session, epoch, now);
        mark_taken(pool, *session, who, now);
    } else {
        pool->total--;
        note_failure(pool, &failure, now);
    }
    pqe_pool_serve(pool, now, &chain);
    if (pool->closing) {
        pthread_cond_broadcast(&pool->drained);
    }
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
    if (status != PQE_OK) {
        pqe_log(&pool->engine->settings, PQE_LOG_DEBUG, "%s", failure.message);
        pqe_error_copy(error, &failure);
    }
    return status;
}

static void wait_until(pqe_waiter *waiter, pthread_mutex_t *lock, int64_t until)
{
    struct timespec at = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};

    (void)pthread_cond_timedwait(&waiter->wake, lock, &at);
}

/*
 * Waits for a session or for the right to open one.  Call with the lock.  On PQE_OK one of the
 * waiter's two grants is set.
 */
static pqe_status wait_for_grant(pqe_pool *pool, pqe_waiter *waiter, int64_t since,
                                 pqe_deadline latest, pqe_session **chain, pqe_error *error)
{
    int64_t deadline = since + pool->engine->settings.config.pool_timeout_ms * 1000;
    int64_t now = since;
    pqe_status status = PQE_OK;

    deadline = latest < deadline ? latest : deadline;
    enqueue(pool, waiter);
    pqe_pool_serve(pool, now, chain);
    while (waiter->granted == NULL && !waiter->may_open) {
        int64_t until = deadline;

        if (pool->closing) {
            dequeue(pool, waiter);
            pthread_cond_broadcast(&pool->drained);
            status = disposed(error);
            break;
        }
        if (now >= deadline) {
            dequeue(pool, waiter);
            status = exhausted(pool, since, now, error);
            break;
        }
        /* the end of a backoff is nobody's event but the waiters' own */
        if (pool->next_open_at > now && pool->next_open_at < until) {
            until = pool->next_open_at;
        }
        wait_until(waiter, &pool->lock, until);
        now = pqe_now_us();
        if (waiter->granted == NULL && !waiter->may_open) {
            pqe_pool_serve(pool, now, chain);
        }
    }
    pool->counters.wait_us += (uint64_t)(now - since);
    return status;
}

/* Takes a session that is free, waits for one, or opens one; it is not checked yet. */
static pqe_status take_any(pqe_pool *pool, const char *who, pqe_deadline latest,
                           pqe_session **session, bool *fresh, pqe_error *error)
{
    pqe_session *chain = NULL;
    pqe_waiter waiter = {.granted = NULL, .may_open = false, .next = NULL};
    int64_t now = pqe_now_us();
    pqe_status status = PQE_OK;

    *session = NULL;
    pthread_mutex_lock(&pool->lock);
    if (pool->closing) {
        pthread_mutex_unlock(&pool->lock);
        return disposed(error);
    }
    /* who comes while others wait goes behind them */
    if (pool->first_waiter == NULL) {
        *session = pop_free(pool, now, &chain);
    }
    if (*session != NULL) {
        mark_taken(pool, *session, who, now);
    } else if (pool->first_waiter == NULL && may_open(pool, now)) {
        pool->total++;
        pool->opening++;
        waiter.may_open = true;
    } else {
        pthread_condattr_t attributes;

        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&waiter.wake, &attributes);
        pthread_condattr_destroy(&attributes);
        status = wait_for_grant(pool, &waiter, now, latest, &chain, error);
        pthread_cond_destroy(&waiter.wake);
        if (waiter.granted != NULL) {
            *session = waiter.granted;
            pqe_text_copy((*session)->holder, sizeof((*session)->holder),
                          who != NULL ? who : "unnamed");
        }
    }
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
    *fresh = waiter.may_open;
    if (status == PQE_OK && waiter.may_open) {
        status = open_session(pool, who, session, error);
    }
    return status;
}

/* Looks at a session that lay idle, and asks the server where that is wanted. */
static bool is_fit(pqe_pool *pool, pqe_session *session, bool about_to_send)
{
    if (pool->engine->settings.config.pool_pre_ping) {
        return pqe_session_alive(session) && pqe_session_ping(&pool->engine->settings, session);
    }
    if (!about_to_send && session->taken_at - session->idle_since < FRESH_US) {
        return true;
    }
    return pqe_session_alive(session);
}

pqe_status pqe_pool_take(pqe_pool *pool, const char *who, bool about_to_send, pqe_deadline deadline,
                         pqe_session **session, pqe_error *error)
{
    for (;;) {
        bool fresh = false;
        pqe_status status = take_any(pool, who, deadline, session, &fresh, error);

        if (status != PQE_OK || fresh || is_fit(pool, *session, about_to_send)) {
            return status;
        }
        /* Each round closes a session, so this ends at the latest with one newly opened. */
        (*session)->broken = true;
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

    while (config->pool_idle_timeout_ms > 0 && pool->oldest != NULL &&
           pool->total > config->pool_size &&
           now - pool->oldest->idle_since >= config->pool_idle_timeout_ms * 1000) {
        pqe_books_doom(pool, pool->oldest, chain);
    }
}

void pqe_pool_give(pqe_pool *pool, pqe_session *session)
{
    pqe_session *chain = NULL;
    int64_t now;

    if (session->used || session->broken) {
        pqe_session_reset(&pool->engine->settings, session);
    }
    now = pqe_now_us();
    pthread_mutex_lock(&pool->lock);
    session->taken = false;
    session->idle_since = now;
    pool->taken--;
    if (session->broken) {
        pqe_books_begin_epoch(pool, session, &chain);
    }
    if (pool->closing || pqe_books_is_due(pool, session, now)) {
        pqe_books_remove(pool, session);
        session->next = chain;
        chain = session;
    } else {
        pqe_books_push_free(pool, session);
        pqe_pool_shrink(pool, now, &chain);
    }
    pqe_pool_serve(pool, now, &chain);
    if (pool->closing) {
        pthread_cond_broadcast(&pool->drained);
    }
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
}

/* ---------------------------------------------------------------------------------------------- */
/* Closing                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

void pqe_pool_close(pqe_pool *pool)
{
    pqe_session *chain;

    pthread_mutex_lock(&pool->lock);
    pool->closing = true;
    for (pqe_waiter *waiter = pool->first_waiter; waiter != NULL; waiter = waiter->next) {
        pthread_cond_signal(&waiter->wake);
    }
    pqe_lease_revoke_all(pool);
    while (pool->taken > 0 || pool->opening > 0 || pool->waiting > 0) {
        pthread_cond_wait(&pool->drained, &pool->lock);
    }
    chain = pool->all;
    pool->all = NULL;
    pool->newest = NULL;
    pool->oldest = NULL;
    pool->counters.closed += (uint64_t)pool->total;
    pool->total = 0;
    pool->idle = 0;
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
}

void pqe_pool_free(pqe_pool *pool)
{
    if (pool != NULL) {
        pqe_lease_store_free(&pool->leases);
        pthread_cond_destroy(&pool->drained);
        pthread_mutex_destroy(&pool->lock);
        free(pool);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Metrics                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

void pqe_pool_metrics_read(pqe_pool *pool, pqe_pool_metrics *metrics)
{
    pthread_mutex_lock(&pool->lock);
    *metrics = pool->counters;
    metrics->size = pool->total;
    metrics->active = pool->taken;
    metrics->idle = pool->idle;
    metrics->opening = pool->opening;
    metrics->waiting = pool->waiting;
    metrics->max_size = pool->engine->settings.config.max_pool_size;
    pthread_mutex_unlock(&pool->lock);
}

void pqe_pool_metrics_reset(pqe_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    memset(&pool->counters, 0, sizeof(pool->counters));
    pthread_mutex_unlock(&pool->lock);
}
