/*
 * dispatch_time.c - what time brings about on the asynchronous side, and the giving up of calls
 */
#include <stdlib.h>
#include <string.h>

#include "async_lease.h"
#include "cancel.h"
#include "dispatch.h"
#include "link.h"

/* So long a call that is given up may take to end before its callback is called all the same. */
#define GRACE_MS 1000

/* How often a look is taken whether a connection that calls wait for is open. */
#define OPENING_US 10000

/* ---------------------------------------------------------------------------------------------- */
/* Giving up                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

/* A task that is on no link ends at once. */
static void end_waiting(pqe_async *async, pqe_task *task, const pqe_error *error)
{
    pqe_async_lease_drop(task);
    pqe_task_fail(async, task, error);
}

/* A task on a link: the server is asked to cancel it once it comes to it. */
static void stop(pqe_link *link, pqe_task *task, pqe_task_stop why)
{
    if (task->stop == PQE_STOP_NONE) {
        task->stop = why;
        task->due = pqe_deadline_in(GRACE_MS);
        pqe_async_due(link->async, task->due);
        link->async->turn = true;
        pqe_link_cancel(link);
    }
}

static pqe_task *find_in(const pqe_task_queue *queue, pqe_async_id id)
{
    pqe_task *task = queue->first;

    while (task != NULL && task->id != id) {
        task = task->next;
    }
    return task;
}

/* Whether the task waits in that queue; then it has ended. */
static bool cancel_waiting(pqe_async *async, pqe_task_queue *queue, pqe_async_id id)
{
    pqe_task *task = find_in(queue, id);
    pqe_error error;

    if (task == NULL) {
        return false;
    }
    pqe_task_remove(queue, task);
    task->stop = PQE_STOP_CANCELLED;
    pqe_task_describe_stop(task, false, &error);
    end_waiting(async, task, &error);
    return true;
}

static bool cancel_on_link(pqe_link *link, pqe_async_id id)
{
    for (size_t i = 0; i < link->count; i++) {
        const pqe_sent *at = &link->sent[(link->head + i) & (link->room - 1)];

        if (at->kind == PQE_SENT_EXECUTE && at->task->id == id) {
            stop(link, at->task, PQE_STOP_CANCELLED);
            return true;
        }
    }
    return link->lease != NULL && cancel_waiting(link->async, &link->lease->queue, id);
}

