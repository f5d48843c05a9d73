/*
 * test_results.c - parameters to the server and back, and the getters
 */
#include "support.h"

#include <math.h>

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

static pqe_result *query(const char *sql, const pqe_param *params, size_t count)
{
    pqe_result *result;
    pqe_error error;

    assert_ok(pqe_execute(engine, sql, params, count, &result, &error), error);
    assert_non_null(result);
    return result;
}

static void numbers_go_there_and_back(void **state)
{
    static const int64_t integers[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    static const double reals[] = {0.1, -1e300, 5e-324, 1.7976931348623157e308};
    pqe_error error;

    (void)state;
    for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
        pqe_result *result = query("SELECT %s", PQE_PARAMS(PQE_INT64(integers[i])));
        int64_t value = 0;

        assert_ok(pqe_get_int64(result, 0, 0, &value, &error), error);
        assert_true(value == integers[i]);
        assert_int_equal(pqe_result_column_type(result, 0), 20);
        pqe_result_free(result);
    }
    for (size_t i = 0; i < sizeof(reals) / sizeof(reals[0]); i++) {
        pqe_result *result = query("SELECT %s", PQE_PARAMS(PQE_DOUBLE(reals[i])));
        double value = 0;

        assert_ok(pqe_get_double(result, 0, 0, &value, &error), error);
        assert_true(value == reals[i]);
        pqe_result_free(result);
    }
}

static void every_kind_of_parameter_arrives(void **state)
{
    static const uint8_t bytes[] = {0, 1, 0xFF, '\\', '\''};
    const pqe_uuid uuid = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    pqe_result *result = query(
        "SELECT $1::text || $2::text || $3::text || $4::text, $5, $6, $7, $8, $9, $10, $11, $12, "
        "$13::text, $14 AS null, $15 + 1, pg_typeof($16)::text, $17",
        PQE_PARAMS(PQE_BOOL(true), PQE_INT16(-2), PQE_INT32(3), PQE_TEXT("x\xC3\xA9'\\"),
                   PQE_FLOAT(1.5F), PQE_BYTES(bytes, sizeof(bytes)), PQE_UUID(&uuid),
                   PQE_NUMERIC("12345678901234567890.12"), PQE_JSON("{\"a\": 1}"),
                   PQE_JSONB("{\"a\":1}"), PQE_DATE(19782),
                   PQE_TIMESTAMPTZ(INT64_C(1709164800123456)),
                   PQE_TIMESTAMP(INT64_C(1709164800000000)), PQE_NULL, PQE_TEXT("41"),
                   PQE_TYPED(25, "t"), PQE_BOOL(false)));
    pqe_error error;
    const char *text;
    const uint8_t *data;
    size_t length;
    pqe_uuid back;
    int64_t number;
    int32_t days;
    float real;
    bool flag = true;

    (void)state;
    assert_ok(pqe_get_text(result, 0, 0, &text, &error), error);
    assert_string_equal(text, "true-23x\xC3\xA9'\\");
    assert_ok(pqe_get_float(result, 0, 1, &real, &error), error);
    assert_true(real == 1.5F);
    assert_ok(pqe_get_bytes(result, 0, 2, &data, &length, &error), error);
    assert_int_equal(length, sizeof(bytes));
    assert_memory_equal(data, bytes, length);
    assert_ok(pqe_get_uuid(result, 0, 3, &back, &error), error);
    assert_memory_equal(&back, &uuid, sizeof(uuid));
    assert_ok(pqe_get_text(result, 0, 4, &text, &error), error);
    assert_string_equal(text, "12345678901234567890.12");
    assert_ok(pqe_get_text(result, 0, 5, &text, &error), error);
    assert_string_equal(text, "{\"a\": 1}");
    assert_ok(pqe_get_text(result, 0, 6, &text, &error), error);
    assert_string_equal(text, "{\"a\": 1}");
    assert_ok(pqe_get_date(result, 0, 7, &days, &error), error);
    assert_int_equal(days, 19782);
    assert_ok(pqe_get_timestamp(result, 0, 8, &number, &error), error);
    assert_true(number == INT64_C(1709164800123456));
    assert_ok(pqe_get_text(result, 0, 9, &text, &error), error);
    assert_string_equal(text, "2024-02-29 00:00:00");
    assert_true(pqe_is_null(result, 0, 10));
    assert_ok(pqe_get_int64(result, 0, 11, &number, &error), error);
    assert_int_equal(number, 42);
    assert_ok(pqe_get_text(result, 0, 12, &text, &error), error);
    assert_string_equal(text, "text");
    assert_ok(pqe_get_bool(result, 0, 13, &flag, &error), error);
    assert_false(flag);
    pqe_result_free(result);
}

