/*
 * link.c - one connection of the asynchronous side: opening, sending, closing
 */
#include "link.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "async_lease.h"
#include "dispatch.h"
#include "errand.h"
#include "pipeline_compat.h"
#include "statement_cache.h"

/* So many queries share a transaction at most: so many may have to be executed once more. */
#define MOST_IN_GROUP 64

/* A link whose server has answered within that time is taken to be alive. */
#define FRESH_US 1000

/* ---------------------------------------------------------------------------------------------- */
/* The list of things sent                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* Room for so many more. */
static bool reserve(pqe_link *link, size_t more)
{
    size_t room = link->room > 0 ? link->room : 64;
    pqe_sent *grown;

    if (link->count + more <= link->room) {
        return true;
    }
    while (room < link->count + more) {
        room *= 2;
    }
    grown = malloc(room * sizeof(*grown));
    if (grown == NULL) {
        return false;
    }
    for (size_t i = 0; i < link->count; i++) {
        grown[i] = link->sent[(link->head + i) & (link->room - 1)];
    }
    free(link->sent);
    link->sent = grown;
    link->head = 0;
    link->room = room;
    return true;
}

static void note_sent(pqe_link *link, pqe_sent what)
{
    link->sent[(link->head + link->count) & (link->room - 1)] = what;
    link->count++;
    link->unsent = true;
}

pqe_sent *pqe_link_head(pqe_link *link)
{
    return link->count > 0 ? &link->sent[link->head] : NULL;
}

void pqe_link_pop(pqe_link *link)
{
    link->head = (link->head + 1) & (link->room - 1);
    link->count--;
    link->progress = pqe_async_now(link->async);
}

