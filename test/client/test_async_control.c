/*
 * test_async_control.c - asynchronous calls that are cancelled, run late, are too many, or lose
 * their server: each ends exactly once, and says whether it may have run
 */
#include "support_async.h"

#include "support_server.h"

static pqe_call call_of(const char *sql, int64_t timeout_ms)
{
    pqe_call call = PQE_CALL_INIT;

    call.sql = sql;
    call.timeout_ms = timeout_ms;
    return call;
}

static pqe_async_id send_call(pqe_engine *engine, const pqe_call *call, support_end *end)
{
    pqe_async_id id = 0;
    pqe_error error;

    assert_ok(pqe_execute_async(engine, call, support_ended, end, &id, &error), error);
    return id;
}

static void cancel(pqe_engine *engine, pqe_async_id id)
{
    pqe_error error;

    assert_ok(pqe_cancel_async(engine, id, &error), error);
}

/* Waits, by another engine, until so many sessions execute a statement like that. */
static void await_running(pqe_engine *other, const char *pattern, int64_t count)
{
    char sql[300];

    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%s' AND "
             "pid <> pg_backend_pid()",
             pattern);
    while (support_number(other, sql) != count) {
    }
}

/*
 * The one that runs is cancelled, those behind it on the connection are not harmed; nor does the
 * last, cancelled before its turn, run for long: a short one might have ended well before.
 */
static void cancelling(void **state)
{
    static const char *const waiting[] = {"SELECT 2", "SELECT pg_sleep(0.001), 2",
                                          "SELECT pg_sleep(60), 2"};
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_engine *other = support_engine(NULL);
    int64_t pid;

    (void)state;
    {
        support_end end = {0};

        support_send(engine, "SELECT pg_backend_pid()", &end);
        support_await_ok(&end);
        pid = end.number;
    }
    for (int round = 0; round < 10; round++) {
        support_end slow = {0};
        support_end behind[20] = {{0}};
        support_end last = {0};
        pqe_async_id id = support_send(engine, "SELECT pg_sleep(60)", &slow);
        pqe_async_id waits = 0;

        for (size_t i = 0; i < 20; i++) {
            waits = support_send(engine, waiting[i == 19 ? 2 : i % 2], &behind[i]);
        }
        cancel(engine, waits);
        await_running(other, "SELECT pg_sleep(60)%", 1);
        cancel(engine, id);
        support_await_status(&slow, PQE_ERR_CANCELLED);
        assert_false(slow.error.may_have_run);
        assert_string_equal(slow.error.statement, "SELECT pg_sleep(60)");
        support_await(behind, 20);
        for (size_t i = 0; i < 19; i++) {
            assert_ok(behind[i].status, behind[i].error);
        }
        assert_int_equal(behind[19].status, PQE_ERR_CANCELLED);
        assert_false(behind[19].error.may_have_run);
        cancel(engine, id); /* it has ended */
        support_send(engine, "SELECT pg_backend_pid()", &last);
        support_await_ok(&last);
        assert_int_equal(last.number, pid);
    }
    pqe_free_engine(other);
    pqe_free_engine(engine);
}

/*
 * A call whose statement makes a serialization failure of its being cancelled would be tried again,
 * were it not given up: it has failed, and does not end as if all were well.
 */
static void cancelled_before_a_retry(void **state)
{
    static const char sql[] =
        "DO $$ BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN "
        "RAISE EXCEPTION 'lost' USING ERRCODE = '40001'; END $$";
    pqe_config config = support_async_config(1);
    pqe_engine *engine;
    pqe_engine *other = support_engine(NULL);
    support_end end = {0};
    pqe_async_id id;

    (void)state;
    config.max_retries = 3;
    engine = support_engine(&config);
    id = support_send(engine, sql, &end);
    await_running(other, "DO %", 1);
    cancel(engine, id);
    support_await_status(&end, PQE_ERR_QUERY);
    assert_string_equal(end.error.sqlstate, "40001");
    pqe_free_engine(other);
    pqe_free_engine(engine);
}

