/*
 * query.c - executing statements: on the pool, and on a connection that was acquired
 */
#include "query.h"

#include <string.h>
#include <time.h>

#include "metrics.h"
#include "pool.h"
#include "result.h"
#include "trace.h"

pqe_status pqe_call_check(const pqe_call *call, pqe_error *error)
{
    if (call == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "call is NULL");
    }
    if (call->version != PQE_CALL_VERSION) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "the call has version %d, this library knows version %d; start from "
                             "PQE_CALL_INIT",
                             call->version, PQE_CALL_VERSION);
    }
    if (call->to_sql != NULL) {
        if (call->sql != NULL || call->params != NULL || call->param_count > 0) {
            return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                                 "the call has both to_sql and %s; the one writes the other",
                                 call->sql != NULL ? "sql" : "params");
        }
        return PQE_OK;
    }
    if (call->sql == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "sql is NULL");
    }
    if (call->params == NULL && call->param_count > 0) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "params is NULL, but param_count %zu",
                             call->param_count);
    }
    return PQE_OK;
}

/* Reads the statement, which an object may have to write first. */
static pqe_status read_call(pqe_prepared_call *prepared, pqe_error *error)
{
    static const pqe_sql nothing = PQE_SQL_INIT;
    pqe_call *call = &prepared->call;
    pqe_status status;

    prepared->written = nothing;
    if (call->to_sql == NULL) {
        return pqe_statement_read(&prepared->statement, call->sql, error);
    }
    status = pqe_sql_write(&prepared->written, call->to_sql, call->object, error);
    if (status == PQE_OK) {
        call->sql = prepared->written.text.data;
        call->params = prepared->written.params;
        call->param_count = prepared->written.param_count;
        status = pqe_statement_read_as_is(&prepared->statement, call->sql, error);
    }
    if (status != PQE_OK) {
        pqe_sql_free(&prepared->written);
    }
    return status;
}

pqe_status pqe_call_prepare(pqe_prepared_call *prepared, const pqe_call *given, pqe_error *error)
{
    const pqe_call *call = &prepared->call;
    pqe_status status = pqe_call_check(given, error);

    if (status != PQE_OK) {
        return status;
    }
    prepared->call = *given;
    status = read_call(prepared, error);
    if (status != PQE_OK) {
        return status;
    }
    if (prepared->statement.parameter_count != call->param_count) {
        size_t wanted = prepared->statement.parameter_count;

        pqe_error_set(
            error, PQE_ERR_PARAMETER, "the statement has %zu parameter%s, but %zu %s given", wanted,
            wanted == 1 ? "" : "s", call->param_count, call->param_count == 1 ? "was" : "were");
        pqe_error_statement(error, call->sql);
        pqe_statement_free(&prepared->statement);
        pqe_sql_free(&prepared->written);
        return PQE_ERR_PARAMETER;
    }
    status = pqe_encode(&prepared->params, call->params, call->param_count, error);
    if (status != PQE_OK) {
        pqe_error_statement(error, call->sql);
        pqe_statement_free(&prepared->statement);
        pqe_sql_free(&prepared->written);
    }
    return status;
}

pqe_status pqe_refuse_transaction_control(const pqe_prepared_call *prepared, pqe_error *error)
{
    if (!prepared->statement.controls_transaction) {
        return PQE_OK;
    }
    pqe_error_set(error, PQE_ERR_STATE,
                  "a transaction cannot begin or end on a connection that goes back to the pool at "
                  "once");
    pqe_error_hint(error, "Use pqe_transaction_begin, or pqe_acquire and pqe_connection_execute.");
    pqe_error_statement(error, prepared->call.sql);
    return PQE_ERR_STATE;
}

void pqe_call_free(pqe_prepared_call *prepared)
{
    pqe_encoded_free(&prepared->params);
    pqe_statement_free(&prepared->statement);
    pqe_sql_free(&prepared->written);
}

void pqe_describe_timeout(int64_t timeout_ms, pqe_error *error)
{
    char sqlstate[6];
    bool may_have_run = error->may_have_run;
    char statement[sizeof(error->statement)];

    memcpy(sqlstate, error->sqlstate, sizeof(sqlstate));
    memcpy(statement, error->statement, sizeof(statement));
    pqe_error_set(error, PQE_ERR_TIMEOUT,
                  "the statement took longer than %lld ms and was cancelled",
                  (long long)timeout_ms);
    memcpy(error->sqlstate, sqlstate, sizeof(sqlstate));
    memcpy(error->statement, statement, sizeof(statement));
    error->may_have_run = may_have_run;
}

static uint64_t rows_of(const pqe_result *result)
{
    size_t rows = pqe_result_rows(result);

    return rows > 0 ? rows : pqe_result_affected(result);
}

pqe_status pqe_call_run(pqe_engine *engine, pqe_session *session, const pqe_prepared_call *prepared,
                        pqe_result **result, pqe_error *error)
{
    int64_t timeout_ms = prepared->call.timeout_ms >= 0 ? prepared->call.timeout_ms
                                                        : engine->settings.config.query_timeout_ms;
    int64_t started = pqe_now_us();
    PGresult *pg = NULL;
    pqe_result *made = NULL;
    pqe_error own;
    pqe_status status;
    int64_t ended;

    status =
        pqe_session_execute(session, &prepared->statement, &prepared->params,
                            timeout_ms > 0 ? started + timeout_ms * 1000 : PQE_NEVER, &pg, &own);
    if (status == PQE_ERR_TIMEOUT) {
        pqe_describe_timeout(timeout_ms, &own);
    }
    if (status == PQE_OK) {
        status = pqe_result_wrap(pg, &made, &own);
    }
    ended = pqe_now_us();
    pqe_counters_add(engine->counters, prepared->statement.kind, status == PQE_OK, rows_of(made),
                     (uint64_t)(ended - started));
    pqe_tracer_add(engine->tracer, prepared, session->backend_pid, ended - started, rows_of(made),
                   status == PQE_OK ? NULL : &own);
    if (status != PQE_OK) {
        pqe_error_copy(error, &own);
        return status;
    }
    if (result != NULL) {
        *result = made;
    } else {
        pqe_result_free(made);
    }
    return pqe_error_clear(error);
}

