/*
 * test_stream.c - rows one after the other, all of them, not all of them, and with errors between
 */
#include "support.h"

static pqe_engine *engine;

static int setup(void **state)
{
    pqe_config config = support_config();

    if (support_need_server(state) != 0) {
        return -1;
    }
    config.pool_size = 2;
    config.pool_timeout_ms = 0;
    engine = support_engine(&config);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    pqe_free_engine(engine);
    return 0;
}

static pqe_call call_of(const char *sql, const pqe_param *params, size_t count)
{
    pqe_call call = PQE_CALL_INIT;

    call.sql = sql;
    call.params = params;
    call.param_count = count;
    return call;
}

/* Reads so many rows at most, each one more than the one before; how many they were. */
static int64_t read_rows(pqe_stream *stream, int64_t most)
{
    const pqe_result *rows;
    pqe_error error;
    int64_t seen = 0;

    while (seen < most) {
        assert_ok(pqe_stream_next(stream, &rows, &error), error);
        if (rows == NULL) {
            break;
        }
        assert_true(pqe_result_rows(rows) > 0);
        for (size_t row = 0; row < pqe_result_rows(rows); row++) {
            int64_t number = 0;

            assert_ok(pqe_get_int64_by_name(rows, row, "n", &number, &error), error);
            assert_int_equal(number, seen + 1);
            seen++;
        }
    }
    return seen;
}

#define SERIES "SELECT n, repeat('x', 100) FROM generate_series(1, %s) n"

static void all_rows(void **state)
{
    const pqe_param count = PQE_INT32(5000);
    pqe_call call = call_of(SERIES, &count, 1);
    pqe_metrics_data before = PQE_METRICS_INIT;
    pqe_metrics_data after = PQE_METRICS_INIT;
    const pqe_result *rows;
    pqe_stream *stream;
    pqe_error error;

    (void)state;
    assert_ok(pqe_metrics(engine, &before, &error), error);
    assert_ok(pqe_stream_open(engine, &call, &stream, &error), error);
    assert_int_equal(read_rows(stream, 6000), 5000);
    /* the connection is back already, and the end stays the end */
    assert_int_equal(support_gauges(engine).active, 0);
    assert_ok(pqe_stream_next(stream, &rows, &error), error);
    assert_null(rows);
    assert_ok(pqe_stream_close(stream, &error), error);
    assert_ok(pqe_metrics(engine, &after, &error), error);
    assert_int_equal(after.statements[PQE_STATEMENT_SELECT].count,
                     before.statements[PQE_STATEMENT_SELECT].count + 1);
    assert_int_equal(after.statements[PQE_STATEMENT_SELECT].rows,
                     before.statements[PQE_STATEMENT_SELECT].rows + 5000);
    call = call_of("SELECT 1 WHERE false", NULL, 0);
    assert_ok(pqe_stream_open(engine, &call, &stream, &error), error);
    assert_int_equal(read_rows(stream, 1), 0);
    assert_ok(pqe_stream_close(stream, &error), error);
}

/* The rest is given up, and the same session goes on. */
static void an_early_end(void **state)
{
    static const int32_t sizes[] = {3, 500, 50000000};
    pqe_connection *connection = support_acquire(engine, NULL);
    int64_t pid = support_number_on(connection, "SELECT pg_backend_pid()");
    pqe_stream *stream;
    pqe_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const pqe_param count = PQE_INT32(sizes[i]);
        pqe_call call = call_of(SERIES, &count, 1);

        assert_ok(pqe_connection_stream(connection, &call, &stream, &error), error);
        assert_true(read_rows(stream, 2) >= 2);
        assert_status(PQE_ERR_STATE,
                      pqe_connection_execute(connection, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                      error);
        assert_contains(error.message, "a stream is open on this connection");
        assert_contains(error.hint, "pqe_stream_close");
        assert_status(PQE_ERR_STATE, pqe_release(connection, &error), error);
        assert_ok(pqe_stream_close(stream, &error), error);
        assert_int_equal(support_number_on(connection, "SELECT pg_backend_pid()"), pid);
        /* and without a row read */
        assert_ok(pqe_connection_stream(connection, &call, &stream, &error), error);
        assert_ok(pqe_stream_close(stream, &error), error);
        assert_int_equal(support_number_on(connection, "SELECT pg_backend_pid()"), pid);
    }
    support_release(connection);
}

