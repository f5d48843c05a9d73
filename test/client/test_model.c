/*
 * test_model.c - the DDL of models declared in C
 */
#include "support.h"

#include "error.h"
#include "model.h"

#define PERSON_FIELDS(FIELD)                                                                       \
    FIELD(int64, id, "GENERATED ALWAYS AS IDENTITY PRIMARY KEY")                                   \
    FIELD(text, email, "UNIQUE")                                                                   \
    FIELD(opt_text, order, "")                                                                     \
    FIELD(as(opt_text, "numeric(10, 2)"), credit, "DEFAULT 0 CHECK (credit >= 0)")                 \
    FIELD(bool, active, "DEFAULT true")
PQE_MODEL(person, "public.people", PERSON_FIELDS);

#define EDGE_FIELDS(FIELD)                                                                         \
    FIELD(int64, a, "")                                                                            \
    FIELD(int64, b, "")
PQE_MODEL_WITH(edge, "edges", EDGE_FIELDS, "PRIMARY KEY (a, b), CHECK (a <> b)",
               "CREATE INDEX edges_b_idx ON edges (b, a);");

static void the_struct_has_the_c_types(void **state)
{
    struct person person = {.id = INT64_MAX, .email = "e", .order = NULL, .credit = "1.00"};
    const pqe_field *fields = person_model.fields();

    (void)state;
    assert_int_equal(sizeof(person.id), 8);
    assert_int_equal(person_model.field_count, 5);
    assert_int_equal(person_model.struct_size, sizeof(struct person));
    assert_string_equal(person_model.name, "person");
    assert_int_equal(fields[1].offset, offsetof(struct person, email));
    assert_int_equal(fields[4].kind, PQE_FIELD_BOOL);
    assert_true(fields[2].optional);
    assert_true(fields[3].optional);
    assert_false(fields[1].optional);
    assert_string_equal(*(const char **)((char *)&person + fields[3].offset), "1.00");
}

static void the_ddl_says_the_same(void **state)
{
    char *sql;
    pqe_error error;

    (void)state;
    assert_ok(pqe_model_sql(&person_model, &sql, &error), error);
    assert_string_equal(sql,
                        "CREATE TABLE public.people (\n"
                        "    \"id\" bigint NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
                        "    \"email\" text NOT NULL UNIQUE,\n"
                        "    \"order\" text,\n"
                        "    \"credit\" numeric(10, 2) DEFAULT 0 CHECK (credit >= 0),\n"
                        "    \"active\" boolean NOT NULL DEFAULT true\n"
                        ");\n");
    pqe_free(sql);
    assert_ok(pqe_model_sql(&edge_model, &sql, &error), error);
    assert_string_equal(sql, "CREATE TABLE edges (\n"
                             "    \"a\" bigint NOT NULL,\n"
                             "    \"b\" bigint NOT NULL,\n"
                             "    PRIMARY KEY (a, b), CHECK (a <> b)\n"
                             ");\n"
                             "CREATE INDEX edges_b_idx ON edges (b, a);\n");
    pqe_free(sql);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_model_sql(NULL, &sql, &error), error);
    assert_null(sql);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_model_sql(&edge_model, NULL, &error), error);
}

static void registered_models_are_marked(void **state)
{
    pqe_config config = support_config();
    const pqe_model *models[] = {&edge_model};
    pqe_engine *engine;
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_model second = edge_model;
    size_t count;
    pqe_error error;

    (void)state;
    config.connect_at_start = false;
    config.models = models;
    config.model_count = 1;
    engine = support_engine(&config);
    assert_ok(pqe_register_model(engine, &person_model, &error), error);
    second.name = "other_edge";
    assert_status(PQE_ERR_MODELS, pqe_register_model(engine, &second, &error), error);
    assert_contains(error.message,
                    "the table edges has two models: PQE_MODEL(edge) and PQE_MODEL(other_edge)");
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_register_model(engine, NULL, &error), error);
    second.version = 5;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_register_model(engine, &second, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_register_model(NULL, &edge_model, &error), error);
    pqe_error_clear(&error);
    assert_ok(pqe_append_registered_models(engine, &text, &count, &error), error);
    assert_int_equal(count, 2);
    assert_int_equal(strncmp(text.data, "-- pqengine:file PQE_MODEL(edge)\nCREATE TABLE edges", 51),
                     0);
    assert_contains(text.data, "\n-- pqengine:file PQE_MODEL(person)\nCREATE TABLE public.people");
    pqe_buffer_free(&text);
    pqe_free_engine(engine);
    models[0] = NULL;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_create_engine(&config, &engine, &error), error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_struct_has_the_c_types),
        cmocka_unit_test(the_ddl_says_the_same),
        cmocka_unit_test(registered_models_are_marked),
    };

    return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
