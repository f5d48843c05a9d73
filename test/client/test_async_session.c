/*
 * test_async_session.c - connections and transactions given out by the asynchronous side, start-up
 * without waiting, several calls at once, middlewares
 */
#include "support_async.h"

#include <pthread.h>
#include <unistd.h>
#include <uv.h>

static pqe_call call_of(const char *sql)
{
    pqe_call call = PQE_CALL_INIT;

    call.sql = sql;
    return call;
}

static pqe_async_connection *acquire(pqe_engine *engine)
{
    support_end end = {0};
    pqe_error error;

    assert_ok(pqe_acquire_async(engine, "test", support_acquired, &end, NULL, &error), error);
    support_await_ok(&end);
    assert_non_null(end.handle);
    return end.handle;
}

static void send_on(pqe_async_connection *connection, const char *sql, support_end *end)
{
    pqe_call call = call_of(sql);
    pqe_error error;

    assert_ok(pqe_connection_execute_async(connection, &call, support_ended, end, NULL, &error),
              error);
}

static pqe_async_transaction *begin(pqe_engine *engine)
{
    support_end end = {0};
    pqe_error error;

    assert_ok(pqe_transaction_begin_async(engine, NULL, support_begun, &end, NULL, &error), error);
    support_await_ok(&end);
    assert_non_null(end.handle);
    return end.handle;
}

static void send_in(pqe_async_transaction *transaction, const char *sql, support_end *end)
{
    pqe_call call = call_of(sql);
    pqe_error error;

    assert_ok(pqe_transaction_execute_async(transaction, &call, support_ended, end, NULL, &error),
              error);
}

/* In their order, whatever one of them comes to; and nothing of the session is left behind. */
static void a_connection(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_async_connection *connection = acquire(engine);
    support_end ends[60] = {{0}};
    support_end after = {0};
    pqe_call call = call_of("SELECT 1");
    pqe_error error;

    (void)state;
    for (size_t i = 0; i < 60; i += 4) {
        send_on(connection, "SET app.number = '17'", &ends[i]);
        send_on(connection, "SELECT 1 / 0", &ends[i + 1]);
        send_on(connection, "SELECT current_setting('app.number')::int", &ends[i + 2]);
        send_on(connection, "SELECT pg_sleep(0.001)", &ends[i + 3]);
    }
    assert_ok(pqe_release_async(connection, &error), error);
    assert_status(PQE_ERR_STATE, pqe_release_async(connection, &error), error);
    assert_status(PQE_ERR_STATE,
                  pqe_connection_execute_async(connection, &call, NULL, NULL, NULL, &error), error);
    support_send(engine, "SELECT count(*) FROM pg_settings WHERE name = 'app.number'", &after);
    support_await(ends, 60);
    for (size_t i = 0; i < 60; i++) {
        assert_int_equal(ends[i].status, i % 4 == 1 ? PQE_ERR_QUERY : PQE_OK);
        assert_true(i % 4 != 2 || ends[i].number == 17);
        assert_true(i == 0 || ends[i].order > ends[i - 1].order);
    }
    support_await_ok(&after);
    pqe_free_engine(engine);
}

/* A statement that changes its session has it for itself, and leaves nothing. */
static pqe_health_metrics health_of(pqe_engine *engine)
{
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_error error;

    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    return metrics.health;
}

/* Once for each that is held for too long, in the log and in the metrics. */
static void leaks_are_reported(void **state)
{
    pqe_config config = support_async_config(2);
    support_log log = {.length = 0};
    pqe_async_connection *held;
    support_end end = {0};
    pqe_engine *engine;
    pqe_error error;
    uint64_t checked;

    (void)state;
    config.connect_at_start = true; /* one for the holder, one to be looked after meanwhile */
    config.health_check_enabled = true;
    config.health_check_interval_ms = 10;
    config.leak_warning_ms = 20;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    held = acquire(engine);
    support_send(engine, "SELECT 1", &end);
    support_await_ok(&end);
    while (health_of(engine).leaks == 0) {
        usleep(1000);
    }
    checked = health_of(engine).checked;
    while (health_of(engine).checked < checked + 3) {
        usleep(1000);
    }
    assert_int_equal(health_of(engine).leaks, 1);
    assert_ok(pqe_release_async(held, &error), error);
    pqe_free_engine(engine);
    assert_contains(log.text, "has been held by \"test\" for ");
}

