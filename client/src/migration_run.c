/*
 * migration_run.c - runs one migration, up or down
 *
 * The steps are run in stretches: as many as can share a transaction, with the record of them
 * committed together with them; a step that cannot run in one stands alone, marked in the record
 * before and after.  A run that dies is thus resumed at the right step, the only doubt being a lone
 * step that was marked as started: it may have been done.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "error.h"
#include "migration_run.h"
#include "schema.h"

#define BACKOFF_FIRST_MS 100
#define BACKOFF_LONGEST_MS 5000
#define STEPS_BETWEEN_SPARING 8

typedef struct step {
    const char *statement;
    int line; /* in the file */
    bool transactional;
    bool concurrent;
} step;

typedef struct run {
    pqe_migration_session *session;
    const pqe_migration_file *file;
    bool down;
    PGresult *parsed; /* owns the statements */
    step *steps;
    int count;
    bool begun;     /* the record knows of the run, committed */
    int done;       /* steps done, committed */
    bool in_flight; /* the next step may have been done by a run that died */
} run;

/* ---------------------------------------------------------------------------------------------- */
/* Errors                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/* Counts the lines before a position, which is in characters from 1. */
static int lines_before(const char *text, int position)
{
    int lines = 0;

    for (int at = 1; at < position && *text != '\0'; at++) {
        if (*text == '\n') {
            lines++;
        }
        text++;
        while (((unsigned char)*text & 0xC0) == 0x80) {
            text++;
        }
    }
    return lines;
}

/* Puts "FILE:LINE: " before the message of an error that the server has given. */
static pqe_status place_error(const run *r, int line, const char *statement, pqe_error *error)
{
    pqe_error said = *error;

    if (said.code == PQE_ERR_CONNECTION || said.code == PQE_ERR_NO_MEMORY) {
        return said.code;
    }
    (void)pqe_error_set(error, PQE_ERR_MIGRATION, "%s:%d: %s", r->file->path, line, said.message);
    memcpy(error->sqlstate, said.sqlstate, sizeof(error->sqlstate));
    memcpy(error->detail, said.detail, sizeof(error->detail));
    memcpy(error->hint, said.hint, sizeof(error->hint));
    memcpy(error->context, said.context, sizeof(error->context));
    pqe_error_statement(error, statement);
    return PQE_ERR_MIGRATION;
}