/* Cancelling at any moment: the call ends well or as cancelled, the next one always well. */
static void cancelling_in_a_race(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    int cancelled = 0;

    (void)state;
    for (int round = 0; round < 300; round++) {
        support_end ends[4] = {{0}};
        pqe_async_id id = support_send(engine, "SELECT count(*) FROM pg_class", &ends[0]);

        for (size_t i = 1; i < 4; i++) {
            support_send(engine, "SELECT 1", &ends[i]);
        }
        for (volatile int i = 0; i < round * 100; i++) {
        }
        cancel(engine, id);
        support_await(ends, 4);
        if (ends[0].status != PQE_OK) {
            assert_int_equal(ends[0].status, PQE_ERR_CANCELLED);
            cancelled++;
        }
        for (size_t i = 1; i < 4; i++) {
            assert_ok(ends[i].status, ends[i].error);
        }
    }
    assert_true(cancelled > 0);
    pqe_free_engine(engine);
}

static void deadlines(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_call late = call_of("SELECT pg_sleep(60)", 50);
    pqe_call in_time = call_of("SELECT 3", 60000);
    support_end ends[3] = {{0}};

    (void)state;
    send_call(engine, &late, &ends[0]);
    send_call(engine, &in_time, &ends[1]);
    support_await_status(&ends[0], PQE_ERR_TIMEOUT);
    assert_false(ends[0].error.may_have_run);
    assert_contains(ends[0].error.message, "50 ms");
    support_await_ok(&ends[1]);
    pqe_free_engine(engine);

    config.query_timeout_ms = 50;
    engine = support_engine(&config);
    support_send(engine, "SELECT pg_sleep(60)", &ends[2]);
    support_await_status(&ends[2], PQE_ERR_TIMEOUT);
    pqe_free_engine(engine);
}

/* A call behind a slow one does not wait for that longer than its own deadline and a moment. */
static void deadline_behind_another(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_call late = call_of("INSERT INTO async_behind VALUES (1)", 50);
    support_end slow = {0};
    support_end behind = {0};
    support_end after = {0};
    pqe_async_id id;

    (void)state;
    support_run(engine, "CREATE TABLE async_behind (n int)");
    id = support_send(engine, "SELECT pg_sleep(60)", &slow);
    send_call(engine, &late, &behind);
    support_await_status(&behind, PQE_ERR_TIMEOUT);
    assert_true(behind.error.may_have_run);
    assert_int_equal(slow.times, 0);
    cancel(engine, id);
    support_await_status(&slow, PQE_ERR_CANCELLED);
    support_send(engine, "SELECT 1", &after);
    support_await_ok(&after);
    support_await(&behind, 1); /* not told twice */
    support_run(engine, "DROP TABLE async_behind");
    pqe_free_engine(engine);
}

static void a_full_queue(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_call call = call_of("SELECT 1", -1);
    support_end ends[12] = {{0}};
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.async_queue_size = 10;
    config.async_pipeline_depth = 4;
    engine = support_engine(&config);
    support_send(engine, "SELECT pg_sleep(60)", &ends[0]);
    for (size_t i = 1; i < 10; i++) {
        support_send(engine, "SELECT 1", &ends[i]);
    }
    assert_status(PQE_ERR_QUEUE_FULL,
                  pqe_execute_async(engine, &call, support_ended, &ends[10], NULL, &error), error);
    assert_contains(error.message, "10 asynchronous calls");
    assert_contains(error.detail, "of 1 connections (at most 1)");
    cancel(engine, 1);
    support_await_status(&ends[0], PQE_ERR_CANCELLED);
    support_await(ends, 10);
    assert_int_equal(ends[10].times, 0);
    support_send(engine, "SELECT 1", &ends[11]);
    support_await_ok(&ends[11]);
    pqe_free_engine(engine);
}

/* Whoever holds all connections is named to who waits in vain. */
static void waiting_in_vain(void **state)
{
    pqe_config config = support_async_config(1);
    support_end holder = {0};
    support_end end = {0};
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.pool_timeout_ms = 50;
    engine = support_engine(&config);
    assert_ok(pqe_acquire_async(engine, "the hoarder", support_acquired, &holder, NULL, &error),
              error);
    support_await_ok(&holder);
    support_send(engine, "SELECT 1", &end);
    support_await_status(&end, PQE_ERR_POOL_TIMEOUT);
    assert_contains(end.error.detail, "the hoarder");
    assert_contains(end.error.detail, "1 connection(s) of at most 1");
    assert_ok(pqe_release_async(holder.handle, &error), error);
    pqe_free_engine(engine);
}

