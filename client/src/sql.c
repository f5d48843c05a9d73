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
#include <strings.h>

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

size_t pqe_sql_add_param(pqe_sql *sql, const pqe_param *value)
{
    if (sql->param_count == sql->param_capacity) {
        size_t capacity = sql->param_capacity > 0 ? sql->param_capacity * 2 : 8;
        pqe_param *params = realloc(sql->params, capacity * sizeof(*params));

        if (params == NULL) {
            sql->failed = true;
            return 0;
        }
        sql->params = params;
        sql->param_capacity = capacity;
    }
    sql->params[sql->param_count++] = *value;
    return sql->param_count;
}

void pqe_sql_param(pqe_sql *sql, pqe_param value)
{
    if (sql != NULL) {
        pqe_buffer_printf(&sql->text, "$%zu", pqe_sql_add_param(sql, &value));
    }
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

/*
 * Reads one part of a name, unquoted, and stops before what follows it.  Returns what is wrong, in
 * words, or NULL.
 */
static const char *read_part(const char **at, pqe_buffer *part)
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

/* Reads one part and writes it quoted. */
static const char *write_part(pqe_sql *sql, const char **at)
{
    pqe_buffer part = PQE_BUFFER_INIT;
    const char *wrong = read_part(at, &part);

    if (pqe_buffer_failed(&part)) {
        sql->failed = true;
    } else if (wrong == NULL) {
        pqe_buffer_append_char(&sql->text, '"');
        for (const char *c = part.data; *c != '\0'; c++) {
            if (*c == '"') {
                pqe_buffer_append_char(&sql->text, '"');
            }
            pqe_buffer_append_char(&sql->text, *c);
        }
        pqe_buffer_append_char(&sql->text, '"');
    }
    pqe_buffer_free(&part);
    return wrong;
}

static void skip_space(const char **at)
{
    *at += strspn(*at, " \t\r\n");
}

/* Reads "alias" or "AS alias", or nothing. */
static const char *write_alias(pqe_sql *sql, const char **at)
{
    const char *wrong = NULL;

    skip_space(at);
    if (strncasecmp(*at, "as", 2) == 0 && ((*at)[2] == ' ' || (*at)[2] == '\t')) {
        *at += 2;
        skip_space(at);
    } else if (**at == '\0') {
        return NULL;
    }
    pqe_buffer_append(&sql->text, " AS ");
    wrong = write_part(sql, at);
    skip_space(at);
    return wrong;
}

static const char *write_name(pqe_sql *sql, const char **at, pqe_name_form form)
{
    const char *wrong = NULL;

    for (;;) {
        if (form == PQE_NAME_COLUMN && strcmp(*at, "*") == 0) {
            pqe_buffer_append_char(&sql->text, *(*at)++);
        } else {
            wrong = write_part(sql, at);
        }
        if (wrong != NULL || **at != '.') {
            break;
        }
        if (form == PQE_NAME_SINGLE) {
            return "it must be one part, without a dot";
        }
        pqe_buffer_append_char(&sql->text, *(*at)++);
    }
    if (wrong == NULL && form == PQE_NAME_TABLE) {
        wrong = write_alias(sql, at);
    }
    return wrong == NULL && **at != '\0' ? "something follows its end" : wrong;
}

void pqe_sql_name(pqe_sql *sql, const char *name, pqe_name_form form)
{
    const char *at = name;
    const char *wrong;

    if (name == NULL || !pqe_is_utf8(name)) {
        pqe_sql_problem(sql, name == NULL ? "a name is NULL" : "a name is not valid UTF-8");
        return;
    }
    wrong = write_name(sql, &at, form);
    if (wrong != NULL) {
        pqe_sql_problem(sql, "\"%s\" is no name: %s", name, wrong);
    }
}

void pqe_sql_identifier(pqe_sql *sql, const char *name)
{
    if (sql != NULL) {
        pqe_sql_name(sql, name, PQE_NAME_QUALIFIED);
    }
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
