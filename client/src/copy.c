/*
 * copy.c - COPY from and to the program
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "pipeline.h"
#include "pool.h"
#include "result.h"

/* So many bytes are asked for at once. */
#define READ_SIZE 65536

/* What a COPY has come to: a result, or a failure where that is NULL. */
typedef struct outcome {
    PGresult *result;
    pqe_error failure;
} outcome;

/* ---------------------------------------------------------------------------------------------- */
/* Both directions                                                                                */
/* ---------------------------------------------------------------------------------------------- */

static void lost(outcome *out, pqe_session *session)
{
    session->broken = true;
    pqe_error_from_connection(&out->failure, PQE_ERR_CONNECTION, session->pg,
                              "the connection was lost", true);
}

static void late(outcome *out, bool may_have_run)
{
    pqe_error_set(&out->failure, PQE_ERR_TIMEOUT, "the COPY took too long and was cancelled");
    out->failure.may_have_run = may_have_run;
}

/* The caller's function has failed: its own error counts, and has a message in any case. */
static void failed_by_caller(outcome *out, const char *side, pqe_status status,
                             const pqe_error *error)
{
    out->failure = *error;
    if (out->failure.message[0] == '\0') {
        pqe_error_set(&out->failure, status, "%s of the COPY returned %s", side,
                      pqe_status_name(status));
    }
    out->failure.code = status;
}

