/*
 * record_commands.c - status, history and verify: what folder and record say
 */
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "print.h"

static bool is_at_odds(const pqe_migration_state *state)
{
    static const char *const states[] = {"changed", "missing", "late",
                                         "running", "failed",  "reverting"};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        if (strcmp(state->state, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void append_json(pqe_buffer *text, const pqe_migration_state *state)
{
    const pqe_migration_file *file = state->file;

    pqe_buffer_append(text, text->length > 0 ? ",\n {\"version\": " : " {\"version\": ");
    json_string(text, state->version);
    pqe_buffer_append(text, ", \"state\": ");
    json_string(text, state->state);
    pqe_buffer_append(text, ", \"message\": ");
    json_string(text, file != NULL ? file->message : NULL);
    pqe_buffer_append(text, ", \"path\": ");
    json_string(text, file != NULL ? file->path : NULL);
    pqe_buffer_append(text, ", \"detail\": ");
    json_string(text, state->detail[0] != '\0' ? state->detail : NULL);
    pqe_buffer_append_char(text, '}');
}

static void append_words(pqe_buffer *text, const pqe_migration_state *state, int width)
{
    pqe_buffer_printf(text, "%-*s  %-11s  %s%s%s\n", width, state->version, state->state,
                      state->file != NULL ? state->file->message : "",
                      state->detail[0] != '\0' ? "  " : "", state->detail);
}

/* The states that are wanted, in words or as JSON. */
static int print_states(const cli *c, const pqe_migration_session *session,
                        bool (*wanted)(const pqe_migration_state *), size_t *count)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    int width = 0;

    *count = 0;
    for (size_t i = 0; i < session->count; i++) {
        int length = (int)strlen(session->states[i].version);

        width = length > width ? length : width;
    }
    for (size_t i = 0; i < session->count; i++) {
        if (wanted != NULL && !wanted(&session->states[i])) {
            continue;
        }
        ++*count;
        if (c->options.json) {
            append_json(&text, &session->states[i]);
        } else if (!c->options.quiet) {
            append_words(&text, &session->states[i], width);
        }
    }
    if (c->options.json) {
        (void)printf("[\n");
        pqe_buffer_append(&text, *count > 0 ? "\n]\n" : "]\n");
    }
    return print_text(&text);
}

static bool is_to_do(const pqe_migration_state *state)
{
    return strcmp(state->state, "pending") == 0 || is_at_odds(state);
}

int cli_status(cli *c)
{
    pqe_migration_session session;
    pqe_error error;
    size_t count = 0;
    int code = CLI_DONE;
    pqe_status status = pqe_migration_session_open(&session, c->engine, NULL, false, &error);

    if (status == PQE_OK) {
        code = print_states(c, &session, NULL, &count);
        if (count == 0 && !c->options.json && !c->options.quiet) {
            (void)printf("No migrations, neither in %s nor in the record.\n",
                         c->options.migrations);
        }
    }
    if (status == PQE_OK && code == CLI_DONE && c->options.exit_code) {
        for (size_t i = 0; i < session.count; i++) {
            code = is_to_do(&session.states[i]) ? CLI_DIFFERENT : code;
        }
    }
    pqe_migration_session_close(&session);
    return status == PQE_OK ? code : cli_fail(&error);
}

int cli_verify(cli *c)
{
    pqe_migration_session session;
    pqe_error error;
    size_t count = 0;
    int code = CLI_DONE;
    pqe_status status = pqe_migration_session_open(&session, c->engine, NULL, false, &error);

    if (status == PQE_OK) {
        code = print_states(c, &session, is_at_odds, &count);
    }
    pqe_migration_session_close(&session);
    if (status != PQE_OK) {
        return cli_fail(&error);
    }
    return code == CLI_DONE && count > 0 ? CLI_DIFFERENT : code;
}

int cli_history(cli *c)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    PGconn *connection;
    PGresult *result;
    int code = cli_connect(c, &connection);

    if (code >= 0) {
        return code;
    }
    code = cli_query(
        connection,
        c->options.json ? "SELECT * FROM pqengine.migration_status"
                        : "SELECT version, status, steps_done || '/' || steps AS steps, applied_by,"
                          " pg_catalog.date_trunc('second', applied_at) AS applied_at, duration,"
                          " CASE WHEN late THEN 'yes' ELSE '' END AS late, message"
                          " FROM pqengine.migration_status",
        0, NULL, &result);
    PQfinish(connection);
    if (code >= 0) {
        return code;
    }
    if (c->options.json) {
        json_rows(&text, result);
        pqe_buffer_append_char(&text, '\n');
    } else if (!c->options.quiet) {
        print_table(result);
    }
    PQclear(result);
    return print_text(&text);
}
