/*
 * exchange.c - the steps of a statement one by one, for streams and COPY
 */
#include "exchange.h"

#include <poll.h>

#include "cancel.h"
#include "error.h"

/* How long a statement that is not wanted any more may take to end by itself, and when cancelled. */
#define BY_ITSELF_MS 20
#define CANCELLED_MS 5000

static pqe_step wait_more(PGconn *connection, short events, pqe_deadline deadline)
{
    int ready = pqe_wait_socket(PQsocket(connection), events, deadline);

    return ready > 0 ? PQE_STEP_DONE : ready == 0 ? PQE_STEP_LATE : PQE_STEP_LOST;
}

pqe_step pqe_flush(PGconn *connection, pqe_deadline deadline)
{
    for (;;) {
        int unsent = PQflush(connection);
        pqe_step step;

        if (unsent <= 0) {
            return unsent == 0 ? PQE_STEP_DONE : PQE_STEP_LOST;
        }
        step = wait_more(connection, POLLIN | POLLOUT, deadline);
        if (step != PQE_STEP_DONE) {
            return step;
        }
        /* the server may wait for somebody to read what it says */
        if (!PQconsumeInput(connection)) {
            return PQE_STEP_LOST;
        }
    }
}

pqe_step pqe_next_result(PGconn *connection, pqe_deadline deadline, PGresult **result)
{
    *result = NULL;
    if (pqe_flush(connection, deadline) == PQE_STEP_LATE) {
        return PQE_STEP_LATE;
    }
    /* What a server that hung up has said before is still to be read. */
    while (PQisBusy(connection)) {
        pqe_step step = wait_more(connection, POLLIN, deadline);

        if (step != PQE_STEP_DONE) {
            return step;
        }
        if (!PQconsumeInput(connection)) {
            break;
        }
    }
    *result = PQgetResult(connection);
    return *result != NULL ? PQE_STEP_DONE : PQE_STEP_END;
}

pqe_step pqe_next_copy_bytes(PGconn *connection, pqe_deadline deadline, char **bytes,
                             size_t *length)
{
    for (;;) {
        int got = PQgetCopyData(connection, bytes, 1);
        pqe_step step;

        if (got > 0) {
            *length = (size_t)got;
            return PQE_STEP_DONE;
        }
        if (got < 0) {
            return got == -1 ? PQE_STEP_END : PQE_STEP_LOST;
        }
        step = wait_more(connection, POLLIN, deadline);
        if (step != PQE_STEP_DONE) {
            return step;
        }
        if (!PQconsumeInput(connection)) {
            return PQE_STEP_LOST;
        }
    }
}

/* Reads up to the end of the statement and throws it away. */
static pqe_step drain(PGconn *connection, pqe_deadline deadline)
{
    for (;;) {
        PGresult *result;
        pqe_step step = pqe_next_result(connection, deadline, &result);
        ExecStatusType status = PQresultStatus(result);
        char *bytes;
        size_t length;

        if (step != PQE_STEP_DONE) {
            return step;
        }
        PQclear(result);
        while (status == PGRES_COPY_OUT && step == PQE_STEP_DONE) {
            step = pqe_next_copy_bytes(connection, deadline, &bytes, &length);
            if (step == PQE_STEP_DONE) {
                PQfreemem(bytes);
            }
        }
        if (step == PQE_STEP_LATE || PQstatus(connection) == CONNECTION_BAD) {
            return step == PQE_STEP_LATE ? PQE_STEP_LATE : PQE_STEP_LOST;
        }
    }
}

/*
 * A cancel request that came too late for its statement may hit the next one.  The server has taken
 * it by the time the request's connection is closed, so that this round trip is the last one that
 * it can hit.
 */
static bool settle(PGconn *connection, pqe_deadline deadline)
{
    pqe_error error;
    pqe_status status = pqe_command(connection, "SELECT 1", deadline, &error);

    return (status == PQE_OK || status == PQE_ERR_QUERY) && PQstatus(connection) == CONNECTION_OK;
}

bool pqe_stop_statement(PGconn *connection)
{
    pqe_deadline deadline;

    if (drain(connection, pqe_deadline_in(BY_ITSELF_MS)) == PQE_STEP_END) {
        return PQstatus(connection) == CONNECTION_OK;
    }
    deadline = pqe_deadline_in(CANCELLED_MS);
    if (PQstatus(connection) == CONNECTION_OK && pqe_cancel(connection, deadline) &&
        drain(connection, deadline) == PQE_STEP_END && settle(connection, deadline)) {
        return true;
    }
    pqe_break(connection);
    return false;
}

bool pqe_stop_copy_in(PGconn *connection, const char *reason, pqe_error *error)
{
    pqe_deadline deadline = pqe_deadline_in(CANCELLED_MS);

    if (PQputCopyEnd(connection, reason) == 1 && pqe_flush(connection, deadline) == PQE_STEP_DONE) {
        (void)pqe_finish_statement(connection, deadline, NULL, error);
        return PQstatus(connection) == CONNECTION_OK;
    }
    pqe_error_from_connection(error, PQE_ERR_CONNECTION, connection, "the connection was lost",
                              true);
    pqe_break(connection);
    return false;
}