static void within_a_transaction(void **state)
{
    const pqe_param count = PQE_INT32(50000000);
    pqe_call call = call_of(SERIES, &count, 1);
    pqe_transaction *transaction;
    pqe_stream *stream;
    pqe_result *result;
    pqe_error error;
    int64_t number = 0;

    (void)state;
    assert_ok(pqe_transaction_begin(engine, NULL, &transaction, &error), error);
    assert_ok(pqe_transaction_execute(transaction,
                                      "CREATE TEMP TABLE t ON COMMIT DROP AS SELECT 7 a",
                                      PQE_NO_PARAMS, NULL, &error),
              error);
    assert_ok(pqe_transaction_stream(transaction, &call, &stream, &error), error);
    assert_true(read_rows(stream, 10) >= 10);
    assert_status(PQE_ERR_STATE, pqe_transaction_commit(transaction, &error), error);
    assert_ok(pqe_stream_close(stream, &error), error);
    /* the transaction lives, with what it did before */
    assert_ok(
        pqe_transaction_execute(transaction, "SELECT a FROM t", PQE_NO_PARAMS, &result, &error),
        error);
    assert_ok(pqe_get_int64(result, 0, 0, &number, &error), error);
    assert_int_equal(number, 7);
    pqe_result_free(result);
    call = call_of("SELECT a AS n FROM t, generate_series(1, 1) WHERE a = 7", NULL, 0);
    assert_ok(pqe_transaction_stream(transaction, &call, &stream, &error), error);
    assert_ok(pqe_stream_close(stream, &error), error);
    assert_ok(pqe_transaction_commit(transaction, &error), error);
}

static void errors_between_rows(void **state)
{
    pqe_call call = call_of("SELECT n, 1 / (1000 - n) FROM generate_series(1, 2000) n", NULL, 0);
    const pqe_result *rows;
    pqe_connection *connection;
    pqe_stream *stream;
    pqe_status status = PQE_OK;
    pqe_error error;
    int seen = 0;

    (void)state;
    connection = support_acquire(engine, NULL);
    assert_ok(pqe_connection_stream(connection, &call, &stream, &error), error);
    while (status == PQE_OK) {
        status = pqe_stream_next(stream, &rows, &error);
        seen += status == PQE_OK ? (int)pqe_result_rows(rows) : 0;
    }
    assert_status(PQE_ERR_QUERY, status, error);
    assert_string_equal(error.sqlstate, "22012");
    assert_contains(error.statement, "generate_series");
    assert_in_range(seen, 1, 999);
    assert_null(rows);
    assert_status(PQE_ERR_QUERY, pqe_stream_next(stream, &rows, &error), error);
    assert_int_equal(support_number_on(connection, "SELECT 1"), 1);
    assert_ok(pqe_stream_close(stream, &error), error);

    call = call_of("SELECT n, pg_sleep(1000) FROM generate_series(1, 2) n", NULL, 0);
    call.timeout_ms = 30;
    assert_ok(pqe_connection_stream(connection, &call, &stream, &error), error);
    assert_status(PQE_ERR_TIMEOUT, pqe_stream_next(stream, &rows, &error), error);
    assert_contains(error.message, "longer than 30 ms");
    assert_ok(pqe_stream_close(stream, &error), error);
    assert_int_equal(support_number_on(connection, "SELECT 1"), 1);
    support_release(connection);
}

