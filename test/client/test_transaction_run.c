/*
 * test_transaction_run.c - transactions around a callback, and when they begin again
 */
#include "support.h"

#include <pthread.h>

static pqe_engine *engine;

static int setup(void **state)
{
    pqe_config config = support_config();

    if (support_need_server(state) != 0) {
        return -1;
    }
    config.pool_size = 8;
    config.retry_delay_ms = 1;
    engine = support_engine(&config);
    support_run(engine, "DROP TABLE IF EXISTS test_run");
    support_run(engine, "CREATE TABLE test_run (id int PRIMARY KEY, n int NOT NULL)");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    support_run(engine, "DROP TABLE test_run");
    pqe_free_engine(engine);
    return 0;
}

static int two_rows(void **state)
{
    (void)state;
    support_run(engine, "TRUNCATE test_run");
    support_run(engine, "INSERT INTO test_run VALUES (1, 0), (2, 0)");
    return 0;
}

static int64_t total(void)
{
    return support_number(engine, "SELECT sum(n) FROM test_run");
}

/* What a body is to do, and how often it was called. */
typedef struct work {
    int called;
    int fail_times;        /* so often it provokes an error */
    const char *sqlstate;  /* of this kind */
    pqe_status answer;     /* what it returns then; PQE_OK: it hides the error */
    const char *own_words; /* the message it sets itself */
    bool ends;             /* it commits by itself */
} work;

static pqe_status body(pqe_transaction *transaction, void *data, pqe_error *error)
{
    work *self = data;
    char sql[200];
    pqe_status status;

    self->called++;
    status = pqe_transaction_execute(transaction, "UPDATE test_run SET n = n + 1", PQE_NO_PARAMS,
                                     NULL, error);
    if (status == PQE_OK && self->called <= self->fail_times && self->sqlstate != NULL) {
        snprintf(sql, sizeof(sql),
                 "DO $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = '%s'; END $$",
                 self->sqlstate);
        (void)pqe_transaction_execute(transaction, sql, PQE_NO_PARAMS, NULL, error);
        return self->answer;
    }
    if (self->own_words != NULL) {
        memset(error, 0, sizeof(*error));
        snprintf(error->message, sizeof(error->message), "%s", self->own_words);
        return PQE_ERR_STATE;
    }
    if (self->ends) {
        return pqe_transaction_commit(transaction, error);
    }
    return status != PQE_OK ? status : self->answer;
}

static void it_commits_and_rolls_back(void **state)
{
    work self = {.answer = PQE_OK};
    pqe_error error;

    (void)state;
    assert_ok(pqe_transaction_run(engine, NULL, body, &self, &error), error);
    assert_int_equal(self.called, 1);
    assert_int_equal(total(), 2);
    self = (work){.own_words = "enough"};
    assert_status(PQE_ERR_STATE, pqe_transaction_run(engine, NULL, body, &self, &error), error);
    assert_string_equal(error.message, "enough");
    assert_int_equal(self.called, 1);
    self = (work){.answer = PQE_ERR_IO};
    assert_status(PQE_ERR_IO, pqe_transaction_run(engine, NULL, body, &self, &error), error);
    assert_contains(error.message, "rolled back at its body's wish");
    assert_int_equal(total(), 2);
    assert_int_equal(support_gauges(engine).active, 0);
}

static void what_may_pass_is_tried_again(void **state)
{
    static const char *const passing[] = {"40001", "40P01"};
    static const pqe_status answers[] = {PQE_ERR_QUERY, PQE_ERR_IO, PQE_OK};
    pqe_error error;

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 3; j++) {
            work self = {.fail_times = 3, .sqlstate = passing[i], .answer = answers[j]};
            int64_t before = total();

            if (answers[j] == PQE_OK) {
                assert_ok(pqe_transaction_run(engine, NULL, body, &self, &error), error);
                assert_int_equal(total(), before + 2);
            } else {
                assert_status(answers[j], pqe_transaction_run(engine, NULL, body, &self, &error),
                              error);
                assert_int_equal(total(), before);
            }
            assert_int_equal(self.called, 4);
        }
    }
}

static void there_is_a_bound(void **state)
{
    pqe_transaction_options options = PQE_TRANSACTION_OPTIONS_INIT;
    work self = {.fail_times = 1000, .sqlstate = "40001", .answer = PQE_ERR_QUERY};
    pqe_error error;

    (void)state;
    options.max_retries = 2;
    assert_status(PQE_ERR_QUERY, pqe_transaction_run(engine, &options, body, &self, &error), error);
    assert_int_equal(self.called, 3);
    assert_string_equal(error.sqlstate, "40001");
    assert_string_equal(error.message, "on purpose");
    assert_contains(error.statement, "RAISE EXCEPTION");
    assert_contains(error.hint, "tried 3 times");
    self.called = 0;
    options.max_retries = 0;
    assert_status(PQE_ERR_QUERY, pqe_transaction_run(engine, &options, body, &self, &error), error);
    assert_int_equal(self.called, 1);
    assert_int_equal(total(), 0);
}