/* The end of the statement. */
static void finish(outcome *out, pqe_session *session, pqe_deadline deadline)
{
    if (pqe_finish_statement(session->pg, deadline, &out->result, &out->failure) != PQE_OK) {
        out->result = NULL;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* In                                                                                             */
/* ---------------------------------------------------------------------------------------------- */

/* Gives a COPY FROM STDIN up; the failure is known already. */
static void stop_in(pqe_session *session, const char *reason)
{
    pqe_error answer;

    if (!pqe_stop_copy_in(session->pg, reason, &answer)) {
        session->broken = true;
    }
}

/* Sends some bytes.  False: it has failed. */
static bool put(outcome *out, pqe_session *session, const char *bytes, size_t length,
                pqe_deadline deadline)
{
    pqe_step step;

    if (PQputCopyData(session->pg, bytes, (int)length) != 1) {
        /* the server may have said why */
        finish(out, session, deadline);
        if (out->result != NULL) {
            PQclear(out->result);
            out->result = NULL;
            lost(out, session);
        }
        return false;
    }
    step = pqe_flush(session->pg, deadline);
    if (step == PQE_STEP_LATE) {
        late(out, false);
        stop_in(session, "it took too long");
    } else if (step == PQE_STEP_LOST) {
        finish(out, session, deadline);
        if (out->result != NULL || out->failure.code != PQE_ERR_CONNECTION) {
            PQclear(out->result);
            out->result = NULL;
            lost(out, session);
        }
    }
    return step == PQE_STEP_DONE;
}

static void copy_in(outcome *out, pqe_session *session, const pqe_copy *copy, pqe_deadline deadline)
{
    char *buffer = malloc(READ_SIZE);
    size_t length;

    if (buffer == NULL) {
        pqe_error_no_memory(&out->failure);
        stop_in(session, "out of memory");
        return;
    }
    do {
        pqe_error error = PQE_ERROR_INIT;
        pqe_status status;

        length = 0;
        status = copy->read(copy->data, buffer, READ_SIZE, &length, &error);
        if (status == PQE_OK && length > READ_SIZE) {
            status = pqe_error_set(&error, PQE_ERR_INVALID_ARGUMENT,
                                   "read of the COPY returned %zu bytes, but there is room for %d",
                                   length, READ_SIZE);
        }
        if (status != PQE_OK) {
            failed_by_caller(out, "read", status, &error);
            stop_in(session, "its source has failed");
            free(buffer);
            return;
        }
        if (length > 0 && !put(out, session, buffer, length, deadline)) {
            free(buffer);
            return;
        }
    } while (length > 0);
    free(buffer);
    if (PQputCopyEnd(session->pg, NULL) != 1) {
        lost(out, session);
        return;
    }
    finish(out, session, deadline);
}

/* ---------------------------------------------------------------------------------------------- */
/* Out                                                                                            */
/* ---------------------------------------------------------------------------------------------- */

/* Gives a COPY TO STDOUT up; the failure is known already. */
static void stop_out(pqe_session *session)
{
    if (!pqe_stop_statement(session->pg)) {
        session->broken = true;
    }
}

static void copy_out(outcome *out, pqe_session *session, const pqe_copy *copy,
                     pqe_deadline deadline)
{
    for (;;) {
        char *bytes = NULL;
        size_t length = 0;
        pqe_error error = PQE_ERROR_INIT;
        pqe_step step = pqe_next_copy_bytes(session->pg, deadline, &bytes, &length);
        pqe_status status;

        if (step == PQE_STEP_LATE) {
            late(out, true);
            stop_out(session);
            return;
        }
        if (step != PQE_STEP_DONE) {
            /* the end, or what the server says about why there is no more */
            finish(out, session, deadline);
            return;
        }
        status = copy->write(copy->data, bytes, length, &error);
        PQfreemem(bytes);
        if (status != PQE_OK) {
            failed_by_caller(out, "write", status, &error);
            stop_out(session);
            return;
        }
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Running                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* The statement turned out to be something that this COPY is not. */
static void refuse(outcome *out, pqe_session *session, ExecStatusType status)
{
    switch (status) {
    case PGRES_COPY_IN:
        stop_in(session, "nothing to read from");
        pqe_error_set(&out->failure, PQE_ERR_INVALID_ARGUMENT,
                      "read is NULL, but the statement is COPY FROM STDIN");
        break;
    case PGRES_COPY_OUT:
        stop_out(session);
        pqe_error_set(&out->failure, PQE_ERR_INVALID_ARGUMENT,
                      "write is NULL, but the statement is COPY TO STDOUT");
        break;
    default:
        stop_out(session);
        pqe_error_set(&out->failure, PQE_ERR_INVALID_ARGUMENT,
                      "the statement was executed, but is no COPY FROM STDIN or COPY TO STDOUT");
        out->failure.may_have_run = true;
        break;
    }
}

static void execute(outcome *out, pqe_context *context, pqe_session *session, const pqe_copy *copy)
{
    const pqe_prepared_call *call = context->now.call;
    const pqe_encoded *params = &call->params;
    pqe_deadline deadline = pqe_pipeline_deadline(context);
    PGresult *first = NULL;
    ExecStatusType status;
    pqe_step step;

    pqe_session_note_sent(session, call->statement);
    if (!PQsendQueryParams(session->pg, call->statement->sql, params->count, params->types,
                           params->values, params->lengths, params->formats, 0)) {
        session->broken = true;
        pqe_error_from_connection(&out->failure, PQE_ERR_CONNECTION, session->pg,
                                  "cannot send the statement", false);
        return;
    }
    step = pqe_next_result(session->pg, deadline, &first);
    status = PQresultStatus(first);
    if (step == PQE_STEP_LATE) {
        late(out, true);
        stop_out(session);
    } else if (step != PQE_STEP_DONE) {
        lost(out, session);
    } else if (status == PGRES_COPY_IN && copy->read != NULL) {
        copy_in(out, session, copy, deadline);
    } else if (status == PGRES_COPY_OUT && copy->write != NULL) {
        copy_out(out, session, copy, deadline);
    } else if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT ||
               pqe_result_status(session->pg, first, &out->failure) == PQE_OK) {
        refuse(out, session, status);
    } else {
        stop_out(session);
    }
    PQclear(first);
}

/* One COPY on a session, through the pipeline.  Nothing is retried: bytes may have gone. */
static pqe_status copy_on_session(pqe_engine *engine, pqe_session *session, const pqe_copy *copy,
                                  uint64_t *rows, pqe_error *error)
{
    pqe_call call = PQE_CALL_INIT;
    pqe_context context;
    pqe_error failure;
    pqe_result *result = NULL;
    outcome out = {.result = NULL};
    pqe_status status;

    call.sql = copy->sql;
    call.timeout_ms = copy->timeout_ms;
    status = pqe_context_init(&context, engine, &call, false, &failure, error);
    if (status != PQE_OK) {
        return status;
    }
    context.own_retries = 0;
    context.in_transaction = true;
    if (pqe_refuse_transaction_control(&context, &out.failure) != PQE_OK) {
        pqe_context_fail(&context, &out.failure);
    } else if (pqe_pipeline_enter(&context) == PQE_FLOW_EXECUTE) {
        pqe_pipeline_before(&context, session);
        execute(&out, &context, session, copy);
        if (out.result == NULL) {
            pqe_error_statement(&out.failure, context.now.call->statement->sql);
            pqe_session_note_failure(session, &out.failure);
        }
        pqe_pipeline_after(&context, out.result, &out.failure);
        while (pqe_pipeline_leave(&context) == PQE_FLOW_RETRY) {
        }
    }
    status = pqe_context_finish(&context, &result, error);
    if (status == PQE_OK && rows != NULL) {
        *rows = pqe_result_affected(result);
    }
    pqe_result_free(result);
    return status;
}

static pqe_status check_copy(const pqe_copy *copy, pqe_error *error)
{
    if (copy == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "copy is NULL");
    }
    if (copy->version != PQE_COPY_VERSION) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "the copy has version %d, this library knows version %d; start from "
                             "PQE_COPY_INIT",
                             copy->version, PQE_COPY_VERSION);
    }
    if (copy->read == NULL && copy->write == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "read and write are both NULL");
    }
    return PQE_OK;
}

