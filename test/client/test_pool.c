/*
 * test_pool.c - the pool: order, growth, limits, time, reset
 */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pool.h"

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

static void text_on(pqe_connection *connection, const char *sql, const char *wanted)
{
    pqe_result *result;
    pqe_error error;
    const char *text;

    assert_ok(pqe_connection_execute(connection, sql, PQE_NO_PARAMS, &result, &error), error);
    assert_ok(pqe_get_text(result, 0, 0, &text, &error), error);
    assert_string_equal(text, wanted);
    pqe_result_free(result);
}

static void terminate(int64_t pid)
{
    char sql[100];

    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld, 10000)::int", (long long)pid);
    assert_int_equal(support_number(admin, sql), 1);
}

/* ---------------------------------------------------------------------------------------------- */

static void last_in_first_out(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_connection *one = support_acquire(engine, NULL);
    pqe_connection *two = support_acquire(engine, NULL);
    int64_t first = support_number_on(one, "SELECT pg_backend_pid()");
    int64_t second = support_number_on(two, "SELECT pg_backend_pid()");

    (void)state;
    assert_true(first != second);
    support_release(one);
    support_release(two);
    assert_int_equal(support_gauges(engine).idle, 2);
    one = support_acquire(engine, NULL);
    assert_int_equal(support_number_on(one, "SELECT pg_backend_pid()"), second);
    two = support_acquire(engine, NULL);
    assert_int_equal(support_number_on(two, "SELECT pg_backend_pid()"), first);
    support_release(one);
    support_release(two);
    pqe_free_engine(engine);
}

static void it_opens_what_is_needed_up_to_its_size(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_connection *held[6];
    pqe_connection *more;
    pqe_error error;

    (void)state;
    config.pool_size = 2;
    config.max_pool_size = 6;
    config.pool_timeout_ms = 0;
    engine = support_engine(&config);
    assert_int_equal(support_gauges(engine).size, 0);
    for (int i = 0; i < 6; i++) {
        held[i] = support_acquire(engine, NULL);
        assert_int_equal(support_gauges(engine).size, i + 1);
        assert_int_equal(support_gauges(engine).active, i + 1);
    }
    assert_status(PQE_ERR_POOL_TIMEOUT, pqe_acquire(engine, NULL, &more, &error), error);
    assert_null(more);
    for (int i = 0; i < 6; i++) {
        support_release(held[i]);
    }
    assert_int_equal(support_gauges(engine).size, 6);
    assert_int_equal(support_gauges(engine).idle, 6);
    assert_int_equal(support_gauges(engine).active, 0);
    pqe_free_engine(engine);
}

/* The whole size is there when the engine is, and the monitor sees to it that it stays. */
static void it_opens_its_size_at_the_start_and_keeps_it(void **state)
{
    pqe_config config = support_config();
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.pool_size = 12;
    config.connect_at_start = true;
    config.health_check_enabled = true;
    config.health_check_interval_ms = 20;
    config.application_name = "test_keep";
    engine = support_engine(&config);
    assert_int_equal(support_gauges(engine).size, 12);
    /* one of them may be with the monitor at the moment */
    while (support_gauges(engine).idle < 12) {
        usleep(1000);
    }
    assert_int_equal(support_number(admin, "SELECT count(*) FROM pg_stat_activity WHERE "
                                           "application_name = 'test_keep'"),
                     12);
    assert_int_equal(support_number(admin, "SELECT count(pg_terminate_backend(pid)) FROM "
                                           "pg_stat_activity WHERE application_name = 'test_keep'"),
                     12);
    do {
        usleep(5000);
        assert_ok(pqe_metrics(engine, &metrics, &error), error);
    } while (metrics.health.opened < 12 || metrics.pool.idle < 12);
    assert_int_equal(metrics.pool.size, 12);
    assert_true(metrics.health.rounds >= 1);
    assert_true(metrics.health.broken >= 1);
    assert_true(metrics.health.last_round_at_us > INT64_C(1600000000000000));
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    pqe_free_engine(engine);
}

