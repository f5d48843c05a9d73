/*
 * test_models.c - gathering a folder of models into one text
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "models.h"

static char folder[] = "/tmp/pqe-test-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return mkdtemp(folder) == NULL || chdir(folder) != 0 ? -1 : 0;
}

static int remove_folder(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return chdir("/") != 0 || system(command) != 0 ? -1 : 0;
}

static void put(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(content, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void assert_models(const char *path, const char *expected)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_error error = PQE_ERROR_INIT;

    if (pqe_append_models(path, &text, &error) != PQE_OK) {
        fail_msg("%s", error.message);
    }
    assert_string_equal(text.data, expected);
    pqe_buffer_free(&text);
}

static void assert_refused(const char *path, pqe_status status, const char *message)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_error error = PQE_ERROR_INIT;

    assert_int_equal(pqe_append_models(path, &text, &error), status);
    assert_int_equal(error.code, status);
    assert_string_equal(error.message, message);
    pqe_buffer_free(&text);
}

static void test_one_file(void **state)
{
    (void)state;
    put("a.sql", "CREATE TABLE a ();\n");
    assert_models("a.sql", "-- pqengine:file a.sql\nCREATE TABLE a ();\n\n");
}

/* Byte order of the paths, whatever the locale and the order of the folder. */
static void test_order(void **state)
{
    (void)state;
    assert_int_equal(mkdir("m", 0700), 0);
    assert_int_equal(mkdir("m/b", 0700), 0);
    assert_int_equal(mkdir("m/B", 0700), 0);
    assert_int_equal(mkdir("m/.git", 0700), 0);
    put("m/b.sql", "b");
    put("m/b/1.sql", "b1");
    put("m/B/2.sql", "B2");
    put("m/a.sql", "a;");
    put("m/Z.sql", "Z;");
    put("m/.hidden.sql", "no");
    put("m/.git/x.sql", "no");
    put("m/a.sql~", "no");
    put("m/README", "no");
    assert_models("m", "-- pqengine:file m/B/2.sql\nB2\n;\n"
                       "-- pqengine:file m/Z.sql\nZ;\n"
                       "-- pqengine:file m/a.sql\na;\n"
                       "-- pqengine:file m/b.sql\nb\n;\n"
                       "-- pqengine:file m/b/1.sql\nb1\n;\n");
    assert_models("m/", "-- pqengine:file m/B/2.sql\nB2\n;\n"
                        "-- pqengine:file m/Z.sql\nZ;\n"
                        "-- pqengine:file m/a.sql\na;\n"
                        "-- pqengine:file m/b.sql\nb\n;\n"
                        "-- pqengine:file m/b/1.sql\nb1\n;\n");
}

/* A last statement without a semicolon must not run on, not even behind a comment. */
static void test_last_statement(void **state)
{
    (void)state;
    put("a.sql", "CREATE TABLE a () -- remark");
    assert_models("a.sql", "-- pqengine:file a.sql\nCREATE TABLE a () -- remark\n;\n");
    put("a.sql", "");
    assert_models("a.sql", "-- pqengine:file a.sql\n\n");
    put("a.sql", "\xef\xbb\xbfSELECT\r\n1;\r\n");
    assert_models("a.sql", "-- pqengine:file a.sql\nSELECT\n1;\n\n");
}

static void test_refused(void **state)
{
    (void)state;
    assert_refused("nowhere", PQE_ERR_MODELS, "there is no models file or folder \"nowhere\"");
    assert_int_equal(mkdir("empty", 0700), 0);
    assert_refused("empty", PQE_ERR_MODELS, "models folder \"empty\" has no .sql file in it");
    put("bad.sql", "one\ntwo \xff\n");
    assert_refused("bad.sql", PQE_ERR_MODELS, "bad.sql:2: invalid UTF-8: byte 0xff");
    put("bad.sql", "overlong \xc0\x80");
    assert_refused("bad.sql", PQE_ERR_MODELS, "bad.sql:1: invalid UTF-8: byte 0xc0");
    put("bad.sql", "surrogate \xed\xa0\x80");
    assert_refused("bad.sql", PQE_ERR_MODELS, "bad.sql:1: invalid UTF-8: byte 0xed");
    put("bad.sql", "cut \xe2\x82");
    assert_refused("bad.sql", PQE_ERR_MODELS, "bad.sql:1: invalid UTF-8: byte 0xe2");
    assert_int_equal(symlink("nowhere", "empty/broken.sql"), 0);
    assert_refused("empty", PQE_ERR_IO,
                   "cannot read \"empty/broken.sql\": No such file or directory");
}

static void test_nul(void **state)
{
    FILE *file = fopen("nul.sql", "w");

    (void)state;
    assert_non_null(file);
    assert_int_equal(fwrite("a\nb\0c", 1, 5, file), 5);
    assert_int_equal(fclose(file), 0);
    assert_refused("nul.sql", PQE_ERR_MODELS, "nul.sql:2: a NUL byte in a text file");
}

/* A link back into the folder ends in an error, not in an endless search. */
static void test_loop(void **state)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_error error = PQE_ERROR_INIT;

    (void)state;
    assert_int_equal(mkdir("loop", 0700), 0);
    put("loop/a.sql", "a;");
    assert_int_equal(symlink(".", "loop/self"), 0);
    assert_int_equal(pqe_append_models("loop", &text, &error), PQE_ERR_MODELS);
    assert_non_null(strstr(error.message, "symbolic link"));
    pqe_buffer_free(&text);
}

/* Root reads everything, and so becomes somebody else for the moment. */
static void test_unreadable(void **state)
{
    bool root = geteuid() == 0;
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_error error;
    pqe_status status;

    (void)state;
    put("a.sql", "a;");
    assert_int_equal(chmod("a.sql", 0), 0);
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(root ? seteuid(65534) : 0, 0);
    status = pqe_append_models("a.sql", &text, &error);
    assert_int_equal(root ? seteuid(0) : 0, 0);
    assert_int_equal(status, PQE_ERR_IO);
    assert_string_equal(error.message, "cannot read \"a.sql\": Permission denied");
    pqe_buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_order, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_last_statement, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_refused, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_nul, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_loop, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_unreadable, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
