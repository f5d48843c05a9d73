/*
 * test_observe.c - metrics, the trace of calls, and the log
 */
#include "support.h"

static void calls_are_counted(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    const pqe_statement_metrics *select = &metrics.statements[PQE_STATEMENT_SELECT];
    uint64_t in_buckets = 0;
    pqe_error error;

    (void)state;
    for (int i = 0; i < 3; i++) {
        support_run(engine, "SELECT generate_series(1, 4)");
    }
    (void)pqe_execute(engine, "SELECT 1/0", PQE_NO_PARAMS, NULL, &error);
    support_run(engine, "SELECT pg_sleep(0.01)");
    support_run(engine, "CREATE TEMP TABLE t AS SELECT 1");
    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    assert_int_equal(select->count, 5);
    assert_int_equal(select->errors, 1);
    assert_int_equal(select->rows, 13);
    assert_true(select->max_us >= 10000 && select->max_us <= select->total_us);
    for (int i = 0; i < PQE_LATENCY_BUCKETS; i++) {
        in_buckets += select->latency[i];
    }
    assert_int_equal(in_buckets, 5);
    /* 10 ms and more lie beyond the bucket that ends at 64 * 2^7 us */
    in_buckets = 0;
    for (int i = 8; i < PQE_LATENCY_BUCKETS; i++) {
        in_buckets += select->latency[i];
    }
    assert_true(in_buckets >= 1);
    assert_int_equal(metrics.statements[PQE_STATEMENT_OTHER].count, 1);
    assert_int_equal(metrics.statements[PQE_STATEMENT_INSERT].count, 0);
    assert_int_equal(metrics.pool.max_size, 4);
    assert_int_equal(metrics.pool.opened, 1);
    assert_true(metrics.pool.acquired >= 6);
    assert_ok(pqe_metrics_reset(engine, &error), error);
    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    assert_int_equal(select->count, 0);
    assert_int_equal(select->max_us, 0);
    assert_int_equal(metrics.pool.acquired, 0);
    assert_int_equal(metrics.pool.size, 1);
    metrics.version = 0;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics(engine, &metrics, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics(engine, NULL, &error), error);
    pqe_free_engine(engine);
}

static void the_last_calls_are_kept(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_trace_entry *entries;
    size_t count;
    pqe_error error;

    (void)state;
    config.query_trace_size = 3;
    config.trace_parameters = true;
    engine = support_engine(&config);
    assert_ok(pqe_query_trace(engine, &entries, &count, &error), error);
    assert_int_equal(count, 0);
    pqe_free(entries);
    support_run(engine, "SELECT 'gone'");
    assert_ok(pqe_execute(engine, "SELECT %s, %s, %s",
                          PQE_PARAMS(PQE_INT32(7), PQE_TEXT("it's"), PQE_NULL), NULL, &error),
              error);
    (void)pqe_execute(engine, "SELECT 1/0", PQE_NO_PARAMS, NULL, &error);
    support_run(engine, "VALUES (1), (2)");
    assert_ok(pqe_query_trace(engine, &entries, &count, &error), error);
    assert_int_equal(count, 3);
    assert_int_equal(entries[0].number, 2);
    assert_string_equal(entries[0].sql, "SELECT $1, $2, $3");
    assert_string_equal(entries[0].parameters, "$1 = 7, $2 = 'it's', $3 = NULL");
    assert_int_equal(entries[0].status, PQE_OK);
    assert_int_equal(entries[0].rows, 1);
    assert_true(entries[0].backend_pid > 0);
    assert_true(entries[0].started_at_us > INT64_C(1600000000000000));
    assert_int_equal(entries[1].status, PQE_ERR_QUERY);
    assert_string_equal(entries[1].sqlstate, "22012");
    assert_int_equal(entries[2].rows, 2);
    assert_int_equal(entries[2].kind, PQE_STATEMENT_SELECT);
    assert_string_equal(entries[2].parameters, "");
    pqe_free(entries);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_query_trace(engine, NULL, &count, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_query_trace(engine, &entries, NULL, &error), error);
    pqe_free_engine(engine);
}

/* Values stay out of the trace unless they were asked for, and the password out of everything. */
static void nothing_secret_is_kept(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_trace_entry *entries;
    size_t count;
    pqe_error error;
    support_log log = {.length = 0};

    (void)state;
    config.logger = support_logger;
    config.logger_data = &log;
    config.debug = true;
    config.password = "s3cret-password";
    engine = support_engine(&config);
    assert_ok(pqe_execute(engine, "SELECT %s", PQE_PARAMS(PQE_TEXT("s3cret")), NULL, &error),
              error);
    (void)pqe_execute(engine, "SELECT %s::int", PQE_PARAMS(PQE_INT32(1)), NULL, &error);
    assert_ok(pqe_query_trace(engine, &entries, &count, &error), error);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(entries[i].parameters, "");
        assert_null(strstr(entries[i].sql, "s3cret"));
    }
    pqe_free(entries);
    pqe_free_engine(engine);
    assert_null(strstr(log.text, "s3cret"));
}

static void off_is_off(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_trace_entry *entries;
    size_t count;
    pqe_error error;

    (void)state;
    config.enable_metrics = false;
    config.enable_query_tracer = false;
    engine = support_engine(&config);
    support_run(engine, "SELECT 1");
    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    assert_int_equal(metrics.statements[PQE_STATEMENT_SELECT].count, 0);
    assert_int_equal(metrics.pool.size, 1);
    assert_ok(pqe_metrics_reset(engine, &error), error);
    assert_status(PQE_ERR_STATE, pqe_query_trace(engine, &entries, &count, &error), error);
    assert_null(entries);
    pqe_free_engine(engine);
}

static void long_statements_are_cut_in_the_trace(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_trace_entry *entries;
    size_t count;
    pqe_error error;
    char sql[6000] = "SELECT '";

    (void)state;
    for (size_t i = strlen(sql); i < 5000; i += 2) {
        memcpy(sql + i, "\xC3\xA9", 3);
    }
    strcat(sql, "'");
    support_run(engine, sql);
    assert_ok(pqe_query_trace(engine, &entries, &count, &error), error);
    assert_int_equal(count, 1);
    assert_in_range(strlen(entries[0].sql), 4094, 4095);
    assert_memory_equal(entries[0].sql + strlen(entries[0].sql) - 2, "\xC3\xA9", 2);
    pqe_free(entries);
    pqe_free_engine(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_counted),
        cmocka_unit_test(the_last_calls_are_kept),
        cmocka_unit_test(nothing_secret_is_kept),
        cmocka_unit_test(off_is_off),
        cmocka_unit_test(long_statements_are_cut_in_the_trace),
    };

    return cmocka_run_group_tests_name("observe", tests, support_need_server, NULL);
}
