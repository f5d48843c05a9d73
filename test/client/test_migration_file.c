/*
 * test_migration_file.c - reading and writing migration files
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "migration_file.h"

#define NAME "m/20250102_030405_add_email.sql"

static pqe_migration_file parse(const char *content)
{
    pqe_migration_file file;
    pqe_error error = PQE_ERROR_INIT;

    if (pqe_migration_parse(NAME, content, &file, &error) != PQE_OK) {
        fail_msg("%s", error.message);
    }
    return file;
}

static void assert_refused(const char *name, const char *content, const char *message)
{
    pqe_migration_file file;
    pqe_error error = PQE_ERROR_INIT;

    assert_int_equal(pqe_migration_parse(name, content, &file, &error), PQE_ERR_MIGRATION);
    assert_int_equal(error.code, PQE_ERR_MIGRATION);
    assert_string_equal(error.message, message);
    assert_null(file.path);
}

static void test_whole_file(void **state)
{
    pqe_migration_file file = parse("-- pqengine:version 20250102_030405\n"
                                    "-- pqengine:message add email; for all\n"
                                    "-- pqengine:depends 20250101_000000,  20250101_000001\n"
                                    "-- pqengine:models abc123\n"
                                    "-- a remark\n"
                                    "-- pqengine:up\n"
                                    "\n"
                                    "SELECT 1;\n"
                                    "-- pqengine:no-transaction\n"
                                    "SELECT 2;\n"
                                    "\n"
                                    "-- pqengine:down\n"
                                    "SELECT 3;\n");

    (void)state;
    assert_string_equal(file.path, NAME);
    assert_string_equal(file.version, "20250102_030405");
    assert_string_equal(file.message, "add email; for all");
    assert_string_equal(file.depends, "20250101_000000 20250101_000001");
    assert_string_equal(file.models_hash, "abc123");
    assert_string_equal(file.up, "SELECT 1;\n-- pqengine:no-transaction\nSELECT 2;");
    assert_string_equal(file.down, "SELECT 3;");
    assert_int_equal(file.up_line, 8);
    assert_int_equal(file.down_line, 13);
    pqe_migration_file_free(&file);
    assert_null(file.up);
}

static void test_plain_sql(void **state)
{
    pqe_migration_file file = parse("\nSELECT 1;\n");

    (void)state;
    assert_string_equal(file.version, "20250102_030405");
    assert_string_equal(file.message, "add email");
    assert_string_equal(file.depends, "");
    assert_null(file.models_hash);
    assert_string_equal(file.up, "SELECT 1;");
    assert_int_equal(file.up_line, 2);
    assert_null(file.down);
    assert_int_equal(file.down_line, 0);
    pqe_migration_file_free(&file);
}

/* A header without "up" must not shift the lines that errors name. */
static void test_header_without_up(void **state)
{
    pqe_migration_file file = parse("-- pqengine:message other\n"
                                    "-- pqengine:version 7\n"
                                    "SELECT 1;\n"
                                    "-- pqengine:down\n"
                                    "\n"
                                    "SELECT 2;");

    (void)state;
    assert_string_equal(file.version, "7");
    assert_string_equal(file.message, "other");
    assert_string_equal(file.up, "SELECT 1;");
    assert_int_equal(file.up_line, 3);
    assert_string_equal(file.down, "SELECT 2;");
    assert_int_equal(file.down_line, 6);
    pqe_migration_file_free(&file);
}

static void test_empty_sections(void **state)
{
    pqe_migration_file file = parse("-- remark\n-- pqengine:up\n-- pqengine:down\n");

    (void)state;
    assert_string_equal(file.up, "");
    assert_string_equal(file.down, "");
    pqe_migration_file_free(&file);
    file = parse("");
    assert_string_equal(file.up, "");
    assert_null(file.down);
    pqe_migration_file_free(&file);
}

