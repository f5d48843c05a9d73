/*
 * builder_write.c - from a query to the text of its statement, and executing it
 */
#include <stdlib.h>
#include <string.h>

#include "builder.h"
#include "error.h"
#include "lexer.h"

static void write_query(pqe_sql *sql, const pqe_query *query);
static void write_expr(pqe_sql *sql, const pqe_expr *expr);

/* ---------------------------------------------------------------------------------------------- */
/* Expressions                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

static void write_in_brackets(pqe_sql *sql, const pqe_expr *expr)
{
    pqe_sql_append(sql, "(");
    write_expr(sql, expr);
    pqe_sql_append(sql, ")");
}

/* What stands beside an operator: an expression that is more than one thing goes in brackets. */
static void write_operand(pqe_sql *sql, const pqe_expr *expr)
{
    if (expr->kind == PQE_EXPR_COLUMN || expr->kind == PQE_EXPR_VALUE ||
        expr->kind == PQE_EXPR_QUERY) {
        write_expr(sql, expr);
    } else {
        write_in_brackets(sql, expr);
    }
}

/* What stands beside AND and OR, which bind least of all. */
static void write_condition(pqe_sql *sql, const pqe_expr *expr)
{
    bool list = expr->kind == PQE_EXPR_AND || expr->kind == PQE_EXPR_OR;

    if ((list && expr->part_count > 1) || expr->kind == PQE_EXPR_RAW) {
        write_in_brackets(sql, expr);
    } else {
        write_expr(sql, expr);
    }
}

/* Whether raw SQL has its parameters as $n; %% is an operator then, as for pqe_execute. */
static bool is_numbered(const char *text)
{
    pqe_lexer lexer = {.at = text};

    for (;;) {
        pqe_token token = pqe_lexer_next(&lexer);

        if (token.kind == PQE_TOKEN_END || token.kind == PQE_TOKEN_PARAMETER) {
            return token.kind == PQE_TOKEN_PARAMETER;
        }
    }
}

/*
 * Raw SQL with its parameters under their new numbers.  Comments become a space: one that ends
 * with its line would take along what follows here.
 */
static void write_raw(pqe_sql *sql, const pqe_expr *expr)
{
    pqe_lexer lexer = {.at = expr->text};
    size_t before = sql->param_count;
    size_t placeholders = 0;
    bool numbered = is_numbered(expr->text);

    for (size_t i = 0; i < expr->param_count; i++) {
        (void)pqe_sql_add_param(sql, &expr->params[i]);
    }
    for (;;) {
        pqe_token token = pqe_lexer_next(&lexer);

        switch (token.kind) {
        case PQE_TOKEN_END:
            return;
        case PQE_TOKEN_SPACE:
            pqe_sql_append(sql, " ");
            break;
        case PQE_TOKEN_PLACEHOLDER:
            pqe_buffer_printf(&sql->text, "$%zu", before + ++placeholders);
            break;
        case PQE_TOKEN_PARAMETER:
            pqe_buffer_printf(&sql->text, "$%zu",
                              before + (size_t)strtoul(token.start + 1, NULL, 10));
            break;
        case PQE_TOKEN_PERCENT:
            pqe_sql_append(sql, numbered ? "%%" : "%");
            break;
        default:
            pqe_buffer_append_bytes(&sql->text, token.start, token.length);
            break;
        }
    }
}

static void write_parts(pqe_sql *sql, const pqe_expr *expr, const char *between, const char *none)
{
    for (size_t i = 0; i < expr->part_count; i++) {
        pqe_sql_append(sql, i > 0 ? between : "");
        write_condition(sql, expr->parts[i]);
    }
    if (expr->part_count == 0) {
        pqe_sql_append(sql, none);
    }
}

/* An expression with a mistake in it may lack parts: nothing is written of it. */
static bool is_whole(pqe_sql *sql, const pqe_expr *expr)
{
    if (expr->kind == PQE_EXPR_NO_MEMORY) {
        sql->failed = true;
        return false;
    }
    if (expr->problem != NULL) {
        pqe_sql_problem(sql, "%s", expr->problem);
        return false;
    }
    return true;
}

