/*
 * stream.c - statements whose rows are read one after the other
 *
 * A stream is a call that stays in the middle of its way through the pipeline: opening it is the way
 * in, its end the way out.  Its session belongs to a lease, which refuses all else meanwhile; between
 * two calls on the stream the lease is in no call, so that pqe_dispose does not wait for it.
 */
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "libpq_compat.h"
#include "pipeline.h"
#include "pool.h"
#include "result.h"

/* The savepoint that makes an early end harmless to the transaction around it. */
#define SAVE "SAVEPOINT \"pqe stream\""
#define FORGET "RELEASE SAVEPOINT \"pqe stream\""
#define UNDO "ROLLBACK TO SAVEPOINT \"pqe stream\"; RELEASE SAVEPOINT \"pqe stream\""

/* The time for each of these. */
#define SAVEPOINT_MS 5000

struct pqe_stream {
    pqe_context context;
    pqe_error call_failure; /* the room of that */
    pqe_lease *lease;
    pqe_lease_kind kind; /* of the lease while the statement runs */
    bool own_lease;      /* taken from the pool for the stream */
    bool savepoint;      /* set before the statement */
    bool running;        /* the statement has not ended yet */
    pqe_result *rows;
    pqe_result *answer; /* of a middleware, in place of rows */
    pqe_error failure;  /* code PQE_OK: none so far */
};

/* ---------------------------------------------------------------------------------------------- */
/* The end                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* The way out: pg is the last result, or NULL where there is a failure.  Frees the context. */
static void leave_pipeline(pqe_stream *stream, PGresult *pg, const pqe_error *failure)
{
    pqe_result *result = NULL;

    pqe_pipeline_after(&stream->context, pg, failure);
    /* rows may have been read: nothing is done again */
    while (pqe_pipeline_leave(&stream->context) == PQE_FLOW_RETRY) {
    }
    if (pqe_context_finish(&stream->context, &result, &stream->failure) == PQE_OK) {
        pqe_error_clear(&stream->failure);
    }
    pqe_result_free(result);
    stream->running = false;
}

/* Ends the savepoint as the statement has ended; a transaction that has failed is left as it is. */
static void end_savepoint(pqe_stream *stream, pqe_session *session, bool given_up)
{
    pqe_error error;

    if (stream->savepoint && !session->broken &&
        (given_up || PQtransactionStatus(session->pg) == PQTRANS_INTRANS)) {
        if (pqe_command(session->pg, given_up ? UNDO : FORGET, pqe_deadline_in(SAVEPOINT_MS),
                        &error) != PQE_OK) {
            session->broken = true;
        }
    }
    stream->savepoint = false;
}

/* The statement has ended by itself. */
static void end_statement(pqe_stream *stream, pqe_session *session, PGresult *last,
                          pqe_error *failure)
{
    if (last == NULL) {
        pqe_error_statement(failure, stream->context.now.call->statement->sql);
        pqe_session_note_failure(session, failure);
    }
    leave_pipeline(stream, last, failure);
    end_savepoint(stream, session, false);
}

/* ---------------------------------------------------------------------------------------------- */
/* Opening                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status send_statement(pqe_stream *stream, pqe_session *session, pqe_error *error)
{
    const pqe_prepared_call *call = stream->context.now.call;
    const pqe_encoded *params = &call->params;
    bool in_transaction = PQtransactionStatus(session->pg) == PQTRANS_INTRANS;

    if (in_transaction) {
        pqe_status status =
            pqe_command(session->pg, SAVE, pqe_pipeline_deadline(&stream->context), error);

        if (status != PQE_OK) {
            return status;
        }
        stream->savepoint = true;
    }
    pqe_session_note_sent(session, call->statement);
    if (!PQsendQueryParams(session->pg, call->statement->sql, params->count, params->types,
                           params->values, params->lengths, params->formats, 0) ||
        !pqe_compat_stream_rows(session->pg)) {
        session->broken = true;
        return pqe_error_from_connection(error, PQE_ERR_CONNECTION, session->pg,
                                         "cannot send the statement", false);
    }
    stream->running = true;
    return PQE_OK;
}

/* Passes the pipeline up to the statement, on a lease that was entered. */
static pqe_status start(pqe_stream *stream, pqe_session *session)
{
    pqe_error failure;

    if (pqe_pipeline_enter(&stream->context) != PQE_FLOW_EXECUTE) {
        /* refused, or answered without the server */
        return pqe_context_finish(&stream->context, &stream->answer, &stream->failure);
    }
    pqe_pipeline_before(&stream->context, session);
    if (send_statement(stream, session, &failure) != PQE_OK) {
        end_statement(stream, session, NULL, &failure);
        return stream->failure.code;
    }
    return PQE_OK;
}