static void nothing_else_is_tried_again(void **state)
{
    work self = {.fail_times = 1000, .sqlstate = "23505", .answer = PQE_ERR_QUERY};
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_QUERY, pqe_transaction_run(engine, NULL, body, &self, &error), error);
    assert_int_equal(self.called, 1);
    assert_string_equal(error.sqlstate, "23505");
    /* a body that hides it does not get its commit, and is told why */
    self.called = 0;
    self.answer = PQE_OK;
    assert_status(PQE_ERR_QUERY, pqe_transaction_run(engine, NULL, body, &self, &error), error);
    assert_int_equal(self.called, 1);
    assert_string_equal(error.sqlstate, "25P02");
    assert_contains(error.detail, "SQLSTATE 23505, \"on purpose\": DO $$");
    assert_int_equal(total(), 0);
}

static void a_body_that_ends_it(void **state)
{
    work self = {.ends = true};
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_STATE, pqe_transaction_run(engine, NULL, body, &self, &error), error);
    assert_contains(error.message, "ended already");
    assert_int_equal(self.called, 1);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_transaction_run(NULL, NULL, body, &self, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_transaction_run(engine, NULL, NULL, &self, &error),
                  error);
    assert_int_equal(support_gauges(engine).active, 0);
}

#define THREADS 4
#define EACH 25

typedef struct raiser {
    pthread_t thread;
    int id;
    int64_t seen; /* by the transaction that runs */
    int64_t all_seen[EACH];
    int failures;
} raiser;

/* Reads both rows and raises one: two such at once cannot be put in an order. */
static pqe_status raise_one(pqe_transaction *transaction, void *data, pqe_error *error)
{
    raiser *self = data;
    pqe_result *result;
    pqe_status status = pqe_transaction_execute(transaction, "SELECT sum(n) FROM test_run",
                                                PQE_NO_PARAMS, &result, error);

    if (status == PQE_OK) {
        status = pqe_get_int64(result, 0, 0, &self->seen, error);
        pqe_result_free(result);
    }
    if (status == PQE_OK) {
        status = pqe_transaction_execute(transaction, "UPDATE test_run SET n = n + 1 WHERE id = %s",
                                         PQE_PARAMS(PQE_INT32(self->id)), NULL, error);
    }
    return status;
}

static void *raise_often(void *argument)
{
    raiser *self = argument;
    pqe_transaction_options options = PQE_TRANSACTION_OPTIONS_INIT;

    options.isolation = PQE_ISOLATION_SERIALIZABLE;
    options.max_retries = 1000;
    for (int i = 0; i < EACH; i++) {
        pqe_error error;

        if (pqe_transaction_run(engine, &options, raise_one, self, &error) != PQE_OK) {
            self->failures++;
        }
        self->all_seen[i] = self->seen;
    }
    return NULL;
}

/* It is as if one came after the other: each found another sum, from 0 on. */
static void serializable_transactions_at_once(void **state)
{
    raiser raisers[THREADS];
    bool seen[THREADS * EACH] = {false};

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        raisers[i] = (raiser){.id = i % 2 + 1};
        assert_int_equal(pthread_create(&raisers[i].thread, NULL, raise_often, &raisers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(raisers[i].thread, NULL);
        assert_int_equal(raisers[i].failures, 0);
        for (int j = 0; j < EACH; j++) {
            assert_in_range(raisers[i].all_seen[j], 0, THREADS * EACH - 1);
            assert_false(seen[raisers[i].all_seen[j]]);
            seen[raisers[i].all_seen[j]] = true;
        }
    }
    assert_int_equal(total(), THREADS * EACH);
    assert_int_equal(support_gauges(engine).active, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(it_commits_and_rolls_back, two_rows),
        cmocka_unit_test_setup(what_may_pass_is_tried_again, two_rows),
        cmocka_unit_test_setup(there_is_a_bound, two_rows),
        cmocka_unit_test_setup(nothing_else_is_tried_again, two_rows),
        cmocka_unit_test_setup(a_body_that_ends_it, two_rows),
        cmocka_unit_test_setup(serializable_transactions_at_once, two_rows),
    };

    return cmocka_run_group_tests_name("transaction_run", tests, setup, teardown);
}