static void write_expr(pqe_sql *sql, const pqe_expr *expr)
{
    if (!is_whole(sql, expr)) {
        return;
    }
    switch (expr->kind) {
    case PQE_EXPR_COLUMN:
        pqe_sql_append(sql, expr->text);
        break;
    case PQE_EXPR_VALUE:
        pqe_sql_param(sql, expr->params[0]);
        break;
    case PQE_EXPR_RAW:
        write_raw(sql, expr);
        break;
    case PQE_EXPR_EXISTS:
    case PQE_EXPR_QUERY:
        pqe_sql_append(sql, expr->kind == PQE_EXPR_EXISTS ? "EXISTS (" : "(");
        write_query(sql, expr->query);
        pqe_sql_append(sql, ")");
        break;
    case PQE_EXPR_OPERATION:
        write_operand(sql, expr->parts[0]);
        pqe_buffer_printf(&sql->text, " %s ", expr->text);
        write_operand(sql, expr->parts[1]);
        break;
    case PQE_EXPR_ARRAY:
        write_operand(sql, expr->parts[0]);
        pqe_buffer_printf(&sql->text, " %s ", expr->text);
        write_in_brackets(sql, expr->parts[1]);
        break;
    case PQE_EXPR_BETWEEN:
        write_operand(sql, expr->parts[0]);
        pqe_sql_append(sql, " BETWEEN ");
        write_operand(sql, expr->parts[1]);
        pqe_sql_append(sql, " AND ");
        write_operand(sql, expr->parts[2]);
        break;
    case PQE_EXPR_SUFFIX:
        write_operand(sql, expr->parts[0]);
        pqe_buffer_printf(&sql->text, " %s", expr->text);
        break;
    case PQE_EXPR_NOT:
        pqe_sql_append(sql, "NOT ");
        write_in_brackets(sql, expr->parts[0]);
        break;
    case PQE_EXPR_AND:
        write_parts(sql, expr, " AND ", "true");
        break;
    case PQE_EXPR_OR:
        write_parts(sql, expr, " OR ", "false");
        break;
    case PQE_EXPR_NO_MEMORY:
        break;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Lists and clauses                                                                              */
/* ---------------------------------------------------------------------------------------------- */

static void write_pieces(pqe_sql *sql, const char *before, const char *text, const char *behind)
{
    pqe_sql_append(sql, before);
    pqe_sql_append(sql, text != NULL ? text : "");
    pqe_sql_append(sql, behind);
}

/* "BEFORE a, b AS c", of names and expressions; nothing where there are none. */
static void write_list(pqe_sql *sql, const char *before, const pqe_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        const pqe_item *item = &items->items[i];

        pqe_sql_append(sql, i == 0 ? before : ", ");
        if (item->expr != NULL) {
            write_expr(sql, item->expr);
        } else if (item->name != NULL) {
            pqe_sql_append(sql, item->name);
        }
        if (item->alias != NULL) {
            write_pieces(sql, " AS ", item->alias, "");
        }
    }
}

/* "BEFORE a AND b"; nothing where there is no condition. */
static void write_conditions(pqe_sql *sql, const char *before, const pqe_items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        pqe_sql_append(sql, i == 0 ? before : " AND ");
        if (items->count == 1) {
            write_expr(sql, items->items[i].expr);
        } else {
            write_condition(sql, items->items[i].expr);
        }
    }
}

static void write_with(pqe_sql *sql, const pqe_query *query)
{
    for (size_t i = 0; i < query->with.count; i++) {
        const pqe_item *item = &query->with.items[i];

        pqe_sql_append(sql, i > 0 ? ", " : query->recursive ? "WITH RECURSIVE " : "WITH ");
        write_pieces(sql, "", item->name, " AS (");
        write_query(sql, item->query);
        pqe_sql_append(sql, ")");
    }
    pqe_sql_append(sql, query->with.count > 0 ? " " : "");
}

