/*
 * task.c - one thing that was asked of the asynchronous side: making it, and its end
 */
#include "task.h"

#include <stdlib.h>
#include <string.h>

#include "async.h"
#include "async_lease.h"
#include "dispatch.h"

/* ---------------------------------------------------------------------------------------------- */
/* Queues                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

void pqe_task_push(pqe_task_queue *queue, pqe_task *task)
{
    task->next = NULL;
    task->previous = queue->last;
    if (queue->last != NULL) {
        queue->last->next = task;
    } else {
        queue->first = task;
    }
    queue->last = task;
    queue->count++;
}

void pqe_task_push_front(pqe_task_queue *queue, pqe_task *task)
{
    task->previous = NULL;
    task->next = queue->first;
    if (queue->first != NULL) {
        queue->first->previous = task;
    } else {
        queue->last = task;
    }
    queue->first = task;
    queue->count++;
}

void pqe_task_remove(pqe_task_queue *queue, pqe_task *task)
{
    if (task->previous != NULL) {
        task->previous->next = task->next;
    } else {
        queue->first = task->next;
    }
    if (task->next != NULL) {
        task->next->previous = task->previous;
    } else {
        queue->last = task->previous;
    }
    task->next = NULL;
    task->previous = NULL;
    queue->count--;
}

pqe_task *pqe_task_pop(pqe_task_queue *queue)
{
    pqe_task *task = queue->first;

    if (task != NULL) {
        pqe_task_remove(queue, task);
    }
    return task;
}

/* ---------------------------------------------------------------------------------------------- */
/* Making                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/*
 * A task is larger than what malloc has quickly at hand.  So each thread keeps the one that it has
 * freed last: the loop, whose callbacks make new calls, needs no other most of the time.  Where the
 * sanitizer is to find those who use a freed one, none is kept.
 */
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define KEEP_SPARES false
#else
#define KEEP_SPARES true
#endif

static pqe_task *take_spare(pqe_async *async)
{
    _Atomic(pqe_task *) *at = &async->spares[pqe_thread_seat()];
    pqe_task *spare = NULL;

    if (KEEP_SPARES && atomic_load_explicit(at, memory_order_relaxed) != NULL) {
        spare = atomic_exchange_explicit(at, NULL, memory_order_acquire);
    }
    return spare != NULL ? spare : malloc(sizeof(*spare));
}

static void put_spare(pqe_async *async, pqe_task *task)
{
    if (KEEP_SPARES) {
        task =
            atomic_exchange_explicit(&async->spares[pqe_thread_seat()], task, memory_order_acq_rel);
    }
    free(task);
}

void pqe_task_free_spares(pqe_async *async)
{
    for (size_t i = 0; i < PQE_SEATS; i++) {
        free(atomic_load(&async->spares[i]));
    }
}

/* Whether a parameter is sent from where the caller has it, and not encoded elsewhere. */
static bool is_borrowed(const pqe_param *param)
{
    return param->kind == PQE_PARAM_TEXT || param->kind == PQE_PARAM_BYTES;
}

/*
 * Copies what the call points to into one block: its parameters, and what these point to, which
 * middlewares may look at even where it was encoded.  Its text is kept by the statement.
 */
static bool keep(pqe_task *task)
{
    pqe_prepared_call *prepared = &task->context.first;
    pqe_call *call = &prepared->call;
    size_t size = 0;
    pqe_param *params;
    char *at;

    call->sql = prepared->shared->text;
    /* the object that wrote the statement is not needed, and may not live on */
    call->to_sql = NULL;
    call->object = NULL;
    if (call->param_count == 0) {
        return true;
    }
    for (size_t i = 0; i < call->param_count; i++) {
        size += pqe_param_extent(&call->params[i]);
    }
    at = (char *)task->few_kept;
    if (size + call->param_count * sizeof(pqe_param) > sizeof(task->few_kept)) {
        at = malloc(size + call->param_count * sizeof(pqe_param));
        if (at == NULL) {
            return false;
        }
        task->kept = at;
    }
    params = (pqe_param *)(at + size);
    for (size_t i = 0; i < call->param_count; i++) {
        size_t extent = pqe_param_extent(&call->params[i]);

        params[i] = call->params[i];
        if (extent > 0) {
            pqe_param_move(&params[i], at);
            at += extent;
        }
        if (is_borrowed(&params[i])) {
            prepared->params.values[i] = params[i].pointer;
        }
    }
    call->params = params;
    return true;
}

