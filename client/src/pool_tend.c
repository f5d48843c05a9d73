/*
 * pool_tend.c - what the health monitor does to the pool: retire, shrink, check, report
 */
#include <stdio.h>

#include "pool_books.h"

/* Warns once about each session that is held for too long. */
static void report_leaks(pqe_pool *pool)
{
    int64_t longest = pool->engine->settings.config.leak_warning_ms * 1000;
    int64_t now = pqe_now_us();
    const pqe_session *found;

    if (longest <= 0) {
        return;
    }
    do {
        char line[256];

        found = NULL;
        pthread_mutex_lock(&pool->lock);
        for (pqe_session *at = pool->all; at != NULL && found == NULL; at = at->next) {
            if (at->taken && !at->leak_reported && now - at->taken_at >= longest) {
                at->leak_reported = true;
                found = at;
                snprintf(line, sizeof(line),
                         "a connection (backend %d) is held by \"%s\" for %lld ms", at->backend_pid,
                         at->holder, (long long)((now - at->taken_at) / 1000));
            }
        }
        pthread_mutex_unlock(&pool->lock);
        if (found != NULL) {
            pqe_log(&pool->engine->settings, PQE_LOG_WARNING, "%s", line);
        }
    } while (found != NULL);
}

/* The free session whose last sign of life is oldest and too old, taken; or NULL. */
static pqe_session *take_unchecked(pqe_pool *pool, int64_t now)
{
    int64_t interval = pool->engine->settings.config.health_check_interval_ms * 1000;
    pqe_session *found = NULL;

    for (pqe_session *at = pool->oldest; at != NULL; at = at->newer) {
        int64_t sign = at->idle_since > at->checked_at ? at->idle_since : at->checked_at;

        if (now - sign >= interval) {
            found = at;
            break;
        }
    }
    if (found != NULL) {
        pqe_books_remove_free(pool, found);
        found->taken = true;
        found->taken_at = now;
        found->leak_reported = true;
        pqe_text_copy(found->holder, sizeof(found->holder), "the health monitor");
        pool->taken++;
    }
    return found;
}

/* Puts a session that has been checked back where it was: to the end that is used last. */
static void return_checked(pqe_pool *pool, pqe_session *session, int64_t now, pqe_session **chain)
{
    session->taken = false;
    session->checked_at = now;
    pool->taken--;
    if (session->broken) {
        pqe_books_begin_epoch(pool, session, chain);
    }
    if (pool->closing || pqe_books_is_due(pool, session, now)) {
        pqe_books_remove(pool, session);
        session->next = *chain;
        *chain = session;
        return;
    }
    pqe_books_push_oldest(pool, session);
}

/* One session at a time, so that the check takes nothing from those who work. */
static bool check_one(pqe_pool *pool)
{
    pqe_session *chain = NULL;
    pqe_session *session;
    int64_t now = pqe_now_us();

    pthread_mutex_lock(&pool->lock);
    session = pool->closing ? NULL : take_unchecked(pool, now);
    pthread_mutex_unlock(&pool->lock);
    if (session == NULL) {
        return false;
    }
    session->broken =
        !pqe_session_alive(session) || !pqe_session_ping(&pool->engine->settings, session);
    if (session->broken) {
        pqe_log(&pool->engine->settings, PQE_LOG_WARNING,
                "the connection to backend %d is broken and is replaced when needed",
                session->backend_pid);
    }
    now = pqe_now_us();
    pthread_mutex_lock(&pool->lock);
    return_checked(pool, session, now, &chain);
    pqe_pool_serve(pool, now, &chain);
    if (pool->closing) {
        pthread_cond_broadcast(&pool->drained);
    }
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
    return true;
}

void pqe_pool_tend(pqe_pool *pool)
{
    pqe_session *chain = NULL;
    int64_t now = pqe_now_us();

    pthread_mutex_lock(&pool->lock);
    for (pqe_session *at = pool->oldest; at != NULL;) {
        pqe_session *newer = at->newer;

        if (pqe_books_is_due(pool, at, now)) {
            pqe_books_doom(pool, at, &chain);
        }
        at = newer;
    }
    pqe_pool_shrink(pool, now, &chain);
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
    report_leaks(pool);
    for (bool more = true; more;) {
        more = check_one(pool);
    }
}
