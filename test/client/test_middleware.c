/*
 * test_middleware.c - middlewares and hooks: order, verdicts, failures, time, adding under traffic
 */
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

/* What a middleware of the tests does, and what was seen of it. */
typedef struct probe {
    const char *name;
    char *record; /* "+name" for enter, "-name" for leave; 512 bytes, shared */
    pqe_verdict enter_verdict;
    pqe_verdict leave_verdict;
    int retries;
    const char *rewrite;
    int64_t answer_of; /* not 0: answers with a copy of `result` */
    const pqe_result *result;
    useconds_t sleep_us;
    atomic_int entered;
    atomic_int left;
    atomic_int released;
    atomic_int seen; /* the status */
} probe;

static void record(probe *self, char sign)
{
    if (self->record != NULL) {
        size_t length = strlen(self->record);

        snprintf(self->record + length, 512 - length, "%c%s ", sign, self->name);
    }
}

static pqe_verdict enter(void *data, pqe_context *context, pqe_error *error)
{
    probe *self = data;

    atomic_fetch_add(&self->entered, 1);
    record(self, '+');
    if (self->sleep_us > 0) {
        usleep(self->sleep_us);
    }
    if (self->rewrite != NULL) {
        pqe_error own;

        assert_int_equal(pqe_context_rewrite(context, self->rewrite, PQE_NO_PARAMS, &own), PQE_OK);
    }
    if (self->enter_verdict == PQE_ANSWER) {
        pqe_result *copy = NULL;
        pqe_error own;

        if (self->result != NULL) {
            assert_int_equal(pqe_result_copy(self->result, &copy, &own), PQE_OK);
        }
        pqe_context_answer(context, copy);
    }
    if (self->enter_verdict == PQE_REFUSE || self->enter_verdict == PQE_FAIL) {
        error->code = PQE_ERR_PERMISSION;
        snprintf(error->message, sizeof(error->message), "%s says no", self->name);
    }
    return self->enter_verdict;
}

static pqe_verdict leave(void *data, pqe_context *context, pqe_error *error)
{
    probe *self = data;

    atomic_fetch_add(&self->left, 1);
    record(self, '-');
    atomic_store(&self->seen, (int)pqe_context_status(context));
    if (self->leave_verdict == PQE_FAIL) {
        snprintf(error->message, sizeof(error->message), "%s fell over", self->name);
    }
    if (self->leave_verdict == PQE_RETRY && self->retries-- <= 0) {
        return PQE_PASS;
    }
    return self->leave_verdict;
}

static void release(void *data)
{
    atomic_fetch_add(&((probe *)data)->released, 1);
}

static void add(pqe_engine *engine, probe *self, int priority)
{
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    pqe_error error;

    middleware.name = self->name;
    middleware.priority = priority;
    middleware.enter = enter;
    middleware.leave = leave;
    middleware.data = self;
    middleware.release = release;
    assert_ok(pqe_add_middleware(engine, &middleware, &error), error);
}

static pqe_health_metrics findings(pqe_engine *engine)
{
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_error error;

    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    return metrics.health;
}

/* ---------------------------------------------------------------------------------------------- */

static void higher_is_further_out(void **state)
{
    char seen[512] = "";
    probe probes[] = {{.name = "a", .record = seen},
                      {.name = "b", .record = seen},
                      {.name = "c", .record = seen},
                      {.name = "d", .record = seen}};
    pqe_engine *engine = support_engine(NULL);
    pqe_connection *connection;
    pqe_transaction *transaction;
    pqe_error error;

    (void)state;
    add(engine, &probes[0], 5);
    add(engine, &probes[1], -1);
    add(engine, &probes[2], 70);
    add(engine, &probes[3], 5);
    support_run(engine, "SELECT 1");
    assert_string_equal(seen, "+c +a +d +b -b -d -a -c ");

    /* on a connection and in a transaction just so; its own BEGIN and COMMIT pass none */
    seen[0] = '\0';
    connection = support_acquire(engine, NULL);
    support_number_on(connection, "SELECT 1");
    support_release(connection);
    assert_string_equal(seen, "+c +a +d +b -b -d -a -c ");
    seen[0] = '\0';
    assert_ok(pqe_transaction_begin(engine, NULL, &transaction, &error), error);
    assert_ok(pqe_transaction_execute(transaction, "SELECT 1", PQE_NO_PARAMS, NULL, &error), error);
    assert_ok(pqe_transaction_commit(transaction, &error), error);
    assert_string_equal(seen, "+c +a +d +b -b -d -a -c ");

    seen[0] = '\0';
    assert_ok(pqe_remove_middleware(engine, "a", &error), error);
    assert_int_equal(probes[0].released, 1);
    support_run(engine, "SELECT 1");
    assert_string_equal(seen, "+c +d +b -b -d -c ");
    assert_ok(pqe_clear_middlewares(engine, &error), error);
    seen[0] = '\0';
    support_run(engine, "SELECT 1");
    assert_string_equal(seen, "");
    add(engine, &probes[0], 0);
    pqe_free_engine(engine);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(probes[i].released, i == 0 ? 2 : 1);
    }
}

