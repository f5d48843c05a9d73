/*
 * schema.c - the models of an engine and what the extension says of them: tables and drift
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "error.h"
#include "migration_session.h"
#include "model.h"
#include "models.h"
#include "result.h"
#include "schema.h"

#define EXTENSION "pqengine"

/* ---------------------------------------------------------------------------------------------- */
/* Connections and queries                                                                        */
/* ---------------------------------------------------------------------------------------------- */

pqe_status pqe_schema_connect(pqe_engine *engine, PGconn **connection, pqe_error *error)
{
    pqe_status status = pqe_connect(&engine->settings, NULL, connection, error);

    if (status != PQE_OK) {
        return status;
    }
    if (PQsetClientEncoding(*connection, "UTF8") != 0) {
        status = pqe_error_from_connection(error, PQE_ERR_CONNECTION, *connection,
                                           "cannot set the client encoding", false);
    }
    if (status != PQE_OK) {
        PQfinish(*connection);
        *connection = NULL;
    }
    return status;
}

/* Does the message begin with "FILE:LINE: ", as those about models do? */
static bool names_model(const char *message)
{
    for (const char *at = strstr(message, ": "); at != NULL; at = strstr(at + 1, ": ")) {
        const char *digits = at;

        while (digits > message && isdigit((unsigned char)digits[-1])) {
            digits--;
        }
        if (digits < at && digits > message + 1 && digits[-1] == ':') {
            return true;
        }
    }
    return false;
}

/* Tells the errors of the extension's functions apart. */
static pqe_status classify(pqe_status status, pqe_error *error)
{
    if (status != PQE_ERR_QUERY || error == NULL) {
        return status;
    }
    if (names_model(error->message)) {
        status = PQE_ERR_MODELS;
    } else if (strcmp(error->sqlstate, "42501") == 0) {
        status = PQE_ERR_PERMISSION;
    } else if ((strcmp(error->sqlstate, "3F000") == 0 || strcmp(error->sqlstate, "42883") == 0 ||
                strcmp(error->sqlstate, "42P01") == 0) &&
               strstr(error->message, EXTENSION) != NULL) {
        (void)pqe_error_set(error, PQE_ERR_EXTENSION_MISSING,
                            "the database has no extension \"" EXTENSION "\", or an older one");
        pqe_error_hint(error, "Its owner can create it: CREATE EXTENSION " EXTENSION ";");
        return PQE_ERR_EXTENSION_MISSING;
    }
    error->code = status;
    return status;
}

pqe_status pqe_schema_query(PGconn *connection, const char *sql, int parameter_count,
                            const char *const *parameters, PGresult **result, pqe_error *error)
{
    pqe_error own;
    pqe_status status =
        pqe_run_query(connection, sql, parameter_count, parameters, PQE_NEVER, result, &own);

    status = classify(status, &own);
    pqe_error_copy(error, &own);
    return status;
}

pqe_status pqe_collect_models(pqe_engine *engine, pqe_buffer *text, pqe_error *error)
{
    pqe_status status = PQE_OK;

    if (engine->settings.config.models_path != NULL) {
        status = pqe_append_models(engine->settings.config.models_path, text, error);
    }
    if (status == PQE_OK) {
        status = pqe_append_registered_models(engine, text, NULL, error);
    }
    if (status == PQE_OK && pqe_buffer_failed(text)) {
        status = pqe_error_no_memory(error);
    }
    return status;
}

/*
 * Statements on models take their time.  The setting is the transaction's, so that behind a
 * transaction pooler it does not stay on a session that others use after us.
 */
pqe_status pqe_schema_query_long(PGconn *connection, const char *sql, int parameter_count,
                                 const char *const *parameters, PGresult **result, pqe_error *error)
{
    pqe_status status =
        pqe_command(connection, "BEGIN; SET LOCAL statement_timeout = 0", PQE_NEVER, error);

    if (status != PQE_OK) {
        return status;
    }
    status = pqe_schema_query(connection, sql, parameter_count, parameters, result, error);
    if (status == PQE_OK) {
        status = pqe_command(connection, "COMMIT", PQE_NEVER, error);
        if (status != PQE_OK) {
            PQclear(*result);
            *result = NULL;
        }
    } else {
        (void)pqe_command(connection, "ROLLBACK", PQE_NEVER, NULL);
    }
    return status;
}

pqe_status pqe_model_query(pqe_engine *engine, PGconn *connection, const char *sql,
                           const char *plan_options, PGresult **result, pqe_error *error)
{
    const char *configured = engine->settings.config.schema_options;
    pqe_buffer models = PQE_BUFFER_INIT;
    pqe_status status = pqe_collect_models(engine, &models, error);

    *result = NULL;
    if (plan_options == NULL) {
        plan_options = configured != NULL ? configured : "{}";
    }
    if (status == PQE_OK) {
        const char *parameters[] = {models.length > 0 ? models.data : "", plan_options};

        status = pqe_schema_query_long(connection, sql, 2, parameters, result, error);
    }
    pqe_buffer_free(&models);
    return status;
}

static bool ask_unchanged(PGconn *connection, const pqe_buffer *models, const char *options)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[2 * EVP_MAX_MD_SIZE + 3] = "\\x";
    unsigned int length;
    const char *parameters[] = {hex, options};
    PGresult *result;

    if (!EVP_Digest(models->data, models->length, digest, &length, EVP_sha256(), NULL)) {
        return false;
    }
    for (unsigned int i = 0; i < length; i++) {
        hex[2 + 2 * i] = digits[digest[i] >> 4];
        hex[3 + 2 * i] = digits[digest[i] & 15];
    }
    if (pqe_schema_query(connection, "SELECT pqengine.unchanged($1::bytea, $2::jsonb)", 2,
                         parameters, &result, NULL) != PQE_OK) {
        return false;
    }
    bool unchanged = strcmp(pqe_answer_value(result, 0, 0), "t") == 0;

    PQclear(result);
    return unchanged;
}

