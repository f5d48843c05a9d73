/*
 * context.c - one call on its way through the pipeline
 */
#include "context.h"

#include <stdlib.h>
#include <string.h>

#include "middleware.h"
#include "result.h"

typedef struct pqe_context_memory {
    struct pqe_context_memory *next;
    _Alignas(max_align_t) char bytes[];
} pqe_context_memory;

/* ---------------------------------------------------------------------------------------------- */
/* Making it ready                                                                                */
/* ---------------------------------------------------------------------------------------------- */

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

/* Finds the statement, which an object may have to write first. */
static pqe_status read_statement(pqe_prepared_call *prepared, pqe_engine *engine, pqe_error *error)
{
    static const pqe_sql nothing = PQE_SQL_INIT;
    pqe_call *call = &prepared->call;
    pqe_status status = PQE_OK;

    prepared->written = nothing;
    if (call->to_sql != NULL) {
        status = pqe_sql_write(&prepared->written, call->to_sql, call->object, error);
        if (status == PQE_OK) {
            call->sql = prepared->written.text.data;
            call->params = prepared->written.params;
            call->param_count = prepared->written.param_count;
        }
    }
    if (status == PQE_OK) {
        status = pqe_statement_get(engine->statements, call->sql, call->to_sql != NULL,
                                   &prepared->shared, error);
    }
    if (status != PQE_OK) {
        pqe_sql_free(&prepared->written);
    }
    return status;
}

static void free_call(pqe_engine *engine, pqe_prepared_call *prepared)
{
    pqe_encoded_free(&prepared->params);
    pqe_statement_put(engine->statements, prepared->shared);
    pqe_sql_free(&prepared->written);
}

static pqe_status prepare(pqe_prepared_call *prepared, pqe_engine *engine, const pqe_call *given,
                          pqe_error *error)
{
    const pqe_call *call = &prepared->call;
    pqe_status status = pqe_call_check(given, error);
    size_t wanted;

    if (status != PQE_OK) {
        return status;
    }
    prepared->call = *given;
    prepared->next = NULL;
    status = read_statement(prepared, engine, error);
    if (status != PQE_OK) {
        return status;
    }
    prepared->statement = &prepared->shared->statement;
    wanted = prepared->statement->parameter_count;
    if (wanted != call->param_count) {
        status = pqe_error_set(
            error, PQE_ERR_PARAMETER, "the statement has %zu parameter%s, but %zu %s given", wanted,
            wanted == 1 ? "" : "s", call->param_count, call->param_count == 1 ? "was" : "were");
    } else {
        status = pqe_encode(&prepared->params, call->params, call->param_count, error);
    }
    if (status != PQE_OK) {
        pqe_error_statement(error, call->sql);
        pqe_statement_put(engine->statements, prepared->shared);
        pqe_sql_free(&prepared->written);
    }
    return status;
}

pqe_status pqe_context_init(pqe_context *context, pqe_engine *engine, const pqe_call *call,
                            bool own, pqe_error *failure, pqe_error *error)
{
    pqe_status status = prepare(&context->first, engine, call, error);
    size_t count;

    if (status != PQE_OK) {
        return status;
    }
    context->made = NULL;
    context->engine = engine;
    context->chain = own ? NULL : pqe_chain_keep(engine->registry);
    context->base.call = &context->first;
    context->base.deadline = PQE_NEVER;
    context->base.timeout_ms = 0;
    context->base.timeout_of = NULL;
    context->base.skipped = false;
    context->now = context->base;
    context->frames = context->few_frames;
    context->entered = 0;
    context->entering = false;
    context->leaving = false;
    context->on_pool = false;
    context->in_transaction = false;
    context->given_up = false;
    context->attempt = 0;
    context->own_retries =
        call->max_retries >= 0 ? call->max_retries : engine->settings.config.max_retries;
    context->began_at = pqe_now_us();
    context->present = context->began_at;
    context->started_at = 0;
    context->duration_us = 0;
    context->backend_pid = 0;
    context->status = PQE_OK;
    context->result = NULL;
    context->failure = failure;
    context->answered = false;
    context->retry_after_ms = 0;
    context->memory = NULL;
    count = pqe_chain_middlewares(context->chain);
    if (count > PQE_FEW_FRAMES) {
        context->frames = pqe_context_alloc(context, count * sizeof(pqe_frame));
        if (context->frames == NULL) {
            (void)pqe_context_finish(context, NULL, NULL);
            return pqe_error_no_memory(error);
        }
    }
    return PQE_OK;
}

int64_t pqe_context_present(const pqe_context *context)
{
    return context->present != 0 ? context->present : pqe_now_us();
}

pqe_status pqe_refuse_transaction_control(const pqe_context *context, pqe_error *error)
{
    if (!context->first.statement->controls_transaction) {
        return PQE_OK;
    }
    pqe_error_set(error, PQE_ERR_STATE,
                  "a transaction cannot begin or end on a connection that goes back to the pool at "
                  "once");
    pqe_error_hint(error, "Use pqe_transaction_begin, or pqe_acquire and pqe_connection_execute.");
    pqe_error_statement(error, context->first.call.sql);
    return PQE_ERR_STATE;
}

