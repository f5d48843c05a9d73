/*
 * migrations.c - generating, applying and reverting migrations
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "migration_plan.h"
#include "migration_run.h"
#include "migrations.h"
#include "schema.h"

/* The record of migrations, as take_recorded reads it. */
#define RECORD_QUERY                                                                               \
    "SELECT version, message, pg_catalog.array_to_string(depends_on, ' '), models_hash, up, down"  \
    " FROM pqengine.migration"

static const char *folder_of(const pqe_engine *engine)
{
    return engine->settings.config.migrations_path;
}

static bool state_is(const pqe_migration_state *state, const char *name)
{
    return strcmp(state->state, name) == 0;
}

/* ---------------------------------------------------------------------------------------------- */
/* The folder                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status folder_failed(const char *path, pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_IO, "cannot make migrations folder \"%s\": %s", path,
                         strerror(errno));
}

/* mkdir -p */
static pqe_status make_folder(const char *path, bool *made, pqe_error *error)
{
    char *partial = strdup(path);
    pqe_status status = PQE_OK;

    if (partial == NULL) {
        return pqe_error_no_memory(error);
    }
    for (char *at = partial + 1; status == PQE_OK && *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(partial, 0777) != 0 && errno != EEXIST) {
                status = folder_failed(path, error);
            }
            *at = '/';
        }
    }
    if (status == PQE_OK) {
        *made = mkdir(path, 0777) == 0;
        if (!*made && errno != EEXIST) {
            status = folder_failed(path, error);
        }
    }
    free(partial);
    return status;
}

pqe_status pqe_migrations_init(pqe_engine *engine, bool *made, pqe_error *error)
{
    const char *path = folder_of(engine);
    struct stat info;
    bool own = false;
    pqe_status status = PQE_OK;

    if (stat(path, &info) != 0) {
        status = make_folder(path, &own, error);
    } else if (!S_ISDIR(info.st_mode)) {
        errno = ENOTDIR;
        status = folder_failed(path, error);
    }
    if (made != NULL) {
        *made = own;
    }
    return status;
}

/*
 * Programs that migrate different databases may share a folder: the database's lock does not keep
 * them apart.  Freed by closing it.
 */
static pqe_status lock_folder(const char *path, int *fd, pqe_error *error)
{
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) {
        return pqe_error_set(error, PQE_ERR_IO, "cannot open migrations folder \"%s\": %s", path,
                             strerror(errno));
    }
    while (flock(*fd, LOCK_EX) != 0) {
        /* a file system without locks: then a file's exclusive creation has to do */
        if (errno != EINTR) {
            break;
        }
    }
    return PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* Generate                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

