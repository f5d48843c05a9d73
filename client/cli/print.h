/*
 * print.h - results for people and for programs
 */
#ifndef PQE_CLI_PRINT_H
#define PQE_CLI_PRINT_H

#include <libpq-fe.h>

#include "buffer.h"

/* Appends a JSON string, or null for NULL. */
void json_string(pqe_buffer *to, const char *value);

/*
 * Appends the rows as a JSON array of objects, one a line, with the columns' names as keys: numbers
 * and booleans as such, json and arrays as they are, everything else as strings.
 */
void json_rows(pqe_buffer *to, const PGresult *result);

/* Prints the rows as columns under their names. */
void print_table(const PGresult *result);

/* Writes a text to stdout; 0, or the exit code where that failed. */
int print_text(pqe_buffer *text);

#endif /* PQE_CLI_PRINT_H */
