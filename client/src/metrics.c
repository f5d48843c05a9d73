/*
 * metrics.c - counters of calls
 *
 * Counting takes no lock: every counter is an atomic of its own, relaxed, since nothing is read off
 * their order.
 */
#include "metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine.h"
#include "pool.h"

typedef struct kind_counters {
    atomic_uint_fast64_t count;
    atomic_uint_fast64_t errors;
    atomic_uint_fast64_t rows;
    atomic_uint_fast64_t total_us;
    atomic_uint_fast64_t max_us;
    atomic_uint_fast64_t latency[PQE_LATENCY_BUCKETS];
} kind_counters;

struct pqe_counters {
    kind_counters kinds[PQE_STATEMENT_KINDS];
};

pqe_counters *pqe_counters_new(void)
{
    return calloc(1, sizeof(pqe_counters));
}

void pqe_counters_free(pqe_counters *counters)
{
    free(counters);
}

static void add(atomic_uint_fast64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

/* The bucket whose bound, 64 us times a power of two, the duration does not exceed. */
static int bucket_of(uint64_t duration_us)
{
    uint64_t bound = 64;
    int bucket = 0;

    while (bucket < PQE_LATENCY_BUCKETS - 1 && duration_us > bound) {
        bound *= 2;
        bucket++;
    }
    return bucket;
}

void pqe_counters_add(pqe_counters *counters, pqe_statement_kind kind, bool ok, uint64_t rows,
                      uint64_t duration_us)
{
    kind_counters *at;
    uint_fast64_t most;

    if (counters == NULL) {
        return;
    }
    at = &counters->kinds[kind];
    add(&at->count, 1);
    if (!ok) {
        add(&at->errors, 1);
    }
    add(&at->rows, rows);
    add(&at->total_us, duration_us);
    add(&at->latency[bucket_of(duration_us)], 1);
    most = atomic_load_explicit(&at->max_us, memory_order_relaxed);
    /* a failed exchange reads the present value into `most` */
    for (bool done = false; !done && duration_us > most;) {
        done = atomic_compare_exchange_weak_explicit(&at->max_us, &most, duration_us,
                                                     memory_order_relaxed, memory_order_relaxed);
    }
}

static uint64_t read_counter(atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void read_kind(kind_counters *from, pqe_statement_metrics *to)
{
    to->count = read_counter(&from->count);
    to->errors = read_counter(&from->errors);
    to->rows = read_counter(&from->rows);
    to->total_us = read_counter(&from->total_us);
    to->max_us = read_counter(&from->max_us);
    for (int i = 0; i < PQE_LATENCY_BUCKETS; i++) {
        to->latency[i] = read_counter(&from->latency[i]);
    }
}

pqe_status pqe_metrics(pqe_engine *engine, pqe_metrics_data *metrics, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);

    if (status != PQE_OK) {
        return status;
    }
    if (metrics == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "metrics is NULL");
    }
    if (metrics->version != PQE_METRICS_VERSION) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "metrics has version %d, this library knows version %d; start from "
                             "PQE_METRICS_INIT",
                             metrics->version, PQE_METRICS_VERSION);
    }
    memset(metrics->statements, 0, sizeof(metrics->statements));
    pqe_pool_metrics_read(engine->pool, &metrics->pool);
    for (int i = 0; engine->counters != NULL && i < PQE_STATEMENT_KINDS; i++) {
        read_kind(&engine->counters->kinds[i], &metrics->statements[i]);
    }
    return PQE_OK;
}

static void reset_kind(kind_counters *at)
{
    atomic_store_explicit(&at->count, 0, memory_order_relaxed);
    atomic_store_explicit(&at->errors, 0, memory_order_relaxed);
    atomic_store_explicit(&at->rows, 0, memory_order_relaxed);
    atomic_store_explicit(&at->total_us, 0, memory_order_relaxed);
    atomic_store_explicit(&at->max_us, 0, memory_order_relaxed);
    for (int i = 0; i < PQE_LATENCY_BUCKETS; i++) {
        atomic_store_explicit(&at->latency[i], 0, memory_order_relaxed);
    }
}

pqe_status pqe_metrics_reset(pqe_engine *engine, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);

    if (status != PQE_OK) {
        return status;
    }
    for (int i = 0; engine->counters != NULL && i < PQE_STATEMENT_KINDS; i++) {
        reset_kind(&engine->counters->kinds[i]);
    }
    pqe_pool_metrics_reset(engine->pool);
    return PQE_OK;
}
