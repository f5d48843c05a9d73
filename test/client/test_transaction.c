/*
 * test_transaction.c - transactions and savepoints
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
    support_run(engine, "DROP TABLE IF EXISTS test_transaction");
    support_run(engine, "CREATE TABLE test_transaction (a int PRIMARY KEY)");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    support_run(engine, "DROP TABLE test_transaction");
    pqe_free_engine(engine);
    return 0;
}

static pqe_transaction *begin(const pqe_transaction_options *options)
{
    pqe_transaction *transaction;
    pqe_error error;

    assert_ok(pqe_transaction_begin(engine, options, &transaction, &error), error);
    assert_non_null(transaction);
    return transaction;
}

static pqe_status insert(pqe_transaction *transaction, int32_t value, pqe_error *error)
{
    return pqe_transaction_execute(transaction, "INSERT INTO test_transaction VALUES (%s)",
                                   PQE_PARAMS(PQE_INT32(value)), NULL, error);
}

static int64_t count(void)
{
    return support_number(engine, "SELECT count(*) FROM test_transaction");
}

static int active(void)
{
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_error error;

    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    return metrics.pool.active;
}

static int empty_table(void **state)
{
    (void)state;
    support_run(engine, "DELETE FROM test_transaction");
    return 0;
}

static void commit_keeps_and_rollback_does_not(void **state)
{
    pqe_transaction *transaction = begin(NULL);
    pqe_error error;

    (void)state;
    assert_ok(insert(transaction, 1, &error), error);
    assert_int_equal(count(), 0);
    assert_ok(pqe_transaction_commit(transaction, &error), error);
    assert_int_equal(count(), 1);
    transaction = begin(NULL);
    assert_ok(insert(transaction, 2, &error), error);
    assert_ok(pqe_transaction_rollback(transaction, &error), error);
    assert_int_equal(count(), 1);
    assert_int_equal(active(), 0);
}

static void an_ended_transaction_has_ended(void **state)
{
    pqe_transaction *transaction = begin(NULL);
    pqe_error error;

    (void)state;
    assert_ok(pqe_transaction_commit(transaction, &error), error);
    assert_status(PQE_ERR_STATE, pqe_transaction_commit(transaction, &error), error);
    assert_contains(error.message, "ended already");
    assert_status(PQE_ERR_STATE, pqe_transaction_rollback(transaction, &error), error);
    assert_status(PQE_ERR_STATE, insert(transaction, 1, &error), error);
    assert_status(PQE_ERR_STATE, pqe_savepoint(transaction, "a", &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_transaction_commit(NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_transaction_begin(engine, NULL, NULL, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_transaction_begin(NULL, NULL, &transaction, &error),
                  error);
    assert_int_equal(count(), 0);
}

static void a_failed_statement_fails_the_commit(void **state)
{
    pqe_transaction *transaction = begin(NULL);
    pqe_error error;

    (void)state;
    assert_ok(insert(transaction, 1, &error), error);
    assert_status(PQE_ERR_QUERY, insert(transaction, 1, &error), error);
    assert_string_equal(error.sqlstate, "23505");
    assert_contains(error.statement, "INSERT INTO test_transaction");
    assert_status(PQE_ERR_QUERY, insert(transaction, 2, &error), error);
    assert_string_equal(error.sqlstate, "25P02");
    assert_status(PQE_ERR_QUERY, pqe_transaction_commit(transaction, &error), error);
    assert_string_equal(error.sqlstate, "25P02");
    assert_contains(error.message, "rolled back");
    assert_contains(error.detail, "SQLSTATE 23505, \"duplicate key value");
    assert_contains(error.detail, "INSERT INTO test_transaction VALUES ($1)");
    assert_int_equal(count(), 0);
    assert_int_equal(active(), 0);
}

static void savepoints_save(void **state)
{
    static const char odd[] = "odd \"name\"; --";
    pqe_transaction *transaction = begin(NULL);
    char longest[100];
    pqe_error error;

    (void)state;
    assert_ok(insert(transaction, 1, &error), error);
    assert_ok(pqe_savepoint(transaction, odd, &error), error);
    assert_status(PQE_ERR_QUERY, insert(transaction, 1, &error), error);
    assert_ok(pqe_rollback_to(transaction, odd, &error), error);
    assert_ok(insert(transaction, 2, &error), error);
    assert_ok(pqe_rollback_to(transaction, odd, &error), error);
    assert_ok(insert(transaction, 3, &error), error);
    assert_ok(pqe_release_savepoint(transaction, odd, &error), error);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_savepoint(transaction, longest, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_savepoint(transaction, "", &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_savepoint(transaction, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_savepoint(transaction, "\xFF", &error), error);
    assert_ok(pqe_transaction_commit(transaction, &error), error);
    assert_int_equal(support_number(engine, "SELECT sum(a) FROM test_transaction"), 4);
}

static void options_are_the_servers(void **state)
{
    pqe_transaction_options options = PQE_TRANSACTION_OPTIONS_INIT;
    pqe_transaction *transaction;
    pqe_result *result;
    pqe_error error;
    const char *text;

    (void)state;
    options.isolation = PQE_ISOLATION_SERIALIZABLE;
    options.read_only = true;
    options.deferrable = true;
    transaction = begin(&options);
    assert_ok(pqe_transaction_execute(transaction,
                                      "SELECT current_setting('transaction_isolation') || "
                                      "current_setting('transaction_read_only') || "
                                      "current_setting('transaction_deferrable')",
                                      PQE_NO_PARAMS, &result, &error),
              error);
    assert_ok(pqe_get_text(result, 0, 0, &text, &error), error);
    assert_string_equal(text, "serializableonon");
    pqe_result_free(result);
    assert_status(PQE_ERR_QUERY, insert(transaction, 1, &error), error);
    assert_string_equal(error.sqlstate, "25006");
    assert_ok(pqe_transaction_rollback(transaction, &error), error);
    options.max_retries = -1;
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_transaction_begin(engine, &options, &transaction, &error), error);
    options.isolation = (pqe_isolation)9;
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_transaction_begin(engine, &options, &transaction, &error), error);
    assert_null(transaction);
    options.version = 7;
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_transaction_begin(engine, &options, &transaction, &error), error);
    assert_int_equal(active(), 0);
}

static void statements_do_not_end_it(void **state)
{
    static const char *const ends[] = {"COMMIT",
                                       "rollback",
                                       "END",
                                       "ABORT",
                                       "BEGIN",
                                       "START TRANSACTION",
                                       "ROLLBACK AND CHAIN",
                                       "/* x */ commit"};
    pqe_transaction *transaction = begin(NULL);
    pqe_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        assert_status(PQE_ERR_STATE,
                      pqe_transaction_execute(transaction, ends[i], PQE_NO_PARAMS, NULL, &error),
                      error);
        assert_contains(error.hint, "pqe_transaction_commit");
    }
    assert_ok(insert(transaction, 5, &error), error);
    assert_ok(pqe_transaction_commit(transaction, &error), error);
    assert_int_equal(count(), 1);
}

