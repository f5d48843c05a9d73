/*
 * test_cxx.cc - the header used from C++17: parameters, models, initializers
 */
#include "support.h"

#include <memory>
#include <string>

#define ITEM_FIELDS(FIELD)                                                                         \
    FIELD(int64, id, "PRIMARY KEY")                                                                \
    FIELD(as(text, "varchar(20)"), name, "")                                                       \
    FIELD(bool, sold, "")                                                                          \
    FIELD(opt_int32, count, "")
PQE_MODEL(item, "items", ITEM_FIELDS);

struct free_engine {
    void operator()(pqe_engine *engine) const
    {
        pqe_free_engine(engine);
    }
};
struct free_result {
    void operator()(pqe_result *result) const
    {
        pqe_result_free(result);
    }
};

static void parameters_and_structs(void **state)
{
    pqe_error error = PQE_ERROR_INIT;
    std::unique_ptr<pqe_engine, free_engine> engine(support_engine(nullptr));
    pqe_result *raw = nullptr;
    std::string name = "pen";
    item row = {};

    (void)state;
    assert_ok(
        pqe_execute(engine.get(), "SELECT %s AS id, %s AS name, %s AS sold, %s::int AS count",
                    PQE_PARAMS(PQE_INT64(7), PQE_TYPED(25, name.c_str()), PQE_BOOL(true), PQE_NULL),
                    &raw, &error),
        error);
    std::unique_ptr<pqe_result, free_result> result(raw);
    assert_ok(item_fetch(result.get(), 0, &row, &error), error);
    assert_int_equal(row.id, 7);
    assert_string_equal(row.name, "pen");
    assert_true(row.sold);
    assert_false(row.count.has_value);
}

static void initializers(void **state)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_call call = PQE_CALL_INIT;
    pqe_transaction_options options = PQE_TRANSACTION_OPTIONS_INIT;
    pqe_metrics_data metrics = PQE_METRICS_INIT;

    (void)state;
    assert_int_equal(config.pool_size, 20);
    assert_int_equal(call.timeout_ms, -1);
    assert_false(options.read_only);
    assert_int_equal(metrics.pool.size, 0);
    assert_int_equal(item_model.field_count, 4);
}

static void queries(void **state)
{
    pqe_error error = PQE_ERROR_INIT;
    pqe_query *query = pqe_select_model(&item_model, nullptr);
    char *sql = nullptr;

    (void)state;
    pqe_query_columns(query, PQE_NAMES("a", "b"));
    pqe_query_where(query, PQE_OR(pqe_eq("id", PQE_INT64(7)), pqe_null("count")));
    pqe_query_column(query, pqe_raw("%s + %s", PQE_PARAMS(PQE_INT32(1), PQE_INT32(2))), "c");
    assert_ok(pqe_query_text(query, &sql, &error), error);
    assert_string_equal(sql, "SELECT \"id\", \"name\", \"sold\", \"count\", \"a\", \"b\","
                             " $1 + $2 AS \"c\" FROM items"
                             " WHERE \"id\" = $3 OR \"count\" IS NULL");
    pqe_free(sql);
    pqe_query_free(query);
}

int main()
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parameters_and_structs),
        cmocka_unit_test(initializers),
        cmocka_unit_test(queries),
    };

    return cmocka_run_group_tests_name("C++", tests, support_need_server, NULL);
}
