/*
 * test_builder_mistakes.c - mistakes in a query are kept, and told at the end
 */
#include "support.h"

#define PAIR_FIELDS(FIELD)                                                                         \
    FIELD(int64, a, "PRIMARY KEY")                                                                 \
    FIELD(text, b, "")
PQE_MODEL(pair, "pairs", PAIR_FIELDS);

/* The mistake is told in these words, with nothing sent, and the query is freed. */
static void check_mistake(pqe_query *query, const char *words)
{
    char *sql = (char *)8;
    pqe_error error;

    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_query_text(query, &sql, &error), error);
    assert_null(sql);
    assert_string_equal(error.message, words);
    pqe_query_free(query);
}

/* A mistake in a condition. */
static void check_condition(pqe_expr *condition, const char *words)
{
    pqe_query *query = pqe_select("t");

    pqe_query_where(query, condition);
    check_mistake(query, words);
}

static void in_names(void **state)
{
    pqe_query *query = pqe_select("t");

    (void)state;
    check_mistake(pqe_select("a b c"),
                  "pqe_select: \"a b c\" is no name: something follows its end");
    check_mistake(pqe_select("a."), "pqe_select: \"a.\" is no name: a part of it is empty");
    check_mistake(pqe_insert(NULL), "pqe_insert: a name is NULL");
    check_mistake(pqe_update("a\xFF"), "pqe_update: a name is not valid UTF-8");
    check_mistake(pqe_delete("a AS "), "pqe_delete: \"a AS \" is no name: a part of it is empty");
    check_mistake(pqe_select_model(NULL, NULL), "pqe_select_model: model is NULL");
    check_mistake(pqe_select_model(&pair_model, "a.b"),
                  "pqe_select_model: \"a.b\" is no name: it must be one part, without a dot");
    pqe_query_order_by(query, "a; DROP TABLE t", PQE_ASC);
    pqe_query_limit(query, -1); /* only the first is told */
    check_mistake(query, "pqe_query_order_by: \"a; DROP TABLE t\" is no name: something follows "
                         "its end");
    query = pqe_select("t");
    pqe_query_columns(query, PQE_NAMES("a", NULL));
    check_mistake(query, "pqe_query_columns: a name is NULL");
    query = pqe_select("t");
    pqe_query_columns(query, NULL, 2);
    check_mistake(query, "pqe_query_columns: names is NULL");
    query = pqe_select("t");
    pqe_query_group_by(query, PQE_NAMES("a*b", "b c"));
    check_mistake(query, "pqe_query_group_by: \"b c\" is no name: something follows its end");
}

static void in_conditions(void **state)
{
    pqe_expr *once = pqe_eq("a", PQE_INT32(1));
    pqe_expr *twice = PQE_AND(once, once);

    (void)state;
    check_condition(NULL, "pqe_query_where: an expression is NULL");
    check_condition(twice, "pqe_and: an expression was given away already");
    check_condition(pqe_eq("a", PQE_NULL),
                    "pqe_eq: the value for \"a\" is NULL, with which no comparison is true; see "
                    "pqe_null");
    check_condition(pqe_like("a", NULL),
                    "pqe_like: the value for \"a\" is NULL, with which no comparison is true; see "
                    "pqe_null");
    check_condition(pqe_between("a", PQE_INT32(1), PQE_NULL),
                    "pqe_between: a bound for \"a\" is NULL, with which no comparison is true; see "
                    "pqe_ge and pqe_le");
    check_condition(pqe_eq(NULL, PQE_INT32(1)), "pqe_eq: a name is NULL");
    check_condition(pqe_eq("", PQE_INT32(1)), "pqe_eq: \"\" is no name: a part of it is empty");
    check_condition(pqe_in("a", PQE_INT32(1)), "pqe_in: the value for \"a\" is no array");
    check_condition(pqe_in("a", PQE_INT64_ARRAY(NULL, 3)),
                    "pqe_in: the value for \"a\" is no array, but NULL");
    check_condition(pqe_not(NULL), "pqe_not: an expression is NULL");
    check_condition(pqe_or(NULL, 1), "pqe_or: parts is NULL");
    check_condition(pqe_exists(NULL), "pqe_exists: a query is NULL");
    check_condition(pqe_exists(pqe_delete("t")),
                    "pqe_exists: a query that is no SELECT cannot stand here, but in "
                    "pqe_query_with");
    check_condition(pqe_not(pqe_same("a", "b.")),
                    "pqe_same: \"b.\" is no name: a part of it is empty");
    check_condition(pqe_compare(pqe_column("a"), "= 1; --", pqe_column("b")),
                    "pqe_compare: \"= 1; --\" is no operator");
    check_condition(pqe_compare(pqe_column("a"), "--", pqe_column("b")),
                    "pqe_compare: \"--\" is no operator");
    check_condition(pqe_compare(pqe_column("a"), NULL, pqe_column("b")),
                    "pqe_compare: \"(NULL)\" is no operator");
    check_condition(pqe_compare(NULL, "=", pqe_column("b")), "pqe_compare: an expression is NULL");
}

