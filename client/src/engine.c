/*
 * engine.c - making an engine and taking it down
 */
#include "engine.h"

#include <stdlib.h>

#include "async.h"
#include "health.h"
#include "metrics.h"
#include "metrics_server.h"
#include "middleware.h"
#include "model.h"
#include "notify.h"
#include "pool.h"
#include "statement_store.h"
#include "thread.h"
#include "trace.h"

#ifndef PQE_VERSION
#error "the Makefile defines PQE_VERSION from META.json"
#endif

const char *pqe_version(void)
{
    return PQE_VERSION;
}

pqe_status pqe_engine_check_process(const pqe_engine *engine, pqe_error *error)
{
    if (pqe_fork_mark_is_own(engine->process)) {
        return PQE_OK;
    }
    pqe_error_set(error, PQE_ERR_STATE,
                  "the engine belongs to the process that this one was forked from");
    pqe_error_hint(error, "Connections cannot be shared between processes: make an engine of its "
                          "own in the child.");
    return PQE_ERR_STATE;
}

pqe_status pqe_engine_check(const pqe_engine *engine, pqe_error *error)
{
    if (engine == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "engine is NULL");
    }
    if (atomic_load_explicit(&engine->disposed, memory_order_acquire)) {
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    }
    pqe_error_clear(error);
    return pqe_engine_check_process(engine, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Making                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status register_configured(pqe_engine *engine, const pqe_config *config,
                                      pqe_error *error)
{
    for (size_t i = 0; i < config->model_count; i++) {
        pqe_status status = pqe_register_model(engine, config->models[i], error);

        if (status != PQE_OK) {
            return status;
        }
    }
    return PQE_OK;
}

/* Everything that needs no server. */
static pqe_status build(pqe_engine *engine, const pqe_config *config, pqe_error *error)
{
    const pqe_config *own = &engine->settings.config;
    pqe_status status = pqe_pool_new(engine, &engine->pool, error);

    if (status == PQE_OK) {
        status = register_configured(engine, config, error);
    }
    if (status == PQE_OK && own->enable_metrics) {
        engine->counters = pqe_counters_new();
        if (engine->counters == NULL) {
            status = pqe_error_no_memory(error);
        }
    }
    if (status == PQE_OK && own->enable_query_tracer) {
        engine->tracer = pqe_tracer_new((size_t)own->query_trace_size, own->trace_parameters);
        if (engine->tracer == NULL) {
            status = pqe_error_no_memory(error);
        }
    }
    if (status == PQE_OK) {
        engine->registry = pqe_registry_new();
        engine->statements = pqe_statement_store_new(engine->counters);
        if (engine->registry == NULL || engine->statements == NULL) {
            status = pqe_error_no_memory(error);
        }
    }
    return status;
}

/* Drift is told, and is no reason not to start. */
static pqe_status warn_about_drift(pqe_engine *engine, pqe_error *error)
{
    pqe_status status = pqe_check_drift(engine, NULL, error);

    if (status == PQE_ERR_DRIFT) {
        if (error->detail[0] != '\0') {
            pqe_log(&engine->settings, PQE_LOG_WARNING, "%s: %s", error->message, error->detail);
        } else {
            pqe_log(&engine->settings, PQE_LOG_WARNING, "%s", error->message);
        }
        status = pqe_error_clear(error);
    }
    return status;
}

/* Brings the database to what the models say, as far as the configuration asks for it. */
static pqe_status ensure_schema(pqe_engine *engine, pqe_error *error)
{
    const pqe_config *config = &engine->settings.config;
    pqe_status status = PQE_OK;

    if (config->models_path == NULL && engine->model_count == 0) {
        return PQE_OK;
    }
    if (config->ensure_tables || config->ensure_migrations || config->check_schema_drift) {
        status = pqe_ensure_extension(engine, error);
    }
    /* A migration makes the tables, too.  Making them first would leave it nothing to write down.
     */
    if (status == PQE_OK && config->ensure_migrations) {
        status = pqe_ensure_migrations(engine, error);
    } else if (status == PQE_OK && config->ensure_tables) {
        status = pqe_ensure_tables(engine, error);
    }
    if (status == PQE_OK && config->check_schema_drift) {
        status = warn_about_drift(engine, error);
    }
    return status;
}

/* The first one must be had; of the others those that the server has to give. */
static pqe_status open_connections(pqe_engine *engine, pqe_error *error)
{
    int64_t now = pqe_coarse_now_us();
    pqe_session *session;
    pqe_error failure;
    pqe_status status =
        pqe_pool_take(engine->pool, "pqe_create_engine", false, PQE_NEVER, &now, &session, error);

    if (status != PQE_OK) {
        return status;
    }
    pqe_pool_give(engine->pool, session);
    (void)pqe_pool_fill(engine->pool, &failure);
    if (failure.code != PQE_OK) {
        pqe_log(&engine->settings, PQE_LOG_WARNING,
                "not all of pool_size connections could be opened: %s", failure.message);
    }
    return PQE_OK;
}

pqe_status pqe_engine_start(pqe_engine *engine, pqe_session **first, pqe_error *error)
{
    const pqe_config *config = &engine->settings.config;
    pqe_status status = PQE_OK;

    *first = NULL;
    if (config->ensure_database) {
        status = pqe_ensure_database(engine, error);
    }
    if (status == PQE_OK) {
        status = ensure_schema(engine, error);
    }
    if (status == PQE_OK && config->connect_at_start && config->async) {
        status = pqe_session_open(&engine->settings, first, error);
    } else if (status == PQE_OK && config->connect_at_start) {
        status = open_connections(engine, error);
    }
    if (status == PQE_OK && config->health_check_enabled) {
        status = pqe_health_start(engine->pool, &engine->health, error);
    }
    if (status != PQE_OK) {
        pqe_session_close(*first);
        *first = NULL;
    }
    return status;
}

pqe_status pqe_engine_finish(pqe_engine *engine, pqe_session *first, pqe_error *error)
{
    pqe_status status = PQE_OK;

    if (engine->settings.config.async) {
        status = pqe_async_new(engine, first, &engine->async, error);
    }
    if (status != PQE_OK) {
        pqe_session_close(first);
    }
    return status;
}

pqe_status pqe_engine_make(const pqe_config *config, pqe_engine **engine, pqe_error *error)
{
    pqe_engine *made = calloc(1, sizeof(*made));
    pqe_status status;

    *engine = NULL;
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    atomic_init(&made->disposed, false);
    made->process = pqe_fork_mark_new();
    if (made->process == NULL) {
        free(made);
        return pqe_error_no_memory(error);
    }
    pthread_mutex_init(&made->models_lock, NULL);
    pthread_mutex_init(&made->listeners_lock, NULL);
    pthread_mutex_init(&made->serving_lock, NULL);
    status = pqe_settings_init(&made->settings, config, error);
    if (status == PQE_OK) {
        status = build(made, config, error);
    }
    if (status != PQE_OK) {
        pqe_free_engine(made);
        return status;
    }
    *engine = made;
    return PQE_OK;
}

pqe_status pqe_create_engine(const pqe_config *config, pqe_engine **engine, pqe_error *error)
{
    pqe_engine *made;
    pqe_session *first = NULL;
    pqe_error own; /* the steps need one to look at */
    pqe_status status;

    pqe_error_clear(error);
    if (engine == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "engine is NULL");
    }
    *engine = NULL;
    status = pqe_engine_make(config, &made, &own);
    if (status == PQE_OK) {
        status = pqe_engine_start(made, &first, &own);
    }
    if (status == PQE_OK) {
        status = pqe_engine_finish(made, first, &own);
    }
    if (status != PQE_OK) {
        pqe_error_copy(error, &own);
        pqe_free_engine(made);
        return status;
    }
    *engine = made;
    return pqe_error_clear(error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Taking down                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

void pqe_engine_close_sync(pqe_engine *engine)
{
    pqe_metrics_server_end(engine);
    pqe_listeners_stop(engine);
    /* The pool first: who waits for a connection need not wait for the monitor, too. */
    if (engine->pool != NULL) {
        pqe_pool_close(engine->pool);
    }
    pqe_health_stop(engine->health);
    engine->health = NULL;
}

/* The asynchronous side ends while the calls that block are waited for. */
static void close_engine(pqe_engine *engine)
{
    if (engine->async != NULL) {
        pqe_async_stop(engine->async, false, NULL, NULL);
    }
    pqe_engine_close_sync(engine);
    if (engine->async != NULL) {
        pqe_async_join(engine->async);
    }
}

/* Whether waiting for the asynchronous side would be waiting for the caller itself. */
static bool would_wait_for_itself(const pqe_engine *engine)
{
    return engine->async != NULL && pqe_async_in_callback(engine->async);
}

pqe_status pqe_dispose(pqe_engine *engine, pqe_error *error)
{
    if (engine == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "engine is NULL");
    }
    if (pqe_engine_check_process(engine, error) != PQE_OK) {
        return PQE_ERR_STATE;
    }
    if (would_wait_for_itself(engine)) {
        pqe_error_set(error, PQE_ERR_STATE, "pqe_dispose cannot be called in a callback");
        pqe_error_hint(error, "Use pqe_dispose_async.");
        return PQE_ERR_STATE;
    }
    if (atomic_exchange_explicit(&engine->disposed, true, memory_order_acq_rel)) {
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of already");
    }
    close_engine(engine);
    return pqe_error_clear(error);
}

pqe_status pqe_dispose_async(pqe_engine *engine, pqe_dispose_callback callback, void *data,
                             pqe_error *error)
{
    pqe_async *async = NULL;
    pqe_status status = pqe_async_of(engine, &async, error);

    if (status != PQE_OK) {
        return status;
    }
    if (atomic_exchange_explicit(&engine->disposed, true, memory_order_acq_rel)) {
        return pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of already");
    }
    pqe_async_stop(async, true, callback, data);
    return PQE_OK;
}

void pqe_free_engine(pqe_engine *engine)
{
    /* A forked child leaves alone what may have been in use by its parent's threads. */
    if (engine == NULL || !pqe_fork_mark_is_own(engine->process)) {
        return;
    }
    if (would_wait_for_itself(engine)) {
        pqe_log(&engine->settings, PQE_LOG_ERROR,
                "pqe_free_engine was called in a callback of the engine: nothing is freed");
        return;
    }
    if (!atomic_exchange_explicit(&engine->disposed, true, memory_order_acq_rel)) {
        close_engine(engine);
    } else if (engine->async != NULL) {
        pqe_async_join(engine->async);
    }
    pqe_async_free(engine->async);
    pqe_pool_free(engine->pool);
    pqe_registry_free(engine->registry);
    pqe_tracer_free(engine->tracer);
    pqe_statement_store_free(engine->statements);
    pqe_counters_free(engine->counters);
    pqe_settings_free(&engine->settings);
    free(engine->models);
    pthread_mutex_destroy(&engine->models_lock);
    pqe_listeners_free(engine);
    pthread_mutex_destroy(&engine->listeners_lock);
    pthread_mutex_destroy(&engine->serving_lock);
    pqe_fork_mark_free(engine->process);
    free(engine);
}
