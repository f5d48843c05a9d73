/*
 * query.c - executing statements: on the pool, and on a connection that was acquired
 */
#include "query.h"

#include <string.h>
#include <time.h>

#include "pipeline.h"
#include "pool.h"
#include "slow_query.h"

static void pause_ms(int64_t duration_ms)
{
    struct timespec pause = {.tv_sec = duration_ms / 1000, .tv_nsec = duration_ms % 1000 * 1000000};

    if (duration_ms > 0) {
        nanosleep(&pause, NULL);
    }
}

/* One attempt on a session; its outcome is in the context. */
static void attempt(pqe_context *context, pqe_session *session)
{
    PGresult *pg = NULL;
    pqe_error failure;

    pqe_pipeline_before(context, session);
    (void)pqe_session_execute(session, context->now.call->statement, &context->now.call->params,
                              pqe_pipeline_deadline(context), &pg, &failure);
    pqe_pipeline_after(context, pg, &failure);
    session->answered_at = context->started_at + context->duration_us;
    pqe_keep_slow_plan(context, session);
}

/* One attempt on a session of the pool. */
static void attempt_on_pool(pqe_context *context)
{
    pqe_pool *pool = context->engine->pool;
    int64_t now = pqe_context_present(context);
    pqe_session *session;
    pqe_error failure;

    if (pqe_pool_take(pool, "pqe_execute", true, context->now.deadline, &now, &session, &failure) !=
        PQE_OK) {
        context->present = 0;
        pqe_context_fail(context, &failure);
        return;
    }
    context->present = now;
    attempt(context, session);
    pqe_pool_give(pool, session);
}

/* Drives a call; session is NULL where each attempt takes one from the pool. */
static void drive(pqe_context *context, pqe_session *session)
{
    pqe_flow flow;

    do {
        flow = pqe_pipeline_enter(context);
        if (flow == PQE_FLOW_EXECUTE) {
            if (session != NULL) {
                attempt(context, session);
            } else {
                attempt_on_pool(context);
            }
            flow = pqe_pipeline_leave(context);
        }
        if (flow == PQE_FLOW_RETRY) {
            pause_ms(context->retry_after_ms);
        }
    } while (flow != PQE_FLOW_DONE);
}

pqe_status pqe_call_on_session(pqe_context *context, pqe_session *session, pqe_result **result,
                               pqe_error *error)
{
    context->own_retries = 0;
    context->in_transaction =
        context->in_transaction || PQtransactionStatus(session->pg) != PQTRANS_IDLE;
    drive(context, session);
    return pqe_context_finish(context, result, error);
}

pqe_status pqe_run_own(pqe_engine *engine, pqe_session *session, const char *sql,
                       pqe_result **result, pqe_error *error)
{
    pqe_call call = PQE_CALL_INIT;
    pqe_context context;
    pqe_error failure;
    pqe_status status;

    call.sql = sql;
    status = pqe_context_init(&context, engine, &call, true, &failure, error);
    if (status == PQE_OK) {
        status = pqe_call_on_session(&context, session, result, error);
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* On the pool                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

pqe_status pqe_execute_call(pqe_engine *engine, const pqe_call *call, pqe_result **result,
                            pqe_error *error)
{
    pqe_context context;
    pqe_error failure;
    pqe_status status;

    if (result != NULL) {
        *result = NULL;
    }
    status = pqe_engine_check(engine, error);
    if (status == PQE_OK) {
        status = pqe_context_init(&context, engine, call, false, &failure, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    context.on_pool = true;
    if (pqe_refuse_transaction_control(&context, &failure) == PQE_OK) {
        drive(&context, NULL);
    } else {
        pqe_context_fail(&context, &failure);
    }
    return pqe_context_finish(&context, result, error);
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
    pqe_context context;
    pqe_error failure;
    pqe_session *session;
    pqe_status status;

    if (result != NULL) {
        *result = NULL;
    }
    status = pqe_lease_enter(lease, PQE_LEASE_CONNECTION, &session, error);
    if (status != PQE_OK) {
        return status;
    }
    status = pqe_context_init(&context, lease->pool->engine, call, false, &failure, error);
    if (status == PQE_OK) {
        status = pqe_call_on_session(&context, session, result, error);
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
