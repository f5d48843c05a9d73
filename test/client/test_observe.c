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

/* Unless it is asked for, no value of a parameter is in the trace. */
static void the_trace_keeps_no_parameters(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_trace_entry *entries;
    pqe_error error;
    size_t count;

    (void)state;
    assert_ok(pqe_execute(engine, "SELECT %s::text", PQE_PARAMS(PQE_TEXT("secret")), NULL, &error),
              error);
    assert_ok(pqe_query_trace(engine, &entries, &count, &error), error);
    assert_true(count > 0);
    assert_string_equal(entries[count - 1].sql, "SELECT $1::text");
    assert_string_equal(entries[count - 1].parameters, "");
    pqe_free(entries);
    pqe_free_engine(engine);
}

static void tables_are_counted(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_table_metrics *tables;
    pqe_error error;
    size_t count;

    (void)state;
    support_run(engine, "CREATE TABLE test_counted (a int)");
    support_run(engine, "INSERT INTO test_counted SELECT generate_series(1, 6)");
    for (int i = 0; i < 3; i++) {
        support_run(engine, "SELECT * FROM Test_Counted JOIN pg_catalog.pg_class c ON false");
    }
    (void)pqe_execute(engine, "SELECT a/0 FROM test_counted", PQE_NO_PARAMS, NULL, &error);
    assert_ok(pqe_metrics_tables(engine, &tables, &count, &error), error);
    assert_int_equal(count, 3);
    assert_string_equal(tables[0].table, "pg_catalog.pg_class");
    assert_int_equal(tables[0].kind, PQE_STATEMENT_SELECT);
    assert_int_equal(tables[0].metrics.count, 3);
    assert_string_equal(tables[1].table, "test_counted");
    assert_int_equal(tables[1].kind, PQE_STATEMENT_SELECT);
    assert_int_equal(tables[1].metrics.count, 4);
    assert_int_equal(tables[1].metrics.errors, 1);
    assert_int_equal(tables[2].kind, PQE_STATEMENT_INSERT);
    assert_int_equal(tables[2].metrics.rows, 6);
    pqe_free(tables);
    support_run(engine, "DROP TABLE test_counted");
    assert_ok(pqe_metrics_reset(engine, &error), error);
    assert_ok(pqe_metrics_tables(engine, &tables, &count, &error), error);
    assert_int_equal(count, 0);
    pqe_free(tables);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_tables(engine, NULL, &count, &error),
                  error);
    pqe_free_engine(engine);
}

/* However many tables there are, no more are told apart than memory is kept for. */
static void many_tables_are_others(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_table_metrics *tables;
    pqe_error error;
    size_t count;

    (void)state;
    for (int i = 0; i < 1100; i++) {
        char sql[80];

        snprintf(sql, sizeof(sql), "SELECT FROM no_such_table_%d", i);
        (void)pqe_execute(engine, sql, PQE_NO_PARAMS, NULL, &error);
    }
    assert_ok(pqe_metrics_tables(engine, &tables, &count, &error), error);
    assert_int_equal(count, 1001);
    assert_string_equal(tables[0].table, "(others)");
    assert_int_equal(tables[0].metrics.errors, 100);
    pqe_free(tables);
    pqe_free_engine(engine);
}

static void prometheus_reads_it(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_error error;
    char *text;

    (void)state;
    support_run(engine, "SELECT 1 FROM pg_class");
    (void)pqe_execute(engine, "SELECT FROM \"odd \"\"\\ \nname\"", PQE_NO_PARAMS, NULL, &error);
    assert_ok(pqe_metrics_prometheus(engine, "shop \"1\"", &text, &error), error);
    assert_contains(text,
                    "pqengine_pool_connections{engine=\"shop \\\"1\\\"\",state=\"idle\"} 1\n");
    assert_contains(text, "pqengine_statement_duration_seconds_count{engine=\"shop \\\"1\\\"\","
                          "kind=\"select\"} 2\n");
    assert_contains(text, "kind=\"select\",le=\"+Inf\"} 2\n");
    assert_contains(text, "table=\"pg_class\",kind=\"select\"} 1\n");
    assert_contains(text, "table=\"\\\"odd \\\"\\\"\\\\ \\nname\\\"\"");
    assert_int_equal(support_run_program("promtool check metrics", text), 0);
    pqe_free(text);
    assert_ok(pqe_metrics_prometheus(engine, NULL, &text, &error), error);
    assert_contains(text, "\npqengine_pool_waiting 0\n");
    pqe_free(text);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_prometheus(engine, NULL, NULL, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_prometheus(NULL, NULL, &text, &error),
                  error);
    pqe_free_engine(engine);
}

