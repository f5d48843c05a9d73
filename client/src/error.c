/*
 * error.c - filling the caller's pqe_error
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    pqe_status status;
    const char *name;
} status_names[] = {
    {PQE_OK, "PQE_OK"},
    {PQE_ERR_INVALID_ARGUMENT, "PQE_ERR_INVALID_ARGUMENT"},
    {PQE_ERR_NO_MEMORY, "PQE_ERR_NO_MEMORY"},
    {PQE_ERR_CONFIG, "PQE_ERR_CONFIG"},
    {PQE_ERR_STATE, "PQE_ERR_STATE"},
    {PQE_ERR_DISPOSED, "PQE_ERR_DISPOSED"},
    {PQE_ERR_UNSUPPORTED, "PQE_ERR_UNSUPPORTED"},
    {PQE_ERR_CONNECTION, "PQE_ERR_CONNECTION"},
    {PQE_ERR_AUTH, "PQE_ERR_AUTH"},
    {PQE_ERR_DATABASE_NOT_FOUND, "PQE_ERR_DATABASE_NOT_FOUND"},
    {PQE_ERR_TIMEOUT, "PQE_ERR_TIMEOUT"},
    {PQE_ERR_POOL_TIMEOUT, "PQE_ERR_POOL_TIMEOUT"},
    {PQE_ERR_CANCELLED, "PQE_ERR_CANCELLED"},
    {PQE_ERR_QUEUE_FULL, "PQE_ERR_QUEUE_FULL"},
    {PQE_ERR_QUERY, "PQE_ERR_QUERY"},
    {PQE_ERR_PLACEHOLDER, "PQE_ERR_PLACEHOLDER"},
    {PQE_ERR_PARAMETER, "PQE_ERR_PARAMETER"},
    {PQE_ERR_COLUMN, "PQE_ERR_COLUMN"},
    {PQE_ERR_TYPE, "PQE_ERR_TYPE"},
    {PQE_ERR_NULL_VALUE, "PQE_ERR_NULL_VALUE"},
    {PQE_ERR_EXTENSION_MISSING, "PQE_ERR_EXTENSION_MISSING"},
    {PQE_ERR_PERMISSION, "PQE_ERR_PERMISSION"},
    {PQE_ERR_MODELS, "PQE_ERR_MODELS"},
    {PQE_ERR_DRIFT, "PQE_ERR_DRIFT"},
    {PQE_ERR_MIGRATION, "PQE_ERR_MIGRATION"},
    {PQE_ERR_IO, "PQE_ERR_IO"},
};

const char *pqe_status_name(pqe_status status)
{
    for (size_t i = 0; i < sizeof(status_names) / sizeof(status_names[0]); i++) {
        if (status_names[i].status == status) {
            return status_names[i].name;
        }
    }
    return "unknown status";
}

/* Ends a text that fills its field with "...", and not in the middle of a character. */
static void mark_cut(char *text, size_t size)
{
    size_t end = size - 4;

    while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) {
        end--;
    }
    memcpy(text + end, "...", 4);
}

void pqe_text_copy(char *to, size_t size, const char *from)
{
    size_t length = from != NULL ? strnlen(from, size) : 0;

    if (size < 4) {
        /* no room for the mark; no field is so small */
        to[0] = '\0';
        return;
    }
    if (from != NULL) {
        memcpy(to, from, length < size ? length : size - 1);
    }
    if (length < size) {
        to[length] = '\0';
    } else {
        to[size - 1] = '\0';
        mark_cut(to, size);
    }
}

static void text_vprintf(char *to, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

static void text_vprintf(char *to, size_t size, const char *format, va_list arguments)
{
    int length = vsnprintf(to, size, format, arguments);

    if (length < 0) {
        to[0] = '\0';
    } else if ((size_t)length >= size) {
        mark_cut(to, size);
    }
}

pqe_status pqe_error_clear(pqe_error *error)
{
    if (error != NULL) {
        error->code = PQE_OK;
        error->sqlstate[0] = '\0';
        error->may_have_run = false;
        error->position = 0;
        error->message[0] = '\0';
        error->detail[0] = '\0';
        error->hint[0] = '\0';
        error->context[0] = '\0';
        error->statement[0] = '\0';
    }
    return PQE_OK;
}

pqe_status pqe_error_set(pqe_error *error, pqe_status code, const char *format, ...)
{
    va_list arguments;

    if (error != NULL) {
        char message[sizeof(error->message)];

        /* Formatted aside first: an argument may be the error's own text. */
        va_start(arguments, format);
        text_vprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        pqe_error_clear(error);
        error->code = code;
        memcpy(error->message, message, sizeof(message));
    }
    return code;
}

void pqe_error_detail(pqe_error *error, const char *format, ...)
{
    va_list arguments;

    if (error != NULL) {
        va_start(arguments, format);
        text_vprintf(error->detail, sizeof(error->detail), format, arguments);
        va_end(arguments);
    }
}

void pqe_error_hint(pqe_error *error, const char *format, ...)
{
    va_list arguments;

    if (error != NULL) {
        va_start(arguments, format);
        text_vprintf(error->hint, sizeof(error->hint), format, arguments);
        va_end(arguments);
    }
}

void pqe_error_statement(pqe_error *error, const char *sql)
{
    if (error != NULL) {
        pqe_text_copy(error->statement, sizeof(error->statement), sql);
    }
}

pqe_status pqe_error_from_result(pqe_error *error, pqe_status code, const PGresult *result)
{
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);

    if (error == NULL) {
        return code;
    }
    if (primary == NULL) {
        primary = PQresultErrorMessage(result);
    }
    if (primary == NULL || primary[0] == '\0') {
        primary = "the server reported an error without a message";
    }
    pqe_error_clear(error);
    error->code = code;
    pqe_text_copy(error->message, sizeof(error->message), primary);
    pqe_text_copy(error->sqlstate, sizeof(error->sqlstate),
                  PQresultErrorField(result, PG_DIAG_SQLSTATE));
    pqe_text_copy(error->detail, sizeof(error->detail),
                  PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
    pqe_text_copy(error->hint, sizeof(error->hint),
                  PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
    pqe_text_copy(error->context, sizeof(error->context),
                  PQresultErrorField(result, PG_DIAG_CONTEXT));
    if (position != NULL) {
        error->position = (int)strtol(position, NULL, 10);
    }
    return code;
}

pqe_status pqe_error_from_connection(pqe_error *error, pqe_status code, const PGconn *connection,
                                     const char *action, bool may_have_run)
{
    char words[sizeof(error->message)];
    size_t length;

    pqe_text_copy(words, sizeof(words), PQerrorMessage(connection));
    length = strlen(words);
    while (length > 0 && words[length - 1] == '\n') {
        words[--length] = '\0';
    }
    for (char *c = words; *c != '\0'; c++) {
        if (*c == '\n' || *c == '\t') {
            *c = ' ';
        }
    }
    pqe_error_set(error, code, "%s: %s", action,
                  length > 0 ? words : "the server closed the connection");
    if (error != NULL) {
        error->may_have_run = may_have_run;
    }
    return code;
}

pqe_status pqe_error_no_memory(pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_NO_MEMORY, "out of memory");
}

void pqe_error_copy(pqe_error *to, const pqe_error *from)
{
    if (to != NULL && from != NULL && to != from) {
        *to = *from;
    }
}
