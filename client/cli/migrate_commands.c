/*
 * migrate_commands.c - init, generate, upgrade and downgrade: what changes a database
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "migration_plan.h"
#include "print.h"
#include "schema.h"

/* ---------------------------------------------------------------------------------------------- */
/* Progress                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

static int terminal_width(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

/* One line on the terminal that each step writes anew. */
static void show_step(cli *c, const pqe_migration_progress *progress)
{
    char line[512];
    size_t width = (size_t)terminal_width() - 1;

    (void)snprintf(line, sizeof(line), "%s %d/%d %s", progress->version, progress->step,
                   progress->steps, progress->statement);
    line[strcspn(line, "\n")] = '\0';
    if (width >= sizeof(line)) {
        width = sizeof(line) - 1;
    }
    if (strlen(line) > width) {
        while (width > 0 && ((unsigned char)line[width] & 0xC0) == 0x80) {
            width--;
        }
        line[width] = '\0';
    }
    (void)fprintf(stderr, "\r\033[K%s", line);
    (void)fflush(stderr);
    c->progress_shown = true;
}

static void on_progress(void *data, const pqe_migration_progress *progress)
{
    cli *c = data;
    bool done = progress->statement == NULL;

    if (!done && isatty(STDERR_FILENO) && !c->options.quiet) {
        show_step(c, progress);
        return;
    }
    if (c->progress_shown) {
        (void)fputs("\r\033[K", stderr);
        c->progress_shown = false;
    }
    if (done) {
        pqe_buffer_append(&c->done, c->done.length > 0 ? ", " : "");
        json_string(&c->done, progress->version);
    }
    if (done && !c->options.json && !c->options.quiet) {
        (void)printf("%s %s %s (%d step(s))\n",
                     strcmp(c->name, "downgrade") == 0 ? "reverted" : "applied", progress->version,
                     progress->message, progress->steps);
        (void)fflush(stdout);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Ctrl-C                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/* Signal handlers have no other way to know them. */
static volatile sig_atomic_t stop;
static PGcancel *cancel_request;

/*
 * The server goes on with a statement whose client is gone, so the first signal cancels it and lets
 * the migration end in order; the second ends the command at once.
 */
static void on_signal(int number)
{
    char ignored[256];

    (void)number;
    stop = 1;
    /* allowed in a signal handler, says libpq */
    (void)PQcancel(cancel_request, ignored, sizeof(ignored));
}

static void watch_signals(const pqe_migration_session *session)
{
    struct sigaction action;

    cancel_request = PQgetCancel(session->work);
    if (cancel_request == NULL) {
        return;
    }
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = (int)SA_RESETHAND;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static void unwatch_signals(void)
{
    if (cancel_request != NULL) {
        (void)signal(SIGINT, SIG_DFL);
        (void)signal(SIGTERM, SIG_DFL);
        (void)signal(SIGHUP, SIG_DFL);
        PQfreeCancel(cancel_request);
        cancel_request = NULL;
    }
}

static pqe_migrate_options migrate_options(cli *c)
{
    pqe_migrate_options options = PQE_MIGRATE_OPTIONS_INIT;

    options.plan_options = c->plan_json;
    options.target = c->options.target;
    options.lock_timeout_ms = c->options.lock_timeout_ms;
    options.lock_attempts = (int)c->options.lock_attempts;
    options.stop = &stop;
    options.progress = on_progress;
    options.progress_data = c;
    return options;
}

/* An error below a line of progress. */
static int fail(cli *c, const pqe_error *error)
{
    if (c->progress_shown) {
        (void)fputc('\n', stderr);
        c->progress_shown = false;
    }
    return cli_fail(error);
}

/* ---------------------------------------------------------------------------------------------- */
/* init                                                                                           */
/* ---------------------------------------------------------------------------------------------- */

static int dry_init(cli *c)
{
    PGconn *connection;
    pqe_error error;
    pqe_status status = pqe_schema_connect(c->engine, &connection, &error);

    if (status == PQE_ERR_DATABASE_NOT_FOUND) {
        (void)printf("would create the database, and the extension in it\n");
    } else if (status != PQE_OK) {
        return cli_fail(&error);
    } else {
        PGresult *result;
        int code = cli_query(connection,
                             "SELECT 1 FROM pg_catalog.pg_extension WHERE extname = 'pqengine'", 0,
                             NULL, &result);

        PQfinish(connection);
        if (code >= 0) {
            return code;
        }
        if (PQntuples(result) == 0) {
            (void)printf("would create the extension\n");
        }
        PQclear(result);
    }
    if (access(c->options.migrations, F_OK) != 0) {
        (void)printf("would make the folder %s\n", c->options.migrations);
    }
    return CLI_DONE;
}

int cli_init(cli *c)
{
    pqe_error error;
    pqe_status status;
    bool made = false;

    if (c->options.dry_run) {
        return dry_init(c);
    }
    status = pqe_ensure_database(c->engine, &error);
    if (status == PQE_OK) {
        status = pqe_ensure_extension(c->engine, &error);
    }
    if (status == PQE_OK) {
        status = pqe_migrations_init(c->engine, &made, &error);
    }
    if (status != PQE_OK) {
        return cli_fail(&error);
    }
    if (!c->options.quiet) {
        (void)printf("%s %s\n", made ? "Migrations initialized at" : "Migrations are at",
                     c->options.migrations);
    }
    return CLI_DONE;
}

/* ---------------------------------------------------------------------------------------------- */
/* generate                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

static int print_generated(cli *c, const char *path)
{
    pqe_buffer text = PQE_BUFFER_INIT;

    if (c->options.json) {
        pqe_buffer_append(&text, "{\"path\": ");
        json_string(&text, path);
        pqe_buffer_append(&text, "}\n");
    } else if (!c->options.quiet) {
        pqe_buffer_printf(&text, "%s\n",
                          path != NULL ? path : "Nothing to do: no file was written.");
    }
    return print_text(&text);
}

static int dry_generate(cli *c, pqe_migration_session *session)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_migration_file file;
    pqe_error error;
    bool found;
    pqe_status status = pqe_migration_plan(session, c->options.message, &found, &file, &error);

    if (status != PQE_OK) {
        return cli_fail(&error);
    }
    if (found) {
        pqe_migration_print(&file, &text);
        pqe_migration_file_free(&file);
    }
    return print_text(&text);
}

int cli_generate(cli *c)
{
    pqe_migration_session session = {0};
    pqe_migrate_options options = migrate_options(c);
    pqe_error error;
    char *path = NULL;
    bool outrun = false;
    int code = CLI_DONE;
    pqe_status status = pqe_ensure_extension(c->engine, &error);

    if (status == PQE_OK && c->options.prove && (code = cli_prove_plan(c)) >= 0) {
        return code;
    }
    code = CLI_DONE;
    if (status == PQE_OK) {
        status =
            pqe_migration_session_open(&session, c->engine, &options, !c->options.dry_run, &error);
    }
    if (status == PQE_OK && c->options.dry_run) {
        code = dry_generate(c, &session);
    } else if (status == PQE_OK) {
        status = pqe_migrations_generate(&session, c->options.message, &path, &outrun, &error);
        if (status == PQE_OK && outrun) {
            (void)fprintf(stderr,
                          "pqengine: error: somebody else has written to %s meanwhile: look "
                          "at it, and try again\n",
                          c->options.migrations);
            code = CLI_MIGRATION;
        } else if (status == PQE_OK) {
            code = print_generated(c, path);
        }
    }
    pqe_migration_session_close(&session);
    free(path);
    return status == PQE_OK ? code : cli_fail(&error);
}

/* ---------------------------------------------------------------------------------------------- */
/* upgrade and downgrade                                                                          */
/* ---------------------------------------------------------------------------------------------- */

/* Prints what an upgrade would run. */
static int dry_upgrade(cli *c, const pqe_migration_session *session)
{
    pqe_buffer text = PQE_BUFFER_INIT;

    for (size_t i = 0; i < session->count; i++) {
        const pqe_migration_state *state = &session->states[i];

        if (!pqe_migration_is_in_reach(session, state)) {
            continue;
        }
        if (c->options.json) {
            pqe_buffer_append(&text, text.length > 0 ? ",\n " : " ");
            pqe_buffer_append(&text, "{\"version\": ");
            json_string(&text, state->version);
            pqe_buffer_append(&text, ", \"state\": ");
            json_string(&text, state->state);
            pqe_buffer_append(&text, ", \"up\": ");
            json_string(&text, state->file->up);
            pqe_buffer_append(&text, "}");
        } else {
            pqe_buffer_printf(&text, "-- %s (%s)\n%s\n\n", state->file->path, state->state,
                              state->file->up);
        }
    }
    if (c->options.json) {
        (void)printf("[\n");
        pqe_buffer_append(&text, "\n]\n");
    }
    return print_text(&text);
}

/* The end of a run: what was done, in words or as JSON. */
static int print_count(const cli *c, const char *what, size_t count)
{
    if (c->options.json) {
        (void)printf("{\"%s\": [%s]}\n", what, c->done.length > 0 ? c->done.data : "");
    } else if (!c->options.quiet) {
        (void)printf("%c%s %zu migration(s)\n", what[0] - 'a' + 'A', what + 1, count);
    }
    return CLI_DONE;
}

static bool is_known(const pqe_migration_session *session, const char *version)
{
    for (size_t i = 0; i < session->count; i++) {
        if (strcmp(session->states[i].version, version) == 0) {
            return true;
        }
    }
    return false;
}

/* -1: all that is pending is proven; otherwise the exit code. */
static int prove_pending(const cli *c, const pqe_migration_session *session)
{
    pqe_error error;
    pqe_error failure;
    bool proven;

    if (pqe_migrations_prove(session, c->options.sample_rows, &proven, &failure, &error) !=
        PQE_OK) {
        return cli_fail(&error);
    }
    if (proven) {
        return -1;
    }
    (void)fprintf(stderr, "pqengine: error: what is pending is not proven, and nothing was run\n");
    (void)cli_fail(&failure);
    return CLI_DIFFERENT;
}

int cli_upgrade(cli *c)
{
    pqe_migration_session session = {0};
    pqe_migrate_options options = migrate_options(c);
    pqe_error error;
    size_t applied = 0;
    int code = -1;
    pqe_status status = PQE_OK;

    if (access(c->options.migrations, F_OK) != 0) {
        (void)fprintf(stderr, "pqengine: error: there is no migrations folder \"%s\"\n",
                      c->options.migrations);
        return CLI_MIGRATION;
    }
    if (!c->options.dry_run) {
        status = pqe_ensure_extension(c->engine, &error);
    }
    if (status == PQE_OK) {
        status =
            pqe_migration_session_open(&session, c->engine, &options, !c->options.dry_run, &error);
    }
    if (status == PQE_OK && options.target != NULL && !is_known(&session, options.target)) {
        (void)fprintf(stderr, "pqengine upgrade: there is no migration %s\n", options.target);
        code = CLI_USAGE;
    } else if (status == PQE_OK && c->options.dry_run) {
        code = dry_upgrade(c, &session);
    } else if (status == PQE_OK) {
        watch_signals(&session);
        code = c->options.prove ? prove_pending(c, &session) : -1;
        if (code < 0) {
            status = pqe_migrations_upgrade(&session, &applied, &error);
        }
        unwatch_signals();
    }
    pqe_migration_session_close(&session);
    if (status != PQE_OK) {
        return fail(c, &error);
    }
    return code >= 0 ? code : print_count(c, "applied", applied);
}

/* Prints what a downgrade would run, as far as the files still say it. */
static int dry_downgrade(cli *c, const pqe_migration_session *session)
{
    char count[16];
    const char *parameters[] = {count};
    PGresult *result;
    pqe_buffer text = PQE_BUFFER_INIT;
    int code;

    (void)snprintf(count, sizeof(count), "%ld", c->options.steps);
    code = cli_query(session->work,
                     "SELECT version, down FROM pqengine.migration"
                     " WHERE status IN ('applied', 'reverting') ORDER BY version DESC LIMIT $1",
                     1, parameters, &result);
    if (code >= 0) {
        return code;
    }
    if (c->options.json) {
        json_rows(&text, result);
        pqe_buffer_append_char(&text, '\n');
    }
    for (int row = 0; row < PQntuples(result) && !c->options.json; row++) {
        pqe_buffer_printf(&text, "-- %s\n%s\n\n", PQgetvalue(result, row, 0),
                          PQgetisnull(result, row, 1) ? "-- (it has no down direction)"
                                                      : PQgetvalue(result, row, 1));
    }
    PQclear(result);
    return print_text(&text);
}

int cli_downgrade(cli *c)
{
    pqe_migration_session session = {0};
    pqe_migrate_options options = migrate_options(c);
    pqe_error error;
    size_t reverted = 0;
    int code = -1;
    pqe_status status =
        pqe_migration_session_open(&session, c->engine, &options, !c->options.dry_run, &error);

    if (status == PQE_OK && c->options.dry_run) {
        code = dry_downgrade(c, &session);
    } else if (status == PQE_OK) {
        watch_signals(&session);
        status = pqe_migrations_downgrade(&session, (size_t)c->options.steps, &reverted, &error);
        unwatch_signals();
    }
    pqe_migration_session_close(&session);
    if (status != PQE_OK) {
        return fail(c, &error);
    }
    return code >= 0 ? code : print_count(c, "reverted", reverted);
}
