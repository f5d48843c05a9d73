/*
 * test_builder.c - queries put together piece by piece: their text, and what the server makes of them
 */
#include "support.h"

#define MEMBER_FIELDS(FIELD)                                                                       \
    FIELD(int64, id, "PRIMARY KEY")                                                                \
    FIELD(text, email, "UNIQUE")                                                                   \
    FIELD(opt_text, nickname, "")                                                                  \
    FIELD(opt_int32, visits, "")                                                                   \
    FIELD(opt_timestamptz, seen_at, "")                                                            \
    FIELD(opt_timestamp, noted_at, "")                                                             \
    FIELD(opt_time, wakes_at, "")                                                                  \
    FIELD(opt_bytes, picture, "")                                                                  \
    FIELD(opt_uuid, token, "")                                                                     \
    FIELD(opt_date, born, "")                                                                      \
    FIELD(opt_bool, active, "")                                                                    \
    FIELD(opt_float64, score, "")                                                                  \
    FIELD(as(opt_text, "numeric(10, 2)"), credit, "")
PQE_MODEL_WITH(member, "builder.members", MEMBER_FIELDS, "",
               "CREATE TABLE builder.orders (id int PRIMARY KEY, member_id bigint NOT NULL,"
               " status builder.status NOT NULL, total numeric NOT NULL);");

static pqe_engine *engine;

static int setup(void **state)
{
    char *sql;
    pqe_error error;

    if (support_need_server(state) != 0) {
        return -1;
    }
    engine = support_engine(NULL);
    support_run(engine, "DROP SCHEMA IF EXISTS builder CASCADE");
    support_run(engine, "CREATE SCHEMA builder");
    support_run(engine, "CREATE TYPE builder.status AS ENUM ('open', 'paid')");
    assert_ok(pqe_model_sql(&member_model, &sql, &error), error);
    *strstr(sql, ";\n") = '\0'; /* one statement at a time */
    support_run(engine, sql);
    support_run(engine, sql + strlen(sql) + 2);
    pqe_free(sql);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    support_run(engine, "DROP SCHEMA builder CASCADE");
    pqe_free_engine(engine);
    return 0;
}

static int fill(void **state)
{
    (void)state;
    support_run(engine, "TRUNCATE builder.members, builder.orders");
    support_run(engine,
                "INSERT INTO builder.members (id, email, visits)"
                " SELECT n, 'm' || n || '@example.com', n % 3 FROM generate_series(1, 9) n");
    support_run(engine, "INSERT INTO builder.orders SELECT n, n % 4 + 1,"
                        " (ARRAY['open', 'paid'])[n % 2 + 1]::builder.status, n * 10"
                        " FROM generate_series(1, 12) n");
    return 0;
}

/* The text is that, and the query is freed. */
static void check_text(pqe_query *query, const char *expected)
{
    char *sql;
    pqe_error error;

    assert_ok(pqe_query_text(query, &sql, &error), error);
    assert_string_equal(sql, expected);
    pqe_free(sql);
    pqe_query_free(query);
}

/* The server accepts it, the rows are so many, and the query is freed. */
static void check_rows(pqe_query *query, uint64_t rows)
{
    pqe_result *result;
    pqe_error error;

    assert_ok(pqe_execute_query(engine, query, &result, &error), error);
    assert_int_equal(pqe_result_affected(result), rows);
    pqe_result_free(result);
    pqe_query_free(query);
}

/* Both. */
static void check(pqe_query *query, const char *expected, uint64_t rows)
{
    char *sql;
    pqe_error error;

    assert_ok(pqe_query_text(query, &sql, &error), error);
    assert_string_equal(sql, expected);
    pqe_free(sql);
    check_rows(query, rows);
}

static pqe_query *members(void)
{
    return pqe_select("builder.members m");
}