static void settings_do_not_leak(void **state)
{
    pqe_config config = support_async_config(2);
    pqe_engine *engine = support_engine(&config);
    support_end ends[200] = {{0}};

    (void)state;
    for (size_t i = 0; i < 200; i++) {
        support_send(engine,
                     i % 20 == 5
                         ? "SET search_path = nowhere"
                         : "SELECT count(*) FROM pg_settings WHERE name = 'search_path' AND "
                           "setting = 'nowhere'",
                     &ends[i]);
    }
    support_await(ends, 200);
    for (size_t i = 0; i < 200; i++) {
        assert_ok(ends[i].status, ends[i].error);
        assert_int_equal(ends[i].number, 0);
    }
    pqe_free_engine(engine);
}

static void transactions(void **state)
{
    pqe_config config = support_async_config(2);
    pqe_engine *engine = support_engine(&config);
    pqe_async_transaction *transaction;
    support_end ends[5] = {{0}};
    support_end end = {0};
    support_end failed[3] = {{0}};
    pqe_call commit = call_of("COMMIT");
    pqe_error error;

    (void)state;
    support_run(engine, "CREATE TABLE async_tx (n int)");
    transaction = begin(engine);
    send_in(transaction, "INSERT INTO async_tx VALUES (1)", &ends[0]);
    send_in(transaction, "SAVEPOINT a", &ends[1]);
    send_in(transaction, "SELECT 1 / 0", &ends[2]);
    send_in(transaction, "ROLLBACK TO SAVEPOINT a", &ends[3]);
    send_in(transaction, "INSERT INTO async_tx VALUES (2)", &ends[4]);
    assert_status(PQE_ERR_STATE,
                  pqe_transaction_execute_async(transaction, &commit, NULL, NULL, NULL, &error),
                  error);
    assert_ok(pqe_transaction_commit_async(transaction, support_ended, &end, &error), error);
    assert_status(PQE_ERR_STATE, pqe_transaction_rollback_async(transaction, NULL, NULL, &error),
                  error);
    support_await_ok(&end);
    support_await(ends, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(ends[i].status, i == 2 ? PQE_ERR_QUERY : PQE_OK);
    }
    assert_int_equal(support_number(engine, "SELECT sum(n) FROM async_tx"), 3);

    transaction = begin(engine);
    send_in(transaction, "DELETE FROM async_tx", &failed[0]);
    memset(&end, 0, sizeof(end));
    assert_ok(pqe_transaction_rollback_async(transaction, support_ended, &end, &error), error);
    support_await_ok(&end);
    assert_int_equal(support_number(engine, "SELECT sum(n) FROM async_tx"), 3);

    transaction = begin(engine);
    send_in(transaction, "SELECT 1 / 0", &failed[1]);
    memset(&end, 0, sizeof(end));
    assert_ok(pqe_transaction_commit_async(transaction, support_ended, &end, &error), error);
    support_await_status(&end, PQE_ERR_QUERY);
    assert_string_equal(end.error.sqlstate, "25P02");
    support_run(engine, "DROP TABLE async_tx");
    pqe_free_engine(engine);
}