static void bad_middlewares_are_refused(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    char name[80];
    pqe_error error;
    uint64_t id;

    (void)state;
    memset(name, 'n', sizeof(name));
    name[64] = '\0';
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_middleware(engine, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_middleware(NULL, &middleware, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_middleware(engine, &middleware, &error), error);
    middleware.name = "";
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_middleware(engine, &middleware, &error), error);
    middleware.name = name;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_middleware(engine, &middleware, &error), error);
    name[63] = '\0';
    assert_ok(pqe_add_middleware(engine, &middleware, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_middleware(engine, &middleware, &error), error);
    assert_contains(error.message, "already");
    middleware.name = "other";
    middleware.timeout_ms = -1;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_middleware(engine, &middleware, &error), error);
    middleware.timeout_ms = 0;
    middleware.version = 9;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_middleware(engine, &middleware, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_remove_middleware(engine, "nobody", &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_remove_middleware(engine, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_add_hook(engine, PQE_HOOK_BEFORE_EXECUTE, NULL, NULL, &id, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_remove_hook(engine, 4711, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_timeout(engine, 0, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_retry(engine, -1, 0, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_observer(engine, NULL, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_validation(engine, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_add_logging(engine, PQE_LOG_INFO, -5, &error),
                  error);
    pqe_free_engine(engine);
}

static void enter_rewrites_answers_refuses(void **state)
{
    char seen[512] = "";
    probe outer = {.name = "outer", .record = seen};
    probe inner = {.name = "inner", .record = seen, .rewrite = "SELECT 2 * 21"};
    pqe_engine *engine = support_engine(NULL);
    pqe_engine *plain = support_engine(NULL);
    pqe_result *kept;
    pqe_result *result;
    pqe_error error;

    (void)state;
    add(engine, &outer, 2);
    add(engine, &inner, 1);
    assert_int_equal(support_number(engine, "SELECT 1"), 42);

    assert_ok(pqe_execute(plain, "SELECT 7 AS n", PQE_NO_PARAMS, &kept, &error), error);
    inner.rewrite = NULL;
    inner.enter_verdict = PQE_ANSWER;
    inner.result = kept;
    seen[0] = '\0';
    assert_int_equal(support_number(engine, "SELECT no_such_thing"), 7);
    assert_string_equal(seen, "+outer +inner -outer ");
    assert_int_equal(outer.seen, PQE_OK);
    pqe_result_free(kept);
    inner.result = NULL;
    assert_ok(pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, &result, &error), error);
    assert_non_null(result);
    assert_int_equal(pqe_result_columns(result), 0);
    pqe_result_free(result);

    inner.enter_verdict = PQE_REFUSE;
    assert_status(PQE_ERR_PERMISSION,
                  pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, &result, &error), error);
    assert_string_equal(error.message, "inner says no");
    assert_null(result);
    assert_int_equal(outer.seen, PQE_ERR_PERMISSION);
    assert_int_equal(findings(engine).middleware_failures, 0);
    pqe_free_engine(engine);
    pqe_free_engine(plain);
}

/* A middleware that fails is reported, and nothing of it is left in the call. */
static void a_failing_middleware_changes_nothing(void **state)
{
    pqe_config config = support_config();
    support_log log = {.length = 0};
    probe bad = {.name = "bad", .enter_verdict = PQE_FAIL, .rewrite = "SELECT 99"};
    probe good = {.name = "good"};
    pqe_middleware required = PQE_MIDDLEWARE_INIT;
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    add(engine, &bad, 1);
    add(engine, &good, 0);
    assert_int_equal(support_number(engine, "SELECT 5"), 5);
    assert_contains(log.text, "the enter side of the middleware \"bad\" failed: bad says no");
    assert_int_equal(bad.left, 0);
    assert_int_equal(good.left, 1);
    assert_int_equal(findings(engine).middleware_failures, 1);

    bad.enter_verdict = PQE_RETRY; /* not for enter to give */
    assert_int_equal(support_number(engine, "SELECT 5"), 5);
    assert_contains(log.text, "gave the verdict 3, which it may not");
    bad.enter_verdict = PQE_PASS;
    bad.rewrite = NULL;
    bad.leave_verdict = PQE_FAIL;
    assert_int_equal(support_number(engine, "SELECT 6"), 6);
    assert_contains(log.text, "the leave side of the middleware \"bad\" failed: bad fell over");
    assert_int_equal(findings(engine).middleware_failures, 3);
    assert_ok(pqe_remove_middleware(engine, "bad", &error), error);

    bad.enter_verdict = PQE_FAIL;
    required.name = "guard";
    required.enter = enter;
    required.required = true;
    required.data = &bad;
    assert_ok(pqe_add_middleware(engine, &required, &error), error);
    assert_status(PQE_ERR_STATE, pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_contains(error.message, "\"guard\", which is required, failed: bad says no");
    pqe_free_engine(engine);
}

static void leave_may_ask_for_a_retry(void **state)
{
    char seen[512] = "";
    probe outer = {.name = "o", .record = seen};
    probe again = {.name = "r", .record = seen, .leave_verdict = PQE_RETRY, .retries = 2};
    probe inner = {.name = "i", .record = seen};
    pqe_engine *engine = support_engine(NULL);
    pqe_connection *connection;
    pqe_error error;

    (void)state;
    add(engine, &outer, 3);
    add(engine, &again, 2);
    add(engine, &inner, 1);
    /* a serialization failure, by its SQLSTATE */
    assert_status(PQE_ERR_QUERY,
                  pqe_execute(engine, "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$", PQE_NO_PARAMS,
                              NULL, &error),
                  error);
    assert_string_equal(seen, "+o +r +i -i -r +i -i -r +i -i -r -o ");
    assert_string_equal(error.sqlstate, "40001");

    /* what failed otherwise is not safe to repeat, nor is what is part of a transaction */
    again.retries = 2;
    seen[0] = '\0';
    (void)pqe_execute(engine, "SELECT 1/0", PQE_NO_PARAMS, NULL, &error);
    assert_string_equal(seen, "+o +r +i -i -r -o ");
    connection = support_acquire(engine, NULL);
    assert_ok(pqe_connection_execute(connection, "BEGIN", PQE_NO_PARAMS, NULL, &error), error);
    seen[0] = '\0';
    again.retries = 2;
    (void)pqe_connection_execute(connection, "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$",
                                 PQE_NO_PARAMS, NULL, &error);
    assert_string_equal(seen, "+o +r +i -i -r -o ");
    support_release(connection);
    pqe_free_engine(engine);
}

/* The time of a middleware covers all that lies further in: other middlewares, waiting, executing. */
static void time_of_a_middleware(void **state)
{
    pqe_config config = support_config();
    probe slow = {.name = "slow", .sleep_us = 50000};
    probe outer = {.name = "outer"};
    pqe_engine *engine;
    pqe_connection *held;
    pqe_error error;

    (void)state;
    config.pool_size = 1;
    engine = support_engine(&config);
    add(engine, &outer, 90);
    assert_ok(pqe_add_timeout(engine, 30, &error), error);
    assert_status(PQE_ERR_TIMEOUT,
                  pqe_execute(engine, "SELECT pg_sleep(10)", PQE_NO_PARAMS, NULL, &error), error);
    assert_string_equal(error.message, "the call took longer than 30 ms, the time that the "
                                       "middleware \"timeout\" gives it");
    assert_string_equal(error.sqlstate, "57014");
    assert_false(error.may_have_run);
    assert_int_equal(outer.seen, PQE_ERR_TIMEOUT);

    held = support_acquire(engine, "hog");
    assert_status(PQE_ERR_TIMEOUT, pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_contains(error.message, "\"timeout\"");
    assert_contains(error.detail, "held: by \"hog\"");
    support_release(held);

    add(engine, &slow, 0);
    assert_status(PQE_ERR_TIMEOUT, pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_int_equal(slow.entered, 1);
    assert_ok(pqe_remove_middleware(engine, "slow", &error), error);
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    pqe_free_engine(engine);
}

/* ---------------------------------------------------------------------------------------------- */

typedef struct hook_probe {
    char text[512];
    pqe_status returns;
} hook_probe;

static pqe_status look(void *data, const pqe_context *context, pqe_error *error)
{
    hook_probe *self = data;
    size_t length = strlen(self->text);
    size_t params;

    (void)pqe_context_params(context, &params);
    snprintf(self->text + length, sizeof(self->text) - length, "[%s %s %s %zu %d %d %llu]",
             pqe_context_sql(context), pqe_statement_kind_name(pqe_context_kind(context)),
             pqe_context_table(context, 0) != NULL ? pqe_context_table(context, 0) : "-", params,
             pqe_context_attempt(context), (int)pqe_context_status(context),
             (unsigned long long)pqe_context_rows(context));
    if (self->returns != PQE_OK) {
        snprintf(error->message, sizeof(error->message), "hook trouble");
    }
    return self->returns;
}

static void hooks_look_on(void **state)
{
    pqe_config config = support_config();
    support_log log = {.length = 0};
    hook_probe before = {.returns = PQE_OK};
    hook_probe after = {.returns = PQE_OK};
    pqe_engine *engine;
    pqe_error error;
    uint64_t ids[2];

    (void)state;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    assert_ok(pqe_add_hook(engine, PQE_HOOK_BEFORE_EXECUTE, look, &before, &ids[0], &error), error);
    assert_ok(pqe_add_hook(engine, PQE_HOOK_AFTER_EXECUTE, look, &after, &ids[1], &error), error);
    assert_true(ids[0] != ids[1]);
    assert_ok(pqe_execute(engine, "SELECT * FROM pg_class LIMIT %s", PQE_PARAMS(PQE_INT64(3)), NULL,
                          &error),
              error);
    assert_string_equal(before.text, "[SELECT * FROM pg_class LIMIT $1 select pg_class 1 1 0 0]");
    assert_string_equal(after.text, "[SELECT * FROM pg_class LIMIT $1 select pg_class 1 1 0 3]");
    after.text[0] = '\0';
    (void)pqe_execute(engine, "SELECT 1/0", PQE_NO_PARAMS, NULL, &error);
    assert_string_equal(after.text, "[SELECT 1/0 select - 0 1 20 0]");

    before.returns = PQE_ERR_IO;
    assert_int_equal(support_number(engine, "SELECT 3"), 3);
    assert_contains(log.text, "a hook before a statement failed: hook trouble");
    assert_int_equal(findings(engine).hook_failures, 1);
    assert_ok(pqe_remove_hook(engine, ids[0], &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_remove_hook(engine, ids[0], &error), error);
    before.text[0] = '\0';
    support_run(engine, "SELECT 1");
    assert_string_equal(before.text, "");
    pqe_free_engine(engine);
}

/* ---------------------------------------------------------------------------------------------- */

typedef struct traffic {
    pthread_t thread;
    pqe_engine *engine;
    atomic_bool *stop;
} traffic;

static void *make_traffic(void *argument)
{
    traffic *self = argument;

    while (!atomic_load(self->stop)) {
        assert_int_equal(support_number(self->engine, "SELECT 11"), 11);
    }
    return NULL;
}

static pqe_status count_hook(void *data, const pqe_context *context, pqe_error *error)
{
    (void)context;
    (void)error;
    /* freed by the test once pqe_remove_hook has returned */
    atomic_fetch_add((atomic_int *)data, 1);
    return PQE_OK;
}

static void they_change_under_traffic(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    traffic threads[4];
    atomic_bool stop = false;
    probe probes[3] = {{.name = "x"}, {.name = "y"}, {.name = "z"}};
    pqe_error error;

    (void)state;
    for (int i = 0; i < 4; i++) {
        threads[i].engine = engine;
        threads[i].stop = &stop;
        assert_int_equal(pthread_create(&threads[i].thread, NULL, make_traffic, &threads[i]), 0);
    }
    for (int round = 0; round < 60; round++) {
        atomic_int *counter = calloc(1, sizeof(*counter));
        uint64_t id;

        for (int i = 0; i < 3; i++) {
            add(engine, &probes[i], i);
        }
        assert_ok(pqe_add_hook(engine, PQE_HOOK_AFTER_EXECUTE, count_hook, counter, &id, &error),
                  error);
        usleep(500);
        assert_ok(pqe_remove_hook(engine, id, &error), error);
        free(counter);
        if (round % 2 == 0) {
            assert_ok(pqe_clear_middlewares(engine, &error), error);
        } else {
            for (int i = 0; i < 3; i++) {
                assert_ok(pqe_remove_middleware(engine, probes[i].name, &error), error);
            }
        }
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i].thread, NULL);
    }
    pqe_free_engine(engine);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(probes[i].released, 60);
        assert_int_equal(probes[i].entered, probes[i].left);
    }
}

/* ---------------------------------------------------------------------------------------------- */

static void shipped_logging(void **state)
{
    pqe_config config = support_config();
    support_log log = {.length = 0};
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    assert_ok(pqe_add_logging(engine, PQE_LOG_INFO, 0, &error), error);
    assert_ok(pqe_execute(engine, "SELECT relname FROM pg_class WHERE relname = %s",
                          PQE_PARAMS(PQE_TEXT("s3cret")), NULL, &error),
              error);
    (void)pqe_execute(engine, "SELECT 1/0", PQE_NO_PARAMS, NULL, &error);
    assert_contains(log.text, "1 select pg_class: 0 rows, ");
    assert_contains(log.text, "2 select: 0 rows, ");
    assert_contains(log.text, "PQE_ERR_QUERY 22012: division by zero");
    assert_null(strstr(log.text, "s3cret"));
    assert_ok(pqe_remove_middleware(engine, "logging", &error), error);
    assert_ok(pqe_add_logging(engine, PQE_LOG_INFO, 10000, &error), error);
    log.length = 0;
    log.text[0] = '\0';
    support_run(engine, "SELECT 1");
    assert_string_equal(log.text, "");
    pqe_free_engine(engine);
}

typedef struct observed {
    int count;
    pqe_observation last;
    char sql[200];
    char table[100];
    char sqlstate[6];
} observed;

static void keep_observation(void *data, const pqe_observation *observation)
{
    observed *self = data;

    self->count++;
    self->last = *observation;
    snprintf(self->sql, sizeof(self->sql), "%s", observation->sql);
    snprintf(self->table, sizeof(self->table), "%s", observation->table);
    snprintf(self->sqlstate, sizeof(self->sqlstate), "%s",
             observation->error != NULL ? observation->error->sqlstate : "");
}

static void shipped_metrics_and_audit(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    observed all = {.count = 0};
    observed changes = {.count = 0};
    pqe_error error;

    (void)state;
    assert_ok(pqe_add_observer(engine, keep_observation, &all, &error), error);
    assert_ok(pqe_add_audit(engine, keep_observation, &changes, &error), error);
    support_run(engine, "CREATE TABLE test_audited (a int)");
    assert_int_equal(changes.count, 1);
    assert_int_equal(changes.last.kind, PQE_STATEMENT_OTHER);
    assert_ok(pqe_execute(engine, "INSERT INTO test_audited SELECT generate_series(1, %s)",
                          PQE_PARAMS(PQE_INT32(5)), NULL, &error),
              error);
    assert_int_equal(changes.count, 2);
    assert_string_equal(changes.table, "test_audited");
    assert_int_equal(changes.last.rows, 5);
    assert_int_equal(changes.last.attempts, 1);
    assert_true(changes.last.duration_us > 0);
    assert_true(changes.last.started_at_us > INT64_C(1600000000000000));
    support_run(engine, "SELECT * FROM test_audited");
    assert_int_equal(changes.count, 2);
    support_run(engine,
                "WITH d AS (DELETE FROM test_audited WHERE a = 1 RETURNING a) SELECT * FROM d");
    assert_int_equal(changes.count, 3);
    assert_int_equal(all.count, 4);
    (void)pqe_execute(engine, "INSERT INTO test_audited VALUES (1/0)", PQE_NO_PARAMS, NULL, &error);
    assert_int_equal(changes.last.status, PQE_ERR_QUERY);
    assert_string_equal(changes.sqlstate, "22012");
    support_run(engine, "DROP TABLE test_audited");
    pqe_free_engine(engine);
}

static void shipped_retry(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    observed seen = {.count = 0};
    pqe_error error;

    (void)state;
    support_run(engine, "CREATE SEQUENCE test_tries");
    support_run(engine, "CREATE FUNCTION test_try() RETURNS bigint LANGUAGE plpgsql AS $$ "
                        "DECLARE n bigint := nextval('test_tries'); BEGIN "
                        "IF n < 3 THEN RAISE SQLSTATE '40P01'; END IF; RETURN n; END $$");
    assert_ok(pqe_add_observer(engine, keep_observation, &seen, &error), error);
    assert_ok(pqe_add_retry(engine, 5, 1, &error), error);
    assert_int_equal(support_number(engine, "SELECT test_try()"), 3);
    assert_int_equal(seen.last.attempts, 3);
    assert_int_equal(seen.count, 1);
    support_run(engine, "SELECT setval('test_tries', 1, false)");
    assert_ok(pqe_remove_middleware(engine, "retry", &error), error);
    assert_ok(pqe_add_retry(engine, 1, 1, &error), error);
    assert_status(PQE_ERR_QUERY,
                  pqe_execute(engine, "SELECT test_try()", PQE_NO_PARAMS, NULL, &error), error);
    assert_int_equal(seen.last.attempts, 2);
    support_run(engine, "DROP FUNCTION test_try(); ");
    support_run(engine, "DROP SEQUENCE test_tries");
    pqe_free_engine(engine);
}

static void check_valid(pqe_engine *engine, const char *sql, const char *refusal)
{
    pqe_error error;
    pqe_status status = pqe_execute(engine, sql, PQE_NO_PARAMS, NULL, &error);

    if (refusal == NULL) {
        assert_int_equal(status, PQE_OK);
    } else {
        assert_int_equal(status, PQE_ERR_INVALID_ARGUMENT);
        assert_contains(error.message, refusal);
        assert_string_equal(error.statement, sql);
    }
}

static void shipped_validation(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_validation rules = PQE_VALIDATION_INIT;
    pqe_error error;

    (void)state;
    support_run(engine, "CREATE TABLE test_valid (a int)");
    assert_ok(pqe_add_validation(engine, &rules, &error), error);
    check_valid(engine, "DELETE FROM test_valid", "without WHERE");
    check_valid(engine, "UPDATE test_valid SET a = (SELECT 1 WHERE true)", "without WHERE");
    check_valid(engine, "DELETE FROM test_valid WHERE a = 1", NULL);
    check_valid(engine, "INSERT INTO test_valid VALUES (1)", NULL);
    check_valid(engine,
                "WITH d AS (DELETE FROM test_valid RETURNING a) SELECT * FROM d WHERE a = 2",
                "without WHERE");
    assert_ok(pqe_remove_middleware(engine, "validation", &error), error);
    rules.read_only = true;
    rules.longest_sql = 60;
    assert_ok(pqe_add_validation(engine, &rules, &error), error);
    check_valid(engine, "INSERT INTO test_valid VALUES (2)", "only reading");
    check_valid(engine, "SELECT 1 INTO test_new", "only reading");
    check_valid(engine, "SELECT count(*) FROM test_valid", NULL);
    check_valid(engine, "SELECT '................................................................'",
                "too long");
    assert_ok(pqe_remove_middleware(engine, "validation", &error), error);
    rules.read_only = false;
    rules.data_only = true;
    rules.longest_sql = 0;
    assert_ok(pqe_add_validation(engine, &rules, &error), error);
    check_valid(engine, "DROP TABLE test_valid", "it is no SELECT");
    check_valid(engine, "INSERT INTO test_valid VALUES (2)", NULL);
    assert_ok(pqe_clear_middlewares(engine, &error), error);
    support_run(engine, "DROP TABLE test_valid");
    pqe_free_engine(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(higher_is_further_out),
        cmocka_unit_test(bad_middlewares_are_refused),
        cmocka_unit_test(enter_rewrites_answers_refuses),
        cmocka_unit_test(a_failing_middleware_changes_nothing),
        cmocka_unit_test(leave_may_ask_for_a_retry),
        cmocka_unit_test(time_of_a_middleware),
        cmocka_unit_test(hooks_look_on),
        cmocka_unit_test(they_change_under_traffic),
        cmocka_unit_test(shipped_logging),
        cmocka_unit_test(shipped_metrics_and_audit),
        cmocka_unit_test(shipped_retry),
        cmocka_unit_test(shipped_validation),
    };

    return cmocka_run_group_tests_name("middlewares", tests, support_need_server, NULL);
}
