/*
 * builder.c - queries: beginning and ending, what they are made of, and the mistakes they keep
 */
#include "builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "model.h"

/* What a function returns that finds no memory; nothing ever changes it. */
static pqe_query no_memory = {.kind = PQE_QUERY_NO_MEMORY};

static const char *name_of_kind(pqe_query_kind kind)
{
    switch (kind) {
    case PQE_QUERY_SELECT:
        return "a SELECT";
    case PQE_QUERY_INSERT:
        return "an INSERT";
    case PQE_QUERY_UPDATE:
        return "an UPDATE";
    case PQE_QUERY_DELETE:
        return "a DELETE";
    case PQE_QUERY_NO_MEMORY:
        break;
    }
    return "nothing";
}

/* ---------------------------------------------------------------------------------------------- */
/* Mistakes, and giving away                                                                      */
/* ---------------------------------------------------------------------------------------------- */

void pqe_query_problem(pqe_query *query, const char *function, const char *format, ...)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    char words[512];
    va_list arguments;

    if (query->problem != NULL) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    pqe_buffer_printf(&text, "%s: %s", function, words);
    query->problem = pqe_buffer_take(&text);
    query->failed = query->failed || query->problem == NULL;
}

bool pqe_query_open(pqe_query *query, const char *function, unsigned kinds)
{
    if (query == NULL || query == &no_memory) {
        return false;
    }
    if (query->taken) {
        pqe_query_problem(query, function, "the query is part of another one already");
        return false;
    }
    if ((query->kind & kinds) == 0) {
        pqe_query_problem(query, function, "%s has no such clause", name_of_kind(query->kind));
        return false;
    }
    return true;
}

void pqe_query_refuse_expr(const pqe_query *query, pqe_expr *expr)
{
    if (query == NULL || !query->taken) {
        pqe_expr_free(expr);
    }
}

void pqe_query_refuse_query(const pqe_query *query, pqe_query *other)
{
    if (query == NULL || (!query->taken && other != query)) {
        pqe_query_free(other);
    }
}

const char *pqe_query_take(pqe_query *query, unsigned kinds)
{
    if (query == NULL) {
        return "a query is NULL";
    }
    if (query == &no_memory) {
        return NULL;
    }
    if (query->taken) {
        return "a query was given away already";
    }
    if ((query->kind & kinds) == 0) {
        return "a query that is no SELECT cannot stand here, but in pqe_query_with";
    }
    query->taken = true;
    return NULL;
}

pqe_expr *pqe_query_take_expr(pqe_query *query, const char *function, pqe_expr *expr)
{
    const char *wrong = pqe_expr_take(expr);

    if (wrong != NULL) {
        pqe_query_problem(query, function, "%s", wrong);
        return NULL;
    }
    return expr;
}

pqe_query *pqe_query_take_query(pqe_query *query, const char *function, pqe_query *other,
                                unsigned kinds)
{
    const char *wrong =
        query == other ? "a query cannot be part of itself" : pqe_query_take(other, kinds);

    if (wrong != NULL) {
        pqe_query_problem(query, function, "%s", wrong);
        pqe_query_refuse_query(query, other);
        return NULL;
    }
    return other;
}

/* ---------------------------------------------------------------------------------------------- */
/* Names and lists                                                                                */
/* ---------------------------------------------------------------------------------------------- */

char *pqe_quote_name(const char *name, pqe_name_form form, char **problem)
{
    pqe_sql sql = PQE_SQL_INIT;
    char *quoted = NULL;

    *problem = NULL;
    pqe_sql_name(&sql, name, form);
    if (sql.problem.length > 0) {
        *problem = pqe_buffer_take(&sql.problem);
    } else if (!sql.failed) {
        quoted = pqe_buffer_take(&sql.text);
    }
    pqe_sql_free(&sql);
    return quoted;
}

char *pqe_query_quote(pqe_query *query, const char *function, const char *name, pqe_name_form form)
{
    char *problem;
    char *quoted = pqe_quote_name(name, form, &problem);

    if (problem != NULL) {
        pqe_query_problem(query, function, "%s", problem);
    } else if (quoted == NULL) {
        query->failed = true;
    }
    free(problem);
    return quoted;
}

