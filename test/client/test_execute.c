/*
 * test_execute.c - executing statements: errors, deadlines, prepared statements, retries
 */
#include "support.h"

#include <pthread.h>
#include <time.h>

static pqe_engine *engine;

static int setup(void **state)
{
    if (support_need_server(state) != 0) {
        return -1;
    }
    engine = support_engine(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pqe_free_engine(engine);
    return 0;
}

static void the_servers_words_arrive(void **state)
{
    pqe_error error;
    pqe_result *result = (pqe_result *)8;

    (void)state;
    assert_status(
        PQE_ERR_QUERY,
        pqe_execute(engine, "SELECT nothing FROM nowhere", PQE_NO_PARAMS, &result, &error), error);
    assert_null(result);
    assert_string_equal(error.sqlstate, "42P01");
    assert_int_equal(error.position, 21);
    assert_contains(error.message, "nowhere");
    assert_contains(error.statement, "SELECT nothing FROM nowhere");
    assert_false(error.may_have_run);

    assert_status(PQE_ERR_QUERY,
                  pqe_execute(engine,
                              "DO $$ BEGIN RAISE EXCEPTION 'm' USING DETAIL = 'd', HINT = 'h'; "
                              "END $$",
                              PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_string_equal(error.message, "m");
    assert_string_equal(error.detail, "d");
    assert_string_equal(error.hint, "h");
    assert_string_equal(error.sqlstate, "P0001");
    assert_contains(error.context, "PL/pgSQL");
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
}

static void bad_calls_are_refused(void **state)
{
    pqe_error error;
    pqe_call call = PQE_CALL_INIT;
    pqe_param odd = {.kind = (pqe_param_kind)77, .oid = 0};
    static const pqe_param one[1];

    (void)state;
    assert_status(PQE_ERR_PARAMETER,
                  pqe_execute(engine, "SELECT %s, %s", PQE_PARAMS(PQE_INT32(1)), NULL, &error),
                  error);
    assert_contains(error.message, "has 2 parameters, but 1 was given");
    assert_status(PQE_ERR_PARAMETER,
                  pqe_execute(engine, "SELECT 1", PQE_PARAMS(PQE_NULL, PQE_NULL), NULL, &error),
                  error);
    assert_contains(error.message, "has 0 parameters, but 2 were given");
    assert_status(PQE_ERR_PARAMETER,
                  pqe_execute(engine, "SELECT $3", PQE_PARAMS(PQE_NULL), NULL, &error), error);
    assert_status(PQE_ERR_PARAMETER, pqe_execute(engine, "SELECT %s", &odd, 1, NULL, &error),
                  error);
    assert_contains(error.message, "parameter 1");
    assert_status(PQE_ERR_PLACEHOLDER,
                  pqe_execute(engine, "SELECT %s, $1", PQE_PARAMS(PQE_NULL), NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute(engine, NULL, PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute(engine, "SELECT %s", NULL, 1, NULL, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_execute(NULL, "SELECT 1", PQE_NO_PARAMS, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute_call(engine, NULL, NULL, &error), error);
    call.version = 0;
    call.sql = "SELECT 1";
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_status(PQE_ERR_QUERY, pqe_execute(engine, "", PQE_NO_PARAMS, NULL, &error), error);
    assert_contains(error.message, "empty");
    assert_status(PQE_ERR_QUERY,
                  pqe_execute(engine, "SELECT 1; SELECT 2", PQE_NO_PARAMS, NULL, &error), error);
    assert_string_equal(error.sqlstate, "42601");
    assert_status(PQE_ERR_STATE, pqe_execute(engine, "BEGIN", PQE_NO_PARAMS, NULL, &error), error);
    assert_contains(error.hint, "pqe_transaction_begin");
    assert_int_equal(pqe_execute(engine, "SELEC", one, 0, NULL, NULL), PQE_ERR_QUERY);
    /* a text that is not UTF-8 is refused by the server */
    assert_status(PQE_ERR_QUERY,
                  pqe_execute(engine, "SELECT %s", PQE_PARAMS(PQE_TEXT("\xFF")), NULL, &error),
                  error);
    assert_string_equal(error.sqlstate, "22021");
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
}

static void copy_is_refused_and_leaves_the_connection_whole(void **state)
{
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_QUERY,
                  pqe_execute(engine, "COPY (SELECT generate_series(1, 1000)) TO STDOUT",
                              PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_contains(error.message, "COPY");
    support_run(engine, "CREATE TABLE IF NOT EXISTS test_copy (a int)");
    assert_status(PQE_ERR_QUERY,
                  pqe_execute(engine, "COPY test_copy FROM STDIN", PQE_NO_PARAMS, NULL, &error),
                  error);
    support_run(engine, "DROP TABLE test_copy");
}

static int64_t milliseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Without a timeout these would take an hour: that they end at all is the test. */
static void deadlines_hold(void **state)
{
    pqe_call call = PQE_CALL_INIT;
    pqe_error error;
    int64_t pid;

    (void)state;
    pid = support_number(engine, "SELECT pg_backend_pid()");
    call.sql = "SELECT pg_sleep(3600)";
    call.timeout_ms = 50;
    assert_status(PQE_ERR_TIMEOUT, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_contains(error.message, "50 ms");
    assert_contains(error.statement, "pg_sleep");
    assert_string_equal(error.sqlstate, "57014");
    assert_false(error.may_have_run);
    /* cancelled in good order, so the connection is used again */
    assert_int_equal(support_number(engine, "SELECT pg_backend_pid()"), pid);
}

static void the_configured_deadline_holds_for_all(void **state)
{
    pqe_config config = support_config();
    pqe_engine *other;
    pqe_error error;
    pqe_call call = PQE_CALL_INIT;

    (void)state;
    config.query_timeout_ms = 30;
    other = support_engine(&config);
    assert_status(PQE_ERR_TIMEOUT,
                  pqe_execute(other, "SELECT pg_sleep(3600)", PQE_NO_PARAMS, NULL, &error), error);
    call.sql = "SELECT pg_sleep(0.1)";
    call.timeout_ms = 0;
    assert_ok(pqe_execute_call(other, &call, NULL, &error), error);
    pqe_free_engine(other);
}

/* A million rows come in over a deadline that has passed long before: nothing hangs or leaks. */
static void a_deadline_within_the_rows(void **state)
{
    pqe_call call = PQE_CALL_INIT;
    pqe_error error;
    pqe_result *result;

    (void)state;
    call.sql = "SELECT repeat('x', 1000), pg_sleep(i / 10000) FROM generate_series(1, 100000000) i";
    call.timeout_ms = 50;
    assert_status(PQE_ERR_TIMEOUT, pqe_execute_call(engine, &call, &result, &error), error);
    assert_null(result);
    assert_int_equal(support_number(engine, "SELECT 2"), 2);
}

static void repeated_statements_are_prepared(void **state)
{
    pqe_config config = support_config();
    pqe_engine *other;
    pqe_error error;

    (void)state;
    config.pool_size = 1;
    other = support_engine(&config);
    for (int i = 0; i < 5; i++) {
        pqe_result *result;
        int64_t value = 0;

        assert_ok(pqe_execute(other, "SELECT %s + 1", PQE_PARAMS(PQE_INT64(i)), &result, &error),
                  error);
        assert_ok(pqe_get_int64(result, 0, 0, &value, &error), error);
        assert_int_equal(value, i + 1);
        pqe_result_free(result);
    }
    assert_int_equal(support_number(other, "SELECT count(*) FROM pg_prepared_statements"), 1);
    assert_int_equal(support_number(other, "SELECT count(*) FROM pg_prepared_statements "
                                           "WHERE statement = 'SELECT $1 + 1'"),
                     1);
    pqe_free_engine(other);
    config.statement_cache_size = 0;
    other = support_engine(&config);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(support_number(other, "SELECT count(*) FROM pg_prepared_statements"), 0);
    }
    pqe_free_engine(other);
}

/* What a migration, DISCARD ALL or a connection pooler do to prepared statements goes unnoticed. */
static void lost_and_outdated_statements_are_prepared_again(void **state)
{
    pqe_config config = support_config();
    pqe_engine *other;
    pqe_error error;
    pqe_result *result;

    (void)state;
    config.pool_size = 1;
    other = support_engine(&config);
    support_run(other, "DROP TABLE IF EXISTS test_shape");
    support_run(other, "CREATE TABLE test_shape (a int)");
    for (int i = 0; i < 3; i++) {
        support_run(other, "SELECT * FROM test_shape");
    }
    support_run(other, "ALTER TABLE test_shape ADD b int");
    for (int i = 0; i < 3; i++) {
        assert_ok(pqe_execute(other, "SELECT * FROM test_shape", PQE_NO_PARAMS, &result, &error),
                  error);
        assert_int_equal(pqe_result_columns(result), 2);
        pqe_result_free(result);
    }
    support_run(other, "DISCARD ALL");
    support_run(other, "SELECT * FROM test_shape");
    /* behind the cache's back */
    support_run(other, "DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$");
    support_run(other, "SELECT * FROM test_shape");
    support_run(other, "DROP TABLE test_shape");
    pqe_free_engine(other);
}

static void many_statements_stay_bounded(void **state)
{
    pqe_config config = support_config();
    pqe_engine *other;
    char sql[64];

    (void)state;
    config.pool_size = 1;
    config.statement_cache_size = 8;
    other = support_engine(&config);
    for (int i = 0; i < 60; i++) {
        snprintf(sql, sizeof(sql), "SELECT %d", i);
        for (int j = 0; j < 3; j++) {
            assert_int_equal(support_number(other, sql), i);
        }
    }
    assert_in_range(support_number(other, "SELECT count(*) FROM pg_prepared_statements"), 1, 9);
    pqe_free_engine(other);
}

/* ---------------------------------------------------------------------------------------------- */
/* Retries                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* Fails with a serialization failure until it was called often enough; a sequence survives that. */
static void make_flaky(const char *sqlstate)
{
    char sql[512];

    support_run(engine, "CREATE SEQUENCE IF NOT EXISTS test_flaky");
    support_run(engine, "ALTER SEQUENCE test_flaky RESTART");
    snprintf(sql, sizeof(sql),
             "CREATE OR REPLACE FUNCTION test_flaky() RETURNS int LANGUAGE plpgsql AS $f$ "
             "BEGIN IF nextval('test_flaky') < 3 THEN RAISE EXCEPTION 'flaky' USING ERRCODE = "
             "'%s'; END IF; RETURN 42; END $f$",
             sqlstate);
    support_run(engine, sql);
}

static void what_is_safe_is_tried_again(void **state)
{
    pqe_call call = PQE_CALL_INIT;
    pqe_result *result;
    pqe_error error;
    int64_t value = 0;

    (void)state;
    call.sql = "SELECT test_flaky()";
    make_flaky("40001");
    call.max_retries = 1;
    assert_status(PQE_ERR_QUERY, pqe_execute_call(engine, &call, NULL, &error), error);
    make_flaky("40P01");
    call.max_retries = 2;
    assert_ok(pqe_execute_call(engine, &call, &result, &error), error);
    assert_ok(pqe_get_int64(result, 0, 0, &value, &error), error);
    assert_int_equal(value, 42);
    pqe_result_free(result);
    make_flaky("22012");
    assert_status(PQE_ERR_QUERY, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_int_equal(support_number(engine, "SELECT last_value FROM test_flaky"), 1);
    support_run(engine, "DROP FUNCTION test_flaky");
    support_run(engine, "DROP SEQUENCE test_flaky");
}

/* A session that was ended while it lay idle is replaced before anything is sent on it. */
static void an_ended_session_is_replaced_unseen(void **state)
{
    pqe_config config = support_config();
    pqe_engine *other;
    pqe_error error;
    char sql[128];
    int64_t first;

    (void)state;
    config.pool_size = 1;
    other = support_engine(&config);
    first = support_number(other, "SELECT pg_backend_pid()");
    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld, 10000)::int", (long long)first);
    assert_int_equal(support_number(engine, sql), 1);
    assert_ok(pqe_execute(other, "SELECT 1", PQE_NO_PARAMS, NULL, &error), error);
    assert_true(support_number(other, "SELECT pg_backend_pid()") != first);
    pqe_free_engine(other);
}

typedef struct killer {
    char sql[160];
} killer;

static void *kill_when_running(void *argument)
{
    killer *self = argument;

    for (int64_t found = 0; found == 0;) {
        found = support_number(engine, self->sql);
    }
    return NULL;
}

/* A session that is ended while it works: the error says that the statement may have run. */
static void a_session_lost_in_mid_statement(void **state)
{
    pqe_config config = support_config();
    pqe_engine *other;
    pqe_error error;
    pthread_t thread;
    killer self;
    int64_t started = milliseconds();

    (void)state;
    config.pool_size = 1;
    config.max_retries = 3;
    other = support_engine(&config);
    snprintf(self.sql, sizeof(self.sql),
             "SELECT count(pg_terminate_backend(pid))::int FROM pg_stat_activity WHERE pid = %lld "
             "AND state = 'active' AND query LIKE '%%pg_sleep%%'",
             (long long)support_number(other, "SELECT pg_backend_pid()"));
    assert_int_equal(pthread_create(&thread, NULL, kill_when_running, &self), 0);
    assert_status(PQE_ERR_CONNECTION,
                  pqe_execute(other, "SELECT pg_sleep(3600)", PQE_NO_PARAMS, NULL, &error), error);
    pthread_join(thread, NULL);
    assert_true(error.may_have_run);
    assert_string_equal(error.sqlstate, "57P01");
    assert_true(milliseconds() - started < 3600000);
    assert_int_equal(support_number(other, "SELECT 3"), 3);
    pqe_free_engine(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_servers_words_arrive),
        cmocka_unit_test(bad_calls_are_refused),
        cmocka_unit_test(copy_is_refused_and_leaves_the_connection_whole),
        cmocka_unit_test(deadlines_hold),
        cmocka_unit_test(the_configured_deadline_holds_for_all),
        cmocka_unit_test(a_deadline_within_the_rows),
        cmocka_unit_test(repeated_statements_are_prepared),
        cmocka_unit_test(lost_and_outdated_statements_are_prepared_again),
        cmocka_unit_test(many_statements_stay_bounded),
        cmocka_unit_test(what_is_safe_is_tried_again),
        cmocka_unit_test(an_ended_session_is_replaced_unseen),
        cmocka_unit_test(a_session_lost_in_mid_statement),
    };

    return cmocka_run_group_tests_name("execute", tests, setup, teardown);
}
