/*
 * error.h - filling the caller's pqe_error
 *
 * Every function here takes a pqe_error that may be NULL, and those that set one return the status,
 * so that a failing function can end in `return pqe_error_set(error, ...)`.
 */
#ifndef PQE_ERROR_H
#define PQE_ERROR_H

#include <libpq-fe.h>

#include "pqengine.h"

/* Clears the error; for the start of a public function.  Returns PQE_OK. */
pqe_status pqe_error_clear(pqe_error *error);

/* Sets code and message and clears the rest. */
pqe_status pqe_error_set(pqe_error *error, pqe_status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add to an error that was set. */
void pqe_error_detail(pqe_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void pqe_error_hint(pqe_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void pqe_error_statement(pqe_error *error, const char *sql);

/* The error of a failed result with everything the server said, under the given code. */
pqe_status pqe_error_from_result(pqe_error *error, pqe_status code, const PGresult *result);

/*
 * The error of a connection on which libpq itself failed: "ACTION: libpq's words", on one line.
 * may_have_run: see pqe_error.
 */
pqe_status pqe_error_from_connection(pqe_error *error, pqe_status code, const PGconn *connection,
                                     const char *action, bool may_have_run);

/* PQE_ERR_NO_MEMORY. */
pqe_status pqe_error_no_memory(pqe_error *error);

/* Copies error, for keeping or handing on; either may be NULL. */
void pqe_error_copy(pqe_error *to, const pqe_error *from);

/*
 * Copies a text into a field of that size, cut at a UTF-8 character boundary with "..." where it is
 * too long.  NULL counts as "".
 */
void pqe_text_copy(char *to, size_t size, const char *from);

#endif /* PQE_ERROR_H */