/* The server says what it understood; times are those of the wire, not of the session. */
static void moments_are_the_servers(void **state)
{
    pqe_result *result =
        query("SELECT extract(epoch FROM $1)::text, $2::text, $3::text, $4::text, $5::text, "
              "time '13:14:15.16'",
              PQE_PARAMS(PQE_TIMESTAMPTZ(INT64_C(-1500000)), PQE_TIMESTAMP(INT64_MAX),
                         PQE_DATE(INT32_MIN), PQE_DATE(0), PQE_DATE(-719163)));
    static const char *const wanted[] = {"-1.500000", "infinity", "-infinity", "1970-01-01",
                                         "0001-12-31 BC"};
    pqe_error error;
    int64_t time;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        const char *text;

        assert_ok(pqe_get_text(result, 0, i, &text, &error), error);
        assert_string_equal(text, wanted[i]);
    }
    assert_ok(pqe_get_time(result, 0, 5, &time, &error), error);
    assert_true(time == INT64_C(47655160000));
    pqe_result_free(result);
}

static void arrays_arrive(void **state)
{
    static const int64_t integers[] = {1, -2, INT64_MAX};
    static const double reals[] = {0.5, -1};
    static const char *const texts[] = {"a", NULL, "b\"{},\\ ", ""};
    pqe_result *result =
        query("SELECT %s::text, %s::text, %s::text, %s::text, array_length(%s, 1), %s IS NULL",
              PQE_PARAMS(PQE_INT64_ARRAY(integers, 3), PQE_DOUBLE_ARRAY(reals, 2),
                         PQE_TEXT_ARRAY(texts, 4), PQE_INT64_ARRAY(integers, 0),
                         PQE_TEXT_ARRAY(texts, 4), PQE_INT64_ARRAY(NULL, 0)));
    static const char *const wanted[] = {"{1,-2,9223372036854775807}",
                                         "{0.5,-1}",
                                         "{a,NULL,\"b\\\"{},\\\\ \",\"\"}",
                                         "{}",
                                         "4",
                                         "t"};
    pqe_error error;

    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const char *text;

        assert_ok(pqe_get_text(result, 0, i, &text, &error), error);
        assert_string_equal(text, wanted[i]);
    }
    pqe_result_free(result);
}

static void more_parameters_than_a_few(void **state)
{
    pqe_param params[200];
    char sql[2000] = "SELECT 0";
    pqe_result *result;
    pqe_error error;
    int64_t sum = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        params[i] = pqe_param_int32(i);
        strcat(sql, " + %s");
    }
    result = query(sql, params, 200);
    assert_ok(pqe_get_int64(result, 0, 0, &sum, &error), error);
    assert_int_equal(sum, 19900);
    pqe_result_free(result);
}

