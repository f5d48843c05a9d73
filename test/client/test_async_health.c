/*
 * test_async_health.c - connections of the asynchronous side that are lost, demoted or too old: they
 * are replaced, and counted as those of the pool are
 */
#include "pqengine.h"
#include "support_async.h"
#include "support_server.h"

#include <stdio.h>
#include <unistd.h>

static pqe_engine *admin;

static int set_up(void **state)
{
    (void)state;
    admin = support_engine(NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    pqe_free_engine(admin);
    return 0;
}

static pqe_metrics_data metrics_of(pqe_engine *engine)
{
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_error error;

    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    return metrics;
}

/* Waits until the engine has closed so many connections, and says what it has counted. */
static pqe_metrics_data await_closed(pqe_engine *engine, uint64_t count)
{
    pqe_metrics_data metrics = metrics_of(engine);

    while (metrics.pool.closed < count) {
        usleep(1000);
        metrics = metrics_of(engine);
    }
    return metrics;
}

/* The backend that serves the next statement, as soon as there is one. */
static int64_t await_backend(pqe_engine *engine)
{
    for (;;) {
        support_end end = {0};

        support_send(engine, "SELECT pg_backend_pid()", &end);
        support_await(&end, 1);
        if (end.status == PQE_OK) {
            return end.number;
        }
        usleep(1000);
    }
}

static void terminate(int64_t pid)
{
    char sql[64];

    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld)", (long long)pid);
    support_run(admin, sql);
}

static pqe_config monitored(void)
{
    pqe_config config = support_async_config(1);

    config.health_check_enabled = true;
    config.health_check_interval_ms = 10;
    return config;
}

static void losses_are_counted(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_metrics_data metrics;
    pqe_error error;

    (void)state;
    terminate(await_backend(engine));
    metrics = await_closed(engine, 1);
    assert_int_equal(metrics.pool.broken, 1);
    assert_int_equal(metrics.health.demoted, 0);
    assert_ok(pqe_metrics_reset(engine, &error), error);
    assert_int_equal(metrics_of(engine).pool.broken, 0);
    terminate(await_backend(engine));
    assert_int_equal(await_closed(engine, 1).pool.broken, 1);
    pqe_free_engine(engine);
}

/* A connection that was asked for a sign of life and has given none. */
static void a_silent_connection_is_counted(void **state)
{
    static const support_reply conversation[] = {SUPPORT_REPLY(SUPPORT_WELCOME),
                                                 SUPPORT_REPLY("1\0\0\0\4"
                                                               "2\0\0\0\4"
                                                               "n\0\0\0\4"
                                                               "C\0\0\0\11BEEP\0"
                                                               "Z\0\0\0\5I"),
                                                 SUPPORT_HANG, SUPPORT_END};
    const support_reply *const conversations[] = {conversation};
    pqe_config config = monitored();
    support_end end = {0};
    pqe_metrics_data metrics;
    pqe_engine *engine;
    int port;
    support_server *server = support_server_start(conversations, 1, &port);

    (void)state;
    config.dsn = "sslmode=disable gssencmode=disable host=127.0.0.1 user=u dbname=d "
                 "passfile=/nonexistent";
    config.port = port;
    config.statement_cache_size = 0;
    /* not before the call has its answer, however slow the machine is */
    config.health_check_interval_ms = 1000;
    config.health_check_timeout_ms = 20;
    config.health_check_retries = 0;
    engine = support_engine(&config);
    support_send(engine, "BEEP", &end);
    support_await_ok(&end);
    metrics = await_closed(engine, 1);
    assert_true(metrics.health.checked >= 1);
    assert_int_equal(metrics.health.broken, 1);
    assert_int_equal(metrics.pool.broken, 1);
    pqe_free_engine(engine);
    support_server_stop(server);
}

static void set_read_only(bool read_only)
{
    support_run(admin, read_only ? "ALTER SYSTEM SET default_transaction_read_only = on"
                                 : "ALTER SYSTEM RESET default_transaction_read_only");
    support_run(admin, "SELECT pg_reload_conf()");
}

static void expect_demotion(const char *dsn, bool read_only)
{
    pqe_config config = monitored();
    pqe_metrics_data metrics;
    pqe_engine *engine;
    int64_t first;

    config.dsn = dsn;
    set_read_only(read_only);
    engine = support_engine(&config);
    first = await_backend(engine);
    set_read_only(!read_only);
    metrics = await_closed(engine, 1);
    assert_int_equal(metrics.health.demoted, 1);
    assert_int_equal(metrics.health.broken, 0);
    assert_int_equal(metrics.pool.broken, 0);
    set_read_only(read_only);
    assert_true(await_backend(engine) != first);
    pqe_free_engine(engine);
    set_read_only(false);
}