void pqe_link_each(pqe_link *link, void (*visit)(pqe_link *link, pqe_task *task))
{
    for (pqe_task *task = link->answered.first; task != NULL;) {
        pqe_task *next = task->next;

        visit(link, task);
        task = next;
    }
    for (size_t i = 0; i < link->count; i++) {
        const pqe_sent *at = &link->sent[(link->head + i) & (link->room - 1)];

        if (at->kind == PQE_SENT_EXECUTE) {
            visit(link, at->task);
        }
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Opening                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

typedef struct opening {
    pqe_errand errand;
    int64_t started;
    bool patient;
    pqe_session *session;
    pqe_status status;
    pqe_error error;
} opening;

static void open_session(pqe_errand *errand)
{
    opening *job = (opening *)errand;
    const pqe_settings *settings = &errand->async->engine->settings;

    job->status = job->patient ? pqe_session_open(settings, &job->session, &job->error)
                               : pqe_session_try_open(settings, &job->session, &job->error);
}

static void session_opened(pqe_errand *errand)
{
    opening *job = (opening *)errand;
    pqe_async *async = errand->async;

    async->turn = true;
    atomic_fetch_sub(&async->opening, 1);
    atomic_fetch_sub(&async->total, 1);
    if (job->status == PQE_OK && (async->ending || !pqe_link_adopt(async, job->session))) {
        pqe_session_close(job->session);
    } else if (job->status != PQE_OK) {
        pqe_dispatch_open_failed(async, &job->error, job->patient, job->started);
    }
    free(job);
}

bool pqe_link_open(pqe_async *async)
{
    opening *job = calloc(1, sizeof(*job));

    if (job == NULL) {
        return false;
    }
    job->started = pqe_now_us();
    /* where there are others, what waits can go down those meanwhile */
    job->patient = async->links == NULL;
    if (pqe_errand_start(async, &job->errand, open_session, session_opened) != 0) {
        free(job);
        return false;
    }
    atomic_fetch_add(&async->total, 1);
    atomic_fetch_add(&async->opening, 1);
    return true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    pqe_link *link = poll->data;
    pqe_async *async = link->async;

    async->inside++;
    async->turn = true;
    if ((events & UV_WRITABLE) != 0) {
        link->unsent = true;
    }
    if (status < 0) {
        link->events = 0; /* libuv has stopped polling; what is left to be read is still read */
    }
    if (status < 0 || (events & (UV_READABLE | UV_DISCONNECT)) != 0) {
        pqe_link_receive(link);
    }
    async->inside--;
}

static void enlist(pqe_async *async, pqe_link *link)
{
    link->next = async->links;
    if (async->links != NULL) {
        async->links->previous = link;
    }
    async->links = link;
    atomic_fetch_add(&async->total, 1);
    atomic_fetch_add(&async->opened, 1);
}

bool pqe_link_adopt(pqe_async *async, pqe_session *session)
{
    pqe_link *link = calloc(1, sizeof(*link));

    if (link == NULL) {
        return false;
    }
    link->async = async;
    link->poll.data = link;
    link->give_up_at = PQE_NEVER;
    link->idle_since = pqe_now_us();
    link->fd = fcntl(PQsocket(session->pg), F_DUPFD_CLOEXEC, 0);
    if (link->fd < 0 || PQenterPipelineMode(session->pg) != 1 ||
        uv_poll_init(async->loop, &link->poll, link->fd) != 0) {
        if (link->fd >= 0) {
            close(link->fd);
        }
        free(link);
        return false;
    }
    uv_unref((uv_handle_t *)&link->poll);
    link->session = session;
    link->open = true;
    async->failures = 0;
    async->next_open_at = 0;
    pqe_dispatch_draw_age(async, session);
    enlist(async, link);
    pqe_link_write(link);
    return true;
}

/* ---------------------------------------------------------------------------------------------- */
/* Sending                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

bool pqe_link_is_idle(const pqe_link *link)
{
    return link->open && !link->lost && link->count == 0 && link->lease == NULL &&
           !link->one_call && !link->resetting && link->cancel == PQE_CANCEL_NONE;
}

bool pqe_link_has_room(const pqe_link *link)
{
    return link->open && !link->lost && link->lease == NULL && !link->one_call &&
           !link->resetting && !link->wants_alone && link->cancel == PQE_CANCEL_NONE &&
           link->calls < link->async->engine->settings.config.async_pipeline_depth &&
           !link->session->broken && !link->session->retired && !link->spent;
}

void pqe_link_count(pqe_link *link)
{
    bool busy = link->open && (link->count > 0 || link->lease != NULL);

    if (busy != link->counted) {
        link->counted = busy;
        atomic_fetch_add(&link->async->busy, busy ? 1 : -1);
    }
}

bool pqe_link_sync(pqe_link *link, pqe_sent what)
{
    what.kind = PQE_SENT_SYNC;
    if (!reserve(link, 1) || pqe_pipeline_sync(link->session->pg) != 1) {
        link->lost = true;
        return false;
    }
    note_sent(link, what);
    link->group = 0;
    return true;
}

static const pqe_sent plain_sync = {.kind = PQE_SENT_SYNC};

/* Sends a statement of our own; a sync must follow. */
static bool send_own(pqe_link *link, pqe_sent_kind kind, const char *sql)
{
    pqe_sent what = {.kind = kind};

    if (!reserve(link, 1) ||
        PQsendQueryParams(link->session->pg, sql, 0, NULL, NULL, NULL, NULL, 0) != 1) {
        link->lost = true;
        return false;
    }
    note_sent(link, what);
    return true;
}

/* Drops on the server what the cache has given up. */
static bool drop_statements(pqe_link *link)
{
    char name[PQE_STATEMENT_NAME];
    char sql[PQE_STATEMENT_NAME + 16];

    while (pqe_statement_cache_next_dropped(link->session->cache, name)) {
        snprintf(sql, sizeof(sql), "DEALLOCATE \"%s\"", name);
        if (!send_own(link, PQE_SENT_COMMAND, sql) || !pqe_link_sync(link, plain_sync)) {
            return false;
        }
    }
    return true;
}

/* The messages of a statement; it is prepared where the cache wants that. */
static bool send_statement(pqe_link *link, pqe_task *task)
{
    PGconn *pg = link->session->pg;
    const pqe_statement *statement = pqe_task_call(task)->statement;
    const pqe_encoded *params = &pqe_task_call(task)->params;
    pqe_cache_action action = PQE_CACHE_PLAIN;
    pqe_sent what = {.kind = PQE_SENT_PREPARE, .task = task};

    task->statement[0] = '\0';
    if (link->session->cache != NULL && statement->cacheable && !task->plain) {
        if (link->group == 0 && task->outside && !drop_statements(link)) {
            return false;
        }
        action =
            pqe_statement_cache_decide(link->session->cache, statement, params, task->statement);
    }
    if (action == PQE_CACHE_PREPARE) {
        if (PQsendPrepare(pg, task->statement, statement->sql, params->count, params->types) != 1) {
            return false;
        }
        note_sent(link, what);
    }
    if (action == PQE_CACHE_PLAIN) {
        task->statement[0] = '\0';
        if (PQsendQueryParams(pg, statement->sql, params->count, params->types, params->values,
                              params->lengths, params->formats, 0) != 1) {
            return false;
        }
    } else if (PQsendQueryPrepared(pg, task->statement, params->count, params->values,
                                   params->lengths, params->formats, 0) != 1) {
        if (action == PQE_CACHE_PREPARE) {
            link->count--; /* the link is failed, and the task is not on it */
        }
        return false;
    }
    what.kind = PQE_SENT_EXECUTE;
    note_sent(link, what);
    return true;
}

bool pqe_link_send(pqe_link *link, pqe_task *task)
{
    bool share = task->shareable && !task->alone && link->lease == NULL && !link->one_call;
    int64_t now = pqe_async_now(link->async);

    /* what ended while it lay idle is noticed here, when another link can still take the task */
    if (link->lost || (link->count == 0 && now - link->progress >= FRESH_US &&
                       !pqe_session_alive(link->session))) {
        return false;
    }
    if ((!share && link->group > 0 && !pqe_link_sync(link, plain_sync)) || !reserve(link, 4)) {
        return false;
    }
    task->outside = link->lease == NULL || PQtransactionStatus(link->session->pg) == PQTRANS_IDLE;
    pqe_task_begin(task, link->session, now);
    if (link->count == 0) {
        link->progress = task->context.started_at;
    }
    if (!send_statement(link, task)) {
        return false;
    }
    pqe_session_note_sent(link->session, pqe_task_call(task)->statement);
    link->calls++;
    link->group++;
    task->due = pqe_pipeline_deadline(&task->context);
    pqe_async_due(link->async, task->due);
    if (!share || link->group >= MOST_IN_GROUP) {
        /* Where that fails the task may have gone out: it is on the link, and ends with it. */
        (void)pqe_link_sync(link, plain_sync);
    }
    pqe_link_count(link);
    return true;
}

void pqe_link_write(pqe_link *link)
{
    int events = UV_READABLE;
    int left = 0;

    if (link->lost || (link->group > 0 && !pqe_link_sync(link, plain_sync))) {
        pqe_link_receive(link);
        return;
    }
    if (link->unsent) {
        left = PQflush(link->session->pg);
        link->unsent = left > 0;
    }
    if (left < 0) {
        /* what the server said before it hung up is still to be read */
        link->lost = true;
        pqe_link_receive(link);
        return;
    }
    if (left > 0) {
        events |= UV_WRITABLE;
    }
    if (events != link->events) {
        link->events = events;
        (void)uv_poll_start(&link->poll, events, on_poll);
    }
}

void pqe_link_reset(pqe_link *link)
{
    const pqe_settings *settings = &link->async->engine->settings;
    PGTransactionStatusType transaction = PQtransactionStatus(link->session->pg);
    pqe_sent last = {.kind = PQE_SENT_SYNC, .last_of_reset = true};
    bool rollback = transaction == PQTRANS_INTRANS || transaction == PQTRANS_INERROR;
    bool reset = pqe_session_needs_reset(settings, link->session);
    bool sent = true;

    link->lease = NULL;
    link->one_call = false;
    link->reset_failed = false;
    link->resetting = rollback || reset;
    link->session->changed = false;
    link->session->used = false;
    if (!link->resetting) {
        pqe_link_rest(link);
        return;
    }
    link->give_up_at = pqe_deadline_in(PQE_RESET_MS);
    pqe_async_due(link->async, link->give_up_at);
    if (rollback) {
        sent = send_own(link, PQE_SENT_RESET, "ROLLBACK") &&
               pqe_link_sync(link, reset ? plain_sync : last);
    }
    for (size_t i = 0; sent && reset && pqe_session_reset_sql[i] != NULL; i++) {
        sent = send_own(link, PQE_SENT_RESET, pqe_session_reset_sql[i]);
    }
    if (sent && reset) {
        (void)pqe_link_sync(link, last);
    }
    pqe_link_count(link);
}

void pqe_link_ping(pqe_link *link, int64_t until)
{
    static const pqe_sent ping = {.kind = PQE_SENT_SYNC, .ping = true};

    link->give_up_at = until;
    pqe_async_due(link->async, until);
    if (link->session->role == PQE_ROLE_ANY ||
        send_own(link, PQE_SENT_ROLE, pqe_session_role_question(link->session))) {
        (void)pqe_link_sync(link, ping);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Closing                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static void free_link(uv_handle_t *handle)
{
    pqe_link *link = handle->data;

    free(link->sent);
    free(link);
}

void pqe_link_close(pqe_link *link)
{
    pqe_async *async = link->async;

    link->open = false;
    if (link->lease != NULL) {
        link->lease->link = NULL;
        link->lease = NULL;
    }
    pqe_link_cancel_forget(link);
    pqe_link_count(link);
    if (link->previous != NULL) {
        link->previous->next = link->next;
    } else {
        async->links = link->next;
    }
    if (link->next != NULL) {
        link->next->previous = link->previous;
    }
    atomic_fetch_sub(&async->total, 1);
    atomic_fetch_add(&async->ended_links, 1);
    async->turn = true;
    /* the poll handle first: it must not outlive its socket */
    uv_close((uv_handle_t *)&link->poll, free_link);
    close(link->fd);
    pqe_session_close(link->session);
    link->session = NULL;
    PQclear(link->sync_error);
    link->sync_error = NULL;
}