static bool has_file(const pqe_migration_session *session, const char *version)
{
    for (size_t i = 0; i < session->folder.count; i++) {
        if (strcmp(session->folder.files[i].version, version) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Has somebody who migrates another database added to the folder since it was read?  Then what is
 * to be written was planned without it.
 */
static pqe_status folder_grew(const pqe_migration_session *session, bool *grew, pqe_error *error)
{
    pqe_migration_folder folder;
    pqe_status status = pqe_migration_folder_read(folder_of(session->engine), &folder, error);

    *grew = false;
    for (size_t i = 0; status == PQE_OK && i < folder.count; i++) {
        *grew = *grew || !has_file(session, folder.files[i].version);
    }
    pqe_migration_folder_free(&folder);
    return status;
}

static pqe_status write_file(const pqe_migration_session *session, pqe_migration_file *file,
                             bool *outrun, pqe_error *error)
{
    int lock;
    pqe_status status = lock_folder(folder_of(session->engine), &lock, error);

    if (status != PQE_OK) {
        return status;
    }
    status = folder_grew(session, outrun, error);
    if (status == PQE_OK && !*outrun) {
        status = pqe_migration_file_write(folder_of(session->engine), file, error);
    }
    (void)close(lock);
    return status;
}

static pqe_status refuse_pending(const pqe_migration_session *session, pqe_error *error)
{
    for (size_t i = 0; i < session->count; i++) {
        const pqe_migration_state *state = &session->states[i];

        if (pqe_migration_is_pending(state)) {
            (void)pqe_error_set(error, PQE_ERR_MIGRATION,
                                "%s is not applied yet: a new migration would repeat it",
                                state->file->path);
            pqe_error_hint(error, "Apply it first (pqengine upgrade), or remove it.");
            return PQE_ERR_MIGRATION;
        }
    }
    return PQE_OK;
}

/* One attempt: outrun means that the folder has grown, and nothing was written. */
static pqe_status generate_once(pqe_migration_session *session, const char *message,
                                pqe_migration_file *file, bool *found, bool *outrun,
                                pqe_error *error)
{
    pqe_status status = pqe_migrations_check(session, error);

    *found = false;
    *outrun = false;
    if (status == PQE_OK) {
        status = refuse_pending(session, error);
    }
    if (status == PQE_OK) {
        status = pqe_migration_plan(session, message, found, file, error);
    }
    if (status == PQE_OK) {
        status = pqe_migrations_init(session->engine, NULL, error);
    }
    if (status == PQE_OK && *found) {
        status = write_file(session, file, outrun, error);
    }
    return status;
}

pqe_status pqe_migrations_generate(pqe_migration_session *session, const char *message, char **path,
                                   bool *outrun, pqe_error *error)
{
    pqe_migration_file file = {0};
    bool found;
    pqe_status status = generate_once(session, message, &file, &found, outrun, error);

    *path = NULL;
    if (status == PQE_OK && found && !*outrun) {
        pqe_log(&session->engine->settings, PQE_LOG_INFO, "Auto-generated migration: %s",
                file.version);
        *path = file.path;
        file.path = NULL;
    }
    pqe_migration_file_free(&file);
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* Upgrade and downgrade                                                                          */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status refuse_state(const pqe_migration_state *state, pqe_error *error)
{
    if (state_is(state, "changed")) {
        (void)pqe_error_set(error, PQE_ERR_MIGRATION, "%s was changed after it was applied",
                            state->file->path);
        pqe_error_hint(error,
                       "Restore the file, and put what is to be changed into a new migration.");
    } else if (state_is(state, "reverting")) {
        (void)pqe_error_set(error, PQE_ERR_MIGRATION, "migration %s is half reverted",
                            state->version);
        pqe_error_hint(error, "Finish it: pqengine downgrade.");
    } else {
        (void)pqe_error_set(error, PQE_ERR_MIGRATION,
                            "migration %s stopped half way, and there is no file for it",
                            state->version);
        pqe_error_hint(error, "Put its file back into the migrations folder.");
    }
    pqe_error_detail(error, "%s", state->detail);
    return PQE_ERR_MIGRATION;
}

pqe_status pqe_migrations_check(const pqe_migration_session *session, pqe_error *error)
{
    for (size_t i = 0; i < session->count; i++) {
        const pqe_migration_state *state = &session->states[i];
        bool stopped = state_is(state, "running") || state_is(state, "failed");

        if (state_is(state, "changed") || state_is(state, "reverting") ||
            (stopped && state->file == NULL)) {
            return refuse_state(state, error);
        }
    }
    return PQE_OK;
}

static void report_missing(const pqe_migration_session *session)
{
    for (size_t i = 0; i < session->count; i++) {
        if (state_is(&session->states[i], "missing")) {
            pqe_log(&session->engine->settings, PQE_LOG_WARNING, "Migration %s was %s",
                    session->states[i].version, session->states[i].detail);
        }
    }
}

bool pqe_migration_is_in_reach(const pqe_migration_session *session,
                               const pqe_migration_state *state)
{
    const char *target = session->options.target;

    return pqe_migration_is_pending(state) &&
           (target == NULL || strcmp(state->version, target) <= 0);
}

pqe_status pqe_migrations_upgrade(pqe_migration_session *session, size_t *applied, pqe_error *error)
{
    const pqe_settings *settings = &session->engine->settings;
    pqe_status status = pqe_migrations_check(session, error);

    *applied = 0;
    if (status != PQE_OK) {
        return status;
    }
    report_missing(session);
    for (size_t i = 0; i < session->count && status == PQE_OK; i++) {
        const pqe_migration_state *state = &session->states[i];

        if (!pqe_migration_is_in_reach(session, state)) {
            continue;
        }
        if (state_is(state, "late")) {
            pqe_log(settings, PQE_LOG_WARNING, "Migration %s comes late: %s", state->version,
                    state->detail);
        } else if (!state_is(state, "pending")) {
            pqe_log(settings, PQE_LOG_INFO, "Migration %s goes on where it stopped: %s",
                    state->version, state->detail);
        }
        status = pqe_migration_apply(session, state->file, error);
        if (status == PQE_OK) {
            ++*applied;
        }
    }
    return status;
}

/* Reads a migration as it stands in the record. */
static pqe_status take_recorded(const PGresult *result, int row, pqe_migration_file *file,
                                pqe_error *error)
{
    memset(file, 0, sizeof(*file));
    file->version = strdup(pqe_answer_value(result, row, 0));
    file->message = strdup(pqe_answer_value(result, row, 1));
    file->depends = strdup(pqe_answer_value(result, row, 2));
    file->models_hash =
        PQgetisnull(result, row, 3) ? NULL : strdup(pqe_answer_value(result, row, 3));
    file->up = strdup(pqe_answer_value(result, row, 4));
    file->down = PQgetisnull(result, row, 5) ? NULL : strdup(pqe_answer_value(result, row, 5));
    if (!file->version || !file->message || !file->depends || !file->up) {
        pqe_migration_file_free(file);
        return pqe_error_no_memory(error);
    }
    return PQE_OK;
}

/* What is in the record, not what the file says by now, is what must be undone. */
static pqe_status read_recorded(const pqe_migration_session *session,
                                const pqe_migration_state *state, pqe_migration_file *file,
                                pqe_error *error)
{
    const char *parameters[] = {state->version};
    PGresult *result;
    pqe_status status = pqe_schema_query(session->work, RECORD_QUERY " WHERE version = $1", 1,
                                         parameters, &result, error);

    if (status != PQE_OK) {
        return status;
    }
    if (PQntuples(result) == 0) {
        status = pqe_error_set(error, PQE_ERR_MIGRATION, "migration %s is not in the record",
                               state->version);
    } else {
        status = take_recorded(result, 0, file, error);
    }
    PQclear(result);
    if (status != PQE_OK) {
        return status;
    }
    /* errors name the file's lines where the file still says the same */
    if (state->file != NULL && state->file->down != NULL && file->down != NULL &&
        strcmp(state->file->down, file->down) == 0) {
        file->path = strdup(state->file->path);
        file->down_line = state->file->down_line;
    } else {
        pqe_buffer name = PQE_BUFFER_INIT;

        pqe_buffer_printf(&name, "migration %s, down", state->version);
        file->path = pqe_buffer_take(&name);
        file->down_line = 1;
    }
    return file->path == NULL ? pqe_error_no_memory(error) : PQE_OK;
}

static pqe_status downgrade_one(pqe_migration_session *session, const pqe_migration_state *state,
                                pqe_error *error)
{
    pqe_migration_file file = {0};
    pqe_status status = read_recorded(session, state, &file, error);

    if (status == PQE_OK) {
        status = pqe_migration_revert(session, &file, error);
    }
    pqe_migration_file_free(&file);
    return status;
}

pqe_status pqe_migrations_downgrade(pqe_migration_session *session, size_t count, size_t *reverted,
                                    pqe_error *error)
{
    pqe_status status = PQE_OK;

    *reverted = 0;
    for (size_t i = session->count; i > 0 && *reverted < count && status == PQE_OK; i--) {
        const pqe_migration_state *state = &session->states[i - 1];

        if (state_is(state, "running") || state_is(state, "failed")) {
            (void)pqe_error_set(error, PQE_ERR_MIGRATION, "migration %s stopped half way",
                                state->version);
            pqe_error_detail(error, "%s", state->detail);
            pqe_error_hint(error, "Finish it first: pqengine upgrade.");
            return PQE_ERR_MIGRATION;
        }
        if (!state_is(state, "applied") && !state_is(state, "changed") &&
            !state_is(state, "missing") && !state_is(state, "reverting")) {
            continue;
        }
        status = downgrade_one(session, state, error);
        if (status == PQE_OK) {
            ++*reverted;
        }
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* At the start of a program                                                                      */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status restore_file(const pqe_migration_session *session, const PGresult *result,
                               int row, bool *restored, pqe_error *error)
{
    const pqe_settings *settings = &session->engine->settings;
    pqe_migration_file file;
    pqe_error failure;
    pqe_status status = take_recorded(result, row, &file, error);

    if (status != PQE_OK) {
        return status;
    }
    if (pqe_migration_file_write(folder_of(session->engine), &file, &failure) == PQE_OK) {
        *restored = true;
        pqe_log(settings, PQE_LOG_INFO, "Migration file restored from the record: %s", file.path);
    } else {
        /* nothing that is still to be done needs it */
        pqe_log(settings, PQE_LOG_WARNING, "The file of migration %s is missing: %s", file.version,
                failure.message);
    }
    pqe_migration_file_free(&file);
    return PQE_OK;
}

/*
 * Writes the files that are missing from the folder as the record has them: programs that start
 * together, each with a folder of its own, apply the migration that one of them wrote, and all of
 * them keep it.
 */
static pqe_status restore_missing(pqe_migration_session *session, pqe_error *error)
{
    PGresult *result;
    pqe_status status;
    bool restored = false;
    bool any = false;

    for (size_t i = 0; i < session->count; i++) {
        any = any || session->states[i].file == NULL;
    }
    if (!any) {
        return PQE_OK;
    }
    status = pqe_schema_query(session->work,
                              RECORD_QUERY " WHERE up IS NOT NULL AND status <> 'rolled_back'", 0,
                              NULL, &result, error);
    if (status != PQE_OK) {
        return status;
    }
    for (int row = 0; row < PQntuples(result) && status == PQE_OK; row++) {
        if (!has_file(session, pqe_answer_value(result, row, 0))) {
            status = restore_file(session, result, row, &restored, error);
        }
    }
    PQclear(result);
    return status == PQE_OK && restored ? pqe_migration_session_reload(session, error) : status;
}

/* Applies what is in the folder, and counts it. */
static pqe_status upgrade_and_count(pqe_migration_session *session, size_t *total, pqe_error *error)
{
    size_t applied;
    pqe_status status = pqe_migrations_upgrade(session, &applied, error);

    *total += applied;
    return status == PQE_OK && applied > 0 ? pqe_migration_session_reload(session, error) : status;
}

/*
 * Applies what is pending, writes a migration for what still differs, and applies that.  Where
 * somebody else has added to the folder meanwhile it begins again.
 */
static pqe_status migrate(pqe_migration_session *session, bool with_models, pqe_error *error)
{
    size_t total = 0;
    bool again = true;
    pqe_status status = restore_missing(session, error);

    while (status == PQE_OK && again) {
        char *path = NULL;

        again = false;
        status = upgrade_and_count(session, &total, error);
        if (status == PQE_OK && with_models) {
            status = pqe_migrations_generate(session, "auto", &path, &again, error);
        }
        if (status == PQE_OK && (path != NULL || again)) {
            status = pqe_migration_session_reload(session, error);
        }
        if (status == PQE_OK && path != NULL) {
            status = upgrade_and_count(session, &total, error);
        }
        free(path);
    }
    if (total > 0) {
        pqe_log(&session->engine->settings, PQE_LOG_INFO, "Applied %zu migration(s)", total);
    }
    return status;
}

static bool has_models(pqe_engine *engine)
{
    size_t count;

    (void)pthread_mutex_lock(&engine->models_lock);
    count = engine->model_count;
    (void)pthread_mutex_unlock(&engine->models_lock);
    return engine->settings.config.models_path != NULL || count > 0;
}

static pqe_status ensure_migrations(pqe_engine *engine, pqe_error *error)
{
    pqe_migration_session session;
    pqe_status status = pqe_migrations_init(engine, NULL, error);

    if (status != PQE_OK) {
        return status;
    }
    pqe_log(&engine->settings, PQE_LOG_INFO, "Migrations initialized at %s", folder_of(engine));
    status = pqe_migration_session_open(&session, engine, NULL, true, error);
    if (status == PQE_OK) {
        status = migrate(&session, has_models(engine), error);
    }
    pqe_migration_session_close(&session);
    return status;
}

pqe_status pqe_ensure_migrations(pqe_engine *engine, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);

    if (status == PQE_OK) {
        status = pqe_ensure_extension(engine, error);
    }
    return status == PQE_OK ? ensure_migrations(engine, error) : status;
}