static void a_lost_connection(void **state)
{
    const pqe_param count = PQE_INT32(50000000);
    pqe_call call = call_of("SELECT n, pg_backend_pid() FROM generate_series(1, %s) n", &count, 1);
    const pqe_result *rows;
    pqe_stream *stream;
    pqe_status status = PQE_OK;
    pqe_error error;
    char sql[100];
    int64_t pid = 0;

    (void)state;
    assert_ok(pqe_stream_open(engine, &call, &stream, &error), error);
    assert_ok(pqe_stream_next(stream, &rows, &error), error);
    assert_ok(pqe_get_int64(rows, 0, 1, &pid, &error), error);
    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld)::int", (long long)pid);
    assert_int_equal(support_number(engine, sql), 1);
    while (status == PQE_OK) {
        status = pqe_stream_next(stream, &rows, &error);
        assert_true(status != PQE_OK || rows != NULL);
    }
    assert_status(PQE_ERR_CONNECTION, status, error);
    assert_ok(pqe_stream_close(stream, &error), error);
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    assert_int_equal(support_gauges(engine).active, 0);
}

static void bad_streams(void **state)
{
    pqe_call call = call_of("SELECT nothing FROM nowhere", NULL, 0);
    pqe_query *query = pqe_select(NULL);
    const pqe_result *rows;
    pqe_connection *connection = support_acquire(engine, NULL);
    pqe_stream *stream = (pqe_stream *)8;
    pqe_error error;

    (void)state;
    assert_ok(pqe_connection_stream(connection, &call, &stream, &error), error);
    assert_status(PQE_ERR_QUERY, pqe_stream_next(stream, &rows, &error), error);
    assert_string_equal(error.sqlstate, "42P01");
    assert_ok(pqe_stream_close(stream, &error), error);
    call = call_of("BEGIN", NULL, 0);
    assert_status(PQE_ERR_STATE, pqe_stream_open(engine, &call, &stream, &error), error);
    assert_null(stream);
    call = call_of("SELECT %s", NULL, 0);
    assert_status(PQE_ERR_PARAMETER, pqe_stream_open(engine, &call, &stream, &error), error);
    for (int i = 0; i < 2; i++) {
        call = call_of(i == 0 ? "COPY (SELECT 1) TO STDOUT" : "COPY pg_class FROM STDIN", NULL, 0);
        assert_ok(pqe_connection_stream(connection, &call, &stream, &error), error);
        assert_status(PQE_ERR_QUERY, pqe_stream_next(stream, &rows, &error), error);
        assert_ok(pqe_stream_close(stream, &error), error);
        assert_int_equal(support_number_on(connection, "SELECT 1"), 1);
    }
    /* an object in place of the text */
    call = call_of(NULL, NULL, 0);
    call.to_sql = pqe_query_to_sql;
    call.object = query;
    pqe_query_column(query, pqe_raw("1", PQE_NO_PARAMS), "n");
    assert_ok(pqe_connection_stream(connection, &call, &stream, &error), error);
    assert_int_equal(read_rows(stream, 9), 1);
    assert_ok(pqe_stream_close(stream, &error), error);
    pqe_query_free(query);
    support_release(connection);
    assert_status(PQE_ERR_STATE, pqe_connection_stream(connection, &call, &stream, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_stream_open(NULL, &call, &stream, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_stream_open(engine, NULL, &stream, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_stream_open(engine, &call, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_stream_next(NULL, &rows, &error), error);
    assert_ok(pqe_stream_close(NULL, &error), error);
    assert_int_equal(support_gauges(engine).active, 0);
}

static void disposing_with_a_stream_open(void **state)
{
    const pqe_param count = PQE_INT32(50000000);
    pqe_call call = call_of(SERIES, &count, 1);
    pqe_engine *own = support_engine(NULL);
    const pqe_result *rows;
    pqe_stream *stream;
    pqe_error error;

    (void)state;
    assert_ok(pqe_stream_open(own, &call, &stream, &error), error);
    assert_true(read_rows(stream, 1) >= 1);
    assert_ok(pqe_dispose(own, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_stream_next(stream, &rows, &error), error);
    assert_ok(pqe_stream_close(stream, &error), error);
    pqe_free_engine(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows),
        cmocka_unit_test(an_early_end),
        cmocka_unit_test(within_a_transaction),
        cmocka_unit_test(errors_between_rows),
        cmocka_unit_test(a_lost_connection),
        cmocka_unit_test(bad_streams),
        cmocka_unit_test(disposing_with_a_stream_open),
    };

    return cmocka_run_group_tests_name("stream", tests, setup, teardown);
}
