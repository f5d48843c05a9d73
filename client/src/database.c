/*
 * database.c - makes the database and the extension where they are missing
 *
 * Any number of programs may start at once.  What is made here may come into being between our look
 * and our try, so an attempt that fails for that reason looks again.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "schema.h"

#define EXTENSION "pqengine"

/* CREATE DATABASE waits by itself for a moment while its template is in use; this is on top of it.
 */
#define CREATE_ATTEMPTS 20

/* The codes with which the server says that somebody else has just made what we wanted to make. */
static const char *const made_meanwhile[] = {
    "42P04", /* duplicate_database */
    "42710", /* duplicate_object */
    "42P06", /* duplicate_schema */
    "42P07", /* duplicate_table */
    "42723", /* duplicate_function */
    "23505", /* unique_violation, of a system catalog */
    "40P01", /* deadlock_detected */
    "XX000", /* tuple concurrently updated */
};

static bool is_made_meanwhile(const pqe_error *error)
{
    for (size_t i = 0; i < sizeof(made_meanwhile) / sizeof(made_meanwhile[0]); i++) {
        if (strcmp(error->sqlstate, made_meanwhile[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void pause_ms(long milliseconds)
{
    struct timespec pause = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    (void)nanosleep(&pause, NULL);
}

/* ---------------------------------------------------------------------------------------------- */
/* The database                                                                                   */
/* ---------------------------------------------------------------------------------------------- */

/* Connects to the database from which others are made. */
static pqe_status connect_maintenance(pqe_engine *engine, PGconn **connection, pqe_error *error)
{
    pqe_error second;
    pqe_status status = pqe_connect(&engine->settings, "postgres", connection, error);

    if ((status == PQE_ERR_DATABASE_NOT_FOUND || status == PQE_ERR_PERMISSION) &&
        pqe_connect(&engine->settings, "template1", connection, &second) == PQE_OK) {
        status = pqe_error_clear(error);
    }
    return status;
}

static pqe_status database_exists(PGconn *connection, const char *name, bool *exists,
                                  pqe_error *error)
{
    PGresult *result;
    pqe_status status =
        pqe_run_query(connection, "SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1", 1,
                      &name, PQE_NEVER, &result, error);

    if (status == PQE_OK) {
        *exists = PQntuples(result) > 0;
        PQclear(result);
    }
    return status;
}

static pqe_status create_refused(PGconn *connection, const char *name, pqe_error *error)
{
    char user[128];

    pqe_text_copy(user, sizeof(user), PQuser(connection));
    (void)pqe_error_set(error, PQE_ERR_PERMISSION,
                        "the database \"%s\" does not exist, and role \"%s\" lacks the right to "
                        "create databases",
                        name, user);
    pqe_error_hint(error,
                   "A superuser can run: ALTER ROLE \"%s\" CREATEDB; or create the "
                   "database.",
                   user);
    return PQE_ERR_PERMISSION;
}

/* Creates the database unless somebody else does so first; *made tells which. */
static pqe_status create_from_template(PGconn *connection, const char *name, bool *made,
                                       pqe_error *error)
{
    pqe_buffer command = PQE_BUFFER_INIT;
    char *quoted = PQescapeIdentifier(connection, name, strlen(name));
    pqe_status status = PQE_OK;
    pqe_error own;

    if (quoted == NULL) {
        return pqe_error_no_memory(error);
    }
    pqe_buffer_printf(&command, "CREATE DATABASE %s", quoted);
    PQfreemem(quoted);
    if (pqe_buffer_failed(&command)) {
        return pqe_error_no_memory(error);
    }
    for (int attempt = 1;; attempt++) {
        bool exists = false;

        status = pqe_command(connection, command.data, PQE_NEVER, &own);
        *made = status == PQE_OK;
        if (status == PQE_OK || is_made_meanwhile(&own)) {
            status = PQE_OK;
            break;
        }
        if (strcmp(own.sqlstate, "42501") == 0) {
            status = create_refused(connection, name, &own);
            break;
        }
        /* 55006: somebody else is connected to the template just now */
        if (strcmp(own.sqlstate, "55006") != 0 || attempt == CREATE_ATTEMPTS) {
            break;
        }
        pause_ms(100);
        status = database_exists(connection, name, &exists, &own);
        if (status != PQE_OK || exists) {
            break;
        }
    }
    pqe_buffer_free(&command);
    if (status != PQE_OK) {
        pqe_error_copy(error, &own);
    }
    return status;
}

static pqe_status create_missing_database(pqe_engine *engine, const char *name, pqe_error *error)
{
    PGconn *connection;
    bool exists = false;
    bool made = false;
    pqe_status status = connect_maintenance(engine, &connection, error);

    if (status != PQE_OK) {
        return status;
    }
    status = database_exists(connection, name, &exists, error);
    if (status == PQE_OK && !exists) {
        status = create_from_template(connection, name, &made, error);
        if (status == PQE_OK && made) {
            pqe_log(&engine->settings, PQE_LOG_INFO, "Database \"%s\" created", name);
        }
    }
    PQfinish(connection);
    return status;
}

pqe_status pqe_create_database(pqe_engine *engine, pqe_error *error)
{
    PGconn *connection;
    char *name;
    pqe_status status = pqe_connect(&engine->settings, NULL, &connection, error);

    if (status == PQE_OK) {
        PQfinish(connection);
        return PQE_OK;
    }
    if (status != PQE_ERR_DATABASE_NOT_FOUND) {
        return status;
    }
    name = pqe_settings_database(&engine->settings);
    if (name == NULL) {
        return pqe_error_no_memory(error);
    }
    status = create_missing_database(engine, name, error);
    free(name);
    return status == PQE_OK ? pqe_error_clear(error) : status;
}

pqe_status pqe_ensure_database(pqe_engine *engine, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);

    return status == PQE_OK ? pqe_create_database(engine, error) : status;
}

/* ---------------------------------------------------------------------------------------------- */
/* The extension                                                                                  */
/* ---------------------------------------------------------------------------------------------- */

typedef struct extension_state {
    bool available; /* the server has its files */
    bool installed; /* the database has it */
    bool current;   /* in the server's version */
} extension_state;

/* The list of what is available costs the server a look at every control file. */
static pqe_status look_for_files(PGconn *connection, extension_state *state, pqe_error *error)
{
    PGresult *result;
    pqe_status status =
        pqe_run_query(connection,
                      "SELECT installed_version IS NOT NULL,"
                      " installed_version IS NOT DISTINCT FROM default_version"
                      " FROM pg_catalog.pg_available_extensions WHERE name = '" EXTENSION "'",
                      0, NULL, PQE_NEVER, &result, error);

    if (status == PQE_OK && PQntuples(result) > 0) {
        state->available = true;
        state->installed = pqe_answer_value(result, 0, 0)[0] == 't';
        state->current = pqe_answer_value(result, 0, 1)[0] == 't';
    }
    if (status == PQE_OK) {
        PQclear(result);
    }
    return status;
}

/* An extension of this library's own version needs no further look. */
static pqe_status look_for_extension(PGconn *connection, extension_state *state, pqe_error *error)
{
    PGresult *result;
    pqe_status status =
        pqe_run_query(connection,
                      "SELECT 1 FROM pg_catalog.pg_extension WHERE extname = '" EXTENSION
                      "' AND extversion = '" PQE_VERSION "'",
                      0, NULL, PQE_NEVER, &result, error);
    bool own = status == PQE_OK && PQntuples(result) > 0;

    *state = (extension_state){own, own, own};
    if (status == PQE_OK) {
        PQclear(result);
    }
    return status == PQE_OK && !own ? look_for_files(connection, state, error) : status;
}

static pqe_status extension_refused(PGconn *connection, pqe_error *error)
{
    char detail[sizeof(error->message)];

    pqe_text_copy(detail, sizeof(detail), error->message);
    (void)pqe_error_set(error, PQE_ERR_PERMISSION,
                        "the database \"%s\" has no extension \"" EXTENSION
                        "\", and role \"%s\" lacks the right to create it",
                        PQdb(connection), PQuser(connection));
    pqe_error_detail(error, "%s", detail);
    pqe_error_hint(error,
                   "The owner of the database can run CREATE EXTENSION " EXTENSION
                   "; or GRANT CREATE ON DATABASE \"%s\" TO \"%s\";",
                   PQdb(connection), PQuser(connection));
    return PQE_ERR_PERMISSION;
}

static pqe_status create_missing_extension(PGconn *connection, pqe_error *error)
{
    for (int attempt = 1;; attempt++) {
        pqe_error own;
        extension_state state;
        pqe_status status =
            pqe_command(connection, "CREATE EXTENSION IF NOT EXISTS " EXTENSION, PQE_NEVER, &own);

        if (status == PQE_OK) {
            return PQE_OK;
        }
        if (is_made_meanwhile(&own) && attempt < CREATE_ATTEMPTS) {
            status = look_for_extension(connection, &state, &own);
            if (status == PQE_OK && state.installed) {
                return PQE_OK;
            }
            if (status == PQE_OK) {
                pause_ms(50);
                continue;
            }
        } else if (strcmp(own.sqlstate, "42501") == 0) {
            status = extension_refused(connection, &own);
        }
        pqe_error_copy(error, &own);
        return status;
    }
}

/* An older extension still works for what it knows, so a role that may not update it goes on. */
static pqe_status update_extension(pqe_engine *engine, PGconn *connection, pqe_error *error)
{
    pqe_error own;
    pqe_status status =
        pqe_command(connection, "ALTER EXTENSION " EXTENSION " UPDATE", PQE_NEVER, &own);

    if (status == PQE_OK || is_made_meanwhile(&own)) {
        return PQE_OK;
    }
    if (strcmp(own.sqlstate, "42501") == 0) {
        pqe_log(&engine->settings, PQE_LOG_WARNING,
                "The extension \"" EXTENSION
                "\" is older than the server's, and cannot be updated: %s",
                own.message);
        return PQE_OK;
    }
    pqe_error_copy(error, &own);
    return status;
}

pqe_status pqe_create_extension(pqe_engine *engine, PGconn *connection, pqe_error *error)
{
    extension_state state;
    pqe_status status = look_for_extension(connection, &state, error);

    if (status != PQE_OK || (state.installed && state.current)) {
        return status;
    }
    if (!state.available) {
        (void)pqe_error_set(error, PQE_ERR_EXTENSION_MISSING,
                            "the server has no extension \"" EXTENSION "\" installed");
        pqe_error_hint(error, "Install it on the server's machine (make install in pqengine's "
                              "folder \"extension\", or your system's package).");
        return PQE_ERR_EXTENSION_MISSING;
    }
    return state.installed ? update_extension(engine, connection, error)
                           : create_missing_extension(connection, error);
}

pqe_status pqe_ensure_extension(pqe_engine *engine, pqe_error *error)
{
    PGconn *connection;
    pqe_status status = pqe_engine_check(engine, error);

    if (status == PQE_OK) {
        status = pqe_schema_connect(engine, &connection, error);
    }
    if (status == PQE_OK) {
        status = pqe_create_extension(engine, connection, error);
        PQfinish(connection);
    }
    return status;
}
