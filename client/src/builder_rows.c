/*
 * builder_rows.c - what INSERT and UPDATE write, and what happens on a conflict
 */
#include <stdlib.h>
#include <string.h>

#include "builder.h"
#include "error.h"
#include "model.h"

#define WRITING (PQE_QUERY_INSERT | PQE_QUERY_UPDATE)

/* ---------------------------------------------------------------------------------------------- */
/* Values                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

/* Whether the row that is being set has the column already. */
static bool is_set(const pqe_query *query, const char *quoted)
{
    for (size_t i = query->sets.count; i > 0 && query->sets.items[i - 1].mode == query->row; i--) {
        if (strcmp(query->sets.items[i - 1].name, quoted) == 0) {
            return true;
        }
    }
    return false;
}

/* Sets a column to an expression, which belongs to the query in any case. */
static void set_column(pqe_query *query, const char *function, const char *column, pqe_expr *expr)
{
    char *quoted = pqe_query_quote(query, function, column, PQE_NAME_SINGLE);
    pqe_item *item = NULL;

    if (quoted != NULL && is_set(query, quoted)) {
        pqe_query_problem(query, function, "the column %s is set twice", quoted);
    } else if (quoted != NULL) {
        item = pqe_query_add(query, &query->sets);
    }
    if (item == NULL) {
        free(quoted);
        pqe_expr_free(expr);
        return;
    }
    item->name = quoted;
    item->mode = query->row;
    item->expr = pqe_query_take_expr(query, function, expr);
}

void pqe_query_set(pqe_query *query, const char *column, pqe_param value)
{
    if (pqe_query_open(query, "pqe_query_set", WRITING)) {
        set_column(query, "pqe_query_set", column, pqe_value(value));
    }
}

void pqe_query_set_expr(pqe_query *query, const char *column, pqe_expr *expr)
{
    if (pqe_query_open(query, "pqe_query_set_expr", WRITING)) {
        set_column(query, "pqe_query_set_expr", column, expr);
    } else {
        pqe_query_refuse_expr(query, expr);
    }
}

static void set_field(pqe_query *query, const pqe_model *model, const void *structure,
                      const char *name)
{
    static const char function[] = "pqe_query_set_struct";
    const pqe_field *fields = model->fields();

    for (size_t i = 0; name != NULL && i < model->field_count; i++) {
        if (strcmp(fields[i].name, name) == 0) {
            set_column(query, function, name, pqe_value(pqe_field_param(&fields[i], structure)));
            return;
        }
    }
    pqe_query_problem(query, function, "PQE_MODEL(%s) has no column \"%s\"", model->name,
                      name != NULL ? name : "(NULL)");
}

void pqe_query_set_struct(pqe_query *query, const pqe_model *model, const void *structure,
                          const char *const *names, size_t count)
{
    static const char function[] = "pqe_query_set_struct";
    pqe_error error;

    if (!pqe_query_open(query, function, WRITING)) {
        return;
    }
    if (pqe_model_check(model, &error) != PQE_OK) {
        pqe_query_problem(query, function, "%s", error.message);
    } else if (structure == NULL || (names == NULL && count > 0)) {
        pqe_query_problem(query, function, "%s is NULL", structure == NULL ? "structure" : "names");
    } else if (count == 0) {
        const pqe_field *fields = model->fields();

        for (size_t i = 0; i < model->field_count; i++) {
            set_field(query, model, structure, fields[i].name);
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            set_field(query, model, structure, names[i]);
        }
    }
}

void pqe_query_row(pqe_query *query)
{
    static const char function[] = "pqe_query_row";

    if (pqe_query_open(query, function, PQE_QUERY_INSERT)) {
        if (query->sets.count == 0 || query->sets.items[query->sets.count - 1].mode != query->row) {
            pqe_query_problem(query, function, "nothing was set in the row before");
        }
        query->row++;
    }
}

void pqe_query_insert_from(pqe_query *query, const char *const *names, size_t count,
                           pqe_query *source)
{
    static const char function[] = "pqe_query_insert_from";

    if (!pqe_query_open(query, function, PQE_QUERY_INSERT) || query->source != NULL) {
        if (query != NULL && query->source != NULL) {
            pqe_query_problem(query, function, "there is a query already");
        }
        pqe_query_refuse_query(query, source);
        return;
    }
    query->source_names = pqe_query_quote_list(query, function, names, count, PQE_NAME_SINGLE);
    query->source = pqe_query_take_query(query, function, source, PQE_QUERY_SELECT);
}