/* The monitor asks for the role, too: nobody has to fail first. */
static void a_demoted_server_is_left(void **state)
{
    (void)state;
    expect_demotion("target_session_attrs=read-write", false);
    expect_demotion("target_session_attrs=read-only", true);
}

/* Where the server has its role still, or none was asked for, the connection stays. */
static void a_server_with_its_role_is_kept(void **state)
{
    static const char *const roles[] = {"any", "read-write", "primary"};

    (void)state;
    for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
        pqe_config config = monitored();
        pqe_metrics_data metrics;
        pqe_engine *engine;
        char dsn[64];
        int64_t first;

        snprintf(dsn, sizeof(dsn), "target_session_attrs=%s", roles[i]);
        config.dsn = dsn;
        engine = support_engine(&config);
        first = await_backend(engine);
        do {
            usleep(1000);
            metrics = metrics_of(engine);
        } while (metrics.health.checked < 5);
        assert_int_equal(metrics.pool.closed, 0);
        assert_int_equal(metrics.health.demoted, 0);
        assert_true(await_backend(engine) == first);
        pqe_free_engine(engine);
    }
}

/* A write that is refused for being on a read-only server: the connection is retired. */
static void a_refused_write_retires(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    support_end end = {0};
    pqe_metrics_data metrics;
    int64_t first = await_backend(engine);

    (void)state;
    support_run(admin, "CREATE TABLE IF NOT EXISTS async_written (a int)");
    set_read_only(true);
    do {
        end = (support_end){0};
        support_send(engine, "INSERT INTO async_written VALUES (1)", &end);
        support_await(&end, 1);
    } while (end.status == PQE_OK);
    set_read_only(false);
    assert_string_equal(end.error.sqlstate, "25006");
    metrics = await_closed(engine, 1);
    assert_int_equal(metrics.health.demoted, 1);
    assert_int_equal(metrics.pool.broken, 0);
    assert_true(await_backend(engine) != first);
    support_run(admin, "DROP TABLE async_written");
    pqe_free_engine(engine);
}

/* Closed for its age, at the end of a call: not broken, and not demoted. */
static void the_old_are_counted(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_metrics_data metrics;
    pqe_engine *engine;

    (void)state;
    config.pool_recycle_ms = 1;
    config.pool_recycle_jitter = 0;
    engine = support_engine(&config);
    do {
        (void)await_backend(engine);
        metrics = metrics_of(engine);
    } while (metrics.pool.closed == 0);
    assert_true(metrics.health.expired >= 1);
    assert_int_equal(metrics.health.demoted, 0);
    assert_int_equal(metrics.pool.broken, 0);
    pqe_free_engine(engine);
}

/* Without prepared statements a cancelled connection is given up; its server is not demoted. */
static void cancelling_is_no_demotion(void **state)
{
    pqe_config config = support_async_config(1);
    support_end end = {0};
    pqe_metrics_data metrics;
    pqe_engine *engine;
    pqe_async_id id;
    pqe_error error;

    (void)state;
    config.statement_cache_size = 0;
    engine = support_engine(&config);
    id = support_send(engine, "SELECT pg_sleep(60)", &end);
    while (metrics_of(engine).pool.active == 0) {
        usleep(1000);
    }
    usleep(20000);
    assert_ok(pqe_cancel_async(engine, id, &error), error);
    support_await_status(&end, PQE_ERR_CANCELLED);
    metrics = await_closed(engine, 1);
    assert_int_equal(metrics.health.demoted, 0);
    pqe_free_engine(engine);
}

/* Blocking calls are the exception there: the monitor opens no connections for them. */
static void the_pool_is_not_filled(void **state)
{
    pqe_config config = monitored();
    pqe_metrics_data metrics;
    pqe_engine *engine;

    (void)state;
    config.pool_size = 3;
    config.connect_at_start = true;
    engine = support_engine(&config);
    do {
        usleep(1000);
        metrics = metrics_of(engine);
    } while (metrics.health.rounds < 3);
    assert_int_equal(metrics.health.opened, 0);
    assert_int_equal(metrics.pool.size, 1);
    pqe_free_engine(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_counted),
        cmocka_unit_test(the_pool_is_not_filled),
        cmocka_unit_test(a_silent_connection_is_counted),
        cmocka_unit_test(a_demoted_server_is_left),
        cmocka_unit_test(a_server_with_its_role_is_kept),
        cmocka_unit_test(a_refused_write_retires),
        cmocka_unit_test(the_old_are_counted),
        cmocka_unit_test(cancelling_is_no_demotion),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
