/*
 * link_receive.c - one connection of the asynchronous side: what the server answers
 */
#include <stdlib.h>
#include <string.h>

#include "async_lease.h"
#include "dispatch.h"
#include "link.h"
#include "statement_cache.h"

/* ---------------------------------------------------------------------------------------------- */
/* The end of a task                                                                              */
/* ---------------------------------------------------------------------------------------------- */

static void succeed(pqe_link *link, pqe_task *task, PGresult *pg)
{
    if (task->lease != NULL) {
        pqe_async_lease_succeed(task->lease, task, pg);
    } else {
        pqe_task_succeed(link->async, task, pg);
    }
}

static void fail(pqe_link *link, pqe_task *task, const pqe_error *error)
{
    if (task->lease != NULL) {
        pqe_async_lease_fail(task->lease, task, error);
    } else {
        pqe_task_fail(link->async, task, error);
    }
}

static void describe_statement(const pqe_task *task, pqe_error *error)
{
    if (task->has_call) {
        pqe_error_statement(error, pqe_task_call(task)->statement->sql);
    }
}

static void fail_stopped(pqe_link *link, pqe_task *task, bool may_have_run)
{
    pqe_error error;

    pqe_task_describe_stop(task, may_have_run, &error);
    if (!may_have_run) {
        memcpy(error.sqlstate, "57014", 6);
    }
    fail(link, task, &error);
}

void pqe_link_again(pqe_link *link, pqe_task *task)
{
    PQclear(task->pg);
    task->pg = NULL;
    if (task->stop != PQE_STOP_NONE) {
        fail_stopped(link, task, false);
        return;
    }
    task->alone = true;
    task->due = PQE_NEVER;
    if (task->lease != NULL) {
        task->lease->running = NULL;
        pqe_task_push_front(&task->lease->queue, task);
    } else {
        pqe_dispatch_return(link->async, task);
    }
    link->async->turn = true;
}

/* What the server, or libpq, said when a task's statement failed. */
static void fail_as_told(pqe_link *link, pqe_task *task, const PGresult *pg)
{
    pqe_error error;
    pqe_status status = pqe_result_status(link->session->pg, pg, &error);

    if (task->told) {
        fail(link, task, &error);
        return;
    }
    if (status == PQE_ERR_QUERY && strcmp(error.sqlstate, "57014") == 0) {
        if (task->stop != PQE_STOP_NONE) {
            fail_stopped(link, task, false);
            return;
        }
        if (link->cancel != PQE_CANCEL_NONE) {
            /* a request that was meant for another call, which had ended before it came */
            pqe_link_again(link, task);
            return;
        }
    }
    if (task->statement[0] != '\0' && pqe_prepared_is_useless(error.sqlstate)) {
        pqe_statement_cache_forget(link->session->cache, task->statement, error.sqlstate[0] == '0');
        if (task->outside && !task->plain) {
            task->plain = true;
            pqe_link_again(link, task);
            return;
        }
    }
    describe_statement(task, &error);
    pqe_session_note_failure(link->session, &error);
    fail(link, task, &error);
}

/* A task whose group went well. */
static void conclude(pqe_link *link, pqe_task *task)
{
    PGresult *pg = task->pg;
    pqe_error error;
    ExecStatusType status = PQresultStatus(pg);

    if (link->session->cache != NULL && task->has_call &&
        pqe_task_call(task)->statement->drops_prepared) {
        pqe_statement_cache_clear(link->session->cache);
    }
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
        task->pg = NULL;
        succeed(link, task, pg);
        return;
    }
    pqe_result_status(link->session->pg, pg, &error);
    describe_statement(task, &error);
    fail(link, task, &error);
}

/* ---------------------------------------------------------------------------------------------- */
/* The end of a group                                                                             */
/* ---------------------------------------------------------------------------------------------- */

static bool has_failed(const pqe_task *task)
{
    return task->pg == NULL || PQresultStatus(task->pg) == PGRES_FATAL_ERROR;
}

/*
 * A group with a failure was undone as a whole.  The call that failed is told so; the others are
 * executed once more, each in a group of its own.  Where the failure is of the commit and there are
 * several, nobody knows whose it is.
 */
static void end_failed_group(pqe_link *link, pqe_task_queue *group, PGresult *commit)
{
    pqe_task *culprit = NULL;

    for (pqe_task *task = group->first; task != NULL && culprit == NULL; task = task->next) {
        culprit = has_failed(task) && task->pg != NULL ? task : NULL;
    }
    if (culprit == NULL && group->count == 1) {
        culprit = group->first;
        PQclear(culprit->pg);
        culprit->pg = commit;
        commit = NULL;
    }
    PQclear(commit);
    /* from the last to the first: each goes before what waits, and so they stay in their order */
    while (group->last != NULL) {
        pqe_task *task = group->last;

        pqe_task_remove(group, task);
        if (task == culprit) {
            fail_as_told(link, task, task->pg);
        } else {
            pqe_link_again(link, task);
        }
    }
}

