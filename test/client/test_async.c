/*
 * test_async.c - asynchronous calls: their results, their order, what one does to the others
 */
#include "support_async.h"

#include <uv.h>

/* One call, on a loop thread of the engine's own. */
static void one_call(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    support_end end = {0};

    (void)state;
    support_send(engine, "SELECT 42", &end);
    support_await_ok(&end);
    assert_int_equal(end.number, 42);
    pqe_free_engine(engine);
}

static void many_calls(pqe_engine *engine, size_t count)
{
    support_end *ends = calloc(count, sizeof(*ends));

    assert_non_null(ends);
    for (size_t i = 0; i < count; i++) {
        pqe_param param = PQE_INT64((int64_t)i);
        pqe_call call = PQE_CALL_INIT;
        pqe_error error;

        call.sql = "SELECT $1::bigint * 3";
        call.params = &param;
        call.param_count = 1;
        assert_ok(pqe_execute_async(engine, &call, support_ended, &ends[i], NULL, &error), error);
    }
    support_await(ends, count);
    for (size_t i = 0; i < count; i++) {
        assert_ok(ends[i].status, ends[i].error);
        assert_int_equal(ends[i].number, 3 * (int64_t)i);
    }
    free(ends);
}

static void ten_thousand_calls(void **state)
{
    const int sizes[] = {1, 8};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pqe_config config = support_async_config(sizes[i]);
        pqe_engine *engine = support_engine(&config);

        many_calls(engine, 10000);
        pqe_free_engine(engine);
    }
}

/* Half of them fail, in different ways, on one connection: nobody else notices. */
static void failures_among_others(void **state)
{
    static const char *const statements[] = {
        "SELECT 1",
        "SELECT 1 / 0",
        "SELECT nonsense",
        "INSERT INTO async_some VALUES (1)",
        "SELECT 2",
        "SELECT (",
        "SELECT count(*) FROM async_some WHERE n < 0",
        "INSERT INTO async_some VALUES (NULL)",
    };
    static const char *const sqlstates[] = {"", "22012", "42703", "", "", "42601", "", "23502"};
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    support_end ends[400] = {{0}};

    (void)state;
    support_run(engine, "CREATE TABLE async_some (n int NOT NULL)");
    for (size_t i = 0; i < 400; i++) {
        support_send(engine, statements[i % 8], &ends[i]);
    }
    support_await(ends, 400);
    for (size_t i = 0; i < 400; i++) {
        assert_string_equal(ends[i].error.sqlstate, sqlstates[i % 8]);
        assert_int_equal(ends[i].status, sqlstates[i % 8][0] == '\0' ? PQE_OK : PQE_ERR_QUERY);
        assert_false(ends[i].error.may_have_run);
    }
    assert_int_equal(support_number(engine, "SELECT count(*) FROM async_some"), 50);
    support_run(engine, "DROP TABLE async_some");
    pqe_free_engine(engine);
}

/* Calls that share a round trip are undone together on the server; each still takes effect once. */
static void effects_happen_once(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    support_end ends[300] = {{0}};

    (void)state;
    support_run(engine, "CREATE TABLE async_log (n int)");
    support_run(engine, "CREATE FUNCTION async_note(int) RETURNS int LANGUAGE sql AS "
                        "'INSERT INTO async_log VALUES ($1) RETURNING n'");
    /* looks like a query that changes nothing */
    support_run(engine, "CREATE VIEW async_noting AS SELECT async_note(1) AS n");
    for (size_t i = 0; i < 300; i++) {
        support_send(engine,
                     i % 10 == 7  ? "SELECT 1 / 0"
                     : i % 3 == 0 ? "SELECT n FROM async_noting"
                                  : "SELECT async_note(2)",
                     &ends[i]);
    }
    support_await(ends, 300);
    for (size_t i = 0; i < 300; i++) {
        assert_int_equal(ends[i].status, i % 10 == 7 ? PQE_ERR_QUERY : PQE_OK);
    }
    assert_int_equal(support_number(engine, "SELECT count(*) FROM async_log WHERE n = 1"), 90);
    assert_int_equal(support_number(engine, "SELECT count(*) FROM async_log WHERE n = 2"), 180);
    support_run(engine, "DROP VIEW async_noting");
    support_run(engine, "DROP FUNCTION async_note(int)");
    support_run(engine, "DROP TABLE async_log");
    pqe_free_engine(engine);
}

/* A constraint that is checked at the commit fails the call whose commit it is. */
static void commits_that_fail(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);
    support_end ends[30] = {{0}};

    (void)state;
    support_run(engine, "CREATE TABLE async_late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    for (size_t i = 0; i < 30; i++) {
        support_send(engine,
                     i % 3 == 0 ? "INSERT INTO async_late VALUES (1)"
                                : "SELECT count(*) FROM async_late",
                     &ends[i]);
    }
    support_await(ends, 30);
    for (size_t i = 0; i < 30; i++) {
        assert_string_equal(ends[i].error.sqlstate, i % 3 == 0 && i > 0 ? "23505" : "");
    }
    assert_int_equal(support_number(engine, "SELECT count(*) FROM async_late"), 1);
    support_run(engine, "DROP TABLE async_late");
    pqe_free_engine(engine);
}