/* Makes a stream on a lease that was entered; NULL, with the error, where that fails. */
static pqe_stream *make(pqe_lease *lease, pqe_session *session, bool own_lease,
                        const pqe_call *call, pqe_error *error)
{
    pqe_stream *made = calloc(1, sizeof(*made));
    pqe_status status;

    if (made == NULL) {
        pqe_error_no_memory(error);
        return NULL;
    }
    made->lease = lease;
    made->own_lease = own_lease;
    status = pqe_context_init(&made->context, lease->pool->engine, call, false, &made->call_failure,
                              error);
    if (status == PQE_OK) {
        made->context.own_retries = 0;
        made->context.in_transaction = true; /* nothing is retried */
        if (pqe_refuse_transaction_control(&made->context, &made->failure) != PQE_OK) {
            pqe_context_fail(&made->context, &made->failure);
            status = pqe_context_finish(&made->context, NULL, error);
        } else {
            status = start(made, session);
            pqe_error_copy(error, &made->failure);
        }
    }
    if (status != PQE_OK) {
        free(made);
        return NULL;
    }
    return made;
}

/* Opens a stream on a lease that was entered, and leaves that. */
static pqe_status open_on(pqe_lease *lease, pqe_session *session, bool own_lease,
                          const pqe_call *call, pqe_stream **stream, pqe_error *error)
{
    pqe_error own;

    *stream = make(lease, session, own_lease, call, &own);
    if (*stream != NULL && (*stream)->running) {
        (*stream)->kind = pqe_lease_set_stream(lease, true);
    }
    if (own_lease && (*stream == NULL || !(*stream)->running)) {
        pqe_lease_end(lease);
    } else {
        pqe_lease_leave(lease);
    }
    if (*stream == NULL) {
        pqe_error_copy(error, &own);
        return own.code;
    }
    return pqe_error_clear(error);
}

static pqe_status check_open(const pqe_call *call, pqe_stream **stream, pqe_error *error)
{
    if (stream == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "stream is NULL");
    }
    *stream = NULL;
    return pqe_call_check(call, error);
}

pqe_status pqe_stream_open(pqe_engine *engine, const pqe_call *call, pqe_stream **stream,
                           pqe_error *error)
{
    pqe_status status = check_open(call, stream, error);
    pqe_session *session = NULL;
    pqe_lease *lease = NULL;

    if (status == PQE_OK) {
        status = pqe_engine_check(engine, error);
    }
    if (status == PQE_OK) {
        /* as for a transaction: the statement follows at once */
        status =
            pqe_lease_take(engine->pool, PQE_LEASE_TRANSACTION, "pqe_stream_open", &lease, error);
    }
    if (status == PQE_OK) {
        status = pqe_lease_enter(lease, PQE_LEASE_TRANSACTION, &session, error);
    }
    return status == PQE_OK ? open_on(lease, session, true, call, stream, error) : status;
}

static pqe_status open_on_handle(void *handle, pqe_lease_kind kind, const pqe_call *call,
                                 pqe_stream **stream, pqe_error *error)
{
    pqe_status status = check_open(call, stream, error);
    pqe_session *session = NULL;

    if (status == PQE_OK) {
        status = pqe_lease_enter(handle, kind, &session, error);
    }
    return status == PQE_OK ? open_on(handle, session, false, call, stream, error) : status;
}

pqe_status pqe_connection_stream(pqe_connection *connection, const pqe_call *call,
                                 pqe_stream **stream, pqe_error *error)
{
    return open_on_handle(connection, PQE_LEASE_CONNECTION, call, stream, error);
}

