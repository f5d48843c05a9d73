/*
 * pool_wait.c - the queue of callers that wait for a session
 *
 * Who waits is served in the order of coming.  A session that comes free is handed over to the first
 * in the queue; but one who has only just begun to wait is merely woken, and a thread that runs may
 * take the session before him.  Otherwise a few threads that take and give back in quick succession
 * would pass every session through the scheduler.  After PATIENCE_US nobody gets ahead of him any
 * more.
 */
#include "pool_wait.h"

#include <string.h>
#include <time.h>

#include "pool_books.h"
#include "pool_open.h"

#define PATIENCE_US 500

/* At the end, unless he has been here before and tried in vain to open a session meanwhile. */
static void enqueue(pqe_pool *pool, pqe_waiter *waiter)
{
    pqe_waiter *before = pool->last_waiter;

    if (before != NULL && before->since > waiter->since) {
        before = NULL;
        for (pqe_waiter *at = pool->first_waiter; at->since <= waiter->since; at = at->next) {
            before = at;
        }
    }
    waiter->next = before != NULL ? before->next : pool->first_waiter;
    if (before != NULL) {
        before->next = waiter;
    } else {
        pool->first_waiter = waiter;
    }
    if (waiter->next == NULL) {
        pool->last_waiter = waiter;
    }
    /* From here on whoever gives back without the lock looks at the queue. */
    atomic_fetch_add(&pool->waiting, 1);
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
    atomic_fetch_sub(&pool->waiting, 1);
}

pqe_session *pqe_pool_pop(pqe_pool *pool, int64_t now, pqe_session **chain)
{
    while (pool->newest != NULL) {
        pqe_slot *slot = pool->newest;

        if (!pqe_books_claim(pool, slot)) {
            continue; /* taken without the lock; it is listed again when it comes back */
        }
        if (!pqe_books_is_due(pool, slot->session, now)) {
            return slot->session;
        }
        pqe_books_remove(pool, slot->session, chain);
    }
    return NULL;
}

static bool is_impatient(const pqe_waiter *waiter, int64_t now)
{
    return now - waiter->since >= PATIENCE_US;
}

bool pqe_pool_must_queue(const pqe_pool *pool, int64_t now)
{
    return pool->first_waiter != NULL && is_impatient(pool->first_waiter, now);
}

