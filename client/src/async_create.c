/*
 * async_create.c - making an engine without holding up the loop it is for
 */
#include <stdlib.h>
#include <uv.h>

#include "engine.h"
#include "errand.h"
#include "session.h"

typedef struct creation {
    uv_async_t wake;
    pthread_t thread;
    pqe_engine *engine;
    pqe_session *first;
    pqe_status status;
    pqe_error error;
    pqe_engine_callback callback;
    void *data;
} creation;

static void *start(void *argument)
{
    creation *job = argument;

    job->status = pqe_engine_start(job->engine, &job->first, &job->error);
    uv_async_send(&job->wake);
    return NULL;
}

/* The handle is gone from the loop: what remains is to tell. */
static void tell(uv_handle_t *wake)
{
    creation *job = wake->data;

    if (job->status == PQE_OK) {
        job->status = pqe_engine_finish(job->engine, job->first, &job->error);
    }
    if (job->status != PQE_OK) {
        pqe_free_engine(job->engine);
        job->engine = NULL;
    } else {
        pqe_error_clear(&job->error);
    }
    job->callback(job->data, job->status, job->engine, &job->error);
    free(job);
}

static void on_wake(uv_async_t *wake)
{
    creation *job = wake->data;

    pthread_join(job->thread, NULL);
    uv_close((uv_handle_t *)wake, tell);
}

static void free_creation(uv_handle_t *wake)
{
    free(wake->data);
}

static pqe_status check(const pqe_config *config, pqe_engine_callback callback, pqe_error *error)
{
    pqe_error_clear(error);
    if (config == NULL || callback == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             config == NULL ? "config" : "callback");
    }
    if (!config->async || config->loop == NULL) {
        return pqe_error_set(error, PQE_ERR_CONFIG,
                             "pqe_create_engine_async needs async and loop to be set");
    }
    return PQE_OK;
}

pqe_status pqe_create_engine_async(const pqe_config *config, pqe_engine_callback callback,
                                   void *data, pqe_error *error)
{
    creation *job;
    pqe_status status = check(config, callback, error);

    if (status != PQE_OK) {
        return status;
    }
    job = calloc(1, sizeof(*job));
    if (job == NULL) {
        return pqe_error_no_memory(error);
    }
    job->callback = callback;
    job->data = data;
    status = pqe_engine_make(config, &job->engine, error);
    if (status == PQE_OK && uv_async_init(config->loop, &job->wake, on_wake) != 0) {
        status = pqe_error_set(error, PQE_ERR_STATE, "the loop cannot be set up");
    }
    if (status != PQE_OK) {
        pqe_free_engine(job->engine);
        free(job);
        return status;
    }
    job->wake.data = job;
    if (pqe_thread_start(&job->thread, start, job) != 0) {
        pqe_free_engine(job->engine);
        uv_close((uv_handle_t *)&job->wake, free_creation);
        return pqe_error_set(error, PQE_ERR_NO_MEMORY, "a helper thread cannot be started");
    }
    return PQE_OK;
}