/* A timeout cancels the statement, and the transaction can still be rolled back or saved. */
static void a_deadline_within(void **state)
{
    pqe_transaction *transaction = begin(NULL);
    pqe_call call = PQE_CALL_INIT;
    pqe_error error;

    (void)state;
    assert_ok(insert(transaction, 1, &error), error);
    assert_ok(pqe_savepoint(transaction, "s", &error), error);
    call.sql = "SELECT pg_sleep(3600)";
    call.timeout_ms = 30;
    assert_status(PQE_ERR_TIMEOUT, pqe_transaction_execute_call(transaction, &call, NULL, &error),
                  error);
    assert_ok(pqe_rollback_to(transaction, "s", &error), error);
    assert_ok(pqe_transaction_commit(transaction, &error), error);
    assert_int_equal(count(), 1);
}

/* The other connection ends this one's session in the middle. */
static void a_lost_connection(void **state)
{
    pqe_transaction *transaction = begin(NULL);
    pqe_result *result;
    pqe_error error;
    char sql[100];
    int64_t pid = 0;

    (void)state;
    assert_ok(insert(transaction, 1, &error), error);
    assert_ok(pqe_transaction_execute(transaction, "SELECT pg_backend_pid()", PQE_NO_PARAMS,
                                      &result, &error),
              error);
    assert_ok(pqe_get_int64(result, 0, 0, &pid, &error), error);
    pqe_result_free(result);
    snprintf(sql, sizeof(sql), "SELECT pg_terminate_backend(%lld, 10000)::int", (long long)pid);
    assert_int_equal(support_number(engine, sql), 1);
    assert_status(PQE_ERR_CONNECTION, insert(transaction, 2, &error), error);
    assert_status(PQE_ERR_CONNECTION, insert(transaction, 2, &error), error);
    assert_status(PQE_ERR_CONNECTION, pqe_transaction_commit(transaction, &error), error);
    assert_int_equal(active(), 0);
    assert_int_equal(count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(commit_keeps_and_rollback_does_not, empty_table),
        cmocka_unit_test_setup(an_ended_transaction_has_ended, empty_table),
        cmocka_unit_test_setup(a_failed_statement_fails_the_commit, empty_table),
        cmocka_unit_test_setup(savepoints_save, empty_table),
        cmocka_unit_test_setup(options_are_the_servers, empty_table),
        cmocka_unit_test_setup(statements_do_not_end_it, empty_table),
        cmocka_unit_test_setup(a_deadline_within, empty_table),
        cmocka_unit_test_setup(a_lost_connection, empty_table),
    };

    return cmocka_run_group_tests_name("transaction", tests, setup, teardown);
}