static void end_group(pqe_link *link)
{
    pqe_task_queue group = link->answered;
    PGresult *commit = link->sync_error;
    bool failed = commit != NULL;

    memset(&link->answered, 0, sizeof(link->answered));
    link->sync_error = NULL;
    link->calls -= (int)group.count;
    for (const pqe_task *task = group.first; task != NULL && !failed; task = task->next) {
        failed = PQresultStatus(task->pg) == PGRES_FATAL_ERROR ||
                 PQresultStatus(task->pg) == PGRES_PIPELINE_ABORTED;
    }
    if (failed) {
        end_failed_group(link, &group, commit);
        return;
    }
    for (pqe_task *task = pqe_task_pop(&group); task != NULL; task = pqe_task_pop(&group)) {
        conclude(link, task);
    }
}

static void end_sync(pqe_link *link)
{
    pqe_sent sync = *pqe_link_head(link);

    pqe_link_pop(link);
    end_group(link);
    if (sync.settles) {
        pqe_link_cancel_settled(link);
    }
    if (sync.ping) {
        link->give_up_at = PQE_NEVER;
        link->session->answered_at = pqe_now_us();
    }
    if (sync.last_of_reset) {
        link->give_up_at = PQE_NEVER;
        link->resetting = false;
        link->session->broken = link->session->broken || link->reset_failed;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Results                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* A result for a task: the first one counts, be it of its preparation where that failed. */
static void take_result(pqe_link *link, const pqe_sent *at, PGresult *pg)
{
    pqe_task *task = at->task;

    if (at->kind == PQE_SENT_PREPARE) {
        if (PQresultStatus(pg) == PGRES_COMMAND_OK) {
            PQclear(pg);
            return;
        }
        pqe_statement_cache_forget(link->session->cache, task->statement, false);
        task->statement[0] = '\0';
    }
    if (task->pg == NULL) {
        task->pg = pg;
    } else {
        PQclear(pg);
    }
}

static void receive(pqe_link *link, pqe_sent *at, PGresult *pg)
{
    ExecStatusType status = PQresultStatus(pg);

    if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        /* refused where a statement shows it; no way out of it in pipeline mode */
        link->lost = true;
    }
    at->answered = true;
    switch (at->kind) {
    case PQE_SENT_PREPARE:
    case PQE_SENT_EXECUTE:
        take_result(link, at, pg);
        return;
    case PQE_SENT_SYNC:
        if (status == PGRES_PIPELINE_SYNC) {
            PQclear(pg);
            end_sync(link);
        } else if (link->sync_error == NULL) {
            link->sync_error = pg;
        } else {
            PQclear(pg);
        }
        return;
    case PQE_SENT_RESET:
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            link->reset_failed = true;
        }
        break;
    case PQE_SENT_ROLE:
        if (status == PGRES_TUPLES_OK) {
            pqe_session_note_role(&link->async->engine->settings, link->session, pg);
        }
        break;
    case PQE_SENT_COMMAND:
        break;
    }
    PQclear(pg);
}

/* The NULL that ends the results of one statement. */
static void end_statement(pqe_link *link, const pqe_sent *at)
{
    pqe_sent ended = *at;

    pqe_link_pop(link);
    if (ended.kind == PQE_SENT_EXECUTE) {
        pqe_task_push(&link->answered, ended.task);
    }
}

/* Takes all results that can be had without waiting. */
static void take_results(pqe_link *link)
{
    int nothing = 0;

    while (link->count > 0 && !link->lost && nothing < 2 && !PQisBusy(link->session->pg)) {
        PGresult *pg = PQgetResult(link->session->pg);
        pqe_sent *at = pqe_link_head(link);

        if (pg != NULL) {
            nothing = 0;
            receive(link, at, pg);
        } else if (at->kind != PQE_SENT_SYNC && at->answered) {
            nothing = 0;
            end_statement(link, at);
        } else {
            nothing++;
        }
    }
    if (nothing == 2) {
        link->lost = true;
    }
}

static void drop_notifications(PGconn *pg)
{
    PGnotify *notification;

    while ((notification = PQnotifies(pg)) != NULL) {
        PQfreemem(notification);
    }
}

void pqe_link_receive(pqe_link *link)
{
    pqe_async *async = link->async;
    PGconn *pg = link->session->pg;
    bool gone = link->lost;
    size_t before = link->count;

    /*
     * Behind TLS the first read may leave a part of a record in the library's buffer, which no poll
     * would tell of.
     */
    for (int reads = PQsslInUse(pg) ? 4 : 1; reads > 0 && PQstatus(pg) == CONNECTION_OK; reads--) {
        gone = !PQconsumeInput(pg) || gone;
        link->lost = false;
        async->now = pqe_now_us();
        take_results(link);
        async->now = 0;
    }
    if (link->count < before) {
        /* callbacks may have taken their time */
        link->progress = pqe_now_us();
    }
    drop_notifications(pg);
    if (gone || link->lost || PQstatus(pg) != CONNECTION_OK) {
        link->lost = true;
        pqe_link_fail(link, NULL);
        return;
    }
    pqe_link_rest(link);
}

