/*
 * schema.h - the database, the extension and the tables of an engine
 *
 * These are the building blocks of pqe_ensure_*, pqe_check_drift and of the command.  They open
 * connections of their own, beside the pool, and leave everything that needs to know a schema to
 * the extension.
 */
#ifndef PQE_SCHEMA_H
#define PQE_SCHEMA_H

#include "buffer.h"
#include "engine.h"

/* Opens a connection to the engine's database for schema work, in UTF-8. */
pqe_status pqe_schema_connect(pqe_engine *engine, PGconn **connection, pqe_error *error);

/* Creates the database where the server has none of that name. */
pqe_status pqe_create_database(pqe_engine *engine, pqe_error *error);

/*
 * Creates the extension where the database has none, or brings an older one up to date.
 * PQE_ERR_EXTENSION_MISSING where the server does not have it, PQE_ERR_PERMISSION where the role
 * may not create it.
 */
pqe_status pqe_create_extension(pqe_engine *engine, PGconn *connection, pqe_error *error);

/* Appends the models of the engine: those at models_path, and those declared in C. */
pqe_status pqe_collect_models(pqe_engine *engine, pqe_buffer *text, pqe_error *error);

/*
 * Runs one query on the functions of the extension.  Errors are told apart: PQE_ERR_MODELS where a
 * model is at fault (the message begins with its file and line), PQE_ERR_PERMISSION where a right
 * is missing, PQE_ERR_EXTENSION_MISSING where there is no extension, otherwise as pqe_run_query.
 */
pqe_status pqe_schema_query(PGconn *connection, const char *sql, int parameter_count,
                            const char *const *parameters, PGresult **result, pqe_error *error);

/*
 * pqe_schema_query in a transaction of its own that no statement_timeout of the role's or the
 * database's cuts short.
 */
pqe_status pqe_schema_query_long(PGconn *connection, const char *sql, int parameter_count,
                                 const char *const *parameters, PGresult **result,
                                 pqe_error *error);

/*
 * pqe_schema_query_long with the models as $1 and the plan options (JSON; NULL: none) as $2.
 */
pqe_status pqe_model_query(pqe_engine *engine, PGconn *connection, const char *sql,
                           const char *plan_options, PGresult **result, pqe_error *error);

#endif /* PQE_SCHEMA_H */
