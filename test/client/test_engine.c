/*
 * test_engine.c - what pqe_create_engine does to the database on its way
 */
#include "support.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

#define DATABASE "test_engine"

static pqe_engine *admin;
static char folder[] = "/tmp/pqe-engine-XXXXXX";
static char models_path[64];
static char migrations_path[64];

#define VISIT_FIELDS(FIELD)                                                                        \
    FIELD(int64, id, "GENERATED ALWAYS AS IDENTITY PRIMARY KEY")                                   \
    FIELD(int64, user_id, "REFERENCES users")                                                      \
    FIELD(opt_text, page, "")
PQE_MODEL_WITH(visit, "public.visits", VISIT_FIELDS, "UNIQUE (user_id, page)",
               "CREATE INDEX visits_page_idx ON public.visits (page);");

static void write_model(const char *name, const char *text)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", models_path, name);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void write_users(const char *more)
{
    char text[512];

    snprintf(text, sizeof(text),
             "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL%s);\n", more);
    write_model("users.sql", text);
}

/* Each test has a database of its own, and folders. */
static int fresh(void **state)
{
    char command[128];

    (void)state;
    support_run(admin, "DROP DATABASE IF EXISTS " DATABASE " WITH (FORCE)");
    snprintf(command, sizeof(command), "rm -rf '%s' && mkdir -p '%s'", folder, models_path);
    if (system(command) != 0) {
        return -1;
    }
    write_users("");
    return 0;
}

static int setup(void **state)
{
    if (support_need_server(state) != 0 || mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(models_path, sizeof(models_path), "%s/models", folder);
    snprintf(migrations_path, sizeof(migrations_path), "%s/migrations", folder);
    admin = support_engine(NULL);
    return 0;
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    support_run(admin, "DROP DATABASE IF EXISTS " DATABASE " WITH (FORCE)");
    pqe_free_engine(admin);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command) == 0 ? 0 : -1;
}

static pqe_config schema_config(support_log *log)
{
    pqe_config config = support_config();

    config.database = DATABASE;
    config.models_path = models_path;
    config.migrations_path = migrations_path;
    config.ensure_database = true;
    config.ensure_tables = true;
    config.check_schema_drift = true;
    config.logger = support_logger;
    config.logger_data = log;
    return config;
}