pqe_status pqe_copy_run(pqe_engine *engine, const pqe_copy *copy, uint64_t *rows, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);
    int64_t now = pqe_now_us();
    pqe_session *session;

    if (status == PQE_OK) {
        status = check_copy(copy, error);
    }
    if (status == PQE_OK) {
        status =
            pqe_pool_take(engine->pool, "pqe_copy_run", true, PQE_NEVER, &now, &session, error);
    }
    if (status == PQE_OK) {
        status = copy_on_session(engine, session, copy, rows, error);
        pqe_pool_give(engine->pool, session);
    }
    return status;
}

static pqe_status copy_on_handle(void *handle, pqe_lease_kind kind, const pqe_copy *copy,
                                 uint64_t *rows, pqe_error *error)
{
    pqe_lease *lease = handle;
    pqe_session *session;
    pqe_status status = check_copy(copy, error);

    if (status == PQE_OK) {
        status = pqe_lease_enter(lease, kind, &session, error);
    }
    if (status == PQE_OK) {
        status = copy_on_session(lease->pool->engine, session, copy, rows, error);
        pqe_lease_leave(lease);
    }
    return status;
}

pqe_status pqe_connection_copy(pqe_connection *connection, const pqe_copy *copy, uint64_t *rows,
                               pqe_error *error)
{
    return copy_on_handle(connection, PQE_LEASE_CONNECTION, copy, rows, error);
}

pqe_status pqe_transaction_copy(pqe_transaction *transaction, const pqe_copy *copy, uint64_t *rows,
                                pqe_error *error)
{
    return copy_on_handle(transaction, PQE_LEASE_TRANSACTION, copy, rows, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Ready-made                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

pqe_status pqe_copy_from_file(void *data, char *buffer, size_t size, size_t *length,
                              pqe_error *error)
{
    *length = fread(buffer, 1, size, data);
    if (*length < size && ferror(data)) {
        return pqe_error_set(error, PQE_ERR_IO, "the file to copy from cannot be read");
    }
    return PQE_OK;
}

pqe_status pqe_copy_to_file(void *data, const char *bytes, size_t length, pqe_error *error)
{
    if (fwrite(bytes, 1, length, data) != length) {
        return pqe_error_set(error, PQE_ERR_IO, "the file to copy to cannot be written");
    }
    return PQE_OK;
}

pqe_status pqe_copy_from_memory(void *data, char *buffer, size_t size, size_t *length,
                                pqe_error *error)
{
    pqe_copy_memory *memory = data;
    size_t left = memory->length - memory->used;

    (void)error;
    *length = left < size ? left : size;
    if (*length > 0) {
        memcpy(buffer, memory->bytes + memory->used, *length);
    }
    memory->used += *length;
    return PQE_OK;
}

pqe_status pqe_copy_to_memory(void *data, const char *bytes, size_t length, pqe_error *error)
{
    pqe_copy_memory *memory = data;

    if (length > memory->used - memory->length) {
        size_t room = (memory->length + length) * 2;
        char *grown = realloc(memory->bytes, room);

        if (grown == NULL) {
            return pqe_error_no_memory(error);
        }
        memory->bytes = grown;
        memory->used = room;
    }
    memcpy(memory->bytes + memory->length, bytes, length);
    memory->length += length;
    return PQE_OK;
}
