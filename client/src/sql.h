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

/*
 * One part of a qualified name, unquoted, of at most size - 1 bytes: reads it from *at, which is
 * moved behind it, and says in words what is wrong (NULL: nothing).  Stops before a dot, a space or
 * the end.
 */
const char *pqe_read_name_part(const char **at, pqe_buffer *part);

/* Appends one identifier, quoted, whatever it holds. */
void pqe_sql_quoted(pqe_sql *sql, const char *identifier);

#endif /* PQE_SQL_H */
