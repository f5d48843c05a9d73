/*
 * soak.c - a service's mixed load for as long as wanted, to see whether memory stays flat
 *
 * soak SECONDS [PAUSE]
 *
 * 32 threads share two engines: 30 call the synchronous functions, one keeps asynchronous calls in
 * flight, one listens.  PAUSE is the mean pause of a thread between two calls in microseconds
 * (default 0).  Connections are recycled every few seconds, and now and then some sessions are
 * terminated.  Every minute, and at the end, a line tells how many calls there were, how they ended,
 * and the memory of the process.
 *
 * The exit status is 1 where a call failed for a reason that is not of the load's own making, or a
 * connection or waiter is left over at the end.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <pqengine.h>

#define CALLERS 30
#define ROWS 10000

static pqe_engine *sync_engine;
static pqe_engine *async_engine;
static atomic_bool over;
static atomic_bool unexpected;
static unsigned pause_us;

/* How calls ended. */
static atomic_ulong done;
static atomic_ulong refused;   /* by the server, as the load wants it */
static atomic_ulong timed_out; /* as the load wants it */
static atomic_ulong lost;      /* with a terminated session */
static atomic_ulong in_flight;
static atomic_ulong notified;

static bool among(const char *sqlstate, const char *const *wanted)
{
    for (; *wanted != NULL; wanted++) {
        if (strcmp(sqlstate, *wanted) == 0) {
            return true;
        }
    }
    return false;
}

static void count(pqe_status status, const pqe_error *error)
{
    static const char *const of_the_load[] = {"23505", "22012", "40001", "40P01", NULL};
    static const char *const of_the_terminator[] = {"57P01", "08006", "08003", NULL};

    if (status == PQE_OK) {
        atomic_fetch_add(&done, 1);
    } else if (status == PQE_ERR_TIMEOUT || status == PQE_ERR_POOL_TIMEOUT ||
               status == PQE_ERR_CANCELLED || status == PQE_ERR_QUEUE_FULL) {
        atomic_fetch_add(&timed_out, 1);
    } else if (status == PQE_ERR_QUERY && among(error->sqlstate, of_the_load)) {
        atomic_fetch_add(&refused, 1);
    } else if (status == PQE_ERR_CONNECTION || among(error->sqlstate, of_the_terminator)) {
        atomic_fetch_add(&lost, 1);
    } else {
        fprintf(stderr, "soak: %s %s: %s\n", pqe_status_name(status), error->sqlstate,
                error->message);
        atomic_store(&unexpected, true);
    }
}