static void selects(void **state)
{
    pqe_query *query = members();

    (void)state;
    check(query, "SELECT * FROM \"builder\".\"members\" AS \"m\"", 9);

    query = pqe_select("builder.members AS m");
    pqe_query_columns(query, PQE_NAMES("m.id", "email"));
    pqe_query_column(query, pqe_raw("m.visits %% %s", PQE_PARAMS(PQE_INT32(2))), "\"odd one\"");
    pqe_query_where(query, pqe_ge("m.id", PQE_INT64(3)));
    pqe_query_where(query, PQE_OR(pqe_eq("m.visits", PQE_INT32(1)), pqe_null("m.visits")));
    pqe_query_order_by(query, "m.id", PQE_DESC);
    pqe_query_limit(query, 2);
    pqe_query_offset(query, 1);
    check(query,
          "SELECT \"m\".\"id\", \"email\", m.visits % $1 AS \"odd one\""
          " FROM \"builder\".\"members\" AS \"m\""
          " WHERE \"m\".\"id\" >= $2 AND (\"m\".\"visits\" = $3 OR \"m\".\"visits\" IS NULL)"
          " ORDER BY \"m\".\"id\" DESC LIMIT $4 OFFSET $5",
          1);

    query = pqe_select(NULL);
    pqe_query_column(query, pqe_value(PQE_TEXT("'; DROP TABLE builder.members --")), "a\tb");
    pqe_query_free(query);
    query = pqe_select(NULL);
    pqe_query_column(query, pqe_value(PQE_TYPED(25, "'; DROP TABLE builder.members --")), "v");
    check(query, "SELECT $1 AS \"v\"", 1);

    query = members();
    pqe_query_distinct(query, PQE_NO_NAMES);
    pqe_query_columns(query, PQE_NAMES("visits"));
    pqe_query_order_by(query, "visits", PQE_ASC_NULLS_FIRST);
    check(query,
          "SELECT DISTINCT \"visits\" FROM \"builder\".\"members\" AS \"m\""
          " ORDER BY \"visits\" NULLS FIRST",
          3);

    query = members();
    pqe_query_distinct(query, PQE_NAMES("m.visits"));
    pqe_query_columns(query, PQE_NAMES("m.*"));
    pqe_query_order_by(query, "m.visits", PQE_ASC);
    pqe_query_order_by_expr(query, pqe_raw("random()", PQE_NO_PARAMS), PQE_DESC_NULLS_LAST);
    check(query,
          "SELECT DISTINCT ON (\"m\".\"visits\") \"m\".* FROM \"builder\".\"members\" AS \"m\""
          " ORDER BY \"m\".\"visits\", random() DESC NULLS LAST",
          3);

    query = pqe_select("builder.orders");
    pqe_query_columns(query, PQE_NAMES("id"));
    pqe_query_lock(query, PQE_LOCK_NO_KEY_UPDATE, PQE_LOCK_SKIP_LOCKED);
    check(query, "SELECT \"id\" FROM \"builder\".\"orders\" FOR NO KEY UPDATE SKIP LOCKED", 12);
}

