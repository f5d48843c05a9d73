/*
 * test_copy.c - COPY from and to the program
 */
#include "support.h"

#define COPY_IN "COPY test_copy FROM STDIN"

static pqe_engine *engine;

static int setup(void **state)
{
    pqe_config config = support_config();

    if (support_need_server(state) != 0) {
        return -1;
    }
    config.pool_size = 1; /* whatever goes wrong is seen by the next one */
    config.pool_timeout_ms = 0;
    engine = support_engine(&config);
    support_run(engine, "DROP TABLE IF EXISTS test_copy");
    support_run(engine, "CREATE TABLE test_copy (id int PRIMARY KEY, name text)");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    support_run(engine, "DROP TABLE test_copy");
    pqe_free_engine(engine);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    support_run(engine, "TRUNCATE test_copy");
    return 0;
}

static int64_t count(void)
{
    return support_number(engine, "SELECT count(*) FROM test_copy");
}

static pqe_copy copy_from(const char *sql, pqe_copy_memory *memory)
{
    pqe_copy copy = PQE_COPY_INIT;

    copy.sql = sql;
    copy.read = pqe_copy_from_memory;
    copy.data = memory;
    return copy;
}

static pqe_copy_memory memory_of(char *text)
{
    pqe_copy_memory memory = {text, strlen(text), 0};

    return memory;
}

/* Makes so many rows, one a call. */
typedef struct source {
    int rows;
    int made;
    int fail_after;
    pqe_status status;
    const char *words;
} source;

static pqe_status make_rows(void *data, char *buffer, size_t size, size_t *length, pqe_error *error)
{
    source *self = data;

    *length = 0;
    if (self->fail_after > 0 && self->made == self->fail_after) {
        snprintf(error->message, sizeof(error->message), "%s", self->words);
        return self->status;
    }
    if (self->made < self->rows) {
        self->made++;
        *length = (size_t)snprintf(buffer, size, "%d\trow %d\n", self->made, self->made);
    }
    return PQE_OK;
}

