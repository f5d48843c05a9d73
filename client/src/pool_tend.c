/*
 * pool_tend.c - what the health monitor does to the pool: retire, shrink, check, fill up, report
 */
#include <stdio.h>
#include <time.h>

#include "pool_books.h"

/* Warns once about each session that is held for too long. */
static void report_leaks(pqe_pool *pool)
{
    int64_t longest = pool->engine->settings.config.leak_warning_ms * 1000;
    int64_t now = pqe_now_us();
    bool found = longest > 0;

    while (found) {
        char holder[64];
        char line[256];

        found = false;
        pthread_mutex_lock(&pool->lock);
        for (pqe_slot *at = pool->slots; at != NULL && !found; at = at->next) {
            int64_t held = now - atomic_load(&at->taken_at);

            if (at->session != NULL && (atomic_load(&at->state) & PQE_SLOT_FREE) == 0 &&
                held >= longest && !atomic_exchange(&at->leak_reported, true)) {
                found = true;
                pqe_slot_holder(at, holder);
                snprintf(line, sizeof(line),
                         "a connection (backend %d) is held by \"%s\" for %lld ms",
                         at->session->backend_pid, holder, (long long)(held / 1000));
            }
        }
        pthread_mutex_unlock(&pool->lock);
        if (found) {
            pqe_finding_add(&pool->engine->findings.leaks, 1);
            pqe_log(&pool->engine->settings, PQE_LOG_WARNING, "%s", line);
        }
    }
}

/* The free session whose last sign of life is oldest and too old, taken; or NULL. */
static pqe_session *take_unchecked(pqe_pool *pool, int64_t now)
{
    static const char who[] = "the health monitor";
    int64_t interval = pool->engine->settings.config.health_check_interval_ms * 1000;
    pqe_slot *at = pool->oldest;

    while (at != NULL) {
        int64_t idle_since = atomic_load(&at->idle_since);
        int64_t checked_at = atomic_load(&at->checked_at);
        pqe_slot *newer = at->newer;

        if (now - (idle_since > checked_at ? idle_since : checked_at) >= interval &&
            (atomic_load(&at->state) & PQE_SLOT_FREE) != 0 && pqe_books_claim(pool, at)) {
            pqe_slot_name_holder(at, who);
            atomic_store(&at->taken_at, now);
            atomic_store(&at->leak_reported, true);
            return at->session;
        }
        at = newer;
    }
    return NULL;
}

/* Puts a session that has been checked back where it was: to the end that is used last. */
static void return_checked(pqe_pool *pool, pqe_session *session, int64_t now, pqe_session **chain)
{
    pqe_slot *slot = session->slot;

    atomic_store(&slot->checked_at, now);
    if (session->broken) {
        pqe_books_begin_epoch(pool, session, chain);
    }
    if (atomic_load(&pool->closing) || pqe_books_is_due(pool, session, now)) {
        pqe_books_remove(pool, session, chain);
    } else {
        pqe_books_push_oldest(pool, slot);
    }
}

/* Whether a session lives, and is what it should be; reports what is not so. */
static void check_session(pqe_pool *pool, pqe_session *session)
{
    pqe_findings *findings = &pool->engine->findings;
    bool fit = pqe_session_alive(session) && pqe_session_ping(&pool->engine->settings, session);

    pqe_finding_add(&findings->checked, 1);
    if (fit) {
        return;
    }
    if (session->retired) {
        pqe_finding_add(&findings->demoted, 1);
        return;
    }
    session->broken = true;
    pqe_finding_add(&findings->broken, 1);
    pqe_log(&pool->engine->settings, PQE_LOG_WARNING,
            "the connection to backend %d is broken and is replaced", session->backend_pid);
}

/* One session at a time, so that the check takes nothing from those who work. */
static bool check_one(pqe_pool *pool)
{
    pqe_session *chain = NULL;
    pqe_session *session;
    int64_t now = pqe_now_us();

    pthread_mutex_lock(&pool->lock);
    session = atomic_load(&pool->closing) ? NULL : take_unchecked(pool, now);
    pthread_mutex_unlock(&pool->lock);
    if (session == NULL) {
        return false;
    }
    check_session(pool, session);
    now = pqe_now_us();
    pthread_mutex_lock(&pool->lock);
    return_checked(pool, session, now, &chain);
    pqe_pool_serve(pool, now, &chain);
    if (atomic_load(&pool->closing)) {
        pthread_cond_broadcast(&pool->drained);
    }
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
    return true;
}

/* Closes free sessions that are due. */
static void retire(pqe_pool *pool)
{
    pqe_session *chain = NULL;
    int64_t now = pqe_now_us();

    pthread_mutex_lock(&pool->lock);
    for (pqe_slot *at = pool->oldest; at != NULL;) {
        pqe_slot *newer = at->newer;

        /* a session is only looked at by whoever has it: what is known of a free one is its slot's */
        if ((atomic_load(&at->state) & PQE_SLOT_FREE) != 0 && pqe_books_claim(pool, at)) {
            if (pqe_books_is_due(pool, at->session, now)) {
                if (now >= at->session->expires_at) {
                    pqe_finding_add(&pool->engine->findings.expired, 1);
                }
                pqe_books_remove(pool, at->session, &chain);
            } else {
                pqe_books_put_back(pool, at, newer);
            }
        }
        at = newer;
    }
    pqe_pool_shrink(pool, now, &chain);
    pthread_mutex_unlock(&pool->lock);
    pqe_books_close_all(chain);
}

/*
 * Keeps pool_size sessions open, where they were opened at the start; not those of an engine whose
 * calls are asynchronous, which has connections of its own.
 */
static void fill_up(pqe_pool *pool)
{
    const pqe_config *config = &pool->engine->settings.config;
    pqe_error error;
    int opened;

    if (!config->connect_at_start || config->async) {
        return;
    }
    opened = pqe_pool_fill(pool, &error);
    pqe_finding_add(&pool->engine->findings.opened, (uint64_t)opened);
    if (error.code != PQE_OK) {
        pqe_log(&pool->engine->settings, PQE_LOG_DEBUG, "the pool cannot be filled up: %s",
                error.message);
    }
}

void pqe_pool_tend(pqe_pool *pool)
{
    pqe_findings *findings = &pool->engine->findings;
    struct timespec now;

    retire(pool);
    report_leaks(pool);
    for (bool more = true; more;) {
        more = check_one(pool);
    }
    fill_up(pool);
    clock_gettime(CLOCK_REALTIME, &now);
    pqe_finding_add(&findings->rounds, 1);
    atomic_store(&findings->last_round_at_us, (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}
