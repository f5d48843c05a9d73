/*
 * test_to_sql.c - objects that write themselves as statements
 */
#include "support.h"

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

/* An object of a program's own: a lookup of names in the catalog. */
typedef struct lookup {
    const char *table;
    const char *column;
    const char *value;
} lookup;

static pqe_status write_lookup(const void *object, pqe_sql *sql, pqe_error *error)
{
    const lookup *self = object;

    (void)error;
    pqe_sql_append(sql, "SELECT count(*), 7 % 4, '%s' FROM ");
    pqe_sql_identifier(sql, self->table);
    pqe_sql_append(sql, " AS t WHERE t.");
    pqe_sql_identifier(sql, self->column);
    pqe_sql_append(sql, " = ");
    pqe_sql_param(sql, pqe_param_text(self->value));
    return PQE_OK;
}

static pqe_status refuse(const void *object, pqe_sql *sql, pqe_error *error)
{
    (void)sql;
    if (object != NULL) {
        error->code = PQE_ERR_STATE;
        snprintf(error->message, sizeof(error->message), "%s", (const char *)object);
    }
    return PQE_ERR_STATE;
}

static pqe_status write_nothing(const void *object, pqe_sql *sql, pqe_error *error)
{
    (void)object;
    (void)sql;
    (void)error;
    return PQE_OK;
}

static pqe_status write_percent(const void *object, pqe_sql *sql, pqe_error *error)
{
    (void)object;
    (void)error;
    pqe_sql_append(sql, "SELECT s.s %s.s FROM (VALUES (7)) s (s)");
    return PQE_OK;
}

static pqe_call call_of(pqe_to_sql to_sql, const void *object)
{
    pqe_call call = PQE_CALL_INIT;

    call.to_sql = to_sql;
    call.object = object;
    return call;
}

static void an_object_is_executed(void **state)
{
    const lookup self = {"pg_catalog.pg_class", "relname", "pg_class"};
    pqe_call call = call_of(write_lookup, &self);
    pqe_connection *connection = support_acquire(engine, NULL);
    pqe_transaction *transaction;
    pqe_result *result;
    pqe_error error;
    int64_t number = 0;
    const char *text;

    (void)state;
    for (int i = 0; i < 3; i++) { /* prepared from the second time on */
        assert_ok(pqe_execute_call(engine, &call, &result, &error), error);
        assert_ok(pqe_get_int64(result, 0, 0, &number, &error), error);
        assert_int_equal(number, 1);
        assert_ok(pqe_get_int64(result, 0, 1, &number, &error), error);
        assert_int_equal(number, 3);
        assert_ok(pqe_get_text(result, 0, 2, &text, &error), error);
        assert_string_equal(text, "%s");
        pqe_result_free(result);
    }
    assert_ok(pqe_connection_execute_call(connection, &call, NULL, &error), error);
    support_release(connection);
    assert_ok(pqe_transaction_begin(engine, NULL, &transaction, &error), error);
    assert_ok(pqe_transaction_execute_call(transaction, &call, NULL, &error), error);
    assert_ok(pqe_transaction_rollback(transaction, &error), error);
    call = call_of(write_percent, NULL);
    assert_ok(pqe_execute_call(engine, &call, &result, &error), error);
    assert_ok(pqe_get_int64(result, 0, 0, &number, &error), error);
    assert_int_equal(number, 0);
    pqe_result_free(result);
}

static void check_name(const char *name, const char *mistake)
{
    const lookup self = {name, "relname", "x"};
    pqe_call call = call_of(write_lookup, &self);
    pqe_error error;

    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_contains(error.message, mistake);
}

static void names_are_quoted_or_refused(void **state)
{
    static const char *const odd[] = {"odd\"\"; DROP TABLE odd --", "Odd", "\"o.d d\"",
                                      "\"a\"\"b\".\"c\"", "\xC3\xA9t\xC3\xA9"};
    pqe_error error;

    (void)state;
    for (size_t i = 1; i < sizeof(odd) / sizeof(odd[0]); i++) {
        const lookup self = {odd[i], "relname", "x"};
        pqe_call call = call_of(write_lookup, &self);

        assert_status(PQE_ERR_QUERY, pqe_execute_call(engine, &call, NULL, &error), error);
        assert_string_equal(error.sqlstate, "42P01"); /* no such table, and not a syntax error */
    }
    check_name(NULL, "a name is NULL");
    check_name("", "\"\" is no name: a part of it is empty");
    check_name("a..b", "a part of it is empty");
    check_name("a.", "a part of it is empty");
    check_name("\"\"", "a part of it is empty");
    check_name("\"a", "a quote is never closed");
    check_name("a\"b", "a quote in its middle");
    check_name("a b", "something follows its end");
    check_name(odd[0], "a quote in its middle");
    check_name("\xC3", "not valid UTF-8");
    check_name("\xED\xA0\x80", "not valid UTF-8");
    check_name("\xC0\xAF", "not valid UTF-8");
    check_name("\xF5\x80\x80\x80", "not valid UTF-8");
}

static void mistakes_are_told(void **state)
{
    const lookup self = {"pg_catalog.pg_class", "relname", "pg_class"};
    pqe_call call = call_of(refuse, "not today");
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_STATE, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_string_equal(error.message, "not today");
    call.object = NULL;
    assert_status(PQE_ERR_STATE, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_contains(error.message, "cannot be written");
    call = call_of(write_nothing, NULL);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_contains(error.message, "wrote no statement");
    call = call_of(write_lookup, &self);
    call.sql = "SELECT 1";
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_contains(error.message, "both to_sql and sql");
    call.sql = NULL;
    call.param_count = 1;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute_call(engine, &call, NULL, &error), error);
    assert_contains(error.message, "both to_sql and params");
    pqe_sql_append(NULL, "x");
    pqe_sql_identifier(NULL, "x");
    pqe_sql_param(NULL, pqe_param_null());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_is_executed),
        cmocka_unit_test(names_are_quoted_or_refused),
        cmocka_unit_test(mistakes_are_told),
    };

    return cmocka_run_group_tests_name("to_sql", tests, setup, teardown);
}
