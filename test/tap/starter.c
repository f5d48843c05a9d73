/*
 * starter.c - a program as it starts: makes an engine that sees to its schema, and uses it
 *
 * starter DSN MODELS [MIGRATIONS]: with ensure_migrations, or else ensure_tables; waits for the end of its input before it starts, so that several
 * can start at one moment.
 */
#include <stdio.h>

#include <pqengine.h>

int main(int argc, char **argv)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_engine *engine;
    pqe_result *result;
    pqe_error error;

    if (argc != 3 && argc != 4) {
        return 2;
    }
    while (getchar() != EOF) {
    }
    config.dsn = argv[1];
    config.models_path = argv[2];
    if (argc == 4) {
        config.migrations_path = argv[3];
        config.ensure_migrations = true;
    }
    config.logger = pqe_log_stderr;
    if (pqe_create_engine(&config, &engine, &error) != PQE_OK) {
        fprintf(stderr, "%s: %s\n%s\n%s\n", pqe_status_name(error.code), error.message,
                error.detail, error.hint);
        return 1;
    }
    if (pqe_execute(engine, "SELECT count(*) FROM users", PQE_NO_PARAMS, &result, &error) !=
        PQE_OK) {
        fprintf(stderr, "%s: %s\n", pqe_status_name(error.code), error.message);
        pqe_free_engine(engine);
        return 1;
    }
    pqe_result_free(result);
    pqe_free_engine(engine);
    return 0;
}
