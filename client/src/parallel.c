/*
 * parallel.c - several calls at once: down the pipelines of an asynchronous engine, or by threads
 */
#include <stdlib.h>
#include <string.h>

#include "async.h"
#include "errand.h"

/* So many calls of one batch are under way at once; the rest follows as they end. */
#define WINDOW 1024

/* So many threads execute the calls of one batch at most. */
#define MOST_THREADS 64

typedef struct batch batch;

typedef struct slot {
    batch *of;
    pqe_task *task; /* until it is submitted */
} slot;

struct batch {
    pqe_mail mail; /* of a batch without calls */
    pqe_async *async;
    pqe_engine *engine;
    const pqe_call *calls; /* with threads */
    size_t count;
    slot *slots;          /* with pipelines */
    pqe_result **results; /* NULL: nobody wants them */
    pqe_error *errors;    /* NULL: only the first counts */
    pqe_parallel_callback callback;
    void *data;

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t all;
    size_t next;
    size_t under_way;
    size_t ended;
    size_t first_failed; /* count: none */
    pqe_error first_error;
};

static void init_batch(batch *made, pqe_engine *engine, size_t count)
{
    memset(made, 0, offsetof(batch, first_error));
    pqe_error_clear(&made->first_error);
    made->engine = engine;
    made->count = count;
    made->first_failed = count;
    pthread_mutex_init(&made->lock, NULL);
    pthread_cond_init(&made->all, NULL);
}

static void clear_batch(batch *done)
{
    free(done->slots);
    pthread_cond_destroy(&done->all);
    pthread_mutex_destroy(&done->lock);
}

static pqe_status check_arguments(const pqe_call *calls, size_t count, pqe_error *error)
{
    if (calls == NULL && count > 0) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "calls is NULL, but count %zu",
                             count);
    }
    return PQE_OK;
}

