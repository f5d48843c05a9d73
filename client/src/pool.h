/*
 * pool.h - the pool of sessions
 *
 * Free sessions are used last in, first out, so that those not needed grow old and can be closed;
 * callers that must wait are served first come, first served.  Sessions are opened, checked, reset
 * and closed outside the lock.
 */
#ifndef PQE_POOL_H
#define PQE_POOL_H

#include <pthread.h>

#include "engine.h"
#include "lease.h"
#include "session.h"

/* A caller that waits. */
typedef struct pqe_waiter {
    pthread_cond_t wake;
    pqe_session *granted; /* a session handed over */
    bool may_open;        /* or the right to open one */
    struct pqe_waiter *next;
} pqe_waiter;

typedef struct pqe_pool {
    pqe_engine *engine;
    pthread_mutex_t lock; /* guards everything below */

    bool closing;
    pthread_cond_t drained; /* no session is taken any more, while closing */
    int total;              /* sessions open or being opened */
    int opening;            /* of them being opened */
    int taken;              /* of them taken */
    int idle;               /* of them free */
    pqe_session *all;       /* every open session */
    pqe_session *newest;    /* the free list: last in */
    pqe_session *oldest;    /* and first in */
    pqe_waiter *first_waiter;
    pqe_waiter *last_waiter;
    int waiting;
    uint64_t epoch;         /* goes up when a session was found broken */
    int failures;           /* attempts to connect that failed in a row */
    int64_t next_open_at;   /* no attempt before: backoff after a failure */
    pqe_error last_failure; /* to connect; code PQE_OK where there was none */
    uint64_t random;        /* state of the generator for jitter */
    pqe_pool_metrics counters;
    pqe_lease_store leases;
} pqe_pool;

pqe_status pqe_pool_new(pqe_engine *engine, pqe_pool **pool, pqe_error *error);

/*
 * Takes a session.  It was not seen to be broken, and where pool_pre_ping is on it has just
 * answered.
 *
 *   who            the holder's name or NULL
 *   about_to_send  a statement follows at once: a session that has ended is noticed now, when
 *                  another can still take its place, and not by the statement
 *   deadline       earlier than the end of pool_timeout_ms: PQE_ERR_POOL_TIMEOUT comes then
 */
pqe_status pqe_pool_take(pqe_pool *pool, const char *who, bool about_to_send, pqe_deadline deadline,
                         pqe_session **session, pqe_error *error);

/* Gives a session back: resets it, and keeps or closes it. */
void pqe_pool_give(pqe_pool *pool, pqe_session *session);

/*
 * Refuses all further use, waits for the sessions that are in a call, and closes all.  Leases that
 * are in no call are revoked, and named in the log.
 */
void pqe_pool_close(pqe_pool *pool);

/* Frees a pool that was closed.  NULL is ignored. */
void pqe_pool_free(pqe_pool *pool);

/*
 * Serves waiters in their order as long as there is something to give: to be called, with the
 * lock, after whatever may have made a session free or room for one.  Sessions to be closed go to
 * the chain; see pool_books.h.
 */
void pqe_pool_serve(pqe_pool *pool, int64_t now, pqe_session **chain);

/* Dooms free sessions beyond pool_size that were not used for long; call with the lock. */
void pqe_pool_shrink(pqe_pool *pool, int64_t now, pqe_session **chain);

/* One round of the health monitor. */
void pqe_pool_tend(pqe_pool *pool);

/* Reads the gauges and counters, or sets the counters to 0. */
void pqe_pool_metrics_read(pqe_pool *pool, pqe_pool_metrics *metrics);
void pqe_pool_metrics_reset(pqe_pool *pool);

#endif /* PQE_POOL_H */
