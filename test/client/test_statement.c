/*
 * test_statement.c - placeholders, kinds and traces: what is read off a statement's text
 */
#include "support.h"

#include "error.h"
#include "statement.h"

/* Reads a statement that must be right, and compares what the server would get. */
static void check_sql(const char *sql, const char *wanted, size_t parameters)
{
    pqe_statement statement;
    pqe_error error;

    pqe_error_clear(&error);
    assert_ok(pqe_statement_read(&statement, sql, &error), error);
    assert_string_equal(statement.sql, wanted);
    assert_int_equal(statement.parameter_count, parameters);
    pqe_statement_free(&statement);
}

static void check_same(const char *sql, size_t parameters)
{
    check_sql(sql, sql, parameters);
}

static void placeholders_become_numbers(void **state)
{
    (void)state;
    check_sql("SELECT %s", "SELECT $1", 1);
    check_sql("SELECT %s, %s,%s", "SELECT $1, $2,$3", 3);
    check_sql("%s", "$1", 1);
    check_sql("a=%s and b<%s", "a=$1 and b<$2", 2);
    check_sql("f(%s)", "f($1)", 1);
    check_sql("%s::int", "$1::int", 1);
    check_sql("x%%%s", "x%$1", 1);
    /* "$1" right behind a name would be a part of it, right behind "$" a dollar quote */
    check_sql("SELECT 1 LIMIT%s", "SELECT 1 LIMIT $1", 1);
    check_sql("SELECT \xC3\xA9%s", "SELECT \xC3\xA9 $1", 1);
    check_sql("SELECT $%s, %s", "SELECT $ $1, $2", 2);
}

static void numbers_pass_through(void **state)
{
    (void)state;
    check_same("SELECT $1", 1);
    check_same("SELECT $2, $1, $2", 2);
    check_same("SELECT $10", 10);
    check_same("SELECT 'a' %% 'b', $1", 1); /* hstore's operator stays */
    check_same("SELECT col$1 FROM t", 0);   /* part of a name */
}

static void percent_signs(void **state)
{
    (void)state;
    check_sql("SELECT 5 %% 3", "SELECT 5 % 3", 0);
    check_sql("SELECT 5 %% %s", "SELECT 5 % $1", 1);
    check_same("SELECT 5 % 3", 0);
    check_same("SELECT a %size FROM t", 0); /* modulo a column */
    check_same("SELECT a %s1 FROM t", 0);
    check_same("SELECT a %s\xC3\xA9 FROM t", 0);
    check_same("100 %", 0);
}

static void nothing_is_seen_inside_of_text(void **state)
{
    (void)state;
    check_same("SELECT '%s $1 %%'", 0);
    check_same("SELECT 'it''s %s'", 0);
    check_same("SELECT \"%s $1 \"\" %%\"", 0);
    check_same("SELECT 1 -- %s $1 ' \" $$\n", 0);
    check_sql("SELECT 1 -- '\n, %s", "SELECT 1 -- '\n, $1", 1);
    check_same("/* %s ' */ SELECT 1", 0);
    check_sql("/* a /* %s */ ' */ SELECT %s", "/* a /* %s */ ' */ SELECT $1", 1);
    check_same("SELECT $$ %s $1 ' $$", 0);
    check_same("SELECT $tag$ %s $$ $other$ $1 $tag$", 0);
    check_sql("SELECT $a1$ %s $a1$, %s", "SELECT $a1$ %s $a1$, $1", 1);
    check_same("SELECT U&'\\0061 %s' , U&\"d\\0061t %s\"", 0);
    check_same("SELECT B'01', X'1F', N'%s'", 0);
}

static void escapes_count_where_they_are_escapes(void **state)
{
    (void)state;
    check_sql("SELECT 'a\\', %s", "SELECT 'a\\', $1", 1);
    check_same("SELECT E'a\\', %s'", 0);
    check_sql("SELECT e'a\\\\', %s", "SELECT e'a\\\\', $1", 1);
    check_sql("SELECT E'a\\'b', %s", "SELECT E'a\\'b', $1", 1);
    /* a literal goes on after a line break, with the same rules */
    check_same("SELECT E'a'\n  '\\' %s'", 0);
    check_sql("SELECT E'a' '\\', %s", "SELECT E'a' '\\', $1", 1);
    check_same("SELECT E'a' -- no\n-- no\n '\\' %s'", 0);
    /* a word that ends in e begins no literal of its own */
    check_sql("SELECT true'a\\', %s", "SELECT true'a\\', $1", 1);
}

static void check_error(const char *sql, const char *part, int position)
{
    pqe_statement statement;
    pqe_error error;

    assert_status(PQE_ERR_PLACEHOLDER, pqe_statement_read(&statement, sql, &error), error);
    assert_contains(error.message, part);
    assert_int_equal(error.position, position);
    assert_contains(error.statement, "SELECT");
}

static void mistakes_are_errors(void **state)
{
    (void)state;
    check_error("SELECT %s, $1", "both %s and $1", 0);
    check_error("SELECT $3, %s", "both %s and $3", 0);
    check_error("SELECT 'a", "literal that begins at character 8", 8);
    check_error("SELECT '\xC3\xA9', \"a", "quoted identifier that begins at character 13", 13);
    check_error("SELECT E'\\", "literal", 8);
    check_error("SELECT 1 /* /* */", "comment that begins at character 10", 10);
    check_error("SELECT $x$ a $y$", "dollar quote that begins at character 8", 8);
    check_error("SELECT $65536", "more parameters than PostgreSQL can take", 0);
    check_error("SELECT $99999999999999999999", "more parameters", 0);
}

