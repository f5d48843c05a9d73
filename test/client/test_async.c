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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_call),
        cmocka_unit_test(ten_thousand_calls),
        cmocka_unit_test(failures_among_others),
    };

    return cmocka_run_group_tests_name("async", tests, support_need_server, NULL);
}