static void kill_all(pqe_engine *other)
{
    support_run(other, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                       "WHERE application_name = 'async-victim'");
}

/* Rounds of killing while calls are under way. */
static void losing_the_server(void **state)
{
    pqe_config config = support_async_config(4);
    pqe_engine *other = support_engine(NULL);
    pqe_engine *engine;
    int lost = 0;

    (void)state;
    config.application_name = "async-victim";
    engine = support_engine(&config);
    support_run(other, "CREATE TABLE async_kept (n int)");
    for (int round = 0; round < 10; round++) {
        support_end ends[400] = {{0}};
        support_end after = {0};
        char sql[100];
        int64_t ok = 0;
        int64_t doubtful = 0;
        int64_t there;

        snprintf(sql, sizeof(sql), "INSERT INTO async_kept VALUES (%d)", round);
        for (size_t i = 0; i < 400; i++) {
            support_send(engine, i % 4 == 0 ? "SELECT 1" : sql, &ends[i]);
            if (i == 100 || i == 300) {
                kill_all(other);
            }
        }
        support_await(ends, 400);
        for (size_t i = 0; i < 400; i++) {
            if (ends[i].status != PQE_OK) {
                assert_int_equal(ends[i].status, PQE_ERR_CONNECTION);
                lost++;
            }
            ok += i % 4 != 0 && ends[i].status == PQE_OK;
            doubtful += i % 4 != 0 && ends[i].status != PQE_OK && ends[i].error.may_have_run;
        }
        /* what was acknowledged is there, and nothing that cannot have run */
        snprintf(sql, sizeof(sql), "SELECT count(*) FROM async_kept WHERE n = %d", round);
        there = support_number(other, sql);
        assert_true(there >= ok);
        assert_true(there <= ok + doubtful);
        support_send(engine, "SELECT 1", &after);
        support_await(&after, 1);
    }
    assert_true(lost > 0);
    support_run(other, "DROP TABLE async_kept");
    pqe_free_engine(engine);
    pqe_free_engine(other);
}

/* With retries, what changes nothing is executed again where its connection was lost. */
static void retrying(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *other = support_engine(NULL);
    pqe_call write = call_of("INSERT INTO async_again SELECT 1 FROM pg_sleep(1)", -1);
    pqe_call read = call_of("SELECT count(*) FROM pg_class", -1);
    support_end ends[2] = {{0}};
    pqe_engine *engine;

    (void)state;
    config.application_name = "async-victim";
    config.max_retries = 3;
    config.retry_delay_ms = 1;
    engine = support_engine(&config);
    support_run(other, "CREATE TABLE async_again (n int)");
    send_call(engine, &write, &ends[0]);
    send_call(engine, &read, &ends[1]);
    await_running(other, "INSERT INTO async_again%", 1);
    kill_all(other);
    support_await_status(&ends[0], PQE_ERR_CONNECTION);
    assert_true(ends[0].error.may_have_run);
    support_await_ok(&ends[1]);
    assert_int_equal(support_number(other, "SELECT count(*) FROM async_again"), 0);
    support_run(other, "DROP TABLE async_again");
    pqe_free_engine(engine);
    pqe_free_engine(other);
}

static void disposing(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        pqe_config config = support_async_config(2);
        pqe_engine *engine = support_engine(&config);
        support_end ends[300] = {{0}};
        pqe_call call = call_of("SELECT 1", -1);
        pqe_error error;
        int disposed = 0;

        for (size_t i = 0; i < 300; i++) {
            support_send(engine, i % 100 == 50 ? "SELECT pg_sleep(60)" : "SELECT 1", &ends[i]);
        }
        assert_ok(pqe_dispose(engine, &error), error);
        for (size_t i = 0; i < 300; i++) {
            assert_int_equal(ends[i].times, 1);
            if (ends[i].status != PQE_OK) {
                assert_int_equal(ends[i].status, PQE_ERR_DISPOSED);
                disposed++;
            }
        }
        assert_true(disposed >= 3);
        assert_status(PQE_ERR_DISPOSED,
                      pqe_execute_async(engine, &call, support_ended, &ends[0], NULL, &error),
                      error);
        assert_status(PQE_ERR_DISPOSED, pqe_cancel_async(engine, 1, &error), error);
        pqe_free_engine(engine);
    }
}

