/*
 * test_arrays.c - arrays to the server and back
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

static pqe_result *query(const char *sql, const pqe_param *params, size_t count)
{
    pqe_result *result;
    pqe_error error;

    assert_ok(pqe_execute(engine, sql, params, count, &result, &error), error);
    return result;
}

static void every_type_goes_there_and_back(void **state)
{
    static const int32_t small[] = {1, -2, INT32_MIN};
    static const int64_t large[] = {INT64_MAX, INT64_MIN, 0};
    static const double reals[] = {0.1, -1e300};
    static const bool flags[] = {true, false};
    static const int64_t moments[] = {INT64_C(1700000000123456), INT64_MAX};
    static const pqe_uuid uuids[] = {{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255}}};
    static const char *const texts[] = {"", "NULL", "a,b", "{\"x\"}", "back\\slash", NULL, " sp "};
    pqe_result *result = query(
        "SELECT %s AS small, %s AS large, %s AS reals, %s AS flags, %s AS moments, %s AS uuids,"
        " %s AS texts, %s::numeric[] AS numbers",
        PQE_PARAMS(PQE_INT32_ARRAY(small, 3), PQE_INT64_ARRAY(large, 3), PQE_DOUBLE_ARRAY(reals, 2),
                   PQE_BOOL_ARRAY(flags, 2), PQE_TIMESTAMPTZ_ARRAY(moments, 2),
                   PQE_UUID_ARRAY(uuids, 1), PQE_TEXT_ARRAY(texts, 7), PQE_ARRAY(0, texts, 0)));
    pqe_int32_array small_back;
    pqe_int64_array large_back;
    pqe_double_array reals_back;
    pqe_bool_array flags_back;
    pqe_timestamp_array moments_back;
    pqe_uuid_array uuids_back;
    pqe_text_array texts_back;
    pqe_error error;

    (void)state;
    assert_ok(pqe_get_int32_array_by_name(result, 0, "small", &small_back, &error), error);
    assert_int_equal(small_back.count, 3);
    assert_memory_equal(small_back.values, small, sizeof(small));
    assert_null(small_back.nulls);
    assert_ok(pqe_get_int64_array_by_name(result, 0, "large", &large_back, &error), error);
    assert_memory_equal(large_back.values, large, sizeof(large));
    assert_ok(pqe_get_double_array_by_name(result, 0, "reals", &reals_back, &error), error);
    assert_memory_equal(reals_back.values, reals, sizeof(reals));
    assert_ok(pqe_get_bool_array_by_name(result, 0, "flags", &flags_back, &error), error);
    assert_true(flags_back.values[0] && !flags_back.values[1]);
    assert_ok(pqe_get_timestamp_array_by_name(result, 0, "moments", &moments_back, &error), error);
    assert_memory_equal(moments_back.values, moments, sizeof(moments));
    assert_ok(pqe_get_uuid_array_by_name(result, 0, "uuids", &uuids_back, &error), error);
    assert_int_equal(uuids_back.count, 1);
    assert_memory_equal(uuids_back.values, uuids, sizeof(uuids));
    assert_ok(pqe_get_text_array_by_name(result, 0, "texts", &texts_back, &error), error);
    assert_int_equal(texts_back.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(texts_back.nulls[i], texts[i] == NULL);
        if (texts[i] != NULL) {
            assert_string_equal(texts_back.values[i], texts[i]);
        } else {
            assert_null(texts_back.values[i]);
        }
    }
    assert_ok(pqe_get_text_array_by_name(result, 0, "numbers", &texts_back, &error), error);
    assert_int_equal(texts_back.count, 0);
    assert_non_null(texts_back.values);
    pqe_result_free(result);
}

static void elements_of_any_type(void **state)
{
    static const char *const texts[] = {"1.50", "it's \"q\" \\", NULL};
    pqe_result *result = query("SELECT %s::numeric[], %s::text[]",
                               PQE_PARAMS(PQE_ARRAY(0, texts, 1), PQE_ARRAY(1009, texts, 3)));
    pqe_text_array back;
    pqe_error error;

    (void)state;
    assert_ok(pqe_get_text_array(result, 0, 0, &back, &error), error);
    assert_string_equal(back.values[0], "1.50");
    assert_ok(pqe_get_text_array(result, 0, 1, &back, &error), error);
    assert_int_equal(back.count, 3);
    assert_string_equal(back.values[1], texts[1]);
    assert_true(back.nulls[2]);
    pqe_result_free(result);
}

static void what_is_no_such_array(void **state)
{
    pqe_result *result = query("SELECT ARRAY[[1,2],[3,4]], 5, NULL::int[], '[0:1]={7,8}'::int[],"
                               " ARRAY['x'], ARRAY[3000000000]",
                               PQE_NO_PARAMS);
    pqe_int32_array back;
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_TYPE, pqe_get_int32_array(result, 0, 0, &back, &error), error);
    assert_contains(error.message, "an array of one dimension of whole numbers of 32 bits");
    assert_status(PQE_ERR_TYPE, pqe_get_int32_array(result, 0, 1, &back, &error), error);
    assert_null(back.values);
    assert_ok(pqe_get_int32_array(result, 0, 2, &back, &error), error);
    assert_null(back.values);
    assert_int_equal(back.count, 0);
    assert_ok(pqe_get_int32_array(result, 0, 3, &back, &error), error);
    assert_int_equal(back.values[1], 8);
    assert_status(PQE_ERR_TYPE, pqe_get_int32_array(result, 0, 4, &back, &error), error);
    assert_status(PQE_ERR_TYPE, pqe_get_int32_array(result, 0, 5, &back, &error), error);
    assert_status(PQE_ERR_COLUMN, pqe_get_int32_array(result, 0, 9, &back, &error), error);
    assert_status(PQE_ERR_COLUMN, pqe_get_int32_array_by_name(result, 0, "no", &back, &error),
                  error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_get_int32_array_by_name(result, 0, NULL, &back, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_get_int32_array(result, 0, 0, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_get_int32_array(NULL, 0, 0, &back, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_get_int32_array_by_name(NULL, 0, "a", &back, &error), error);
    pqe_result_free(result);
}

/* Text that changed since it was made a parameter, or has a NUL byte, is told and not cut. */
static void text_with_a_nul_byte(void **state)
{
    pqe_param param = {PQE_PARAM_TEXT, 25, 3, 0, 0, "a\0b"};
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_PARAMETER, pqe_execute(engine, "SELECT %s", &param, 1, NULL, &error),
                  error);
    assert_contains(error.message, "parameter 1 is text of 3 bytes, but ends after 1");
    assert_status(
        PQE_ERR_QUERY,
        pqe_execute(engine, "SELECT %s::text", PQE_PARAMS(PQE_TEXT("\xC3(")), NULL, &error), error);
    assert_string_equal(error.sqlstate, "22021");
    assert_status(PQE_ERR_QUERY, pqe_execute(engine, "SELECT '\xFF'", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_string_equal(error.sqlstate, "22021");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_goes_there_and_back),
        cmocka_unit_test(elements_of_any_type),
        cmocka_unit_test(what_is_no_such_array),
        cmocka_unit_test(text_with_a_nul_byte),
    };

    return cmocka_run_group_tests_name("arrays", tests, setup, teardown);
}
