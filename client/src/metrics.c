/*
 * metrics.c - counters of calls
 *
 * Counting takes no lock: every counter is an atomic of its own, relaxed, since nothing is read off
 * their order.  Each exists several times, in shards that lie on cache lines of their own, so that
 * threads do not pull one line to and fro; a reader adds the shards up.
 */
#include "metrics.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "async.h"
#include "engine.h"
#include "pool.h"

#define SHARDS 4
#define CACHE_LINE 64

/* So many pairs of table and kind are told apart. */
#define MOST_TALLIES 1000

typedef struct shard {
    _Alignas(CACHE_LINE) atomic_uint_fast64_t errors;
    atomic_uint_fast64_t rows;
    atomic_uint_fast64_t total_us;
    atomic_uint_fast64_t max_us;
    atomic_uint_fast64_t latency[PQE_LATENCY_BUCKETS]; /* together they are the count */
} shard;

struct pqe_tally {
    shard shards[SHARDS];
    pqe_statement_kind kind;
    pqe_tally *next; /* of those of tables; never taken out */
    char table[];    /* "" for a kind as a whole */
};

struct pqe_counters {
    pqe_tally *kinds[PQE_STATEMENT_KINDS];
    pthread_mutex_t lock; /* guards the list, not the counters in it */
    pqe_tally *tables;
    size_t count;
};

static pqe_tally *new_tally(pqe_statement_kind kind, const char *table)
{
    size_t size = (sizeof(pqe_tally) + strlen(table) + CACHE_LINE) / CACHE_LINE * CACHE_LINE;
    pqe_tally *tally = aligned_alloc(CACHE_LINE, size);

    if (tally != NULL) {
        memset(tally, 0, size);
        tally->kind = kind;
        strcpy(tally->table, table);
    }
    return tally;
}

pqe_counters *pqe_counters_new(void)
{
    pqe_counters *counters = calloc(1, sizeof(*counters));

    if (counters == NULL) {
        return NULL;
    }
    pthread_mutex_init(&counters->lock, NULL);
    for (int i = 0; i < PQE_STATEMENT_KINDS; i++) {
        counters->kinds[i] = new_tally((pqe_statement_kind)i, "");
        if (counters->kinds[i] == NULL) {
            pqe_counters_free(counters);
            return NULL;
        }
    }
    return counters;
}

void pqe_counters_free(pqe_counters *counters)
{
    if (counters == NULL) {
        return;
    }
    for (int i = 0; i < PQE_STATEMENT_KINDS; i++) {
        free(counters->kinds[i]);
    }
    while (counters->tables != NULL) {
        pqe_tally *tally = counters->tables;

        counters->tables = tally->next;
        free(tally);
    }
    pthread_mutex_destroy(&counters->lock);
    free(counters);
}

/* ---------------------------------------------------------------------------------------------- */
/* Counting                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

static pqe_tally *find_tally(const pqe_counters *counters, pqe_statement_kind kind,
                             const char *table)
{
    pqe_tally *at = counters->tables;

    while (at != NULL && (at->kind != kind || strcmp(at->table, table) != 0)) {
        at = at->next;
    }
    return at;
}

/* Finds or makes; NULL where memory runs out.  Call with the lock. */
static pqe_tally *get_tally(pqe_counters *counters, pqe_statement_kind kind, const char *table)
{
    pqe_tally *tally = find_tally(counters, kind, table);

    if (tally == NULL && counters->count >= MOST_TALLIES) {
        table = "(others)";
        tally = find_tally(counters, kind, table);
    }
    if (tally == NULL) {
        tally = new_tally(kind, table);
        if (tally != NULL) {
            tally->next = counters->tables;
            counters->tables = tally;
            counters->count++;
        }
    }
    return tally;
}