static pqe_status step_error(const run *r, const step *s, pqe_error *error)
{
    int line = s->line + lines_before(s->statement, error->position);

    return place_error(r, line, s->statement, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* The steps                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

static const char *script_of(const run *r)
{
    return r->down ? r->file->down : r->file->up;
}

static int first_line_of(const run *r)
{
    return r->down ? r->file->down_line : r->file->up_line;
}

/*
 * The error of a script that the server cannot parse.  Its line is told by the internal position,
 * which pqe_run_query does not hand on.
 */
static pqe_status parse_error(const run *r, const PGresult *result, pqe_error *error)
{
    const char *position = PQresultErrorField(result, PG_DIAG_INTERNAL_POSITION);
    int at = position != NULL ? (int)strtol(position, NULL, 10) : 0;
    int line = first_line_of(r) + lines_before(script_of(r), at);

    (void)pqe_error_from_result(error, PQE_ERR_MIGRATION, result);
    if (error->sqlstate[0] == '\0') {
        error->code = PQE_ERR_CONNECTION;
    }
    return place_error(r, line, "", error);
}

/* Lets the server split the script, so that a syntax error is found before anything is run. */
static pqe_status parse_steps(run *r, pqe_error *error)
{
    const char *script = script_of(r);
    PGresult *result = PQexecParams(r->session->work,
                                    "SELECT line, statement, transactional, concurrent"
                                    " FROM pqengine.migration_steps($1) ORDER BY step",
                                    1, NULL, &script, NULL, NULL, 0);

    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        pqe_status status = parse_error(r, result, error);

        PQclear(result);
        return status;
    }
    r->parsed = result;
    r->count = PQntuples(result);
    r->steps = calloc((size_t)r->count + 1, sizeof(*r->steps));
    if (r->steps == NULL) {
        return pqe_error_no_memory(error);
    }
    for (int i = 0; i < r->count; i++) {
        r->steps[i].line =
            (int)strtol(pqe_answer_value(result, i, 0), NULL, 10) + first_line_of(r) - 1;
        r->steps[i].statement = pqe_answer_value(result, i, 1);
        r->steps[i].transactional = pqe_answer_value(result, i, 2)[0] == 't';
        r->steps[i].concurrent = pqe_answer_value(result, i, 3)[0] == 't';
    }
    return PQE_OK;
}

static void report_progress(const run *r, int step_number)
{
    const pqe_migrate_options *options = &r->session->options;
    pqe_migration_progress progress = {r->file->version, r->file->message, step_number, r->count,
                                       step_number <= r->count ? r->steps[step_number - 1].statement
                                                               : NULL};

    if (options->progress != NULL) {
        options->progress(options->progress_data, &progress);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* The record                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

/* "20250101_000000 20250102_000000" as an array literal. */
static char *depends_array(const char *depends)
{
    pqe_buffer array = PQE_BUFFER_INIT;

    pqe_buffer_append_char(&array, '{');
    for (; *depends != '\0'; depends++) {
        pqe_buffer_append_char(&array, *depends == ' ' ? ',' : *depends);
    }
    pqe_buffer_append_char(&array, '}');
    return pqe_buffer_take(&array);
}

/* Tells the record that the run starts, and learns how far an earlier one came. */
static pqe_status record_begin(run *r, int *done, bool *in_flight, pqe_error *error)
{
    const pqe_migration_file *file = r->file;
    PGresult *result;
    pqe_status status;

    if (r->down) {
        const char *parameters[] = {file->version};

        status = pqe_schema_query(r->session->work, "SELECT * FROM pqengine.migration_revert($1)",
                                  1, parameters, &result, error);
    } else {
        char *depends = depends_array(file->depends);
        const char *parameters[] = {file->version, file->message, file->up,
                                    file->down,    depends,       file->models_hash};

        if (depends == NULL) {
            return pqe_error_no_memory(error);
        }
        status = pqe_schema_query(r->session->work,
                                  "SELECT * FROM pqengine.migration_begin($1, $2, $3, $4, $5, $6)",
                                  6, parameters, &result, error);
        free(depends);
    }
    if (status == PQE_OK) {
        *done = (int)strtol(pqe_answer_value(result, 0, 0), NULL, 10);
        *in_flight = pqe_answer_value(result, 0, 1)[0] == 't';
        PQclear(result);
    }
    return status;
}

/* Calls pqengine.migration_<what>(version, step). */
static pqe_status record_step(const run *r, const char *what, int step_number, pqe_error *error)
{
    char sql[96];
    char number[16];
    const char *parameters[] = {r->file->version, number};

    (void)snprintf(sql, sizeof(sql), "SELECT pqengine.migration_%s($1, $2)", what);
    (void)snprintf(number, sizeof(number), "%d", step_number);
    return pqe_schema_query(r->session->work, sql, 2, parameters, NULL, error);
}

static pqe_status record_finish(const run *r, pqe_error *error)
{
    const char *parameters[] = {r->file->version};

    return pqe_schema_query(r->session->work, "SELECT pqengine.migration_finish($1)", 1, parameters,
                            NULL, error);
}

/* Leaves the cause of a failure in the record, where the record knows of the run. */
static void record_failure(const run *r, const pqe_error *failure)
{
    const char *parameters[] = {r->file->version, failure->message};
    pqe_error second;

    if (!r->begun || PQstatus(r->session->work) != CONNECTION_OK) {
        return;
    }
    if (pqe_schema_query(r->session->work, "SELECT pqengine.migration_fail($1, $2)", 2, parameters,
                         NULL, &second) != PQE_OK) {
        pqe_log(&r->session->engine->settings, PQE_LOG_WARNING,
                "The failure of migration %s could not be recorded: %s", r->file->version,
                second.message);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Stretches of steps in a transaction                                                            */
/* ---------------------------------------------------------------------------------------------- */

/* Lets the server's drift watch know who is at work. */
static pqe_status name_migration(const run *r, const char *version, bool in_transaction,
                                 pqe_error *error)
{
    const char *parameters[] = {version, in_transaction ? "true" : "false"};

    return pqe_run_query(r->session->work,
                         "SELECT pg_catalog.set_config('pqengine.migration', $1, $2::boolean)", 2,
                         parameters, PQE_NEVER, NULL, error);
}

/*
 * A server has room for so many locks, and a transaction keeps its own; those on what it has made
 * can be given back before its end.
 */
static pqe_status spare_locks(const run *r, pqe_error *error)
{
    return pqe_schema_query(r->session->work, "SELECT pqengine.migration_spare_locks()", 0, NULL,
                            NULL, error);
}

static pqe_status begin_transaction(const run *r, pqe_error *error)
{
    char settings[96];
    pqe_status status = pqe_command(
        r->session->work, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", PQE_NEVER, error);

    (void)snprintf(settings, sizeof(settings),
                   "SET LOCAL lock_timeout = %lld; SET LOCAL statement_timeout = 0",
                   (long long)r->session->options.lock_timeout_ms);
    if (status == PQE_OK) {
        status = pqe_command(r->session->work, settings, PQE_NEVER, error);
    }
    if (status == PQE_OK) {
        status = spare_locks(r, error);
    }
    return status == PQE_OK ? name_migration(r, r->file->version, true, error) : status;
}

static void roll_back(const run *r)
{
    /* a connection that is lost has rolled back by itself */
    if (PQtransactionStatus(r->session->work) != PQTRANS_IDLE) {
        (void)pqe_command(r->session->work, "ROLLBACK", PQE_NEVER, NULL);
    }
}

static pqe_status run_in_transaction(const run *r, int index, pqe_error *error)
{
    const step *s = &r->steps[index];
    pqe_status status;

    report_progress(r, index + 1);
    status = pqe_run_query(r->session->work, s->statement, 0, NULL, PQE_NEVER, NULL, error);
    if (status != PQE_OK) {
        return step_error(r, s, error);
    }
    if (PQtransactionStatus(r->session->work) != PQTRANS_INTRANS) {
        return pqe_error_set(error, PQE_ERR_MIGRATION,
                             "%s:%d: the step has ended the transaction it was run in",
                             r->file->path, s->line);
    }
    return PQE_OK;
}

/* What belongs to the record at the end of a stretch, in the same transaction. */
static pqe_status record_stretch(const run *r, int done, int next, pqe_error *error)
{
    pqe_status status = PQE_OK;

    if (next > done) {
        status = record_step(r, "step_done", next, error);
    }
    if (status == PQE_OK) {
        status = next == r->count ? record_finish(r, error)
                                  : record_step(r, "step_start", next + 1, error);
    }
    return status;
}

/*
 * One transaction: the record begins, unless it has; the steps that can run in it; the record of
 * them, and of the lone step that comes next or of the end.
 */
static pqe_status try_stretch(run *r, pqe_error *error)
{
    int done = r->done;
    int next;
    bool in_flight = r->in_flight;
    pqe_status status = begin_transaction(r, error);

    if (status == PQE_OK && !r->begun) {
        status = record_begin(r, &done, &in_flight, error);
    }
    for (next = done; status == PQE_OK && next < r->count && r->steps[next].transactional; next++) {
        status = run_in_transaction(r, next, error);
        if (status == PQE_OK && next % STEPS_BETWEEN_SPARING == 0) {
            status = spare_locks(r, error);
        }
    }
    if (status == PQE_OK) {
        status = record_stretch(r, done, next, error);
    }
    if (status == PQE_OK) {
        status = pqe_migration_session_check(r->session, error);
    }
    if (status == PQE_OK) {
        status = pqe_command(r->session->work, "COMMIT", PQE_NEVER, error);
    }
    if (status != PQE_OK) {
        roll_back(r);
        return status;
    }
    /* only a step that an earlier run has started may have been done by it */
    r->in_flight = in_flight && next == done;
    r->begun = true;
    r->done = next;
    return PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* Steps that stand alone                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/* Did somebody ask the command to stop? */
static pqe_status check_stop(const run *r, pqe_error *error)
{
    const volatile sig_atomic_t *stop = r->session->options.stop;

    return stop != NULL && *stop != 0
               ? pqe_error_set(error, PQE_ERR_MIGRATION, "stopped on request before step %d of %s",
                               r->done + 1, r->file->path)
               : PQE_OK;
}

/*
 * Drops the invalid index that a failed build of the same name has left.  Waits first while anybody
 * holds a lock under which it may still be built: the server goes on with a statement for a while
 * after its client has died, and the build would have to wait for that lock in any case.
 */
static pqe_status clear_leftover(const run *r, const step *s, pqe_error *error)
{
    long wait_ms = BACKOFF_FIRST_MS;
    PGresult *result;
    pqe_status status;

    for (;;) {
        struct timespec pause = {wait_ms / 1000, wait_ms % 1000 * 1000000};

        status = pqe_schema_query(r->session->work,
                                  "SELECT 'DROP INDEX CONCURRENTLY ' || index, busy"
                                  " FROM pqengine.migration_leftover($1)",
                                  1, &s->statement, &result, error);
        if (status != PQE_OK) {
            return status;
        }
        if (PQgetisnull(result, 0, 0) || pqe_answer_value(result, 0, 1)[0] != 't') {
            break;
        }
        PQclear(result);
        if (wait_ms == BACKOFF_FIRST_MS) {
            pqe_log(&r->session->engine->settings, PQE_LOG_INFO,
                    "Migration %s waits: another session works on the table of %s:%d",
                    r->file->version, r->file->path, s->line);
        }
        (void)nanosleep(&pause, NULL);
        wait_ms = wait_ms * 2 < BACKOFF_LONGEST_MS ? wait_ms * 2 : BACKOFF_LONGEST_MS;
        status = check_stop(r, error);
        if (status != PQE_OK) {
            return status;
        }
    }
    if (!PQgetisnull(result, 0, 0)) {
        pqe_log(&r->session->engine->settings, PQE_LOG_INFO,
                "Migration %s drops an invalid index that a failed run has left: %s",
                r->file->version, pqe_answer_value(result, 0, 0));
        status = pqe_command(r->session->work, pqe_answer_value(result, 0, 0), PQE_NEVER, error);
    }
    PQclear(result);
    return status;
}

/*
 * Was the step done by the run that died?  It was about to run it, so what it would make was not
 * there, or what it would drop was: that it is the other way round now is its doing.
 */
static bool was_done(const run *r, const step *s, const pqe_error *error)
{
    static const char *const exists[] = {"42P07", "42710", "42P06", "42701", "42723", NULL};
    static const char *const does_not_exist[] = {"42704", "42P01", "42883", "3F000", NULL};
    bool drops = strncasecmp(s->statement, "DROP", strlen("DROP")) == 0;

    if (!r->in_flight) {
        return false;
    }
    for (const char *const *code = drops ? does_not_exist : exists; *code != NULL; code++) {
        if (strcmp(error->sqlstate, *code) == 0) {
            return true;
        }
    }
    return false;
}

/*
 * Sets what holds for a lone step.  A statement that waits without stopping anybody may wait: cut
 * short, a concurrent index build has to start all over.
 */
static pqe_status set_up_alone(const run *r, const step *s, pqe_error *error)
{
    char command[96];
    pqe_status status;

    (void)snprintf(command, sizeof(command), "SET statement_timeout = 0; SET lock_timeout = %lld",
                   s->concurrent ? 0LL : (long long)r->session->options.lock_timeout_ms);
    status = pqe_command(r->session->work, command, PQE_NEVER, error);
    return status == PQE_OK ? name_migration(r, r->file->version, false, error) : status;
}

/* Behind a transaction pooler the session is somebody else's next. */
static void reset_alone(const run *r)
{
    if (PQtransactionStatus(r->session->work) == PQTRANS_IDLE) {
        (void)pqe_command(r->session->work,
                          "RESET statement_timeout; RESET lock_timeout;"
                          " RESET pqengine.migration",
                          PQE_NEVER, NULL);
    }
}

static pqe_status try_alone(run *r, pqe_error *error)
{
    const step *s = &r->steps[r->done];
    pqe_status status = pqe_migration_session_check(r->session, error);

    if (status == PQE_OK) {
        status = set_up_alone(r, s, error);
    }
    if (status == PQE_OK && s->concurrent) {
        status = clear_leftover(r, s, error);
    }
    if (status == PQE_OK) {
        report_progress(r, r->done + 1);
        status = pqe_run_query(r->session->work, s->statement, 0, NULL, PQE_NEVER, NULL, error);
        if (status != PQE_OK && was_done(r, s, error)) {
            pqe_log(&r->session->engine->settings, PQE_LOG_INFO,
                    "Migration %s: step %d had been done by the run that died", r->file->version,
                    r->done + 1);
            status = pqe_error_clear(error);
        }
    }
    reset_alone(r);
    if (status != PQE_OK) {
        return step_error(r, s, error);
    }
    status = record_step(r, "step_done", r->done + 1, error);
    if (status == PQE_OK) {
        r->done++;
        r->in_flight = false;
    }
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* The run                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* A lock that was not to be had in time, or a deadlock: what passes by itself. */
static bool is_passing(const pqe_error *error)
{
    return strcmp(error->sqlstate, "55P03") == 0 || strcmp(error->sqlstate, "40P01") == 0 ||
           strcmp(error->sqlstate, "40001") == 0;
}

/* Waits between two attempts: twice as long each time, and not in step with others. */
static void back_off(const run *r, int attempt, const pqe_error *error)
{
    long wait_ms = BACKOFF_FIRST_MS;
    struct timespec pause;

    for (int i = 1; i < attempt && wait_ms < BACKOFF_LONGEST_MS; i++) {
        wait_ms *= 2;
    }
    if (wait_ms > BACKOFF_LONGEST_MS) {
        wait_ms = BACKOFF_LONGEST_MS;
    }
    wait_ms = wait_ms / 2 + (long)(pqe_now_us() % (wait_ms / 2 + 1));
    pqe_log(&r->session->engine->settings, PQE_LOG_INFO,
            "Migration %s gives way and tries again in %ld ms (attempt %d of %d): %s",
            r->file->version, wait_ms, attempt, r->session->options.lock_attempts, error->message);
    pause = (struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

/* One stretch or lone step, tried again while it only lacks a lock. */
static pqe_status run_part(run *r, pqe_error *error)
{
    bool alone = r->begun && r->done < r->count && !r->steps[r->done].transactional;

    for (int attempt = 1;; attempt++) {
        pqe_status status = check_stop(r, error);

        if (status == PQE_OK) {
            status = alone ? try_alone(r, error) : try_stretch(r, error);
        }
        if (status == PQE_OK || !is_passing(error) ||
            attempt >= r->session->options.lock_attempts) {
            return status;
        }
        back_off(r, attempt, error);
    }
}

/* What a migration may have SET does not reach the next one. */
static pqe_status reset_session(const run *r, pqe_error *error)
{
    return pqe_command(r->session->work,
                       "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL;"
                       " SET client_encoding = 'UTF8'",
                       PQE_NEVER, error);
}

static pqe_status run_migration(run *r, pqe_error *error)
{
    bool finished = false;
    pqe_status status = parse_steps(r, error);

    while (status == PQE_OK && !finished) {
        bool was_begun = r->begun;
        int before = r->done;

        status = run_part(r, error);
        /* the transaction that begins the record, or runs steps up to the end, also finishes it */
        finished = r->done == r->count &&
                   (!was_begun || before == r->count || r->steps[before].transactional);
    }
    if (status != PQE_OK) {
        record_failure(r, error);
    } else {
        report_progress(r, r->count + 1);
        status = reset_session(r, error);
    }
    free(r->steps);
    PQclear(r->parsed);
    return status;
}

/* Runs it with an error of our own: the caller's may be NULL, and what the server says matters. */
static pqe_status run_direction(run *r, pqe_error *error)
{
    pqe_error own;
    pqe_status status = run_migration(r, &own);

    if (status == PQE_OK) {
        return pqe_error_clear(error);
    }
    /* what the record refuses has no line in the file */
    if (status == PQE_ERR_QUERY) {
        status = place_error(r, first_line_of(r), own.statement, &own);
    }
    pqe_error_copy(error, &own);
    return status;
}

pqe_status pqe_migration_apply(pqe_migration_session *session, const pqe_migration_file *file,
                               pqe_error *error)
{
    run r = {.session = session, .file = file};

    return run_direction(&r, error);
}

pqe_status pqe_migration_revert(pqe_migration_session *session, const pqe_migration_file *file,
                                pqe_error *error)
{
    run r = {.session = session, .file = file, .down = true};

    if (file->down == NULL) {
        return pqe_error_set(error, PQE_ERR_MIGRATION, "migration %s has no down direction",
                             file->version);
    }
    return run_direction(&r, error);
}
