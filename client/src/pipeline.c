/*
 * pipeline.c - what a call passes: middlewares, hooks, retries, counters and the trace
 */
#include "pipeline.h"

#include <string.h>

#include "metrics.h"
#include "middleware.h"
#include "result.h"
#include "trace.h"

/* However much a middleware may want it, a call is not tried more often. */
#define MOST_ATTEMPTS 1000

/* ---------------------------------------------------------------------------------------------- */
/* Failures of middlewares and hooks                                                              */
/* ---------------------------------------------------------------------------------------------- */

static void report_middleware(pqe_context *context, const char *name, const char *side,
                              pqe_verdict verdict, const pqe_error *report)
{
    pqe_engine *engine = context->engine;

    pqe_finding_add(&engine->findings.middleware_failures, 1);
    if (verdict != PQE_FAIL) {
        pqe_log(&engine->settings, PQE_LOG_WARNING,
                "the %s side of the middleware \"%s\" gave the verdict %d, which it may not", side,
                name, (int)verdict);
    } else {
        pqe_log(&engine->settings, PQE_LOG_WARNING,
                "the %s side of the middleware \"%s\" failed%s%s", side, name,
                report->message[0] != '\0' ? ": " : "", report->message);
    }
}

static void run_hooks(pqe_context *context, pqe_hook_point point)
{
    void *data;
    pqe_hook hook = pqe_chain_hook(context->chain, point, 0, &data);

    for (size_t i = 1; hook != NULL; i++) {
        pqe_error report;

        context->present = 0;
        pqe_error_clear(&report);
        if (hook(data, context, &report) != PQE_OK) {
            pqe_finding_add(&context->engine->findings.hook_failures, 1);
            pqe_log(&context->engine->settings, PQE_LOG_WARNING, "a hook %s a statement failed%s%s",
                    point == PQE_HOOK_BEFORE_EXECUTE ? "before" : "after",
                    report.message[0] != '\0' ? ": " : "", report.message);
        }
        hook = pqe_chain_hook(context->chain, point, i, &data);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Time                                                                                           */
/* ---------------------------------------------------------------------------------------------- */

static bool is_late(const pqe_context *context)
{
    return context->now.deadline != PQE_NEVER && pqe_now_us() >= context->now.deadline;
}

/* The outcome is that time is over; what was known of the failure stays. */
static void fail_late(pqe_context *context)
{
    pqe_error late;

    pqe_error_set(&late, PQE_ERR_TIMEOUT,
                  "the call took longer than %lld ms, the time that the middleware \"%s\" gives it",
                  (long long)context->now.timeout_ms, context->now.timeout_of);
    pqe_error_statement(&late, pqe_context_sql(context));
    if (context->status != PQE_OK) {
        late.may_have_run = context->failure->may_have_run;
        memcpy(late.sqlstate, context->failure->sqlstate, sizeof(late.sqlstate));
        memcpy(late.detail, context->failure->detail, sizeof(late.detail));
    }
    pqe_context_fail(context, &late);
}

static void set_deadline(pqe_context *context, const pqe_middleware *middleware)
{
    if (middleware->timeout_ms > 0) {
        pqe_deadline deadline = pqe_deadline_in(middleware->timeout_ms);

        if (deadline < context->now.deadline) {
            context->now.deadline = deadline;
            context->now.timeout_ms = middleware->timeout_ms;
            context->now.timeout_of = middleware->name;
        }
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* The way in                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

/* What the call was before the middleware with that number. */
static pqe_frame frame_before(const pqe_context *context, size_t number)
{
    return number > 0 ? context->frames[number - 1] : context->base;
}

/* Takes back what a middleware changed. */
static void undo(pqe_context *context, const pqe_frame *before)
{
    context->now = *before;
    if (context->answered) {
        pqe_context_succeed(context, NULL);
        context->answered = false;
    }
}

static void refuse(pqe_context *context, const char *name, const pqe_error *report)
{
    pqe_error refusal;

    if (report->code != PQE_OK) {
        pqe_context_fail(context, report);
        return;
    }
    pqe_error_set(&refusal, PQE_ERR_STATE, "the middleware \"%s\" refused the call", name);
    pqe_error_statement(&refusal, pqe_context_sql(context));
    pqe_context_fail(context, &refusal);
}

/* An enter that did not do its part: the call goes on without it, or not at all. */
static pqe_flow skip(pqe_context *context, const pqe_middleware *middleware, pqe_verdict verdict,
                     const pqe_error *report, const pqe_frame *before)
{
    report_middleware(context, middleware->name, "enter", verdict, report);
    undo(context, before);
    if (middleware->required) {
        pqe_error refusal;

        pqe_error_set(&refusal, PQE_ERR_STATE,
                      "the middleware \"%s\", which is required, failed%s%s", middleware->name,
                      report->message[0] != '\0' ? ": " : "", report->message);
        pqe_error_statement(&refusal, pqe_context_sql(context));
        pqe_context_fail(context, &refusal);
        return PQE_FLOW_DONE;
    }
    context->frames[context->entered] = context->now;
    context->frames[context->entered].skipped = true;
    context->entered++;
    return PQE_FLOW_EXECUTE;
}

/* Enters the next middleware.  PQE_FLOW_EXECUTE: further in; PQE_FLOW_DONE: there is an outcome. */
static pqe_flow enter_next(pqe_context *context)
{
    const pqe_middleware *middleware = pqe_chain_middleware(context->chain, context->entered);
    pqe_frame before = frame_before(context, context->entered);
    pqe_verdict verdict;
    pqe_error report;

    before.skipped = false;
    context->now = before;
    set_deadline(context, middleware);
    if (middleware->enter == NULL) {
        context->frames[context->entered++] = context->now;
        return PQE_FLOW_EXECUTE;
    }
    pqe_error_clear(&report);
    context->entering = true;
    verdict = middleware->enter(middleware->data, context, &report);
    context->entering = false;
    context->present = 0;
    if (verdict == PQE_ANSWER && context->answered) {
        context->answered = false;
        return PQE_FLOW_DONE;
    }
    if (verdict == PQE_REFUSE) {
        pqe_context_succeed(context, NULL);
        context->answered = false;
        refuse(context, middleware->name, &report);
        return PQE_FLOW_DONE;
    }
    if (verdict != PQE_PASS || context->answered) {
        return skip(context, middleware, verdict, &report, &before);
    }
    context->frames[context->entered++] = context->now;
    return PQE_FLOW_EXECUTE;
}

pqe_flow pqe_pipeline_enter(pqe_context *context)
{
    size_t count = pqe_chain_middlewares(context->chain);

    while (context->entered < count) {
        if (is_late(context)) {
            fail_late(context);
            return pqe_pipeline_leave(context);
        }
        if (enter_next(context) == PQE_FLOW_DONE) {
            return pqe_pipeline_leave(context);
        }
    }
    if (is_late(context)) {
        fail_late(context);
        return pqe_pipeline_leave(context);
    }
    context->attempt++;
    context->backend_pid = 0;
    return PQE_FLOW_EXECUTE;
}

/* ---------------------------------------------------------------------------------------------- */
/* The way out                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

/* Whether there may be another attempt; if so, the outcome is forgotten. */
static bool grant_retry(pqe_context *context, int64_t delay_ms)
{
    if (!pqe_context_may_retry(context) || context->attempt >= MOST_ATTEMPTS ||
        (context->now.deadline != PQE_NEVER &&
         pqe_now_us() + delay_ms * 1000 >= context->now.deadline)) {
        return false;
    }
    pqe_log(&context->engine->settings, PQE_LOG_DEBUG, "trying again: %s",
            context->failure->message);
    context->retry_after_ms = delay_ms;
    context->present = 0;
    context->status = PQE_OK;
    return true;
}

/* max_retries: the innermost retries, each after twice the time of the one before. */
static bool retry_itself(pqe_context *context)
{
    int64_t delay_ms = context->engine->settings.config.retry_delay_ms;

    if (context->own_retries <= 0 || context->entered < pqe_chain_middlewares(context->chain)) {
        return false;
    }
    for (int i = 1; i < context->attempt && delay_ms < 60000; i++) {
        delay_ms *= 2;
    }
    if (!grant_retry(context, delay_ms)) {
        return false;
    }
    context->own_retries--;
    return true;
}

/* Leaves the middleware that was entered last.  True: it gets its retry. */
static bool leave_last(pqe_context *context)
{
    const pqe_middleware *middleware = pqe_chain_middleware(context->chain, context->entered - 1);
    pqe_verdict verdict = PQE_PASS;
    pqe_error report;

    context->now = context->frames[context->entered - 1];
    context->retry_after_ms = 0;
    if (!context->now.skipped && middleware->leave != NULL) {
        pqe_error_clear(&report);
        context->leaving = true;
        verdict = middleware->leave(middleware->data, context, &report);
        context->leaving = false;
        context->present = 0;
    }
    if (verdict == PQE_RETRY && grant_retry(context, context->retry_after_ms)) {
        return true;
    }
    if (verdict != PQE_PASS && verdict != PQE_RETRY) {
        report_middleware(context, middleware->name, "leave", verdict, &report);
    }
    return false;
}

pqe_flow pqe_pipeline_leave(pqe_context *context)
{
    if ((context->status == PQE_ERR_TIMEOUT || context->status == PQE_ERR_POOL_TIMEOUT) &&
        is_late(context)) {
        fail_late(context);
    }
    if (context->status != PQE_OK && context->attempt > 0 && retry_itself(context)) {
        return PQE_FLOW_RETRY;
    }
    while (context->entered > 0) {
        if (leave_last(context)) {
            return PQE_FLOW_RETRY;
        }
        context->entered--;
        context->now = frame_before(context, context->entered);
    }
    return PQE_FLOW_DONE;
}

/* ---------------------------------------------------------------------------------------------- */
/* Around the statement                                                                           */
/* ---------------------------------------------------------------------------------------------- */

/* The time that the call or the configuration gives one statement; 0: no limit. */
static int64_t statement_timeout(const pqe_context *context)
{
    int64_t own = context->now.call->call.timeout_ms;

    return own >= 0 ? own : context->engine->settings.config.query_timeout_ms;
}

pqe_deadline pqe_pipeline_deadline(const pqe_context *context)
{
    int64_t timeout_ms = statement_timeout(context);
    pqe_deadline deadline = timeout_ms > 0 ? context->started_at + timeout_ms * 1000 : PQE_NEVER;

    return deadline < context->now.deadline ? deadline : context->now.deadline;
}

void pqe_pipeline_before(pqe_context *context, const pqe_session *session)
{
    context->backend_pid = session->backend_pid;
    if (context->chain != NULL) {
        run_hooks(context, PQE_HOOK_BEFORE_EXECUTE);
    }
    context->started_at = pqe_context_present(context);
    context->present = 0;
}

/* Makes the message of a timeout say how long. */
static void describe_timeout(const pqe_context *context, pqe_error *failure)
{
    pqe_error described;

    pqe_error_set(&described, PQE_ERR_TIMEOUT,
                  "the statement took longer than %lld ms and was cancelled",
                  (long long)statement_timeout(context));
    memcpy(failure->message, described.message, sizeof(failure->message));
}

static void note_slow(const pqe_context *context)
{
    int64_t limit_ms = context->engine->settings.config.slow_query_ms;

    if (limit_ms > 0 && context->duration_us >= limit_ms * 1000) {
        pqe_log(&context->engine->settings, PQE_LOG_WARNING, "a statement took %lld ms: %.1000s",
                (long long)(context->duration_us / 1000), pqe_context_sql(context));
    }
}

void pqe_pipeline_after(pqe_context *context, PGresult *pg, const pqe_error *failure)
{
    const pqe_shared_statement *shared = context->now.call->shared;
    pqe_result *made = NULL;
    uint64_t rows;

    if (pg == NULL) {
        pqe_context_fail(context, failure);
        if (failure->code == PQE_ERR_TIMEOUT) {
            describe_timeout(context, context->failure);
        }
    } else if (pqe_result_wrap(pg, &made, context->failure) == PQE_OK) {
        pqe_context_succeed(context, made);
    } else {
        pqe_context_fail(context, context->failure);
    }
    context->present = pqe_context_present(context);
    context->duration_us = context->present - context->started_at;
    rows = pqe_result_rows_or_affected(context->result);
    pqe_counters_add(context->engine->counters, shared->statement.kind, shared->tallies,
                     shared->statement.tables.count, (unsigned int)context->backend_pid,
                     context->status == PQE_OK, rows, (uint64_t)context->duration_us);
    pqe_tracer_add(context->engine->tracer, context, rows);
    note_slow(context);
    if (context->chain != NULL) {
        run_hooks(context, PQE_HOOK_AFTER_EXECUTE);
    }
}