static void test_names(void **state)
{
    static const struct {
        const char *path;
        const char *version;
        const char *message;
    } names[] = {
        {"20250102_030405.sql", "20250102_030405", ""},
        {"a/b/20250102_030405_add_2_columns.sql", "20250102_030405", "add 2 columns"},
        {"0001_first.sql", "0001", "first"},
        {"0001-first-one.sql", "0001", "first-one"},
        {"42.sql", "42", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        pqe_migration_file file;

        assert_int_equal(pqe_migration_parse(names[i].path, "SELECT 1", &file, NULL), PQE_OK);
        assert_string_equal(file.version, names[i].version);
        assert_string_equal(file.message, names[i].message);
        pqe_migration_file_free(&file);
    }
    assert_refused(
        "add_email.sql", "SELECT 1",
        "add_email.sql: the file names no version, and its name does not begin with one");
    assert_refused("12x.sql", "SELECT 1",
                   "12x.sql: the file names no version, and its name does not begin with one");
}

static void test_refused(void **state)
{
    (void)state;
    assert_refused(NAME, "-- pqengine:version 1\n-- pqengine:version 1\n",
                   NAME ":2: a second line \"-- pqengine:version\"");
    assert_refused(NAME, "\n-- pqengine:version 1 2\n", NAME ":2: invalid version \"1 2\"");
    assert_refused(NAME, "-- pqengine:version\n", NAME ":1: invalid version \"\"");
    assert_refused(NAME, "-- pqengine:depends 1 '2\n", NAME ":1: invalid version \"'2\"");
    assert_refused(NAME, "-- pqengine:models\n", NAME ":1: \"-- pqengine:models\" without a hash");
    assert_refused(NAME, "-- pqengine:up\n-- pqengine:up\n",
                   NAME ":2: a second line \"-- pqengine:up\"");
    assert_refused(NAME, "-- pqengine:down\n-- pqengine:down\n",
                   NAME ":2: a second line \"-- pqengine:down\"");
    assert_refused(NAME, "-- pqengine:down\n-- pqengine:up\n",
                   NAME ":2: \"-- pqengine:up\" must stand before \"-- pqengine:down\"");
    assert_refused(NAME, "-- pqengine:up\n-- pqengine:message x\n",
                   NAME ":2: a marker of the header after it has ended");
    assert_refused(NAME, "-- pqengine:up\n-- pqengine:no-transacton\nSELECT 1;",
                   NAME ":2: unknown marker \"-- pqengine:no-transacton\"");
    assert_refused(NAME, "-- pqengine:up now\n", NAME ":1: unknown marker \"-- pqengine:up now\"");
    assert_refused(NAME, "SELECT 1;\n  -- pqengine:down\nDROP TABLE t;\n",
                   NAME
                   ":2: a marker must be written \"-- pqengine:...\" at the start of its line");
    assert_refused(NAME, "--pqengine:down\n",
                   NAME
                   ":1: a marker must be written \"-- pqengine:...\" at the start of its line");
    assert_refused(NAME, "-- x\nSELECT 1;\n-- pqengine:up\n",
                   NAME ":2: SQL before \"-- pqengine:up\" would not be run");
    assert_refused(NAME, "-- pqengine:no-transaction\n-- pqengine:up\n",
                   NAME ":1: SQL before \"-- pqengine:up\" would not be run");
}

/* What is printed reads back as the same, and prints as the same again. */
static void test_round_trip(void **state)
{
    static const char *const contents[] = {"SELECT 1;",
                                           "-- pqengine:up\nSELECT 1;\n-- pqengine:down\n",
                                           "-- pqengine:version 9\n-- pqengine:depends 1 2\n-- "
                                           "pqengine:models h\nSELECT 1;\n\nSELECT 2;"
                                           "\n-- pqengine:down\nSELECT 3",
                                           ""};

    (void)state;
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        pqe_migration_file first = parse(contents[i]);
        pqe_migration_file second;
        pqe_buffer once = PQE_BUFFER_INIT;
        pqe_buffer twice = PQE_BUFFER_INIT;

        pqe_migration_print(&first, &once);
        second = parse(once.data);
        pqe_migration_print(&second, &twice);
        assert_string_equal(once.data, twice.data);
        assert_string_equal(first.up, second.up);
        assert_int_equal(first.down == NULL, second.down == NULL);
        pqe_buffer_free(&once);
        pqe_buffer_free(&twice);
        pqe_migration_file_free(&first);
        pqe_migration_file_free(&second);
    }
}

static void test_new_version(void **state)
{
    char *first = pqe_migration_new_version(NULL);
    char *second = pqe_migration_new_version(first);
    char *third = pqe_migration_new_version(second);
    char *odd = pqe_migration_new_version("zz");

    (void)state;
    assert_int_equal(strlen(first), strlen("20250102_030405"));
    assert_int_equal(strspn(first, "0123456789"), 8);
    assert_int_equal(first[8], '_');
    assert_true(strcmp(second, first) > 0);
    assert_true(strcmp(third, second) > 0);
    assert_true(strcmp(odd, "zz") > 0);
    free(first);
    free(second);
    free(third);
    free(odd);
}

