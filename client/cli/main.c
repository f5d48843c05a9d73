/*
 * main.c - the pqengine command: finds the subcommand, sets up its engine, runs it
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "schema.h"

#ifndef PQE_VERSION
#error "the Makefile gives PQE_VERSION, from META.json"
#endif

const cli_command cli_commands[] = {
    {"init", "", "make ready: database, extension, migrations folder",
     "Creates what is missing of these: the database, the extension in it, and the folder of\n"
     "migrations.",
     TAKES_DRY_RUN, cli_init},
    {"status", "", "what is applied, and what is to be done",
     "Shows each migration, in the folder or in the record, with its state: applied, pending, "
     "late\n"
     "(pending, though a later one is applied), failed or running (started and not finished),\n"
     "changed (after it was applied), missing (applied, without a file), rolled_back.",
     TAKES_JSON | TAKES_EXIT_CODE, cli_status},
    {"diff", "", "the way from the database to the models, as SQL",
     "Prints the plan from the database to the models as SQL, each step with its hazards as a\n"
     "comment; on a terminal, or with --color always, hazards first and then the steps of each\n"
     "object. Changes nothing.",
     TAKES_REPORT | TAKES_MODELS | TAKES_PLAN | TAKES_SCHEMAS | TAKES_JSON | TAKES_EXIT_CODE,
     cli_diff},
    {"drift", "", "where the database differs from the models",
     "Prints every point in which the database differs from the models. Exits with 1 where there\n"
     "is any, and with 0, having printed nothing, where there is none.",
     TAKES_MODELS | TAKES_PLAN | TAKES_SCHEMAS | TAKES_JSON, cli_drift},
    {"generate", "MESSAGE", "write a migration for what differs",
     "Writes a migration file that takes the database to the models. MESSAGE says in a few words\n"
     "what it is for. Steps that drop what the models no longer hold are written as comments,\n"
     "unless --allow-drop is given. Where nothing differs no file is written.",
     TAKES_MODELS | TAKES_PLAN | TAKES_SCHEMAS | TAKES_DRY_RUN | TAKES_JSON | TAKES_MESSAGE |
         TAKES_PROVE | TAKES_SAMPLE_ROWS,
     cli_generate},
    {"upgrade", "", "apply what is pending",
     "Applies all pending migrations in the order of their versions, each in as few transactions\n"
     "as it can. One that stopped half way goes on where it stopped.",
     TAKES_DRY_RUN | TAKES_JSON | TAKES_TARGET | TAKES_LOCK_TIMEOUT | TAKES_PROVE |
         TAKES_SAMPLE_ROWS,
     cli_upgrade},
    {"downgrade", "", "revert the newest migrations",
     "Reverts the migrations with the highest versions, newest first, by their down direction as "
     "it\n"
     "stands in the record.",
     TAKES_DRY_RUN | TAKES_JSON | TAKES_STEPS | TAKES_LOCK_TIMEOUT, cli_downgrade},
    {"history", "", "the record of migrations",
     "Shows what the database's record says of each migration: who applied it, when, how long it\n"
     "took.",
     TAKES_JSON, cli_history},
    {"verify", "", "compare the files with the record",
     "Compares the migration files with the record. Prints those that do not agree: changed,\n"
     "missing, late, failed, running, reverting; exits with 1 where there is any.",
     TAKES_JSON, cli_verify},
    {"prove", "", "run the plan on a copy that is rolled back",
     "Builds a copy of the database's schema, with --sample-rows some of its rows too, runs the "
     "plan\n"
     "to the models on it, and rolls all of it back. Prints the steps that fail, and exits with 1\n"
     "where there is any.",
     TAKES_MODELS | TAKES_PLAN | TAKES_SCHEMAS | TAKES_JSON | TAKES_SAMPLE_ROWS, cli_prove},
    {"export", "", "write the database's schema as models",
     "Prints what the database holds as models, or writes them to a file, or as a folder of "
     "files,\n"
     "one for each object: schemas/app/tables/users.sql. It never writes over a file that "
     "somebody\n"
     "else wrote or edited, unless --force is given.",
     TAKES_SCHEMAS | TAKES_OUTPUT, cli_export},
    {NULL, NULL, NULL, NULL, 0, NULL},
};

static const char help_head[] =
    "Usage: pqengine COMMAND [OPTION]...\n"
    "\n"
    "Keeps a PostgreSQL database in step with its models: plain DDL in a folder.\n"
    "\n"
    "Commands:\n";

static const char help_tail[] =
    "\n"
    "pqengine COMMAND --help tells more about each; pqengine --version the version.\n"
    "\n"
    "Exit codes:\n"
    "  0  done; for drift, verify, prove and --exit-code: nothing differs or fails\n"
    "  1  something differs or is not proven, or a model is at fault; nothing was changed\n"
    "  2  the command line is at fault\n"
    "  3  no connection: no server, no such database, or the login was refused\n"
    "  4  a right, or the extension, is missing\n"
    "  5  a migration failed, or its file is at fault\n"
    "  6  anything else: files, memory, an error of the server\n"
    "\n"
    "Environment: libpq's (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSFILE, PGSERVICE, ...) where\n"
    "--dsn does not say otherwise.\n";

static void print_help(void)
{
    (void)fputs(help_head, stdout);
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        (void)printf("  %-10s %s\n", command->name, command->summary);
    }
    (void)fputs(help_tail, stdout);
}

static const cli_command *find_command(const char *name)
{
    for (const cli_command *command = cli_commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

static int exit_code_of(pqe_status status)
{
    switch (status) {
    case PQE_OK:
        return CLI_DONE;
    case PQE_ERR_MODELS:
    case PQE_ERR_DRIFT:
        return CLI_DIFFERENT;
    case PQE_ERR_CONFIG:
    case PQE_ERR_INVALID_ARGUMENT:
        return CLI_USAGE;
    case PQE_ERR_CONNECTION:
    case PQE_ERR_AUTH:
    case PQE_ERR_DATABASE_NOT_FOUND:
    case PQE_ERR_TIMEOUT:
    case PQE_ERR_POOL_TIMEOUT:
        return CLI_CONNECTION;
    case PQE_ERR_PERMISSION:
    case PQE_ERR_EXTENSION_MISSING:
        return CLI_RIGHTS;
    case PQE_ERR_MIGRATION:
        return CLI_MIGRATION;
    default:
        return CLI_FAILED;
    }
}

int cli_fail(const pqe_error *error)
{
    (void)fprintf(stderr, "pqengine: error: %s\n", error->message);
    if (error->detail[0] != '\0') {
        int length = (int)strlen(error->detail);

        /* libpq ends its messages with a line end */
        while (length > 0 && error->detail[length - 1] == '\n') {
            length--;
        }
        (void)fprintf(stderr, "DETAIL:  %.*s\n", length, error->detail);
    }
    if (error->hint[0] != '\0') {
        (void)fprintf(stderr, "HINT:  %s\n", error->hint);
    }
    if (error->sqlstate[0] != '\0') {
        (void)fprintf(stderr, "SQLSTATE:  %s\n", error->sqlstate);
    }
    return exit_code_of(error->code);
}

