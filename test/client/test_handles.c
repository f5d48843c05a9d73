/*
 * test_handles.c - handles used twice, too late, never given back, or by two threads; disposing
 */
#include "support.h"

#include <pthread.h>
#include <unistd.h>

static pqe_engine *admin;

static int setup(void **state)
{
    if (support_need_server(state) != 0) {
        return -1;
    }
    admin = support_engine(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pqe_free_engine(admin);
    return 0;
}

static void leaks_are_reported(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_connection *connection;
    pqe_transaction *transaction;
    pqe_transaction_options options = PQE_TRANSACTION_OPTIONS_INIT;
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_error error;
    support_log log = {.length = 0};
    uint64_t rounds;

    (void)state;
    config.health_check_enabled = true;
    config.health_check_interval_ms = 10;
    config.leak_warning_ms = 20;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    connection = support_acquire(engine, "forgetful");
    options.who = "endless";
    assert_ok(pqe_transaction_begin(engine, &options, &transaction, &error), error);
    do {
        usleep(1000);
        assert_ok(pqe_metrics(engine, &metrics, &error), error);
    } while (metrics.health.leaks < 2);
    rounds = metrics.health.rounds;
    do {
        usleep(1000);
        assert_ok(pqe_metrics(engine, &metrics, &error), error);
    } while (metrics.health.rounds < rounds + 3);
    assert_int_equal(metrics.health.leaks, 2); /* each is told once */
    assert_ok(pqe_dispose(engine, &error), error);
    assert_contains(log.text, "is held by \"forgetful\" for ");
    assert_contains(log.text, "is held by \"endless\" for ");
    assert_contains(log.text, "a connection held by \"forgetful\"");
    assert_contains(log.text, "a transaction held by \"endless\"");
    assert_status(PQE_ERR_DISPOSED, pqe_release(connection, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_transaction_commit(transaction, &error), error);
    pqe_free_engine(engine);
}

typedef struct late {
    pthread_t thread;
    pqe_engine *engine;
    pqe_status status;
} late;

static void *come_late(void *argument)
{
    late *self = argument;
    pqe_error error;

    self->status = pqe_execute(self->engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error);
    return NULL;
}

static void *stay_long(void *argument)
{
    late *self = argument;
    pqe_error error;

    self->status = pqe_execute(self->engine, "SELECT pg_sleep(0.2)", PQE_NO_PARAMS, NULL, &error);
    return NULL;
}

/* Who waits is told, who works is waited for, and afterwards everybody is told. */
static void disposing_while_others_work(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    late working;
    late waiting;
    pqe_error error;
    pqe_connection *connection;
    pqe_metrics_data metrics = PQE_METRICS_INIT;

    (void)state;
    config.pool_size = 1;
    engine = support_engine(&config);
    working.engine = engine;
    waiting.engine = engine;
    assert_int_equal(pthread_create(&working.thread, NULL, stay_long, &working), 0);
    while (support_gauges(engine).active != 1) {
        usleep(100);
    }
    assert_int_equal(pthread_create(&waiting.thread, NULL, come_late, &waiting), 0);
    while (support_gauges(engine).waiting != 1) {
        usleep(100);
    }
    assert_ok(pqe_dispose(engine, &error), error);
    pthread_join(working.thread, NULL);
    pthread_join(waiting.thread, NULL);
    assert_int_equal(working.status, PQE_OK);
    assert_int_equal(waiting.status, PQE_ERR_DISPOSED);
    assert_status(PQE_ERR_DISPOSED, pqe_dispose(engine, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_status(PQE_ERR_DISPOSED, pqe_acquire(engine, NULL, &connection, &error), error);
    assert_null(connection);
    assert_status(PQE_ERR_DISPOSED, pqe_metrics(engine, &metrics, &error), error);
    pqe_free_engine(engine);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_dispose(NULL, &error), error);
}

static void handles_are_checked(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_connection *connection = support_acquire(engine, NULL);
    pqe_connection *other;
    pqe_error error;

    (void)state;
    support_release(connection);
    assert_status(PQE_ERR_STATE, pqe_release(connection, &error), error);
    assert_contains(error.message, "released already");
    /* the next holder of the session is not touched by the old handle */
    other = support_acquire(engine, NULL);
    assert_ptr_not_equal(other, connection);
    assert_status(PQE_ERR_STATE, pqe_release(connection, &error), error);
    assert_status(PQE_ERR_STATE,
                  pqe_connection_execute(connection, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_int_equal(support_number_on(other, "SELECT 1"), 1);
    /* a handle of another kind */
    assert_status(PQE_ERR_STATE, pqe_transaction_commit((pqe_transaction *)other, &error), error);
    assert_string_equal(error.message, "this is no transaction but a connection");
    support_release(other);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_release(NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_acquire(engine, NULL, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_acquire(NULL, NULL, &connection, &error), error);
    assert_int_equal(support_gauges(engine).active, 0);
    for (int i = 0; i < 1000; i++) {
        support_release(support_acquire(engine, NULL));
    }
    pqe_free_engine(engine);
}

typedef struct sharer {
    pqe_connection *connection;
    pqe_status status;
} sharer;

static void *use_shared(void *argument)
{
    sharer *self = argument;
    pqe_error error;

    self->status = pqe_connection_execute(self->connection, "SELECT pg_advisory_xact_lock(4712)",
                                          PQE_NO_PARAMS, NULL, &error);
    return NULL;
}

static void two_threads_on_one_connection(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_connection *connection = support_acquire(engine, NULL);
    pqe_connection *blocker = support_acquire(admin, NULL);
    int64_t pid = support_number_on(connection, "SELECT pg_backend_pid()");
    pthread_t thread;
    pqe_error error;
    char sql[160];
    sharer other = {.connection = connection, .status = PQE_ERR_STATE};

    (void)state;
    assert_ok(pqe_connection_execute(blocker, "SELECT pg_advisory_lock(4712)", PQE_NO_PARAMS, NULL,
                                     &error),
              error);
    assert_int_equal(pthread_create(&thread, NULL, use_shared, &other), 0);
    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM pg_stat_activity WHERE pid = %lld AND wait_event_type = 'Lock'",
             (long long)pid);
    for (int64_t found = 0; found == 0;) {
        found = support_number(admin, sql);
    }
    assert_status(PQE_ERR_STATE,
                  pqe_connection_execute(connection, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_contains(error.message, "in use by another thread");
    assert_status(PQE_ERR_STATE, pqe_release(connection, &error), error);
    support_release(blocker);
    pthread_join(thread, NULL);
    assert_int_equal(other.status, PQE_OK);
    support_release(connection);
    pqe_free_engine(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaks_are_reported),
        cmocka_unit_test(disposing_while_others_work),
        cmocka_unit_test(handles_are_checked),
        cmocka_unit_test(two_threads_on_one_connection),
    };

    return cmocka_run_group_tests_name("handles", tests, setup, teardown);
}