static void exhaustion_says_who_has_them(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_connection *one;
    pqe_connection *two;
    pqe_error error;

    (void)state;
    config.pool_size = 2;
    config.pool_timeout_ms = 40;
    engine = support_engine(&config);
    one = support_acquire(engine, "the report");
    two = support_acquire(engine, NULL);
    assert_status(PQE_ERR_POOL_TIMEOUT,
                  pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error), error);
    assert_contains(error.message, "no connection came free within 40 ms");
    assert_contains(error.detail, "2 connections of at most 2: 2 active, 0 idle, 0 being opened; "
                                  "0 other callers waiting");
    assert_contains(error.detail, "Longest held: by \"the report\" for ");
    assert_contains(error.detail, ", by \"unnamed\" for ");
    assert_contains(error.hint, "pool_size");
    assert_false(error.may_have_run);
    assert_int_equal(support_gauges(engine).timeouts, 1);
    support_release(one);
    support_release(two);
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    pqe_free_engine(engine);
}

typedef struct queuer {
    pthread_t thread;
    pqe_engine *engine;
    atomic_int *served;
    int turn; /* in which it was served */
} queuer;

static void *wait_in_line(void *argument)
{
    queuer *self = argument;
    pqe_connection *connection = support_acquire(self->engine, NULL);

    self->turn = atomic_fetch_add(self->served, 1);
    support_release(connection);
    return NULL;
}

static void waiters_are_served_in_their_order(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_connection *held;
    queuer queuers[8];
    atomic_int served = 0;

    (void)state;
    config.pool_size = 1;
    engine = support_engine(&config);
    held = support_acquire(engine, NULL);
    for (int i = 0; i < 8; i++) {
        queuers[i].engine = engine;
        queuers[i].served = &served;
        assert_int_equal(pthread_create(&queuers[i].thread, NULL, wait_in_line, &queuers[i]), 0);
        while (support_gauges(engine).waiting != i + 1) {
            usleep(100);
        }
    }
    support_release(held);
    for (int i = 0; i < 8; i++) {
        pthread_join(queuers[i].thread, NULL);
        assert_int_equal(queuers[i].turn, i);
    }
    pqe_free_engine(engine);
}

static void state_does_not_reach_the_next_user(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_connection *connection;
    pqe_error error;
    int64_t pid;

    (void)state;
    config.pool_size = 1;
    engine = support_engine(&config);
    connection = support_acquire(engine, NULL);
    pid = support_number_on(connection, "SELECT pg_backend_pid()");
    assert_ok(pqe_connection_execute(connection, "SET application_name = 'leaked'", PQE_NO_PARAMS,
                                     NULL, &error),
              error);
    assert_ok(pqe_connection_execute(connection, "SET ROLE pg_read_all_data", PQE_NO_PARAMS, NULL,
                                     &error),
              error);
    assert_ok(pqe_connection_execute(connection, "RESET ROLE", PQE_NO_PARAMS, NULL, &error), error);
    assert_ok(pqe_connection_execute(connection, "CREATE TEMP TABLE leak (a int)", PQE_NO_PARAMS,
                                     NULL, &error),
              error);
    assert_ok(pqe_connection_execute(connection, "SELECT pg_advisory_lock(4711)", PQE_NO_PARAMS,
                                     NULL, &error),
              error);
    assert_ok(pqe_connection_execute(connection, "LISTEN leak", PQE_NO_PARAMS, NULL, &error),
              error);
    assert_ok(pqe_connection_execute(connection, "SET SESSION AUTHORIZATION pg_read_all_data",
                                     PQE_NO_PARAMS, NULL, &error),
              error);
    assert_ok(pqe_connection_execute(connection, "BEGIN", PQE_NO_PARAMS, NULL, &error), error);
    assert_int_equal(pqe_connection_execute(connection, "SELECT 1/0", PQE_NO_PARAMS, NULL, &error),
                     PQE_ERR_QUERY);
    support_release(connection);

    connection = support_acquire(engine, NULL);
    assert_int_equal(support_number_on(connection, "SELECT pg_backend_pid()"), pid);
    text_on(connection, "SHOW application_name", "libpqengine");
    text_on(connection, "SELECT (session_user = current_user)::text", "true");
    text_on(connection, "SELECT (session_user <> 'pg_read_all_data')::text", "true");
    assert_int_equal(
        support_number_on(connection, "SELECT count(*) FROM pg_class WHERE relname = 'leak'"), 0);
    assert_int_equal(support_number_on(connection, "SELECT count(*) FROM pg_locks WHERE locktype = "
                                                   "'advisory'"),
                     0);
    assert_int_equal(support_number_on(connection, "SELECT count(*) FROM pg_listening_channels()"),
                     0);
    support_release(connection);
    pqe_free_engine(engine);
}