/* Keeps what became of a call.  Call with the lock. */
static void note_end(batch *of, size_t at, pqe_result *result, const pqe_error *error)
{
    of->ended++;
    if (of->results != NULL) {
        of->results[at] = result;
    } else {
        pqe_result_free(result);
    }
    if (of->errors != NULL) {
        of->errors[at] = *error;
    }
    if (error->code != PQE_OK && at < of->first_failed) {
        of->first_failed = at;
        of->first_error = *error;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Down the pipelines                                                                             */
/* ---------------------------------------------------------------------------------------------- */

static void call_ended(void *data, pqe_status status, pqe_result *result, const pqe_error *error);

/* Submits what the window has room for.  Call with the lock. */
static void submit_more(batch *of)
{
    while (of->next < of->count && of->under_way < WINDOW) {
        slot *at = &of->slots[of->next];
        pqe_error error;
        pqe_status status;

        if (at->task == NULL) { /* refused when it was made */
            of->next++;
            continue;
        }
        status = pqe_async_submit(of->async, at->task, &error);
        if (status == PQE_ERR_QUEUE_FULL && of->under_way > 0) {
            return; /* when one of ours ends there is room again */
        }
        if (status == PQE_OK) {
            of->under_way++;
        } else {
            pqe_task_free(of->async, at->task);
            note_end(of, of->next, NULL, &error);
        }
        at->task = NULL;
        of->next++;
    }
}

static void finish(batch *of)
{
    of->callback(of->data, of->first_error.code, of->results, of->errors, of->count,
                 &of->first_error);
    free(of->results);
    free(of->errors);
    clear_batch(of);
    free(of);
}

/* What waits for the batch may free it as soon as the lock is given back. */
static void go_on(batch *of)
{
    bool finished;

    submit_more(of);
    finished = of->ended == of->count;
    if (finished && of->callback == NULL) {
        pthread_cond_signal(&of->all);
    }
    finished = finished && of->callback != NULL;
    pthread_mutex_unlock(&of->lock);
    if (finished) {
        finish(of);
    }
}

static void call_ended(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    slot *at = data;
    batch *of = at->of;

    (void)status;
    pthread_mutex_lock(&of->lock);
    of->under_way--;
    note_end(of, (size_t)(at - of->slots), result, error);
    go_on(of);
}

/* Makes the tasks; a call that can be refused at once has ended. */
static pqe_status make_tasks(batch *of, const pqe_call *calls, pqe_error *error)
{
    of->slots = calloc(of->count > 0 ? of->count : 1, sizeof(*of->slots));
    if (of->slots == NULL) {
        return pqe_error_no_memory(error);
    }
    for (size_t i = 0; i < of->count; i++) {
        slot *at = &of->slots[i];
        pqe_error refusal;
        pqe_status status = pqe_call_check(&calls[i], &refusal);

        at->of = of;
        if (status == PQE_OK) {
            status = pqe_task_new(of->async, PQE_TASK_CALL, &calls[i], false, &at->task, &refusal);
        }
        if (status == PQE_OK) {
            status = pqe_refuse_transaction_control(&at->task->context, &refusal);
            if (status != PQE_OK) {
                pqe_task_free(of->async, at->task);
                at->task = NULL;
            }
        }
        if (status != PQE_OK) {
            note_end(of, i, NULL, &refusal);
        } else {
            at->task->context.on_pool = true;
            at->task->context.present = 0; /* it may be submitted much later */
            at->task->callback.call = call_ended;
            at->task->data = at;
        }
    }
    return PQE_OK;
}

static pqe_status run_pipelined(batch *of, const pqe_call *calls, pqe_error *error)
{
    pqe_status status = make_tasks(of, calls, error);

    if (status != PQE_OK) {
        return status;
    }
    pthread_mutex_lock(&of->lock);
    submit_more(of);
    while (of->ended < of->count) {
        pthread_cond_wait(&of->all, &of->lock);
    }
    pthread_mutex_unlock(&of->lock);
    return PQE_OK;
}

/* On the caller's loop, in its thread: nobody else runs it. */
static pqe_status run_pipelined_on_loop(batch *of, const pqe_call *calls, pqe_error *error)
{
    pqe_status status = make_tasks(of, calls, error);
    bool ended = false;

    if (status != PQE_OK) {
        return status;
    }
    pthread_mutex_lock(&of->lock);
    submit_more(of);
    ended = of->ended == of->count;
    pthread_mutex_unlock(&of->lock);
    while (!ended) {
        (void)uv_run(of->async->loop, UV_RUN_ONCE);
        pthread_mutex_lock(&of->lock);
        ended = of->ended == of->count;
        pthread_mutex_unlock(&of->lock);
    }
    return PQE_OK;
}

static void open_empty(pqe_async *async, pqe_mail *mail)
{
    (void)async;
    finish((batch *)mail);
}

static pqe_status start_pipelined(batch *of, const pqe_call *calls, pqe_error *error)
{
    pqe_status status = make_tasks(of, calls, error);

    if (status != PQE_OK) {
        return status;
    }
    if (of->ended == of->count) {
        /* nothing to wait for, and the callback is not for this thread */
        of->mail.open = open_empty;
        return pqe_async_post(of->async, &of->mail)
                   ? PQE_OK
                   : pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    }
    pthread_mutex_lock(&of->lock);
    submit_more(of);
    if (of->under_way == 0 && of->ended == of->count) {
        /* not one was taken: what became of the first is what became of all */
        pqe_error_copy(error, &of->first_error);
        pthread_mutex_unlock(&of->lock);
        return of->first_error.code;
    }
    pthread_mutex_unlock(&of->lock);
    return PQE_OK;
}

pqe_status pqe_parallel_execute_async(pqe_engine *engine, const pqe_call *calls, size_t count,
                                      pqe_parallel_callback callback, void *data, pqe_error *error)
{
    pqe_async *async = NULL;
    batch *of;
    pqe_status status = pqe_async_of(engine, &async, error);

    if (status == PQE_OK) {
        status = check_arguments(calls, count, error);
    }
    if (status == PQE_OK && callback == NULL) {
        status = pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "callback is NULL");
    }
    if (status != PQE_OK) {
        return status;
    }
    of = malloc(sizeof(*of));
    if (of == NULL) {
        return pqe_error_no_memory(error);
    }
    init_batch(of, engine, count);
    of->async = async;
    of->callback = callback;
    of->data = data;
    of->results = calloc(count > 0 ? count : 1, sizeof(pqe_result *));
    of->errors = calloc(count > 0 ? count : 1, sizeof(pqe_error));
    status = of->results != NULL && of->errors != NULL ? start_pipelined(of, calls, error)
                                                       : pqe_error_no_memory(error);
    if (status != PQE_OK) {
        free(of->results);
        free(of->errors);
        clear_batch(of);
        free(of);
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* By threads                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

static void *work(void *argument)
{
    batch *of = argument;

    for (;;) {
        pqe_result *result = NULL;
        pqe_error error;
        size_t at;

        pthread_mutex_lock(&of->lock);
        at = of->next++;
        pthread_mutex_unlock(&of->lock);
        if (at >= of->count) {
            return NULL;
        }
        (void)pqe_execute_call(of->engine, &of->calls[at], &result, &error);
        pthread_mutex_lock(&of->lock);
        note_end(of, at, result, &error);
        pthread_mutex_unlock(&of->lock);
    }
}

/* This thread works, too, so that all is done however few others can be had. */
static void run_by_threads(batch *of)
{
    pthread_t threads[MOST_THREADS];
    size_t most = (size_t)of->engine->settings.config.max_pool_size;
    size_t started = 0;

    most = most < of->count ? most : of->count;
    most = most < MOST_THREADS ? most : MOST_THREADS;
    while (started + 1 < most && pqe_thread_start(&threads[started], work, of) == 0) {
        started++;
    }
    (void)work(of);
    while (started > 0) {
        pthread_join(threads[--started], NULL);
    }
}

pqe_status pqe_parallel_execute(pqe_engine *engine, const pqe_call *calls, size_t count,
                                pqe_result **results, pqe_error *errors, pqe_error *error)
{
    batch of;
    pqe_status status = pqe_engine_check(engine, error);

    if (status == PQE_OK) {
        status = check_arguments(calls, count, error);
    }
    for (size_t i = 0; results != NULL && i < count; i++) {
        results[i] = NULL;
    }
    if (status == PQE_OK && engine->async != NULL && pqe_async_in_callback(engine->async)) {
        pqe_error_set(error, PQE_ERR_STATE, "pqe_parallel_execute cannot be called in a callback");
        pqe_error_hint(error, "Use pqe_parallel_execute_async.");
        status = PQE_ERR_STATE;
    }
    if (status != PQE_OK) {
        return status;
    }
    init_batch(&of, engine, count);
    of.async = engine->async;
    of.calls = calls;
    of.results = results;
    of.errors = errors;
    if (of.async == NULL) {
        run_by_threads(&of);
    } else if (pqe_async_is_loop(of.async)) {
        status = run_pipelined_on_loop(&of, calls, error);
    } else {
        status = run_pipelined(&of, calls, error);
    }
    clear_batch(&of);
    if (status == PQE_OK && of.first_failed < count) {
        pqe_error_copy(error, &of.first_error);
        status = of.first_error.code;
    }
    return status;
}