/* No server: told in the callback, and nothing may have run. */
static void no_server(void **state)
{
    pqe_config config = support_async_config(2);
    support_end ends[20] = {{0}};
    pqe_engine *engine;

    (void)state;
    config.connect_at_start = false;
    config.host = "/nonexistent";
    engine = support_engine(&config);
    for (size_t i = 0; i < 20; i++) {
        support_send(engine, "SELECT 1", &ends[i]);
    }
    support_await(ends, 20);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(ends[i].status, PQE_ERR_CONNECTION);
        assert_false(ends[i].error.may_have_run);
    }
    pqe_free_engine(engine);
}

/* A server that lets the client in and then says nothing: the deadline holds. */
static void a_silent_server(void **state)
{
    static const support_reply conversation[] = {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_HANG,
                                                 SUPPORT_END};
    const support_reply *const conversations[] = {conversation};
    pqe_config config = support_async_config(1);
    pqe_call call = call_of("SELECT 1", 50);
    support_end end = {0};
    pqe_engine *engine;
    int port;
    support_server *server = support_server_start(conversations, 1, &port);

    (void)state;
    config.dsn = "sslmode=disable gssencmode=disable host=127.0.0.1 user=u dbname=d "
                 "passfile=/nonexistent";
    config.port = port;
    config.statement_cache_size = 0;
    engine = support_engine(&config);
    send_call(engine, &call, &end);
    support_await_status(&end, PQE_ERR_TIMEOUT);
    assert_true(end.error.may_have_run);
    pqe_free_engine(engine);
    support_server_stop(server);
}

/* The health monitor replaces what has died while it lay idle, and ends what is too old. */
static void health(void **state)
{
    pqe_config config = support_async_config(1);
    support_end ends[2] = {{0}};
    pqe_engine *engine;

    (void)state;
    config.health_check_enabled = true;
    config.health_check_interval_ms = 5;
    config.pool_recycle_ms = 50;
    engine = support_engine(&config);
    support_send(engine, "SELECT pg_backend_pid()", &ends[0]);
    support_await_ok(&ends[0]);
    while (support_gauges(engine).closed == 0) {
    }
    support_send(engine, "SELECT pg_backend_pid()", &ends[1]);
    support_await_ok(&ends[1]);
    assert_true(ends[0].number != ends[1].number);
    pqe_free_engine(engine);
}