/* ---------------------------------------------------------------------------------------------- */
/* Conflicts                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

/* Says what a conflict is over; false where that cannot be said, or was said before. */
static bool set_conflict(pqe_query *query, const char *function, pqe_conflict conflict)
{
    if (!pqe_query_open(query, function, PQE_QUERY_INSERT)) {
        return false;
    }
    if (query->conflict != PQE_CONFLICT_NONE) {
        pqe_query_problem(query, function, "what a conflict is over was said before");
        return false;
    }
    query->conflict = conflict;
    return true;
}

void pqe_query_on_conflict(pqe_query *query, const char *const *names, size_t count)
{
    static const char function[] = "pqe_query_on_conflict";

    if (set_conflict(query, function, count > 0 ? PQE_CONFLICT_COLUMNS : PQE_CONFLICT_ANY)) {
        query->conflict_target =
            pqe_query_quote_list(query, function, names, count, PQE_NAME_SINGLE);
    }
}

void pqe_query_on_conflict_constraint(pqe_query *query, const char *constraint)
{
    static const char function[] = "pqe_query_on_conflict_constraint";

    if (set_conflict(query, function, PQE_CONFLICT_CONSTRAINT)) {
        query->conflict_target = pqe_query_quote(query, function, constraint, PQE_NAME_SINGLE);
    }
}

/* Whether the query may have an update on conflict. */
static bool open_update(pqe_query *query, const char *function)
{
    if (!pqe_query_open(query, function, PQE_QUERY_INSERT)) {
        return false;
    }
    if (query->conflict == PQE_CONFLICT_NONE || query->conflict == PQE_CONFLICT_ANY) {
        pqe_query_problem(query, function,
                          "say over which columns first, with pqe_query_on_conflict");
        return false;
    }
    return true;
}

void pqe_query_conflict_update(pqe_query *query, const char *const *names, size_t count)
{
    static const char function[] = "pqe_query_conflict_update";

    if (!open_update(query, function)) {
        return;
    }
    if (names == NULL || count == 0) {
        pqe_query_problem(query, function, "there are no names");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char *quoted = pqe_query_quote(query, function, names[i], PQE_NAME_SINGLE);
        pqe_item *item = quoted != NULL ? pqe_query_add(query, &query->conflict_sets) : NULL;

        if (item == NULL) {
            free(quoted);
            return;
        }
        item->name = quoted;
    }
}

void pqe_query_conflict_set(pqe_query *query, const char *column, pqe_expr *expr)
{
    static const char function[] = "pqe_query_conflict_set";
    char *quoted = NULL;
    pqe_item *item = NULL;

    if (open_update(query, function)) {
        quoted = pqe_query_quote(query, function, column, PQE_NAME_SINGLE);
        item = quoted != NULL ? pqe_query_add(query, &query->conflict_sets) : NULL;
    }
    if (item == NULL) {
        free(quoted);
        pqe_query_refuse_expr(query, expr);
        return;
    }
    item->name = quoted;
    item->expr = pqe_query_take_expr(query, function, expr);
}

void pqe_query_conflict_where(pqe_query *query, pqe_expr *condition)
{
    static const char function[] = "pqe_query_conflict_where";
    pqe_item *item = NULL;

    if (open_update(query, function)) {
        item = pqe_query_add(query, &query->conflict_where);
    }
    if (item == NULL) {
        pqe_query_refuse_expr(query, condition);
        return;
    }
    item->expr = pqe_query_take_expr(query, function, condition);
}

void pqe_query_upsert(pqe_query *query, const char *const *names, size_t count)
{
    static const char function[] = "pqe_query_upsert";

    if (!set_conflict(query, function, PQE_CONFLICT_COLUMNS)) {
        return;
    }
    if (names == NULL || count == 0) {
        pqe_query_problem(query, function, "there are no names");
        return;
    }
    query->upsert = true;
    query->conflict_target = pqe_query_quote_list(query, function, names, count, PQE_NAME_SINGLE);
    for (size_t i = 0; i < count; i++) {
        char *quoted = pqe_query_quote(query, function, names[i], PQE_NAME_SINGLE);
        pqe_item *item = quoted != NULL ? pqe_query_add(query, &query->upsert_keys) : NULL;

        if (item == NULL) {
            free(quoted);
            return;
        }
        item->name = quoted;
    }
}
