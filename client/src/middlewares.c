/*
 * middlewares.c - the middlewares that come with the library
 */
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "context.h"

/* What one of them was set up with. */
typedef struct setup {
    pqe_engine *engine;
    pqe_log_level level;
    int64_t slower_than_us;
    pqe_observer observer;
    void *observer_data;
    int max_retries;
    int64_t delay_ms;
    pqe_validation validation;
} setup;

/* Adds one that owns a copy of the setup. */
static pqe_status add(pqe_engine *engine, pqe_middleware *middleware, const setup *configured,
                      pqe_error *error)
{
    setup *own = malloc(sizeof(*own));
    pqe_status status;

    if (own == NULL) {
        return pqe_error_no_memory(error);
    }
    *own = *configured;
    own->engine = engine;
    middleware->data = own;
    middleware->release = free;
    status = pqe_add_middleware(engine, middleware, error);
    if (status != PQE_OK) {
        free(own);
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* Logging                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static pqe_verdict log_call(void *data, pqe_context *context, pqe_error *report)
{
    const setup *own = data;
    const pqe_error *failure = pqe_context_error(context);
    int64_t elapsed_us = pqe_context_present(context) - context->began_at;
    pqe_buffer line = PQE_BUFFER_INIT;

    (void)report;
    if (failure == NULL && elapsed_us < own->slower_than_us) {
        return PQE_PASS;
    }
    pqe_buffer_append(&line, pqe_statement_kind_name(pqe_context_kind(context)));
    for (size_t i = 0; pqe_context_table(context, i) != NULL; i++) {
        pqe_buffer_printf(&line, "%s%s", i == 0 ? " " : ", ", pqe_context_table(context, i));
    }
    pqe_buffer_printf(&line, ": %llu rows, %lld.%03lld ms",
                      (unsigned long long)pqe_context_rows(context), (long long)(elapsed_us / 1000),
                      (long long)(elapsed_us % 1000));
    if (failure != NULL) {
        pqe_buffer_printf(&line, ", %s%s%s: %s", pqe_status_name(failure->code),
                          failure->sqlstate[0] != '\0' ? " " : "", failure->sqlstate,
                          failure->message);
    }
    if (!pqe_buffer_failed(&line)) {
        pqe_log(&own->engine->settings, failure != NULL ? PQE_LOG_WARNING : own->level, "%s",
                line.data);
    }
    pqe_buffer_free(&line);
    return PQE_PASS;
}

pqe_status pqe_add_logging(pqe_engine *engine, pqe_log_level level, int64_t slower_than_ms,
                           pqe_error *error)
{
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    setup own = {.level = level};

    if ((int)level < PQE_LOG_DEBUG || level > PQE_LOG_ERROR) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "there is no log level %d",
                             (int)level);
    }
    if (slower_than_ms < 0 || slower_than_ms > PQE_LONGEST_MS) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "slower_than_ms is %lld",
                             (long long)slower_than_ms);
    }
    own.slower_than_us = slower_than_ms * 1000;
    middleware.name = "logging";
    middleware.priority = 100;
    middleware.leave = log_call;
    return add(engine, &middleware, &own, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Metrics and audit                                                                              */
/* ---------------------------------------------------------------------------------------------- */

static pqe_verdict observe(void *data, pqe_context *context, pqe_error *report)
{
    const setup *own = data;
    const char *table = pqe_context_table(context, 0);
    pqe_observation observation = {
        .sql = pqe_context_sql(context),
        .table = table != NULL ? table : "",
        .kind = pqe_context_kind(context),
        .status = pqe_context_status(context),
        .error = pqe_context_error(context),
        .rows = pqe_context_rows(context),
        .duration_us = pqe_context_present(context) - context->began_at,
        .started_at_us = context->began_at + pqe_wall_clock_offset_us(),
        .attempts = pqe_context_attempt(context),
    };

    (void)report;
    own->observer(own->observer_data, &observation);
    return PQE_PASS;
}

static pqe_verdict observe_changes(void *data, pqe_context *context, pqe_error *report)
{
    pqe_statement_kind kind = pqe_context_kind(context);

    if (kind == PQE_STATEMENT_TRANSACTION ||
        (kind == PQE_STATEMENT_SELECT && !pqe_context_writes(context))) {
        return PQE_PASS;
    }
    return observe(data, context, report);
}

static pqe_status add_observing(pqe_engine *engine, const char *name, int priority,
                                pqe_verdict (*leave)(void *, pqe_context *, pqe_error *),
                                pqe_observer observer, void *data, pqe_error *error)
{
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    setup own = {.observer = observer, .observer_data = data};

    if (observer == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "observer is NULL");
    }
    middleware.name = name;
    middleware.priority = priority;
    middleware.leave = leave;
    return add(engine, &middleware, &own, error);
}

