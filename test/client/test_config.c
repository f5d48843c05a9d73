/*
 * test_config.c - what pqe_create_engine refuses before it asks any server
 */
#include "support.h"

#include <libpq-fe.h>

#include "config.h"

static void check_refused(const pqe_config *config, const char *part)
{
    pqe_engine *engine = (pqe_engine *)8;
    pqe_error error;

    assert_status(PQE_ERR_CONFIG, pqe_create_engine(config, &engine, &error), error);
    assert_null(engine);
    assert_contains(error.message, part);
}

static void defaults_are_as_documented(void **state)
{
    pqe_config macro = PQE_CONFIG_INIT;
    pqe_config function;

    (void)state;
    pqe_config_init(&function);
    pqe_config_init(NULL);
    assert_int_equal(macro.pool_size, 20);
    assert_int_equal(macro.max_pool_size, 0);
    assert_false(macro.auto_adjust_pool_size);
    assert_int_equal(macro.connection_timeout_ms, 10000);
    assert_int_equal(macro.pool_timeout_ms, 30000);
    assert_int_equal(macro.query_timeout_ms, 0);
    assert_false(macro.pool_pre_ping);
    assert_int_equal(macro.pool_recycle_ms, 3600000);
    assert_int_equal(macro.pool_recycle_jitter, 10);
    assert_int_equal(macro.pool_idle_timeout_ms, 600000);
    assert_int_equal(macro.pool_reset, PQE_RESET_AUTO);
    assert_int_equal(macro.leak_warning_ms, 0);
    assert_int_equal(macro.statement_cache_size, 128);
    assert_int_equal(macro.max_retries, 0);
    assert_int_equal(macro.retry_delay_ms, 100);
    assert_true(macro.health_check_enabled);
    assert_int_equal(macro.health_check_interval_ms, 30000);
    assert_int_equal(macro.health_check_timeout_ms, 5000);
    assert_int_equal(macro.health_check_retries, 1);
    assert_true(macro.ensure_database);
    assert_true(macro.ensure_tables);
    assert_false(macro.ensure_migrations);
    assert_string_equal(macro.migrations_path, "./migrations");
    assert_true(macro.check_schema_drift);
    assert_true(macro.enable_metrics);
    assert_true(macro.enable_query_tracer);
    assert_int_equal(macro.query_trace_size, 200);
    assert_false(macro.trace_parameters);
    assert_false(macro.debug);
    assert_null(macro.logger);
    assert_true(macro.connect_at_start);
    assert_memory_equal(&macro.pool_size, &function.pool_size, sizeof(int));
    assert_int_equal(function.query_trace_size, 200);
    assert_true(function.connect_at_start);
}

static void numbers_have_ranges(void **state)
{
    pqe_config config;

    (void)state;
    pqe_config_init(&config);
    config.pool_size = 0;
    check_refused(&config, "pool_size is 0");
    pqe_config_init(&config);
    config.max_pool_size = 5;
    check_refused(&config, "max_pool_size (5) is smaller than pool_size (20)");
    pqe_config_init(&config);
    config.port = 65536;
    check_refused(&config, "port");
    pqe_config_init(&config);
    config.query_timeout_ms = -1;
    check_refused(&config, "query_timeout_ms");
    pqe_config_init(&config);
    config.pool_recycle_jitter = 101;
    check_refused(&config, "pool_recycle_jitter is 101, but must lie between 0 and 100");
    pqe_config_init(&config);
    config.health_check_interval_ms = 0;
    check_refused(&config, "health_check_interval_ms");
    pqe_config_init(&config);
    config.pool_reset = (pqe_reset)9;
    check_refused(&config, "pool_reset");
}

static void versions_are_checked(void **state)
{
    pqe_config config = PQE_CONFIG_INIT;

    (void)state;
    config.version = 99;
    check_refused(&config, "version 99");
    memset(&config, 0, sizeof(config));
    check_refused(&config, "version 0");
}

static void contradictions_are_found(void **state)
{
    pqe_config config = PQE_CONFIG_INIT;

    (void)state;
    config.model_count = 1;
    check_refused(&config, "models is NULL");
    pqe_config_init(&config);
    config.ensure_migrations = true;
    config.migrations_path = "";
    check_refused(&config, "migrations_path");
}

static void a_broken_dsn_shows_no_secret(void **state)
{
    static const char *const broken[] = {
        "postgresql://user:s3cret%zz@host/db",
        "host=h password=s3cret word",
        "host=h password='s3cret",
        "postgresql://user:s3cret@[::1",
        "s3cret",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        pqe_config config = PQE_CONFIG_INIT;
        pqe_engine *engine;
        pqe_error error;

        config.dsn = broken[i];
        assert_status(PQE_ERR_CONFIG, pqe_create_engine(&config, &engine, &error), error);
        assert_contains(error.message, "dsn cannot be read");
        assert_null(strstr(error.message, "s3cret"));
        assert_null(strstr(error.detail, "s3cret"));
        assert_null(strstr(error.hint, "s3cret"));
    }
}