char *pqe_query_quote_list(pqe_query *query, const char *function, const char *const *names,
                           size_t count, pqe_name_form form)
{
    pqe_buffer list = PQE_BUFFER_INIT;
    char *text;

    if (names == NULL && count > 0) {
        pqe_query_problem(query, function, "names is NULL");
        return NULL;
    }
    if (count == 0) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        char *quoted = pqe_query_quote(query, function, names[i], form);

        if (quoted == NULL) {
            pqe_buffer_free(&list);
            return NULL;
        }
        pqe_buffer_append(&list, i > 0 ? ", " : "");
        pqe_buffer_append(&list, quoted);
        free(quoted);
    }
    text = pqe_buffer_take(&list);
    query->failed = query->failed || text == NULL;
    return text;
}

pqe_item *pqe_query_add(pqe_query *query, pqe_items *items)
{
    if (items->count == items->capacity) {
        size_t capacity = items->capacity > 0 ? items->capacity * 2 : 4;
        pqe_item *grown = realloc(items->items, capacity * sizeof(pqe_item));

        if (grown == NULL) {
            query->failed = true;
            return NULL;
        }
        items->items = grown;
        items->capacity = capacity;
    }
    memset(&items->items[items->count], 0, sizeof(pqe_item));
    return &items->items[items->count++];
}

static void free_items(pqe_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        free(items->items[i].name);
        free(items->items[i].alias);
        free(items->items[i].names);
        pqe_expr_free_taken(items->items[i].expr);
        pqe_query_free_taken(items->items[i].query);
    }
    free(items->items);
}

pqe_item *pqe_query_add_expr(pqe_query *query, const char *function, pqe_items *items,
                             pqe_expr *expr)
{
    pqe_item *item;

    expr = pqe_query_take_expr(query, function, expr);
    if (expr == NULL) {
        return NULL;
    }
    item = pqe_query_add(query, items);
    if (item == NULL) {
        pqe_expr_free_taken(expr);
        return NULL;
    }
    item->expr = expr;
    return item;
}

pqe_item *pqe_query_add_query(pqe_query *query, const char *function, pqe_items *items,
                              pqe_query *other, unsigned kinds)
{
    pqe_item *item;

    other = pqe_query_take_query(query, function, other, kinds);
    if (other == NULL) {
        return NULL;
    }
    item = pqe_query_add(query, items);
    if (item == NULL) {
        pqe_query_free_taken(other);
        return NULL;
    }
    item->query = other;
    return item;
}

pqe_item *pqe_query_add_name(pqe_query *query, const char *function, pqe_items *items,
                             const char *name, pqe_name_form form)
{
    char *quoted = pqe_query_quote(query, function, name, form);
    pqe_item *item = quoted != NULL ? pqe_query_add(query, items) : NULL;

    if (item == NULL) {
        free(quoted);
        return NULL;
    }
    item->name = quoted;
    return item;
}

