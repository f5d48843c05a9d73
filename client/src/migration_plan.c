/*
 * migration_plan.c - turns the plan from the database to the models into a migration file
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "migration_plan.h"
#include "schema.h"

/*
 * "transactional" here: it shares a transaction with its neighbours.  A step that reads a whole table
 * under a weak lock, as VALIDATE CONSTRAINT does, must not run under the strong locks of those before
 * it, so it stands alone; unless the plan has taken something down, a view perhaps, which had better
 * not be missing for so long.
 * "wanted": it is to be run; what the models no longer hold is dropped only where that is allowed.
 * "renamed": what to write into the models where the drop was meant as a rename.
 */
#define PLAN_QUERY(WANTED, OPTIONS)                                                                \
    "SELECT kind, object, action, statement,"                                                      \
    " pg_catalog.array_to_string(hazards, ', '),"                                                  \
    " transactional AND NOT ('table_scan' = ANY (hazards)"                                         \
    " AND NOT 'access_exclusive_lock' = ANY (hazards)"                                             \
    " AND NOT pg_catalog.bool_or(phase = 'prepare') OVER ()),"                                     \
    " statement IS NOT NULL AND (" WANTED "),"                                                     \
    " (SELECT pg_catalog.string_agg(pg_catalog.format("                                            \
    "'SELECT pqengine.renamed(%L, was => %L);', pg_catalog.substr(hazard, 19), object), E'\\n')"   \
    " FROM pg_catalog.unnest(hazards) AS hazard"                                                   \
    " WHERE pg_catalog.starts_with(hazard, 'might_be_renamed: ')),"                                \
    " 'not_reversible' = ANY (hazards)"                                                            \
    " FROM pqengine.plan($1, " OPTIONS ") ORDER BY seq"

const char pqe_plan_query[] = PLAN_QUERY(
    "phase <> 'drop' OR coalesce(($2::jsonb ->> 'allow_drop')::boolean, false)", "$2::jsonb");

/* The way back undoes what the plan does, drops of what it has made included. */
static const char down_query[] =
    PLAN_QUERY("true", "$2::jsonb || '{\"direction\": \"down\"}'::jsonb");

enum {
    PLAN_KIND,
    PLAN_OBJECT,
    PLAN_ACTION,
    PLAN_STATEMENT,
    PLAN_HAZARDS,
    PLAN_TRANSACTIONAL,
    PLAN_WANTED,
    PLAN_RENAMED,
    PLAN_NOT_REVERSIBLE
};

static bool is_true(const PGresult *plan, int row, int column)
{
    return pqe_answer_value(plan, row, column)[0] == 't';
}

/* Appends a text on one line, for a comment. */
static void append_line(pqe_buffer *text, const char *value)
{
    for (; *value != '\0'; value++) {
        pqe_buffer_append_char(text, *value == '\n' || *value == '\r' ? ' ' : *value);
    }
}

/* Appends a text with every line made a comment. */
static void append_commented(pqe_buffer *text, const char *value)
{
    while (*value != '\0') {
        size_t length = strcspn(value, "\n");

        pqe_buffer_append(text, length > 0 ? "-- " : "--");
        pqe_buffer_append_bytes(text, value, length);
        value += length;
        if (*value == '\n') {
            pqe_buffer_append_char(text, '\n');
            value++;
        }
    }
}

/* "-- create table public.users: hazards" */
static void append_title(pqe_buffer *text, const PGresult *plan, int row)
{
    pqe_buffer_append(text, "-- ");
    append_line(text, pqe_answer_value(plan, row, PLAN_ACTION));
    pqe_buffer_append_char(text, ' ');
    append_line(text, pqe_answer_value(plan, row, PLAN_KIND));
    pqe_buffer_append_char(text, ' ');
    append_line(text, pqe_answer_value(plan, row, PLAN_OBJECT));
    if (pqe_answer_value(plan, row, PLAN_HAZARDS)[0] != '\0') {
        pqe_buffer_append(text, " [");
        append_line(text, pqe_answer_value(plan, row, PLAN_HAZARDS));
        pqe_buffer_append_char(text, ']');
    }
    pqe_buffer_append_char(text, '\n');
}

static void append_step(pqe_buffer *text, const PGresult *plan, int row)
{
    if (text->length > 0) {
        pqe_buffer_append_char(text, '\n');
    }
    append_title(text, plan, row);
    if (!PQgetisnull(plan, row, PLAN_RENAMED)) {
        pqe_buffer_append(text, "-- If it has another name now, say so in the models:\n");
        append_commented(text, pqe_answer_value(plan, row, PLAN_RENAMED));
        pqe_buffer_append_char(text, '\n');
    }
    if (PQgetisnull(plan, row, PLAN_STATEMENT)) {
        pqe_buffer_append(text, "-- (nothing to run: see to it by hand)\n");
        return;
    }
    if (!is_true(plan, row, PLAN_WANTED)) {
        append_commented(text, pqe_answer_value(plan, row, PLAN_STATEMENT));
        pqe_buffer_append(text, ";\n");
        return;
    }
    if (!is_true(plan, row, PLAN_TRANSACTIONAL)) {
        pqe_buffer_append(text, "-- pqengine:no-transaction\n");
    }
    pqe_buffer_append(text, pqe_answer_value(plan, row, PLAN_STATEMENT));
    pqe_buffer_append(text, ";\n");
}