static void getters_refuse_what_does_not_fit(void **state)
{
    pqe_result *result =
        query("SELECT 70000 AS big, 'x' AS word, NULL::int AS nothing, 1.5 AS part", NULL, 0);
    pqe_error error;
    int16_t small = 7;
    int32_t number = 7;
    double real = 7;
    bool flag = true;
    const char *text = "left";
    const uint8_t *data;
    size_t length = 1;

    (void)state;
    assert_status(PQE_ERR_TYPE, pqe_get_int16(result, 0, 0, &small, &error), error);
    assert_int_equal(small, 7);
    assert_contains(error.message, "\"big\"");
    assert_status(PQE_ERR_TYPE, pqe_get_int32(result, 0, 1, &number, &error), error);
    assert_status(PQE_ERR_TYPE, pqe_get_int32(result, 0, 3, &number, &error), error);
    assert_ok(pqe_get_double(result, 0, 3, &real, &error), error);
    assert_true(real == 1.5);
    assert_status(PQE_ERR_TYPE, pqe_get_bool(result, 0, 1, &flag, &error), error);
    assert_status(PQE_ERR_TYPE, pqe_get_bytes(result, 0, 1, &data, &length, &error), error);
    assert_null(data);
    assert_status(PQE_ERR_NULL_VALUE, pqe_get_int32(result, 0, 2, &number, &error), error);
    assert_int_equal(number, 7);
    assert_contains(error.message, "\"nothing\" is NULL in row 0");
    assert_ok(pqe_get_text(result, 0, 2, &text, &error), error);
    assert_null(text);
    assert_status(PQE_ERR_COLUMN, pqe_get_int32(result, 1, 0, &number, &error), error);
    assert_contains(error.message, "1 row,");
    assert_status(PQE_ERR_COLUMN, pqe_get_int32(result, 0, 4, &number, &error), error);
    assert_status(PQE_ERR_COLUMN, pqe_get_text_by_name(result, 0, "Big", &text, &error), error);
    assert_contains(error.message, "\"Big\"");
    assert_ok(pqe_get_int32_by_name(result, 0, "big", &number, &error), error);
    assert_int_equal(number, 70000);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_get_int32(NULL, 0, 0, &number, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_get_int32(result, 0, 0, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_get_bytes(result, 0, 0, &data, NULL, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_get_text_by_name(result, 0, NULL, &text, &error),
                  error);
    assert_int_equal(pqe_get_int32(NULL, 0, 0, NULL, NULL), PQE_ERR_INVALID_ARGUMENT);
    pqe_result_free(result);
}

static void results_tell_about_themselves(void **state)
{
    pqe_result *result = query("SELECT 1 AS a, 2 AS \"B\" FROM generate_series(1, 3)", NULL, 0);

    (void)state;
    assert_int_equal(pqe_result_rows(result), 3);
    assert_int_equal(pqe_result_columns(result), 2);
    assert_int_equal(pqe_result_affected(result), 3);
    assert_string_equal(pqe_result_command(result), "SELECT 3");
    assert_string_equal(pqe_result_column_name(result, 1), "B");
    assert_null(pqe_result_column_name(result, 2));
    assert_int_equal(pqe_result_column(result, "B"), 1);
    assert_int_equal(pqe_result_column(result, "b"), -1);
    assert_int_equal(pqe_result_column(result, NULL), -1);
    assert_true(pqe_is_null(result, 9, 0));
    pqe_result_free(result);
    assert_int_equal(pqe_result_rows(NULL), 0);
    assert_int_equal(pqe_result_columns(NULL), 0);
    assert_int_equal(pqe_result_affected(NULL), 0);
    assert_string_equal(pqe_result_command(NULL), "");
    assert_null(pqe_result_column_name(NULL, 0));
    pqe_result_free(NULL);
}

/* A result needs neither its connection nor its engine. */
static void results_outlive_the_engine(void **state)
{
    pqe_engine *other = support_engine(NULL);
    pqe_result *result;
    pqe_error error;
    const char *text;

    (void)state;
    assert_ok(pqe_execute(other, "SELECT 'still here'", PQE_NO_PARAMS, &result, &error), error);
    pqe_free_engine(other);
    assert_ok(pqe_get_text(result, 0, 0, &text, &error), error);
    assert_string_equal(text, "still here");
    pqe_result_free(result);
}

/* ---------------------------------------------------------------------------------------------- */
/* Structs                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

#define SAMPLE_FIELDS(FIELD)                                                                       \
    FIELD(int64, id, "GENERATED ALWAYS AS IDENTITY PRIMARY KEY")                                   \
    FIELD(bool, order, "DEFAULT true")                                                             \
    FIELD(int16, i16, "")                                                                          \
    FIELD(int32, i32, "")                                                                          \
    FIELD(float32, f32, "")                                                                        \
    FIELD(float64, f64, "")                                                                        \
    FIELD(text, word, "CHECK (word <> '')")                                                        \
    FIELD(as(text, "numeric(10, 2)"), price, "")                                                   \
    FIELD(jsonb, doc, "")                                                                          \
    FIELD(bytes, raw, "")                                                                          \
    FIELD(uuid, key, "UNIQUE")                                                                     \
    FIELD(date, day, "")                                                                           \
    FIELD(timestamptz, moment, "")                                                                 \
    FIELD(time, hour, "")                                                                          \
    FIELD(opt_bool, o_bool, "")                                                                    \
    FIELD(opt_int16, o_i16, "")                                                                    \
    FIELD(opt_int32, o_i32, "")                                                                    \
    FIELD(opt_int64, o_i64, "")                                                                    \
    FIELD(opt_float32, o_f32, "")                                                                  \
    FIELD(opt_float64, o_f64, "")                                                                  \
    FIELD(opt_text, o_word, "")                                                                    \
    FIELD(opt_bytes, o_raw, "")                                                                    \
    FIELD(opt_uuid, o_key, "")                                                                     \
    FIELD(opt_date, o_day, "")                                                                     \
    FIELD(opt_timestamp, o_moment, "")                                                             \
    FIELD(opt_time, o_hour, "")
PQE_MODEL_WITH(sample, "pg_temp.sample", SAMPLE_FIELDS, "CHECK (i16 < i32), UNIQUE (i16, i32)",
               "CREATE INDEX sample_word_idx ON pg_temp.sample (word);");

/* The table as the model declares it, with one row of values and one of NULLs. */
static pqe_result *sample_rows(void)
{
    pqe_connection *connection;
    pqe_result *result;
    pqe_error error;
    char *ddl;
    char *index;

    assert_ok(pqe_model_sql(&sample_model, &ddl, &error), error);
    assert_ok(pqe_acquire(engine, "sample", &connection, &error), error);
    index = strstr(ddl, "CREATE INDEX");
    assert_non_null(index);
    index[-1] = '\0';
    assert_ok(pqe_connection_execute(connection, ddl, PQE_NO_PARAMS, NULL, &error), error);
    assert_ok(pqe_connection_execute(connection, index, PQE_NO_PARAMS, NULL, &error), error);
    pqe_free(ddl);
    assert_ok(
        pqe_connection_execute(
            connection,
            "INSERT INTO pg_temp.sample VALUES (DEFAULT, false, -1, 2, 0.5, 0.25, 'w\xC3\xB6rd', "
            "9.5, '{}', '\\x00ff', '00000000-0000-0000-0000-000000000001', '1970-01-03', "
            "'1970-01-01 00:00:01+00', '00:00:02', true, 1, 2, 3, 4.5, 5.5, 'six', '\\x07', "
            "'00000000-0000-0000-0000-000000000008', '1970-01-10', '1970-01-01 00:00:10', "
            "'00:00:11'), "
            "(DEFAULT, true, 0, 1, 0, 0, 'x', 0, '[]', '', "
            "'00000000-0000-0000-0000-000000000002', '1970-01-01', '1970-01-01 00:00:00+00', "
            "'00:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
            PQE_NO_PARAMS, NULL, &error),
        error);
    assert_ok(pqe_connection_execute(connection,
                                     "SELECT 'extra' AS extra, * FROM pg_temp.sample ORDER BY id",
                                     PQE_NO_PARAMS, &result, &error),
              error);
    assert_ok(pqe_release(connection, &error), error);
    return result;
}

static void check_first_row(const struct sample *row)
{
    assert_int_equal(row->id, 1);
    assert_false(row->order);
    assert_int_equal(row->i16, -1);
    assert_int_equal(row->i32, 2);
    assert_true(row->f32 == 0.5F && row->f64 == 0.25);
    assert_string_equal(row->word, "w\xC3\xB6rd");
    assert_string_equal(row->price, "9.50");
    assert_string_equal(row->doc, "{}");
    assert_int_equal(row->raw.length, 2);
    assert_int_equal(row->raw.data[1], 0xFF);
    assert_int_equal(row->key.bytes[15], 1);
    assert_int_equal(row->day, 2);
    assert_int_equal(row->moment, 1000000);
    assert_int_equal(row->hour, 2000000);
    assert_true(row->o_bool.has_value && row->o_bool.value);
    assert_true(row->o_i16.has_value && row->o_i16.value == 1);
    assert_true(row->o_i32.has_value && row->o_i32.value == 2);
    assert_true(row->o_i64.has_value && row->o_i64.value == 3);
    assert_true(row->o_f32.has_value && row->o_f32.value == 4.5F);
    assert_true(row->o_f64.has_value && row->o_f64.value == 5.5);
    assert_string_equal(row->o_word, "six");
    assert_int_equal(row->o_raw.data[0], 7);
    assert_true(row->o_key.has_value && row->o_key.value.bytes[15] == 8);
    assert_true(row->o_day.has_value && row->o_day.value == 9);
    assert_true(row->o_moment.has_value && row->o_moment.value == 10000000);
    assert_true(row->o_hour.has_value && row->o_hour.value == 11000000);
}

static void check_second_row(const struct sample *row)
{
    assert_int_equal(row->id, 2);
    assert_non_null(row->raw.data);
    assert_int_equal(row->raw.length, 0);
    assert_false(row->o_bool.has_value || row->o_i16.has_value || row->o_i32.has_value ||
                 row->o_i64.has_value || row->o_f32.has_value || row->o_f64.has_value);
    assert_null(row->o_word);
    assert_null(row->o_raw.data);
    assert_false(row->o_key.has_value || row->o_day.has_value || row->o_moment.has_value ||
                 row->o_hour.has_value);
}

static void rows_become_structs(void **state)
{
    pqe_result *result = sample_rows();
    struct sample row;
    pqe_error error;

    (void)state;
    assert_ok(sample_fetch(result, 0, &row, &error), error);
    check_first_row(&row);
    assert_ok(sample_fetch(result, 1, &row, &error), error);
    check_second_row(&row);
    assert_status(PQE_ERR_COLUMN, sample_fetch(result, 2, &row, &error), error);
    pqe_result_free(result);
}

static void all_rows_in_one_block(void **state)
{
    pqe_result *result = sample_rows();
    struct sample *rows;
    void *array;
    size_t count;
    pqe_error error;

    (void)state;
    assert_ok(pqe_fetch_all(result, &sample_model, &array, &count, &error), error);
    pqe_result_free(result);
    assert_int_equal(count, 2);
    rows = array;
    check_first_row(&rows[0]);
    check_second_row(&rows[1]);
    pqe_free(array);

    result = query("SELECT 1 AS id WHERE false", NULL, 0);
    assert_status(PQE_ERR_COLUMN, pqe_fetch_all(result, &sample_model, &array, &count, &error),
                  error);
    assert_contains(error.message, "\"order\", which PQE_MODEL(sample) holds");
    assert_null(array);
    pqe_result_free(result);
}

#define PAIR_FIELDS(FIELD)                                                                         \
    FIELD(int32, id, "")                                                                           \
    FIELD(text, name, "")
PQE_MODEL(pair, "pair", PAIR_FIELDS);

static void structs_and_nulls_disagree_in_words(void **state)
{
    pqe_result *result = query("SELECT 1 AS id, NULL AS name", NULL, 0);
    struct pair row;
    void *array;
    size_t count;
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_NULL_VALUE, pair_fetch(result, 0, &row, &error), error);
    assert_contains(error.message, "\"name\" is NULL in row 0");
    assert_status(PQE_ERR_NULL_VALUE, pqe_fetch_all(result, &pair_model, &array, &count, &error),
                  error);
    assert_null(array);
    pqe_result_free(result);
    result = query("SELECT 1 AS id, 'n' AS name WHERE false", NULL, 0);
    assert_ok(pqe_fetch_all(result, &pair_model, &array, &count, &error), error);
    assert_int_equal(count, 0);
    assert_non_null(array);
    pqe_free(array);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_fetch_all(result, &pair_model, &array, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_fetch_all(result, NULL, &array, &count, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pair_fetch(NULL, 0, &row, &error), error);
    pqe_result_free(result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_go_there_and_back),
        cmocka_unit_test(every_kind_of_parameter_arrives),
        cmocka_unit_test(moments_are_the_servers),
        cmocka_unit_test(arrays_arrive),
        cmocka_unit_test(more_parameters_than_a_few),
        cmocka_unit_test(getters_refuse_what_does_not_fit),
        cmocka_unit_test(results_tell_about_themselves),
        cmocka_unit_test(results_outlive_the_engine),
        cmocka_unit_test(rows_become_structs),
        cmocka_unit_test(all_rows_in_one_block),
        cmocka_unit_test(structs_and_nulls_disagree_in_words),
    };

    return cmocka_run_group_tests_name("results", tests, setup, teardown);
}
