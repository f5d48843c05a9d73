/*
 * async.c - the asynchronous side of an engine: its loop, from the inbox to the end
 */
#include "async.h"

#include <stdlib.h>
#include <string.h>

#include "async_lease.h"
#include "dispatch.h"
#include "errand.h"
#include "link.h"

/* One iteration of the loop turns so often at most before others on the loop have their turn. */
#define MOST_TURNS 8

/* ---------------------------------------------------------------------------------------------- */
/* The inbox                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

bool pqe_async_is_loop(pqe_async *async)
{
    bool is_loop;

    pthread_mutex_lock(&async->lock);
    is_loop = async->known && pthread_equal(async->user, pthread_self()) != 0;
    pthread_mutex_unlock(&async->lock);
    return is_loop;
}

bool pqe_async_in_callback(pqe_async *async)
{
    return pqe_async_is_loop(async) && (async->own || async->inside > 0);
}

/* Call with the lock. */
static void put_in(pqe_async *async, pqe_mail *mail)
{
    mail->next = NULL;
    if (async->last_mail != NULL) {
        async->last_mail->next = mail;
    } else {
        async->first_mail = mail;
    }
    async->last_mail = mail;
    if (async->woken) {
        return;
    }
    async->woken = true;
    if (async->known && pthread_equal(async->user, pthread_self()) != 0 && async->inside > 0) {
        async->turn = true;
    } else {
        uv_async_send(&async->wake);
    }
}

int64_t pqe_async_now(const pqe_async *async)
{
    return async->now != 0 ? async->now : pqe_now_us();
}

bool pqe_async_post(pqe_async *async, pqe_mail *mail)
{
    bool taken;

    pthread_mutex_lock(&async->lock);
    taken = !async->stopping;
    if (taken) {
        put_in(async, mail);
    }
    pthread_mutex_unlock(&async->lock);
    return taken;
}

void pqe_async_post_errand(pqe_async *async, pqe_mail *mail)
{
    pthread_mutex_lock(&async->lock);
    put_in(async, mail);
    pthread_mutex_unlock(&async->lock);
}

static void open_task(pqe_async *async, pqe_mail *mail)
{
    pqe_task *task = (pqe_task *)mail;

    if (!pqe_task_enter(async, task)) {
        return;
    }
    if (task->lease != NULL && task->kind != PQE_TASK_TAKE) {
        pqe_async_lease_add(task->lease, task);
    } else {
        pqe_dispatch_add(async, task);
    }
}

static pqe_status queue_full(pqe_async *async, size_t accepted, pqe_error *error)
{
    pqe_error_set(error, PQE_ERR_QUEUE_FULL,
                  "%zu asynchronous calls have not ended yet, as many as async_queue_size allows",
                  accepted);
    pqe_error_detail(error,
                     "%d of them wait for a connection; of %d connections (at most %d) %d are busy "
                     "and %d being opened.",
                     atomic_load(&async->queued), atomic_load(&async->total),
                     async->engine->settings.config.max_pool_size, atomic_load(&async->busy),
                     atomic_load(&async->opening));
    pqe_error_hint(error, "Make new calls from the callbacks of earlier ones, or raise "
                          "async_queue_size.");
    return PQE_ERR_QUEUE_FULL;
}