/* The tables behind the first, which the statement may not have here; `before` introduces them. */
static void write_from(pqe_sql *sql, const char *before, const char *table, const pqe_items *from)
{
    static const char *const joins[] = {" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN ",
                                        " CROSS JOIN "};

    if (table != NULL) {
        write_pieces(sql, before, table, "");
    }
    for (size_t i = 0; i < from->count; i++) {
        const pqe_item *item = &from->items[i];

        pqe_sql_append(sql, i == 0 && table == NULL ? before
                            : item->mode < 0        ? ", "
                                                    : joins[item->mode]);
        if (item->query != NULL) {
            pqe_sql_append(sql, item->mode < 0 ? "(" : "LATERAL (");
            write_query(sql, item->query);
            write_pieces(sql, ") AS ", item->alias, "");
        } else {
            write_pieces(sql, "", item->name, "");
        }
        if (item->names != NULL) {
            write_pieces(sql, " USING (", item->names, ")");
        } else if (item->expr != NULL) {
            pqe_sql_append(sql, " ON ");
            write_expr(sql, item->expr);
        }
    }
}

static void write_order(pqe_sql *sql, const pqe_items *order)
{
    static const char *const orders[] = {"", " DESC", " NULLS FIRST", " DESC NULLS LAST"};

    for (size_t i = 0; i < order->count; i++) {
        const pqe_item *item = &order->items[i];

        pqe_sql_append(sql, i == 0 ? " ORDER BY " : ", ");
        if (item->expr != NULL) {
            write_expr(sql, item->expr);
        } else {
            write_pieces(sql, "", item->name, "");
        }
        pqe_sql_append(sql, orders[item->mode]);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Statements                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

static void write_select(pqe_sql *sql, const pqe_query *query)
{
    static const char *const combines[] = {" UNION (", " UNION ALL (", " INTERSECT (", " EXCEPT ("};
    static const char *const locks[] = {" FOR UPDATE", " FOR NO KEY UPDATE", " FOR SHARE",
                                        " FOR KEY SHARE"};
    static const char *const waits[] = {"", " NOWAIT", " SKIP LOCKED"};

    pqe_sql_append(sql, query->distinct ? "SELECT DISTINCT" : "SELECT");
    if (query->distinct_on != NULL) {
        write_pieces(sql, " ON (", query->distinct_on, ")");
    }
    write_list(sql, " ", &query->columns);
    if (query->columns.count == 0) {
        pqe_sql_append(sql, " *");
    }
    write_from(sql, " FROM ", query->table, &query->from);
    write_conditions(sql, " WHERE ", &query->where);
    write_list(sql, " GROUP BY ", &query->group);
    write_conditions(sql, " HAVING ", &query->having);
    for (size_t i = 0; i < query->combine.count; i++) {
        pqe_sql_append(sql, combines[query->combine.items[i].mode]);
        write_query(sql, query->combine.items[i].query);
        pqe_sql_append(sql, ")");
    }
    write_order(sql, &query->order);
    if (query->limit >= 0) {
        pqe_sql_append(sql, " LIMIT ");
        pqe_sql_param(sql, pqe_param_int64(query->limit));
    }
    if (query->offset >= 0) {
        pqe_sql_append(sql, " OFFSET ");
        pqe_sql_param(sql, pqe_param_int64(query->offset));
    }
    if (query->locks) {
        write_pieces(sql, locks[query->lock], waits[query->wait], "");
    }
}

static const pqe_item *find_name(const pqe_item *items, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(items[i].name, name) == 0) {
            return &items[i];
        }
    }
    return NULL;
}

/* The columns that any row sets, in the order in which they first come. */
static const pqe_item **collect_columns(const pqe_items *sets, size_t *count)
{
    const pqe_item **columns = calloc(sets->count + 1, sizeof(pqe_item *));

    *count = 0;
    for (size_t i = 0; columns != NULL && i < sets->count; i++) {
        bool known = false;

        for (size_t j = 0; j < *count && !known; j++) {
            known = strcmp(columns[j]->name, sets->items[i].name) == 0;
        }
        if (!known) {
            columns[(*count)++] = &sets->items[i];
        }
    }
    return columns;
}