/* Whether an idle link is to be closed, which is then counted. */
static bool is_due(pqe_link *link)
{
    const pqe_session *session = link->session;
    pqe_findings *findings = &link->async->engine->findings;

    if (session->broken) {
        atomic_fetch_add(&link->async->broken, 1);
        return true;
    }
    if (session->retired) {
        pqe_finding_add(&findings->demoted, 1);
        return true;
    }
    if (pqe_now_us() >= session->expires_at) {
        pqe_finding_add(&findings->expired, 1);
        return true;
    }
    return link->spent;
}

void pqe_link_rest(pqe_link *link)
{
    pqe_link_cancel(link);
    pqe_link_count(link);
    if (link->count > 0 || link->cancel != PQE_CANCEL_NONE || link->resetting) {
        return;
    }
    if (link->async->ending) {
        pqe_link_close(link);
        return;
    }
    if (link->lease != NULL) {
        pqe_async_lease_go_on(link->lease);
        return;
    }
    if (link->one_call) {
        pqe_link_reset(link);
        return;
    }
    link->idle_since = link->progress;
    if (PQtransactionStatus(link->session->pg) != PQTRANS_IDLE) {
        link->session->broken = true;
    }
    if (is_due(link)) {
        pqe_link_close(link);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Loss                                                                                           */
/* ---------------------------------------------------------------------------------------------- */

/* The server's last words, where it had any. */
static const PGresult *last_words(pqe_link *link)
{
    const pqe_sent *at = pqe_link_head(link);
    const PGresult *words = link->sync_error;

    if (words == NULL && at != NULL && at->task != NULL) {
        words = at->task->pg;
    }
    for (const pqe_task *task = link->answered.first; task != NULL && words == NULL;
         task = task->next) {
        words = PQresultStatus(task->pg) == PGRES_FATAL_ERROR ? task->pg : NULL;
    }
    return PQresultErrorField(words, PG_DIAG_SQLSTATE) != NULL ? words : NULL;
}

static void describe_loss(pqe_link *link, const pqe_error *reason, pqe_error *error)
{
    const PGresult *words = reason == NULL ? last_words(link) : NULL;

    if (reason != NULL) {
        pqe_error_copy(error, reason);
    } else if (words != NULL) {
        pqe_error_from_result(error, PQE_ERR_CONNECTION, words);
    } else {
        pqe_error_from_connection(error, PQE_ERR_CONNECTION, link->session->pg,
                                  "the connection was lost", true);
    }
}

/* Whether the server has already undone the group that is being answered. */
static bool group_is_undone(const pqe_link *link)
{
    for (const pqe_task *task = link->answered.first; task != NULL; task = task->next) {
        const char *state = PQresultErrorField(task->pg, PG_DIAG_SQLSTATE);
        const char *severity = PQresultErrorField(task->pg, PG_DIAG_SEVERITY_NONLOCALIZED);

        if (state != NULL && severity != NULL && strcmp(severity, "ERROR") == 0) {
            return true;
        }
    }
    return false;
}

/* Whether it was asked for a sign of life that it has not given. */
static bool was_asked(const pqe_link *link)
{
    for (size_t i = 0; i < link->count; i++) {
        if (link->sent[(link->head + i) & (link->room - 1)].ping) {
            return true;
        }
    }
    return false;
}

/* Takes every task off the link, those of which the server has said something first. */
static void collect(pqe_link *link, pqe_task_queue *all)
{
    for (pqe_task *task = pqe_task_pop(&link->answered); task != NULL;
         task = pqe_task_pop(&link->answered)) {
        pqe_task_push(all, task);
    }
    for (pqe_sent *at = pqe_link_head(link); at != NULL; at = pqe_link_head(link)) {
        if (at->kind == PQE_SENT_EXECUTE) {
            pqe_task_push(all, at->task);
        }
        pqe_link_pop(link);
    }
    link->calls = 0;
}

void pqe_link_fail(pqe_link *link, const pqe_error *reason)
{
    pqe_async *async = link->async;
    pqe_async_lease *lease = link->lease;
    pqe_task_queue all = {NULL, NULL, 0};
    bool undone = group_is_undone(link);
    size_t answered = link->answered.count;
    pqe_error error;

    describe_loss(link, reason, &error);
    if (!async->ending) {
        atomic_fetch_add(&async->broken, 1);
        pqe_finding_add(&async->engine->findings.broken, was_asked(link) ? 1 : 0);
        pqe_log(&async->engine->settings, PQE_LOG_DEBUG,
                "the connection to backend %d was lost: %s", link->session->backend_pid,
                error.message);
    }
    collect(link, &all);
    if (undone) {
        pqe_task_queue group = {NULL, NULL, 0};

        for (; answered > 0; answered--) {
            pqe_task_push(&group, pqe_task_pop(&all));
        }
        end_failed_group(link, &group, NULL);
    }
    pqe_link_close(link);
    for (pqe_task *task = pqe_task_pop(&all); task != NULL; task = pqe_task_pop(&all)) {
        error.may_have_run = true;
        if (task->stop != PQE_STOP_NONE) {
            fail_stopped(link, task, true);
        } else {
            describe_statement(task, &error);
            fail(link, task, &error);
        }
    }
    if (lease != NULL) {
        pqe_async_lease_lost(lease);
    }
}