/* What a function does to the session cannot be seen from outside: PQE_RESET_ALWAYS helps. */
static void reset_always_and_never(void **state)
{
    static const char sneak[] =
        "CREATE OR REPLACE FUNCTION test_sneak() RETURNS void LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM set_config('test.sneak', 'yes', false); END $$";
    static const struct {
        pqe_reset reset;
        const char *wanted;
    } cases[] = {{PQE_RESET_ALWAYS, ""}, {PQE_RESET_NEVER, "yes"}};

    (void)state;
    support_run(admin, sneak);
    for (size_t i = 0; i < 2; i++) {
        pqe_config config = support_config();
        pqe_engine *engine;
        pqe_connection *connection;

        config.pool_size = 1;
        config.pool_reset = cases[i].reset;
        engine = support_engine(&config);
        support_run(engine, "SELECT test_sneak()");
        connection = support_acquire(engine, NULL);
        text_on(connection, "SELECT coalesce(current_setting('test.sneak', true), '')",
                cases[i].wanted);
        support_release(connection);
        pqe_free_engine(engine);
    }
    support_run(admin, "DROP FUNCTION test_sneak()");
}

static void one_broken_session_drops_its_age(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_connection *held[3];
    int64_t pids[3];
    pqe_error error;

    (void)state;
    config.pool_pre_ping = true;
    engine = support_engine(&config);
    for (int i = 0; i < 3; i++) {
        held[i] = support_acquire(engine, NULL);
        pids[i] = support_number_on(held[i], "SELECT pg_backend_pid()");
    }
    support_release(held[0]);
    support_release(held[1]);
    /* the newest free one is found broken, the older one and the one in use go with it */
    terminate(pids[1]);
    assert_ok(pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error), error);
    assert_int_equal(support_gauges(engine).broken, 1);
    assert_int_equal(support_gauges(engine).size, 2);
    support_release(held[2]);
    assert_int_equal(support_gauges(engine).size, 1);
    assert_int_equal(support_gauges(engine).closed, 3);
    pqe_free_engine(engine);
}

static void connections_grow_old(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    int64_t first;

    (void)state;
    config.pool_size = 1;
    config.pool_recycle_ms = 30;
    engine = support_engine(&config);
    first = support_number(engine, "SELECT pg_backend_pid()");
    usleep(60000);
    assert_true(support_number(engine, "SELECT pg_backend_pid()") != first);
    pqe_free_engine(engine);
}

static void idle_ones_are_closed_down_to_the_size(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_connection *held[5];

    (void)state;
    config.pool_size = 2;
    config.max_pool_size = 5;
    config.pool_idle_timeout_ms = 20;
    config.health_check_enabled = true;
    config.health_check_interval_ms = 10;
    engine = support_engine(&config);
    for (int i = 0; i < 5; i++) {
        held[i] = support_acquire(engine, NULL);
    }
    for (int i = 0; i < 5; i++) {
        support_release(held[i]);
    }
    while (support_gauges(engine).size > 2) {
        usleep(5000);
    }
    usleep(50000);
    assert_int_equal(support_gauges(engine).size, 2);
    pqe_free_engine(engine);
}

