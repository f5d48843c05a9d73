/*
 * builder_expr.c - the expressions of the query builder
 */
#include "builder.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lexer.h"
#include "param.h"

/* What a function returns that finds no memory; nothing ever changes it. */
static pqe_expr no_memory = {.kind = PQE_EXPR_NO_MEMORY};

/* ---------------------------------------------------------------------------------------------- */
/* Making and freeing                                                                             */
/* ---------------------------------------------------------------------------------------------- */

static void free_node(pqe_expr *expr)
{
    for (size_t i = 0; i < expr->part_count; i++) {
        pqe_expr_free_taken(expr->parts[i]);
    }
    for (size_t i = 0; i < expr->param_count; i++) {
        free(expr->memory[i]);
    }
    pqe_query_free_taken(expr->query);
    free(expr->parts);
    free(expr->params);
    free(expr->memory);
    free(expr->text);
    free(expr->problem);
    free(expr);
}

void pqe_expr_free_taken(pqe_expr *expr)
{
    if (expr != NULL && expr != &no_memory) {
        free_node(expr);
    }
}

void pqe_expr_free(pqe_expr *expr)
{
    if (expr != NULL && expr != &no_memory && !expr->taken) {
        free_node(expr);
    }
}

const char *pqe_expr_take(pqe_expr *expr)
{
    if (expr == NULL) {
        return "an expression is NULL";
    }
    if (expr != &no_memory) {
        if (expr->taken) {
            return "an expression was given away already";
        }
        expr->taken = true;
    }
    return NULL;
}

static pqe_expr *make(pqe_expr_kind kind)
{
    pqe_expr *expr = calloc(1, sizeof(*expr));

    if (expr == NULL) {
        return &no_memory;
    }
    expr->kind = kind;
    return expr;
}

/* The node stands for nothing any more but memory that ran out. */
static void lose(pqe_expr *expr)
{
    if (expr != &no_memory) {
        expr->kind = PQE_EXPR_NO_MEMORY;
    }
}

/* Keeps the first mistake. */
static void mistake(pqe_expr *expr, const char *function, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void mistake(pqe_expr *expr, const char *function, const char *format, ...)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    char words[512];
    va_list arguments;

    if (expr == &no_memory || expr->problem != NULL) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(words, sizeof(words), format, arguments);
    va_end(arguments);
    pqe_buffer_printf(&text, "%s: %s", function, words);
    expr->problem = pqe_buffer_take(&text);
    if (expr->problem == NULL) {
        lose(expr);
    }
}

static void set_text(pqe_expr *expr, const char *text)
{
    if (expr != &no_memory) {
        expr->text = strdup(text);
        if (expr->text == NULL) {
            lose(expr);
        }
    }
}

/* The parts belong to the node whatever happens: where it cannot hold them they are freed. */
static void set_parts(pqe_expr *expr, const char *function, pqe_expr *const *parts, size_t count)
{
    if (expr != &no_memory) {
        expr->parts = calloc(count > 0 ? count : 1, sizeof(pqe_expr *));
    }
    if (expr == &no_memory || expr->parts == NULL) {
        for (size_t i = 0; i < count; i++) {
            pqe_expr_free(parts[i]);
        }
        lose(expr);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const char *wrong = pqe_expr_take(parts[i]);

        if (wrong != NULL) {
            mistake(expr, function, "%s", wrong);
        } else {
            expr->parts[expr->part_count++] = parts[i];
        }
    }
}

static void set_params(pqe_expr *expr, const pqe_param *params, size_t count)
{
    if (expr == &no_memory || count == 0) {
        return;
    }
    expr->params = calloc(count, sizeof(pqe_param));
    expr->memory = calloc(count, sizeof(void *));
    if (expr->params == NULL || expr->memory == NULL) {
        lose(expr);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        expr->params[i] = params[i];
        if (!pqe_param_copy(&expr->params[i], &expr->memory[i])) {
            lose(expr);
            return;
        }
        expr->param_count++;
    }
}