static void in_raw_sql(void **state)
{
    const pqe_param two[] = {PQE_INT32(1), PQE_INT32(2)};

    (void)state;
    check_condition(pqe_raw(NULL, PQE_NO_PARAMS), "pqe_raw: sql is NULL");
    check_condition(pqe_raw("a = %s", NULL, 1), "pqe_raw: params is NULL");
    check_condition(pqe_raw("", PQE_NO_PARAMS), "pqe_raw: : it is empty");
    check_condition(pqe_raw(" -- a", PQE_NO_PARAMS), "pqe_raw:  -- a: it is empty");
    check_condition(pqe_raw("a = 'b", PQE_NO_PARAMS),
                    "pqe_raw: a = 'b: a quote or a comment is never closed");
    check_condition(pqe_raw("a) OR (b", PQE_NO_PARAMS),
                    "pqe_raw: a) OR (b: a bracket is closed that was not opened");
    check_condition(pqe_raw("f(a[1]", PQE_NO_PARAMS), "pqe_raw: f(a[1]: a bracket is never closed");
    check_condition(pqe_raw("a; DROP TABLE t", PQE_NO_PARAMS),
                    "pqe_raw: a; DROP TABLE t: it has a semicolon");
    check_condition(pqe_raw("a = %s AND b = $1", two, 2),
                    "pqe_raw: a = %s AND b = $1: it has both %s and $n");
    check_condition(pqe_raw("a = %s", two, 2),
                    "pqe_raw: a = %s: it has 1 parameter, but 2 were given");
    check_condition(pqe_raw("a = $3", two, 1),
                    "pqe_raw: a = $3: it has 3 parameters, but 1 was given");
}

static void in_clauses(void **state)
{
    pqe_query *query = pqe_insert("t");

    (void)state;
    pqe_query_where(query, pqe_eq("a", PQE_INT32(1)));
    check_mistake(query, "pqe_query_where: an INSERT has no such clause");
    query = pqe_select("t");
    pqe_query_set(query, "a", PQE_INT32(1));
    check_mistake(query, "pqe_query_set: a SELECT has no such clause");
    query = pqe_delete("t");
    pqe_query_limit(query, 1);
    check_mistake(query, "pqe_query_limit: a DELETE has no such clause");
    query = pqe_update("t");
    pqe_query_column(query, pqe_column("a"), NULL);
    check_mistake(query, "pqe_query_column: an UPDATE has no such clause");
    query = pqe_select("t");
    pqe_query_returning_expr(query, pqe_column("a"), NULL);
    check_mistake(query, "pqe_query_returning_expr: a SELECT has no such clause");
    query = pqe_select("t");
    pqe_query_conflict_set(query, "a", pqe_column("a"));
    check_mistake(query, "pqe_query_conflict_set: a SELECT has no such clause");
    query = pqe_select("t");
    pqe_query_insert_from(query, PQE_NO_NAMES, pqe_select("u"));
    check_mistake(query, "pqe_query_insert_from: a SELECT has no such clause");
    query = pqe_insert("t");
    pqe_query_from_query(query, pqe_select("u"), "u");
    check_mistake(query, "pqe_query_from_query: an INSERT has no such clause");

    query = pqe_select("t");
    pqe_query_offset(query, -3);
    check_mistake(query, "pqe_query_offset: -3 is negative");
    query = pqe_select("t");
    pqe_query_order_by(query, "a", (pqe_order)9);
    check_mistake(query, "pqe_query_order_by: there is no order 9");
    query = pqe_select("t");
    pqe_query_lock(query, (pqe_lock)7, PQE_LOCK_WAIT);
    check_mistake(query, "pqe_query_lock: there is no lock 7 with wait 0");
}

