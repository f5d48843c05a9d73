/*
 * connection.h - opening a libpq connection and running statements on it under a deadline
 *
 * These functions know libpq and the settings, and nothing of the pool.  Whoever needs a session of
 * his own beside the pool (ensure_database, migrations) opens one here and ends it with PQfinish.
 */
#ifndef PQE_CONNECTION_H
#define PQE_CONNECTION_H

#include <libpq-fe.h>

#include "config.h"

/* A point on the monotonic clock, in microseconds; PQE_NEVER: no deadline. */
typedef int64_t pqe_deadline;
#define PQE_NEVER INT64_MAX

int64_t pqe_now_us(void);
/* The same clock at its last tick, some milliseconds late at most, which costs next to nothing. */
int64_t pqe_coarse_now_us(void);
/* How far the wall clock is ahead of it. */
int64_t pqe_wall_clock_offset_us(void);
/* The point that lies that many milliseconds ahead; PQE_NEVER for 0 and less. */
pqe_deadline pqe_deadline_in(int64_t milliseconds);

/* Waits for a socket, with the events of poll(); 1: ready, 0: the deadline has passed, -1: poll failed. */
int pqe_wait_socket(int socket, short events, pqe_deadline deadline);

/*
 * Opens a connection within connection_timeout_ms.  Its search_path, encoding and the like are as
 * the settings say; notices are dropped (debug: logged).
 *
 *   database   another database than the configured one, or NULL
 *
 * Errors: PQE_ERR_CONNECTION, PQE_ERR_AUTH, PQE_ERR_DATABASE_NOT_FOUND, PQE_ERR_TIMEOUT, with the
 * server's sqlstate where it sent one.  A server that is starting up or out of connections is tried
 * again until the time is over.
 */
pqe_status pqe_connect(const pqe_settings *settings, const char *database, PGconn **connection,
                       pqe_error *error);

/* The same without that: one attempt. */
pqe_status pqe_connect_once(const pqe_settings *settings, const char *database, PGconn **connection,
                            pqe_error *error);

/*
 * Whether an attempt has failed for what passes: the server was starting up, or it was full, having
 * no connection left for this database and role; and whether it was full.
 */
bool pqe_connect_may_pass(const pqe_error *failure);
bool pqe_connect_was_full(const pqe_error *failure);

/*
 * Runs one statement by the extended protocol with text parameters (NULL: SQL NULL; their types are
 * left to the server) and waits for its result until the deadline.  When that has passed the
 * statement is cancelled and PQE_ERR_TIMEOUT returned; PQstatus then tells whether the connection
 * survived.
 *
 *   result   set to the result with status PGRES_TUPLES_OK or PGRES_COMMAND_OK, for PQclear; may be
 *            NULL.  NULL on failure.
 *
 * Errors: PQE_ERR_QUERY with all the server said, PQE_ERR_CONNECTION, PQE_ERR_TIMEOUT.
 */
pqe_status pqe_run_query(PGconn *connection, const char *sql, int parameter_count,
                         const char *const *parameters, pqe_deadline deadline, PGresult **result,
                         pqe_error *error);

/*
 * A value of the answer to a question of our own; "" where it is NULL, and where what calls itself a
 * server has answered without such a row or column.
 */
const char *pqe_answer_value(const PGresult *result, int row, int column);

/*
 * Runs one or several statements by the simple protocol, which is what commands that refuse to run
 * in a transaction block need when sent alone, and what a text of several statements needs.
 */
pqe_status pqe_command(PGconn *connection, const char *sql, pqe_deadline deadline,
                       pqe_error *error);

/*
 * The second half of the two above, for a statement that was sent by one of libpq's PQsend
 * functions: waits for its end until the deadline, cancels it then, and reads everything, so that
 * the connection is ready for the next one.
 */
pqe_status pqe_finish_statement(PGconn *connection, pqe_deadline deadline, PGresult **result,
                                pqe_error *error);

/*
 * What a statement came to, by its last result: PQE_OK, PQE_ERR_QUERY with all the server said, or
 * PQE_ERR_CONNECTION where the connection did not survive it.
 */
pqe_status pqe_result_status(const PGconn *connection, const PGresult *result, pqe_error *error);

/* The error of a COPY from or to the client where only statements can be executed. */
pqe_status pqe_copy_refused(pqe_error *error);

#endif /* PQE_CONNECTION_H */