pqe_status pqe_task_new(pqe_async *async, pqe_task_kind kind, const pqe_call *call, bool own,
                        pqe_task **task, pqe_error *error)
{
    pqe_task *made = take_spare(async);
    pqe_status status = PQE_OK;

    *task = NULL;
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    /* the rest is set by its own functions */
    memset(made, 0, offsetof(pqe_task, few_kept));
    made->kind = kind;
    made->id = atomic_fetch_add_explicit(&async->ids, 1, memory_order_relaxed) + 1;
    made->due = PQE_NEVER;
    if (call != NULL) {
        status = pqe_context_init(&made->context, async->engine, call, own, NULL, error);
        made->has_call = status == PQE_OK;
    }
    if (status == PQE_OK && call != NULL && !keep(made)) {
        status = pqe_error_no_memory(error);
    }
    if (status != PQE_OK) {
        pqe_task_free(async, made);
        return status;
    }
    *task = made;
    return PQE_OK;
}

/* Gives back all that the call has, and hands over its outcome. */
static void finish_call(pqe_task *task, pqe_result **result, pqe_error *error)
{
    task->has_call = false;
    (void)pqe_context_finish(&task->context, result, error);
    free(task->kept);
    task->kept = NULL;
}

void pqe_task_free(pqe_async *async, pqe_task *task)
{
    if (task->has_call) {
        finish_call(task, NULL, NULL);
    }
    PQclear(task->pg);
    put_spare(async, task);
}

const pqe_prepared_call *pqe_task_call(const pqe_task *task)
{
    return task->context.now.call;
}

/* ---------------------------------------------------------------------------------------------- */
/* Ending                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/* What the callback of a task needs, when the task itself is gone. */
typedef struct ending {
    pqe_task_kind kind;
    pqe_task_callback callback;
    void *data;
    pqe_async_lease *lease;
    bool begins;
} ending;

static ending ending_of(const pqe_task *task)
{
    ending end = {.kind = task->kind,
                  .callback = task->callback,
                  .data = task->data,
                  .lease = task->lease,
                  .begins = task->begins};

    return end;
}

static void call_back(const ending *end, pqe_result *result, const pqe_error *error)
{
    pqe_async_lease *lease = error->code == PQE_OK ? end->lease : NULL;

    if (end->kind != PQE_TASK_TAKE) {
        if (end->callback.call != NULL) {
            end->callback.call(end->data, error->code, result, error);
        } else {
            pqe_result_free(result);
        }
        return;
    }
    pqe_result_free(result);
    if (end->begins) {
        end->callback.begin(end->data, error->code, (pqe_async_transaction *)lease, error);
    } else {
        end->callback.acquire(end->data, error->code, (pqe_async_connection *)lease, error);
    }
}

/* The task's memory and its place go first: the callback may ask for new ones. */
static void end_task(pqe_async *async, pqe_task *task, pqe_error *error)
{
    ending end = ending_of(task);
    pqe_result *result = NULL;

    if (task->has_call) {
        finish_call(task, &result, error);
    }
    pqe_task_free(async, task);
    atomic_fetch_sub_explicit(&async->accepted, 1, memory_order_relaxed);
    call_back(&end, result, error);
}

/* The way out.  The outcome is in the context, whose failure is in *error. */
static void leave(pqe_async *async, pqe_task *task, pqe_error *error)
{
    task->context.given_up = async->ending || task->stop != PQE_STOP_NONE;
    if (pqe_pipeline_leave(&task->context) == PQE_FLOW_RETRY) {
        task->context.failure = NULL;
        pqe_dispatch_delay(async, task, task->context.retry_after_ms);
        return;
    }
    end_task(async, task, error);
}