void pqe_query_add_names(pqe_query *query, const char *function, pqe_items *items,
                         const char *const *names, size_t count)
{
    if (names == NULL && count > 0) {
        pqe_query_problem(query, function, "names is NULL");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        (void)pqe_query_add_name(query, function, items, names[i], PQE_NAME_COLUMN);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Beginning and ending                                                                           */
/* ---------------------------------------------------------------------------------------------- */

static pqe_query *make(pqe_query_kind kind)
{
    pqe_query *query = calloc(1, sizeof(*query));

    if (query == NULL) {
        return &no_memory;
    }
    query->kind = kind;
    query->limit = -1;
    query->offset = -1;
    return query;
}

static pqe_query *make_on(pqe_query_kind kind, const char *function, const char *table)
{
    pqe_query *query = make(kind);

    if (query != &no_memory) {
        query->table = pqe_query_quote(query, function, table, PQE_NAME_TABLE);
    }
    return query;
}

pqe_query *pqe_select(const char *table)
{
    return table != NULL ? make_on(PQE_QUERY_SELECT, "pqe_select", table) : make(PQE_QUERY_SELECT);
}

pqe_query *pqe_insert(const char *table)
{
    return make_on(PQE_QUERY_INSERT, "pqe_insert", table);
}

pqe_query *pqe_update(const char *table)
{
    return make_on(PQE_QUERY_UPDATE, "pqe_update", table);
}

pqe_query *pqe_delete(const char *table)
{
    return make_on(PQE_QUERY_DELETE, "pqe_delete", table);
}

/* A model's table is SQL as its author wrote it. */
static pqe_query *make_on_model(pqe_query_kind kind, const char *function, const pqe_model *model)
{
    pqe_query *query = make(kind);
    pqe_error error;

    if (query == &no_memory) {
        return query;
    }
    if (pqe_model_check(model, &error) != PQE_OK) {
        pqe_query_problem(query, function, "%s", error.message);
        return query;
    }
    query->table = strdup(model->table);
    query->failed = query->table == NULL;
    return query;
}

/* Selects from the model's table, under an alias or not, the columns that the struct has. */
static void select_fields(pqe_query *query, const pqe_model *model, const char *alias)
{
    const pqe_field *fields = model->fields();
    pqe_buffer table = PQE_BUFFER_INIT;

    if (alias != NULL) {
        pqe_buffer_printf(&table, "%s AS %s", query->table, alias);
        free(query->table);
        query->table = pqe_buffer_take(&table);
        query->failed = query->failed || query->table == NULL;
    }
    for (size_t i = 0; i < model->field_count; i++) {
        pqe_item *item = pqe_query_add(query, &query->columns);
        pqe_buffer name = PQE_BUFFER_INIT;

        if (item == NULL) {
            return;
        }
        /* a field's name is a C identifier: nothing in it wants an escape */
        pqe_buffer_printf(&name, "%s%s\"%s\"", alias != NULL ? alias : "", alias != NULL ? "." : "",
                          fields[i].name);
        item->name = pqe_buffer_take(&name);
        query->failed = query->failed || item->name == NULL;
    }
}

pqe_query *pqe_select_model(const pqe_model *model, const char *alias)
{
    pqe_query *query = make_on_model(PQE_QUERY_SELECT, "pqe_select_model", model);
    char *quoted = NULL;

    if (query == &no_memory || query->table == NULL) {
        return query;
    }
    if (alias != NULL) {
        quoted = pqe_query_quote(query, "pqe_select_model", alias, PQE_NAME_SINGLE);
        if (quoted == NULL) {
            return query;
        }
    }
    select_fields(query, model, quoted);
    free(quoted);
    return query;
}

pqe_query *pqe_insert_model(const pqe_model *model)
{
    return make_on_model(PQE_QUERY_INSERT, "pqe_insert_model", model);
}

pqe_query *pqe_update_model(const pqe_model *model)
{
    return make_on_model(PQE_QUERY_UPDATE, "pqe_update_model", model);
}

pqe_query *pqe_delete_model(const pqe_model *model)
{
    return make_on_model(PQE_QUERY_DELETE, "pqe_delete_model", model);
}

void pqe_query_free_taken(pqe_query *query)
{
    if (query == NULL || query == &no_memory) {
        return;
    }
    free_items(&query->with);
    free_items(&query->columns);
    free_items(&query->from);
    free_items(&query->where);
    free_items(&query->group);
    free_items(&query->having);
    free_items(&query->combine);
    free_items(&query->order);
    free_items(&query->sets);
    free_items(&query->upsert_keys);
    free_items(&query->conflict_sets);
    free_items(&query->conflict_where);
    pqe_query_free_taken(query->source);
    free(query->table);
    free(query->distinct_on);
    free(query->source_names);
    free(query->conflict_target);
    free(query->problem);
    free(query);
}

void pqe_query_free(pqe_query *query)
{
    if (query != NULL && !query->taken) {
        pqe_query_free_taken(query);
    }
}