void pqe_plan_print(const PGresult *plan, pqe_buffer *text)
{
    bool warned = false;

    for (int row = 0; row < PQntuples(plan); row++) {
        bool drop = !is_true(plan, row, PLAN_WANTED) && !PQgetisnull(plan, row, PLAN_STATEMENT);

        if (drop && !warned) {
            pqe_buffer_append(text, text->length > 0 ? "\n" : "");
            pqe_buffer_append(text,
                              "-- WARNING: the models no longer hold what follows.  It is dropped "
                              "only if you take away\n"
                              "-- the comment marks, or plan with --allow-drop.\n");
            warned = true;
        }
        append_step(text, plan, row);
    }
}

/* The way back, as the plan from the models to the database has it. */
static void print_down(const PGresult *plan, pqe_buffer *text)
{
    for (int row = 0; row < PQntuples(plan); row++) {
        if (is_true(plan, row, PLAN_NOT_REVERSIBLE)) {
            pqe_buffer_append(text, text->length > 0 ? "\n" : "");
            pqe_buffer_append(text, "-- WARNING: the next step cannot bring back the data of ");
            append_line(text, pqe_answer_value(plan, row, PLAN_KIND));
            pqe_buffer_append_char(text, ' ');
            append_line(text, pqe_answer_value(plan, row, PLAN_OBJECT));
        }
        append_step(text, plan, row);
    }
    if (PQntuples(plan) == 0) {
        pqe_buffer_append(text, "-- (nothing to undo)\n");
    }
    while (text->length > 0 && text->data[text->length - 1] == '\n') {
        text->data[--text->length] = '\0';
    }
}

/*
 * NULL where there is no way back, and then UP says why: half a way would lead to a database that is
 * neither.
 */
static pqe_status make_down(pqe_migration_session *session, pqe_buffer *up, char **down,
                            pqe_error *error)
{
    PGresult *plan = NULL;
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_error refusal;
    pqe_status status = pqe_model_query(session->engine, session->work, down_query,
                                        session->options.plan_options, &plan, &refusal);

    *down = NULL;
    if (status == PQE_ERR_QUERY) {
        pqe_buffer_append(up, "\n-- There is no way back: ");
        append_line(up, refusal.message);
        pqe_buffer_append_char(up, '\n');
        return PQE_OK;
    }
    if (status != PQE_OK) {
        pqe_error_copy(error, &refusal);
        return status;
    }
    print_down(plan, &text);
    PQclear(plan);
    *down = pqe_buffer_take(&text);
    return *down == NULL ? pqe_error_no_memory(error) : PQE_OK;
}

static char *one_line(const char *message)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    size_t length;

    message += strspn(message, " \t\r\n");
    append_line(&text, message);
    while (text.length > 0 && strchr(" \t", text.data[text.length - 1]) != NULL) {
        text.data[--text.length] = '\0';
    }
    length = text.length;
    if (length == 0) {
        pqe_buffer_free(&text);
        return strdup("");
    }
    return pqe_buffer_take(&text);
}

/* The hash tells people where a file comes from; nothing depends on it. */
static char *hash_of_models(pqe_migration_session *session)
{
    PGresult *result;
    char *hash = NULL;

    if (pqe_model_query(session->engine, session->work,
                        "SELECT pqengine.migration_checksum($1) WHERE $2 <> ''", NULL, &result,
                        NULL) == PQE_OK) {
        hash = PQntuples(result) > 0 ? strdup(pqe_answer_value(result, 0, 0)) : NULL;
        PQclear(result);
    }
    return hash;
}

static bool has_wanted(const PGresult *plan)
{
    for (int row = 0; row < PQntuples(plan); row++) {
        if (is_true(plan, row, PLAN_WANTED)) {
            return true;
        }
    }
    return false;
}

/* The migration that a new one builds on: the newest that is applied. */
static const char *newest_applied(const pqe_migration_session *session)
{
    for (size_t i = session->count; i > 0; i--) {
        const char *state = session->states[i - 1].state;

        if (strcmp(state, "applied") == 0 || strcmp(state, "missing") == 0) {
            return session->states[i - 1].version;
        }
    }
    return "";
}

static pqe_status make_file(pqe_migration_session *session, const PGresult *plan,
                            const char *message, pqe_migration_file *file, pqe_error *error)
{
    pqe_buffer up = PQE_BUFFER_INIT;
    const char *newest = pqe_migration_session_newest(session);
    pqe_status status;

    pqe_plan_print(plan, &up);
    status = make_down(session, &up, &file->down, error);
    if (status != PQE_OK) {
        pqe_buffer_free(&up);
        return status;
    }
    while (up.length > 0 && up.data[up.length - 1] == '\n') {
        up.data[--up.length] = '\0';
    }
    file->up = pqe_buffer_take(&up);
    file->version = pqe_migration_new_version(newest);
    file->message = one_line(message);
    file->depends = strdup(newest_applied(session));
    file->models_hash = hash_of_models(session);
    if (!file->up || !file->version || !file->message || !file->depends) {
        return pqe_error_no_memory(error);
    }
    return PQE_OK;
}

pqe_status pqe_migration_plan(pqe_migration_session *session, const char *message, bool *found,
                              pqe_migration_file *file, pqe_error *error)
{
    PGresult *plan = NULL;
    pqe_status status = pqe_model_query(session->engine, session->work, pqe_plan_query,
                                        session->options.plan_options, &plan, error);

    *found = false;
    memset(file, 0, sizeof(*file));
    if (status == PQE_OK && has_wanted(plan)) {
        *found = true;
        status = make_file(session, plan, message, file, error);
    }
    if (status != PQE_OK) {
        pqe_migration_file_free(file);
    }
    PQclear(plan);
    return status;
}
