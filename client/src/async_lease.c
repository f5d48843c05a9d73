/*
 * async_lease.c - the handles behind pqe_async_connection and pqe_async_transaction
 */
#include "async_lease.h"

#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "transaction.h"

/* So many leases must have been freed after one before it is taken up again. */
#define QUARANTINE 256

/* Leases are made so many at a time. */
#define CHUNK 64

typedef struct pqe_async_lease_chunk {
    struct pqe_async_lease_chunk *next;
    pqe_async_lease leases[CHUNK];
} pqe_async_lease_chunk;

/* ---------------------------------------------------------------------------------------------- */
/* Memory                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/* Call with the lock. */
static void put_free(pqe_async *async, pqe_async_lease *lease)
{
    lease->held = false;
    lease->next = NULL;
    if (async->last_free_lease != NULL) {
        async->last_free_lease->next = lease;
    } else {
        async->first_free_lease = lease;
    }
    async->last_free_lease = lease;
    async->free_leases++;
}

/* Call with the lock. */
static bool add_chunk(pqe_async *async)
{
    pqe_async_lease_chunk *chunk = calloc(1, sizeof(*chunk));

    if (chunk == NULL) {
        return false;
    }
    chunk->next = async->lease_chunks;
    async->lease_chunks = chunk;
    for (size_t i = 0; i < CHUNK; i++) {
        chunk->leases[i].async = async;
        put_free(async, &chunk->leases[i]);
    }
    return true;
}

pqe_async_lease *pqe_async_lease_new(pqe_async *async, bool transaction, const char *who)
{
    pqe_async_lease *lease = NULL;
    bool room = true;

    pthread_mutex_lock(&async->lock);
    while (room && async->free_leases <= QUARANTINE) {
        room = add_chunk(async);
    }
    if (room) {
        lease = async->first_free_lease;
        async->first_free_lease = lease->next;
        async->free_leases--;
        lease->held = true;
        lease->transaction = transaction;
    }
    pthread_mutex_unlock(&async->lock);
    if (lease != NULL) {
        memset(&lease->queue, 0, sizeof(lease->queue));
        lease->link = NULL;
        lease->running = NULL;
        lease->leak_reported = false;
        pqe_text_copy(lease->holder, sizeof(lease->holder), who != NULL ? who : "unnamed");
    }
    return lease;
}

static void free_lease(pqe_async_lease *lease)
{
    pthread_mutex_lock(&lease->async->lock);
    put_free(lease->async, lease);
    pthread_mutex_unlock(&lease->async->lock);
}

void pqe_async_lease_drop(pqe_task *task)
{
    if (task->kind == PQE_TASK_TAKE && task->lease != NULL) {
        free_lease(task->lease);
        task->lease = NULL;
    }
}

void pqe_async_lease_free_all(pqe_async *async)
{
    while (async->lease_chunks != NULL) {
        pqe_async_lease_chunk *chunk = async->lease_chunks;

        async->lease_chunks = chunk->next;
        free(chunk);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* In any thread                                                                                  */
/* ---------------------------------------------------------------------------------------------- */

/* Call with the lock. */
static pqe_status check(const pqe_async_lease *lease, bool transaction, pqe_error *error)
{
    const char *name = transaction ? "transaction" : "connection";

    if (lease->async->stopping) {
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine of this %s was disposed of",
                             name);
    }
    if (!lease->held || lease->transaction != transaction) {
        return pqe_error_set(error, PQE_ERR_STATE, "this %s was %s already", name,
                             transaction ? "ended" : "released");
    }
    return PQE_OK;
}

pqe_status pqe_async_lease_check(pqe_async_lease *lease, bool transaction, pqe_error *error)
{
    pqe_status status;

    pqe_error_clear(error);
    if (lease == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             transaction ? "transaction" : "connection");
    }
    pthread_mutex_lock(&lease->async->lock);
    status = check(lease, transaction, error);
    pthread_mutex_unlock(&lease->async->lock);
    return status;
}

