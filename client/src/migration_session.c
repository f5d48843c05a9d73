/*
 * migration_session.c - the lock, the connections and the files of a program that migrates
 *
 * One advisory lock makes programs take turns.  It is polled, and held by a second connection whose
 * transaction stays idle without a snapshot: CREATE INDEX CONCURRENTLY waits for every transaction
 * that has one, so that a program blocked in pg_advisory_lock() would wait for the index and the
 * index for the program.  A transaction's lock, unlike a session's, also holds behind a transaction
 * pooler.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "error.h"
#include "migration_session.h"
#include "schema.h"

#define POLL_FIRST_MS 20
#define POLL_LONGEST_MS 500

/* Opens the guard's transaction, in which no server setting may disturb the idle wait. */
static pqe_status begin_guard(PGconn *guard, pqe_error *error)
{
    const char *settings =
        PQserverVersion(guard) >= 170000
            ? "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL transaction_timeout = 0"
            : "SET LOCAL idle_in_transaction_session_timeout = 0";
    pqe_status status =
        pqe_command(guard, "BEGIN ISOLATION LEVEL READ COMMITTED", PQE_NEVER, error);

    return status == PQE_OK ? pqe_command(guard, settings, PQE_NEVER, error) : status;
}

static pqe_status try_lock(PGconn *guard, bool *locked, pqe_error *error)
{
    PGresult *result;
    pqe_status status = begin_guard(guard, error);

    *locked = false;
    if (status == PQE_OK) {
        status = pqe_schema_query(guard, "SELECT pqengine.migration_try_lock()", 0, NULL, &result,
                                  error);
    }
    if (status == PQE_OK) {
        *locked = pqe_answer_value(result, 0, 0)[0] == 't';
        PQclear(result);
    }
    if (status == PQE_OK && !*locked) {
        status = pqe_command(guard, "ROLLBACK", PQE_NEVER, error);
    }
    return status;
}

pqe_status pqe_migration_lock(pqe_engine *engine, PGconn **guard, pqe_error *error)
{
    pqe_status status = pqe_schema_connect(engine, guard, error);
    long wait_ms = POLL_FIRST_MS;
    bool locked = false;

    while (status == PQE_OK) {
        struct timespec pause = {wait_ms / 1000, wait_ms % 1000 * 1000000};

        status = try_lock(*guard, &locked, error);
        if (status != PQE_OK || locked) {
            break;
        }
        (void)nanosleep(&pause, NULL);
        if (wait_ms < POLL_LONGEST_MS && wait_ms * 2 >= POLL_LONGEST_MS) {
            pqe_log(&engine->settings, PQE_LOG_INFO, "Waiting for another program that migrates");
        }
        wait_ms = wait_ms * 2 < POLL_LONGEST_MS ? wait_ms * 2 : POLL_LONGEST_MS;
    }
    if (status != PQE_OK) {
        PQfinish(*guard);
        *guard = NULL;
    }
    return status;
}

pqe_status pqe_migration_session_check(const pqe_migration_session *session, pqe_error *error)
{
    pqe_error own;

    if (session->guard == NULL ||
        pqe_command(session->guard, "SELECT 1", PQE_NEVER, &own) == PQE_OK) {
        return PQE_OK;
    }
    (void)pqe_error_set(error, PQE_ERR_CONNECTION,
                        "the connection that holds the migration lock was lost: %s", own.message);
    pqe_error_hint(error, "Nothing was committed since. Run it again.");
    return PQE_ERR_CONNECTION;
}

static void free_states(pqe_migration_session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        free(session->states[i].version);
        free(session->states[i].state);
        free(session->states[i].detail);
    }
    free(session->states);
    session->states = NULL;
    session->count = 0;
}

void pqe_migration_session_close(pqe_migration_session *session)
{
    free_states(session);
    pqe_migration_folder_free(&session->folder);
    PQfinish(session->work);
    PQfinish(session->guard);
    session->work = NULL;
    session->guard = NULL;
}

void pqe_array_append(pqe_buffer *array, const char *value)
{
    pqe_buffer_append(array, array->length == 0 ? "{" : ",");
    if (value == NULL) {
        pqe_buffer_append(array, "NULL");
        return;
    }
    pqe_buffer_append_char(array, '"');
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            pqe_buffer_append_char(array, '\\');
        }
        pqe_buffer_append_char(array, *value);
    }
    pqe_buffer_append_char(array, '"');
}