/* Statements are prepared; what makes that useless is not noticed. */
static void prepared_statements(void **state)
{
    pqe_config config = support_async_config(1);
    pqe_engine *engine = support_engine(&config);

    (void)state;
    support_run(engine, "CREATE TABLE async_shape (a int)");
    support_run(engine, "INSERT INTO async_shape VALUES (5)");
    for (int round = 0; round < 3; round++) {
        support_end ends[100] = {{0}};
        support_end names = {0};
        char sql[100];

        for (size_t i = 0; i < 100; i++) {
            support_send(engine, "SELECT * FROM async_shape", &ends[i]);
        }
        support_await(ends, 100);
        for (size_t i = 0; i < 100; i++) {
            assert_ok(ends[i].status, ends[i].error);
            assert_int_equal(ends[i].number, 5);
        }
        support_send(engine,
                     "SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT * FROM "
                     "async_shape'",
                     &names);
        support_await_ok(&names);
        assert_int_equal(names.number, 1);
        snprintf(sql, sizeof(sql), "ALTER TABLE async_shape ADD COLUMN c%d int", round);
        support_run(engine, sql);
        if (round == 1) {
            support_end end = {0};

            support_send(engine, "DEALLOCATE ALL", &end);
            support_await_ok(&end);
        }
    }
    support_run(engine, "DROP TABLE async_shape");
    pqe_free_engine(engine);
}

/* ---------------------------------------------------------------------------------------------- */
/* On the program's own loop                                                                      */
/* ---------------------------------------------------------------------------------------------- */

typedef struct chain {
    pqe_engine *engine;
    int left;
    int64_t sum;
    bool closed;
    int misuses;
} chain;

static void chain_closed(void *data)
{
    chain *of = data;

    of->closed = true;
    pqe_free_engine(of->engine);
}

/* Each callback makes the next call; the last one disposes of the engine. */
static void chain_next(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    chain *of = data;
    pqe_error refusal;

    if (result != NULL) {
        int64_t number = 0;

        assert_ok(pqe_get_int64(result, 0, 0, &number, &refusal), refusal);
        of->sum += number;
        pqe_result_free(result);
    }
    assert_int_equal(status, PQE_OK);
    assert_int_equal(error->code, PQE_OK);
    if (of->left-- > 0) {
        pqe_param param = PQE_INT32(of->left);
        pqe_call call = PQE_CALL_INIT;

        call.sql = "SELECT %s::int + 1";
        call.params = &param;
        call.param_count = 1;
        assert_ok(pqe_execute_async(of->engine, &call, chain_next, of, NULL, &refusal), refusal);
        return;
    }
    assert_status(PQE_ERR_STATE, pqe_dispose(of->engine, &refusal), refusal);
    assert_status(PQE_ERR_STATE, pqe_parallel_execute(of->engine, NULL, 0, NULL, NULL, &refusal),
                  refusal);
    assert_ok(pqe_dispose_async(of->engine, chain_closed, of, &refusal), refusal);
    assert_status(PQE_ERR_DISPOSED, pqe_dispose_async(of->engine, NULL, NULL, &refusal), refusal);
    of->misuses++;
}

static void on_a_loop(void **state)
{
    uv_loop_t loop;
    pqe_config config = support_async_config(2);
    chain of = {NULL, 100, 0, false, 0};

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    config.loop = &loop;
    of.engine = support_engine(&config);
    chain_next(&of, PQE_OK, NULL, &(pqe_error)PQE_ERROR_INIT);
    assert_int_equal(uv_run(&loop, UV_RUN_DEFAULT), 0);
    assert_true(of.closed);
    assert_int_equal(of.sum, 5050);
    assert_int_equal(of.misuses, 1);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* pqe_dispose, and pqe_parallel_execute, run the caller's loop while they wait. */
static void waiting_on_a_loop(void **state)
{
    uv_loop_t loop;
    pqe_config config = support_async_config(2);
    pqe_call calls[3] = {PQE_CALL_INIT, PQE_CALL_INIT, PQE_CALL_INIT};
    pqe_result *results[3];
    support_end end = {0};
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    config.loop = &loop;
    engine = support_engine(&config);
    for (size_t i = 0; i < 3; i++) {
        calls[i].sql = "SELECT 7";
    }
    assert_ok(pqe_parallel_execute(engine, calls, 3, results, NULL, &error), error);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pqe_result_rows(results[i]), 1);
        pqe_result_free(results[i]);
    }
    support_send(engine, "SELECT pg_sleep(60)", &end);
    assert_ok(pqe_dispose(engine, &error), error);
    support_await_status(&end, PQE_ERR_DISPOSED);
    assert_false(end.error.may_have_run);
    pqe_free_engine(engine);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_call),
        cmocka_unit_test(ten_thousand_calls),
        cmocka_unit_test(failures_among_others),
        cmocka_unit_test(effects_happen_once),
        cmocka_unit_test(commits_that_fail),
        cmocka_unit_test(prepared_statements),
        cmocka_unit_test(on_a_loop),
        cmocka_unit_test(waiting_on_a_loop),
    };

    return cmocka_run_group_tests_name("async", tests, support_need_server, NULL);
}