static void set_query(pqe_expr *expr, const char *function, pqe_query *query)
{
    const char *wrong;

    if (expr == &no_memory) {
        pqe_query_free(query);
        return;
    }
    wrong = pqe_query_take(query, PQE_QUERY_SELECT);
    if (wrong != NULL) {
        mistake(expr, function, "%s", wrong);
        pqe_query_free(query);
    } else {
        expr->query = query;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* The basic ones                                                                                 */
/* ---------------------------------------------------------------------------------------------- */

static pqe_expr *column_of(const char *function, const char *name)
{
    pqe_expr *expr = make(PQE_EXPR_COLUMN);
    char *problem = NULL;

    if (expr == &no_memory) {
        return expr;
    }
    expr->text = pqe_quote_name(name, PQE_NAME_COLUMN, &problem);
    if (problem != NULL) {
        mistake(expr, function, "%s", problem);
    } else if (expr->text == NULL) {
        lose(expr);
    }
    free(problem);
    return expr;
}

pqe_expr *pqe_column(const char *name)
{
    return column_of("pqe_column", name);
}

pqe_expr *pqe_value(pqe_param value)
{
    pqe_expr *expr = make(PQE_EXPR_VALUE);

    set_params(expr, &value, 1);
    return expr;
}

pqe_expr *pqe_subquery(pqe_query *query)
{
    pqe_expr *expr = make(PQE_EXPR_QUERY);

    set_query(expr, "pqe_subquery", query);
    return expr;
}

pqe_expr *pqe_exists(pqe_query *query)
{
    pqe_expr *expr = make(PQE_EXPR_EXISTS);

    set_query(expr, "pqe_exists", query);
    return expr;
}

static pqe_expr *operation(const char *function, pqe_expr_kind kind, pqe_expr *left, const char *op,
                           pqe_expr *right)
{
    pqe_expr *expr = make(kind);
    pqe_expr *parts[] = {left, right};

    set_parts(expr, function, parts, right != NULL || kind != PQE_EXPR_SUFFIX ? 2 : 1);
    set_text(expr, op);
    return expr;
}

/* An operator is made of PostgreSQL's operator characters, or one of the words that serve as such. */
static bool is_operator(const char *op)
{
    static const char *const words[] = {
        "LIKE",     "NOT LIKE",     "ILIKE",      "NOT ILIKE",      "IS DISTINCT FROM",
        "OVERLAPS", "NOT OVERLAPS", "SIMILAR TO", "NOT SIMILAR TO", "IS NOT DISTINCT FROM",
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcasecmp(op, words[i]) == 0) {
            return true;
        }
    }
    return op[0] != '\0' && op[strspn(op, "+-*/<>=~!@#%^&|`?")] == '\0' &&
           strstr(op, "--") == NULL && strstr(op, "/*") == NULL;
}

pqe_expr *pqe_compare(pqe_expr *left, const char *op, pqe_expr *right)
{
    pqe_expr *expr =
        operation("pqe_compare", PQE_EXPR_OPERATION, left, op != NULL ? op : "", right);

    if (op == NULL || !is_operator(op)) {
        mistake(expr, "pqe_compare", "\"%s\" is no operator", op != NULL ? op : "(NULL)");
    }
    return expr;
}

/* ---------------------------------------------------------------------------------------------- */
/* SQL as it stands                                                                               */
/* ---------------------------------------------------------------------------------------------- */

/* What a pass over raw SQL has found. */
typedef struct raw_shape {
    size_t placeholders; /* %s */
    size_t highest;      /* $n */
    int depth;           /* of brackets */
    const char *wrong;
} raw_shape;

static void look_at(raw_shape *shape, const pqe_token *token)
{
    size_t number = 0;

    switch (token->kind) {
    case PQE_TOKEN_OPEN:
        shape->wrong = "a quote or a comment is never closed";
        break;
    case PQE_TOKEN_PLACEHOLDER:
        shape->placeholders++;
        break;
    case PQE_TOKEN_PARAMETER:
        for (size_t i = 1; i < token->length && number <= 65535; i++) {
            number = number * 10 + (size_t)(token->start[i] - '0');
        }
        shape->highest = number > shape->highest ? number : shape->highest;
        break;
    case PQE_TOKEN_OTHER:
        if (*token->start == ';') {
            shape->wrong = "it has a semicolon";
        }
        shape->depth += strchr("([", *token->start) != NULL ? 1 : 0;
        shape->depth -= strchr(")]", *token->start) != NULL ? 1 : 0;
        if (shape->depth < 0) {
            shape->wrong = "a bracket is closed that was not opened";
        }
        break;
    default:
        break;
    }
}

static void check_raw(pqe_expr *expr, const char *sql, size_t param_count)
{
    pqe_lexer lexer = {.at = sql};
    raw_shape shape = {0, 0, 0, NULL};
    bool empty = true;
    size_t wanted;

    for (;;) {
        pqe_token token = pqe_lexer_next(&lexer);

        look_at(&shape, &token);
        if (token.kind == PQE_TOKEN_END || shape.wrong != NULL) {
            break;
        }
        empty = empty && token.kind == PQE_TOKEN_SPACE;
    }
    wanted = shape.placeholders + shape.highest;
    if (shape.wrong == NULL && shape.depth > 0) {
        shape.wrong = "a bracket is never closed";
    }
    if (shape.wrong == NULL && shape.placeholders > 0 && shape.highest > 0) {
        shape.wrong = "it has both %s and $n";
    }
    if (shape.wrong != NULL || empty) {
        mistake(expr, "pqe_raw", "%.200s: %s", sql, empty ? "it is empty" : shape.wrong);
    } else if (wanted != param_count) {
        mistake(expr, "pqe_raw", "%.200s: it has %zu parameter%s, but %zu %s given", sql, wanted,
                wanted == 1 ? "" : "s", param_count, param_count == 1 ? "was" : "were");
    }
}

pqe_expr *pqe_raw(const char *sql, const pqe_param *params, size_t param_count)
{
    pqe_expr *expr = make(PQE_EXPR_RAW);

    if (sql == NULL || (params == NULL && param_count > 0)) {
        mistake(expr, "pqe_raw", "%s is NULL", sql == NULL ? "sql" : "params");
        return expr;
    }
    check_raw(expr, sql, param_count);
    set_text(expr, sql);
    set_params(expr, params, param_count);
    return expr;
}

/* ---------------------------------------------------------------------------------------------- */
/* Short forms                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

static bool is_array(const pqe_param *value)
{
    return value->kind >= PQE_PARAM_INT64_ARRAY;
}

static pqe_expr *comparison(const char *function, const char *column, const char *op,
                            pqe_param value)
{
    pqe_expr *expr =
        operation(function, PQE_EXPR_OPERATION, column_of(function, column), op, pqe_value(value));

    if (value.kind == PQE_PARAM_NULL) {
        mistake(expr, function,
                "the value for \"%s\" is NULL, with which no comparison is true; see "
                "pqe_null",
                column != NULL ? column : "");
    }
    return expr;
}

pqe_expr *pqe_eq(const char *column, pqe_param value)
{
    return comparison("pqe_eq", column, "=", value);
}

pqe_expr *pqe_ne(const char *column, pqe_param value)
{
    return comparison("pqe_ne", column, "<>", value);
}

pqe_expr *pqe_lt(const char *column, pqe_param value)
{
    return comparison("pqe_lt", column, "<", value);
}

pqe_expr *pqe_le(const char *column, pqe_param value)
{
    return comparison("pqe_le", column, "<=", value);
}

pqe_expr *pqe_gt(const char *column, pqe_param value)
{
    return comparison("pqe_gt", column, ">", value);
}

pqe_expr *pqe_ge(const char *column, pqe_param value)
{
    return comparison("pqe_ge", column, ">=", value);
}

pqe_expr *pqe_like(const char *column, const char *pattern)
{
    return comparison("pqe_like", column, "LIKE", pqe_param_text(pattern));
}

pqe_expr *pqe_ilike(const char *column, const char *pattern)
{
    return comparison("pqe_ilike", column, "ILIKE", pqe_param_text(pattern));
}

pqe_expr *pqe_between(const char *column, pqe_param low, pqe_param high)
{
    pqe_expr *expr = make(PQE_EXPR_BETWEEN);
    pqe_expr *parts[] = {column_of("pqe_between", column), pqe_value(low), pqe_value(high)};

    set_parts(expr, "pqe_between", parts, 3);
    if (low.kind == PQE_PARAM_NULL || high.kind == PQE_PARAM_NULL) {
        mistake(
            expr, "pqe_between",
            "a bound for \"%s\" is NULL, with which no comparison is true; see pqe_ge and pqe_le",
            column != NULL ? column : "");
    }
    return expr;
}

pqe_expr *pqe_null(const char *column)
{
    return operation("pqe_null", PQE_EXPR_SUFFIX, column_of("pqe_null", column), "IS NULL", NULL);
}

pqe_expr *pqe_not_null(const char *column)
{
    return operation("pqe_not_null", PQE_EXPR_SUFFIX, column_of("pqe_not_null", column),
                     "IS NOT NULL", NULL);
}

static pqe_expr *membership(const char *function, const char *column, const char *op,
                            pqe_param array)
{
    pqe_expr *expr;

    if (array.kind == PQE_PARAM_TEXT_ARRAY) {
        /* as for single texts: the elements are of whatever type the column has */
        array.kind = PQE_PARAM_ARRAY;
        array.oid = 0;
    }
    expr = operation(function, PQE_EXPR_ARRAY, column_of(function, column), op, pqe_value(array));
    if (!is_array(&array)) {
        mistake(expr, function, "the value for \"%s\" is no array%s", column != NULL ? column : "",
                array.kind == PQE_PARAM_NULL ? ", but NULL" : "");
    }
    return expr;
}