pqe_tally **pqe_counters_tables(pqe_counters *counters, pqe_statement_kind kind,
                                const pqe_tables *tables)
{
    pqe_tally **tallies;

    if (counters == NULL || tables->count == 0) {
        return NULL;
    }
    tallies = calloc(tables->count, sizeof(pqe_tally *));
    if (tallies != NULL) {
        pthread_mutex_lock(&counters->lock);
        for (size_t i = 0; i < tables->count; i++) {
            tallies[i] = get_tally(counters, kind, pqe_tables_name(tables, i));
        }
        pthread_mutex_unlock(&counters->lock);
    }
    return tallies;
}

static void add(atomic_uint_fast64_t *counter, uint64_t amount)
{
    atomic_fetch_add_explicit(counter, amount, memory_order_relaxed);
}

void pqe_finding_add(atomic_uint_fast64_t *finding, uint64_t amount)
{
    add(finding, amount);
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

static void count(pqe_tally *tally, unsigned int number, bool ok, uint64_t rows,
                  uint64_t duration_us, int bucket)
{
    shard *at = &tally->shards[number % SHARDS];
    uint_fast64_t most = atomic_load_explicit(&at->max_us, memory_order_relaxed);

    add(&at->latency[bucket], 1);
    add(&at->total_us, duration_us);
    if (!ok) {
        add(&at->errors, 1);
    }
    if (rows > 0) {
        add(&at->rows, rows);
    }
    /* a failed exchange reads the present value into `most` */
    for (bool done = false; !done && duration_us > most;) {
        done = atomic_compare_exchange_weak_explicit(&at->max_us, &most, duration_us,
                                                     memory_order_relaxed, memory_order_relaxed);
    }
}

void pqe_counters_add(pqe_counters *counters, pqe_statement_kind kind, pqe_tally *const *tallies,
                      size_t tally_count, unsigned int number, bool ok, uint64_t rows,
                      uint64_t duration_us)
{
    int bucket;

    if (counters == NULL) {
        return;
    }
    bucket = bucket_of(duration_us);
    count(counters->kinds[kind], number, ok, rows, duration_us, bucket);
    for (size_t i = 0; tallies != NULL && i < tally_count; i++) {
        if (tallies[i] != NULL) {
            count(tallies[i], number, ok, rows, duration_us, bucket);
        }
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Reading                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static uint64_t read_counter(const atomic_uint_fast64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

static void read_tally(const pqe_tally *from, pqe_statement_metrics *to)
{
    memset(to, 0, sizeof(*to));
    for (int i = 0; i < SHARDS; i++) {
        const shard *at = &from->shards[i];
        uint64_t most = read_counter(&at->max_us);

        to->errors += read_counter(&at->errors);
        to->rows += read_counter(&at->rows);
        to->total_us += read_counter(&at->total_us);
        to->max_us = most > to->max_us ? most : to->max_us;
        for (int bucket = 0; bucket < PQE_LATENCY_BUCKETS; bucket++) {
            uint64_t calls = read_counter(&at->latency[bucket]);

            to->latency[bucket] += calls;
            to->count += calls;
        }
    }
}

static void read_findings(const pqe_findings *from, pqe_health_metrics *to)
{
    to->rounds = read_counter(&from->rounds);
    to->checked = read_counter(&from->checked);
    to->broken = read_counter(&from->broken);
    to->demoted = read_counter(&from->demoted);
    to->expired = read_counter(&from->expired);
    to->surplus = read_counter(&from->surplus);
    to->opened = read_counter(&from->opened);
    to->leaks = read_counter(&from->leaks);
    to->middleware_failures = read_counter(&from->middleware_failures);
    to->hook_failures = read_counter(&from->hook_failures);
    to->last_round_at_us = atomic_load_explicit(&from->last_round_at_us, memory_order_relaxed);
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
    if (engine->async != NULL) {
        pqe_async_metrics_add(engine->async, &metrics->pool);
    }
    for (int i = 0; engine->counters != NULL && i < PQE_STATEMENT_KINDS; i++) {
        read_tally(engine->counters->kinds[i], &metrics->statements[i]);
    }
    read_findings(&engine->findings, &metrics->health);
    return PQE_OK;
}

static int compare_tables(const void *left, const void *right)
{
    const pqe_table_metrics *a = left;
    const pqe_table_metrics *b = right;
    int order = strcmp(a->table, b->table);

    return order != 0 ? order : (int)a->kind - (int)b->kind;
}

/* Those that were counted at least once, in one block; call with the lock. */
static pqe_table_metrics *copy_tables(const pqe_counters *counters, size_t *count)
{
    size_t room = counters != NULL ? counters->count : 0;
    size_t size = (room + 1) * sizeof(pqe_table_metrics);
    pqe_table_metrics *block;
    char *names;

    for (const pqe_tally *at = room > 0 ? counters->tables : NULL; at != NULL; at = at->next) {
        size += strlen(at->table) + 1;
    }
    block = malloc(size);
    *count = 0;
    if (block == NULL) {
        return NULL;
    }
    names = (char *)(block + room + 1);
    for (const pqe_tally *at = room > 0 ? counters->tables : NULL; at != NULL; at = at->next) {
        pqe_table_metrics *to = &block[*count];

        read_tally(at, &to->metrics);
        if (to->metrics.count > 0) {
            to->kind = at->kind;
            to->table = strcpy(names, at->table);
            names += strlen(names) + 1;
            (*count)++;
        }
    }
    qsort(block, *count, sizeof(*block), compare_tables);
    return block;
}

pqe_status pqe_metrics_tables(pqe_engine *engine, pqe_table_metrics **tables, size_t *count,
                              pqe_error *error)
{
    pqe_status status;
    size_t found;

    if (tables != NULL) {
        *tables = NULL;
    }
    status = pqe_engine_check(engine, error);
    if (status != PQE_OK) {
        return status;
    }
    if (tables == NULL || count == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             tables == NULL ? "tables" : "count");
    }
    if (engine->counters != NULL) {
        pthread_mutex_lock(&engine->counters->lock);
    }
    *tables = copy_tables(engine->counters, &found);
    if (engine->counters != NULL) {
        pthread_mutex_unlock(&engine->counters->lock);
    }
    if (*tables == NULL) {
        return pqe_error_no_memory(error);
    }
    *count = found;
    return PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* Resetting                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

static void clear(atomic_uint_fast64_t *counter)
{
    atomic_store_explicit(counter, 0, memory_order_relaxed);
}

static void reset_tally(pqe_tally *tally)
{
    for (int i = 0; i < SHARDS; i++) {
        shard *at = &tally->shards[i];

        clear(&at->errors);
        clear(&at->rows);
        clear(&at->total_us);
        clear(&at->max_us);
        for (int bucket = 0; bucket < PQE_LATENCY_BUCKETS; bucket++) {
            clear(&at->latency[bucket]);
        }
    }
}

static void reset_findings(pqe_findings *findings)
{
    clear(&findings->rounds);
    clear(&findings->checked);
    clear(&findings->broken);
    clear(&findings->demoted);
    clear(&findings->expired);
    clear(&findings->surplus);
    clear(&findings->opened);
    clear(&findings->leaks);
    clear(&findings->middleware_failures);
    clear(&findings->hook_failures);
}

pqe_status pqe_metrics_reset(pqe_engine *engine, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);

    if (status != PQE_OK) {
        return status;
    }
    if (engine->counters != NULL) {
        for (int i = 0; i < PQE_STATEMENT_KINDS; i++) {
            reset_tally(engine->counters->kinds[i]);
        }
        pthread_mutex_lock(&engine->counters->lock);
        for (pqe_tally *at = engine->counters->tables; at != NULL; at = at->next) {
            reset_tally(at);
        }
        pthread_mutex_unlock(&engine->counters->lock);
    }
    reset_findings(&engine->findings);
    pqe_pool_metrics_reset(engine->pool);
    if (engine->async != NULL) {
        pqe_async_metrics_reset(engine->async);
    }
    return PQE_OK;
}
