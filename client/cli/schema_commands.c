/*
 * schema_commands.c - diff, drift, prove and export: what the extension says of models and database
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "export_folder.h"
#include "migration_plan.h"
#include "print.h"
#include "report.h"
#include "schema.h"

/* Runs a query that takes the models and the plan options; -1: go on. */
static int query_models(cli *c, const char *sql, PGresult **result)
{
    PGconn *connection;
    pqe_error error;
    pqe_status status;
    int code = cli_connect(c, &connection);

    if (code >= 0) {
        return code;
    }
    status = pqe_model_query(c->engine, connection, sql, c->plan_json, result, &error);
    PQfinish(connection);
    return status == PQE_OK ? -1 : cli_fail(&error);
}

static int write_output(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    if (file == NULL || fputs(text, file) == EOF || fflush(file) != 0) {
        (void)fprintf(stderr, "pqengine: error: cannot write \"%s\": %s\n", path, strerror(errno));
        if (file != NULL) {
            (void)fclose(file);
        }
        return CLI_FAILED;
    }
    if (fclose(file) != 0) {
        (void)fprintf(stderr, "pqengine: error: cannot write \"%s\": %s\n", path, strerror(errno));
        return CLI_FAILED;
    }
    return CLI_DONE;
}

static int diff_as_text(cli *c)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    PGresult *plan;
    int rows;
    int code = query_models(c,
                            c->options.json
                                ? "SELECT seq, phase, kind, object, action, statement, reverse,"
                                  " to_json(hazards) AS hazards, transactional"
                                  " FROM pqengine.plan($1, $2::jsonb) ORDER BY seq"
                                : pqe_plan_query,
                            &plan);

    if (code >= 0) {
        return code;
    }
    rows = PQntuples(plan);
    if (c->options.json) {
        json_rows(&text, plan);
        pqe_buffer_append_char(&text, '\n');
    } else if (!c->options.quiet) {
        pqe_plan_print(plan, &text);
    }
    PQclear(plan);
    code = print_text(&text);
    return code == CLI_DONE && c->options.exit_code && rows > 0 ? CLI_DIFFERENT : code;
}

/* Is colour wanted on this output? */
static bool wants_colour(const cli *c)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    if (c->options.colour != CLI_COLOUR_AUTO) {
        return c->options.colour == CLI_COLOUR_ALWAYS;
    }
    return isatty(STDOUT_FILENO) && (no_colour == NULL || *no_colour == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

/* A terminal is read by somebody; what is piped goes on as SQL. */
static bool is_for_people(const cli *c)
{
    return isatty(STDOUT_FILENO) || c->options.colour == CLI_COLOUR_ALWAYS;
}

static int query_report(cli *c, bool with_texts, PGresult **rows)
{
    char sql[1024];

    (void)snprintf(sql, sizeof(sql), report_query, with_texts ? "true" : "false");
    return query_models(c, sql, rows);
}

/* Draws the tables; what there is to say of it goes to note. */
static int query_picture(cli *c, char **svg, char *note, size_t note_size)
{
    PGresult *diagram;
    int code =
        query_models(c, "SELECT dot, shown, tables FROM pqengine.diagram($1, $2::jsonb)", &diagram);

    *svg = NULL;
    if (code >= 0) {
        return code;
    }
    if (PQntuples(diagram) == 0 || strcmp(PQgetvalue(diagram, 0, 1), "0") == 0) {
        (void)snprintf(note, note_size, "There are no tables to show.");
    } else {
        bool all = strcmp(PQgetvalue(diagram, 0, 1), PQgetvalue(diagram, 0, 2)) == 0;

        *svg = graphviz_svg(PQgetvalue(diagram, 0, 0), note, note_size);
        if (*svg != NULL && all) {
            (void)snprintf(note, note_size, "All %s tables, with their foreign keys.",
                           PQgetvalue(diagram, 0, 2));
        } else if (*svg != NULL) {
            (void)snprintf(note, note_size,
                           "%s of %s tables: those that change, and those that they refer to or "
                           "that refer to them.",
                           PQgetvalue(diagram, 0, 1), PQgetvalue(diagram, 0, 2));
        }
    }
    PQclear(diagram);
    return -1;
}

static int make_page(cli *c, const PGresult *rows, pqe_buffer *page)
{
    char note[256] = "";
    char *svg = NULL;
    PGconn *connection = NULL;
    PGresult *head = NULL;
    int code = query_picture(c, &svg, note, sizeof(note));

    if (code < 0) {
        code = cli_connect(c, &connection);
    }
    if (code < 0) {
        code = cli_query(
            connection,
            "SELECT pg_catalog.current_database(),"
            " pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1),"
            " pg_catalog.date_trunc('second', pg_catalog.now())",
            0, NULL, &head);
    }
    if (code < 0) {
        report_head top = {PQgetvalue(head, 0, 0), PQgetvalue(head, 0, 1), PQgetvalue(head, 0, 2),
                           c->options.models};

        report_page(rows, &top, svg, note, page);
    }
    PQclear(head);
    PQfinish(connection);
    free(svg);
    return code;
}

static int diff_to_page(cli *c)
{
    pqe_buffer page = PQE_BUFFER_INIT;
    PGresult *rows;
    int count;
    int code = query_report(c, true, &rows);

    if (code >= 0) {
        return code;
    }
    count = PQntuples(rows);
    code = make_page(c, rows, &page);
    if (code < 0 && pqe_buffer_failed(&page)) {
        (void)fprintf(stderr, "pqengine: error: out of memory\n");
        code = CLI_FAILED;
    }
    if (code < 0) {
        code = write_output(c->options.html, page.data);
    }
    if (code == CLI_DONE && !c->options.quiet) {
        (void)printf("%s: %d step(s)\n", c->options.html, count);
    }
    pqe_buffer_free(&page);
    PQclear(rows);
    return code == CLI_DONE && c->options.exit_code && count > 0 ? CLI_DIFFERENT : code;
}

static int diff_for_people(cli *c)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    PGresult *rows;
    int count;
    int code = query_report(c, false, &rows);

    if (code >= 0) {
        return code;
    }
    count = PQntuples(rows);
    report_terminal(rows, wants_colour(c), &text);
    PQclear(rows);
    code = print_text(&text);
    return code == CLI_DONE && c->options.exit_code && count > 0 ? CLI_DIFFERENT : code;
}

