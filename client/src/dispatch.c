/*
 * dispatch.c - which task goes down which link, and when links are opened
 *
 * Two queues wait: tasks that share a link with others, and those that need one alone.  The older of
 * their first ones is served first, but neither keeps the other waiting where it cannot be served.
 */
#include "dispatch.h"

#include <limits.h>
#include <string.h>

#include "async_lease.h"
#include "link.h"

/* So many connections are opened at once at most, however many calls wait. */
#define MOST_OPENING 8

/* After a failed attempt to connect the next waits for so long, doubled for each further one. */
#define FIRST_BACKOFF_US 20000
#define LAST_BACKOFF_US 1000000

/* A link whose server has answered nothing for so long is passed over where there is another. */
#define STALLED_US 20000

/* So many calls that are sent together have the time in common. */
#define CALLS_A_CLOCK 16

/* A task that libpq refuses so often is at fault itself. */
#define MOST_REFUSALS 2

/* xorshift64*: jitter needs no better. */
static double next_random(pqe_async *async)
{
    async->random ^= async->random >> 12;
    async->random ^= async->random << 25;
    async->random ^= async->random >> 27;
    return (double)((async->random * UINT64_C(2685821657736338717)) >> 11) /
           (double)(UINT64_C(1) << 53);
}

void pqe_dispatch_draw_age(pqe_async *async, pqe_session *session)
{
    const pqe_config *config = &async->engine->settings.config;
    double part = 1.0 - next_random(async) * config->pool_recycle_jitter / 100.0;

    session->answered_at = pqe_now_us();
    session->expires_at = PQE_NEVER;
    if (config->pool_recycle_ms > 0) {
        session->expires_at =
            session->answered_at + (int64_t)((double)config->pool_recycle_ms * part * 1000.0);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Waiting                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static bool needs_alone(const pqe_task *task)
{
    return task->kind == PQE_TASK_TAKE || task->exclusive;
}

static pqe_task_queue *queue_of(pqe_async *async, const pqe_task *task)
{
    return needs_alone(task) ? &async->waiting_alone : &async->waiting;
}

static void set_deadline(pqe_async *async, pqe_task *task, int64_t since)
{
    int64_t timeout_ms = async->engine->settings.config.pool_timeout_ms;

    task->due = since + timeout_ms * 1000;
    if (task->has_call && task->context.now.deadline < task->due) {
        task->due = task->context.now.deadline; /* of a middleware */
    }
    pqe_async_due(async, task->due);
}

static void disposed(pqe_async *async, pqe_task *task)
{
    pqe_error error;

    task->stop = PQE_STOP_DISPOSED;
    pqe_task_describe_stop(task, false, &error);
    pqe_async_lease_drop(task);
    pqe_task_fail(async, task, &error);
}

/* Only the loop writes it. */
static void count_queued(pqe_async *async, int more)
{
    int queued = atomic_load_explicit(&async->queued, memory_order_relaxed);

    atomic_store_explicit(&async->queued, queued + more, memory_order_relaxed);
}

void pqe_dispatch_add(pqe_async *async, pqe_task *task)
{
    if (async->ending) {
        disposed(async, task);
        return;
    }
    set_deadline(async, task, task->queued_at);
    pqe_task_push(queue_of(async, task), task);
    count_queued(async, 1);
}

void pqe_dispatch_return(pqe_async *async, pqe_task *task)
{
    if (async->ending) {
        disposed(async, task);
        return;
    }
    set_deadline(async, task, pqe_now_us());
    pqe_task_push_front(queue_of(async, task), task);
    count_queued(async, 1);
}

void pqe_dispatch_delay(pqe_async *async, pqe_task *task, int64_t delay_ms)
{
    task->due = pqe_now_us() + delay_ms * 1000;
    pqe_async_due(async, task->due);
    pqe_task_push(&async->delayed, task);
}

static void unqueue(pqe_async *async, pqe_task *task)
{
    pqe_task_remove(queue_of(async, task), task);
    count_queued(async, -1);
}

/* ---------------------------------------------------------------------------------------------- */
/* Opening                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* A full server is asked for one link at a time: it gives no other either. */
static int most_opening(const pqe_async *async)
{
    return async->failures > 0 && pqe_connect_was_full(&async->last_failure) ? 1 : MOST_OPENING;
}

/* Opens up to so many links, as far as that is allowed now. */
static void open_links(pqe_async *async, size_t wanted, int most)
{
    int opening = atomic_load(&async->opening);

    if (pqe_now_us() < async->next_open_at) {
        pqe_async_due(async, async->next_open_at);
        return;
    }
    while ((size_t)opening < wanted && opening < most_opening(async) &&
           atomic_load(&async->total) < most) {
        if (!pqe_link_open(async)) {
            /* no memory or no thread: what waits has its deadline, and others come free */
            async->next_open_at = pqe_now_us() + LAST_BACKOFF_US;
            pqe_async_due(async, async->next_open_at);
            return;
        }
        opening++;
    }
}

/* Ends what waited for an attempt to connect that has failed. */
static void fail_waiting(pqe_async *async, pqe_task_queue *queue, const pqe_error *failure,
                         int64_t since)
{
    pqe_task *task = queue->first;

    while (task != NULL) {
        pqe_task *next = task->next;

        if (task->queued_at <= since) {
            unqueue(async, task);
            pqe_async_lease_drop(task);
            pqe_task_fail(async, task, failure);
        }
        task = next;
    }
}

void pqe_dispatch_open_failed(pqe_async *async, const pqe_error *failure, bool patient,
                              int64_t started)
{
    int64_t backoff = FIRST_BACKOFF_US;

    pqe_log(&async->engine->settings, PQE_LOG_DEBUG, "%s", failure->message);
    atomic_fetch_add(&async->connect_failures, 1);
    async->last_failure = *failure;
    for (int i = 0; i < async->failures && backoff < LAST_BACKOFF_US; i++) {
        backoff *= 2;
    }
    if (backoff > LAST_BACKOFF_US) {
        backoff = LAST_BACKOFF_US;
    }
    async->failures++;
    async->next_open_at =
        pqe_now_us() + (int64_t)((double)backoff * (0.5 + next_random(async) / 2));
    pqe_async_due(async, async->next_open_at);
    if (async->links == NULL && atomic_load(&async->opening) == 0 &&
        (patient || !pqe_connect_may_pass(failure))) {
        fail_waiting(async, &async->waiting, failure, started);
        fail_waiting(async, &async->waiting_alone, failure, started);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Handing out                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

/* One round of handing out. */
typedef struct round {
    int64_t now;
    pqe_link *link; /* takes the next calls, too, as long as it has no more than so many */
    int most_calls;
    uint64_t acquired;
    uint64_t wait_us;
} round;

/*
 * Finds the link with the fewest calls, one that does not keep them waiting where there is one.  It
 * is not looked for anew before it has some more than the next: those that were answered together
 * are soon filled up again.
 */
static void find_link(pqe_async *async, round *of)
{
    pqe_link *best = NULL;
    bool best_stalled = false;
    int next = INT_MAX;

    for (pqe_link *link = async->links; link != NULL; link = link->next) {
        bool stalled = link->calls > 0 && of->now - link->progress > STALLED_US;

        if (!pqe_link_has_room(link)) {
            continue;
        }
        if (best == NULL || (best_stalled && !stalled) ||
            (best_stalled == stalled && link->calls < best->calls)) {
            next = best != NULL && best_stalled == stalled ? best->calls : INT_MAX;
            best = link;
            best_stalled = stalled;
        } else if (best_stalled == stalled && link->calls < next) {
            next = link->calls;
        }
    }
    of->link = best;
    of->most_calls = next < INT_MAX ? next + next / 8 : INT_MAX;
}

static pqe_link *best_link(pqe_async *async, round *of)
{
    if (of->link == NULL || of->link->calls > of->most_calls || !pqe_link_has_room(of->link)) {
        find_link(async, of);
    }
    return of->link;
}

static pqe_link *idle_link(pqe_async *async)
{
    pqe_link *link = async->links;

    while (link != NULL && !(pqe_link_is_idle(link) && pqe_link_has_room(link))) {
        link = link->next;
    }
    return link;
}

/* Keeps further calls off the link that will be idle first, so that it does become idle. */
static void reserve_link(pqe_async *async)
{
    pqe_link *best = NULL;

    for (pqe_link *link = async->links; link != NULL; link = link->next) {
        if (link->wants_alone) {
            return;
        }
        if (pqe_link_has_room(link) && (best == NULL || link->calls < best->calls)) {
            best = link;
        }
    }
    if (best != NULL) {
        best->wants_alone = true;
    }
}

/* libpq did not take the task: the link is at fault, unless that happens again and again. */
static void refused(pqe_async *async, pqe_link *link, pqe_task *task)
{
    pqe_error error;

    task->refused++;
    if (task->refused <= MOST_REFUSALS || PQstatus(link->session->pg) != CONNECTION_OK) {
        pqe_dispatch_return(async, task);
    } else {
        pqe_error_from_connection(&error, PQE_ERR_CONNECTION, link->session->pg,
                                  "cannot send the statement", false);
        pqe_async_lease_drop(task);
        pqe_task_fail(async, task, &error);
    }
    pqe_link_fail(link, NULL);
}

static void hand_out(pqe_async *async, pqe_link *link, pqe_task *task, round *of)
{
    unqueue(async, task);
    of->acquired++;
    if (of->now > task->queued_at) {
        of->wait_us += (uint64_t)(of->now - task->queued_at);
    }
    if (task->kind == PQE_TASK_TAKE) {
        if (!pqe_async_lease_begin(task->lease, link, task)) {
            refused(async, link, task);
        }
        return;
    }
    link->one_call = task->exclusive;
    if (!pqe_link_send(link, task)) {
        refused(async, link, task);
    }
}

/* Whether the task could be handed out; where not, what may help is under way. */
static bool serve_shared(pqe_async *async, pqe_task *task, round *of)
{
    const pqe_config *config = &async->engine->settings.config;
    pqe_link *link = best_link(async, of);

    if (link == NULL) {
        open_links(async, async->waiting.count + async->waiting_alone.count,
                   async->links == NULL ? config->pool_size : config->max_pool_size);
        return false;
    }
    if (link->calls > 0 && atomic_load(&async->total) < config->pool_size) {
        /* it goes along with others now, but there may be one more link for the next */
        open_links(async, 1, config->pool_size);
    }
    hand_out(async, link, task, of);
    return true;
}

static bool serve_alone(pqe_async *async, pqe_task *task, round *of)
{
    const pqe_config *config = &async->engine->settings.config;
    pqe_link *link = idle_link(async);

    if (link != NULL) {
        hand_out(async, link, task, of);
        return true;
    }
    open_links(async, async->waiting_alone.count, config->max_pool_size);
    reserve_link(async);
    return false;
}

/* Hands out until nothing is left, or nothing that can be. */
static void hand_out_all(pqe_async *async, round *of)
{
    bool shared = true;
    bool alone = true;

    for (int calls = 0;; calls++) {
        pqe_task *first = shared ? async->waiting.first : NULL;
        pqe_task *first_alone = alone ? async->waiting_alone.first : NULL;

        if (first == NULL && first_alone == NULL) {
            return;
        }
        if (calls % CALLS_A_CLOCK == 0) {
            of->now = pqe_now_us();
            async->now = of->now;
        }
        if (first == NULL || (first_alone != NULL && first_alone->queued_at <= first->queued_at)) {
            alone = serve_alone(async, first_alone, of);
        } else {
            shared = serve_shared(async, first, of);
        }
    }
}

void pqe_dispatch(pqe_async *async)
{
    round of = {.link = NULL};

    if (async->waiting.first == NULL && async->waiting_alone.first == NULL) {
        return;
    }
    for (pqe_link *link = async->links; link != NULL; link = link->next) {
        link->wants_alone = false;
    }
    hand_out_all(async, &of);
    async->now = 0;
    atomic_fetch_add_explicit(&async->acquired, of.acquired, memory_order_relaxed);
    atomic_fetch_add_explicit(&async->wait_us, of.wait_us, memory_order_relaxed);
}
