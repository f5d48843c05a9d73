/*
 * arguments.c - the command line of a subcommand, and its --help
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "print.h"

enum {
    OPT_SCHEMAS = 256,
    OPT_DIR,
    OPT_HTML,
    OPT_COLOR,
    OPT_FORCE,
    OPT_ALLOW_DROP,
    OPT_NO_CONCURRENTLY,
    OPT_OWNERS,
    OPT_PRIVILEGES,
    OPT_IGNORE,
    OPT_OPTION,
    OPT_LOCK_TIMEOUT,
    OPT_LOCK_ATTEMPTS,
    OPT_SAMPLE_ROWS,
    OPT_PROVE,
    OPT_TO,
    OPT_STEPS,
    OPT_EXIT_CODE
};

/*
 * An option, the subcommands that take it (0: all), and its line in --help.  The database and the
 * two folders may be named to every subcommand, used or not, so that a script can keep them in one
 * variable.
 */
typedef struct option_text {
    struct option option;
    int takes;
    const char *help;
} option_text;

static const option_text option_texts[] = {
    {{"dsn", required_argument, NULL, 'd'},
     0,
     "-d, --dsn DSN          the database, as libpq takes it: a URI or keyword=value\n"
     "                         (default: PGHOST, PGDATABASE and libpq's other variables)"},
    {{"models", required_argument, NULL, 'm'},
     0,
     "-m, --models PATH      a .sql file, or a folder of them (default: models)"},
    {{"migrations", required_argument, NULL, 'M'},
     0,
     "-M, --migrations PATH  the folder of migrations (default: ./migrations)"},
    {{"dry-run", no_argument, NULL, 'n'},
     TAKES_DRY_RUN,
     "-n, --dry-run          print what would be done, and do nothing"},
    {{"json", no_argument, NULL, 'j'}, TAKES_JSON, "-j, --json             print JSON"},
    {{"output", required_argument, NULL, 'o'},
     TAKES_OUTPUT,
     "-o, --output FILE      write there, not to stdout"},
    {{"html", required_argument, NULL, OPT_HTML},
     TAKES_REPORT,
     "    --html FILE        write the plan as a page: hazards, a picture of the tables, each\n"
     "                         object before and after"},
    {{"color", required_argument, NULL, OPT_COLOR},
     TAKES_REPORT,
     "    --color WHEN       auto, always or never (default: auto, that is on a terminal, unless\n"
     "                         NO_COLOR is set)"},
    {{"dir", required_argument, NULL, OPT_DIR},
     TAKES_OUTPUT,
     "    --dir FOLDER       write a folder of model files, one for each object; what an\n"
     "                         earlier export wrote there and is gone now is removed"},
    {{"force", no_argument, NULL, OPT_FORCE},
     TAKES_OUTPUT,
     "    --force            write over files in it that are not as an export left them"},
    {{"to", required_argument, NULL, OPT_TO},
     TAKES_TARGET,
     "    --to VERSION       go no further than to this version"},
    {{"steps", required_argument, NULL, OPT_STEPS},
     TAKES_STEPS,
     "    --steps N          how many migrations to revert (default: 1)"},
    {{"lock-timeout", required_argument, NULL, OPT_LOCK_TIMEOUT},
     TAKES_LOCK_TIMEOUT,
     "    --lock-timeout MS  how long a step waits for a lock before it gives way and is\n"
     "                         tried again (default: 3000; 0: for ever)"},
    {{"lock-attempts", required_argument, NULL, OPT_LOCK_ATTEMPTS},
     TAKES_LOCK_TIMEOUT,
     "    --lock-attempts N  how often a step is tried before it fails for want of a lock\n"
     "                         (default: 12)"},
    {{"prove", no_argument, NULL, OPT_PROVE},
     TAKES_PROVE,
     "    --prove            first try it on a copy of the database that is rolled back, and do\n"
     "                         nothing where that fails"},
    {{"sample-rows", required_argument, NULL, OPT_SAMPLE_ROWS},
     TAKES_SAMPLE_ROWS,
     "    --sample-rows N    prove with so many real rows of each table (default: 0)"},
    {{"exit-code", no_argument, NULL, OPT_EXIT_CODE},
     TAKES_EXIT_CODE,
     "    --exit-code        exit with 1 where there is anything to do"},
    {{"schemas", required_argument, NULL, OPT_SCHEMAS},
     TAKES_SCHEMAS,
     "    --schemas A,B      the schemas to look at, or '*' (default: those of the models;\n"
     "                         for export, all)"},
    {{"allow-drop", no_argument, NULL, OPT_ALLOW_DROP},
     TAKES_PLAN,
     "    --allow-drop       also drop what the models no longer hold"},
    {{"no-concurrently", no_argument, NULL, OPT_NO_CONCURRENTLY},
     TAKES_PLAN,
     "    --no-concurrently  build indexes in one go, locking their tables"},
    {{"owners", required_argument, NULL, OPT_OWNERS},
     TAKES_PLAN,
     "    --owners WHICH     compare owners: declared (in the models), all or none"},
    {{"privileges", required_argument, NULL, OPT_PRIVILEGES},
     TAKES_PLAN,
     "    --privileges WHICH compare privileges: declared, all or none"},
    {{"ignore", required_argument, NULL, OPT_IGNORE},
     TAKES_PLAN,
     "    --ignore KIND:NAME leave such objects alone: a kind or *, and a name, which may have\n"
     "                         * and ? in it; repeatable"},
    {{"option", required_argument, NULL, OPT_OPTION},
     TAKES_PLAN,
     "    --option KEY=JSON  any other option of pqengine.plan; repeatable"},
    {{"quiet", no_argument, NULL, 'q'}, 0, "-q, --quiet            print errors only"},
    {{"verbose", no_argument, NULL, 'v'}, 0, "-v, --verbose          say what is being done"},
    {{"help", no_argument, NULL, 'h'}, 0, "-h, --help             this text"},
};

