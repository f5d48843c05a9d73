/*
 * test_statement_cache.c - which statements are prepared, and which make room
 */
#include "support.h"

#include "error.h"
#include "statement_cache.h"

/* A call with as many bigint parameters. */
static pqe_cache_action decide(pqe_statement_cache *cache, const char *sql, size_t count,
                               char name[PQE_STATEMENT_NAME])
{
    pqe_param params[4];
    pqe_encoded encoded;
    pqe_statement statement;
    pqe_cache_action action;
    pqe_error error;

    for (size_t i = 0; i < count; i++) {
        params[i] = pqe_param_int64(1);
    }
    pqe_error_clear(&error);
    assert_ok(pqe_encode(&encoded, params, count, &error), error);
    assert_ok(pqe_statement_read(&statement, sql, &error), error);
    action = pqe_statement_cache_decide(cache, &statement, &encoded, name);
    pqe_statement_free(&statement);
    pqe_encoded_free(&encoded);
    return action;
}

static void the_second_time_is_prepared(void **state)
{
    pqe_statement_cache *cache = pqe_statement_cache_new(16);
    char first[PQE_STATEMENT_NAME];
    char name[PQE_STATEMENT_NAME];

    (void)state;
    assert_int_equal(decide(cache, "a", 0, name), PQE_CACHE_PLAIN);
    assert_int_equal(decide(cache, "a", 0, first), PQE_CACHE_PREPARE);
    assert_int_equal(decide(cache, "a", 0, name), PQE_CACHE_EXECUTE);
    assert_string_equal(name, first);
    /* other parameter types are another statement */
    assert_int_equal(decide(cache, "a", 1, name), PQE_CACHE_PLAIN);
    assert_int_equal(decide(cache, "a", 1, name), PQE_CACHE_PREPARE);
    assert_string_not_equal(name, first);
    pqe_statement_cache_free(cache);
}

static void a_forgotten_one_gets_another_name(void **state)
{
    pqe_statement_cache *cache = pqe_statement_cache_new(16);
    char first[PQE_STATEMENT_NAME];
    char name[PQE_STATEMENT_NAME];

    (void)state;
    decide(cache, "a", 0, first);
    decide(cache, "a", 0, first);
    pqe_statement_cache_forget(cache, first, true);
    assert_int_equal(decide(cache, "a", 0, name), PQE_CACHE_PREPARE);
    assert_string_not_equal(name, first);
    assert_true(pqe_statement_cache_next_dropped(cache, name));
    assert_string_equal(name, first);
    assert_false(pqe_statement_cache_next_dropped(cache, name));
    pqe_statement_cache_clear(cache);
    assert_int_equal(decide(cache, "a", 0, name), PQE_CACHE_PREPARE);
    pqe_statement_cache_free(cache);
}

static void the_least_recently_used_makes_room(void **state)
{
    pqe_statement_cache *cache = pqe_statement_cache_new(8);
    char sql[16];
    char name[PQE_STATEMENT_NAME];
    char kept[PQE_STATEMENT_NAME];
    int dropped = 0;

    (void)state;
    decide(cache, "kept", 0, kept);
    assert_int_equal(decide(cache, "kept", 0, kept), PQE_CACHE_PREPARE);
    for (int i = 0; i < 100; i++) {
        pqe_cache_action action;

        snprintf(sql, sizeof(sql), "sql %d", i);
        decide(cache, sql, 0, name);
        action = decide(cache, sql, 0, name);
        assert_int_equal(action, PQE_CACHE_PREPARE);
        assert_int_equal(decide(cache, "kept", 0, name), PQE_CACHE_EXECUTE);
        assert_string_equal(name, kept);
        while (pqe_statement_cache_next_dropped(cache, name)) {
            assert_string_not_equal(name, kept);
            dropped++;
        }
    }
    /* 101 were prepared, and 8 at most are still */
    assert_int_equal(dropped, 93);
    pqe_statement_cache_free(cache);
}

/* In a transaction nothing is dropped, so at some point nothing new is prepared. */
static void what_waits_to_be_dropped_is_bounded(void **state)
{
    pqe_statement_cache *cache = pqe_statement_cache_new(8);
    char sql[16];
    char name[PQE_STATEMENT_NAME];
    int prepared = 0;

    (void)state;
    for (int i = 0; i < 100; i++) {
        snprintf(sql, sizeof(sql), "sql %d", i);
        decide(cache, sql, 0, name);
        prepared += decide(cache, sql, 0, name) == PQE_CACHE_PREPARE ? 1 : 0;
    }
    assert_int_equal(prepared, 8 + 32);
    pqe_statement_cache_free(cache);
}

/* Sessions that share a server session behind a pooler must not use each other's names. */
static void no_two_caches_have_names_in_common(void **state)
{
    pqe_statement_cache *one = pqe_statement_cache_new(8);
    pqe_statement_cache *two = pqe_statement_cache_new(8);
    char first[PQE_STATEMENT_NAME];
    char second[PQE_STATEMENT_NAME];

    (void)state;
    decide(one, "a", 0, first);
    assert_int_equal(decide(one, "a", 0, first), PQE_CACHE_PREPARE);
    decide(two, "a", 0, second);
    assert_int_equal(decide(two, "a", 0, second), PQE_CACHE_PREPARE);
    assert_string_not_equal(first, second);
    pqe_statement_cache_free(one);
    pqe_statement_cache_free(two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_second_time_is_prepared),
        cmocka_unit_test(a_forgotten_one_gets_another_name),
        cmocka_unit_test(the_least_recently_used_makes_room),
        cmocka_unit_test(what_waits_to_be_dropped_is_bounded),
        cmocka_unit_test(no_two_caches_have_names_in_common),
    };

    return cmocka_run_group_tests_name("statement cache", tests, NULL, NULL);
}
