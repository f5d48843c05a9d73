/*
 * async_api.c - the public functions of the asynchronous side
 */
#include <stdlib.h>
#include <string.h>

#include "async.h"
#include "async_lease.h"
#include "dispatch.h"
#include "errand.h"
#include "transaction.h"

pqe_status pqe_async_of(pqe_engine *engine, pqe_async **async, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);

    if (status != PQE_OK) {
        return status;
    }
    *async = engine->async;
    if (engine->async == NULL) {
        pqe_error_set(error, PQE_ERR_STATE, "the engine takes no asynchronous calls");
        pqe_error_hint(error, "Set async in its configuration.");
        return PQE_ERR_STATE;
    }
    return PQE_OK;
}

static pqe_status needs_callback(pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "callback is NULL");
}

/* Submits, and frees the task where that fails. */
static pqe_status submit(pqe_async *async, pqe_task *task, pqe_async_id *id, pqe_error *error)
{
    pqe_status status;

    if (id != NULL) {
        *id = task->id;
    }
    status = pqe_async_submit(async, task, error);
    if (status != PQE_OK) {
        pqe_async_lease_drop(task);
        pqe_task_free(async, task);
    }
    return status;
}

pqe_status pqe_execute_async(pqe_engine *engine, const pqe_call *call, pqe_callback callback,
                             void *data, pqe_async_id *id, pqe_error *error)
{
    pqe_async *async = NULL;
    pqe_task *task = NULL;
    pqe_status status = pqe_async_of(engine, &async, error);

    if (status == PQE_OK) {
        status = pqe_call_check(call, error);
    }
    if (status == PQE_OK) {
        status = pqe_task_new(async, PQE_TASK_CALL, call, false, &task, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    status = pqe_refuse_transaction_control(&task->context, error);
    if (status != PQE_OK) {
        pqe_task_free(async, task);
        return status;
    }
    task->context.on_pool = true;
    task->callback.call = callback;
    task->data = data;
    return submit(async, task, id, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Cancelling                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

typedef struct cancellation {
    pqe_mail mail;
    pqe_async_id id;
} cancellation;

static void open_cancellation(pqe_async *async, pqe_mail *mail)
{
    cancellation *request = (cancellation *)mail;
    pqe_async_id id = request->id;

    free(request);
    pqe_dispatch_cancel(async, id);
}

pqe_status pqe_cancel_async(pqe_engine *engine, pqe_async_id id, pqe_error *error)
{
    pqe_async *async = NULL;
    cancellation *request;
    pqe_status status = pqe_async_of(engine, &async, error);

    if (status != PQE_OK) {
        return status;
    }
    if (id == 0 || id > atomic_load_explicit(&async->ids, memory_order_relaxed)) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "the engine never had a call %llu",
                             (unsigned long long)id);
    }
    request = malloc(sizeof(*request));
    if (request == NULL) {
        return pqe_error_no_memory(error);
    }
    request->mail.open = open_cancellation;
    request->id = id;
    if (!pqe_async_post(async, &request->mail)) {
        free(request);
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    }
    return PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* Connections and transactions                                                                   */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status take(pqe_async *async, bool transaction, const char *who, const pqe_call *call,
                       pqe_task_callback callback, void *data, pqe_async_id *id, pqe_error *error)
{
    pqe_task *task = NULL;
    pqe_status status = pqe_task_new(async, PQE_TASK_TAKE, call, true, &task, error);

    if (status != PQE_OK) {
        return status;
    }
    task->lease = pqe_async_lease_new(async, transaction, who);
    if (task->lease == NULL) {
        pqe_task_free(async, task);
        return pqe_error_no_memory(error);
    }
    task->begins = transaction;
    task->callback = callback;
    task->data = data;
    return submit(async, task, id, error);
}

pqe_status pqe_acquire_async(pqe_engine *engine, const char *who, pqe_acquire_callback callback,
                             void *data, pqe_async_id *id, pqe_error *error)
{
    pqe_task_callback end = {.acquire = callback};
    pqe_async *async = NULL;
    pqe_status status = pqe_async_of(engine, &async, error);

    if (status == PQE_OK && callback == NULL) {
        status = needs_callback(error);
    }
    return status == PQE_OK ? take(async, false, who, NULL, end, data, id, error) : status;
}

/* A call on a connection or in a transaction. */
static pqe_status execute_on(pqe_async_lease *lease, bool transaction, const pqe_call *call,
                             pqe_callback callback, void *data, pqe_async_id *id, pqe_error *error)
{
    pqe_task *task = NULL;
    pqe_status status = pqe_async_lease_check(lease, transaction, error);

    if (status == PQE_OK) {
        status = pqe_call_check(call, error);
    }
    if (status == PQE_OK) {
        status = pqe_task_new(lease->async, PQE_TASK_CALL, call, false, &task, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    /* Calls on one connection keep their order: none is put off to be tried again. */
    task->context.in_transaction = true;
    task->context.own_retries = 0;
    if (transaction && task->context.first.statement->controls_transaction) {
        status = pqe_refuse_control_in_transaction(&task->context, error);
    }
    if (status == PQE_OK) {
        task->callback.call = callback;
        task->data = data;
        if (id != NULL) {
            *id = task->id;
        }
        status = pqe_async_lease_submit(lease, false, task, error);
    }
    if (status != PQE_OK) {
        pqe_task_free(lease->async, task);
    }
    return status;
}

pqe_status pqe_connection_execute_async(pqe_async_connection *connection, const pqe_call *call,
                                        pqe_callback callback, void *data, pqe_async_id *id,
                                        pqe_error *error)
{
    return execute_on((pqe_async_lease *)connection, false, call, callback, data, id, error);
}

/* The end of a connection's or transaction's time, with the statement that ends it or NULL. */
static pqe_status release(pqe_async_lease *lease, bool transaction, const char *sql, bool commits,
                          pqe_callback callback, void *data, pqe_error *error)
{
    pqe_call call = PQE_CALL_INIT;
    pqe_task *task = NULL;
    pqe_status status = pqe_async_lease_check(lease, transaction, error);

    call.sql = sql;
    if (status == PQE_OK) {
        status = pqe_task_new(lease->async, PQE_TASK_RELEASE, sql != NULL ? &call : NULL, true,
                              &task, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    task->commits = commits;
    task->callback.call = callback;
    task->data = data;
    status = pqe_async_lease_submit(lease, true, task, error);
    if (status != PQE_OK) {
        pqe_task_free(lease->async, task);
    }
    return status;
}

pqe_status pqe_release_async(pqe_async_connection *connection, pqe_error *error)
{
    return release((pqe_async_lease *)connection, false, NULL, false, NULL, NULL, error);
}

pqe_status pqe_transaction_begin_async(pqe_engine *engine, const pqe_transaction_options *options,
                                       pqe_begin_callback callback, void *data, pqe_async_id *id,
                                       pqe_error *error)
{
    static const pqe_transaction_options defaults = PQE_TRANSACTION_OPTIONS_INIT;
    pqe_task_callback end = {.begin = callback};
    pqe_call call = PQE_CALL_INIT;
    char sql[PQE_BEGIN_SIZE];
    pqe_async *async = NULL;
    pqe_status status = pqe_async_of(engine, &async, error);

    if (status == PQE_OK && callback == NULL) {
        status = needs_callback(error);
    }
    if (options == NULL) {
        options = &defaults;
    }
    if (status == PQE_OK) {
        status = pqe_begin_statement(options, sql, error);
    }
    call.sql = sql;
    return status == PQE_OK ? take(async, true, options->who, &call, end, data, id, error) : status;
}

pqe_status pqe_transaction_execute_async(pqe_async_transaction *transaction, const pqe_call *call,
                                         pqe_callback callback, void *data, pqe_async_id *id,
                                         pqe_error *error)
{
    return execute_on((pqe_async_lease *)transaction, true, call, callback, data, id, error);
}

pqe_status pqe_transaction_commit_async(pqe_async_transaction *transaction, pqe_callback callback,
                                        void *data, pqe_error *error)
{
    return release((pqe_async_lease *)transaction, true, "COMMIT", true, callback, data, error);
}

pqe_status pqe_transaction_rollback_async(pqe_async_transaction *transaction, pqe_callback callback,
                                          void *data, pqe_error *error)
{
    return release((pqe_async_lease *)transaction, true, "ROLLBACK", false, callback, data, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Start-up                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

typedef struct ensuring {
    pqe_mail begin; /* starts the errand in the loop's thread */
    pqe_errand errand;
    pqe_async *async;
    pqe_ensure what;
    pqe_callback callback;
    void *data;
    pqe_result *result;
    pqe_error error;
} ensuring;

static ensuring *ensuring_of(pqe_errand *errand)
{
    return (ensuring *)((char *)errand - offsetof(ensuring, errand));
}

static void ensure(pqe_errand *errand)
{
    ensuring *job = ensuring_of(errand);
    pqe_engine *engine = errand->async->engine;

    switch (job->what) {
    case PQE_ENSURE_DATABASE:
        (void)pqe_ensure_database(engine, &job->error);
        break;
    case PQE_ENSURE_EXTENSION:
        (void)pqe_ensure_extension(engine, &job->error);
        break;
    case PQE_ENSURE_TABLES:
        (void)pqe_ensure_tables(engine, &job->error);
        break;
    case PQE_ENSURE_MIGRATIONS:
        (void)pqe_ensure_migrations(engine, &job->error);
        break;
    case PQE_ENSURE_NO_DRIFT:
        (void)pqe_check_drift(engine, &job->result, &job->error);
        break;
    }
}

static void ensured(pqe_errand *errand)
{
    ensuring *job = ensuring_of(errand);

    errand->async->turn = true;
    if (job->callback != NULL) {
        job->callback(job->data, job->error.code, job->result, &job->error);
    } else {
        pqe_result_free(job->result);
    }
    free(job);
}

static void begin_ensuring(pqe_async *async, pqe_mail *mail)
{
    ensuring *job = (ensuring *)mail;

    if (pqe_errand_start(async, &job->errand, ensure, ensured) != 0) {
        job->errand.async = async;
        pqe_error_no_memory(&job->error);
        ensured(&job->errand);
    }
}

pqe_status pqe_ensure_async(pqe_engine *engine, pqe_ensure what, pqe_callback callback, void *data,
                            pqe_error *error)
{
    pqe_async *async = NULL;
    ensuring *job;
    pqe_status status = pqe_async_of(engine, &async, error);

    if (status != PQE_OK) {
        return status;
    }
    if ((int)what < PQE_ENSURE_DATABASE || what > PQE_ENSURE_NO_DRIFT) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "there is no pqe_ensure %d",
                             (int)what);
    }
    job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return pqe_error_no_memory(error);
    }
    job->begin.open = begin_ensuring;
    job->what = what;
    job->callback = callback;
    job->data = data;
    if (!pqe_async_post(async, &job->begin)) {
        free(job);
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    }
    return PQE_OK;
}