#define OPTION_COUNT (sizeof(option_texts) / sizeof(option_texts[0]))

static bool takes_option(const cli_command *command, const option_text *text)
{
    return text->takes == 0 || (command->takes & text->takes) != 0;
}

void cli_print_help(const cli_command *command)
{
    (void)printf("Usage: pqengine %s [OPTION]...%s%s\n\n%s\n\nOptions:\n", command->name,
                 command->arguments[0] != '\0' ? " " : "", command->arguments, command->text);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (takes_option(command, &option_texts[i])) {
            (void)printf("  %s\n", option_texts[i].help);
        }
    }
}

static int usage_error(const char *name, const char *what, const char *value)
{
    (void)fprintf(stderr, "pqengine %s: %s%s%s%s\nTry 'pqengine %s --help'.\n", name, what,
                  value != NULL ? " \"" : "", value != NULL ? value : "", value != NULL ? "\"" : "",
                  name);
    return CLI_USAGE;
}

static void add_key(pqe_buffer *json, const char *key)
{
    if (json->length > 0) {
        pqe_buffer_append(json, ", ");
    }
    json_string(json, key);
    pqe_buffer_append(json, ": ");
}

static void add_quoted(pqe_buffer *json, const char *text, size_t length)
{
    char *copy = strndup(text, length);

    if (copy == NULL) {
        json->failed = true;
    } else {
        json_string(json, copy);
    }
    free(copy);
}

/* "a,b" as ["a", "b"]. */
static void add_list(pqe_buffer *json, const char *key, const char *list)
{
    add_key(json, key);
    pqe_buffer_append_char(json, '[');
    for (const char *separator = ""; *list != '\0'; separator = ", ") {
        size_t length = strcspn(list, ",");

        pqe_buffer_append(json, separator);
        add_quoted(json, list, length);
        list += length;
        list += *list == ',' ? 1 : 0;
    }
    pqe_buffer_append_char(json, ']');
}

static bool add_which(pqe_buffer *json, const char *key, const char *value)
{
    add_key(json, key);
    json_string(json, value);
    return strcmp(value, "declared") == 0 || strcmp(value, "all") == 0 ||
           strcmp(value, "none") == 0;
}