pqe_status pqe_async_submit(pqe_async *async, pqe_task *task, pqe_error *error)
{
    size_t most = (size_t)async->engine->settings.config.async_queue_size;
    size_t accepted = atomic_fetch_add_explicit(&async->accepted, 1, memory_order_relaxed);
    bool stopping;

    if (accepted >= most) {
        atomic_fetch_sub_explicit(&async->accepted, 1, memory_order_relaxed);
        return queue_full(async, accepted, error);
    }
    task->mail.open = open_task;
    if (task->has_call) {
        task->queued_at = pqe_context_present(&task->context);
        task->context.present = 0; /* it has a way to go */
    } else {
        task->queued_at = pqe_now_us();
    }
    pthread_mutex_lock(&async->lock);
    stopping = async->stopping;
    if (!stopping) {
        put_in(async, &task->mail);
    }
    pthread_mutex_unlock(&async->lock);
    if (stopping) {
        atomic_fetch_sub_explicit(&async->accepted, 1, memory_order_relaxed);
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    }
    return PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* A turn of the loop                                                                             */
/* ---------------------------------------------------------------------------------------------- */

void pqe_async_due(pqe_async *async, int64_t at)
{
    if (at < async->due) {
        async->due = at;
    }
}

static void close_rest(pqe_errand *errand)
{
    pqe_engine_close_sync(errand->async->engine);
}

static void rest_closed(pqe_errand *errand)
{
    errand->async->turn = true;
    free(errand);
}

/* Begins with the end, once. */
static void end(pqe_async *async, bool closes_engine)
{
    async->ending = true;
    async->turn = true;
    pqe_dispatch_end(async);
    if (closes_engine) {
        pqe_errand *errand = calloc(1, sizeof(*errand));

        if (errand == NULL || pqe_errand_start(async, errand, close_rest, rest_closed) != 0) {
            /* rather hold up the loop than leave connections open */
            free(errand);
            pqe_engine_close_sync(async->engine);
        }
    }
}

static void open_mail(pqe_async *async)
{
    pqe_mail *mail;
    bool stopping;
    bool closes_engine;

    pthread_mutex_lock(&async->lock);
    async->user = pthread_self();
    async->known = true;
    mail = async->first_mail;
    async->first_mail = NULL;
    async->last_mail = NULL;
    async->woken = false;
    stopping = async->stopping;
    closes_engine = async->closes_engine;
    pthread_mutex_unlock(&async->lock);
    while (mail != NULL) {
        pqe_mail *next = mail->next;

        mail->open(async, mail);
        mail = next;
    }
    if (stopping && !async->ending) {
        end(async, closes_engine);
    }
}

static void write_links(pqe_async *async)
{
    pqe_link *next;

    for (pqe_link *link = async->links; link != NULL; link = next) {
        next = link->next;
        pqe_link_write(link);
    }
}

/* The last thing the asynchronous side does; its memory may be gone afterwards. */
static void closed(pqe_async *async)
{
    pqe_dispose_callback callback;
    void *data;

    pthread_mutex_lock(&async->lock);
    async->closed = true;
    callback = async->disposed;
    data = async->disposed_data;
    pthread_cond_broadcast(&async->ended);
    pthread_mutex_unlock(&async->lock);
    if (callback != NULL) {
        callback(data);
    }
}

static void handle_closed(uv_handle_t *handle)
{
    pqe_async *async = handle->data;

    if (--async->handles == 0) {
        closed(async);
    }
}

static void on_timer(uv_timer_t *timer);

static void set_timer(pqe_async *async)
{
    int64_t now;
    int64_t wait_ms;

    if (async->due == async->armed) {
        return;
    }
    async->armed = async->due;
    if (async->due == PQE_NEVER) {
        uv_timer_stop(&async->timer);
        return;
    }
    now = pqe_now_us();
    wait_ms = async->due > now ? (async->due - now + 999) / 1000 : 0;
    uv_update_time(async->loop);
    uv_timer_start(&async->timer, on_timer, (uint64_t)wait_ms, 0);
}

/* Hands out what came in, writes what was handed out, and sees to what follows from that. */
static void turn(pqe_async *async)
{
    async->inside++;
    for (int turns = 0; async->turn && turns < MOST_TURNS; turns++) {
        async->turn = false;
        open_mail(async);
        pqe_dispatch(async);
        write_links(async);
    }
    if (async->turn) {
        uv_async_send(&async->wake);
    }
    if (async->ending && async->links == NULL && async->errands == 0 && !async->turn &&
        !uv_is_closing((uv_handle_t *)&async->wake)) {
        uv_close((uv_handle_t *)&async->timer, handle_closed);
        uv_close((uv_handle_t *)&async->check, handle_closed);
        uv_close((uv_handle_t *)&async->wake, handle_closed);
    } else {
        set_timer(async);
    }
    async->inside--;
}

static void on_wake(uv_async_t *wake)
{
    pqe_async *async = wake->data;

    async->turn = true;
}

/* After all that came in was read: calls that were made meanwhile travel together. */
static void on_check(uv_check_t *check)
{
    pqe_async *async = check->data;

    if (async->turn) {
        turn(async);
    }
}

static void on_timer(uv_timer_t *timer)
{
    pqe_async *async = timer->data;

    async->inside++;
    async->armed = PQE_NEVER;
    async->turn = true;
    pqe_dispatch_tick(async);
    async->inside--;
    turn(async);
}

/* ---------------------------------------------------------------------------------------------- */
/* Beginning and end                                                                              */
/* ---------------------------------------------------------------------------------------------- */

static void *run_loop(void *argument)
{
    pqe_async *async = argument;

    (void)uv_run(&async->own_loop, UV_RUN_DEFAULT);
    return NULL;
}

static pqe_status uv_failed(int code, pqe_error *error)
{
    return pqe_error_set(error, code == UV_ENOMEM ? PQE_ERR_NO_MEMORY : PQE_ERR_STATE,
                         "the loop cannot be set up: %s", uv_strerror(code));
}

/* Nothing can fail once the first handle is on the loop: it could be taken off by the loop only. */
static int set_up_handles(pqe_async *async)
{
    int failure = uv_async_init(async->loop, &async->wake, on_wake);

    if (failure != 0) {
        return failure;
    }
    (void)uv_check_init(async->loop, &async->check);
    (void)uv_timer_init(async->loop, &async->timer);
    async->wake.data = async;
    async->check.data = async;
    async->timer.data = async;
    async->handles = 3;
    (void)uv_check_start(&async->check, on_check);
    uv_unref((uv_handle_t *)&async->check);
    uv_unref((uv_handle_t *)&async->timer);
    return 0;
}

static pqe_async *make(pqe_engine *engine)
{
    const pqe_config *config = &engine->settings.config;
    pqe_async *async = calloc(1, sizeof(*async));

    if (async == NULL) {
        return NULL;
    }
    async->engine = engine;
    async->own = config->loop == NULL;
    async->loop = async->own ? &async->own_loop : config->loop;
    async->user = pthread_self();
    async->known = !async->own;
    async->due = PQE_NEVER;
    async->armed = PQE_NEVER;
    async->random = ((uint64_t)pqe_now_us() * 2654435761u ^ (uint64_t)(uintptr_t)async) | 1;
    async->next_check = pqe_now_us() + config->health_check_interval_ms * 1000;
    pthread_mutex_init(&async->lock, NULL);
    pthread_cond_init(&async->ended, NULL);
    return async;
}

static void destroy(pqe_async *async)
{
    pqe_async_lease_free_all(async);
    pqe_task_free_spares(async);
    pthread_cond_destroy(&async->ended);
    pthread_mutex_destroy(&async->lock);
    free(async);
}

pqe_status pqe_async_new(pqe_engine *engine, pqe_session *first, pqe_async **async,
                         pqe_error *error)
{
    pqe_async *made = make(engine);
    int failure;

    *async = NULL;
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    failure = made->own ? uv_loop_init(&made->own_loop) : 0;
    if (failure == 0) {
        failure = set_up_handles(made);
        if (failure != 0 && made->own) {
            (void)uv_loop_close(&made->own_loop);
        }
    }
    if (failure != 0) {
        destroy(made);
        return uv_failed(failure, error);
    }
    if (first != NULL && !pqe_link_adopt(made, first)) {
        pqe_session_close(first);
    }
    pqe_async_due(made,
                  engine->settings.config.health_check_enabled ? made->next_check : PQE_NEVER);
    set_timer(made);
    if (made->own && pqe_thread_start(&made->thread, run_loop, made) != 0) {
        made->own = false; /* this thread takes the place of the one that cannot be had */
        made->known = true;
        pqe_async_stop(made, false, NULL, NULL);
        pqe_async_join(made);
        made->own = true;
        (void)uv_loop_close(&made->own_loop);
        destroy(made);
        return pqe_error_set(error, PQE_ERR_NO_MEMORY, "the loop's thread cannot be started");
    }
    *async = made;
    return PQE_OK;
}

void pqe_async_stop(pqe_async *async, bool closes_engine, pqe_dispose_callback callback, void *data)
{
    pthread_mutex_lock(&async->lock);
    if (!async->stopping) {
        async->stopping = true;
        async->closes_engine = closes_engine;
        async->disposed = callback;
        async->disposed_data = data;
        uv_async_send(&async->wake);
    }
    pthread_mutex_unlock(&async->lock);
}

void pqe_async_join(pqe_async *async)
{
    bool run = !async->own && pqe_async_is_loop(async);
    bool join;

    pthread_mutex_lock(&async->lock);
    join = async->own && !async->joined;
    async->joined = true;
    while (!async->own && !async->closed) {
        if (run) {
            pthread_mutex_unlock(&async->lock);
            (void)uv_run(async->loop, UV_RUN_ONCE);
            pthread_mutex_lock(&async->lock);
        } else {
            pthread_cond_wait(&async->ended, &async->lock);
        }
    }
    pthread_mutex_unlock(&async->lock);
    if (join) {
        pthread_join(async->thread, NULL);
    }
}

void pqe_async_free(pqe_async *async)
{
    if (async == NULL) {
        return;
    }
    if (async->own) {
        (void)uv_loop_close(&async->own_loop);
    }
    destroy(async);
}

/* ---------------------------------------------------------------------------------------------- */
/* Metrics                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

void pqe_async_metrics_add(pqe_async *async, pqe_pool_metrics *metrics)
{
    int total = atomic_load(&async->total);
    int opening = atomic_load(&async->opening);
    int busy = atomic_load(&async->busy);

    metrics->size += total;
    metrics->opening += opening;
    metrics->active += busy;
    metrics->idle += total > opening + busy ? total - opening - busy : 0;
    metrics->waiting += atomic_load(&async->queued);
    metrics->acquired += atomic_load(&async->acquired);
    metrics->opened += atomic_load(&async->opened);
    metrics->closed += atomic_load(&async->ended_links);
    metrics->broken += atomic_load(&async->broken);
    metrics->connect_failures += atomic_load(&async->connect_failures);
    metrics->timeouts += atomic_load(&async->timeouts);
    metrics->wait_us += atomic_load(&async->wait_us);
}

void pqe_async_metrics_reset(pqe_async *async)
{
    atomic_store(&async->acquired, 0);
    atomic_store(&async->opened, 0);
    atomic_store(&async->ended_links, 0);
    atomic_store(&async->broken, 0);
    atomic_store(&async->connect_failures, 0);
    atomic_store(&async->timeouts, 0);
    atomic_store(&async->wait_us, 0);
}
