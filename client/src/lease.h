/*
 * lease.h - the handles behind pqe_connection and pqe_transaction
 *
 * A lease stands between the caller's handle and the session.  Its memory belongs to the pool and
 * lives as long as the engine, and it is taken up again only after many others, so that a handle
 * used after its release is an error and not somebody else's session.
 */
#ifndef PQE_LEASE_H
#define PQE_LEASE_H

#include <stdatomic.h>

#include "engine.h"
#include "session.h"

struct pqe_slot;

/* With a stream open on it a lease is of another kind, so that nothing else can be done with it. */
typedef enum pqe_lease_kind {
    PQE_LEASE_CONNECTION,
    PQE_LEASE_TRANSACTION,
    PQE_LEASE_CONNECTION_STREAM,
    PQE_LEASE_TRANSACTION_STREAM,
    PQE_LEASE_KINDS
} pqe_lease_kind;

typedef enum pqe_lease_state {
    PQE_LEASE_FREE,
    PQE_LEASE_HELD,
    PQE_LEASE_IN_CALL,
    PQE_LEASE_REVOKED /* the engine was disposed of while it was held */
} pqe_lease_state;

typedef struct pqe_lease {
    struct pqe_pool *pool; /* these two never change */
    struct pqe_slot *slot;
    pqe_session *session; /* while it is held */
    atomic_uint state;    /* a pqe_lease_state, and above it the pqe_lease_kind */
} pqe_lease;

/* Takes a session from the pool and makes a lease of it. */
pqe_status pqe_lease_take(struct pqe_pool *pool, pqe_lease_kind kind, const char *who,
                          pqe_lease **lease, pqe_error *error);

/*
 * Begins a call on a lease: no other thread can until pqe_lease_leave.  Errors: PQE_ERR_STATE
 * (released or ended, in use by another thread, of another kind), PQE_ERR_DISPOSED.
 */
pqe_status pqe_lease_enter(pqe_lease *lease, pqe_lease_kind kind, pqe_session **session,
                           pqe_error *error);
void pqe_lease_leave(pqe_lease *lease);

/* Opens or closes a stream on a lease, within a call; returns the kind that it now is. */
pqe_lease_kind pqe_lease_set_stream(pqe_lease *lease, bool open);

/* Ends a lease within a call, in place of pqe_lease_leave: its session goes back to the pool. */
void pqe_lease_end(pqe_lease *lease);

/*
 * Takes the sessions of leases in no call away from them, for the pool to close; with its lock,
 * after it was marked as closing.
 */
void pqe_lease_revoke_all(struct pqe_pool *pool);

#endif /* PQE_LEASE_H */