static void in_joins(void **state)
{
    pqe_query *query = pqe_select("t");

    (void)state;
    pqe_query_join(query, PQE_JOIN_INNER, "u", NULL);
    check_mistake(query, "pqe_query_join: the condition is NULL");
    query = pqe_select("t");
    pqe_query_join(query, PQE_JOIN_CROSS, "u", pqe_same("a", "b"));
    check_mistake(query, "pqe_query_join: a cross join has no condition");
    query = pqe_select("t");
    pqe_query_join_using(query, PQE_JOIN_LEFT, "u", PQE_NO_NAMES);
    check_mistake(query, "pqe_query_join_using: the condition is NULL");
    query = pqe_update("t");
    pqe_query_join_query(query, PQE_JOIN_LEFT, pqe_select("u"), "u", pqe_same("a", "b"));
    check_mistake(query, "pqe_query_join_query: there is no table to join to; see pqe_query_from");
    query = pqe_select("t");
    pqe_query_join(query, (pqe_join)9, "u", pqe_same("a", "b"));
    check_mistake(query, "pqe_query_join: there is no join 9");
    query = pqe_select("t");
    pqe_query_join_query(query, PQE_JOIN_LEFT, pqe_select("u"), NULL, pqe_same("a", "b"));
    check_mistake(query, "pqe_query_join_query: a name is NULL");
}

static void in_rows(void **state)
{
    const struct pair pair = {1, "b"};
    pqe_query *query = pqe_insert("t");

    (void)state;
    pqe_query_set(query, "a", PQE_INT32(1));
    pqe_query_set(query, "\"a\"", PQE_INT32(2));
    check_mistake(query, "pqe_query_set: the column \"a\" is set twice");
    query = pqe_insert("t");
    pqe_query_row(query);
    check_mistake(query, "pqe_query_row: nothing was set in the row before");
    query = pqe_insert("t");
    pqe_query_set(query, "a", PQE_INT32(1));
    pqe_query_insert_from(query, PQE_NO_NAMES, pqe_select("u"));
    check_mistake(query, "pqe_query_insert_from: the INSERT has rows of its own, too");
    query = pqe_insert("t");
    pqe_query_insert_from(query, PQE_NO_NAMES, pqe_select("u"));
    pqe_query_insert_from(query, PQE_NO_NAMES, pqe_select("v"));
    check_mistake(query, "pqe_query_insert_from: there is a query already");
    query = pqe_insert_model(&pair_model);
    pqe_query_set_struct(query, &pair_model, &pair, PQE_NAMES("c"));
    check_mistake(query, "pqe_query_set_struct: PQE_MODEL(pair) has no column \"c\"");
    query = pqe_insert_model(&pair_model);
    pqe_query_set_struct(query, &pair_model, NULL, PQE_NO_NAMES);
    check_mistake(query, "pqe_query_set_struct: structure is NULL");
    query = pqe_insert("t");
    pqe_query_conflict_update(query, PQE_NAMES("a"));
    check_mistake(query, "pqe_query_conflict_update: say over which columns first, with "
                         "pqe_query_on_conflict");
    query = pqe_insert("t");
    pqe_query_on_conflict(query, PQE_NAMES("a"));
    pqe_query_upsert(query, PQE_NAMES("a"));
    check_mistake(query, "pqe_query_upsert: what a conflict is over was said before");
    query = pqe_insert("t");
    pqe_query_upsert(query, PQE_NO_NAMES);
    check_mistake(query, "pqe_query_upsert: there are no names");
}