pqe_status pqe_async_lease_submit(pqe_async_lease *lease, bool ends, pqe_task *task,
                                  pqe_error *error)
{
    bool transaction = lease->transaction;
    pqe_status status;

    task->lease = lease;
    pthread_mutex_lock(&lease->async->lock);
    /* somebody may have ended it since it was looked at */
    status = check(lease, transaction, error);
    if (status == PQE_OK && ends) {
        lease->held = false;
    }
    pthread_mutex_unlock(&lease->async->lock);
    if (status == PQE_OK) {
        status = pqe_async_submit(lease->async, task, error);
        if (status == PQE_ERR_QUEUE_FULL && ends) {
            pthread_mutex_lock(&lease->async->lock);
            lease->held = true;
            pthread_mutex_unlock(&lease->async->lock);
        }
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* In the loop's thread                                                                           */
/* ---------------------------------------------------------------------------------------------- */

/* The lease has ended; its link is reset when it next rests. */
static void let_go(pqe_async_lease *lease)
{
    if (lease->link != NULL) {
        lease->link->lease = NULL;
        lease->link->one_call = true;
        lease->link = NULL;
    }
    free_lease(lease);
}

static void connection_lost(const pqe_async_lease *lease, const pqe_task *task, pqe_error *error)
{
    pqe_error_set(error, PQE_ERR_CONNECTION, "the connection of this %s was lost before",
                  lease->transaction ? "transaction" : "connection");
    if (task->has_call) {
        pqe_error_statement(error, pqe_task_call(task)->statement->sql);
    }
}

bool pqe_async_lease_begin(pqe_async_lease *lease, pqe_link *link, pqe_task *task)
{
    lease->link = link;
    lease->taken_at = pqe_now_us();
    link->lease = lease;
    if (task->has_call) {
        lease->running = task;
        if (pqe_link_send(link, task)) {
            return true;
        }
        lease->running = NULL;
    } else if (pqe_session_alive(link->session)) {
        pqe_link_count(link);
        pqe_task_succeed(lease->async, task, NULL);
        return true;
    }
    link->lease = NULL;
    lease->link = NULL;
    return false;
}

void pqe_async_lease_add(pqe_async_lease *lease, pqe_task *task)
{
    pqe_task_push(&lease->queue, task);
    pqe_async_lease_go_on(lease);
}

/* Ends the first task in the queue of a lease that has no connection any more. */
static void end_without_link(pqe_async_lease *lease)
{
    pqe_async *async = lease->async;
    pqe_task *task = pqe_task_pop(&lease->queue);
    pqe_error error;

    connection_lost(lease, task, &error);
    if (async->ending) {
        task->stop = PQE_STOP_DISPOSED;
        pqe_task_describe_stop(task, false, &error);
    }
    if (task->kind == PQE_TASK_RELEASE) {
        free_lease(lease);
    }
    if (task->has_call) {
        pqe_task_fail(async, task, &error);
    } else {
        pqe_task_succeed(async, task, NULL);
    }
}

void pqe_async_lease_go_on(pqe_async_lease *lease)
{
    while (lease->running == NULL && lease->queue.first != NULL) {
        pqe_link *link = lease->link;
        pqe_task *task = lease->queue.first;

        if (link == NULL) {
            end_without_link(lease);
            continue;
        }
        if (link->count > 0 || link->cancel != PQE_CANCEL_NONE || link->lost) {
            return; /* the link comes back to it when it rests */
        }
        pqe_task_remove(&lease->queue, task);
        if (!task->has_call) {
            let_go(lease);
            pqe_task_succeed(link->async, task, NULL);
            pqe_link_rest(link);
            return;
        }
        lease->running = task;
        if (!pqe_link_send(link, task)) {
            lease->running = NULL;
            pqe_task_push_front(&lease->queue, task);
            pqe_link_fail(link, NULL);
            return;
        }
    }
}

void pqe_async_lease_succeed(pqe_async_lease *lease, pqe_task *task, PGresult *pg)
{
    pqe_async *async = lease->async;
    pqe_status status = PQE_OK;
    pqe_error error;

    lease->running = NULL;
    if (task->kind == PQE_TASK_CALL) {
        pqe_task_succeed(async, task, pg);
        return;
    }
    if (task->kind == PQE_TASK_TAKE && !task->told) {
        pqe_task_succeed(async, task, pg);
        return;
    }
    if (task->commits) {
        status = pqe_commit_status(PQcmdStatus(pg), &error);
        if (status != PQE_OK) {
            pqe_describe_failed_statement(lease->link->session, &error);
        }
    }
    let_go(lease);
    if (status == PQE_OK) {
        pqe_task_succeed(async, task, pg);
    } else {
        PQclear(pg);
        pqe_task_fail(async, task, &error);
    }
}

void pqe_async_lease_fail(pqe_async_lease *lease, pqe_task *task, const pqe_error *error)
{
    lease->running = NULL;
    if (task->kind != PQE_TASK_CALL) {
        let_go(lease);
    }
    pqe_task_fail(lease->async, task, error);
}

void pqe_async_lease_lost(pqe_async_lease *lease)
{
    lease->link = NULL;
    pqe_async_lease_go_on(lease);
}

void pqe_async_lease_revoke(pqe_async_lease *lease)
{
    pqe_log(&lease->async->engine->settings, PQE_LOG_WARNING,
            "%s held by \"%s\" for %lld ms was never given back",
            lease->transaction ? "a transaction" : "a connection", lease->holder,
            (long long)((pqe_now_us() - lease->taken_at) / 1000));
    while (lease->queue.first != NULL) {
        end_without_link(lease);
    }
}