static char folder[] = "/tmp/pqe-test-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command);
}

static void put(const char *name, const char *content, size_t length)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(content, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void put_text(const char *name, const char *content)
{
    put(name, content, strlen(content));
}

static void test_folder(void **state)
{
    pqe_migration_folder found;
    pqe_error error = PQE_ERROR_INIT;

    (void)state;
    put_text("20250102_000000_b.sql", "SELECT 2;");
    put_text("20250101_000000_a.sql", "\xef\xbb\xbf-- pqengine:up\r\nSELECT 1;\r\nSELECT 11;\r\n");
    put_text(".hidden.sql", "-- pqengine:nonsense");
    put_text("README.md", "-- pqengine:nonsense");
    assert_int_equal(pqe_migration_folder_read(folder, &found, &error), PQE_OK);
    assert_int_equal(found.count, 2);
    assert_string_equal(found.files[0].version, "20250101_000000");
    assert_string_equal(found.files[0].up, "SELECT 1;\nSELECT 11;");
    assert_string_equal(found.files[1].version, "20250102_000000");
    pqe_migration_folder_free(&found);
    assert_int_equal(found.count, 0);

    put_text("other.sql", "-- pqengine:version 20250102_000000\n");
    assert_int_equal(pqe_migration_folder_read(folder, &found, &error), PQE_ERR_MIGRATION);
    assert_non_null(strstr(error.message, "both have the version 20250102_000000"));
}

static void test_missing_folder(void **state)
{
    pqe_migration_folder found;
    pqe_error error = PQE_ERROR_INIT;

    (void)state;
    assert_int_equal(pqe_migration_folder_read("/nonexistent/folder", &found, &error), PQE_OK);
    assert_int_equal(found.count, 0);
    put_text("file", "");
    {
        char path[128];

        snprintf(path, sizeof(path), "%s/file", folder);
        assert_int_equal(pqe_migration_folder_read(path, &found, &error), PQE_ERR_IO);
        assert_non_null(strstr(error.message, path));
    }
}

static void test_not_text(void **state)
{
    pqe_migration_folder found;
    pqe_error error = PQE_ERROR_INIT;
    char expected[256];

    (void)state;
    put("1_nul.sql", "SELECT 1;\n\0", 11);
    assert_int_equal(pqe_migration_folder_read(folder, &found, &error), PQE_ERR_MIGRATION);
    snprintf(expected, sizeof(expected), "%s/1_nul.sql:2: a NUL byte in a text file", folder);
    assert_string_equal(error.message, expected);

    put_text("1_nul.sql", "\n\nSELECT '\xc3\x28';\n");
    assert_int_equal(pqe_migration_folder_read(folder, &found, &error), PQE_ERR_MIGRATION);
    snprintf(expected, sizeof(expected), "%s/1_nul.sql:3: invalid UTF-8: byte 0xc3", folder);
    assert_string_equal(error.message, expected);
}

static void test_write(void **state)
{
    pqe_migration_file file =
        parse("-- pqengine:message Add  EMAIL, \xc3\xa4 (for all)\nSELECT 1;");
    pqe_migration_folder found;
    pqe_error error = PQE_ERROR_INIT;
    char expected[256];

    (void)state;
    assert_int_equal(pqe_migration_file_write(folder, &file, &error), PQE_OK);
    snprintf(expected, sizeof(expected), "%s/20250102_030405_add_email_for_all.sql", folder);
    assert_string_equal(file.path, expected);
    assert_int_equal(pqe_migration_file_write(folder, &file, &error), PQE_ERR_STATE);
    assert_int_equal(pqe_migration_folder_read(folder, &found, &error), PQE_OK);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.files[0].message, "Add  EMAIL, \xc3\xa4 (for all)");
    assert_string_equal(found.files[0].up, "SELECT 1;");
    pqe_migration_folder_free(&found);
    assert_int_equal(pqe_migration_file_write("/nonexistent", &file, &error), PQE_ERR_IO);
    pqe_migration_file_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_file),
        cmocka_unit_test(test_plain_sql),
        cmocka_unit_test(test_header_without_up),
        cmocka_unit_test(test_empty_sections),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_new_version),
        cmocka_unit_test_setup_teardown(test_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_missing_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_not_text, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_write, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
