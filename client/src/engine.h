/*
 * engine.h - what an engine consists of
 */
#ifndef PQE_ENGINE_H
#define PQE_ENGINE_H

#include <pthread.h>
#include <stdatomic.h>

#include "buffer.h"
#include "config.h"
#include "connection.h"
#include "error.h"
#include "log.h"
#include "metrics.h"

struct pqe_fork_mark;
struct pqe_pool;
struct pqe_registry;
struct pqe_statement_store;
struct pqe_tracer;
struct pqe_health;
struct pqe_async;
struct pqe_serving;
struct pqe_session;

struct pqe_engine {
    pqe_settings settings; /* does not change after pqe_create_engine */
    atomic_bool disposed;
    struct pqe_fork_mark *process; /* tells a forked child from the process that made the engine */

    pthread_mutex_t models_lock;
    const pqe_model **models; /* models declared in C; guarded by models_lock */
    size_t model_count;

    struct pqe_pool *pool;
    struct pqe_health *health; /* NULL where off */
    pqe_counters *counters;    /* NULL where metrics are off */
    pqe_findings findings;
    struct pqe_tracer *tracer;     /* NULL where the tracer is off */
    struct pqe_async *async;       /* NULL where the engine is not asynchronous */
    struct pqe_registry *registry; /* middlewares and hooks */
    struct pqe_statement_store *statements;

    pthread_mutex_t listeners_lock;
    pqe_listener *listeners; /* guarded by listeners_lock */

    pthread_mutex_t serving_lock;
    struct pqe_serving *serving; /* the metrics over HTTP, or NULL; guarded by serving_lock */
};

/* PQE_ERR_STATE in a child that was forked: it must not touch its parent's connections. */
pqe_status pqe_engine_check_process(const pqe_engine *engine, pqe_error *error);

/* For the start of a public function: clears the error, refuses NULL, a disposed engine and a
   forked child. */
pqe_status pqe_engine_check(const pqe_engine *engine, pqe_error *error);

/*
 * pqe_create_engine in its three parts: what needs no server; what asks the server; what must run
 * in the thread of the caller's loop.  After a failure pqe_free_engine remains to be called.
 *
 *   first   set to a session for the asynchronous side, NULL where there is none
 */
pqe_status pqe_engine_make(const pqe_config *config, pqe_engine **engine, pqe_error *error);
pqe_status pqe_engine_start(pqe_engine *engine, struct pqe_session **first, pqe_error *error);
pqe_status pqe_engine_finish(pqe_engine *engine, struct pqe_session *first, pqe_error *error);

/* Closes all of a disposed engine but its asynchronous side. */
void pqe_engine_close_sync(pqe_engine *engine);

#endif /* PQE_ENGINE_H */
