/*
 * cancel.h - cancelling a running statement, and giving a connection up
 */
#ifndef PQE_CANCEL_H
#define PQE_CANCEL_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "connection.h"

/*
 * A request to the server, on its way by a thread of its own.  NULL where it cannot be made.  The
 * connection must not be in use by another thread while it begins, and is not needed afterwards.
 */
typedef struct pqe_cancel_job pqe_cancel_job;
pqe_cancel_job *pqe_cancel_begin(PGconn *connection);

/*
 * Waits until the deadline for the server to take the request, and tells whether it has.  Frees the
 * job; the thread, where it needs longer, is left to itself.
 */
bool pqe_cancel_wait(pqe_cancel_job *job, pqe_deadline deadline);

/*
 * Both: asks the server to cancel what the connection is running, and returns whether the server has
 * taken the request before the deadline.  It does not wait for the statement to end.
 */
bool pqe_cancel(PGconn *connection, pqe_deadline deadline);

/*
 * Makes a connection unusable without waiting for anything: its socket is shut down, and libpq
 * finds that out at the next call.  PQfinish remains to be called.
 */
void pqe_break(PGconn *connection);

#endif /* PQE_CANCEL_H */