/* One row, which begins at `at`; returns where the next one begins. */
static size_t write_row(pqe_sql *sql, const pqe_items *sets, size_t at,
                        const pqe_item *const *columns, size_t column_count)
{
    size_t end = at;

    while (end < sets->count && sets->items[end].mode == sets->items[at].mode) {
        end++;
    }
    pqe_sql_append(sql, at == 0 ? " VALUES (" : ", (");
    for (size_t i = 0; i < column_count; i++) {
        const pqe_item *item = find_name(&sets->items[at], end - at, columns[i]->name);

        pqe_sql_append(sql, i > 0 ? ", " : "");
        if (item != NULL) {
            write_expr(sql, item->expr);
        } else {
            pqe_sql_append(sql, "DEFAULT");
        }
    }
    pqe_sql_append(sql, ")");
    return end;
}

/* Where everything that is set is part of the key there is nothing to update. */
static bool write_upsert(pqe_sql *sql, const pqe_query *query, const pqe_item *const *columns,
                         size_t column_count)
{
    bool any = false;

    for (size_t i = 0; i < column_count; i++) {
        const char *name = columns[i]->name;

        if (find_name(query->upsert_keys.items, query->upsert_keys.count, name) == NULL) {
            pqe_sql_append(sql, any ? ", " : " DO UPDATE SET ");
            write_pieces(sql, name, " = EXCLUDED.", name);
            any = true;
        }
    }
    return any;
}

static void write_conflict(pqe_sql *sql, const pqe_query *query, const pqe_item *const *columns,
                           size_t column_count)
{
    bool updates = false;

    if (query->conflict == PQE_CONFLICT_NONE) {
        return;
    }
    pqe_sql_append(sql, " ON CONFLICT");
    if (query->conflict == PQE_CONFLICT_COLUMNS) {
        write_pieces(sql, " (", query->conflict_target, ")");
    } else if (query->conflict == PQE_CONFLICT_CONSTRAINT) {
        write_pieces(sql, " ON CONSTRAINT ", query->conflict_target, "");
    }
    if (query->upsert) {
        updates = write_upsert(sql, query, columns, column_count);
    }
    for (size_t i = 0; i < query->conflict_sets.count; i++) {
        const pqe_item *item = &query->conflict_sets.items[i];

        pqe_sql_append(sql, updates ? ", " : " DO UPDATE SET ");
        updates = true;
        write_pieces(sql, item->name, " = ", item->expr != NULL ? "" : "EXCLUDED.");
        if (item->expr != NULL) {
            write_expr(sql, item->expr);
        } else {
            pqe_sql_append(sql, item->name);
        }
    }
    if (!updates) {
        pqe_sql_append(sql, " DO NOTHING");
    } else {
        write_conditions(sql, " WHERE ", &query->conflict_where);
    }
}

static void write_insert(pqe_sql *sql, const pqe_query *query)
{
    size_t count;
    const pqe_item **columns = collect_columns(&query->sets, &count);

    if (columns == NULL) {
        sql->failed = true;
        return;
    }
    write_pieces(sql, "INSERT INTO ", query->table, "");
    if (query->source != NULL) {
        if (query->source_names != NULL) {
            write_pieces(sql, " (", query->source_names, ")");
        }
        pqe_sql_append(sql, " ");
        write_query(sql, query->source);
        if (count > 0) {
            pqe_sql_problem(sql, "pqe_query_insert_from: the INSERT has rows of its own, too");
        }
    } else if (count == 0) {
        pqe_sql_append(sql, " DEFAULT VALUES");
    } else {
        for (size_t i = 0; i < count; i++) {
            write_pieces(sql, i == 0 ? " (" : ", ", columns[i]->name, "");
        }
        pqe_sql_append(sql, ")");
        for (size_t at = 0; at < query->sets.count;) {
            at = write_row(sql, &query->sets, at, columns, count);
        }
    }
    write_conflict(sql, query, columns, count);
    write_list(sql, " RETURNING ", &query->columns);
    free(columns);
}