/* The patterns of all --ignore options make one list, which is closed in the end. */
static bool add_ignore(pqe_buffer *ignore, const char *value)
{
    const char *name = strpbrk(value, ":=");

    if (name == NULL || name == value || name[1] == '\0') {
        return false;
    }
    pqe_buffer_append(ignore, ignore->length > 0 ? ", {\"kind\": " : "{\"kind\": ");
    add_quoted(ignore, value, (size_t)(name - value));
    pqe_buffer_append(ignore, ", \"name\": ");
    json_string(ignore, name + 1);
    pqe_buffer_append_char(ignore, '}');
    return true;
}

static bool add_any(pqe_buffer *json, const char *value)
{
    const char *text = strchr(value, '=');
    char *key;

    if (text == NULL || text == value || text[1] == '\0') {
        return false;
    }
    key = strndup(value, (size_t)(text - value));
    if (key == NULL) {
        json->failed = true;
        return true;
    }
    add_key(json, key);
    pqe_buffer_append(json, text + 1);
    free(key);
    return true;
}

/* A number from least up. */
static bool read_number(const char *text, long long least, long long *number)
{
    char *end;

    errno = 0;
    *number = strtoll(text, &end, 10);
    return errno == 0 && end != text && *end == '\0' && *number >= least && *number <= INT32_MAX;
}

/* The options of pqengine.plan. */
static bool take_plan_option(cli_options *options, pqe_buffer *ignore, int option)
{
    pqe_buffer *json = &options->plan_options;

    switch (option) {
    case OPT_SCHEMAS:
        options->schemas = optarg;
        add_list(json, "schemas", optarg);
        return optarg[0] != '\0';
    case OPT_ALLOW_DROP:
        options->allow_drop = true;
        add_key(json, "allow_drop");
        pqe_buffer_append(json, "true");
        return true;
    case OPT_NO_CONCURRENTLY:
        add_key(json, "concurrently");
        pqe_buffer_append(json, "false");
        return true;
    case OPT_OWNERS:
        return add_which(json, "owners", optarg);
    case OPT_PRIVILEGES:
        return add_which(json, "privileges", optarg);
    case OPT_IGNORE:
        return add_ignore(ignore, optarg);
    default:
        return add_any(json, optarg);
    }
}

static bool take_colour(const char *word, cli_colour *colour)
{
    static const char *const words[] = {"auto", "always", "never"};

    for (int i = 0; i < 3; i++) {
        if (strcmp(word, words[i]) == 0) {
            *colour = (cli_colour)i;
            return true;
        }
    }
    return false;
}

static bool take_option(cli_options *options, pqe_buffer *ignore, int option)
{
    long long number;

    switch (option) {
    case 'd':
        options->dsn = optarg;
        return true;
    case 'm':
        options->models = optarg;
        return optarg[0] != '\0';
    case 'M':
        options->migrations = optarg;
        return optarg[0] != '\0';
    case 'n':
        options->dry_run = true;
        return true;
    case 'j':
        options->json = true;
        return true;
    case 'o':
        options->output = optarg;
        return optarg[0] != '\0';
    case 'q':
        options->quiet = true;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    case OPT_HTML:
        options->html = optarg;
        return optarg[0] != '\0';
    case OPT_COLOR:
        return take_colour(optarg, &options->colour);
    case OPT_DIR:
        options->folder = optarg;
        return optarg[0] != '\0';
    case OPT_FORCE:
        options->force = true;
        return true;
    case OPT_TO:
        options->target = optarg;
        return optarg[0] != '\0';
    case OPT_EXIT_CODE:
        options->exit_code = true;
        return true;
    case OPT_STEPS:
        if (!read_number(optarg, 1, &number)) {
            return false;
        }
        options->steps = (long)number;
        return true;
    case OPT_LOCK_TIMEOUT:
        return read_number(optarg, 0, &options->lock_timeout_ms);
    case OPT_PROVE:
        options->prove = true;
        return true;
    case OPT_SAMPLE_ROWS:
        return read_number(optarg, 0, &options->sample_rows);
    case OPT_LOCK_ATTEMPTS:
        return read_number(optarg, 1, &options->lock_attempts);
    default:
        return take_plan_option(options, ignore, option);
    }
}