static void the_monitor_finds_what_broke(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    support_log log = {.length = 0};

    (void)state;
    config.pool_size = 2;
    config.health_check_enabled = true;
    config.health_check_interval_ms = 20;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    terminate(support_number(engine, "SELECT pg_backend_pid()"));
    /* nobody uses the engine, and still it notices */
    while (support_gauges(engine).broken == 0) {
        usleep(5000);
    }
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    pqe_free_engine(engine);
    assert_contains(log.text, "is broken");
}

/* Makes the server read-only or takes that back; sessions learn of it as they do of a demotion. */
static void set_read_only(bool read_only)
{
    support_run(admin, read_only ? "ALTER SYSTEM SET default_transaction_read_only = on"
                                 : "ALTER SYSTEM RESET default_transaction_read_only");
    support_run(admin, "SELECT pg_reload_conf()");
}

/* The backend that serves the next statement, as soon as there is one. */
static int64_t await_backend(pqe_engine *engine)
{
    pqe_result *result;
    pqe_error error;
    int64_t pid = 0;

    while (pqe_execute(engine, "SELECT pg_backend_pid()", PQE_NO_PARAMS, &result, &error) !=
           PQE_OK) {
        usleep(1000);
    }
    assert_ok(pqe_get_int64(result, 0, 0, &pid, &error), error);
    pqe_result_free(result);
    return pid;
}

static void expect_demotion(const char *dsn, bool read_only, bool monitor)
{
    pqe_config config = support_config();
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_engine *engine;
    pqe_error error;
    int64_t first;

    config.dsn = dsn;
    config.pool_size = 1;
    config.pool_pre_ping = !monitor;
    config.health_check_enabled = monitor;
    config.health_check_interval_ms = 10;
    set_read_only(read_only);
    engine = support_engine(&config);
    first = await_backend(engine);
    set_read_only(!read_only);
    if (!monitor) {
        while (pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error) == PQE_OK) {
            usleep(1000);
        }
        assert_int_equal(error.code, PQE_ERR_CONNECTION);
    }
    do {
        usleep(1000);
        assert_ok(pqe_metrics(engine, &metrics, &error), error);
    } while (metrics.health.demoted == 0);
    assert_int_equal(metrics.pool.broken, 0);
    set_read_only(read_only);
    assert_true(await_backend(engine) != first);
    pqe_free_engine(engine);
    set_read_only(false);
}

/* A session whose server has lost its role is retired, by a ping as well as by the monitor. */
static void a_demoted_server_is_left(void **state)
{
    (void)state;
    for (int monitor = 0; monitor < 2; monitor++) {
        expect_demotion("target_session_attrs=read-write", false, monitor != 0);
        expect_demotion("target_session_attrs=read-only", true, monitor != 0);
    }
}

/* Where the server has its role still, or none was asked for, the session stays. */
static void a_server_with_its_role_is_kept(void **state)
{
    static const char *const roles[] = {"any", "primary", "read-write", "prefer-standby"};

    (void)state;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        pqe_config config = support_config();
        pqe_metrics_data metrics = PQE_METRICS_INIT;
        char dsn[64];
        pqe_engine *engine;
        pqe_error error;
        int64_t first;

        snprintf(dsn, sizeof(dsn), "target_session_attrs=%s", roles[i]);
        config.dsn = dsn;
        config.pool_pre_ping = true;
        engine = support_engine(&config);
        first = await_backend(engine);
        for (int again = 0; again < 3; again++) {
            assert_true(support_number(engine, "SELECT pg_backend_pid()") == first);
        }
        assert_ok(pqe_metrics(engine, &metrics, &error), error);
        assert_int_equal(metrics.health.demoted, 0);
        pqe_free_engine(engine);
    }
}