bool pqe_task_enter(pqe_async *async, pqe_task *task)
{
    const pqe_statement *statement;
    pqe_error error;
    pqe_flow flow;

    if (!task->has_call) {
        return true;
    }
    task->context.failure = &error;
    task->context.given_up = async->ending;
    flow = pqe_pipeline_enter(&task->context);
    if (flow != PQE_FLOW_DONE) {
        task->context.failure = NULL;
    }
    if (flow == PQE_FLOW_RETRY) {
        pqe_dispatch_delay(async, task, task->context.retry_after_ms);
        return false;
    }
    if (flow == PQE_FLOW_DONE) {
        end_task(async, task, &error);
        return false;
    }
    statement = pqe_task_call(task)->statement;
    if (statement->client_copy) {
        pqe_copy_refused(&error);
        pqe_error_statement(&error, statement->sql);
        pqe_task_fail(async, task, &error);
        return false;
    }
    task->begun = false;
    task->exclusive = task->kind == PQE_TASK_CALL &&
                      (statement->changes_session || statement->drops_prepared ||
                       async->engine->settings.config.pool_reset == PQE_RESET_ALWAYS);
    task->shareable = !task->exclusive && statement->shareable;
    if (task->shareable) {
        /* what changes nothing may run twice, where retries are wanted */
        task->context.now.call->call.idempotent = true;
    }
    return true;
}

void pqe_task_begin(pqe_task *task, const pqe_session *session, int64_t now)
{
    if (!task->begun) {
        task->begun = true;
        task->context.present = now;
        pqe_pipeline_before(&task->context, session);
    }
    task->context.backend_pid = session->backend_pid;
}

/*
 * Puts the outcome into the context, and counts it where the statement was sent.  *error is where the
 * context keeps a failure from now on.
 */
static void conclude(pqe_task *task, PGresult *pg, const pqe_error *failure, pqe_error *error)
{
    task->context.failure = error;
    if (task->begun) {
        pqe_pipeline_after(&task->context, pg, failure);
    } else {
        pqe_context_fail(&task->context, failure);
    }
}

void pqe_task_succeed(pqe_async *async, pqe_task *task, PGresult *pg)
{
    pqe_error error;

    if (task->told) {
        PQclear(pg);
        pqe_task_free(async, task);
        return;
    }
    if (!task->has_call) {
        pqe_error_clear(&error);
        end_task(async, task, &error);
        return;
    }
    task->context.present = pqe_async_now(async);
    conclude(task, pg, NULL, &error);
    leave(async, task, &error);
}

void pqe_task_fail(pqe_async *async, pqe_task *task, const pqe_error *failure)
{
    pqe_error error;

    if (task->told) {
        pqe_task_free(async, task);
        return;
    }
    PQclear(task->pg);
    task->pg = NULL;
    if (!task->has_call) {
        error = *failure;
        end_task(async, task, &error);
        return;
    }
    conclude(task, NULL, failure, &error);
    leave(async, task, &error);
}

void pqe_task_abandon(pqe_async *async, pqe_task *task, const pqe_error *failure)
{
    ending end = ending_of(task);
    pqe_error error;

    conclude(task, NULL, failure, &error);
    task->context.given_up = true;
    (void)pqe_pipeline_leave(&task->context);
    finish_call(task, NULL, &error);
    task->told = true;
    atomic_fetch_sub_explicit(&async->accepted, 1, memory_order_relaxed);
    call_back(&end, NULL, &error);
}

void pqe_task_describe_stop(const pqe_task *task, bool may_have_run, pqe_error *error)
{
    if (task->stop == PQE_STOP_TIMEOUT) {
        pqe_error_set(error, PQE_ERR_TIMEOUT,
                      "the statement took longer than it was given and was cancelled");
    } else if (task->stop == PQE_STOP_DISPOSED) {
        pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    } else {
        pqe_error_set(error, PQE_ERR_CANCELLED, "the call was cancelled");
    }
    error->may_have_run = may_have_run;
    if (task->has_call) {
        pqe_error_statement(error, pqe_task_call(task)->statement->sql);
    }
}