static void in_and_out(void **state)
{
    source rows = {.rows = 20000};
    pqe_copy copy = PQE_COPY_INIT;
    pqe_copy_memory memory = {NULL, 0, 0};
    pqe_copy_memory back;
    pqe_error error;
    uint64_t copied = 0;

    (void)state;
    copy.sql = COPY_IN;
    copy.read = make_rows;
    copy.data = &rows;
    assert_ok(pqe_copy_run(engine, &copy, &copied, &error), error);
    assert_int_equal(copied, 20000);
    assert_int_equal(count(), 20000);

    copy = (pqe_copy)PQE_COPY_INIT;
    copy.sql = "COPY (SELECT * FROM test_copy ORDER BY id) TO STDOUT";
    copy.write = pqe_copy_to_memory;
    copy.data = &memory;
    assert_ok(pqe_copy_run(engine, &copy, &copied, &error), error);
    assert_int_equal(copied, 20000);
    assert_int_equal(strncmp(memory.bytes, "1\trow 1\n2\trow 2\n", 16), 0);

    /* what came out goes in again */
    support_run(engine, "TRUNCATE test_copy");
    back = (pqe_copy_memory){memory.bytes, memory.length, 0};
    copy = copy_from(COPY_IN, &back);
    assert_ok(pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_int_equal(support_number(engine, "SELECT sum(id) FROM test_copy"), 200010000);
    pqe_free(memory.bytes);
}

static void files(void **state)
{
    FILE *file = tmpfile();
    pqe_copy copy = PQE_COPY_INIT;
    pqe_error error;
    uint64_t copied = 0;

    (void)state;
    assert_non_null(file);
    support_run(engine, "INSERT INTO test_copy SELECT n, 'a,\"b\"' FROM generate_series(1, 3) n");
    copy.sql = "COPY test_copy TO STDOUT WITH (FORMAT csv, HEADER)";
    copy.write = pqe_copy_to_file;
    copy.data = file;
    assert_ok(pqe_copy_run(engine, &copy, &copied, &error), error);
    assert_int_equal(copied, 3);
    rewind(file);
    support_run(engine, "TRUNCATE test_copy");
    copy.sql = "COPY test_copy FROM STDIN WITH (FORMAT csv, HEADER)";
    copy.read = pqe_copy_from_file;
    assert_ok(pqe_copy_run(engine, &copy, &copied, &error), error);
    assert_int_equal(
        support_number(engine, "SELECT count(*) FROM test_copy WHERE name = 'a,\"b\"'"), 3);
    fclose(file);
    /* a file that is open for writing only */
    file = fopen("/dev/null", "w");
    copy.data = file;
    assert_status(PQE_ERR_IO, pqe_copy_run(engine, &copy, &copied, &error), error);
    assert_contains(error.message, "cannot be read");
    fclose(file);
    assert_int_equal(count(), 3);
}

/* The server names the line, and nothing of the COPY stays. */
static void a_bad_row(void **state)
{
    char text[] = "1\tone\n2\ttwo\nthree\tthree\n4\tfour\n";
    char twice[] = "1\tone\n1\tone\n";
    char columns[] = "1\tone\tmore\n";
    char utf8[] = "1\t\xC3(\n";
    pqe_copy_memory memory = memory_of(text);
    pqe_copy copy = copy_from(COPY_IN, &memory);
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_QUERY, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_string_equal(error.sqlstate, "22P02");
    assert_contains(error.context, "COPY test_copy, line 3, column id: \"three\"");
    assert_string_equal(error.statement, COPY_IN);
    memory = memory_of(twice);
    assert_status(PQE_ERR_QUERY, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_string_equal(error.sqlstate, "23505");
    assert_contains(error.context, "line 2");
    memory = memory_of(columns);
    assert_status(PQE_ERR_QUERY, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_contains(error.context, "line 1");
    memory = memory_of(utf8);
    assert_status(PQE_ERR_QUERY, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_string_equal(error.sqlstate, "22021");
    assert_contains(error.context, "line 1");
    assert_int_equal(count(), 0);
}

/* A bad row far ahead of what is still being sent. */
static void a_bad_row_early_in_many(void **state)
{
    size_t size = 8 << 20;
    char *text = malloc(size + 1);
    pqe_copy_memory memory;
    pqe_copy copy = copy_from(COPY_IN, &memory);
    pqe_error error;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', size);
    for (size_t i = 99; i < size; i += 100) {
        text[i] = '\n';
    }
    text[size] = '\0';
    memory = memory_of(text);
    assert_status(PQE_ERR_QUERY, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_contains(error.context, "line 1");
    free(text);
    assert_int_equal(count(), 0);
}

static void the_source_fails(void **state)
{
    source rows = {.rows = 100, .fail_after = 50, .status = PQE_ERR_IO, .words = "no more paper"};
    pqe_copy copy = PQE_COPY_INIT;
    pqe_error error;

    (void)state;
    copy.sql = COPY_IN;
    copy.read = make_rows;
    copy.data = &rows;
    assert_status(PQE_ERR_IO, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_string_equal(error.message, "no more paper");
    assert_int_equal(count(), 0);
    rows = (source){.rows = 100, .fail_after = 1, .status = PQE_ERR_STATE, .words = ""};
    assert_status(PQE_ERR_STATE, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_contains(error.message, "read of the COPY returned PQE_ERR_STATE");
}

static pqe_status stop_at_third(void *data, const char *bytes, size_t length, pqe_error *error)
{
    int *rows = data;

    assert_int_equal(bytes[length - 1], '\n');
    if (++*rows == 3) {
        snprintf(error->message, sizeof(error->message), "three are enough");
        return PQE_ERR_STATE;
    }
    return PQE_OK;
}

static void the_sink_fails(void **state)
{
    static const char *const sql[] = {"COPY (SELECT generate_series(1, 50000000)) TO STDOUT",
                                      "COPY (SELECT generate_series(1, 4)) TO STDOUT"};
    int64_t pid = support_number(engine, "SELECT pg_backend_pid()");
    pqe_error error;

    (void)state;
    for (int i = 0; i < 2; i++) {
        int rows = 0;
        pqe_copy copy = PQE_COPY_INIT;

        copy.sql = sql[i];
        copy.write = stop_at_third;
        copy.data = &rows;
        assert_status(PQE_ERR_STATE, pqe_copy_run(engine, &copy, NULL, &error), error);
        assert_string_equal(error.message, "three are enough");
        assert_int_equal(rows, 3);
        assert_int_equal(support_number(engine, "SELECT pg_backend_pid()"), pid);
    }
}

static void the_server_fails_on_the_way_out(void **state)
{
    pqe_copy_memory memory = {NULL, 0, 0};
    pqe_copy copy = PQE_COPY_INIT;
    pqe_error error;

    (void)state;
    copy.sql = "COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO STDOUT";
    copy.write = pqe_copy_to_memory;
    copy.data = &memory;
    assert_status(PQE_ERR_QUERY, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_string_equal(error.sqlstate, "22012");
    pqe_free(memory.bytes);
    memory = (pqe_copy_memory){NULL, 0, 0};
    copy.sql = "COPY (SELECT pg_sleep(1000)) TO STDOUT";
    copy.timeout_ms = 30;
    assert_status(PQE_ERR_TIMEOUT, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    pqe_free(memory.bytes);
}

static void on_other_handles(void **state)
{
    char text[] = "1\tone\n";
    pqe_copy_memory memory = memory_of(text);
    pqe_copy copy = copy_from(COPY_IN, &memory);
    pqe_connection *connection = support_acquire(engine, NULL);
    pqe_transaction *transaction;
    pqe_error error;

    (void)state;
    assert_ok(pqe_connection_copy(connection, &copy, NULL, &error), error);
    support_release(connection);
    assert_int_equal(count(), 1);
    support_run(engine, "TRUNCATE test_copy");
    assert_ok(pqe_transaction_begin(engine, NULL, &transaction, &error), error);
    memory = memory_of(text);
    assert_ok(pqe_transaction_copy(transaction, &copy, NULL, &error), error);
    assert_ok(pqe_transaction_rollback(transaction, &error), error);
    assert_int_equal(count(), 0);
    assert_ok(pqe_transaction_begin(engine, NULL, &transaction, &error), error);
    text[0] = 'x';
    memory = memory_of(text);
    assert_status(PQE_ERR_QUERY, pqe_transaction_copy(transaction, &copy, NULL, &error), error);
    assert_status(PQE_ERR_QUERY, pqe_transaction_commit(transaction, &error), error);
    assert_contains(error.detail, COPY_IN);
}

static void what_is_no_copy(void **state)
{
    char text[] = "";
    pqe_copy_memory memory = memory_of(text);
    pqe_copy copy = copy_from("SELECT 1", &memory);
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_contains(error.message, "is no COPY");
    copy.sql = "COPY test_copy TO STDOUT";
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_contains(error.message, "write is NULL");
    copy = copy_from("nonsense", &memory);
    assert_status(PQE_ERR_QUERY, pqe_copy_run(engine, &copy, NULL, &error), error);
    copy.sql = NULL;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_copy_run(engine, &copy, NULL, &error), error);
    copy = copy_from(COPY_IN, &memory);
    copy.read = NULL;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_copy_run(engine, &copy, NULL, &error), error);
    copy.write = pqe_copy_to_memory;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_contains(error.message, "read is NULL");
    copy.version = 9;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_copy_run(engine, &copy, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_copy_run(engine, NULL, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_copy_run(NULL, &copy, NULL, &error), error);
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(in_and_out, empty),
        cmocka_unit_test_setup(files, empty),
        cmocka_unit_test_setup(a_bad_row, empty),
        cmocka_unit_test_setup(a_bad_row_early_in_many, empty),
        cmocka_unit_test_setup(the_source_fails, empty),
        cmocka_unit_test_setup(the_sink_fails, empty),
        cmocka_unit_test_setup(the_server_fails_on_the_way_out, empty),
        cmocka_unit_test_setup(on_other_handles, empty),
        cmocka_unit_test_setup(what_is_no_copy, empty),
    };

    return cmocka_run_group_tests_name("copy", tests, setup, teardown);
}
