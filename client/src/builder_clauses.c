/*
 * builder_clauses.c - the clauses of a query
 */
#include "builder.h"

#include <stdlib.h>

#define ANY_KIND (PQE_QUERY_SELECT | PQE_QUERY_INSERT | PQE_QUERY_UPDATE | PQE_QUERY_DELETE)
#define CONDITIONAL (PQE_QUERY_SELECT | PQE_QUERY_UPDATE | PQE_QUERY_DELETE)

/* ---------------------------------------------------------------------------------------------- */
/* Columns and tables                                                                             */
/* ---------------------------------------------------------------------------------------------- */

static void add_output(pqe_query *query, const char *function, pqe_expr *expr, const char *alias)
{
    pqe_item *item = pqe_query_add_expr(query, function, &query->columns, expr);

    if (item != NULL && alias != NULL) {
        item->alias = pqe_query_quote(query, function, alias, PQE_NAME_SINGLE);
    }
}

void pqe_query_columns(pqe_query *query, const char *const *names, size_t count)
{
    if (pqe_query_open(query, "pqe_query_columns", PQE_QUERY_SELECT)) {
        pqe_query_add_names(query, "pqe_query_columns", &query->columns, names, count);
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
        pqe_query_add_names(query, "pqe_query_returning", &query->columns, names, count);
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
        item = pqe_query_add_name(query, "pqe_query_from", &query->from, table, PQE_NAME_TABLE);
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
        item = pqe_query_add_query(query, function, &query->from, source, PQE_QUERY_SELECT);
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
        join_on(query, function,
                pqe_query_add_name(query, function, &query->from, table, PQE_NAME_TABLE), join, on);
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
        item = pqe_query_add_query(query, function, &query->from, source, PQE_QUERY_SELECT);
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
    item = pqe_query_add_name(query, function, &query->from, table, PQE_NAME_TABLE);
    if (item != NULL) {
        item->mode = (int)join;
        item->names = pqe_query_quote_list(query, function, names, count, PQE_NAME_SINGLE);
    }
}

static void add_with(pqe_query *query, const char *function, const char *name, pqe_query *source)
{
    pqe_item *item;

    if (pqe_query_open(query, function, ANY_KIND)) {
        item = pqe_query_add_query(query, function, &query->with, source, ANY_KIND);
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
    if (query != NULL && query->kind != PQE_QUERY_NO_MEMORY && !query->taken) {
        query->recursive = true;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Conditions, groups, order                                                                      */
/* ---------------------------------------------------------------------------------------------- */

void pqe_query_where(pqe_query *query, pqe_expr *condition)
{
    if (pqe_query_open(query, "pqe_query_where", CONDITIONAL)) {
        (void)pqe_query_add_expr(query, "pqe_query_where", &query->where, condition);
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
        pqe_query_add_names(query, "pqe_query_group_by", &query->group, names, count);
    }
}

void pqe_query_group_by_expr(pqe_query *query, pqe_expr *expr)
{
    if (pqe_query_open(query, "pqe_query_group_by_expr", PQE_QUERY_SELECT)) {
        (void)pqe_query_add_expr(query, "pqe_query_group_by_expr", &query->group, expr);
    } else {
        pqe_query_refuse_expr(query, expr);
    }
}

void pqe_query_having(pqe_query *query, pqe_expr *condition)
{
    if (pqe_query_open(query, "pqe_query_having", PQE_QUERY_SELECT)) {
        (void)pqe_query_add_expr(query, "pqe_query_having", &query->having, condition);
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
                  pqe_query_add_name(query, function, &query->order, column, PQE_NAME_QUALIFIED),
                  order);
    }
}

void pqe_query_order_by_expr(pqe_query *query, pqe_expr *expr, pqe_order order)
{
    static const char function[] = "pqe_query_order_by_expr";

    if (pqe_query_open(query, function, PQE_QUERY_SELECT)) {
        set_order(query, function, pqe_query_add_expr(query, function, &query->order, expr), order);
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
        item = pqe_query_add_query(query, function, &query->combine, other, PQE_QUERY_SELECT);
        if (item != NULL) {
            item->mode = (int)combine;
        }
    } else {
        pqe_query_refuse_query(query, other);
    }
}