typedef struct kind_case {
    const char *sql;
    pqe_statement_kind kind;
    bool changes_session;
    bool controls_transaction;
} kind_case;

static void kinds_and_traces(void **state)
{
    static const kind_case cases[] = {
        {"SELECT 1", PQE_STATEMENT_SELECT, false, false},
        {" -- x\n/* y */ select 1", PQE_STATEMENT_SELECT, false, false},
        {"(SELECT 1) UNION (SELECT 2)", PQE_STATEMENT_SELECT, false, false},
        {"VALUES (1)", PQE_STATEMENT_SELECT, false, false},
        {"TABLE t", PQE_STATEMENT_SELECT, false, false},
        {"INSERT INTO t SELECT 1", PQE_STATEMENT_INSERT, false, false},
        {"update t set a = 1", PQE_STATEMENT_UPDATE, false, false},
        {"DELETE FROM t", PQE_STATEMENT_DELETE, false, false},
        {"MERGE INTO t USING u ON true", PQE_STATEMENT_MERGE, false, false},
        {"WITH a AS (SELECT 1) SELECT * FROM a", PQE_STATEMENT_SELECT, false, false},
        {"WITH a AS (DELETE FROM t RETURNING *) INSERT INTO u SELECT * FROM a",
         PQE_STATEMENT_INSERT, false, false},
        {"WITH RECURSIVE a(select_x) AS (VALUES (1)), b AS (SELECT 2) UPDATE t SET a = 1",
         PQE_STATEMENT_UPDATE, false, false},
        {"BEGIN", PQE_STATEMENT_TRANSACTION, false, true},
        {"START TRANSACTION", PQE_STATEMENT_TRANSACTION, false, true},
        {"commit", PQE_STATEMENT_TRANSACTION, false, true},
        {"ROLLBACK", PQE_STATEMENT_TRANSACTION, false, true},
        {"ROLLBACK WORK TO SAVEPOINT a", PQE_STATEMENT_TRANSACTION, false, false},
        {"SAVEPOINT a", PQE_STATEMENT_TRANSACTION, false, false},
        {"PREPARE TRANSACTION 'x'", PQE_STATEMENT_OTHER, true, true},
        {"PREPARE p AS SELECT 1", PQE_STATEMENT_OTHER, true, false},
        {"SET search_path = a", PQE_STATEMENT_OTHER, true, false},
        {"CREATE TABLE t (a int)", PQE_STATEMENT_OTHER, false, false},
        {"CREATE TEMP TABLE t (a int)", PQE_STATEMENT_OTHER, true, false},
        {"SELECT 1 AS temperature", PQE_STATEMENT_SELECT, false, false},
        {"SELECT set_config('a.b', 'c', false)", PQE_STATEMENT_SELECT, true, false},
        {"SELECT \"set_config\"('a.b', 'c', false)", PQE_STATEMENT_SELECT, true, false},
        {"SELECT pg_advisory_lock_shared(1)", PQE_STATEMENT_SELECT, true, false},
        {"LISTEN a", PQE_STATEMENT_OTHER, true, false},
        {"DO $$ BEGIN END $$", PQE_STATEMENT_OTHER, true, false},
        {"", PQE_STATEMENT_OTHER, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pqe_statement statement;
        pqe_error error;

        pqe_error_clear(&error);
        assert_ok(pqe_statement_read(&statement, cases[i].sql, &error), error);
        if (statement.kind != cases[i].kind ||
            statement.changes_session != cases[i].changes_session ||
            statement.controls_transaction != cases[i].controls_transaction) {
            fail_msg("%s: %s, changes_session %d, controls_transaction %d", cases[i].sql,
                     pqe_statement_kind_name(statement.kind), statement.changes_session,
                     statement.controls_transaction);
        }
        pqe_statement_free(&statement);
    }
}

/* Whatever the text, reading it ends, and within the text. */
static void noise_is_survived(void **state)
{
    static const char pieces[] = "'\"$%s1\\/*-\n eEuU&ab(){};\xC3\xA9";
    uint32_t random = 12345;

    (void)state;
    for (int round = 0; round < 200000; round++) {
        char sql[24];
        size_t length;
        pqe_statement statement;
        pqe_error error;

        random = random * 1664525u + 1013904223u;
        length = (random >> 16) % (sizeof(sql) - 1);
        for (size_t i = 0; i < length; i++) {
            random = random * 1664525u + 1013904223u;
            sql[i] = pieces[(random >> 16) % (sizeof(pieces) - 1)];
        }
        sql[length] = '\0';
        if (pqe_statement_read(&statement, sql, &error) == PQE_OK) {
            assert_true(strlen(statement.sql) <= 3 * sizeof(sql));
            pqe_statement_free(&statement);
        } else {
            assert_int_equal(error.code, PQE_ERR_PLACEHOLDER);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(placeholders_become_numbers),
        cmocka_unit_test(numbers_pass_through),
        cmocka_unit_test(percent_signs),
        cmocka_unit_test(nothing_is_seen_inside_of_text),
        cmocka_unit_test(escapes_count_where_they_are_escapes),
        cmocka_unit_test(mistakes_are_errors),
        cmocka_unit_test(kinds_and_traces),
        cmocka_unit_test(noise_is_survived),
    };

    return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