static int64_t count_tables(pqe_engine *engine)
{
    return support_number(engine, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
}

/* ---------------------------------------------------------------------------------------------- */

static void database_and_tables_come_up(void **state)
{
    support_log log = {.length = 0};
    pqe_config config = schema_config(&log);
    const pqe_model *models[] = {&visit_model};
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.models = models;
    config.model_count = 1;
    engine = support_engine(&config);
    assert_int_equal(count_tables(engine), 2);
    assert_int_equal(support_number(engine, "SELECT count(*) FROM pg_indexes WHERE indexname = "
                                            "'visits_page_idx'"),
                     1);
    assert_ok(pqe_check_drift(engine, NULL, &error), error);
    assert_null(strstr(log.text, "differs"));
    pqe_free_engine(engine);
    /* once more: everything is there */
    engine = support_engine(&config);
    assert_int_equal(count_tables(engine), 2);
    pqe_free_engine(engine);
}

static void a_model_may_come_later(void **state)
{
    support_log log = {.length = 0};
    pqe_config config = schema_config(&log);
    pqe_engine *engine = support_engine(&config);
    pqe_error error;

    (void)state;
    assert_int_equal(count_tables(engine), 1);
    assert_ok(pqe_register_model(engine, &visit_model, &error), error);
    assert_ok(pqe_ensure_tables(engine, &error), error);
    assert_int_equal(count_tables(engine), 2);
    pqe_free_engine(engine);
}

/* What is known not to differ is asked about by a digest: the functions that take models are not called. */
static void unchanged_models_are_not_sent(void **state)
{
    support_log log = {.length = 0};
    pqe_config config = schema_config(&log);
    pqe_engine *engine = support_engine(&config);
    pqe_result *drift;
    pqe_error error;

    (void)state;
    support_run(engine, "ALTER FUNCTION pqengine.drift(text, jsonb) RENAME TO drift_put_away");
    support_run(engine,
                "ALTER FUNCTION pqengine.ensure_tables(text, jsonb) RENAME TO tables_put_away");
    assert_ok(pqe_check_drift(engine, NULL, &error), error);
    assert_ok(pqe_ensure_tables(engine, &error), error);
    assert_status(PQE_ERR_EXTENSION_MISSING, pqe_check_drift(engine, &drift, &error), error);
    support_run(engine, "ALTER TABLE users ADD forgotten int");
    assert_status(PQE_ERR_EXTENSION_MISSING, pqe_check_drift(engine, NULL, &error), error);
    assert_status(PQE_ERR_EXTENSION_MISSING, pqe_ensure_tables(engine, &error), error);
    support_run(engine, "ALTER FUNCTION pqengine.drift_put_away(text, jsonb) RENAME TO drift");
    support_run(engine,
                "ALTER FUNCTION pqengine.tables_put_away(text, jsonb) RENAME TO ensure_tables");
    assert_status(PQE_ERR_DRIFT, pqe_check_drift(engine, NULL, &error), error);
    pqe_free_engine(engine);
}

static void drift_is_told(void **state)
{
    support_log log = {.length = 0};
    pqe_config config = schema_config(&log);
    pqe_engine *engine = support_engine(&config);
    pqe_result *drift;
    const char *text;
    pqe_error error;

    (void)state;
    support_run(engine, "ALTER TABLE users ADD forgotten int");
    assert_status(PQE_ERR_DRIFT, pqe_check_drift(engine, NULL, &error), error);
    assert_ok(pqe_check_drift(engine, &drift, &error), error);
    assert_true(pqe_result_rows(drift) >= 1);
    assert_ok(pqe_get_text_by_name(drift, 0, "change", &text, &error), error);
    assert_string_equal(text, "unexpected");
    assert_ok(pqe_get_text_by_name(drift, 0, "object", &text, &error), error);
    assert_contains(text, "forgotten");
    pqe_result_free(drift);
    pqe_free_engine(engine);
    assert_null(strstr(log.text, "differs"));
    /* a start says so, and starts */
    engine = support_engine(&config);
    assert_contains(log.text, "2 the database differs from the models");
    pqe_free_engine(engine);
    config.check_schema_drift = false;
    log.length = 0;
    log.text[0] = '\0';
    engine = support_engine(&config);
    assert_null(strstr(log.text, "differs"));
    pqe_free_engine(engine);
}

/* The options of the plan hold for tables, migrations and drift alike. */
static void schema_options_reach_the_server(void **state)
{
    support_log log = {.length = 0};
    pqe_config config = schema_config(&log);
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.schema_options = "{\"ignore\": [{\"kind\": \"index\", \"name\": \"public.by_*\"}]}";
    engine = support_engine(&config);
    support_run(engine, "CREATE INDEX by_hand ON users (email)");
    assert_ok(pqe_check_drift(engine, NULL, &error), error);
    pqe_free_engine(engine);
    config.schema_options = NULL;
    engine = support_engine(&config);
    assert_contains(log.text, "2 the database differs from the models");
    pqe_free_engine(engine);
    config.schema_options = "{\"ignore\": ";
    assert_status(PQE_ERR_QUERY, pqe_create_engine(&config, &engine, &error), error);
    assert_string_equal(error.sqlstate, "22P02");
}

static int count_migrations(void)
{
    DIR *opened = opendir(migrations_path);
    int count = 0;

    if (opened == NULL) {
        return 0;
    }
    for (const struct dirent *entry = readdir(opened); entry != NULL; entry = readdir(opened)) {
        count += strstr(entry->d_name, ".sql") != NULL ? 1 : 0;
    }
    closedir(opened);
    return count;
}

static void migrations_follow_the_models(void **state)
{
    support_log log = {.length = 0};
    pqe_config config = schema_config(&log);
    pqe_engine *engine;

    (void)state;
    config.ensure_migrations = true;
    engine = support_engine(&config);
    assert_contains(log.text, "1 Migrations initialized at ");
    assert_contains(log.text, "1 Auto-generated migration: ");
    assert_contains(log.text, "1 Applied 1 migration(s)");
    assert_int_equal(count_tables(engine), 1);
    assert_int_equal(count_migrations(), 1);
    support_run(engine, "INSERT INTO users VALUES (1, 'a@b')");
    pqe_free_engine(engine);

    log.length = 0;
    log.text[0] = '\0';
    engine = support_engine(&config);
    assert_null(strstr(log.text, "Auto-generated"));
    assert_null(strstr(log.text, "Applied"));
    assert_int_equal(count_migrations(), 1);
    pqe_free_engine(engine);

    write_users(", since timestamptz NOT NULL DEFAULT now()");
    engine = support_engine(&config);
    assert_contains(log.text, "1 Auto-generated migration: ");
    assert_contains(log.text, "1 Applied 1 migration(s)");
    assert_int_equal(count_migrations(), 2);
    assert_int_equal(support_number(engine, "SELECT count(since) FROM users"), 1);
    pqe_free_engine(engine);
}

typedef struct starter {
    pthread_t thread;
    support_log log;
    pqe_status status;
    pqe_error error;
} starter;

static void *start(void *argument)
{
    starter *self = argument;
    pqe_config config = schema_config(&self->log);
    pqe_engine *engine;

    config.ensure_migrations = true;
    self->status = pqe_create_engine(&config, &engine, &self->error);
    pqe_free_engine(engine);
    return NULL;
}

static void many_start_at_once(void **state)
{
    static starter starters[10];
    int applied = 0;

    (void)state;
    memset(starters, 0, sizeof(starters));
    for (int i = 0; i < 10; i++) {
        assert_int_equal(pthread_create(&starters[i].thread, NULL, start, &starters[i]), 0);
    }
    for (int i = 0; i < 10; i++) {
        pthread_join(starters[i].thread, NULL);
    }
    for (int i = 0; i < 10; i++) {
        assert_ok(starters[i].status, starters[i].error);
        applied += strstr(starters[i].log.text, "Applied 1 migration(s)") != NULL ? 1 : 0;
    }
    assert_int_equal(applied, 1);
    assert_int_equal(count_migrations(), 1);
}

/* ---------------------------------------------------------------------------------------------- */

static void check_models_fail(const char *part)
{
    support_log log = {.length = 0};
    pqe_config config = schema_config(&log);
    pqe_engine *engine;
    pqe_error error;

    assert_status(PQE_ERR_MODELS, pqe_create_engine(&config, &engine, &error), error);
    assert_null(engine);
    assert_contains(error.message, part);
}

static void broken_models_are_placed(void **state)
{
    char command[128];

    (void)state;
    write_model("zzz.sql", "-- fine\n\nCREATE TABEL zzz (a int);\n");
    check_models_fail("models/zzz.sql:3: ");
    write_model("zzz.sql", "CREATE TABLE zzz (a no_such_type);\n");
    check_models_fail("models/zzz.sql:1: ");
    write_model("zzz.sql", "DELETE FROM users;\n");
    check_models_fail("models/zzz.sql:1: ");
    snprintf(command, sizeof(command), "rm -r '%s'", models_path);
    assert_int_equal(system(command), 0);
    check_models_fail("models");
}

static void the_database_is_missing_and_stays_so(void **state)
{
    support_log log = {.length = 0};
    pqe_config config = schema_config(&log);
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.ensure_database = false;
    assert_status(PQE_ERR_DATABASE_NOT_FOUND, pqe_create_engine(&config, &engine, &error), error);
    assert_int_equal(
        support_number(admin, "SELECT count(*) FROM pg_database WHERE datname = '" DATABASE "'"),
        0);
}

static void the_steps_refuse_null_and_disposed(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_error error;

    (void)state;
    assert_ok(pqe_dispose(engine, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_ensure_database(engine, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_ensure_extension(engine, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_ensure_tables(engine, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_ensure_migrations(engine, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_check_drift(engine, NULL, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_register_model(engine, &visit_model, &error), error);
    pqe_free_engine(engine);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_ensure_database(NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_ensure_tables(NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_ensure_migrations(NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_check_drift(NULL, NULL, &error), error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(database_and_tables_come_up, fresh),
        cmocka_unit_test_setup(a_model_may_come_later, fresh),
        cmocka_unit_test_setup(unchanged_models_are_not_sent, fresh),
        cmocka_unit_test_setup(drift_is_told, fresh),
        cmocka_unit_test_setup(schema_options_reach_the_server, fresh),
        cmocka_unit_test_setup(migrations_follow_the_models, fresh),
        cmocka_unit_test_setup(many_start_at_once, fresh),
        cmocka_unit_test_setup(broken_models_are_placed, fresh),
        cmocka_unit_test_setup(the_database_is_missing_and_stays_so, fresh),
        cmocka_unit_test_setup(the_steps_refuse_null_and_disposed, fresh),
    };

    return cmocka_run_group_tests_name("engine", tests, setup, teardown);
}