/* A child that was forked is told, and its parent's connections are left alone. */
static void a_forked_child_is_told(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_connection *connection = support_acquire(engine, NULL);
    int64_t pid = support_number_on(connection, "SELECT pg_backend_pid()");
    int status = -1;
    pid_t child;

    (void)state;
    support_run(engine, "SELECT 1");
    child = fork();
    if (child == 0) {
        pqe_metrics_data metrics = PQE_METRICS_INIT;
        pqe_connection *other;
        pqe_error error;
        int wrong = 0;

        wrong += pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error) != PQE_ERR_STATE;
        wrong += strstr(error.message, "forked") == NULL || error.hint[0] == '\0';
        wrong += pqe_connection_execute(connection, "SELECT 1", PQE_NO_PARAMS, NULL, &error) !=
                 PQE_ERR_STATE;
        wrong += pqe_acquire(engine, NULL, &other, &error) != PQE_ERR_STATE;
        wrong += pqe_release(connection, &error) != PQE_ERR_STATE;
        wrong += pqe_metrics(engine, &metrics, &error) != PQE_ERR_STATE;
        wrong += pqe_dispose(engine, &error) != PQE_ERR_STATE;
        pqe_free_engine(engine);
        support_end_child(wrong == 0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_int_equal(support_number_on(connection, "SELECT pg_backend_pid()"), pid);
    support_release(connection);
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    assert_int_equal(support_gauges(engine).broken, 0);
    pqe_free_engine(engine);
}

/* The limits of age are drawn once for each connection, and lie apart. */
static void they_do_not_expire_together(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    int64_t earliest = INT64_MAX;
    int64_t latest = 0;

    (void)state;
    config.pool_size = 8;
    config.connect_at_start = true;
    config.pool_recycle_ms = 3600000;
    config.pool_recycle_jitter = 50;
    engine = support_engine(&config);
    for (const pqe_slot *at = engine->pool->slots; at != NULL; at = at->next) {
        int64_t left = at->session->expires_at - pqe_now_us();

        earliest = left < earliest ? left : earliest;
        latest = left > latest ? left : latest;
    }
    assert_true(earliest > INT64_C(1790000000));
    assert_true(latest <= INT64_C(3600000000));
    assert_true(latest - earliest > INT64_C(10000000));
    pqe_free_engine(engine);
}

/* A server without room for all gives as many as it has, at once and without a wait. */
static void a_server_that_is_full(void **state)
{
    pqe_config config = support_config();
    support_log log = {.length = 0};
    pqe_engine *engine;

    (void)state;
    support_run(admin, "CREATE ROLE test_few LOGIN CONNECTION LIMIT 3");
    config.username = "test_few";
    config.pool_size = 6;
    config.connect_at_start = true;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    assert_int_equal(support_gauges(engine).size, 3);
    assert_contains(log.text, "not all of pool_size connections could be opened");
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    pqe_free_engine(engine);
    support_run(admin, "DROP ROLE test_few");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_in_first_out),
        cmocka_unit_test(it_opens_what_is_needed_up_to_its_size),
        cmocka_unit_test(it_opens_its_size_at_the_start_and_keeps_it),
        cmocka_unit_test(exhaustion_says_who_has_them),
        cmocka_unit_test(a_demoted_server_is_left),
        cmocka_unit_test(a_server_with_its_role_is_kept),
        cmocka_unit_test(a_forked_child_is_told),
        cmocka_unit_test(they_do_not_expire_together),
        cmocka_unit_test(a_server_that_is_full),
        cmocka_unit_test(waiters_are_served_in_their_order),
        cmocka_unit_test(state_does_not_reach_the_next_user),
        cmocka_unit_test(reset_always_and_never),
        cmocka_unit_test(one_broken_session_drops_its_age),
        cmocka_unit_test(connections_grow_old),
        cmocka_unit_test(idle_ones_are_closed_down_to_the_size),
        cmocka_unit_test(the_monitor_finds_what_broke),
    };

    return cmocka_run_group_tests_name("pool", tests, setup, teardown);
}
