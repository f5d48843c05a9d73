/*
 * cli.h - what the subcommands of pqengine share
 */
#ifndef PQE_CLI_H
#define PQE_CLI_H

#include <libpq-fe.h>

#include "engine.h"
#include "migrations.h"

/* Exit codes; pqengine --help says the same. */
enum {
    CLI_DONE = 0,       /* done; nothing differs */
    CLI_DIFFERENT = 1,  /* something differs, or a model is at fault */
    CLI_USAGE = 2,      /* the command line is at fault */
    CLI_CONNECTION = 3, /* no connection: no server, no such database, login refused */
    CLI_RIGHTS = 4,     /* a right or the extension is missing */
    CLI_MIGRATION = 5,  /* a migration failed, or its file is at fault */
    CLI_FAILED = 6      /* anything else: files, memory, the server */
};

/* When to print in colour; auto: on a terminal. */
typedef enum cli_colour { CLI_COLOUR_AUTO, CLI_COLOUR_ALWAYS, CLI_COLOUR_NEVER } cli_colour;

/* What the command line says. */
typedef struct cli_options {
    const char *dsn;
    const char *models;
    const char *migrations;
    const char *message; /* generate */
    const char *target;  /* upgrade --to */
    const char *output;  /* export --output */
    const char *folder;  /* export --dir */
    const char *html;    /* diff --html */
    cli_colour colour;   /* diff --color */
    const char *schemas; /* --schemas as given; NULL without */
    long steps;          /* downgrade --steps */
    long long lock_timeout_ms;
    long long lock_attempts;
    long long sample_rows;
    bool dry_run;
    bool json;
    bool verbose;
    bool quiet;
    bool exit_code;
    bool force; /* export --force */
    bool prove; /* generate, upgrade --prove */
    bool allow_drop;
    pqe_buffer plan_options; /* JSON object, still without its braces */
} cli_options;

/* One run of the command. */
typedef struct cli {
    const char *name; /* of the subcommand */
    cli_options options;
    pqe_engine *engine;
    char *plan_json; /* the plan options as a JSON object */
    bool progress_shown;
    pqe_buffer done; /* JSON strings: the versions that were applied or reverted */
} cli;

/* Which of the shared options a subcommand takes. */
enum {
    TAKES_MODELS = 1 << 0,
    TAKES_PLAN = 1 << 2, /* the options of pqengine.plan, allow_drop included */
    TAKES_SCHEMAS = 1 << 3,
    TAKES_DRY_RUN = 1 << 4,
    TAKES_JSON = 1 << 5,
    TAKES_MESSAGE = 1 << 6, /* an argument */
    TAKES_TARGET = 1 << 7,
    TAKES_STEPS = 1 << 8,
    TAKES_OUTPUT = 1 << 9,
    TAKES_EXIT_CODE = 1 << 10,
    TAKES_LOCK_TIMEOUT = 1 << 11,
    TAKES_SAMPLE_ROWS = 1 << 12,
    TAKES_PROVE = 1 << 13,
    TAKES_REPORT = 1 << 14 /* --html, --color */
};

typedef struct cli_command {
    const char *name;
    const char *arguments; /* for the usage line; "" for none */
    const char *summary;   /* one line */
    const char *text;      /* what it does, for --help */
    int takes;
    int (*run)(cli *c);
} cli_command;

/* The subcommands, ended by one without a name. */
extern const cli_command cli_commands[];

int cli_init(cli *c);
int cli_status(cli *c);
int cli_diff(cli *c);
int cli_drift(cli *c);
int cli_generate(cli *c);
int cli_upgrade(cli *c);
int cli_downgrade(cli *c);
int cli_history(cli *c);
int cli_verify(cli *c);
int cli_export(cli *c);
int cli_prove(cli *c);

/* Proves the plan to the models, and prints what goes wrong; -1: it holds, otherwise the exit code. */
int cli_prove_plan(cli *c);

/* arguments.c: reads the command line into c->options.  -1: go on; otherwise the exit code. */
int cli_parse(cli *c, const cli_command *command, int argc, char **argv);
void cli_print_help(const cli_command *command);

/* Prints an error on stderr, in the words of the server, and gives the exit code for it. */
int cli_fail(const pqe_error *error);

/* Opens a connection for queries of the subcommand's own; -1: go on; otherwise the exit code. */
int cli_connect(cli *c, PGconn **connection);

/* Runs a query on the extension's functions; -1: go on; otherwise the exit code. */
int cli_query(PGconn *connection, const char *sql, int count, const char *const *parameters,
              PGresult **result);

#endif /* PQE_CLI_H */
