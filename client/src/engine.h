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

struct pqe_pool;
struct pqe_registry;
struct pqe_statement_store;
struct pqe_tracer;
struct pqe_health;

struct pqe_engine {
    pqe_settings settings; /* does not change after pqe_create_engine */
    atomic_bool disposed;

    pthread_mutex_t models_lock;
    const pqe_model **models; /* models declared in C; guarded by models_lock */
    size_t model_count;

    struct pqe_pool *pool;
    struct pqe_health *health; /* NULL where off */
    pqe_counters *counters;    /* NULL where metrics are off */
    pqe_findings findings;
    struct pqe_tracer *tracer;     /* NULL where the tracer is off */
    struct pqe_registry *registry; /* middlewares and hooks */
    struct pqe_statement_store *statements;
};

/* For the start of a public function: clears the error, refuses NULL and a disposed engine. */
pqe_status pqe_engine_check(const pqe_engine *engine, pqe_error *error);

#endif /* PQE_ENGINE_H */
