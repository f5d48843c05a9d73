/*
 * crowd.c - a program whose pool is larger than what its server lets in
 *
 * crowd DSN sync|async FILE
 *
 * Until there is a file of that name, many callers take the next number of the sequence "calls" again
 * and again: threads, or chains of asynchronous calls, half of them over a connection that they take
 * for it.  Each call must succeed.  Then one line is printed:
 *
 *   done N, failed N, attempts N, ms N
 *
 * attempts are those to connect that failed, ms how long it took; the first call that failed is told
 * on stderr.  An engine that cannot be made ends the program with 3, and "STATUS SQLSTATE: message"
 * with detail and hint on stderr.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pqengine.h>

#define CALLERS 16
#define POOL_SIZE 8

static const char statement[] = "SELECT nextval('calls')";

static pqe_engine *engine;
static atomic_bool over;
static atomic_uint_fast64_t done;
static atomic_uint_fast64_t failed;
static atomic_int chains; /* asynchronous ones that have not ended */

static void count(pqe_status status, const pqe_error *error)
{
    if (status == PQE_OK) {
        atomic_fetch_add(&done, 1);
    } else if (atomic_fetch_add(&failed, 1) == 0) {
        fprintf(stderr, "crowd: %s %s: %s (%s)\n", pqe_status_name(status), error->sqlstate,
                error->message, error->detail);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Threads                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status call_on_own(pqe_error *error)
{
    pqe_connection *connection;
    pqe_status status = pqe_acquire(engine, "a caller", &connection, error);

    if (status == PQE_OK) {
        status = pqe_connection_execute(connection, statement, PQE_NO_PARAMS, NULL, error);
        pqe_release(connection, NULL);
    }
    return status;
}

static void *call(void *argument)
{
    bool own = argument != NULL;

    while (!atomic_load(&over)) {
        pqe_error error;
        pqe_status status =
            own ? call_on_own(&error) : pqe_execute(engine, statement, PQE_NO_PARAMS, NULL, &error);

        count(status, &error);
    }
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- */
/* Chains of asynchronous calls                                                                   */
/* ---------------------------------------------------------------------------------------------- */

static void go_on(void *data);

static void end_chain(pqe_status status, const pqe_error *error)
{
    if (status != PQE_OK) {
        count(status, error);
    }
    atomic_fetch_sub(&chains, 1);
}

/* data is the connection to be given back, or NULL */
static void called(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    count(status, error);
    pqe_result_free(result);
    if (data != NULL) {
        pqe_release_async(data, NULL);
    }
    go_on(data);
}

static void acquired(void *data, pqe_status status, pqe_async_connection *connection,
                     const pqe_error *error)
{
    pqe_call one = PQE_CALL_INIT;
    pqe_error own;

    one.sql = statement;
    if (status != PQE_OK) {
        count(status, error);
        go_on(data);
        return;
    }
    status = pqe_connection_execute_async(connection, &one, called, connection, NULL, &own);
    if (status != PQE_OK) {
        end_chain(status, &own);
    }
}

/* Makes the chain's next call: over a connection of its own where data is not NULL. */
static void go_on(void *data)
{
    pqe_call one = PQE_CALL_INIT;
    pqe_error error;
    pqe_status status = PQE_OK;

    one.sql = statement;
    if (atomic_load(&over)) {
        end_chain(PQE_OK, NULL);
        return;
    }
    status = data != NULL ? pqe_acquire_async(engine, "a caller", acquired, data, NULL, &error)
                          : pqe_execute_async(engine, &one, called, NULL, NULL, &error);
    if (status != PQE_OK) {
        end_chain(status, &error);
    }
}

/* ---------------------------------------------------------------------------------------------- */

/* A test that has died writes no file any more. */
static void wait_for_file(const char *path)
{
    pid_t test = getppid();

    while (access(path, F_OK) != 0 && getppid() == test) {
        usleep(10000);
    }
    atomic_store(&over, true);
}

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int run_threads(const char *path)
{
    pthread_t threads[CALLERS];

    for (int i = 0; i < CALLERS; i++) {
        if (pthread_create(&threads[i], NULL, call, i % 2 == 0 ? NULL : &over) != 0) {
            return 1;
        }
    }
    wait_for_file(path);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(threads[i], NULL);
    }
    return 0;
}

static int run_chains(const char *path)
{
    atomic_store(&chains, CALLERS);
    for (int i = 0; i < CALLERS; i++) {
        go_on(i % 2 == 0 ? NULL : &over);
    }
    wait_for_file(path);
    while (atomic_load(&chains) > 0) {
        usleep(10000);
    }
    return 0;
}

int main(int argc, char **argv)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    int64_t start = now_ms();
    pqe_error error;
    int failure;

    if (argc != 4) {
        fprintf(stderr, "usage: crowd DSN sync|async FILE\n");
        return 2;
    }
    config.dsn = argv[1];
    /* by which the tests find its sessions */
    config.application_name = "crowd";
    config.pool_size = POOL_SIZE;
    config.async = strcmp(argv[2], "async") == 0;
    config.connection_timeout_ms = 2000;
    config.pool_timeout_ms = 60000;
    config.health_check_interval_ms = 100;
    if (pqe_create_engine(&config, &engine, &error) != PQE_OK) {
        fprintf(stderr, "%s %s: %s\n%s\n%s\n", pqe_status_name(error.code), error.sqlstate,
                error.message, error.detail, error.hint);
        return 3;
    }
    failure = config.async ? run_chains(argv[3]) : run_threads(argv[3]);
    if (pqe_metrics(engine, &metrics, &error) != PQE_OK) {
        fprintf(stderr, "crowd: %s\n", error.message);
        return 1;
    }
    printf("done %" PRIuFAST64 ", failed %" PRIuFAST64 ", attempts %" PRIu64 ", ms %" PRId64 "\n",
           atomic_load(&done), atomic_load(&failed), metrics.pool.connect_failures,
           now_ms() - start);
    pqe_free_engine(engine);
    return failure;
}
