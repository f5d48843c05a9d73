/*
 * builder.c - queries: beginning, ending, and the clauses
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

#define ANY_KIND (PQE_QUERY_SELECT | PQE_QUERY_INSERT | PQE_QUERY_UPDATE | PQE_QUERY_DELETE)
#define CONDITIONAL (PQE_QUERY_SELECT | PQE_QUERY_UPDATE | PQE_QUERY_DELETE)

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

/* Adds an entry of an expression; the expression belongs to the query in any case. */
static pqe_item *add_expr(pqe_query *query, const char *function, pqe_items *items, pqe_expr *expr)
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

static pqe_item *add_query(pqe_query *query, const char *function, pqe_items *items,
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

/* Adds an entry of a name. */
static pqe_item *add_name(pqe_query *query, const char *function, pqe_items *items,
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

static void add_names(pqe_query *query, const char *function, pqe_items *items,
                      const char *const *names, size_t count)
{
    if (names == NULL && count > 0) {
        pqe_query_problem(query, function, "names is NULL");
        return;
    }
    for (size_t i = 0; i < count; i++) {
        (void)add_name(query, function, items, names[i], PQE_NAME_COLUMN);
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

/* ---------------------------------------------------------------------------------------------- */
/* Columns and tables                                                                             */
/* ---------------------------------------------------------------------------------------------- */

static void add_output(pqe_query *query, const char *function, pqe_expr *expr, const char *alias)
{
    pqe_item *item = add_expr(query, function, &query->columns, expr);

    if (item != NULL && alias != NULL) {
        item->alias = pqe_query_quote(query, function, alias, PQE_NAME_SINGLE);
    }
}

void pqe_query_columns(pqe_query *query, const char *const *names, size_t count)
{
    if (pqe_query_open(query, "pqe_query_columns", PQE_QUERY_SELECT)) {
        add_names(query, "pqe_query_columns", &query->columns, names, count);
    }
}

void pqe_query_column(pqe_query *query, pqe_expr *expr, const char *alias)
{
    if (pqe_query_open(query, "pqe_query_column", PQE_QUERY_SELECT)) {
        add_output(query, "pqe_query_column", expr, alias);
    } else {
        pqe_query_refuse_expr(query, expr);
    }
}

void pqe_query_returning(pqe_query *query, const char *const *names, size_t count)
{
    if (pqe_query_open(query, "pqe_query_returning", ANY_KIND & ~PQE_QUERY_SELECT)) {
        add_names(query, "pqe_query_returning", &query->columns, names, count);
    }
}

void pqe_query_returning_expr(pqe_query *query, pqe_expr *expr, const char *alias)
{
    if (pqe_query_open(query, "pqe_query_returning_expr", ANY_KIND & ~PQE_QUERY_SELECT)) {
        add_output(query, "pqe_query_returning_expr", expr, alias);
    } else {
        pqe_query_refuse_expr(query, expr);
    }
}

void pqe_query_distinct(pqe_query *query, const char *const *names, size_t count)
{
    if (pqe_query_open(query, "pqe_query_distinct", PQE_QUERY_SELECT)) {
        query->distinct = true;
        free(query->distinct_on);
        query->distinct_on =
            pqe_query_quote_list(query, "pqe_query_distinct", names, count, PQE_NAME_QUALIFIED);
    }
}

/* In the list of tables, an entry that is joined has a mode, one behind a comma has none. */
#define BEHIND_COMMA (-1)

void pqe_query_from(pqe_query *query, const char *table)
{
    pqe_item *item;

    if (pqe_query_open(query, "pqe_query_from", CONDITIONAL)) {
        item = add_name(query, "pqe_query_from", &query->from, table, PQE_NAME_TABLE);
        if (item != NULL) {
            item->mode = BEHIND_COMMA;
        }
    }
}

void pqe_query_from_query(pqe_query *query, pqe_query *source, const char *alias)
{
    static const char function[] = "pqe_query_from_query";
    pqe_item *item;

    if (pqe_query_open(query, function, CONDITIONAL)) {
        item = add_query(query, function, &query->from, source, PQE_QUERY_SELECT);
        if (item != NULL) {
            item->mode = BEHIND_COMMA;
            item->alias = pqe_query_quote(query, function, alias, PQE_NAME_SINGLE);
        }
    } else {
        pqe_query_refuse_query(query, source);
    }
}

/* Whether a join is one, has something to join to, and has a condition where it must. */
static bool check_join(pqe_query *query, const char *function, pqe_join join, bool condition)
{
    bool nothing =
        query->from.count == 0 && (query->kind != PQE_QUERY_SELECT || query->table == NULL);

    if ((unsigned)join > PQE_JOIN_CROSS) {
        pqe_query_problem(query, function, "there is no join %d", (int)join);
    } else if (nothing && query->problem == NULL) {
        pqe_query_problem(query, function, "there is no table to join to; see pqe_query_from");
    } else if (condition == (join == PQE_JOIN_CROSS)) {
        pqe_query_problem(query, function, "%s",
                          condition ? "a cross join has no condition" : "the condition is NULL");
    } else {
        return true;
    }
    return false;
}

static void join_on(pqe_query *query, const char *function, pqe_item *item, pqe_join join,
                    pqe_expr *on)
{
    if (item == NULL) {
        pqe_query_refuse_expr(query, on);
        return;
    }
    item->mode = (int)join;
    item->expr = on != NULL ? pqe_query_take_expr(query, function, on) : NULL;
}

void pqe_query_join(pqe_query *query, pqe_join join, const char *table, pqe_expr *on)
{
    static const char function[] = "pqe_query_join";

    if (pqe_query_open(query, function, CONDITIONAL) &&
        check_join(query, function, join, on != NULL)) {
        join_on(query, function, add_name(query, function, &query->from, table, PQE_NAME_TABLE),
                join, on);
    } else {
        pqe_query_refuse_expr(query, on);
    }
}

void pqe_query_join_query(pqe_query *query, pqe_join join, pqe_query *source, const char *alias,
                          pqe_expr *on)
{
    static const char function[] = "pqe_query_join_query";
    pqe_item *item;

    if (pqe_query_open(query, function, CONDITIONAL) &&
        check_join(query, function, join, on != NULL)) {
        item = add_query(query, function, &query->from, source, PQE_QUERY_SELECT);
        join_on(query, function, item, join, on);
        if (item != NULL) {
            item->alias = pqe_query_quote(query, function, alias, PQE_NAME_SINGLE);
        }
    } else {
        pqe_query_refuse_query(query, source);
        pqe_query_refuse_expr(query, on);
    }
}

void pqe_query_join_using(pqe_query *query, pqe_join join, const char *table,
                          const char *const *names, size_t count)
{
    static const char function[] = "pqe_query_join_using";
    pqe_item *item;

    if (!pqe_query_open(query, function, CONDITIONAL) ||
        !check_join(query, function, join, count > 0)) {
        return;
    }
    item = add_name(query, function, &query->from, table, PQE_NAME_TABLE);
    if (item != NULL) {
        item->mode = (int)join;
        item->names = pqe_query_quote_list(query, function, names, count, PQE_NAME_SINGLE);
    }
}

static void add_with(pqe_query *query, const char *function, const char *name, pqe_query *source)
{
    pqe_item *item;

    if (pqe_query_open(query, function, ANY_KIND)) {
        item = add_query(query, function, &query->with, source, ANY_KIND);
        if (item != NULL) {
            item->name = pqe_query_quote(query, function, name, PQE_NAME_SINGLE);
        }
    } else {
        pqe_query_refuse_query(query, source);
    }
}

void pqe_query_with(pqe_query *query, const char *name, pqe_query *source)
{
    add_with(query, "pqe_query_with", name, source);
}

void pqe_query_with_recursive(pqe_query *query, const char *name, pqe_query *source)
{
    add_with(query, "pqe_query_with_recursive", name, source);
    if (query != NULL && query != &no_memory && !query->taken) {
        query->recursive = true;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Conditions, groups, order                                                                      */
/* ---------------------------------------------------------------------------------------------- */

void pqe_query_where(pqe_query *query, pqe_expr *condition)
{
    if (pqe_query_open(query, "pqe_query_where", CONDITIONAL)) {
        (void)add_expr(query, "pqe_query_where", &query->where, condition);
    } else {
        pqe_query_refuse_expr(query, condition);
    }
}

void pqe_query_all_rows(pqe_query *query)
{
    if (pqe_query_open(query, "pqe_query_all_rows", PQE_QUERY_UPDATE | PQE_QUERY_DELETE)) {
        query->all_rows = true;
    }
}

void pqe_query_group_by(pqe_query *query, const char *const *names, size_t count)
{
    if (pqe_query_open(query, "pqe_query_group_by", PQE_QUERY_SELECT)) {
        add_names(query, "pqe_query_group_by", &query->group, names, count);
    }
}

void pqe_query_group_by_expr(pqe_query *query, pqe_expr *expr)
{
    if (pqe_query_open(query, "pqe_query_group_by_expr", PQE_QUERY_SELECT)) {
        (void)add_expr(query, "pqe_query_group_by_expr", &query->group, expr);
    } else {
        pqe_query_refuse_expr(query, expr);
    }
}

void pqe_query_having(pqe_query *query, pqe_expr *condition)
{
    if (pqe_query_open(query, "pqe_query_having", PQE_QUERY_SELECT)) {
        (void)add_expr(query, "pqe_query_having", &query->having, condition);
    } else {
        pqe_query_refuse_expr(query, condition);
    }
}

static void set_order(pqe_query *query, const char *function, pqe_item *item, pqe_order order)
{
    if ((unsigned)order > PQE_DESC_NULLS_LAST) {
        pqe_query_problem(query, function, "there is no order %d", (int)order);
    }
    if (item != NULL) {
        item->mode = (int)order;
    }
}

void pqe_query_order_by(pqe_query *query, const char *column, pqe_order order)
{
    static const char function[] = "pqe_query_order_by";

    if (pqe_query_open(query, function, PQE_QUERY_SELECT)) {
        set_order(query, function,
                  add_name(query, function, &query->order, column, PQE_NAME_QUALIFIED), order);
    }
}

void pqe_query_order_by_expr(pqe_query *query, pqe_expr *expr, pqe_order order)
{
    static const char function[] = "pqe_query_order_by_expr";

    if (pqe_query_open(query, function, PQE_QUERY_SELECT)) {
        set_order(query, function, add_expr(query, function, &query->order, expr), order);
    } else {
        pqe_query_refuse_expr(query, expr);
    }
}

void pqe_query_limit(pqe_query *query, int64_t rows)
{
    if (pqe_query_open(query, "pqe_query_limit", PQE_QUERY_SELECT)) {
        if (rows < 0) {
            pqe_query_problem(query, "pqe_query_limit", "%lld is negative", (long long)rows);
        }
        query->limit = rows;
    }
}

void pqe_query_offset(pqe_query *query, int64_t rows)
{
    if (pqe_query_open(query, "pqe_query_offset", PQE_QUERY_SELECT)) {
        if (rows < 0) {
            pqe_query_problem(query, "pqe_query_offset", "%lld is negative", (long long)rows);
        }
        query->offset = rows;
    }
}

void pqe_query_lock(pqe_query *query, pqe_lock lock, pqe_lock_wait wait)
{
    if (pqe_query_open(query, "pqe_query_lock", PQE_QUERY_SELECT)) {
        if ((unsigned)lock > PQE_LOCK_KEY_SHARE || (unsigned)wait > PQE_LOCK_SKIP_LOCKED) {
            pqe_query_problem(query, "pqe_query_lock", "there is no lock %d with wait %d",
                              (int)lock, (int)wait);
        }
        query->locks = true;
        query->lock = lock;
        query->wait = wait;
    }
}

void pqe_query_combine(pqe_query *query, pqe_combine combine, pqe_query *other)
{
    static const char function[] = "pqe_query_combine";
    pqe_item *item;

    if (pqe_query_open(query, function, PQE_QUERY_SELECT)) {
        if ((unsigned)combine > PQE_EXCEPT) {
            pqe_query_problem(query, function, "there is no combination %d", (int)combine);
        }
        item = add_query(query, function, &query->combine, other, PQE_QUERY_SELECT);
        if (item != NULL) {
            item->mode = (int)combine;
        }
    } else {
        pqe_query_refuse_query(query, other);
    }
}