pqe_expr *pqe_in(const char *column, pqe_param array)
{
    return membership("pqe_in", column, "= ANY", array);
}

pqe_expr *pqe_not_in(const char *column, pqe_param array)
{
    return membership("pqe_not_in", column, "<> ALL", array);
}

pqe_expr *pqe_in_query(const char *column, pqe_query *query)
{
    pqe_expr *inner = make(PQE_EXPR_QUERY);

    set_query(inner, "pqe_in_query", query);
    return operation("pqe_in_query", PQE_EXPR_OPERATION, column_of("pqe_in_query", column), "IN",
                     inner);
}

pqe_expr *pqe_same(const char *column, const char *other)
{
    return operation("pqe_same", PQE_EXPR_OPERATION, column_of("pqe_same", column), "=",
                     column_of("pqe_same", other));
}

static pqe_expr *list(const char *function, pqe_expr_kind kind, pqe_expr *const *parts,
                      size_t count)
{
    pqe_expr *expr = make(kind);

    if (parts == NULL && count > 0) {
        mistake(expr, function, "parts is NULL");
        count = 0;
    }
    set_parts(expr, function, parts, count);
    return expr;
}

pqe_expr *pqe_and(pqe_expr *const *parts, size_t count)
{
    return list("pqe_and", PQE_EXPR_AND, parts, count);
}

pqe_expr *pqe_or(pqe_expr *const *parts, size_t count)
{
    return list("pqe_or", PQE_EXPR_OR, parts, count);
}

pqe_expr *pqe_not(pqe_expr *part)
{
    return list("pqe_not", PQE_EXPR_NOT, &part, 1);
}