/*
 * Is it known that the database does not differ from the models?  They are asked about by their
 * digest, which the server could not tell where it would convert the text.  An error is no answer:
 * what is done without one meets its cause again, and reports it.
 *
 * This is asked outside of a transaction block, where the server may take down for next time what it
 * found out.
 */
static bool models_unchanged(pqe_engine *engine, PGconn *connection)
{
    const char *options = engine->settings.config.schema_options;
    const char *encoding = PQparameterStatus(connection, "server_encoding");
    pqe_buffer models = PQE_BUFFER_INIT;
    bool unchanged = encoding != NULL && strcmp(encoding, "UTF8") == 0 &&
                     pqe_collect_models(engine, &models, NULL) == PQE_OK &&
                     ask_unchanged(connection, &models, options != NULL ? options : "{}");

    pqe_buffer_free(&models);
    return unchanged;
}

/* ---------------------------------------------------------------------------------------------- */
/* Tables and drift                                                                               */
/* ---------------------------------------------------------------------------------------------- */

static void log_statements(pqe_engine *engine, const PGresult *result)
{
    int count = PQntuples(result);

    for (int i = 0; i < count; i++) {
        const char *statement = pqe_answer_value(result, i, 0);

        pqe_log(&engine->settings, PQE_LOG_DEBUG, "Created: %.*s", (int)strcspn(statement, "\n"),
                statement);
    }
    if (count > 0) {
        pqe_log(&engine->settings, PQE_LOG_INFO, "Created what was missing: %d statement(s)",
                count);
    }
}

/* On a standby nothing can be made; nor need it be, where nothing is missing. */
static pqe_status check_standby(pqe_engine *engine, PGconn *connection, const pqe_error *refusal,
                                pqe_error *error)
{
    PGresult *result;
    pqe_status status =
        pqe_model_query(engine, connection,
                        "SELECT kind || ' ' || object FROM pqengine.drift($1, $2::jsonb)"
                        " WHERE change = 'missing'",
                        NULL, &result, error);

    if (status != PQE_OK) {
        return status;
    }
    if (PQntuples(result) > 0) {
        pqe_error_copy(error, refusal);
        pqe_error_detail(error, "The first of %d missing: %s", PQntuples(result),
                         pqe_answer_value(result, 0, 0));
        status = refusal->code;
    }
    PQclear(result);
    return status;
}

/* Programs that start together take turns, under the lock of those that migrate. */
static pqe_status ensure_tables(pqe_engine *engine, PGconn *connection, pqe_error *error)
{
    PGconn *guard;
    PGresult *result;
    pqe_error own;
    pqe_status status = pqe_migration_lock(engine, &guard, error);

    if (status != PQE_OK) {
        return status;
    }
    status =
        pqe_model_query(engine, connection, "SELECT * FROM pqengine.ensure_tables($1, $2::jsonb)",
                        NULL, &result, &own);
    if (status == PQE_OK) {
        log_statements(engine, result);
        PQclear(result);
    } else if (strcmp(own.sqlstate, "25006") == 0) {
        status = check_standby(engine, connection, &own, error);
    } else {
        pqe_error_copy(error, &own);
    }
    PQfinish(guard);
    return status;
}

pqe_status pqe_ensure_tables(pqe_engine *engine, pqe_error *error)
{
    PGconn *connection;
    pqe_status status = pqe_engine_check(engine, error);

    if (status == PQE_OK) {
        status = pqe_schema_connect(engine, &connection, error);
    }
    if (status == PQE_OK) {
        status = pqe_create_extension(engine, connection, error);
        if (status == PQE_OK && !models_unchanged(engine, connection)) {
            status = ensure_tables(engine, connection, error);
        }
        PQfinish(connection);
    }
    return status;
}

/* Makes a drift result the caller's, or an error that counts it. */
static pqe_status report_drift(PGresult *pg, pqe_result **drift, pqe_error *error)
{
    int count = PQntuples(pg);

    if (drift != NULL) {
        return pqe_result_wrap(pg, drift, error);
    }
    if (count > 0) {
        (void)pqe_error_set(error, PQE_ERR_DRIFT,
                            "the database differs from the models in %d point(s)", count);
        pqe_error_detail(error, "The first: %s %s %s%s%s", pqe_answer_value(pg, 0, 0),
                         pqe_answer_value(pg, 0, 1), pqe_answer_value(pg, 0, 2),
                         PQgetisnull(pg, 0, 3) ? "" : ", ", pqe_answer_value(pg, 0, 3));
    }
    PQclear(pg);
    return count > 0 ? PQE_ERR_DRIFT : PQE_OK;
}

pqe_status pqe_check_drift(pqe_engine *engine, pqe_result **drift, pqe_error *error)
{
    PGconn *connection;
    PGresult *result;
    pqe_status status = pqe_engine_check(engine, error);

    if (drift != NULL) {
        *drift = NULL;
    }
    if (status == PQE_OK) {
        status = pqe_schema_connect(engine, &connection, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    /* whoever wants the drift as a result gets one without rows from the function itself */
    if (drift == NULL && models_unchanged(engine, connection)) {
        PQfinish(connection);
        return PQE_OK;
    }
    status = pqe_model_query(engine, connection,
                             "SELECT change, kind, object, property, expected, actual"
                             " FROM pqengine.drift($1, $2::jsonb)",
                             NULL, &result, error);
    PQfinish(connection);
    return status == PQE_OK ? report_drift(result, drift, error) : status;
}
