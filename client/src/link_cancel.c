/*
 * link_cancel.c - one connection of the asynchronous side: cancelling what it executes
 *
 * A cancel request names a server process, not a statement: what it hits depends on when it comes.
 * So nothing more is sent down a link from when a request is made until a sync, sent after the
 * server has taken the request, is answered; and what was on the link already and is hit by it is
 * executed once more.  What was on the link already may have to be cancelled itself before that, by
 * a request of its own.  The server drops a request that comes between two statements, so one that
 * has had no effect is made again.
 */
#include <stdlib.h>

#include "async_lease.h"
#include "cancel.h"
#include "errand.h"
#include "link.h"

/* How long a request may take, and then how long the statement may take to end. */
#define ASKING_MS 1000
#define ENDING_MS 5000

/* A statement that has not ended so long after the server took the request was not hit by it. */
#define ASK_AGAIN_MS 100

typedef struct pqe_cancelling {
    pqe_errand errand;
    pqe_link *link; /* NULL once it is closed */
    pqe_cancel_job *job;
    bool accepted;
} pqe_cancelling;

static void wait_for_server(pqe_errand *errand)
{
    pqe_cancelling *job = (pqe_cancelling *)errand;

    job->accepted = pqe_cancel_wait(job->job, pqe_deadline_in(ASKING_MS));
}

static void server_asked(pqe_errand *errand)
{
    static const pqe_sent settle = {.kind = PQE_SENT_SYNC, .settles = true};
    pqe_cancelling *job = (pqe_cancelling *)errand;
    pqe_link *link = job->link;
    bool accepted = job->accepted;

    errand->async->turn = true;
    free(job);
    if (link == NULL) {
        return;
    }
    link->cancelling = NULL;
    link->cancel = PQE_CANCEL_SETTLING;
    link->ask_again_at = pqe_deadline_in(ASK_AGAIN_MS);
    pqe_async_due(link->async, link->ask_again_at);
    if (!accepted) {
        pqe_error error;

        pqe_error_set(&error, PQE_ERR_CONNECTION,
                      "the connection was given up: the server does not take a cancel request");
        pqe_link_fail(link, &error);
        return;
    }
    link->settling++;
    (void)pqe_link_sync(link, settle);
}

/* The link is given up where its statement does not end in time; an end of the engine is sooner. */
static void give_time(pqe_link *link, const pqe_task *task)
{
    if (link->asked_for == task) {
        return;
    }
    link->asked_for = task;
    if (!link->async->ending) {
        link->give_up_at = task == NULL ? PQE_NEVER : pqe_deadline_in(ASKING_MS + ENDING_MS);
        pqe_async_due(link->async, link->give_up_at);
    }
}

/* Asks the server to cancel what it executes on this link. */
static void ask(pqe_link *link, const pqe_task *task)
{
    pqe_cancelling *job = calloc(1, sizeof(*job));

    if (job != NULL) {
        job->link = link;
        job->job = pqe_cancel_begin(link->session->pg);
    }
    if (job == NULL || job->job == NULL) {
        free(job);
        link->lost = true;
        return;
    }
    if (pqe_errand_start(link->async, &job->errand, wait_for_server, server_asked) != 0) {
        /* the request goes its way, but nobody hears of it */
        (void)pqe_cancel_wait(job->job, pqe_now_us());
        free(job);
        link->lost = true;
        return;
    }
    link->cancel = PQE_CANCEL_ASKING;
    link->cancelling = job;
    give_time(link, task);
}

void pqe_link_cancel(pqe_link *link)
{
    const pqe_sent *at = pqe_link_head(link);
    const pqe_task *task = at != NULL ? at->task : NULL;

    if (!link->open || link->lost) {
        return;
    }
    if (link->asked_for != NULL && link->asked_for != task) {
        give_time(link, NULL); /* it has ended */
    }
    if (link->cancelling != NULL || task == NULL || task->stop == PQE_STOP_NONE ||
        task->pg != NULL) {
        return;
    }
    if (link->asked_for == task && pqe_now_us() < link->ask_again_at) {
        pqe_async_due(link->async, link->ask_again_at);
        return;
    }
    ask(link, task);
}

void pqe_link_cancel_settled(pqe_link *link)
{
    link->settling--;
    if (link->settling > 0 || link->cancelling != NULL) {
        return;
    }
    link->cancel = PQE_CANCEL_NONE;
    give_time(link, NULL);
    if (link->session->cache == NULL) {
        /* Perhaps behind a pooler, which hands the request on in its own time. */
        link->spent = true;
    }
}

void pqe_link_cancel_forget(pqe_link *link)
{
    if (link->cancelling != NULL) {
        link->cancelling->link = NULL;
        link->cancelling = NULL;
    }
}
