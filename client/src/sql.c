/*
 * sql.c - a statement in the making
 *
 * Names are quoted by the rule of PQescapeIdentifier, which wants a connection only to know its
 * encoding.  A name must be UTF-8 here; in UTF-8, as in every encoding that a PostgreSQL server can
 * have, no byte of a longer character looks like a quote, so that doubling quotes is all there is to
 * it.
 */
#include "sql.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

void pqe_sql_problem(pqe_sql *sql, const char *format, ...)
{
    va_list arguments;
    char text[512];
    int length;

    if (sql->problem.length > 0) {
        return;
    }
    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length >= 0) {
        pqe_buffer_append(&sql->problem, text);
    }
}

void pqe_sql_free(pqe_sql *sql)
{
    pqe_buffer_free(&sql->text);
    pqe_buffer_free(&sql->problem);
    free(sql->params);
    sql->params = NULL;
    sql->param_count = 0;
    sql->param_capacity = 0;
}

void pqe_sql_append(pqe_sql *sql, const char *text)
{
    if (sql == NULL) {
        return;
    }
    if (text == NULL) {
        pqe_sql_problem(sql, "pqe_sql_append: text is NULL");
        return;
    }
    pqe_buffer_append(&sql->text, text);
}

void pqe_sql_param(pqe_sql *sql, pqe_param value)
{
    if (sql == NULL) {
        return;
    }
    if (sql->param_count == sql->param_capacity) {
        size_t capacity = sql->param_capacity > 0 ? sql->param_capacity * 2 : 8;
        pqe_param *params = realloc(sql->params, capacity * sizeof(*params));

        if (params == NULL) {
            sql->failed = true;
            return;
        }
        sql->params = params;
        sql->param_capacity = capacity;
    }
    sql->params[sql->param_count++] = value;
    pqe_buffer_printf(&sql->text, "$%zu", sql->param_count);
}

/* ---------------------------------------------------------------------------------------------- */
/* Names                                                                                          */
/* ---------------------------------------------------------------------------------------------- */

/* How many bytes follow a first byte, and the least and most that the second may be; -1: none. */
static int utf8_tail(unsigned char first, unsigned char *least, unsigned char *most)
{
    *least = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    *most = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (first < 0x80) {
        return 0;
    }
    if (first < 0xC2 || first > 0xF4) {
        return -1;
    }
    return first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
}

bool pqe_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at != '\0') {
        unsigned char least;
        unsigned char most;
        int tail = utf8_tail(*at++, &least, &most);

        if (tail < 0) {
            return false;
        }
        for (; tail > 0; tail--, at++) {
            if (*at < least || *at > most) {
                return false;
            }
            least = 0x80;
            most = 0xBF;
        }
    }
    return true;
}

const char *pqe_read_name_part(const char **at, pqe_buffer *part)
{
    const char *start = *at;

    pqe_buffer_reset(part);
    if (*start != '"') {
        size_t length = strcspn(start, ". \t\r\n\"");

        *at += length;
        pqe_buffer_append_bytes(part, start, length);
        return length == 0 ? "a part of it is empty" : **at == '"' ? "a quote in its middle" : NULL;
    }
    for ((*at)++; **at != '\0'; (*at)++) {
        if (**at == '"' && *++*at != '"') {
            return part->length == 0 ? "a part of it is empty" : NULL;
        }
        pqe_buffer_append_char(part, **at);
    }
    return "a quote is never closed";
}

void pqe_sql_quoted(pqe_sql *sql, const char *identifier)
{
    pqe_buffer_append_char(&sql->text, '"');
    for (const char *at = identifier; *at != '\0'; at++) {
        if (*at == '"') {
            pqe_buffer_append_char(&sql->text, '"');
        }
        pqe_buffer_append_char(&sql->text, *at);
    }
    pqe_buffer_append_char(&sql->text, '"');
}

void pqe_sql_identifier(pqe_sql *sql, const char *name)
{
    pqe_buffer part = PQE_BUFFER_INIT;
    const char *at = name;
    const char *wrong = NULL;

    if (sql == NULL) {
        return;
    }
    if (name == NULL || !pqe_is_utf8(name)) {
        pqe_sql_problem(sql, name == NULL ? "a name is NULL" : "a name is not valid UTF-8");
        return;
    }
    for (;;) {
        wrong = pqe_read_name_part(&at, &part);
        if (wrong != NULL) {
            break;
        }
        if (!pqe_buffer_failed(&part)) {
            pqe_sql_quoted(sql, part.data);
        }
        if (*at != '.') {
            wrong = *at != '\0' ? "something follows its end" : NULL;
            break;
        }
        pqe_buffer_append_char(&sql->text, '.');
        at++;
    }
    if (wrong != NULL) {
        pqe_sql_problem(sql, "\"%s\" is no name: %s", name, wrong);
    }
    sql->failed = sql->failed || pqe_buffer_failed(&part);
    pqe_buffer_free(&part);
}

/* ---------------------------------------------------------------------------------------------- */
/* Writing an object                                                                              */
/* ---------------------------------------------------------------------------------------------- */

pqe_status pqe_sql_write(pqe_sql *sql, pqe_to_sql to_sql, const void *object, pqe_error *error)
{
    pqe_error own = PQE_ERROR_INIT;
    pqe_status status = to_sql(object, sql, &own);

    if (status != PQE_OK) {
        if (own.message[0] == '\0') {
            pqe_error_set(&own, status, "the object cannot be written as a statement");
        }
        own.code = status;
        pqe_error_copy(error, &own);
        return status;
    }
    if (sql->failed || pqe_buffer_failed(&sql->text) || pqe_buffer_failed(&sql->problem)) {
        return pqe_error_no_memory(error);
    }
    if (sql->problem.length > 0) {
        pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s", sql->problem.data);
        pqe_error_statement(error, sql->text.data);
        return PQE_ERR_INVALID_ARGUMENT;
    }
    if (sql->text.length == 0) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "the object wrote no statement");
    }
    return pqe_error_clear(error);
}
