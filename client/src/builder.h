/*
 * builder.h - what a pqe_query and a pqe_expr consist of
 *
 * Names are quoted when they come in, so that what is kept is SQL, and mistakes can name the function
 * that was called.  The text of a statement is put together when it is executed (builder_write.c).
 */
#ifndef PQE_BUILDER_H
#define PQE_BUILDER_H

#include "sql.h"

typedef enum pqe_expr_kind {
    PQE_EXPR_NO_MEMORY, /* stands for one that could not be made */
    PQE_EXPR_COLUMN,    /* text */
    PQE_EXPR_VALUE,     /* params[0] */
    PQE_EXPR_RAW,       /* text, params */
    PQE_EXPR_QUERY,     /* (query) */
    PQE_EXPR_EXISTS,    /* EXISTS (query) */
    PQE_EXPR_OPERATION, /* parts[0] text parts[1] */
    PQE_EXPR_ARRAY,     /* parts[0] text (parts[1]): "= ANY", "<> ALL" */
    PQE_EXPR_BETWEEN,   /* parts[0] BETWEEN parts[1] AND parts[2] */
    PQE_EXPR_SUFFIX,    /* parts[0] text: "IS NULL" */
    PQE_EXPR_NOT,       /* NOT parts[0] */
    PQE_EXPR_AND,       /* parts */
    PQE_EXPR_OR
} pqe_expr_kind;

struct pqe_expr {
    pqe_expr_kind kind;
    bool taken;    /* belongs to a query or to another expression */
    char *text;    /* SQL: a quoted name, an operator, ... */
    char *problem; /* the first mistake made in making it, NULL: none */
    pqe_param *params;
    void **memory; /* what the parameters point to */
    size_t param_count;
    pqe_expr **parts;
    size_t part_count;
    pqe_query *query;
};

/* One entry of a clause; each clause uses what it needs. */
typedef struct pqe_item {
    char *name;  /* SQL: a quoted name, or a table with its alias */
    char *alias; /* quoted */
    char *names; /* quoted, with commas between */
    pqe_expr *expr;
    pqe_query *query;
    int mode; /* pqe_join, pqe_order, pqe_combine; for a value set: its row */
} pqe_item;

typedef struct pqe_items {
    pqe_item *items;
    size_t count;
    size_t capacity;
} pqe_items;

/* As bits, so that a function can say for which it is. */
typedef enum pqe_query_kind {
    PQE_QUERY_NO_MEMORY = 0, /* stands for one that could not be made */
    PQE_QUERY_SELECT = 1,
    PQE_QUERY_INSERT = 2,
    PQE_QUERY_UPDATE = 4,
    PQE_QUERY_DELETE = 8
} pqe_query_kind;

typedef enum pqe_conflict {
    PQE_CONFLICT_NONE = 0,
    PQE_CONFLICT_ANY,        /* ON CONFLICT */
    PQE_CONFLICT_COLUMNS,    /* ON CONFLICT (...) */
    PQE_CONFLICT_CONSTRAINT, /* ON CONFLICT ON CONSTRAINT ... */
} pqe_conflict;

struct pqe_query {
    pqe_query_kind kind;
    bool taken;
    bool failed;   /* memory ran out */
    char *problem; /* the first mistake, NULL: none */

    char *table; /* SQL, with its alias; NULL: none */
    pqe_items with;
    bool recursive;
    pqe_items columns; /* of SELECT, or RETURNING */
    bool distinct;
    char *distinct_on; /* names with commas between */
    pqe_items from;    /* further tables and joins, in their order */
    pqe_items where;
    bool all_rows;
    pqe_items group;
    pqe_items having;
    pqe_items combine;
    pqe_items order;
    int64_t limit; /* -1: none */
    int64_t offset;
    bool locks;
    pqe_lock lock;
    pqe_lock_wait wait;

    pqe_items sets; /* by row */
    int row;        /* the one that is being set */
    char *source_names;
    pqe_query *source; /* of INSERT ... SELECT */

    pqe_conflict conflict;
    char *conflict_target; /* names with commas between, or a constraint */
    bool upsert;           /* update every column that is set and not in upsert_keys */
    pqe_items upsert_keys;
    pqe_items conflict_sets;
    pqe_items conflict_where;
};

/* Keeps the first mistake of a query, "FUNCTION: WORDS". */
void pqe_query_problem(pqe_query *query, const char *function, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * For the start of a function that changes a query: whether it may.  A query that is NULL, or could
 * not be made, is passed over; one that is part of another, or is not of these kinds, keeps a mistake.
 */
bool pqe_query_open(pqe_query *query, const char *function, unsigned kinds);

/*
 * What was given to a function that refuses is freed, as its caller expects; except where the query is
 * part of another one, which may be the very one that was given.
 */
void pqe_query_refuse_expr(const pqe_query *query, pqe_expr *expr);
void pqe_query_refuse_query(const pqe_query *query, pqe_query *other);

/*
 * A name, quoted, for the caller to free; NULL where it is none: *problem is then the mistake in
 * words, to be freed, or NULL where memory ran out.
 */
char *pqe_quote_name(const char *name, pqe_name_form form, char **problem);

/* The same for a query, which keeps the mistake. */
char *pqe_query_quote(pqe_query *query, const char *function, const char *name, pqe_name_form form);

/* Several names with commas between; NULL for none, too. */
char *pqe_query_quote_list(pqe_query *query, const char *function, const char *const *names,
                           size_t count, pqe_name_form form);

/* Adds an empty entry, NULL where memory runs out. */
pqe_item *pqe_query_add(pqe_query *query, pqe_items *items);

/*
 * Adds an entry of an expression, of a query or of a name; NULL where that is a mistake, which the
 * query keeps, or memory runs out.  What is given belongs to the query in any case.
 */
pqe_item *pqe_query_add_expr(pqe_query *query, const char *function, pqe_items *items,
                             pqe_expr *expr);
pqe_item *pqe_query_add_query(pqe_query *query, const char *function, pqe_items *items,
                              pqe_query *other, unsigned kinds);
pqe_item *pqe_query_add_name(pqe_query *query, const char *function, pqe_items *items,
                             const char *name, pqe_name_form form);
/* Several names of columns. */
void pqe_query_add_names(pqe_query *query, const char *function, pqe_items *items,
                         const char *const *names, size_t count);

/* Gives an expression or a query away to a query; NULL where that is a mistake. */
pqe_expr *pqe_query_take_expr(pqe_query *query, const char *function, pqe_expr *expr);
pqe_query *pqe_query_take_query(pqe_query *query, const char *function, pqe_query *other,
                                unsigned kinds);

/*
 * Why an expression or a query cannot be given away, in words; NULL where it now was.  kinds: of
 * statement that may stand there.
 */
const char *pqe_expr_take(pqe_expr *expr);
const char *pqe_query_take(pqe_query *query, unsigned kinds);

/* Frees what was given away. */
void pqe_expr_free_taken(pqe_expr *expr);
void pqe_query_free_taken(pqe_query *query);

#endif /* PQE_BUILDER_H */