int cli_diff(cli *c)
{
    if (c->options.html != NULL) {
        return diff_to_page(c);
    }
    if (!c->options.json && !c->options.quiet && is_for_people(c)) {
        return diff_for_people(c);
    }
    return diff_as_text(c);
}

/* What the drift watch knows of it, on a line of its own. */
static void append_author(pqe_buffer *text, const PGresult *drift, int row)
{
    if (PQgetisnull(drift, row, 6)) {
        return;
    }
    pqe_buffer_printf(text, "  last changed by %s at %s: %s", PQgetvalue(drift, row, 6),
                      PQgetvalue(drift, row, 7), PQgetvalue(drift, row, 8));
    if (PQgetvalue(drift, row, 9)[0] != '\0') {
        pqe_buffer_printf(text, " from %s", PQgetvalue(drift, row, 9));
    }
    if (!PQgetisnull(drift, row, 10)) {
        pqe_buffer_printf(text, ", migration %s", PQgetvalue(drift, row, 10));
    }
    pqe_buffer_append_char(text, '\n');
}

/* "changed column public.users.email, type: expected text, actual integer" */
static void append_drift(pqe_buffer *text, const PGresult *drift, int row)
{
    pqe_buffer_printf(text, "%s %s %s", PQgetvalue(drift, row, 0), PQgetvalue(drift, row, 1),
                      PQgetvalue(drift, row, 2));
    if (!PQgetisnull(drift, row, 3)) {
        pqe_buffer_printf(text, ", %s: expected %s, actual %s", PQgetvalue(drift, row, 3),
                          PQgetisnull(drift, row, 4) ? "(none)" : PQgetvalue(drift, row, 4),
                          PQgetisnull(drift, row, 5) ? "(none)" : PQgetvalue(drift, row, 5));
    }
    pqe_buffer_append_char(text, '\n');
    append_author(text, drift, row);
}

int cli_drift(cli *c)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    PGresult *drift;
    int rows;
    int code = query_models(c,
                            "SELECT change, kind, object, property, expected, actual, changed_by,"
                            " pg_catalog.date_trunc('second', changed_at) AS changed_at, command,"
                            " application, migration FROM pqengine.drift_by($1, $2::jsonb)",
                            &drift);

    if (code >= 0) {
        return code;
    }
    rows = PQntuples(drift);
    if (c->options.json) {
        json_rows(&text, drift);
        pqe_buffer_append_char(&text, '\n');
    }
    for (int row = 0; row < rows && !c->options.json && !c->options.quiet; row++) {
        append_drift(&text, drift, row);
    }
    PQclear(drift);
    code = print_text(&text);
    return code == CLI_DONE && rows > 0 ? CLI_DIFFERENT : code;
}

/* Queries the proof; *proven: the one row says so. */
static int query_proof(cli *c, PGresult **proof, bool *proven)
{
    char sql[128];
    int code;

    (void)snprintf(sql, sizeof(sql),
                   "SELECT ok, seq, statement, error FROM pqengine.prove($1, %lld, $2::jsonb)",
                   c->options.sample_rows);
    code = query_models(c, sql, proof);
    *proven = code < 0;
    for (int row = 0; code < 0 && row < PQntuples(*proof); row++) {
        *proven = *proven && PQgetvalue(*proof, row, 0)[0] == 't';
    }
    return code;
}