void pqe_array_end(pqe_buffer *array)
{
    pqe_buffer_append(array, array->length == 0 ? "{}" : "}");
}

static const pqe_migration_file *find_file(const pqe_migration_folder *folder, const char *version)
{
    for (size_t i = 0; i < folder->count; i++) {
        if (strcmp(folder->files[i].version, version) == 0) {
            return &folder->files[i];
        }
    }
    return NULL;
}

static pqe_status take_states(pqe_migration_session *session, const PGresult *result,
                              pqe_error *error)
{
    size_t count = (size_t)PQntuples(result);

    session->states = calloc(count > 0 ? count : 1, sizeof(*session->states));
    if (session->states == NULL) {
        return pqe_error_no_memory(error);
    }
    session->count = count;
    for (size_t i = 0; i < count; i++) {
        pqe_migration_state *state = &session->states[i];

        state->version = strdup(pqe_answer_value(result, (int)i, 0));
        state->state = strdup(pqe_answer_value(result, (int)i, 1));
        state->detail = strdup(pqe_answer_value(result, (int)i, 2));
        if (state->version == NULL || state->state == NULL || state->detail == NULL) {
            return pqe_error_no_memory(error);
        }
        state->file = find_file(&session->folder, state->version);
    }
    return PQE_OK;
}

static pqe_status verify(pqe_migration_session *session, pqe_error *error)
{
    pqe_buffer versions = PQE_BUFFER_INIT;
    pqe_buffer ups = PQE_BUFFER_INIT;
    pqe_buffer downs = PQE_BUFFER_INIT;
    PGresult *result = NULL;
    pqe_status status = PQE_OK;

    for (size_t i = 0; i < session->folder.count; i++) {
        pqe_array_append(&versions, session->folder.files[i].version);
        pqe_array_append(&ups, session->folder.files[i].up);
        pqe_array_append(&downs, session->folder.files[i].down);
    }
    pqe_array_end(&versions);
    pqe_array_end(&ups);
    pqe_array_end(&downs);
    if (pqe_buffer_failed(&versions) || pqe_buffer_failed(&ups) || pqe_buffer_failed(&downs)) {
        status = pqe_error_no_memory(error);
    } else {
        const char *parameters[] = {versions.data, ups.data, downs.data};

        status =
            pqe_schema_query(session->work, "SELECT * FROM pqengine.migration_verify($1, $2, $3)",
                             3, parameters, &result, error);
    }
    if (status == PQE_OK) {
        status = take_states(session, result, error);
        PQclear(result);
    }
    pqe_buffer_free(&versions);
    pqe_buffer_free(&ups);
    pqe_buffer_free(&downs);
    return status;
}

pqe_status pqe_migration_session_reload(pqe_migration_session *session, pqe_error *error)
{
    pqe_status status;

    free_states(session);
    pqe_migration_folder_free(&session->folder);
    status = pqe_migration_folder_read(session->engine->settings.config.migrations_path,
                                       &session->folder, error);
    return status == PQE_OK ? verify(session, error) : status;
}

pqe_status pqe_migration_session_open(pqe_migration_session *session, pqe_engine *engine,
                                      const pqe_migrate_options *options, bool lock,
                                      pqe_error *error)
{
    pqe_status status;

    memset(session, 0, sizeof(*session));
    session->engine = engine;
    session->options = options != NULL ? *options : (pqe_migrate_options)PQE_MIGRATE_OPTIONS_INIT;
    status = pqe_schema_connect(engine, &session->work, error);
    if (status == PQE_OK && lock) {
        status = pqe_migration_lock(engine, &session->guard, error);
    }
    return status == PQE_OK ? pqe_migration_session_reload(session, error) : status;
}

const char *pqe_migration_session_newest(const pqe_migration_session *session)
{
    /* every file has its state, and the states are in order */
    return session->count > 0 ? session->states[session->count - 1].version : NULL;
}

bool pqe_migration_is_pending(const pqe_migration_state *state)
{
    return state->file != NULL &&
           (strcmp(state->state, "pending") == 0 || strcmp(state->state, "late") == 0 ||
            strcmp(state->state, "running") == 0 || strcmp(state->state, "failed") == 0);
}