static void what_cannot_be(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_engine *plain = support_engine(NULL);
    pqe_call call = call_of("SELECT 1", -1);
    pqe_call begin = call_of("BEGIN", -1);
    pqe_call unclear = call_of("SELECT %s", -1);
    pqe_call copy = call_of("COPY pg_class TO STDOUT", -1);
    support_end end = {0};
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_execute_async(NULL, &call, NULL, NULL, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_execute_async(engine, NULL, NULL, NULL, NULL, &error), error);
    assert_status(PQE_ERR_STATE, pqe_execute_async(plain, &call, NULL, NULL, NULL, &error), error);
    assert_status(PQE_ERR_STATE, pqe_dispose_async(plain, NULL, NULL, &error), error);
    assert_status(PQE_ERR_STATE, pqe_execute_async(engine, &begin, NULL, NULL, NULL, &error),
                  error);
    assert_status(PQE_ERR_PARAMETER, pqe_execute_async(engine, &unclear, NULL, NULL, NULL, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_cancel_async(engine, 0, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_cancel_async(engine, 1000, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_acquire_async(engine, NULL, NULL, NULL, NULL, &error), error);
    send_call(engine, &copy, &end);
    support_await_status(&end, PQE_ERR_QUERY);
    assert_ok(pqe_execute_async(engine, &call, NULL, NULL, NULL, &error), error);
    pqe_free_engine(plain);
    pqe_free_engine(engine);

    config.async = false;
    config.loop = (struct uv_loop_s *)&config;
    assert_status(PQE_ERR_CONFIG, pqe_create_engine(&config, &engine, &error), error);
    assert_contains(error.message, "loop");
}

/* What a blocking call refuses, or its server does, is refused here, and harms no neighbour. */
static void bad_calls(void **state)
{
    static const char with_nul[] = "a\0b";
    pqe_param texts[] = {PQE_TEXT("\xFF"), PQE_TEXT("fine")};
    pqe_param nul = pqe_param_text(with_nul);
    pqe_param odd = {.kind = (pqe_param_kind)77, .oid = 0};
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    pqe_call call = call_of("SELECT %s::text", -1);
    support_end ends[6] = {{0}};
    support_end last = {0};
    pqe_error error;

    (void)state;
    /* in one group with others, all of which are read-only */
    for (size_t i = 0; i < 6; i++) {
        call.params = &texts[i == 3 ? 0 : 1];
        call.param_count = 1;
        send_call(engine, &call, &ends[i]);
    }
    support_await(ends, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(ends[i].status, i == 3 ? PQE_ERR_QUERY : PQE_OK);
    }
    assert_string_equal(ends[3].error.sqlstate, "22021");
    assert_string_equal(ends[3].error.statement, "SELECT $1::text");
    call.param_count = 2;
    call.params = texts;
    assert_status(PQE_ERR_PARAMETER, pqe_execute_async(engine, &call, NULL, NULL, NULL, &error),
                  error);
    assert_contains(error.message, "has 1 parameter, but 2 were given");
    call.param_count = 1;
    call.params = &odd;
    assert_status(PQE_ERR_PARAMETER, pqe_execute_async(engine, &call, NULL, NULL, NULL, &error),
                  error);
    nul.length = sizeof(with_nul) - 1;
    call.params = &nul;
    assert_status(PQE_ERR_PARAMETER, pqe_execute_async(engine, &call, NULL, NULL, NULL, &error),
                  error);
    assert_contains(error.message, "a NUL byte");
    call.params = NULL;
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_execute_async(engine, &call, NULL, NULL, NULL, &error), error);
    call = call_of("SELECT %s, $1", -1);
    assert_status(PQE_ERR_PLACEHOLDER, pqe_execute_async(engine, &call, NULL, NULL, NULL, &error),
                  error);
    call = call_of(NULL, -1);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_execute_async(engine, &call, NULL, NULL, NULL, &error), error);
    call = call_of("SELECT 1", -1);
    call.version = 0;
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_execute_async(engine, &call, NULL, NULL, NULL, &error), error);
    for (size_t i = 0; i < 3; i++) {
        static const char *const statements[] = {"", "SELECT 1; SELECT 2", "SELECT 1/0"};
        static const char *const states[] = {"", "42601", "22012"};
        support_end end = {0};

        support_send(engine, statements[i], &end);
        support_await_status(&end, PQE_ERR_QUERY);
        assert_string_equal(end.error.sqlstate, states[i]);
    }
    support_send(engine, "SELECT 1", &last);
    support_await_ok(&last);
    assert_int_equal(support_gauges(engine).broken, 0);
    pqe_free_engine(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cancelling),
        cmocka_unit_test(bad_calls),
        cmocka_unit_test(cancelled_before_a_retry),
        cmocka_unit_test(cancelling_in_a_race),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(deadline_behind_another),
        cmocka_unit_test(a_full_queue),
        cmocka_unit_test(waiting_in_vain),
        cmocka_unit_test(losing_the_server),
        cmocka_unit_test(retrying),
        cmocka_unit_test(disposing),
        cmocka_unit_test(no_server),
        cmocka_unit_test(a_silent_server),
        cmocka_unit_test(health),
        cmocka_unit_test(what_cannot_be),
    };

    return cmocka_run_group_tests_name("async control", tests, support_need_server, NULL);
}
