/*
 * cancel.h - cancelling a running statement, and giving a connection up
 */
#ifndef PQE_CANCEL_H
#define PQE_CANCEL_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "connection.h"

/*
 * Asks the server to cancel what the connection is running, and returns whether the server has
 * taken the request before the deadline.  It does not wait for the statement to end.
 */
bool pqe_cancel(PGconn *connection, pqe_deadline deadline);

/*
 * Makes a connection unusable without waiting for anything: its socket is shut down, and libpq
 * finds that out at the next call.  PQfinish remains to be called.
 */
void pqe_break(PGconn *connection);

#endif /* PQE_CANCEL_H */
