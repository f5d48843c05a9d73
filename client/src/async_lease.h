/*
 * async_lease.h - the handles behind pqe_async_connection and pqe_async_transaction
 *
 * As with the leases of the pool (lease.h), their memory lives as long as the engine and is taken up
 * again only after many others.
 */
#ifndef PQE_ASYNC_LEASE_H
#define PQE_ASYNC_LEASE_H

#include "async.h"

typedef struct pqe_async_lease {
    pqe_async *async; /* never changes */
    /* guarded by the lock of async */
    bool held;
    bool transaction;
    struct pqe_async_lease *next; /* among the free ones */

    /* the loop's own */
    struct pqe_link *link; /* NULL: the connection was lost */
    pqe_task_queue queue;  /* what is to be done on it */
    pqe_task *running;     /* the one that is being done */
    char holder[64];
    int64_t taken_at;
    bool leak_reported;
} pqe_async_lease;

/* A lease for a task that takes a connection; NULL where memory runs out.  In any thread. */
pqe_async_lease *pqe_async_lease_new(pqe_async *async, bool transaction, const char *who);

/*
 * Puts a task for a lease into the inbox.  ends: it is the last one.  Errors: PQE_ERR_STATE (the
 * handle was given back already), PQE_ERR_DISPOSED, PQE_ERR_QUEUE_FULL.  In any thread.
 */
pqe_status pqe_async_lease_submit(pqe_async_lease *lease, bool ends, pqe_task *task,
                                  pqe_error *error);

/* Whether the handle may be used: held, and of that kind. */
pqe_status pqe_async_lease_check(pqe_async_lease *lease, bool transaction, pqe_error *error);

/* A task has arrived for a lease. */
void pqe_async_lease_add(pqe_async_lease *lease, pqe_task *task);

/* Does what is queued, as far as the link is free. */
void pqe_async_lease_go_on(pqe_async_lease *lease);

/* A link was found for a task that takes one.  False: the link does not work. */
bool pqe_async_lease_begin(pqe_async_lease *lease, struct pqe_link *link, pqe_task *task);

/*
 * A task of a lease has ended, well (the result is taken) or not.  Tells the task's end and does what
 * follows from it for the lease.
 */
void pqe_async_lease_succeed(pqe_async_lease *lease, pqe_task *task, PGresult *pg);
void pqe_async_lease_fail(pqe_async_lease *lease, pqe_task *task, const pqe_error *error);

/* The link is lost: what is queued fails. */
void pqe_async_lease_lost(pqe_async_lease *lease);

/* The engine is disposed of: what is queued fails, and the link is free. */
void pqe_async_lease_revoke(pqe_async_lease *lease);

/* A task that takes a connection has got none: its lease is free again. */
void pqe_async_lease_drop(pqe_task *task);

void pqe_async_lease_free_all(pqe_async *async);

#endif /* PQE_ASYNC_LEASE_H */