/* The options that the subcommand takes, for getopt_long. */
static void collect_options(const cli_command *command, struct option *long_options,
                            char *short_options)
{
    size_t count = 0;

    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &option_texts[i].option;

        if (!takes_option(command, &option_texts[i])) {
            continue;
        }
        long_options[count++] = *option;
        if (option->val < 256) {
            *short_options++ = (char)option->val;
            if (option->has_arg == required_argument) {
                *short_options++ = ':';
            }
        }
    }
    memset(&long_options[count], 0, sizeof(long_options[count]));
    *short_options = '\0';
}

static const char *option_name(const struct option *long_options, int option)
{
    for (; long_options->name != NULL; long_options++) {
        if (long_options->val == option) {
            return long_options->name;
        }
    }
    return "option";
}

/* What stands behind the options: a message for generate, nothing for the others. */
static int take_arguments(cli *c, const cli_command *command, int argc, char **argv)
{
    if ((command->takes & TAKES_MESSAGE) != 0) {
        if (optind >= argc || argv[optind][strspn(argv[optind], " \t\r\n")] == '\0') {
            return usage_error(command->name, "say in a few words what the migration is for", NULL);
        }
        c->options.message = argv[optind++];
    }
    if (optind < argc) {
        return usage_error(command->name, "unexpected argument", argv[optind]);
    }
    return -1;
}

static int parse_options(cli *c, const cli_command *command, pqe_buffer *ignore, int argc,
                         char **argv)
{
    struct option long_options[OPTION_COUNT + 1];
    char short_options[2 * OPTION_COUNT + 1];
    int option;

    collect_options(command, long_options, short_options);
    optind = 1;
    while ((option = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        char what[64];

        if (option == '?') {
            (void)fprintf(stderr, "Try 'pqengine %s --help'.\n", command->name);
            return CLI_USAGE;
        }
        if (option == 'h') {
            cli_print_help(command);
            return CLI_DONE;
        }
        if (!take_option(&c->options, ignore, option)) {
            (void)snprintf(what, sizeof(what),
                           "invalid value for --%s:", option_name(long_options, option));
            return usage_error(command->name, what, optarg);
        }
    }
    return take_arguments(c, command, argc, argv);
}

/* Closes the JSON object of the plan options. */
static int finish_plan_options(cli *c, pqe_buffer *ignore)
{
    pqe_buffer json = PQE_BUFFER_INIT;

    if (ignore->length > 0) {
        add_key(&c->options.plan_options, "ignore");
        pqe_buffer_printf(&c->options.plan_options, "[%s]", ignore->data);
    }
    pqe_buffer_printf(&json, "{%s}",
                      c->options.plan_options.length > 0 ? c->options.plan_options.data : "");
    if (pqe_buffer_failed(ignore) || pqe_buffer_failed(&c->options.plan_options) ||
        pqe_buffer_failed(&json)) {
        (void)fprintf(stderr, "pqengine: error: out of memory\n");
        pqe_buffer_free(&json);
        return CLI_FAILED;
    }
    c->plan_json = pqe_buffer_take(&json);
    return -1;
}

int cli_parse(cli *c, const cli_command *command, int argc, char **argv)
{
    pqe_buffer ignore = PQE_BUFFER_INIT;
    int code;

    c->name = command->name;
    c->options.models = "models";
    c->options.migrations = "./migrations";
    c->options.steps = 1;
    c->options.lock_timeout_ms = 3000;
    c->options.lock_attempts = 12;
    code = parse_options(c, command, &ignore, argc, argv);
    if (code < 0) {
        code = finish_plan_options(c, &ignore);
    }
    pqe_buffer_free(&ignore);
    return code;
}