static void append_failures(pqe_buffer *text, const PGresult *proof)
{
    for (int row = 0; row < PQntuples(proof); row++) {
        if (PQgetvalue(proof, row, 0)[0] == 't') {
            continue;
        }
        if (!PQgetisnull(proof, row, 1)) {
            pqe_buffer_printf(text, "step %s: ", PQgetvalue(proof, row, 1));
        }
        pqe_buffer_printf(text, "%s\n", PQgetvalue(proof, row, 3));
        if (!PQgetisnull(proof, row, 2)) {
            pqe_buffer_printf(text, "  %s\n", PQgetvalue(proof, row, 2));
        }
    }
}

int cli_prove(cli *c)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    PGresult *proof = NULL;
    bool proven;
    int code = query_proof(c, &proof, &proven);

    if (code >= 0) {
        return code;
    }
    if (c->options.json) {
        json_rows(&text, proof);
        pqe_buffer_append_char(&text, '\n');
    } else if (!proven) {
        append_failures(&text, proof);
    } else if (!c->options.quiet) {
        pqe_buffer_append(&text, "Proven.\n");
    }
    PQclear(proof);
    code = print_text(&text);
    return code == CLI_DONE && !proven ? CLI_DIFFERENT : code;
}

int cli_prove_plan(cli *c)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    PGresult *proof = NULL;
    bool proven;
    int code = query_proof(c, &proof, &proven);

    if (code < 0 && !proven) {
        append_failures(&text, proof);
        (void)fprintf(stderr,
                      "pqengine: error: the plan is not proven, and no file was written\n%s",
                      text.length > 0 ? text.data : "");
        pqe_buffer_free(&text);
        code = CLI_DIFFERENT;
    }
    PQclear(proof);
    return code;
}

/* The schemas as a text[] for export; NULL for all of them. */
#define SCHEMAS_ARGUMENT "pg_catalog.string_to_array(nullif($1, '*'), ',')"

static int export_text(cli *c, PGconn *connection)
{
    const char *parameters[] = {c->options.schemas};
    PGresult *result;
    int code = cli_query(connection, "SELECT pqengine.export(" SCHEMAS_ARGUMENT ")", 1, parameters,
                         &result);

    if (code >= 0) {
        return code;
    }
    if (c->options.output != NULL) {
        code = write_output(c->options.output, PQgetvalue(result, 0, 0));
    } else {
        pqe_buffer copy = PQE_BUFFER_INIT;

        pqe_buffer_append(&copy, PQgetvalue(result, 0, 0));
        code = print_text(&copy);
    }
    PQclear(result);
    return code;
}

/* Others' model files beside the exported ones are no error, but rarely meant. */
static pqe_status warn_of_others(const cli *c, const PGresult *files, pqe_error *error)
{
    size_t count;
    char *first;
    pqe_status status = pqe_export_folder_others(c->options.folder, files, &count, &first, error);

    if (status == PQE_OK && count > 0) {
        (void)fprintf(
            stderr, "pqengine: warning: %zu model file(s) in \"%s\" are not of this export: %s%s\n",
            count, c->options.folder, first != NULL ? first : "", count > 1 ? ", ..." : "");
    }
    free(first);
    return status;
}

static int export_folder(cli *c, PGconn *connection)
{
    const char *parameters[] = {c->options.schemas};
    export_count count;
    PGresult *files;
    pqe_error error;
    pqe_status status;
    int code = cli_query(connection,
                         "SELECT path, models FROM pqengine.export_files(" SCHEMAS_ARGUMENT ")"
                         " ORDER BY path COLLATE \"C\"",
                         1, parameters, &files);

    if (code >= 0) {
        return code;
    }
    status = pqe_export_folder_write(c->options.folder, files, c->options.force, &count, &error);
    if (status == PQE_OK) {
        status = warn_of_others(c, files, &error);
    }
    PQclear(files);
    if (status != PQE_OK) {
        return cli_fail(&error);
    }
    if (!c->options.quiet) {
        (void)printf("%s: %zu file(s) written, %zu unchanged, %zu removed\n", c->options.folder,
                     count.written, count.unchanged, count.removed);
    }
    return CLI_DONE;
}

int cli_export(cli *c)
{
    PGconn *connection;
    int code;

    if (c->options.folder != NULL && c->options.output != NULL) {
        (void)fprintf(stderr, "pqengine export: --dir and --output exclude each other\n");
        return CLI_USAGE;
    }
    if (c->options.force && c->options.folder == NULL) {
        (void)fprintf(stderr, "pqengine export: --force belongs to --dir\n");
        return CLI_USAGE;
    }
    code = cli_connect(c, &connection);
    if (code < 0) {
        code =
            c->options.folder != NULL ? export_folder(c, connection) : export_text(c, connection);
        PQfinish(connection);
    }
    return code;
}
