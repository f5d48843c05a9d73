/*
 * load.c - a program that writes from many threads while its server comes and goes
 *
 * load DSN THREADS FILE [CACHE]
 *
 * CACHE is how many statements are prepared per connection (default: the library's).
 *
 * Until there is a file of that name every thread inserts rows, each with a number of its own into
 * the table "load", in turn by pqe_execute and in a transaction, and notes what the library said about
 * it: done, not done, or possibly done.  Then the table is compared with the notes, and one line
 * printed:
 *
 *   done N, perhaps N, not done N, lost N, ghosts N, active N, waiting N
 *
 * lost are rows that were reported as done and are not there, ghosts are rows that are there and were
 * reported as not done.  Both must be 0.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pqengine.h>

#define MOST_THREADS 64

/* The most rows of a thread; it ends there. */
#define MOST 200000

enum { UNKNOWN, DONE, PERHAPS, NOT_DONE };

typedef struct writer {
    pthread_t thread;
    pqe_engine *engine;
    int number;
    int count;
    unsigned char *notes;
} writer;

static atomic_bool over;

_Noreturn static void fail(const char *what, const pqe_error *error)
{
    fprintf(stderr, "load: %s: %s: %s\n", what, pqe_status_name(error->code), error->message);
    exit(1);
}

static pqe_status insert_in_transaction(pqe_engine *engine, int64_t id, pqe_error *error)
{
    pqe_transaction *transaction;
    pqe_status status = pqe_transaction_begin(engine, NULL, &transaction, error);

    if (status != PQE_OK) {
        /* nothing but BEGIN was sent */
        error->may_have_run = false;
        return status;
    }
    status = pqe_transaction_execute(transaction, "INSERT INTO load (id) VALUES ($1)",
                                     PQE_PARAMS(PQE_INT64(id)), NULL, error);
    if (status != PQE_OK) {
        (void)pqe_transaction_rollback(transaction, NULL);
        /* without its COMMIT it is not done, whatever became of the INSERT */
        error->may_have_run = false;
        return status;
    }
    return pqe_transaction_commit(transaction, error);
}

/* Whether a server that comes, goes and turns read-only explains it. */
static bool expected(pqe_status status, const pqe_error *error)
{
    return status == PQE_OK || status == PQE_ERR_CONNECTION || status == PQE_ERR_TIMEOUT ||
           status == PQE_ERR_POOL_TIMEOUT || strcmp(error->sqlstate, "25006") == 0;
}

static void *write_rows(void *argument)
{
    writer *self = argument;

    while (!atomic_load(&over) && self->count < MOST) {
        int64_t id = (int64_t)self->number * MOST + self->count;
        pqe_error error;
        pqe_status status;

        if (self->count % 2 == 0) {
            status = pqe_execute(self->engine, "INSERT INTO load (id) VALUES (%s)",
                                 PQE_PARAMS(PQE_INT64(id)), NULL, &error);
        } else {
            status = insert_in_transaction(self->engine, id, &error);
        }
        if (!expected(status, &error)) {
            fail("writing", &error);
        }
        self->notes[self->count++] = status == PQE_OK     ? DONE
                                     : error.may_have_run ? PERHAPS
                                                          : NOT_DONE;
    }
    return NULL;
}

/* Which rows there are, by number. */
static unsigned char *read_rows(pqe_engine *engine, int threads)
{
    unsigned char *there = calloc((size_t)threads, MOST);
    pqe_result *result;
    pqe_error error;

    if (there == NULL) {
        exit(1);
    }
    if (pqe_execute(engine, "SELECT id FROM load", PQE_NO_PARAMS, &result, &error) != PQE_OK) {
        fail("reading", &error);
    }
    for (size_t row = 0; row < pqe_result_rows(result); row++) {
        int64_t id;

        if (pqe_get_int64(result, row, 0, &id, &error) != PQE_OK) {
            fail("reading", &error);
        }
        there[id] = 1;
    }
    pqe_result_free(result);
    return there;
}

static void compare(pqe_engine *engine, const writer *writers, int threads)
{
    unsigned char *there = read_rows(engine, threads);
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    int counts[4] = {0};
    int lost = 0;
    int ghosts = 0;

    for (int i = 0; i < threads; i++) {
        for (int row = 0; row < writers[i].count; row++) {
            unsigned char note = writers[i].notes[row];
            bool found = there[(size_t)i * MOST + (size_t)row] != 0;

            counts[note]++;
            lost += note == DONE && !found ? 1 : 0;
            ghosts += note == NOT_DONE && found ? 1 : 0;
        }
    }
    free(there);
    /* the health monitor may have one at this moment, but not at all of them */
    metrics.pool.active = 1;
    for (int i = 0; i < 100 && metrics.pool.active > 0; i++) {
        usleep(10000);
        (void)pqe_metrics(engine, &metrics, NULL);
    }
    printf("done %d, perhaps %d, not done %d, lost %d, ghosts %d, active %d, waiting %d\n",
           counts[DONE], counts[PERHAPS], counts[NOT_DONE], lost, ghosts, metrics.pool.active,
           metrics.pool.waiting);
}

int main(int argc, char **argv)
{
    long threads = argc == 4 || argc == 5 ? strtol(argv[2], NULL, 10) : 0;
    pqe_config config = PQE_CONFIG_INIT;
    static writer writers[MOST_THREADS];
    pqe_engine *engine;
    pqe_error error;

    if (threads < 1 || threads > MOST_THREADS) {
        fprintf(stderr, "usage: load DSN THREADS FILE [CACHE]\n");
        return 2;
    }
    config.dsn = argv[1];
    /* by which the tests find its sessions */
    config.application_name = "load";
    config.ensure_database = false;
    config.pool_size = (int)threads / 2 + 1;
    config.health_check_interval_ms = 100;
    config.connection_timeout_ms = 2000;
    config.pool_timeout_ms = 2000;
    if (argc == 5) {
        config.statement_cache_size = (int)strtol(argv[4], NULL, 10);
    }
    if (pqe_create_engine(&config, &engine, &error) != PQE_OK) {
        fail("starting", &error);
        return 1;
    }
    for (int i = 0; i < threads; i++) {
        writers[i].engine = engine;
        writers[i].number = i;
        writers[i].notes = calloc(1, MOST);
        if (writers[i].notes == NULL ||
            pthread_create(&writers[i].thread, NULL, write_rows, &writers[i]) != 0) {
            return 1;
        }
    }
    while (access(argv[3], F_OK) != 0) {
        usleep(10000);
    }
    atomic_store(&over, true);
    for (int i = 0; i < threads; i++) {
        pthread_join(writers[i].thread, NULL);
    }
    compare(engine, writers, (int)threads);
    for (int i = 0; i < threads; i++) {
        free(writers[i].notes);
    }
    pqe_free_engine(engine);
    return 0;
}
