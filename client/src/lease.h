/*
 * lease.h - the handles behind pqe_connection and pqe_transaction
 *
 * A lease stands between the caller's handle and the session.  Its memory belongs to the pool and
 * lives as long as the engine, and it is taken up again only after many others, so that a handle
 * used after its release is an error and not somebody else's session.
 */
#ifndef PQE_LEASE_H
#define PQE_LEASE_H

#include "engine.h"
#include "session.h"

typedef enum pqe_lease_kind { PQE_LEASE_CONNECTION, PQE_LEASE_TRANSACTION } pqe_lease_kind;

typedef enum pqe_lease_state {
    PQE_LEASE_FREE,
    PQE_LEASE_HELD,
    PQE_LEASE_REVOKED /* the engine was disposed of while it was held */
} pqe_lease_state;

typedef struct pqe_lease {
    struct pqe_pool *pool; /* never changes */
    /* guarded by the pool's lock */
    pqe_lease_kind kind;
    pqe_lease_state state;
    bool in_call;
    pqe_session *session;
    struct pqe_lease *next; /* in the queue of free ones, or among those held */
    struct pqe_lease *previous;
} pqe_lease;

/* The pool's leases. */
typedef struct pqe_lease_store {
    struct pqe_lease_chunk *chunks;
    pqe_lease *first_free; /* the one that was free for longest */
    pqe_lease *last_free;
    size_t free_count;
    pqe_lease *held;
} pqe_lease_store;

/* Takes a session from the pool and makes a lease of it. */
pqe_status pqe_lease_take(struct pqe_pool *pool, pqe_lease_kind kind, const char *who,
                          pqe_lease **lease, pqe_error *error);

/*
 * Begins a call on a lease: no other thread can until pqe_lease_leave.  Errors: PQE_ERR_STATE
 * (released or ended, or in use by another thread), PQE_ERR_DISPOSED.
 */
pqe_status pqe_lease_enter(pqe_lease *lease, pqe_lease_kind kind, pqe_session **session,
                           pqe_error *error);
void pqe_lease_leave(pqe_lease *lease);

/* Ends a lease within a call, in place of pqe_lease_leave: its session goes back to the pool. */
void pqe_lease_end(pqe_lease *lease);

/* Takes the sessions of leases in no call away from them, for the pool to close; with its lock. */
void pqe_lease_revoke_all(struct pqe_pool *pool);

void pqe_lease_store_free(pqe_lease_store *store);

#endif /* PQE_LEASE_H */
