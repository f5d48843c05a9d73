/*
 * test_decode.c - the server's text forms as C values
 */
#include "support.h"

#include <locale.h>
#include <math.h>

#include "decode.h"

static void integers(void **state)
{
    int64_t value = 7;

    (void)state;
    assert_true(pqe_decode_integer("-9223372036854775808", INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MIN);
    assert_true(pqe_decode_integer("32767", INT16_MIN, INT16_MAX, &value));
    assert_int_equal(value, 32767);
    assert_true(pqe_decode_integer("9223372036854775807", INT64_MIN, INT64_MAX, &value));
    assert_true(value == INT64_MAX);
    assert_true(pqe_decode_integer("-32768", INT16_MIN, INT16_MAX, &value));
    assert_int_equal(value, -32768);
    assert_true(pqe_decode_integer("007", INT64_MIN, INT64_MAX, &value));
    assert_int_equal(value, 7);
    assert_false(pqe_decode_integer("-9223372036854775809", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("92233720368547758070", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("-32769", INT16_MIN, INT16_MAX, &value));
    assert_false(pqe_decode_integer("+1", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("--1", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("1-", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("32768", INT16_MIN, INT16_MAX, &value));
    assert_false(pqe_decode_integer("9223372036854775808", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer(" 1", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("1.0", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("12x", INT64_MIN, INT64_MAX, &value));
    assert_false(pqe_decode_integer("-", INT64_MIN, INT64_MAX, &value));
    assert_int_equal(value, 7);
}

static void reals(void **state)
{
    double value = 0;
    float small = 0;

    (void)state;
    assert_true(pqe_decode_double("0.1", &value));
    assert_true(value == 0.1);
    assert_true(pqe_decode_double("1.7976931348623157e+308", &value));
    assert_true(pqe_decode_double("5e-324", &value));
    assert_true(value > 0);
    assert_true(pqe_decode_double("Infinity", &value));
    assert_true(isinf(value));
    assert_true(pqe_decode_double("-Infinity", &value) && value < 0);
    assert_true(pqe_decode_double("NaN", &value) && isnan(value));
    assert_false(pqe_decode_double("1e309", &value));
    assert_false(pqe_decode_double("0x10", &value));
    assert_false(pqe_decode_double("1,5", &value));
    assert_false(pqe_decode_double("", &value));
    assert_false(pqe_decode_double("t", &value));
    assert_true(pqe_decode_float("1.5", &small) && small == 1.5F);
    assert_true(pqe_decode_float("Infinity", &small) && isinf(small));
    assert_false(pqe_decode_float("1e39", &small));
}

/* A program in a locale with a decimal comma still reads numbers. */
static void reals_in_another_locale(void **state)
{
    double value = 0;
    const char *set = setlocale(LC_NUMERIC, "de_DE.UTF-8");

    (void)state;
    assert_true(pqe_decode_double("2.5", &value));
    assert_true(value == 2.5);
    if (set != NULL) {
        setlocale(LC_NUMERIC, "C");
    }
}

static void booleans_and_uuids(void **state)
{
    bool flag = false;
    uint8_t uuid[16] = {0};

    (void)state;
    assert_true(pqe_decode_bool("t", &flag) && flag);
    assert_true(pqe_decode_bool("f", &flag) && !flag);
    assert_false(pqe_decode_bool("true", &flag));
    assert_true(pqe_decode_uuid("00010203-0405-0607-0809-0a0b0c0d0eFf", uuid));
    for (int i = 0; i < 15; i++) {
        assert_int_equal(uuid[i], i);
    }
    assert_int_equal(uuid[15], 0xFF);
    assert_false(pqe_decode_uuid("00010203-0405-0607-0809-0a0b0c0d0e", uuid));
    assert_false(pqe_decode_uuid("00010203-0405-0607-0809-0a0b0c0d0e0f0", uuid));
    assert_false(pqe_decode_uuid("0001020304050607-0809-0a0b0c0d0e0f--", uuid));
    assert_false(pqe_decode_uuid("", uuid));
}

static void dates(void **state)
{
    int32_t days = 1;

    (void)state;
    assert_true(pqe_decode_date("1970-01-01", &days));
    assert_int_equal(days, 0);
    assert_true(pqe_decode_date("2000-01-01", &days));
    assert_int_equal(days, 10957);
    assert_true(pqe_decode_date("2024-02-29", &days));
    assert_int_equal(days, 19782);
    assert_true(pqe_decode_date("1969-12-31", &days));
    assert_int_equal(days, -1);
    assert_true(pqe_decode_date("0001-01-01", &days));
    assert_int_equal(days, -719162);
    assert_true(pqe_decode_date("0001-12-31 BC", &days));
    assert_int_equal(days, -719163);
    assert_true(pqe_decode_date("4713-01-01 BC", &days));
    assert_int_equal(days, -2440550);
    assert_true(pqe_decode_date("5874897-12-31", &days));
    assert_int_equal(days, 2145042905);
    assert_true(pqe_decode_date("infinity", &days));
    assert_int_equal(days, INT32_MAX);
    assert_true(pqe_decode_date("-infinity", &days));
    assert_int_equal(days, INT32_MIN);
    assert_false(pqe_decode_date("12/31/1999", &days));
    assert_false(pqe_decode_date("1999-13-01", &days));
    assert_false(pqe_decode_date("1999-12-31x", &days));
    assert_false(pqe_decode_date("", &days));
}

static void timestamps(void **state)
{
    int64_t us = 1;

    (void)state;
    assert_true(pqe_decode_timestamp("1970-01-01 00:00:00", &us));
    assert_int_equal(us, 0);
    assert_true(pqe_decode_timestamp("1970-01-02 00:00:01.5", &us));
    assert_true(us == INT64_C(86401500000));
    assert_true(pqe_decode_timestamp("1970-01-01 00:00:00.000001+00", &us));
    assert_int_equal(us, 1);
    assert_true(pqe_decode_timestamp("1970-01-01 05:30:00+05:30", &us));
    assert_int_equal(us, 0);
    assert_true(pqe_decode_timestamp("1969-12-31 16:00:00-08", &us));
    assert_int_equal(us, 0);
    assert_true(pqe_decode_timestamp("1900-01-01 00:19:32+00:19:32", &us));
    assert_true(us == INT64_C(-2208988800000000));
    assert_true(pqe_decode_timestamp("0001-12-31 00:00:00+00 BC", &us));
    assert_true(us == INT64_C(-719163) * 86400 * 1000000);
    assert_true(pqe_decode_timestamp("294246-12-31 23:59:59.999999", &us));
    assert_true(us > INT64_C(9223370000000000000));
    /* the server's latest counts from 2000, and is out of 64 bits from 1970 */
    assert_false(pqe_decode_timestamp("294276-12-31 23:59:59.999999", &us));
    assert_true(pqe_decode_timestamp("2024-02-29", &us));
    assert_true(us == INT64_C(19782) * 86400 * 1000000);
    assert_true(pqe_decode_timestamp("infinity", &us) && us == INT64_MAX);
    assert_true(pqe_decode_timestamp("-infinity", &us) && us == INT64_MIN);
    assert_false(pqe_decode_timestamp("Thu Jan 01 00:00:00 1970", &us));
    assert_false(pqe_decode_timestamp("1970-01-01 00:00", &us));
    assert_false(pqe_decode_timestamp("1970-01-01 00:00:00+0", &us));
    assert_false(pqe_decode_timestamp("9999999-01-01 00:00:00", &us));
}

static void times(void **state)
{
    int64_t us = 1;

    (void)state;
    assert_true(pqe_decode_time("00:00:00", &us));
    assert_int_equal(us, 0);
    assert_true(pqe_decode_time("24:00:00", &us));
    assert_true(us == INT64_C(86400000000));
    assert_true(pqe_decode_time("12:34:56.789", &us));
    assert_true(us == INT64_C(45296789000));
    assert_false(pqe_decode_time("12:34", &us));
    assert_false(pqe_decode_time("25:00:00", &us));
    assert_false(pqe_decode_time("24:00:00.000001", &us));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers),
        cmocka_unit_test(reals),
        cmocka_unit_test(reals_in_another_locale),
        cmocka_unit_test(booleans_and_uuids),
        cmocka_unit_test(dates),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(times),
    };

    return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