/* Every kind of condition, alone, with the rows it leaves. */
static void conditions(void **state)
{
    static const int64_t ids[] = {1, 3, 99};
    static const char *const emails[] = {"m1@example.com", "m2@example.com", "it's \"q\" \\ {,}"};
    const struct {
        pqe_expr *condition;
        const char *text;
        uint64_t rows;
    } cases[] = {
        {pqe_eq("id", PQE_INT64(3)), "\"id\" = $1", 1},
        {pqe_ne("id", PQE_INT64(3)), "\"id\" <> $1", 8},
        {pqe_lt("id", PQE_INT64(3)), "\"id\" < $1", 2},
        {pqe_le("id", PQE_INT64(3)), "\"id\" <= $1", 3},
        {pqe_gt("id", PQE_INT64(3)), "\"id\" > $1", 6},
        {pqe_ge("id", PQE_INT64(3)), "\"id\" >= $1", 7},
        {pqe_like("email", "m_@%"), "\"email\" LIKE $1", 9},
        {pqe_ilike("email", "M1%"), "\"email\" ILIKE $1", 1},
        {pqe_between("id", PQE_INT64(2), PQE_INT64(4)), "\"id\" BETWEEN $1 AND $2", 3},
        {pqe_null("nickname"), "\"nickname\" IS NULL", 9},
        {pqe_not_null("nickname"), "\"nickname\" IS NOT NULL", 0},
        {pqe_in("id", PQE_INT64_ARRAY(ids, 3)), "\"id\" = ANY ($1)", 2},
        {pqe_in("id", PQE_INT64_ARRAY(ids, 0)), "\"id\" = ANY ($1)", 0},
        {pqe_not_in("id", PQE_INT64_ARRAY(ids, 3)), "\"id\" <> ALL ($1)", 7},
        {pqe_not_in("id", PQE_INT64_ARRAY(ids, 0)), "\"id\" <> ALL ($1)", 9},
        {pqe_in("email", PQE_TEXT_ARRAY(emails, 3)), "\"email\" = ANY ($1)", 2},
        {pqe_same("id", "visits"), "\"id\" = \"visits\"", 2},
        {pqe_and(NULL, 0), "true", 9},
        {pqe_or(NULL, 0), "false", 0},
        {pqe_not(pqe_eq("id", PQE_INT64(3))), "NOT (\"id\" = $1)", 8},
        {pqe_not(PQE_OR(pqe_eq("id", PQE_INT64(3)), pqe_and(NULL, 0))), "NOT (\"id\" = $1 OR true)",
         0},
        {PQE_AND(PQE_OR(pqe_eq("id", PQE_INT64(1)),
                        PQE_AND(pqe_eq("id", PQE_INT64(2)), pqe_null("nickname"))),
                 pqe_raw("id < %s OR $$%s$$ = ''", PQE_PARAMS(PQE_INT64(2)))),
         "(\"id\" = $1 OR (\"id\" = $2 AND \"nickname\" IS NULL)) AND (id < $3 OR $$%s$$ = '')", 1},
        {pqe_compare(pqe_column("visits"), "is distinct from", pqe_value(PQE_INT32(0))),
         "\"visits\" is distinct from $1", 6},
        {pqe_compare(pqe_compare(pqe_column("id"), "%", pqe_value(PQE_INT64(2))), "=",
                     pqe_raw("$1::bigint -- one\n", PQE_PARAMS(PQE_INT64(1)))),
         "(\"id\" % $1) = ($2::bigint   )", 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pqe_query *query = pqe_select("builder.members");
        char expected[300];

        pqe_query_where(query, cases[i].condition);
        snprintf(expected, sizeof(expected), "SELECT * FROM \"builder\".\"members\" WHERE %s",
                 cases[i].text);
        check(query, expected, cases[i].rows);
    }
}

/* Elements of a text array are what the column is: enum, uuid, numeric. */
static void lists_of_any_type(void **state)
{
    static const char *const statuses[] = {"open", "paid"};
    static const char *const totals[] = {"10", "20.00"};
    pqe_query *query = pqe_select("builder.orders");

    (void)state;
    pqe_query_where(query, pqe_in("status", PQE_TEXT_ARRAY(statuses, 1)));
    check_rows(query, 6);
    query = pqe_select("builder.orders");
    pqe_query_where(query, pqe_in("total", PQE_TEXT_ARRAY(totals, 2)));
    check_rows(query, 2);
    query = pqe_select("builder.orders");
    pqe_query_where(query, pqe_eq("status", PQE_TEXT("paid")));
    pqe_query_where(query, pqe_not_in("total", PQE_ARRAY(0, totals, 2)));
    check_rows(query, 5);
}

static void joins(void **state)
{
    pqe_query *query = members();
    pqe_query *last;

    (void)state;
    pqe_query_columns(query, PQE_NAMES("m.id", "o.total"));
    pqe_query_join(query, PQE_JOIN_LEFT, "builder.orders o",
                   PQE_AND(pqe_same("o.member_id", "m.id"), pqe_gt("o.total", PQE_NUMERIC("50"))));
    pqe_query_order_by(query, "o.total", PQE_DESC_NULLS_LAST);
    check(query,
          "SELECT \"m\".\"id\", \"o\".\"total\" FROM \"builder\".\"members\" AS \"m\""
          " LEFT JOIN \"builder\".\"orders\" AS \"o\""
          " ON \"o\".\"member_id\" = \"m\".\"id\" AND \"o\".\"total\" > $1"
          " ORDER BY \"o\".\"total\" DESC NULLS LAST",
          12);

    query = members();
    pqe_query_join_using(query, PQE_JOIN_INNER, "builder.orders", PQE_NAMES("id"));
    pqe_query_join(query, PQE_JOIN_CROSS, "builder.orders x", NULL);
    pqe_query_from(query, "builder.orders y");
    pqe_query_columns(query, PQE_NAMES("m.visits"));
    pqe_query_where(query, pqe_same("x.id", "y.id"));
    check(query,
          "SELECT \"m\".\"visits\" FROM \"builder\".\"members\" AS \"m\""
          " JOIN \"builder\".\"orders\" USING (\"id\") CROSS JOIN \"builder\".\"orders\" AS \"x\","
          " \"builder\".\"orders\" AS \"y\" WHERE \"x\".\"id\" = \"y\".\"id\"",
          108);

    /* the last two orders of each member */
    last = pqe_select("builder.orders o");
    pqe_query_columns(last, PQE_NAMES("o.id"));
    pqe_query_where(last, pqe_same("o.member_id", "m.id"));
    pqe_query_order_by(last, "o.id", PQE_DESC);
    pqe_query_limit(last, 2);
    query = members();
    pqe_query_columns(query, PQE_NAMES("m.id", "l.*"));
    pqe_query_join_query(query, PQE_JOIN_INNER, last, "l", pqe_and(NULL, 0));
    pqe_query_where(query, pqe_lt("m.id", PQE_INT64(9)));
    check(query,
          "SELECT \"m\".\"id\", \"l\".* FROM \"builder\".\"members\" AS \"m\" JOIN LATERAL"
          " (SELECT \"o\".\"id\" FROM \"builder\".\"orders\" AS \"o\""
          " WHERE \"o\".\"member_id\" = \"m\".\"id\" ORDER BY \"o\".\"id\" DESC LIMIT $1) AS \"l\""
          " ON true WHERE \"m\".\"id\" < $2",
          8);

    query = pqe_select(NULL);
    pqe_query_from_query(query, pqe_select("builder.orders"), "o");
    check(query, "SELECT * FROM (SELECT * FROM \"builder\".\"orders\") AS \"o\"", 12);
}

static void groups_and_sets(void **state)
{
    pqe_query *query = pqe_select("builder.orders");
    pqe_query *other = pqe_select("builder.orders");

    (void)state;
    pqe_query_columns(query, PQE_NAMES("member_id"));
    pqe_query_column(query, pqe_raw("sum(total)", PQE_NO_PARAMS), "total");
    pqe_query_group_by(query, PQE_NAMES("member_id"));
    pqe_query_group_by_expr(query, pqe_raw("status", PQE_NO_PARAMS));
    pqe_query_having(query, pqe_raw("sum(total) > %s", PQE_PARAMS(PQE_INT32(100))));
    pqe_query_having(query, pqe_raw("count(*) > %s", PQE_PARAMS(PQE_INT32(0))));
    check(query,
          "SELECT \"member_id\", sum(total) AS \"total\" FROM \"builder\".\"orders\""
          " GROUP BY \"member_id\", status HAVING (sum(total) > $1) AND (count(*) > $2)",
          4);

    query = members();
    pqe_query_columns(query, PQE_NAMES("id"));
    pqe_query_columns(other, PQE_NAMES("member_id"));
    pqe_query_combine(query, PQE_EXCEPT, other);
    pqe_query_order_by(query, "id", PQE_ASC);
    pqe_query_limit(query, 3);
    check(query,
          "SELECT \"id\" FROM \"builder\".\"members\" AS \"m\""
          " EXCEPT (SELECT \"member_id\" FROM \"builder\".\"orders\") ORDER BY \"id\" LIMIT $1",
          3);
}

static void subqueries_and_with(void **state)
{
    pqe_query *paid = pqe_select("builder.orders o");
    pqe_query *count = pqe_select("builder.orders");
    pqe_query *query = members();
    pqe_query *step;

    (void)state;
    pqe_query_where(paid, pqe_same("o.member_id", "m.id"));
    pqe_query_where(paid, pqe_eq("o.status", PQE_TEXT("paid")));
    pqe_query_column(count, pqe_raw("count(*)", PQE_NO_PARAMS), NULL);
    pqe_query_columns(query, PQE_NAMES("id"));
    pqe_query_column(query, pqe_subquery(count), "orders");
    pqe_query_where(query, pqe_exists(paid));
    check(
        query,
        "SELECT \"id\", (SELECT count(*) FROM \"builder\".\"orders\") AS \"orders\""
        " FROM \"builder\".\"members\" AS \"m\" WHERE EXISTS (SELECT * FROM \"builder\".\"orders\""
        " AS \"o\" WHERE \"o\".\"member_id\" = \"m\".\"id\" AND \"o\".\"status\" = $1)",
        2);

    query = members();
    step = pqe_select("builder.orders");
    pqe_query_columns(step, PQE_NAMES("member_id"));
    pqe_query_where(query, pqe_not(pqe_in_query("id", step)));
    check(query,
          "SELECT * FROM \"builder\".\"members\" AS \"m\""
          " WHERE NOT (\"id\" IN (SELECT \"member_id\" FROM \"builder\".\"orders\"))",
          5);

    /* what is deleted goes on */
    step = pqe_delete("builder.orders");
    pqe_query_where(step, pqe_gt("id", PQE_INT32(10)));
    pqe_query_returning(step, PQE_NAMES("*"));
    query = pqe_select("gone");
    pqe_query_with(query, "gone", step);
    check(query,
          "WITH \"gone\" AS (DELETE FROM \"builder\".\"orders\" WHERE \"id\" > $1 RETURNING *)"
          " SELECT * FROM \"gone\"",
          2);

    step = pqe_select(NULL);
    pqe_query_column(step, pqe_raw("1", PQE_NO_PARAMS), "n");
    query = pqe_select("t");
    pqe_query_column(query, pqe_raw("n + 1", PQE_NO_PARAMS), NULL);
    pqe_query_where(query, pqe_lt("n", PQE_INT32(7)));
    pqe_query_combine(step, PQE_UNION_ALL, query);
    query = pqe_select("t");
    pqe_query_with_recursive(query, "t", step);
    check(query,
          "WITH RECURSIVE \"t\" AS (SELECT 1 AS \"n\" UNION ALL"
          " (SELECT n + 1 FROM \"t\" WHERE \"n\" < $1)) SELECT * FROM \"t\"",
          7);
}

static void inserts(void **state)
{
    pqe_query *query = pqe_insert("builder.orders");
    pqe_query *source;

    (void)state;
    pqe_query_set(query, "id", PQE_INT32(20));
    pqe_query_set(query, "member_id", PQE_INT64(1));
    pqe_query_set(query, "status", PQE_TEXT("open"));
    pqe_query_set_expr(query, "total", pqe_raw("%s * 2", PQE_PARAMS(PQE_NUMERIC("1.25"))));
    pqe_query_returning(query, PQE_NAMES("id"));
    pqe_query_returning_expr(query, pqe_raw("total * 2", PQE_NO_PARAMS), "twice");
    check(query,
          "INSERT INTO \"builder\".\"orders\" (\"id\", \"member_id\", \"status\", \"total\")"
          " VALUES ($1, $2, $3, $4 * 2) RETURNING \"id\", total * 2 AS \"twice\"",
          1);

    /* rows in any order of columns, with defaults where one has not what another has */
    query = pqe_insert("builder.members");
    pqe_query_set(query, "id", PQE_INT64(30));
    pqe_query_set(query, "email", PQE_TEXT("a"));
    pqe_query_row(query);
    pqe_query_set(query, "nickname", PQE_TEXT(NULL));
    pqe_query_set(query, "email", PQE_TEXT("b"));
    pqe_query_set(query, "id", PQE_INT64(31));
    check(query,
          "INSERT INTO \"builder\".\"members\" (\"id\", \"email\", \"nickname\")"
          " VALUES ($1, $2, DEFAULT), ($3, $4, $5)",
          2);

    source = pqe_select("builder.orders");
    pqe_query_column(source, pqe_raw("id + 100", PQE_NO_PARAMS), NULL);
    pqe_query_columns(source, PQE_NAMES("member_id", "status", "total"));
    pqe_query_where(source, pqe_le("id", PQE_INT32(2)));
    query = pqe_insert("builder.orders");
    pqe_query_insert_from(query, PQE_NAMES("id", "member_id", "status", "total"), source);
    check(query,
          "INSERT INTO \"builder\".\"orders\" (\"id\", \"member_id\", \"status\", \"total\")"
          " SELECT id + 100, \"member_id\", \"status\", \"total\" FROM \"builder\".\"orders\""
          " WHERE \"id\" <= $1",
          2);
    check_text(pqe_insert("t"), "INSERT INTO \"t\" DEFAULT VALUES");
}

static void many_rows(void **state)
{
    pqe_query *query = pqe_insert("builder.members");

    (void)state;
    for (int i = 0; i < 2000; i++) {
        char email[32];

        if (i > 0) {
            pqe_query_row(query);
        }
        snprintf(email, sizeof(email), "many%d", i); /* the value is copied */
        pqe_query_set(query, "id", PQE_INT64(1000 + i));
        pqe_query_set(query, "email", PQE_TEXT(email));
    }
    check_rows(query, 2000);
    assert_int_equal(support_number(engine, "SELECT count(*) FROM builder.members"
                                            " WHERE email = 'many' || id - 1000"),
                     2000);
}

static void upserts(void **state)
{
    pqe_query *query = pqe_insert("builder.members m");

    (void)state;
    pqe_query_set(query, "id", PQE_INT64(1));
    pqe_query_set(query, "email", PQE_TEXT("new"));
    pqe_query_set(query, "visits", PQE_INT32(5));
    pqe_query_upsert(query, PQE_NAMES("id"));
    pqe_query_conflict_where(query, pqe_raw("m.email <> EXCLUDED.email", PQE_NO_PARAMS));
    check(query,
          "INSERT INTO \"builder\".\"members\" AS \"m\" (\"id\", \"email\", \"visits\")"
          " VALUES ($1, $2, $3) ON CONFLICT (\"id\") DO UPDATE SET \"email\" = EXCLUDED.\"email\","
          " \"visits\" = EXCLUDED.\"visits\" WHERE m.email <> EXCLUDED.email",
          1);

    query = pqe_insert("builder.members m");
    pqe_query_set(query, "id", PQE_INT64(1));
    pqe_query_set(query, "email", PQE_TEXT("newer"));
    pqe_query_set(query, "visits", PQE_INT32(1));
    pqe_query_on_conflict_constraint(query, "members_pkey");
    pqe_query_conflict_update(query, PQE_NAMES("email"));
    pqe_query_conflict_set(query, "visits",
                           pqe_compare(pqe_column("m.visits"), "+", pqe_column("excluded.visits")));
    check(
        query,
        "INSERT INTO \"builder\".\"members\" AS \"m\" (\"id\", \"email\", \"visits\")"
        " VALUES ($1, $2, $3) ON CONFLICT ON CONSTRAINT \"members_pkey\" DO UPDATE SET"
        " \"email\" = EXCLUDED.\"email\", \"visits\" = \"m\".\"visits\" + \"excluded\".\"visits\"",
        1);
    assert_int_equal(support_number(engine, "SELECT visits FROM builder.members"
                                            " WHERE id = 1 AND email = 'newer'"),
                     6);

    query = pqe_insert("builder.members");
    pqe_query_set(query, "id", PQE_INT64(1));
    pqe_query_set(query, "email", PQE_TEXT("newest"));
    pqe_query_on_conflict(query, PQE_NO_NAMES);
    check(query,
          "INSERT INTO \"builder\".\"members\" (\"id\", \"email\") VALUES ($1, $2)"
          " ON CONFLICT DO NOTHING",
          0);

    query = pqe_insert("t");
    pqe_query_set(query, "id", PQE_INT64(1));
    pqe_query_upsert(query, PQE_NAMES("id"));
    check_text(query, "INSERT INTO \"t\" (\"id\") VALUES ($1) ON CONFLICT (\"id\") DO NOTHING");
}

static void updates_and_deletes(void **state)
{
    pqe_query *query = pqe_update("builder.members m");

    (void)state;
    pqe_query_set(query, "nickname", PQE_TEXT("x"));
    pqe_query_set_expr(query, "visits", pqe_raw("m.visits + %s", PQE_PARAMS(PQE_INT32(1))));
    pqe_query_from(query, "builder.orders o");
    pqe_query_where(query, pqe_same("o.member_id", "m.id"));
    pqe_query_where(query, pqe_eq("o.id", PQE_INT32(1)));
    pqe_query_returning(query, PQE_NAMES("m.id", "m.nickname"));
    check(
        query,
        "UPDATE \"builder\".\"members\" AS \"m\" SET \"nickname\" = $1, \"visits\" = m.visits + $2"
        " FROM \"builder\".\"orders\" AS \"o\" WHERE \"o\".\"member_id\" = \"m\".\"id\""
        " AND \"o\".\"id\" = $3 RETURNING \"m\".\"id\", \"m\".\"nickname\"",
        1);

    query = pqe_delete("builder.orders o");
    pqe_query_from(query, "builder.members m");
    pqe_query_join(query, PQE_JOIN_LEFT, "builder.orders x", pqe_same("x.id", "m.id"));
    pqe_query_where(query, pqe_same("m.id", "o.member_id"));
    pqe_query_where(query, pqe_eq("m.id", PQE_INT64(2)));
    check(query,
          "DELETE FROM \"builder\".\"orders\" AS \"o\" USING \"builder\".\"members\" AS \"m\""
          " LEFT JOIN \"builder\".\"orders\" AS \"x\" ON \"x\".\"id\" = \"m\".\"id\""
          " WHERE \"m\".\"id\" = \"o\".\"member_id\" AND \"m\".\"id\" = $1",
          3);

    query = pqe_delete("builder.orders");
    pqe_query_all_rows(query);
    check(query, "DELETE FROM \"builder\".\"orders\"", 9);
}

/* A struct goes there and comes back as it was. */
static void structs_of_a_model(void **state)
{
    const struct member full = {
        .id = 50,
        .email = "full",
        .nickname = "it's",
        .visits = {true, -7},
        .seen_at = {true, INT64_C(1700000000123456)},
        .noted_at = {true, INT64_C(1700000000654321)},
        .wakes_at = {true, INT64_C(25200000001)},
        .picture = {(const uint8_t *)"\0\1\xFF", 3},
        .token = {true, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}},
        .born = {true, -1},
        .active = {true, false},
        .score = {true, 0.1},
        .credit = "12.50",
    };
    const struct member bare = {.id = 51, .email = "bare"};
    pqe_query *query = pqe_insert_model(&member_model);
    struct member *back;
    pqe_result *result;
    pqe_error error;
    size_t count;

    (void)state;
    pqe_query_set_struct(query, &member_model, &full, PQE_NO_NAMES);
    pqe_query_row(query);
    pqe_query_set_struct(query, &member_model, &bare, PQE_NAMES("id", "email", "visits"));
    check_rows(query, 2);

    query = pqe_select_model(&member_model, "m");
    pqe_query_where(query, pqe_ge("m.id", PQE_INT64(50)));
    pqe_query_order_by(query, "m.id", PQE_ASC);
    assert_ok(pqe_execute_query(engine, query, &result, &error), error);
    pqe_query_free(query);
    assert_ok(pqe_fetch_all(result, &member_model, (void **)&back, &count, &error), error);
    pqe_result_free(result);
    assert_int_equal(count, 2);
    assert_string_equal(back[0].nickname, full.nickname);
    assert_int_equal(back[0].visits.value, -7);
    assert_true(back[0].seen_at.value == full.seen_at.value);
    assert_true(back[0].noted_at.value == full.noted_at.value);
    assert_true(back[0].wakes_at.value == full.wakes_at.value);
    assert_int_equal(back[0].picture.length, 3);
    assert_memory_equal(back[0].picture.data, full.picture.data, 3);
    assert_memory_equal(&back[0].token.value, &full.token.value, 16);
    assert_int_equal(back[0].born.value, -1);
    assert_true(back[0].active.has_value && !back[0].active.value);
    assert_true(back[0].score.value == 0.1);
    assert_string_equal(back[0].credit, "12.50");
    assert_null(back[1].nickname);
    assert_false(back[1].visits.has_value);
    pqe_free(back);

    query = pqe_update_model(&member_model);
    pqe_query_set_struct(query, &member_model, &full, PQE_NAMES("nickname"));
    pqe_query_where(query, pqe_eq("id", PQE_INT64(51)));
    check(query, "UPDATE builder.members SET \"nickname\" = $1 WHERE \"id\" = $2", 1);
    query = pqe_delete_model(&member_model);
    pqe_query_where(query, pqe_eq("nickname", PQE_TEXT("it's")));
    check(query, "DELETE FROM builder.members WHERE \"nickname\" = $1", 2);
}