pqe_status pqe_transaction_stream(pqe_transaction *transaction, const pqe_call *call,
                                  pqe_stream **stream, pqe_error *error)
{
    return open_on_handle(transaction, PQE_LEASE_TRANSACTION, call, stream, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Reading                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* The stream has been cut off by pqe_dispose; its session is gone already. */
static void note_cut(pqe_stream *stream)
{
    pqe_error failure;

    pqe_error_set(&failure, PQE_ERR_DISPOSED, "the engine of this stream was disposed of");
    (void)pqe_context_finish(&stream->context, NULL, NULL);
    stream->running = false;
    stream->failure = failure;
}

/* The deadline has passed. */
static void time_out(pqe_stream *stream, pqe_session *session)
{
    pqe_error failure;

    pqe_error_set(&failure, PQE_ERR_TIMEOUT, "the statement took too long");
    failure.may_have_run = true;
    if (!pqe_stop_statement(session->pg)) {
        session->broken = true;
    }
    end_statement(stream, session, NULL, &failure);
}

/* A COPY, which has no rows for a stream; the connection is to be whole again. */
static void refuse_copy(pqe_session *session, ExecStatusType status, pqe_error *failure)
{
    bool whole =
        status == PGRES_COPY_IN
            ? pqe_stop_copy_in(session->pg, "COPY FROM STDIN is not possible here", failure)
            : pqe_stop_statement(session->pg);

    session->broken = session->broken || !whole;
    (void)pqe_copy_refused(failure);
}

/* What comes after the last rows: the end of the statement, good or bad. */
static void read_end(pqe_stream *stream, pqe_session *session, PGresult *last)
{
    ExecStatusType status = PQresultStatus(last);
    PGresult *more = NULL;
    pqe_error failure;

    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
        refuse_copy(session, status, &failure);
    }
    /* a server that goes down says so first, and hangs up then */
    while (last != NULL &&
           pqe_next_result(session->pg, pqe_deadline_in(SAVEPOINT_MS), &more) == PQE_STEP_DONE) {
        PQclear(more);
    }
    if (last == NULL) {
        pqe_error_from_connection(&failure, PQE_ERR_CONNECTION, session->pg,
                                  "the connection was lost", true);
        session->broken = true;
    } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
               pqe_result_status(session->pg, last, &failure) != PQE_OK) {
        PQclear(last);
        last = NULL;
    }
    end_statement(stream, session, last, &failure);
}

/* Reads the next rows of a statement that is running; *rows stays NULL at its end. */
static void read_rows(pqe_stream *stream, pqe_session *session)
{
    PGresult *pg;
    pqe_step step = pqe_next_result(session->pg, pqe_pipeline_deadline(&stream->context), &pg);

    if (step == PQE_STEP_LATE) {
        time_out(stream, session);
    } else if (step != PQE_STEP_DONE) {
        read_end(stream, session, NULL);
    } else if (pqe_compat_is_part(PQresultStatus(pg))) {
        if (pqe_result_wrap(pg, &stream->rows, &stream->failure) != PQE_OK) {
            pqe_error failure = stream->failure;

            if (!pqe_stop_statement(session->pg)) {
                session->broken = true;
            }
            end_statement(stream, session, NULL, &failure);
        }
    } else {
        read_end(stream, session, pg);
    }
}

/* Gives the session back where the statement has ended. */
static void leave_lease(pqe_stream *stream)
{
    pqe_lease *lease = stream->lease;

    if (stream->running) {
        pqe_lease_leave(lease);
        return;
    }
    (void)pqe_lease_set_stream(lease, false);
    if (stream->own_lease) {
        pqe_lease_end(lease);
    } else {
        pqe_lease_leave(lease);
    }
}

pqe_status pqe_stream_next(pqe_stream *stream, const pqe_result **rows, pqe_error *error)
{
    pqe_session *session;

    if (stream == NULL || rows == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             stream == NULL ? "stream" : "rows");
    }
    *rows = NULL;
    pqe_result_free(stream->rows);
    stream->rows = stream->answer;
    stream->answer = NULL;
    if (stream->running) {
        pqe_status status = pqe_lease_enter(stream->lease, stream->kind, &session, error);

        if (status == PQE_ERR_STATE) {
            return status; /* another thread is within a call on it */
        }
        if (status == PQE_OK) {
            read_rows(stream, session);
            leave_lease(stream);
        } else {
            note_cut(stream);
        }
    }
    if (stream->failure.code != PQE_OK) {
        pqe_error_copy(error, &stream->failure);
        return stream->failure.code;
    }
    *rows = pqe_result_rows(stream->rows) > 0 ? stream->rows : NULL;
    return pqe_error_clear(error);
}

/* Ends a statement of which not all rows were read. */
static void give_up(pqe_stream *stream, pqe_session *session)
{
    pqe_error failure;
    bool stopped = pqe_stop_statement(session->pg);

    if (!stopped) {
        session->broken = true;
    }
    end_savepoint(stream, session, true);
    /* it counts as a call that went well: its rows were wanted so far and no further */
    leave_pipeline(stream, PQmakeEmptyPGresult(session->pg, PGRES_TUPLES_OK), &failure);
}

pqe_status pqe_stream_close(pqe_stream *stream, pqe_error *error)
{
    pqe_session *session;
    pqe_status status = pqe_error_clear(error);

    if (stream == NULL) {
        return PQE_OK;
    }
    if (stream->running) {
        status = pqe_lease_enter(stream->lease, stream->kind, &session, error);
        if (status == PQE_OK) {
            give_up(stream, session);
            leave_lease(stream);
        } else if (status == PQE_ERR_STATE) {
            /* another thread is within a call on it, which would find it gone */
            return status;
        } else {
            note_cut(stream);
            status = pqe_error_clear(error);
        }
    }
    pqe_result_free(stream->rows);
    pqe_result_free(stream->answer);
    free(stream);
    return status;
}