static void an_unknown_option_is_named(void **state)
{
    pqe_config config = PQE_CONFIG_INIT;

    (void)state;
    config.dsn = "hots=localhost";
    check_refused(&config, "hots");
}

static const char *value_of(const pqe_settings *settings, const char *keyword)
{
    for (size_t i = 0; settings->keywords[i] != NULL; i++) {
        if (strcmp(settings->keywords[i], keyword) == 0) {
            return settings->values[i];
        }
    }
    return NULL;
}

static void fields_win_over_the_dsn(void **state)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_settings settings;
    pqe_error error;

    (void)state;
    config.dsn = "postgresql://one:two@three:4/five?application_name=six";
    config.username = "u";
    config.password = "p";
    config.host = "h";
    config.port = 7;
    config.database = "d";
    config.pool_size = 3;
    config.auto_adjust_pool_size = true;
    assert_int_equal(pqe_settings_init(&settings, &config, &error), PQE_OK);
    assert_string_equal(value_of(&settings, "user"), "u");
    assert_string_equal(value_of(&settings, "password"), "p");
    assert_string_equal(value_of(&settings, "host"), "h");
    assert_string_equal(value_of(&settings, "port"), "7");
    assert_string_equal(value_of(&settings, "dbname"), "d");
    assert_string_equal(value_of(&settings, "application_name"), "six");
    assert_int_equal(settings.config.max_pool_size, 12);
    pqe_settings_free(&settings);

    config.username = "";
    config.auto_adjust_pool_size = false;
    assert_int_equal(pqe_settings_init(&settings, &config, &error), PQE_OK);
    assert_string_equal(value_of(&settings, "user"), "one");
    assert_int_equal(settings.config.max_pool_size, 3);
    pqe_settings_free(&settings);
}

/* It is handed on where libpq has it (test_connect sees it work), else it is named as the mistake. */
static void an_option_of_later_versions(void **state)
{
    static const char *const dsns[] = {"host=a,b load_balance_hosts=random",
                                       "postgresql://a,b/d?load_balance_hosts=random"};

    (void)state;
    for (size_t i = 0; i < sizeof(dsns) / sizeof(dsns[0]); i++) {
        pqe_config config = PQE_CONFIG_INIT;
        pqe_settings settings;
        pqe_error error;

        config.dsn = dsns[i];
        if (support_libpq_knows("load_balance_hosts")) {
            assert_int_equal(pqe_settings_init(&settings, &config, &error), PQE_OK);
            assert_string_equal(value_of(&settings, "load_balance_hosts"), "random");
            pqe_settings_free(&settings);
        } else {
            char version[12];

            snprintf(version, sizeof(version), "%d.", PQlibVersion() / 10000);
            assert_int_equal(pqe_settings_init(&settings, &config, &error), PQE_ERR_CONFIG);
            assert_contains(error.message, "\"load_balance_hosts\"");
            assert_contains(error.hint, version);
        }
    }
}

/* What the program says wins over PGAPPNAME, and what the dsn says over both. */
static void names_of_the_application(void **state)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_settings settings;
    pqe_error error;

    (void)state;
    assert_int_equal(pqe_settings_init(&settings, &config, &error), PQE_OK);
    assert_null(value_of(&settings, "application_name")); /* so that libpq looks for PGAPPNAME */
    assert_string_equal(value_of(&settings, "fallback_application_name"), "libpqengine");
    pqe_settings_free(&settings);

    config.application_name = "config's";
    assert_int_equal(pqe_settings_init(&settings, &config, &error), PQE_OK);
    assert_string_equal(value_of(&settings, "application_name"), "config's");
    pqe_settings_free(&settings);

    config.dsn = "application_name=dsn";
    assert_int_equal(pqe_settings_init(&settings, &config, &error), PQE_OK);
    assert_string_equal(value_of(&settings, "application_name"), "dsn");
    pqe_settings_free(&settings);

    config.application_name = "";
    config.dsn = "fallback_application_name=last";
    assert_int_equal(pqe_settings_init(&settings, &config, &error), PQE_OK);
    assert_null(value_of(&settings, "application_name"));
    assert_string_equal(value_of(&settings, "fallback_application_name"), "last");
    pqe_settings_free(&settings);
}

static void null_arguments(void **state)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_create_engine(NULL, &engine, &error), error);
    assert_null(engine);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_create_engine(&config, NULL, &error), error);
    assert_int_equal(pqe_create_engine(NULL, NULL, NULL), PQE_ERR_INVALID_ARGUMENT);
    pqe_free_engine(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_as_documented),
        cmocka_unit_test(numbers_have_ranges),
        cmocka_unit_test(versions_are_checked),
        cmocka_unit_test(contradictions_are_found),
        cmocka_unit_test(a_broken_dsn_shows_no_secret),
        cmocka_unit_test(an_unknown_option_is_named),
        cmocka_unit_test(fields_win_over_the_dsn),
        cmocka_unit_test(an_option_of_later_versions),
        cmocka_unit_test(names_of_the_application),
        cmocka_unit_test(null_arguments),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
