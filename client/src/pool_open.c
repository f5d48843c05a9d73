/*
 * pool_open.c - opening the pool's sessions
 */
#include "pool_open.h"

#include <string.h>

#include "pool_books.h"
#include "thread.h"

/* So many connections are opened at once at most, however many callers wait. */
#define MOST_OPENING 8

/* After a failed attempt to connect the next waits for so long, doubled for each further one. */
#define FIRST_BACKOFF_US 20000
#define LAST_BACKOFF_US 1000000

/* xorshift64*: jitter needs no better. */
static double next_random(pqe_pool *pool)
{
    pool->random ^= pool->random >> 12;
    pool->random ^= pool->random << 25;
    pool->random ^= pool->random >> 27;
    return (double)((pool->random * UINT64_C(2685821657736338717)) >> 11) /
           (double)(UINT64_C(1) << 53);
}

/* A full server is asked by one at a time: it gives nothing to the others either. */
static int most_opening(const pqe_pool *pool)
{
    bool full = pool->last_failure.code != PQE_OK && pqe_connect_was_full(&pool->last_failure);

    return full ? 1 : MOST_OPENING;
}

bool pqe_pool_may_open(const pqe_pool *pool, int64_t now)
{
    return !atomic_load(&pool->closing) &&
           pool->total < pool->engine->settings.config.max_pool_size &&
           pool->opening < most_opening(pool) && now >= pool->next_open_at;
}

bool pqe_pool_has_open(const pqe_pool *pool)
{
    return pool->total > pool->opening;
}

void pqe_pool_begin_opening(pqe_pool *pool)
{
    pool->total++;
    pool->opening++;
}

/* An attempt to open a session has failed; call with the lock. */
static void note_failure(pqe_pool *pool, const pqe_error *failure, int64_t now)
{
    int64_t backoff = FIRST_BACKOFF_US;

    pool->total--;
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

/* Call with the lock.  False where memory runs out. */
static bool note_opened(pqe_pool *pool, pqe_session *session, uint64_t epoch, int64_t now)
{
    const pqe_config *config = &pool->engine->settings.config;

    session->epoch = epoch;
    session->expires_at = PQE_NEVER;
    if (config->pool_recycle_ms > 0) {
        double part = 1.0 - next_random(pool) * config->pool_recycle_jitter / 100.0;

        session->expires_at = now + (int64_t)((double)config->pool_recycle_ms * part * 1000.0);
    }
    if (!pqe_books_add(pool, session)) {
        return false;
    }
    pool->failures = 0;
    pool->next_open_at = 0;
    pool->last_failure.code = PQE_OK;
    pool->counters.opened++;
    atomic_store_explicit(&session->slot->checked_at, now, memory_order_relaxed);
    return true;
}

pqe_status pqe_pool_open(pqe_pool *pool, bool patient, pqe_session **session, pqe_error *error)
{
    pqe_session *chain = NULL;
    pqe_error failure;
    uint64_t epoch = atomic_load(&pool->epoch);
    pqe_status status = patient ? pqe_session_open(&pool->engine->settings, session, &failure)
                                : pqe_session_try_open(&pool->engine->settings, session, &failure);
    int64_t now = pqe_now_us();

    pthread_mutex_lock(&pool->lock);
    pool->opening--;
    if (status == PQE_OK && !note_opened(pool, *session, epoch, now)) {
        (*session)->next = NULL;
        chain = *session;
        *session = NULL;
        status = pqe_error_no_memory(&failure);
    }
    if (status != PQE_OK) {
        note_failure(pool, &failure, now);
    }
    pqe_pool_serve(pool, now, &chain);
    if (atomic_load(&pool->closing)) {
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

/* ---------------------------------------------------------------------------------------------- */
/* Filling                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

typedef struct filler {
    pqe_pool *pool;
    pthread_t thread;
    bool started;
    int opened;
    pqe_status status;
    pqe_error error;
} filler;

/* Opens one session after the other until there are enough, or one cannot be opened. */
static void *fill(void *argument)
{
    filler *self = argument;
    pqe_pool *pool = self->pool;

    for (;;) {
        pqe_session *session;
        bool wanted;

        pthread_mutex_lock(&pool->lock);
        wanted = pool->total < pool->engine->settings.config.pool_size &&
                 pqe_pool_may_open(pool, pqe_now_us());
        if (wanted) {
            pqe_pool_begin_opening(pool);
        }
        pthread_mutex_unlock(&pool->lock);
        if (!wanted) {
            return NULL;
        }
        self->status = pqe_pool_open(pool, false, &session, &self->error);
        if (self->status != PQE_OK) {
            return NULL;
        }
        pqe_pool_give(pool, session);
        self->opened++;
    }
}

int pqe_pool_fill(pqe_pool *pool, pqe_error *error)
{
    filler fillers[MOST_OPENING];
    int missing;
    int opened = 0;

    pqe_error_clear(error);
    pthread_mutex_lock(&pool->lock);
    missing = pool->engine->settings.config.pool_size - pool->total;
    pthread_mutex_unlock(&pool->lock);
    if (missing <= 0) {
        return 0;
    }
    for (int i = 0; i < MOST_OPENING; i++) {
        fillers[i].pool = pool;
        fillers[i].opened = 0;
        fillers[i].status = PQE_OK;
        /* the caller's own thread is one of them; where no other can be had it does for all */
        fillers[i].started =
            i > 0 && i < missing && pqe_thread_start(&fillers[i].thread, fill, &fillers[i]) == 0;
    }
    (void)fill(&fillers[0]);
    for (int i = 0; i < MOST_OPENING; i++) {
        if (fillers[i].started) {
            pthread_join(fillers[i].thread, NULL);
        }
        opened += fillers[i].opened;
        if (fillers[i].status != PQE_OK) {
            pqe_error_copy(error, &fillers[i].error);
        }
    }
    return opened;
}
