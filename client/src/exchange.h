/*
 * exchange.h - the steps of a statement one by one, for streams and COPY
 */
#ifndef PQE_EXCHANGE_H
#define PQE_EXCHANGE_H

#include "connection.h"

typedef enum pqe_step {
    PQE_STEP_DONE, /* it is done, or there is something */
    PQE_STEP_END,  /* there is no more */
    PQE_STEP_LATE, /* the deadline has passed */
    PQE_STEP_LOST  /* the connection is gone */
} pqe_step;

/* The next result of the statement that is running. */
pqe_step pqe_next_result(PGconn *connection, pqe_deadline deadline, PGresult **result);

/* Sends all that libpq still holds. */
pqe_step pqe_flush(PGconn *connection, pqe_deadline deadline);

/* The next rows of a COPY TO STDOUT, for PQfreemem.  After PQE_STEP_END its result is to be read. */
pqe_step pqe_next_copy_bytes(PGconn *connection, pqe_deadline deadline, char **bytes,
                             size_t *length);

/*
 * Gives up the statement that is running: reads on for a moment, then cancels it, so that the
 * connection is ready for the next one and no cancel request is under way any more.  A connection
 * on which that does not work is broken; false.
 */
bool pqe_stop_statement(PGconn *connection);

/* Gives up a COPY FROM STDIN; *error is then what the server says to it.  False as above. */
bool pqe_stop_copy_in(PGconn *connection, const char *reason, pqe_error *error);

#endif /* PQE_EXCHANGE_H */