/* One query, executed again and again, and on every kind of handle. */
static void wherever_a_text_may_stand(void **state)
{
    pqe_query *query = members();
    pqe_connection *connection = support_acquire(engine, NULL);
    pqe_transaction *transaction;
    pqe_result *result;
    pqe_error error;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_ok(pqe_execute_query(engine, query, NULL, &error), error);
        assert_ok(pqe_connection_execute_query(connection, query, &result, &error), error);
        pqe_result_free(result);
    }
    support_release(connection);
    assert_ok(pqe_transaction_begin(engine, NULL, &transaction, &error), error);
    assert_ok(pqe_transaction_execute_query(transaction, query, &result, &error), error);
    assert_int_equal(pqe_result_rows(result), 9);
    pqe_result_free(result);
    assert_ok(pqe_transaction_commit(transaction, &error), error);
    pqe_query_free(query);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(selects, fill),
        cmocka_unit_test_setup(conditions, fill),
        cmocka_unit_test_setup(lists_of_any_type, fill),
        cmocka_unit_test_setup(joins, fill),
        cmocka_unit_test_setup(groups_and_sets, fill),
        cmocka_unit_test_setup(subqueries_and_with, fill),
        cmocka_unit_test_setup(inserts, fill),
        cmocka_unit_test_setup(many_rows, fill),
        cmocka_unit_test_setup(upserts, fill),
        cmocka_unit_test_setup(updates_and_deletes, fill),
        cmocka_unit_test_setup(structs_of_a_model, fill),
        cmocka_unit_test_setup(wherever_a_text_may_stand, fill),
    };

    return cmocka_run_group_tests_name("builder", tests, setup, teardown);
}