void pqe_pool_serve(pqe_pool *pool, int64_t now, pqe_session **chain)
{
    while (pool->first_waiter != NULL) {
        pqe_waiter *waiter = pool->first_waiter;

        if (!is_impatient(waiter, now) && pqe_books_any_free(pool)) {
            if (!waiter->nudged) {
                waiter->nudged = true;
                pthread_cond_signal(&waiter->wake);
            }
            return;
        }
        waiter->granted = pqe_pool_pop(pool, now, chain);
        if (waiter->granted == NULL) {
            if (!pqe_pool_may_open(pool, now)) {
                return;
            }
            pqe_pool_begin_opening(pool);
            waiter->may_open = true;
        }
        dequeue(pool, waiter);
        pthread_cond_signal(&waiter->wake);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Waiting in vain                                                                                */
/* ---------------------------------------------------------------------------------------------- */

/* The holder who comes behind `last` among those who have had sessions for longest. */
static const pqe_slot *next_holder(const pqe_pool *pool, const pqe_slot *last)
{
    int64_t after = last != NULL ? atomic_load(&last->taken_at) : INT64_MIN;
    const pqe_slot *found = NULL;

    for (const pqe_slot *at = pool->slots; at != NULL; at = at->next) {
        int64_t since = atomic_load(&at->taken_at);
        bool behind = last == NULL || since > after || (since == after && at > last);

        if (at->session != NULL && (atomic_load(&at->state) & PQE_SLOT_FREE) == 0 && behind &&
            (found == NULL || since < atomic_load(&found->taken_at) ||
             (since == atomic_load(&found->taken_at) && at < found))) {
            found = at;
        }
    }
    return found;
}

/* Lists who has had sessions for longest, up to five; call with the lock. */
static void describe_holders(const pqe_pool *pool, pqe_buffer *text, int64_t now)
{
    const pqe_slot *at = next_holder(pool, NULL);

    for (int shown = 0; at != NULL && shown < 5; shown++) {
        char holder[64];

        pqe_slot_holder(at, holder);
        pqe_buffer_printf(text, "%s\"%s\" for %lld ms (backend %d)",
                          shown == 0 ? " Longest held: by " : ", by ", holder,
                          (long long)((now - atomic_load(&at->taken_at)) / 1000),
                          at->session->backend_pid);
        at = next_holder(pool, at);
        if (at == NULL || shown == 4) {
            pqe_buffer_append_char(text, '.');
        }
    }
}

/* Call with the lock. */
static pqe_status exhausted(pqe_pool *pool, int64_t waited_us, int64_t now, pqe_error *error)
{
    const pqe_config *config = &pool->engine->settings.config;
    pqe_buffer detail = PQE_BUFFER_INIT;
    int taken = pqe_books_taken(pool);
    int waiting = atomic_load(&pool->waiting);

    pool->counters.timeouts++;
    if (waited_us > 0) {
        int64_t waited_ms = waited_us / 1000;

        pqe_error_set(
            error, PQE_ERR_POOL_TIMEOUT, "no connection came free within %lld ms",
            (long long)(waited_ms < config->pool_timeout_ms ? waited_ms : config->pool_timeout_ms));
    } else {
        pqe_error_set(error, PQE_ERR_POOL_TIMEOUT, "no connection is free");
    }
    pqe_buffer_printf(&detail,
                      "%d connection%s of at most %d: %d active, %d idle, %d being opened; %d "
                      "other caller%s waiting.",
                      pool->total, pool->total == 1 ? "" : "s", config->max_pool_size, taken,
                      pool->total - pool->opening - taken, pool->opening, waiting,
                      waiting == 1 ? "" : "s");
    describe_holders(pool, &detail, now);
    if (pool->last_failure.code != PQE_OK) {
        pqe_buffer_printf(&detail, " Last failure to connect%s%s: %s",
                          pool->last_failure.sqlstate[0] != '\0' ? ", " : "",
                          pool->last_failure.sqlstate, pool->last_failure.message);
    }
    if (!pqe_buffer_failed(&detail)) {
        pqe_error_detail(error, "%s", detail.data);
    }
    pqe_buffer_free(&detail);
    if (taken >= config->max_pool_size) {
        pqe_error_hint(error, "Release connections sooner, or raise pool_size or max_pool_size.");
    } else if (pool->last_failure.code != PQE_OK) {
        pqe_error_hint(error, "%s", pool->last_failure.hint);
    }
    return PQE_ERR_POOL_TIMEOUT;
}

/* ---------------------------------------------------------------------------------------------- */
/* Waiting                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static void sleep_until(pqe_waiter *waiter, pthread_mutex_t *lock, int64_t until)
{
    struct timespec at = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};

    (void)pthread_cond_timedwait(&waiter->wake, lock, &at);
}

/* Who was woken and not served takes for himself what is free, if he is the first. */
static void help_oneself(pqe_pool *pool, pqe_waiter *waiter, int64_t now, pqe_session **chain)
{
    bool first = pool->first_waiter == waiter;

    waiter->nudged = false;
    if (first) {
        waiter->granted = pqe_pool_pop(pool, now, chain);
    }
    if (waiter->granted != NULL) {
        dequeue(pool, waiter);
    }
    pqe_pool_serve(pool, now, chain);
}

/* On PQE_OK one of the waiter's two grants is set. */
static pqe_status wait_for_grant(pqe_pool *pool, pqe_waiter *waiter, pqe_deadline latest,
                                 pqe_session **chain, pqe_error *error)
{
    int64_t deadline = waiter->since + pool->engine->settings.config.pool_timeout_ms * 1000;
    int64_t begin = pqe_now_us();
    int64_t now = begin;

    deadline = latest < deadline ? latest : deadline;
    enqueue(pool, waiter);
    help_oneself(pool, waiter, now, chain);
    while (waiter->granted == NULL && !waiter->may_open) {
        int64_t until = deadline;

        if (atomic_load(&pool->closing)) {
            dequeue(pool, waiter);
            pthread_cond_broadcast(&pool->drained);
            return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
        }
        if (now >= deadline) {
            dequeue(pool, waiter);
            pool->counters.wait_us += (uint64_t)(now - begin);
            return exhausted(pool, now - waiter->since, now, error);
        }
        /* the end of a backoff is nobody's event but the waiters' own */
        if (pool->next_open_at > now && pool->next_open_at < until) {
            until = pool->next_open_at;
        }
        sleep_until(waiter, &pool->lock, until);
        now = pqe_now_us();
        if (waiter->granted == NULL && !waiter->may_open) {
            help_oneself(pool, waiter, now, chain);
        }
    }
    pool->counters.wait_us += (uint64_t)(now - begin);
    return PQE_OK;
}

pqe_status pqe_pool_wait(pqe_pool *pool, int64_t since, pqe_deadline latest, pqe_session **session,
                         bool *may_open, pqe_session **chain, pqe_error *error)
{
    pqe_waiter waiter = {.since = since};
    pthread_condattr_t attributes;
    pqe_status status;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&waiter.wake, &attributes);
    pthread_condattr_destroy(&attributes);
    status = wait_for_grant(pool, &waiter, latest, chain, error);
    pthread_cond_destroy(&waiter.wake);
    *session = waiter.granted;
    *may_open = waiter.may_open;
    return status;
}