/* What changes every row must say so. */
static void without_a_condition(void **state)
{
    pqe_query *query = pqe_update("t");

    (void)state;
    pqe_query_set(query, "a", PQE_INT32(1));
    check_mistake(query, "the UPDATE of \"t\" has no condition; see pqe_query_all_rows");
    check_mistake(pqe_delete("s.t"),
                  "the DELETE of \"s\".\"t\" has no condition; see pqe_query_all_rows");
    query = pqe_delete("t");
    pqe_query_where(query, pqe_eq("a", PQE_INT32(1)));
    pqe_query_all_rows(query);
    check_mistake(query, "pqe_query_all_rows: the DELETE of \"t\" has a condition");
    query = pqe_update("t");
    pqe_query_all_rows(query);
    check_mistake(query, "the UPDATE of \"t\" sets nothing; see pqe_query_set");
}

static void in_giving_away(void **state)
{
    pqe_query *query = pqe_select("t");
    pqe_query *inner = pqe_select("u");
    pqe_expr *expr = pqe_eq("a", PQE_INT32(1));

    (void)state;
    pqe_query_where(query, expr);
    pqe_query_having(query, expr);
    check_mistake(query, "pqe_query_having: an expression was given away already");

    query = pqe_select("t");
    pqe_query_with(query, "u", inner);
    pqe_query_with(query, "v", inner);
    check_mistake(query, "pqe_query_with: a query was given away already");

    query = pqe_select("t");
    pqe_query_combine(query, PQE_UNION, query);
    check_mistake(query, "pqe_query_combine: a query cannot be part of itself");

    query = pqe_select("t");
    pqe_query_from_query(query, pqe_delete("u"), "u");
    check_mistake(query, "pqe_query_from_query: a query that is no SELECT cannot stand here, but "
                         "in pqe_query_with");

    /* a circle cannot be closed, and a part is not freed twice */
    query = pqe_select("t");
    inner = pqe_select("u");
    pqe_query_combine(query, PQE_UNION, inner);
    pqe_query_combine(inner, PQE_UNION, query);
    pqe_query_free(inner);
    check_mistake(query, "pqe_query_combine: the query is part of another one already");

    pqe_expr_free(pqe_not(pqe_exists(pqe_select("t"))));
    pqe_expr_free(NULL);
    pqe_query_free(NULL);
}

/* A mistake deep inside is told by the statement that holds it, and no function minds NULL. */
static void in_what_is_nested(void **state)
{
    pqe_query *query = pqe_select("t");
    pqe_query *inner = pqe_select("u");
    pqe_error error;
    char *sql;

    (void)state;
    pqe_query_limit(inner, -5);
    pqe_query_where(query, pqe_not(PQE_OR(pqe_null("a"), pqe_exists(inner))));
    check_mistake(query, "pqe_query_limit: -5 is negative");
    pqe_query_where(NULL, pqe_null("a"));
    pqe_query_columns(NULL, PQE_NAMES("a"));
    pqe_query_with_recursive(NULL, "a", pqe_select("t"));
    pqe_query_set_expr(NULL, "a", pqe_null("a"));
    pqe_query_conflict_where(NULL, pqe_null("a"));
    pqe_query_join_query(NULL, PQE_JOIN_INNER, pqe_select("t"), "t", pqe_null("a"));
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_query_text(NULL, &sql, &error), error);
    assert_string_equal(error.message, "query is NULL");
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_query_text(NULL, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_execute_query(NULL, NULL, NULL, &error), error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_names),
        cmocka_unit_test(in_conditions),
        cmocka_unit_test(in_raw_sql),
        cmocka_unit_test(in_clauses),
        cmocka_unit_test(in_joins),
        cmocka_unit_test(in_rows),
        cmocka_unit_test(without_a_condition),
        cmocka_unit_test(in_giving_away),
        cmocka_unit_test(in_what_is_nested),
    };

    return cmocka_run_group_tests_name("builder mistakes", tests, NULL, NULL);
}