pqe_status pqe_context_finish(pqe_context *context, pqe_result **result, pqe_error *error)
{
    pqe_status status = context->status;

    if (status != PQE_OK) {
        pqe_error_copy(error, context->failure);
    } else {
        pqe_error_clear(error);
    }
    if (result != NULL && status == PQE_OK) {
        *result = context->result;
    } else {
        pqe_result_free(context->result);
    }
    for (pqe_prepared_call *at = context->made; at != NULL; at = at->next) {
        free_call(context->engine, at);
    }
    free_call(context->engine, &context->first);
    while (context->memory != NULL) {
        pqe_context_memory *block = context->memory;

        context->memory = block->next;
        free(block);
    }
    pqe_chain_release(context->engine->registry, context->chain);
    return status;
}

void pqe_context_fail(pqe_context *context, const pqe_error *failure)
{
    pqe_result_free(context->result);
    context->result = NULL;
    context->status = failure->code;
    if (failure != context->failure) {
        *context->failure = *failure;
    }
}

void pqe_context_succeed(pqe_context *context, pqe_result *result)
{
    if (context->result != result) {
        pqe_result_free(context->result);
    }
    context->result = result;
    context->status = PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* What middlewares and hooks see of it                                                           */
/* ---------------------------------------------------------------------------------------------- */

const char *pqe_context_sql(const pqe_context *context)
{
    return context->now.call->statement->sql;
}

const pqe_param *pqe_context_params(const pqe_context *context, size_t *count)
{
    *count = context->now.call->call.param_count;
    return context->now.call->call.params;
}

pqe_statement_kind pqe_context_kind(const pqe_context *context)
{
    return context->now.call->statement->kind;
}

const char *pqe_context_table(const pqe_context *context, size_t number)
{
    return pqe_tables_name(&context->now.call->statement->tables, number);
}

int pqe_context_attempt(const pqe_context *context)
{
    return context->attempt;
}

bool pqe_context_in_transaction(const pqe_context *context)
{
    return context->in_transaction;
}

bool pqe_context_writes(const pqe_context *context)
{
    return context->now.call->statement->tables.writes;
}

bool pqe_context_lacks_where(const pqe_context *context)
{
    return context->now.call->statement->tables.lacks_where;
}

pqe_status pqe_context_status(const pqe_context *context)
{
    return context->status;
}

const pqe_error *pqe_context_error(const pqe_context *context)
{
    return context->status != PQE_OK ? context->failure : NULL;
}

const pqe_result *pqe_context_result(const pqe_context *context)
{
    return context->result;
}

uint64_t pqe_context_rows(const pqe_context *context)
{
    return pqe_result_rows_or_affected(context->result);
}

int64_t pqe_context_elapsed_us(const pqe_context *context)
{
    return pqe_now_us() - context->began_at;
}

bool pqe_context_may_retry(const pqe_context *context)
{
    const pqe_error *failure = context->failure;

    if (context->status == PQE_OK || context->in_transaction || context->given_up) {
        return false;
    }
    if (strcmp(failure->sqlstate, "40001") == 0 || strcmp(failure->sqlstate, "40P01") == 0) {
        return true;
    }
    return context->on_pool && failure->code == PQE_ERR_CONNECTION &&
           (!failure->may_have_run || context->now.call->call.idempotent);
}

void *pqe_context_alloc(pqe_context *context, size_t size)
{
    pqe_context_memory *block =
        size <= SIZE_MAX - sizeof(*block) ? malloc(sizeof(*block) + size) : NULL;

    if (block == NULL) {
        return NULL;
    }
    block->next = context->memory;
    context->memory = block;
    return block->bytes;
}

pqe_status pqe_context_rewrite(pqe_context *context, const char *sql, const pqe_param *params,
                               size_t param_count, pqe_error *error)
{
    pqe_call call = context->now.call->call;
    pqe_prepared_call *made;
    pqe_status status;

    pqe_error_clear(error);
    if (!context->entering) {
        return pqe_error_set(error, PQE_ERR_STATE,
                             "a statement can be rewritten on the enter side of a middleware only");
    }
    call.sql = sql;
    call.params = params;
    call.param_count = param_count;
    call.to_sql = NULL;
    made = pqe_context_alloc(context, sizeof(*made));
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    status = prepare(made, context->engine, &call, error);
    if (status != PQE_OK) {
        return status;
    }
    if (made->statement->controls_transaction != context->first.statement->controls_transaction) {
        free_call(context->engine, made);
        pqe_error_set(error, PQE_ERR_STATE,
                      "a middleware cannot begin or end a transaction in place of the caller");
        pqe_error_statement(error, sql);
        return PQE_ERR_STATE;
    }
    made->next = context->made;
    context->made = made;
    context->now.call = made;
    return PQE_OK;
}

void pqe_context_answer(pqe_context *context, pqe_result *result)
{
    if (!context->entering) {
        pqe_result_free(result);
        return;
    }
    if (result == NULL) {
        PGresult *empty = PQmakeEmptyPGresult(NULL, PGRES_COMMAND_OK);

        if (empty == NULL || pqe_result_wrap(empty, &result, NULL) != PQE_OK) {
            return;
        }
    }
    pqe_context_succeed(context, result);
    context->answered = true;
}

void pqe_context_retry_after(pqe_context *context, int64_t delay_ms)
{
    if (context->leaving) {
        context->retry_after_ms = delay_ms > 0 ? delay_ms : 0;
    }
}