static void rest(unsigned *seed)
{
    if (pause_us > 0) {
        usleep((useconds_t)rand_r(seed) % (2 * pause_us));
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* What callers do                                                                                */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status read_one(int64_t id, pqe_error *error)
{
    pqe_result *result;
    pqe_status status = pqe_execute(sync_engine, "SELECT id, payload FROM soak WHERE id = %s",
                                    PQE_PARAMS(PQE_INT64(id)), &result, error);
    const char *payload;

    if (status == PQE_OK && pqe_result_rows(result) == 1) {
        status = pqe_get_text(result, 0, 1, &payload, error);
    }
    pqe_result_free(result);
    return status;
}

static pqe_status read_many(int64_t id, pqe_error *error)
{
    pqe_result *result;
    pqe_status status =
        pqe_execute(sync_engine, "SELECT * FROM soak WHERE id BETWEEN %s AND %s ORDER BY payload",
                    PQE_PARAMS(PQE_INT64(id), PQE_INT64(id + 200)), &result, error);

    pqe_result_free(result);
    return status;
}

/* A text of its own each time: it pushes others out of the statement cache. */
static pqe_status read_otherwise(int64_t id, pqe_error *error)
{
    char sql[128];

    snprintf(sql, sizeof(sql), "SELECT count(*) + %lld FROM soak WHERE id < 10",
             (long long)(id % 500));
    return pqe_execute(sync_engine, sql, PQE_NO_PARAMS, NULL, error);
}

static pqe_status change(int64_t id, pqe_error *error)
{
    pqe_transaction *transaction;
    pqe_status status = pqe_transaction_begin(sync_engine, NULL, &transaction, error);

    if (status != PQE_OK) {
        return status;
    }
    status =
        pqe_transaction_execute(transaction, "UPDATE soak SET payload = md5(payload) WHERE id = %s",
                                PQE_PARAMS(PQE_INT64(id)), NULL, error);
    if (status == PQE_OK && id % 3 == 0) {
        status = pqe_savepoint(transaction, "s", error);
        if (status == PQE_OK && pqe_transaction_execute(transaction, "SELECT 1 / 0", PQE_NO_PARAMS,
                                                        NULL, error) != PQE_OK) {
            status = pqe_rollback_to(transaction, "s", error);
        }
    }
    if (status != PQE_OK || id % 7 == 0) {
        (void)pqe_transaction_rollback(transaction, NULL);
        return status;
    }
    return pqe_transaction_commit(transaction, error);
}

static pqe_status collide(int64_t id, pqe_error *error)
{
    return pqe_execute(sync_engine, "INSERT INTO soak (id, payload) VALUES (%s, 'again')",
                       PQE_PARAMS(PQE_INT64(id)), NULL, error);
}

static pqe_status take_too_long(int64_t id, pqe_error *error)
{
    pqe_call call = PQE_CALL_INIT;

    (void)id;
    call.sql = "SELECT pg_sleep(1)";
    call.timeout_ms = 20;
    return pqe_execute_call(sync_engine, &call, NULL, error);
}

static pqe_status leave_traces(int64_t id, pqe_error *error)
{
    pqe_connection *connection;
    pqe_status status = pqe_acquire(sync_engine, "soak", &connection, error);

    (void)id;
    if (status != PQE_OK) {
        return status;
    }
    status = pqe_connection_execute(connection, "SET application_name = 'soak with a trace'",
                                    PQE_NO_PARAMS, NULL, error);
    (void)pqe_release(connection, NULL);
    return status;
}

static pqe_status tell(int64_t id, pqe_error *error)
{
    char payload[32];

    snprintf(payload, sizeof(payload), "%lld", (long long)id);
    return pqe_execute(sync_engine, "SELECT pg_notify('soak', %s)", PQE_PARAMS(PQE_TEXT(payload)),
                       NULL, error);
}

static void *call(void *argument)
{
    static pqe_status (*const calls[])(int64_t, pqe_error *) = {
        read_one, read_one, read_one, read_one,      read_one,     read_many, read_otherwise,
        change,   change,   collide,  take_too_long, leave_traces, tell};
    unsigned seed = *(unsigned *)argument;

    while (!atomic_load(&over)) {
        size_t which = (size_t)rand_r(&seed) % (sizeof(calls) / sizeof(calls[0]));
        pqe_error error;

        count(calls[which](1 + rand_r(&seed) % ROWS, &error), &error);
        rest(&seed);
    }
    return NULL;
}

static void ended(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    (void)data;
    count(status, error);
    pqe_result_free(result);
    atomic_fetch_sub(&in_flight, 1);
}

static void *call_async(void *argument)
{
    unsigned seed = *(unsigned *)argument;

    while (!atomic_load(&over)) {
        int64_t id = 1 + rand_r(&seed) % ROWS;
        pqe_param param = pqe_param_int64(id);
        pqe_call call = PQE_CALL_INIT;
        pqe_async_id name;
        pqe_error error;
        pqe_status status;

        call.sql = "SELECT payload FROM soak WHERE id = $1";
        call.params = &param;
        call.param_count = 1;
        atomic_fetch_add(&in_flight, 1);
        status = pqe_execute_async(async_engine, &call, ended, NULL, &name, &error);
        if (status != PQE_OK) {
            atomic_fetch_sub(&in_flight, 1);
            count(status, &error);
        } else if (id % 50 == 0) {
            (void)pqe_cancel_async(async_engine, name, NULL);
        }
        if (atomic_load(&in_flight) > 64 || id % 64 == 0) {
            rest(&seed);
        }
    }
    return NULL;
}

static void *hear(void *argument)
{
    static const char *const channels[] = {"soak"};
    pqe_listener *listener;
    pqe_error error;

    (void)argument;
    if (pqe_listen(sync_engine, channels, 1, NULL, NULL, &listener, &error) != PQE_OK) {
        count(error.code, &error);
        return NULL;
    }
    while (!atomic_load(&over)) {
        pqe_notification notification;
        bool received;

        if (pqe_listener_wait(listener, 200, &notification, &received, &error) != PQE_OK) {
            count(error.code, &error);
        } else if (received) {
            atomic_fetch_add(&notified, 1);
        }
    }
    pqe_listener_close(listener);
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- */
/* The run                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static void must(pqe_status status, const pqe_error *error)
{
    if (status != PQE_OK) {
        fprintf(stderr, "soak: %s: %s\n", pqe_status_name(status), error->message);
        exit(1);
    }
}

static pqe_engine *engine(bool async)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_engine *made;
    pqe_error error;

    config.application_name = "soak";
    config.async = async;
    config.pool_size = async ? 4 : 16;
    config.max_pool_size = async ? 4 : 24;
    config.auto_adjust_pool_size = !async;
    config.pool_recycle_ms = 5000;
    config.pool_idle_timeout_ms = 2000;
    config.health_check_interval_ms = 1000;
    config.statement_cache_size = 64;
    config.trace_parameters = true;
    config.max_retries = 2;
    config.retry_delay_ms = 5;
    must(pqe_create_engine(&config, &made, &error), &error);
    return made;
}

static long resident_kib(void)
{
    char text[128] = "";
    char *second = text;
    long pages;
    FILE *file = fopen("/proc/self/statm", "r");

    if (file != NULL) {
        if (fgets(text, sizeof(text), file) == NULL) {
            text[0] = '\0';
        }
        fclose(file);
    }
    (void)strtol(text, &second, 10); /* all of it; what is resident comes next */
    pages = strtol(second, NULL, 10);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void report(long second)
{
    printf("second %ld: done %lu, refused %lu, timed out %lu, lost %lu, notified %lu, "
           "resident_kib %ld\n",
           second, atomic_load(&done), atomic_load(&refused), atomic_load(&timed_out),
           atomic_load(&lost), atomic_load(&notified), resident_kib());
    fflush(stdout);
}

/* Ends some sessions, as an administrator or a failover would. */
static void disturb(void)
{
    pqe_error error;

    count(pqe_execute(sync_engine,
                      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                      " WHERE application_name = 'soak' AND pid <> pg_backend_pid()"
                      " ORDER BY random() LIMIT 3",
                      PQE_NO_PARAMS, NULL, &error),
          &error);
}

static void run(long seconds)
{
    static unsigned seeds[CALLERS + 2];
    pthread_t threads[CALLERS + 2];

    for (unsigned i = 0; i < CALLERS + 2; i++) {
        void *(*const body)(void *) = i < CALLERS ? call : i == CALLERS ? call_async : hear;

        seeds[i] = i + 1;
        if (pthread_create(&threads[i], NULL, body, &seeds[i]) != 0) {
            exit(1);
        }
    }
    for (long second = 1; second <= seconds; second++) {
        sleep(1);
        if (second % 10 == 0) {
            disturb();
        }
        if (second % 60 == 0 || second == seconds) {
            report(second);
        }
    }
    atomic_store(&over, true);
    for (int i = 0; i < CALLERS + 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(int argc, char **argv)
{
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_error error;

    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: soak SECONDS [PAUSE]\n");
        return 2;
    }
    pause_us = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    sync_engine = engine(false);
    async_engine = engine(true);
    must(pqe_execute(sync_engine, "CREATE TABLE soak (id bigint PRIMARY KEY, payload text)",
                     PQE_NO_PARAMS, NULL, &error),
         &error);
    must(pqe_execute(sync_engine,
                     "INSERT INTO soak SELECT i, md5(i::text) FROM generate_series(1, %s) AS i",
                     PQE_PARAMS(PQE_INT32(ROWS)), NULL, &error),
         &error);
    report(0);
    run(strtol(argv[1], NULL, 10));
    must(pqe_dispose(async_engine, &error), &error);
    must(pqe_metrics(sync_engine, &metrics, &error), &error);
    printf("left: active %d, waiting %d, async in flight %lu\n", metrics.pool.active,
           metrics.pool.waiting, atomic_load(&in_flight));
    must(pqe_dispose(sync_engine, &error), &error);
    pqe_free_engine(async_engine);
    pqe_free_engine(sync_engine);
    return atomic_load(&unexpected) || metrics.pool.waiting > 0 || atomic_load(&in_flight) > 0;
}
