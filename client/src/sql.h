/*
 * sql.h - a statement in the making: text, parameters, and the first mistake
 */
#ifndef PQE_SQL_H
#define PQE_SQL_H

#include "buffer.h"
#include "pqengine.h"

struct pqe_sql {
    pqe_buffer text;
    pqe_param *params; /* what they point to belongs to whoever wrote */
    size_t param_count;
    size_t param_capacity;
    bool failed;        /* memory ran out */
    pqe_buffer problem; /* the first mistake, in words; empty where there is none */
};

#define PQE_SQL_INIT                                                                               \
    {                                                                                              \
        PQE_BUFFER_INIT, NULL, 0, 0, false, PQE_BUFFER_INIT                                        \
    }

/* Keeps a mistake, unless there is one already. */
void pqe_sql_problem(pqe_sql *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Has an object written, and judges the outcome.  Errors: what to_sql returns, PQE_ERR_NO_MEMORY,
 * PQE_ERR_INVALID_ARGUMENT with the mistake that was kept.
 */
pqe_status pqe_sql_write(pqe_sql *sql, pqe_to_sql to_sql, const void *object, pqe_error *error);

void pqe_sql_free(pqe_sql *sql);

/* Whether a text is well-formed UTF-8. */
bool pqe_is_utf8(const char *text);

/* What may stand where a name stands. */
typedef enum pqe_name_form {
    PQE_NAME_SINGLE,    /* one part: an alias, the column that a row sets */
    PQE_NAME_QUALIFIED, /* parts with dots between */
    PQE_NAME_COLUMN,    /* the same, and * as the last part */
    PQE_NAME_TABLE      /* parts with dots between, and an alias behind, with AS or without */
} pqe_name_form;

/* Appends a name, quoted; a name that is none is kept as a mistake. */
void pqe_sql_name(pqe_sql *sql, const char *name, pqe_name_form form);

/* Adds a parameter without writing its number, which is returned (from 1). */
size_t pqe_sql_add_param(pqe_sql *sql, const pqe_param *value);

#endif /* PQE_SQL_H */