int cli_connect(cli *c, PGconn **connection)
{
    pqe_error error;

    return pqe_schema_connect(c->engine, connection, &error) == PQE_OK ? -1 : cli_fail(&error);
}

int cli_query(PGconn *connection, const char *sql, int count, const char *const *parameters,
              PGresult **result)
{
    pqe_error error;
    pqe_status status = pqe_schema_query(connection, sql, count, parameters, result, &error);

    return status == PQE_OK ? -1 : cli_fail(&error);
}

/* The library's log lines: warnings always, the rest on request. */
static void log_line(void *data, pqe_log_level level, const char *message)
{
    cli *c = data;

    if (level < PQE_LOG_WARNING && !c->options.verbose) {
        return;
    }
    if (c->progress_shown) {
        (void)fputc('\n', stderr);
        c->progress_shown = false;
    }
    (void)fprintf(stderr, "pqengine: %s%s\n", level == PQE_LOG_WARNING ? "warning: " : "", message);
}

/* An engine that does nothing by itself: each subcommand says what it wants. */
static int make_engine(cli *c, const cli_command *command)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_error error;

    config.dsn = c->options.dsn;
    config.models_path = (command->takes & TAKES_MODELS) != 0 ? c->options.models : NULL;
    config.migrations_path = c->options.migrations;
    config.ensure_database = false;
    config.ensure_tables = false;
    config.ensure_migrations = false;
    config.check_schema_drift = false;
    config.connect_at_start = false;
    config.health_check_enabled = false;
    config.enable_metrics = false;
    config.enable_query_tracer = false;
    config.application_name = getenv("PGAPPNAME") == NULL ? "pqengine" : NULL;
    config.logger = log_line;
    config.logger_data = c;
    return pqe_create_engine(&config, &c->engine, &error) == PQE_OK ? -1 : cli_fail(&error);
}

static int run_command(const cli_command *command, int argc, char **argv)
{
    cli c = {.plan_json = NULL};
    char program[32];
    int code;

    /* getopt_long begins its messages with it */
    (void)snprintf(program, sizeof(program), "pqengine %s", command->name);
    argv[0] = program;
    code = cli_parse(&c, command, argc, argv);

    if (code < 0) {
        code = make_engine(&c, command);
    }
    if (code < 0) {
        code = command->run(&c);
    }
    pqe_free_engine(c.engine);
    pqe_buffer_free(&c.options.plan_options);
    pqe_buffer_free(&c.done);
    free(c.plan_json);
    if (fflush(stdout) != 0 && code == CLI_DONE) {
        perror("pqengine: error: cannot write to stdout");
        code = CLI_FAILED;
    }
    return code;
}

int main(int argc, char **argv)
{
    const cli_command *command;
    bool help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
                             strcmp(argv[1], "help") == 0);

    if (argc < 2) {
        print_help();
        return CLI_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        (void)printf("pqengine %s\n", PQE_VERSION);
        return CLI_DONE;
    }
    if (help && argc == 2) {
        print_help();
        return CLI_DONE;
    }
    command = find_command(argv[help ? 2 : 1]);
    if (command == NULL) {
        (void)fprintf(stderr, "pqengine: unknown command \"%s\"\nTry 'pqengine --help'.\n",
                      argv[help ? 2 : 1]);
        return CLI_USAGE;
    }
    if (help) {
        cli_print_help(command);
        return CLI_DONE;
    }
    return run_command(command, argc - 1, argv + 1);
}