/* An UPDATE or DELETE of every row is too easily an accident. */
static void check_condition(pqe_sql *sql, const pqe_query *query, const char *statement)
{
    if (query->where.count == 0 && !query->all_rows) {
        pqe_sql_problem(sql, "the %s of %s has no condition; see pqe_query_all_rows", statement,
                        query->table);
    } else if (query->where.count > 0 && query->all_rows) {
        pqe_sql_problem(sql, "pqe_query_all_rows: the %s of %s has a condition", statement,
                        query->table);
    }
}

static void write_update(pqe_sql *sql, const pqe_query *query)
{
    write_pieces(sql, "UPDATE ", query->table, "");
    for (size_t i = 0; i < query->sets.count; i++) {
        write_pieces(sql, i == 0 ? " SET " : ", ", query->sets.items[i].name, " = ");
        write_expr(sql, query->sets.items[i].expr);
    }
    if (query->sets.count == 0) {
        pqe_sql_problem(sql, "the UPDATE of %s sets nothing; see pqe_query_set", query->table);
    }
    check_condition(sql, query, "UPDATE");
    write_from(sql, " FROM ", NULL, &query->from);
    write_conditions(sql, " WHERE ", &query->where);
    write_list(sql, " RETURNING ", &query->columns);
}

static void write_delete(pqe_sql *sql, const pqe_query *query)
{
    write_pieces(sql, "DELETE FROM ", query->table, "");
    check_condition(sql, query, "DELETE");
    write_from(sql, " USING ", NULL, &query->from);
    write_conditions(sql, " WHERE ", &query->where);
    write_list(sql, " RETURNING ", &query->columns);
}

static void write_query(pqe_sql *sql, const pqe_query *query)
{
    if (query->problem != NULL) {
        /* entries may be incomplete: nothing is written of it */
        pqe_sql_problem(sql, "%s", query->problem);
        return;
    }
    if (query->failed || query->kind == PQE_QUERY_NO_MEMORY) {
        sql->failed = true;
        return;
    }
    write_with(sql, query);
    switch (query->kind) {
    case PQE_QUERY_SELECT:
        write_select(sql, query);
        break;
    case PQE_QUERY_INSERT:
        write_insert(sql, query);
        break;
    case PQE_QUERY_UPDATE:
        write_update(sql, query);
        break;
    case PQE_QUERY_DELETE:
        write_delete(sql, query);
        break;
    case PQE_QUERY_NO_MEMORY:
        break;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Executing                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

pqe_status pqe_query_to_sql(const void *query, pqe_sql *sql, pqe_error *error)
{
    if (query == NULL || sql == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             query == NULL ? "query" : "sql");
    }
    write_query(sql, query);
    return pqe_error_clear(error);
}

pqe_status pqe_query_text(const pqe_query *query, char **sql, pqe_error *error)
{
    pqe_sql written = PQE_SQL_INIT;
    pqe_status status;

    if (sql == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "sql is NULL");
    }
    *sql = NULL;
    status = pqe_sql_write(&written, pqe_query_to_sql, query, error);
    if (status == PQE_OK) {
        *sql = pqe_buffer_take(&written.text);
    }
    pqe_sql_free(&written);
    return status;
}

static pqe_call call_of(const pqe_query *query)
{
    pqe_call call = PQE_CALL_INIT;

    call.to_sql = pqe_query_to_sql;
    call.object = query;
    return call;
}

pqe_status pqe_execute_query(pqe_engine *engine, const pqe_query *query, pqe_result **result,
                             pqe_error *error)
{
    pqe_call call = call_of(query);

    return pqe_execute_call(engine, &call, result, error);
}

pqe_status pqe_connection_execute_query(pqe_connection *connection, const pqe_query *query,
                                        pqe_result **result, pqe_error *error)
{
    pqe_call call = call_of(query);

    return pqe_connection_execute_call(connection, &call, result, error);
}

pqe_status pqe_transaction_execute_query(pqe_transaction *transaction, const pqe_query *query,
                                         pqe_result **result, pqe_error *error)
{
    pqe_call call = call_of(query);

    return pqe_transaction_execute_call(transaction, &call, result, error);
}