/* ---------------------------------------------------------------------------------------------- */
/* On the pool                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

bool pqe_is_safe_to_retry(const pqe_call *call, const pqe_error *failure)
{
    if (strcmp(failure->sqlstate, "40001") == 0 || strcmp(failure->sqlstate, "40P01") == 0) {
        return true;
    }
    return failure->code == PQE_ERR_CONNECTION && (!failure->may_have_run || call->idempotent);
}

int64_t pqe_retry_delay_ms(const pqe_engine *engine, int attempt)
{
    int64_t delay_ms = engine->settings.config.retry_delay_ms;

    for (int i = 0; i < attempt && delay_ms < 60000; i++) {
        delay_ms *= 2;
    }
    return delay_ms;
}

static void pause_before_retry(const pqe_engine *engine, int attempt)
{
    int64_t delay_ms = pqe_retry_delay_ms(engine, attempt);
    struct timespec pause;

    pause.tv_sec = delay_ms / 1000;
    pause.tv_nsec = delay_ms % 1000 * 1000000;
    nanosleep(&pause, NULL);
}

static pqe_status run_on_pool(pqe_engine *engine, const pqe_prepared_call *prepared,
                              pqe_result **result, pqe_error *error)
{
    pqe_session *session;
    pqe_status status = pqe_pool_take(engine->pool, "pqe_execute", true, &session, error);

    if (status == PQE_OK) {
        status = pqe_call_run(engine, session, prepared, result, error);
        pqe_pool_give(engine->pool, session);
    }
    return status;
}

pqe_status pqe_execute_call(pqe_engine *engine, const pqe_call *call, pqe_result **result,
                            pqe_error *error)
{
    pqe_prepared_call prepared;
    pqe_error failure;
    pqe_status status;
    int retries;

    if (result != NULL) {
        *result = NULL;
    }
    status = pqe_engine_check(engine, error);
    if (status == PQE_OK) {
        status = pqe_call_prepare(&prepared, call, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    status = pqe_refuse_transaction_control(&prepared, error);
    if (status != PQE_OK) {
        pqe_call_free(&prepared);
        return status;
    }
    retries = call->max_retries >= 0 ? call->max_retries : engine->settings.config.max_retries;
    for (int attempt = 0;; attempt++) {
        status = run_on_pool(engine, &prepared, result, &failure);
        if (status == PQE_OK || attempt >= retries || !pqe_is_safe_to_retry(call, &failure)) {
            break;
        }
        pqe_log(&engine->settings, PQE_LOG_DEBUG, "trying again: %s", failure.message);
        pause_before_retry(engine, attempt);
    }
    pqe_call_free(&prepared);
    pqe_error_copy(error, &failure);
    return status;
}

pqe_status pqe_execute(pqe_engine *engine, const char *sql, const pqe_param *params,
                       size_t param_count, pqe_result **result, pqe_error *error)
{
    pqe_call call = PQE_CALL_INIT;

    call.sql = sql;
    call.params = params;
    call.param_count = param_count;
    return pqe_execute_call(engine, &call, result, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* On a connection                                                                                */
/* ---------------------------------------------------------------------------------------------- */

pqe_status pqe_acquire(pqe_engine *engine, const char *who, pqe_connection **connection,
                       pqe_error *error)
{
    pqe_lease *lease = NULL;
    pqe_status status = pqe_engine_check(engine, error);

    if (status == PQE_OK && connection == NULL) {
        status = pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "connection is NULL");
    }
    if (status == PQE_OK) {
        status = pqe_lease_take(engine->pool, PQE_LEASE_CONNECTION, who, &lease, error);
    }
    if (connection != NULL) {
        *connection = (pqe_connection *)lease;
    }
    return status;
}

pqe_status pqe_release(pqe_connection *connection, pqe_error *error)
{
    pqe_lease *lease = (pqe_lease *)connection;
    pqe_session *session;
    pqe_status status = pqe_lease_enter(lease, PQE_LEASE_CONNECTION, &session, error);

    if (status == PQE_OK) {
        pqe_lease_end(lease);
    }
    return status;
}

pqe_status pqe_connection_execute_call(pqe_connection *connection, const pqe_call *call,
                                       pqe_result **result, pqe_error *error)
{
    pqe_lease *lease = (pqe_lease *)connection;
    pqe_prepared_call prepared;
    pqe_session *session;
    pqe_status status;

    if (result != NULL) {
        *result = NULL;
    }
    status = pqe_lease_enter(lease, PQE_LEASE_CONNECTION, &session, error);
    if (status != PQE_OK) {
        return status;
    }
    status = pqe_call_prepare(&prepared, call, error);
    if (status == PQE_OK) {
        status = pqe_call_run(lease->pool->engine, session, &prepared, result, error);
        pqe_call_free(&prepared);
    }
    pqe_lease_leave(lease);
    return status;
}

pqe_status pqe_connection_execute(pqe_connection *connection, const char *sql,
                                  const pqe_param *params, size_t param_count, pqe_result **result,
                                  pqe_error *error)
{
    pqe_call call = PQE_CALL_INIT;

    call.sql = sql;
    call.params = params;
    call.param_count = param_count;
    return pqe_connection_execute_call(connection, &call, result, error);
}
