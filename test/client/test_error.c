/*
 * test_error.c - the texts of errors: cut, cleared, named
 */
#include "support.h"

#include "buffer.h"
#include "error.h"

static void every_status_has_its_name(void **state)
{
    (void)state;
    assert_string_equal(pqe_status_name(PQE_OK), "PQE_OK");
    assert_string_equal(pqe_status_name(PQE_ERR_POOL_TIMEOUT), "PQE_ERR_POOL_TIMEOUT");
    assert_string_equal(pqe_status_name(PQE_ERR_IO), "PQE_ERR_IO");
    assert_string_equal(pqe_status_name((pqe_status)999), "unknown status");
    assert_string_equal(pqe_statement_kind_name(PQE_STATEMENT_MERGE), "merge");
    assert_string_equal(pqe_statement_kind_name((pqe_statement_kind)99), "other");
    assert_true(pqe_version()[0] >= '0' && pqe_version()[0] <= '9');
}

static void long_texts_are_cut_between_characters(void **state)
{
    char field[9];

    (void)state;
    pqe_text_copy(field, sizeof(field), "12345678");
    assert_string_equal(field, "12345678");
    pqe_text_copy(field, sizeof(field), "123456789");
    assert_string_equal(field, "12345...");
    pqe_text_copy(field, sizeof(field),
                  "1234\xC3\xA9"
                  "56789");
    assert_string_equal(field, "1234...");
    pqe_text_copy(field, sizeof(field), NULL);
    assert_string_equal(field, "");
}

static void an_error_may_quote_itself(void **state)
{
    pqe_error error;
    char longer[3000];

    (void)state;
    assert_int_equal(pqe_error_set(&error, PQE_ERR_IO, "first"), PQE_ERR_IO);
    pqe_error_detail(&error, "detail");
    pqe_error_set(&error, PQE_ERR_QUERY, "second after %s", error.message);
    assert_string_equal(error.message, "second after first");
    assert_string_equal(error.detail, "");
    memset(longer, 'x', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    pqe_error_set(&error, PQE_ERR_QUERY, "%s", longer);
    assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
    assert_string_equal(error.message + sizeof(error.message) - 4, "...");
    pqe_error_clear(&error);
    assert_int_equal(error.code, PQE_OK);
    assert_string_equal(error.message, "");
    assert_int_equal(pqe_error_set(NULL, PQE_ERR_IO, "nobody listens"), PQE_ERR_IO);
}

static void buffers_grow(void **state)
{
    pqe_buffer buffer = PQE_BUFFER_INIT;
    char *text;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        pqe_buffer_printf(&buffer, "%d,", i);
    }
    pqe_buffer_append_char(&buffer, '.');
    assert_int_equal(buffer.length, 3891);
    text = pqe_buffer_take(&buffer);
    assert_non_null(text);
    assert_string_equal(text + strlen(text) - 5, "999,.");
    free(text);
    assert_null(buffer.data);
    text = pqe_buffer_take(&buffer);
    assert_string_equal(text, "");
    free(text);
    pqe_buffer_append_bytes(&buffer, "x", SIZE_MAX / 2);
    assert_true(pqe_buffer_failed(&buffer));
    assert_null(pqe_buffer_take(&buffer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_name),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(an_error_may_quote_itself),
        cmocka_unit_test(buffers_grow),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
