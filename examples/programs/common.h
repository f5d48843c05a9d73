/*
 * common.h - what the example programs share: saying what went wrong, and where
 */
#ifndef EXAMPLES_COMMON_H
#define EXAMPLES_COMMON_H

#include <pqengine.h>

#include <stdio.h>
#include <stdlib.h>

/* Says what went wrong, and ends the program. */
static inline void check(pqe_status status, const pqe_error *error, const char *what)
{
    if (status != PQE_OK) {
        fprintf(stderr, "%s: %s: %s\n%s\n%s\n", what, pqe_status_name(status), error->message,
                error->detail, error->context);
        exit(1);
    }
}

/* An engine for the database that libpq's environment names, with nothing to be made there. */
static inline pqe_engine *open_engine(int pool_size)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_engine *engine;
    pqe_error error;

    config.pool_size = pool_size;
    config.ensure_tables = false;
    config.check_schema_drift = false;
    config.logger = pqe_log_stderr;
    check(pqe_create_engine(&config, &engine, &error), &error, "opening");
    return engine;
}

/* A statement without parameters and without rows. */
static inline void run(pqe_engine *engine, const char *sql)
{
    pqe_error error;

    check(pqe_execute(engine, sql, PQE_NO_PARAMS, NULL, &error), &error, sql);
}

#endif /* EXAMPLES_COMMON_H */
