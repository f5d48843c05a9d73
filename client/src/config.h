/*
 * config.h - the checked, copied configuration of an engine
 */
#ifndef PQE_CONFIG_H
#define PQE_CONFIG_H

#include "pqengine.h"

/* The longest duration that is taken, some 34 years: sums of it stay far from overflow. */
#define PQE_LONGEST_MS (INT64_C(1) << 40)

/*
 * The configuration as the engine uses it.  `config` has every string copied and every default
 * resolved (max_pool_size, NULL for an empty path); keywords and values are the connection
 * parameters of dsn and fields together, NULL-terminated, as PQconnectStartParams takes them.
 */
typedef struct pqe_settings {
    pqe_config config;
    char **keywords;
    char **values;
} pqe_settings;

/* Checks and copies.  PQE_ERR_CONFIG names the option at fault. */
pqe_status pqe_settings_init(pqe_settings *settings, const pqe_config *config, pqe_error *error);
void pqe_settings_free(pqe_settings *settings);

/*
 * The database the engine is for, as libpq will resolve it from the settings and the environment
 * (dbname, PGDATABASE, a service, else the user name).  Free with free(); NULL where memory ran out
 * or libpq cannot tell.
 */
char *pqe_settings_database(const pqe_settings *settings);

#endif /* PQE_CONFIG_H */