/* What was begun and not ended is rolled back with its connection, or its engine. */
static void transactions_that_break(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *other = support_engine(NULL);
    pqe_engine *engine;
    pqe_async_transaction *transaction;
    support_end ends[3] = {{0}};
    support_end end = {0};
    support_end begun = {0};
    pqe_transaction_options wrong = PQE_TRANSACTION_OPTIONS_INIT;
    pqe_error error;

    (void)state;
    config.application_name = "async-victim";
    engine = support_engine(&config);
    support_run(other, "CREATE TABLE async_tx (n int)");
    transaction = begin(engine);
    send_in(transaction, "INSERT INTO async_tx VALUES (1)", &ends[0]);
    support_await_ok(&ends[0]);
    support_run(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE application_name = 'async-victim'");
    send_in(transaction, "INSERT INTO async_tx VALUES (2)", &ends[1]);
    assert_ok(pqe_transaction_commit_async(transaction, support_ended, &end, &error), error);
    support_await_status(&ends[1], PQE_ERR_CONNECTION);
    support_await_status(&end, PQE_ERR_CONNECTION);

    transaction = begin(engine);
    send_in(transaction, "INSERT INTO async_tx VALUES (3)", &ends[2]);
    support_await_ok(&ends[2]);
    wrong.version = 99;
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_transaction_begin_async(engine, &wrong, support_begun, &begun, NULL, &error),
                  error);
    assert_ok(pqe_dispose(engine, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_transaction_commit_async(transaction, NULL, NULL, &error),
                  error);
    pqe_free_engine(engine);
    assert_int_equal(support_number(other, "SELECT count(*) FROM async_tx"), 0);
    support_run(other, "DROP TABLE async_tx");
    pqe_free_engine(other);
}

/* More connections are wanted than there are: each has its turn. */
static void taking_turns(void **state)
{
    pqe_config config = support_async_config(2);
    pqe_engine *engine = support_engine(&config);
    support_end holders[50] = {{0}};
    support_end ends[50] = {{0}};
    pqe_error error;

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        assert_ok(pqe_acquire_async(engine, "turns", support_acquired, &holders[i], NULL, &error),
                  error);
    }
    for (size_t i = 0; i < 50; i++) {
        support_await_ok(&holders[i]);
        send_on(holders[i].handle, "SELECT 1", &ends[i]);
        assert_ok(pqe_release_async(holders[i].handle, &error), error);
    }
    support_await(ends, 50);
    assert_true(support_gauges(engine).opened <= 2);
    pqe_free_engine(engine);
}

/* ---------------------------------------------------------------------------------------------- */
/* Several calls at once                                                                          */
/* ---------------------------------------------------------------------------------------------- */

static void check_results(const pqe_call *calls, pqe_result *const *results,
                          const pqe_error *errors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i == 30 || i == 60) {
            assert_null(results[i]);
            assert_int_equal(errors[i].code, i == 30 ? PQE_ERR_QUERY : PQE_ERR_STATE);
        } else {
            int64_t number = -1;
            pqe_error error;

            assert_int_equal(errors[i].code, PQE_OK);
            assert_ok(pqe_get_int64(results[i], 0, 0, &number, &error), error);
            assert_int_equal(number, calls[i].params[0].integer);
        }
        pqe_result_free(results[i]);
    }
}

static void make_calls(pqe_call *calls, pqe_param *params, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        params[i] = PQE_INT32((int32_t)i);
        calls[i] = call_of("SELECT %s::int");
        calls[i].params = &params[i];
        calls[i].param_count = 1;
    }
    calls[30].sql = "SELECT 1 / (%s::int - 30)";
    calls[60] = call_of("BEGIN");
}

static void in_parallel(void **state)
{
    pqe_config configs[] = {support_config(), support_async_config(3)};
    static pqe_error errors[3000];
    static pqe_result *results[3000];
    static pqe_call calls[3000];
    static pqe_param params[3000];

    (void)state;
    make_calls(calls, params, 3000);
    for (size_t i = 0; i < 2; i++) {
        size_t count = i == 0 ? 200 : 3000;
        pqe_engine *engine;
        pqe_error error;

        configs[i].async_queue_size = 100;
        engine = support_engine(&configs[i]);
        assert_status(PQE_ERR_QUERY,
                      pqe_parallel_execute(engine, calls, count, results, errors, &error), error);
        assert_string_equal(error.sqlstate, "22012");
        check_results(calls, results, errors, count);
        assert_ok(pqe_parallel_execute(engine, calls, 30, NULL, NULL, &error), error);
        assert_ok(pqe_parallel_execute(engine, NULL, 0, NULL, NULL, &error), error);
        assert_status(PQE_ERR_INVALID_ARGUMENT,
                      pqe_parallel_execute(engine, NULL, 1, NULL, NULL, &error), error);
        pqe_free_engine(engine);
    }
}