void pqe_dispatch_cancel(pqe_async *async, pqe_async_id id)
{
    if (cancel_waiting(async, &async->waiting, id) ||
        cancel_waiting(async, &async->waiting_alone, id)) {
        atomic_fetch_sub(&async->queued, 1);
        return;
    }
    if (cancel_waiting(async, &async->delayed, id)) {
        return;
    }
    for (pqe_link *link = async->links; link != NULL; link = link->next) {
        if (cancel_on_link(link, id)) {
            return;
        }
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* The end of the engine                                                                          */
/* ---------------------------------------------------------------------------------------------- */

static void dispose_all(pqe_async *async, pqe_task_queue *queue)
{
    for (pqe_task *task = pqe_task_pop(queue); task != NULL; task = pqe_task_pop(queue)) {
        pqe_error error;

        task->stop = PQE_STOP_DISPOSED;
        pqe_task_describe_stop(task, false, &error);
        end_waiting(async, task, &error);
    }
}

static void stop_disposed(pqe_link *link, pqe_task *task)
{
    stop(link, task, PQE_STOP_DISPOSED);
}

void pqe_dispatch_end(pqe_async *async)
{
    pqe_link *next;

    dispose_all(async, &async->waiting);
    dispose_all(async, &async->waiting_alone);
    dispose_all(async, &async->delayed);
    atomic_store(&async->queued, 0);
    for (pqe_link *link = async->links; link != NULL; link = next) {
        next = link->next;
        if (link->lease != NULL) {
            pqe_async_lease_revoke(link->lease);
        }
        pqe_link_each(link, stop_disposed);
        link->give_up_at = pqe_deadline_in(GRACE_MS);
        pqe_async_due(async, link->give_up_at);
        pqe_link_rest(link);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Deadlines                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

static void describe_holders(const pqe_async *async, pqe_buffer *text, int64_t now)
{
    int shown = 0;

    for (const pqe_link *link = async->links; link != NULL && shown < 5; link = link->next) {
        if (link->lease != NULL) {
            pqe_buffer_printf(text, "%s\"%s\" for %lld ms (backend %d)",
                              shown == 0 ? " Held by " : ", by ", link->lease->holder,
                              (long long)((now - link->lease->taken_at) / 1000),
                              link->session->backend_pid);
            shown++;
        }
    }
    if (shown > 0) {
        pqe_buffer_append_char(text, '.');
    }
}

static void exhausted(pqe_async *async, int64_t now, pqe_error *error)
{
    const pqe_config *config = &async->engine->settings.config;
    pqe_buffer detail = PQE_BUFFER_INIT;

    atomic_fetch_add(&async->timeouts, 1);
    pqe_error_set(error, PQE_ERR_POOL_TIMEOUT, "no connection came free within %lld ms",
                  (long long)config->pool_timeout_ms);
    pqe_buffer_printf(&detail,
                      "%d connection(s) of at most %d: %d busy, %d being opened; %d other call(s) "
                      "waiting.",
                      atomic_load(&async->total), config->max_pool_size, atomic_load(&async->busy),
                      atomic_load(&async->opening), atomic_load(&async->queued));
    describe_holders(async, &detail, now);
    if (async->last_failure.code != PQE_OK && async->failures > 0) {
        pqe_buffer_printf(&detail, " Last failure to connect%s%s: %s",
                          async->last_failure.sqlstate[0] != '\0' ? ", " : "",
                          async->last_failure.sqlstate, async->last_failure.message);
        pqe_error_hint(error, "%s", async->last_failure.hint);
    }
    if (!pqe_buffer_failed(&detail)) {
        pqe_error_detail(error, "%s", detail.data);
    }
    pqe_buffer_free(&detail);
}

/* Ends what has waited for too long; what is queued later is not due earlier. */
static void expire_waiting(pqe_async *async, pqe_task_queue *queue, int64_t now)
{
    bool patient = async->engine->settings.config.pool_timeout_ms > 0;
    pqe_task *task = queue->first;

    /* who does not wait for others waits for what is opened for him all the same */
    if (!patient && atomic_load(&async->opening) > 0) {
        pqe_async_due(async, now + OPENING_US);
        return;
    }
    while (task != NULL) {
        pqe_task *next = task->next;

        if (task->due <= now) {
            pqe_error error;

            pqe_task_remove(queue, task);
            atomic_fetch_sub(&async->queued, 1);
            exhausted(async, now, &error);
            end_waiting(async, task, &error);
        } else {
            pqe_async_due(async, task->due);
        }
        task = next;
    }
}

/* Tasks whose pause before a further attempt is over wait as if they had just come. */
static void resume_delayed(pqe_async *async, int64_t now)
{
    pqe_task *task = async->delayed.first;

    while (task != NULL) {
        pqe_task *next = task->next;

        if (task->due <= now) {
            pqe_task_remove(&async->delayed, task);
            task->queued_at = now;
            if (pqe_task_enter(async, task)) {
                pqe_dispatch_add(async, task);
            }
        } else {
            pqe_async_due(async, task->due);
        }
        task = next;
    }
}

static void check_deadline(pqe_link *link, pqe_task *task)
{
    int64_t now = pqe_now_us();
    pqe_error error;

    if (task->due > now) {
        pqe_async_due(link->async, task->due);
        return;
    }
    if (task->stop == PQE_STOP_NONE) {
        stop(link, task, PQE_STOP_TIMEOUT);
        return;
    }
    task->due = PQE_NEVER;
    pqe_task_describe_stop(task, true, &error);
    pqe_task_abandon(link->async, task, &error);
}

/* ---------------------------------------------------------------------------------------------- */
/* The health monitor                                                                             */
/* ---------------------------------------------------------------------------------------------- */

static void report_leak(pqe_link *link, int64_t now)
{
    int64_t limit_ms = link->async->engine->settings.config.leak_warning_ms;
    pqe_async_lease *lease = link->lease;

    if (limit_ms > 0 && lease != NULL && !lease->leak_reported &&
        now - lease->taken_at >= limit_ms * 1000) {
        lease->leak_reported = true;
        pqe_finding_add(&link->async->engine->findings.leaks, 1);
        pqe_log(&link->async->engine->settings, PQE_LOG_WARNING,
                "a connection has been held by \"%s\" for %lld ms", lease->holder,
                (long long)((now - lease->taken_at) / 1000));
    }
}

/* Closes an idle link that is too old, or not needed; asks the others for a sign of life. */
static void look_after(pqe_link *link, int64_t now)
{
    const pqe_config *config = &link->async->engine->settings.config;
    pqe_findings *findings = &link->async->engine->findings;
    bool unneeded = config->pool_idle_timeout_ms > 0 &&
                    atomic_load(&link->async->total) > config->pool_size &&
                    now - link->idle_since >= config->pool_idle_timeout_ms * 1000;

    if (unneeded || now >= link->session->expires_at) {
        pqe_finding_add(unneeded ? &findings->surplus : &findings->expired, 1);
        pqe_link_close(link);
    } else {
        pqe_finding_add(&findings->checked, 1);
        pqe_link_ping(link, now + config->health_check_timeout_ms * 1000 *
                                      (1 + config->health_check_retries));
    }
}

static void health_round(pqe_async *async, int64_t now)
{
    const pqe_config *config = &async->engine->settings.config;
    pqe_link *next;

    if (!config->health_check_enabled) {
        return;
    }
    if (now >= async->next_check) {
        async->next_check = now + config->health_check_interval_ms * 1000;
        for (pqe_link *link = async->links; link != NULL; link = next) {
            next = link->next;
            report_leak(link, now);
            if (pqe_link_is_idle(link)) {
                look_after(link, now);
            }
        }
    }
    pqe_async_due(async, async->next_check);
}

static void give_up(pqe_link *link)
{
    const pqe_async *async = link->async;
    pqe_cancel_job *job = pqe_cancel_begin(link->session->pg);
    pqe_error error;

    /* nobody waits for it: what the server executes is to end, if it can be reached at all */
    if (job != NULL) {
        (void)pqe_cancel_wait(job, pqe_now_us());
    }
    pqe_error_set(&error, async->ending ? PQE_ERR_DISPOSED : PQE_ERR_CONNECTION,
                  async->ending ? "the engine was disposed of"
                                : "the connection was given up: its server does not answer");
    pqe_link_fail(link, &error);
}

void pqe_dispatch_tick(pqe_async *async)
{
    int64_t now = pqe_now_us();
    pqe_link *next;

    async->due = PQE_NEVER;
    expire_waiting(async, &async->waiting, now);
    expire_waiting(async, &async->waiting_alone, now);
    resume_delayed(async, now);
    for (pqe_link *link = async->links; link != NULL; link = next) {
        next = link->next;
        pqe_link_each(link, check_deadline);
        pqe_link_cancel(link);
        if (now >= link->give_up_at) {
            give_up(link);
        } else {
            pqe_async_due(async, link->give_up_at);
        }
    }
    if (!async->ending) {
        health_round(async, now);
    }
    if (async->next_open_at > now) {
        pqe_async_due(async, async->next_open_at);
    }
}
