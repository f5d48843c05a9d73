/*
 * pool.h - the pool of sessions
 *
 * Free sessions are used last in, first out, so that those not needed grow old and can be closed;
 * callers that must wait are served first come, first served.  Sessions are opened, checked, reset
 * and closed outside the lock.
 *
 * A thread that takes and gives back again and again does so without the lock: it first tries the
 * session that it gave back last, if that was a moment ago.
 */
#ifndef PQE_POOL_H
#define PQE_POOL_H

#include <pthread.h>
#include <stdatomic.h>

#include "engine.h"
#include "lease.h"
#include "session.h"
#include "slot.h"
#include "thread.h"

/* A caller that waits. */
typedef struct pqe_waiter {
    pthread_cond_t wake;
    int64_t since;
    bool nudged;          /* told that there may be something to take */
    pqe_session *granted; /* a session handed over */
    bool may_open;        /* or the right to open one */
    struct pqe_waiter *next;
} pqe_waiter;

/* Where a thread, by its seat, finds the slot that it gave back last. */
typedef struct pqe_hint {
    _Alignas(64) _Atomic(pqe_slot *) slot;
} pqe_hint;

typedef struct pqe_pool {
    pqe_engine *engine;
    atomic_bool closing;        /* set with the lock */
    atomic_int waiting;         /* callers in the queue; changes with the lock */
    atomic_uint_fast64_t epoch; /* goes up, with the lock, when a session was found broken */
    pqe_hint hints[PQE_SEATS];

    pthread_mutex_t lock; /* guards everything below */

    pthread_cond_t drained; /* something changed that whoever closes the pool waits for */
    int total;              /* sessions open or being opened */
    int opening;            /* of them being opened */
    pqe_slot *slots;        /* all */
    pqe_slot *newest;       /* the free list: last in */
    pqe_slot *oldest;       /* and first in */
    pqe_waiter *first_waiter;
    pqe_waiter *last_waiter;
    int failures;           /* attempts to connect that failed in a row */
    int64_t next_open_at;   /* no attempt before: backoff after a failure */
    pqe_error last_failure; /* to connect; code PQE_OK where there was none */
    uint64_t random;        /* state of the generator for jitter */
    pqe_pool_metrics counters;
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
 *   now            the time, which a coarse clock may have told where no statement follows at once;
 *                  goes on where the taking takes a while
 */
pqe_status pqe_pool_take(pqe_pool *pool, const char *who, bool about_to_send, pqe_deadline deadline,
                         int64_t *now, pqe_session **session, pqe_error *error);

/* Gives a session back: resets it, and keeps or closes it. */
void pqe_pool_give(pqe_pool *pool, pqe_session *session);

/*
 * Opens sessions until there are pool_size, several at a time; none while callers wait for the
 * server to come back.  Returns how many were opened; error is that of one that could not be.
 */
int pqe_pool_fill(pqe_pool *pool, pqe_error *error);

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

/* Takes a session away from a holder that is known not to use it; call with the lock. */
void pqe_pool_abandon(pqe_pool *pool, pqe_slot *slot);

/* One round of the health monitor. */
void pqe_pool_tend(pqe_pool *pool);

/* Reads the gauges and counters, or sets the counters to 0. */
void pqe_pool_metrics_read(pqe_pool *pool, pqe_pool_metrics *metrics);
void pqe_pool_metrics_reset(pqe_pool *pool);

/* The name of a slot's holder. */
void pqe_slot_name_holder(pqe_slot *slot, const char *who);
void pqe_slot_holder(const pqe_slot *slot, char name[64]);

#endif /* PQE_POOL_H */