typedef struct several {
    const pqe_call *calls;
    support_end end;
} several;

static void several_ended(void *data, pqe_status status, pqe_result *const *results,
                          const pqe_error *errors, size_t count, const pqe_error *error)
{
    several *of = data;

    if (count > 0) {
        check_results(of->calls, results, errors, count);
    }
    support_ended(&of->end, status, NULL, error);
}

static void in_parallel_without_waiting(void **state)
{
    static pqe_call calls[500];
    static pqe_param params[500];
    pqe_config config = support_async_config(3);
    pqe_engine *engine = support_engine(&config);
    several all = {calls, {0}};
    several none = {calls, {0}};
    pqe_error error;

    (void)state;
    make_calls(calls, params, 500);
    assert_ok(pqe_parallel_execute_async(engine, calls, 500, several_ended, &all, &error), error);
    assert_ok(pqe_parallel_execute_async(engine, NULL, 0, several_ended, &none, &error), error);
    support_await_status(&all.end, PQE_ERR_QUERY);
    support_await_ok(&none.end);
    pqe_free_engine(engine);
}

/* ---------------------------------------------------------------------------------------------- */
/* Start-up                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

typedef struct creation {
    pqe_engine *engine;
    pqe_status status;
    int times;
    int ticks;
    uv_timer_t timer;
} creation;

static void tick(uv_timer_t *timer)
{
    creation *of = timer->data;

    of->ticks++;
    if (of->times > 0) {
        uv_close((uv_handle_t *)timer, NULL);
        if (of->engine != NULL) {
            pqe_error error;

            assert_ok(pqe_dispose_async(of->engine, NULL, NULL, &error), error);
        }
    }
}

static void created(void *data, pqe_status status, pqe_engine *engine, const pqe_error *error)
{
    creation *of = data;

    of->times++;
    of->status = status;
    of->engine = engine;
    assert_int_equal(error->code, status);
}

/* The loop goes on while the engine is made; a failure leaves nothing on the loop. */
static void create_on(const char *host, int expected)
{
    pqe_config config = support_async_config(1);
    creation of = {.engine = NULL};
    uv_loop_t loop;
    pqe_error error;

    assert_int_equal(uv_loop_init(&loop), 0);
    config.loop = &loop;
    config.host = host;
    of.timer.data = &of;
    uv_timer_init(&loop, &of.timer);
    uv_timer_start(&of.timer, tick, 1, 1);
    assert_ok(pqe_create_engine_async(&config, created, &of, &error), error);
    assert_int_equal(of.times, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(of.times, 1);
    assert_int_equal(of.status, expected);
    assert_true(of.ticks > 0);
    pqe_free_engine(of.engine);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void creating(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_error error;

    (void)state;
    create_on(NULL, PQE_OK);
    create_on("/nonexistent", PQE_ERR_CONNECTION);
    assert_status(PQE_ERR_CONFIG, pqe_create_engine_async(&config, created, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_create_engine_async(NULL, created, NULL, &error),
                  error);
}

static void ensuring(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    support_end ends[2] = {{0}};
    pqe_error error;

    (void)state;
    assert_ok(pqe_ensure_async(engine, PQE_ENSURE_DATABASE, support_ended, &ends[0], &error),
              error);
    support_await_ok(&ends[0]);
    assert_ok(pqe_ensure_async(engine, PQE_ENSURE_NO_DRIFT, NULL, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_ensure_async(engine, (pqe_ensure)99, support_ended, &ends[1], &error), error);
    pqe_free_engine(engine);
}

/* ---------------------------------------------------------------------------------------------- */
/* Middlewares and metrics                                                                        */
/* ---------------------------------------------------------------------------------------------- */

typedef struct seen {
    int entered;
    int left;
    int failed;
} seen;

static pqe_verdict refuse_some(void *data, pqe_context *context, pqe_error *error)
{
    seen *by = data;

    by->entered++;
    if (strcmp(pqe_context_sql(context), "SELECT 13") == 0) {
        error->code = PQE_ERR_PERMISSION;
        snprintf(error->message, sizeof(error->message), "not this one");
        return PQE_REFUSE;
    }
    if (strcmp(pqe_context_sql(context), "SELECT 14") == 0) {
        assert_int_equal(pqe_context_rewrite(context, "SELECT 15", NULL, 0, error), PQE_OK);
    }
    return PQE_PASS;
}

static pqe_verdict count_some(void *data, pqe_context *context, pqe_error *error)
{
    seen *by = data;

    (void)error;
    by->left++;
    by->failed += pqe_context_status(context) != PQE_OK;
    return PQE_PASS;
}

static void middlewares(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    seen by = {0, 0, 0};
    support_end ends[4] = {{0}};
    pqe_error error;

    (void)state;
    middleware.name = "some";
    middleware.enter = refuse_some;
    middleware.leave = count_some;
    middleware.data = &by;
    assert_ok(pqe_add_middleware(engine, &middleware, &error), error);
    support_send(engine, "SELECT 12", &ends[0]);
    support_send(engine, "SELECT 13", &ends[1]);
    support_send(engine, "SELECT 14", &ends[2]);
    support_send(engine, "SELECT 1 / 0", &ends[3]);
    support_await_ok(&ends[0]);
    assert_int_equal(ends[0].number, 12);
    support_await_status(&ends[1], PQE_ERR_PERMISSION);
    support_await_ok(&ends[2]);
    assert_int_equal(ends[2].number, 15);
    support_await_status(&ends[3], PQE_ERR_QUERY);
    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    assert_int_equal(metrics.statements[PQE_STATEMENT_SELECT].count, 3);
    assert_int_equal(metrics.statements[PQE_STATEMENT_SELECT].errors, 1);
    assert_int_equal(metrics.pool.opened, 1);
    pqe_free_engine(engine);
    assert_int_equal(by.entered, 4);
    assert_int_equal(by.left, 3);
    assert_int_equal(by.failed, 1);
}

/* Lets the caller change what it passed, and then has a statement encode the parameters once more. */
static pqe_verdict rewrite_later(void *data, pqe_context *context, pqe_error *error)
{
    pthread_barrier_t *changed = data;
    size_t count;
    const pqe_param *params = pqe_context_params(context, &count);

    pthread_barrier_wait(changed);
    return pqe_context_rewrite(context, "SELECT sum(n) + 0 FROM unnest($1) AS n", params, count,
                               error) == PQE_OK
               ? PQE_PASS
               : PQE_FAIL;
}

/* Nothing that the caller passed is read once the call was taken, not even by middlewares. */
static void arrays_are_copied(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    pqe_call call = call_of("SELECT sum(n) FROM unnest($1) AS n");
    int64_t values[] = {1, 2, 3};
    pqe_param param = pqe_param_int64_array(values, 3);
    pthread_barrier_t changed;
    support_end end = {0};
    pqe_error error;

    (void)state;
    pthread_barrier_init(&changed, NULL, 2);
    middleware.name = "later";
    middleware.enter = rewrite_later;
    middleware.data = &changed;
    assert_ok(pqe_add_middleware(engine, &middleware, &error), error);
    call.params = &param;
    call.param_count = 1;
    assert_ok(pqe_execute_async(engine, &call, support_ended, &end, NULL, &error), error);
    memset(values, 0, sizeof(values));
    pthread_barrier_wait(&changed);
    support_await_ok(&end);
    assert_int_equal(end.number, 6);
    pqe_free_engine(engine);
    pthread_barrier_destroy(&changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection),
        cmocka_unit_test(settings_do_not_leak),
        cmocka_unit_test(leaks_are_reported),
        cmocka_unit_test(transactions),
        cmocka_unit_test(transactions_that_break),
        cmocka_unit_test(taking_turns),
        cmocka_unit_test(in_parallel),
        cmocka_unit_test(in_parallel_without_waiting),
        cmocka_unit_test(creating),
        cmocka_unit_test(ensuring),
        cmocka_unit_test(middlewares),
        cmocka_unit_test(arrays_are_copied),
    };

    return cmocka_run_group_tests_name("async sessions", tests, support_need_server, NULL);
}