static void slow_queries_and_their_plans(void **state)
{
    pqe_config config = support_config();
    support_log log = {.length = 0};
    pqe_connection *connection;
    pqe_transaction *transaction;
    pqe_trace_entry *entries;
    pqe_engine *engine;
    pqe_error error;
    size_t count;
    int plans = 0;

    (void)state;
    config.slow_query_ms = 400; /* a busy machine may take its time over a quick one, too */
    config.slow_query_plan = true;
    config.trace_parameters = true;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    assert_ok(pqe_execute(engine, "SELECT relname, pg_sleep(%s) FROM pg_class LIMIT 1",
                          PQE_PARAMS(PQE_DOUBLE(0.45)), NULL, &error),
              error);
    support_run(engine, "SELECT 1");
    /* EXPLAIN could tell a plan of these, too, but that is not asked for: another kind of statement,
       one that fails, one within a transaction */
    support_run(engine, "CREATE TABLE test_slow AS SELECT 1 AS a");
    connection = support_acquire(engine, NULL);
    assert_ok(pqe_connection_execute(connection, "PREPARE slow AS SELECT pg_sleep(0.45)",
                                     PQE_NO_PARAMS, NULL, &error),
              error);
    assert_ok(pqe_connection_execute(connection, "EXECUTE slow", PQE_NO_PARAMS, NULL, &error),
              error);
    support_release(connection);
    assert_status(PQE_ERR_QUERY,
                  pqe_execute(engine, "SELECT 1 / (a - 1) FROM test_slow, pg_sleep(0.45)",
                              PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_ok(pqe_transaction_begin(engine, NULL, &transaction, &error), error);
    assert_ok(pqe_transaction_execute(transaction, "SELECT a FROM test_slow, pg_sleep(0.45)",
                                      PQE_NO_PARAMS, NULL, &error),
              error);
    assert_ok(pqe_transaction_commit(transaction, &error), error);
    /* it is planned, not executed once more */
    support_run(engine, "INSERT INTO test_slow SELECT 2 FROM pg_sleep(0.45)");
    assert_int_equal(support_number(engine, "SELECT count(*) FROM test_slow"), 2);
    assert_ok(pqe_query_trace(engine, &entries, &count, &error), error);
    for (size_t i = 0; i < count; i++) {
        if (strstr(entries[i].sql, "pg_class") != NULL) {
            assert_contains(entries[i].plan, "Limit");
            assert_contains(entries[i].plan, "on pg_catalog.pg_class");
            plans++;
        } else if (strstr(entries[i].sql, "INSERT INTO") != NULL) {
            assert_contains(entries[i].plan, "Insert on public.test_slow");
            plans++;
        } else {
            assert_string_equal(entries[i].plan, "");
        }
    }
    assert_int_equal(plans, 2);
    assert_true(count >= 9);
    pqe_free(entries);
    support_run(engine, "DROP TABLE test_slow");
    assert_contains(log.text, " ms: SELECT relname, pg_sleep($1) FROM pg_class LIMIT 1");
    pqe_free_engine(engine);

    config.slow_query_plan = false;
    engine = support_engine(&config);
    support_run(engine, "SELECT pg_sleep(0.45)");
    assert_ok(pqe_query_trace(engine, &entries, &count, &error), error);
    assert_string_equal(entries[0].plan, "");
    pqe_free(entries);
    pqe_free_engine(engine);

    config.slow_query_plan = true;
    config.slow_query_ms = 0;
    assert_status(PQE_ERR_CONFIG, pqe_create_engine(&config, &engine, &error), error);
    assert_contains(error.message, "slow_query_plan is on, but slow_query_ms is off");
}

static void a_secret_call_keeps_its_parameters(void **state)
{
    pqe_config config = support_config();
    pqe_trace_entry *entries;
    pqe_engine *engine;
    pqe_call call = PQE_CALL_INIT;
    pqe_param param = PQE_TEXT("s3cret");
    pqe_error error;
    size_t count;

    (void)state;
    config.trace_parameters = true;
    engine = support_engine(&config);
    call.sql = "SELECT %s";
    call.params = &param;
    call.param_count = 1;
    assert_ok(pqe_execute_call(engine, &call, NULL, &error), error);
    call.secret = true;
    assert_ok(pqe_execute_call(engine, &call, NULL, &error), error);
    assert_ok(pqe_query_trace(engine, &entries, &count, &error), error);
    assert_string_equal(entries[0].parameters, "$1 = 's3cret'");
    assert_string_equal(entries[1].parameters, "");
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
        cmocka_unit_test(the_trace_keeps_no_parameters),
        cmocka_unit_test(tables_are_counted),
        cmocka_unit_test(many_tables_are_others),
        cmocka_unit_test(prometheus_reads_it),
        cmocka_unit_test(slow_queries_and_their_plans),
        cmocka_unit_test(a_secret_call_keeps_its_parameters),
    };

    return cmocka_run_group_tests_name("observe", tests, support_need_server, NULL);
}