pqe_status pqe_add_observer(pqe_engine *engine, pqe_observer observer, void *data, pqe_error *error)
{
    return add_observing(engine, "metrics", 90, observe, observer, data, error);
}

pqe_status pqe_add_audit(pqe_engine *engine, pqe_observer observer, void *data, pqe_error *error)
{
    return add_observing(engine, "audit", 80, observe_changes, observer, data, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Timeout and retry                                                                              */
/* ---------------------------------------------------------------------------------------------- */

pqe_status pqe_add_timeout(pqe_engine *engine, int64_t timeout_ms, pqe_error *error)
{
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;

    if (timeout_ms <= 0) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "timeout_ms is %lld, but must be 1 "
                             "at least",
                             (long long)timeout_ms);
    }
    middleware.name = "timeout";
    middleware.priority = 70;
    middleware.timeout_ms = timeout_ms;
    return pqe_add_middleware(engine, &middleware, error);
}

/* A part of 0.5 to 1 that differs from call to call, so that losers do not meet again. */
static double jitter(const pqe_context *context)
{
    uint64_t mixed = (uint64_t)pqe_now_us() ^ (uint64_t)(uintptr_t)context;

    mixed *= UINT64_C(0x9E3779B97F4A7C15);
    return 0.5 + (double)(mixed >> 11) / (double)(UINT64_C(1) << 54);
}

static pqe_verdict retry(void *data, pqe_context *context, pqe_error *report)
{
    const setup *own = data;
    int64_t delay_ms = own->delay_ms;
    int attempt = pqe_context_attempt(context);

    (void)report;
    if (attempt > own->max_retries || !pqe_context_may_retry(context)) {
        return PQE_PASS;
    }
    for (int i = 1; i < attempt && delay_ms < 60000; i++) {
        delay_ms *= 2;
    }
    pqe_context_retry_after(context, (int64_t)((double)delay_ms * jitter(context)));
    return PQE_RETRY;
}

pqe_status pqe_add_retry(pqe_engine *engine, int max_retries, int64_t delay_ms, pqe_error *error)
{
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    setup own = {.max_retries = max_retries, .delay_ms = delay_ms};

    if (max_retries < 0 || delay_ms < 0 || delay_ms > PQE_LONGEST_MS) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "max_retries is %d and delay_ms %lld, but both must be 0 or more",
                             max_retries, (long long)delay_ms);
    }
    middleware.name = "retry";
    middleware.priority = 60;
    middleware.leave = retry;
    return add(engine, &middleware, &own, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Validation                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

static pqe_verdict refuse(const pqe_context *context, const char *why, pqe_error *report)
{
    pqe_error_set(report, PQE_ERR_INVALID_ARGUMENT, "the statement was refused: %s", why);
    pqe_error_statement(report, pqe_context_sql(context));
    return PQE_REFUSE;
}

static pqe_verdict validate(void *data, pqe_context *context, pqe_error *report)
{
    const pqe_validation *rules = &((const setup *)data)->validation;
    pqe_statement_kind kind = pqe_context_kind(context);
    size_t params;

    (void)pqe_context_params(context, &params);
    if (rules->require_where && pqe_context_lacks_where(context)) {
        return refuse(context, "UPDATE or DELETE without WHERE", report);
    }
    if (rules->read_only && kind != PQE_STATEMENT_TRANSACTION &&
        (kind != PQE_STATEMENT_SELECT || pqe_context_writes(context))) {
        return refuse(context, "it may write, and only reading is allowed", report);
    }
    if (rules->data_only && kind == PQE_STATEMENT_OTHER) {
        return refuse(context, "it is no SELECT, INSERT, UPDATE, DELETE or MERGE", report);
    }
    if (rules->longest_sql > 0 && strlen(pqe_context_sql(context)) > rules->longest_sql) {
        return refuse(context, "it is too long", report);
    }
    if (rules->most_params > 0 && params > rules->most_params) {
        return refuse(context, "it has too many parameters", report);
    }
    return PQE_PASS;
}

pqe_status pqe_add_validation(pqe_engine *engine, const pqe_validation *validation,
                              pqe_error *error)
{
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    setup own = {.engine = NULL};

    if (validation == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "validation is NULL");
    }
    if (validation->version != PQE_VALIDATION_VERSION) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "the validation has version %d, this library knows version %d; start "
                             "from PQE_VALIDATION_INIT",
                             validation->version, PQE_VALIDATION_VERSION);
    }
    own.validation = *validation;
    middleware.name = "validation";
    middleware.priority = 50;
    middleware.required = true;
    middleware.enter = validate;
    return add(engine, &middleware, &own, error);
}
