/*
 * result_array.c - the getters of arrays
 *
 * The server prints an array as {a,"b \"c\"",NULL}, perhaps with its bounds before it: [0:1]={1,2}.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "decode.h"
#include "error.h"
#include "result.h"

/* An array taken apart: its elements as text, NULL for SQL NULL, in one block of memory. */
typedef struct elements {
    const char **texts;
    size_t count;
    bool has_null;
} elements;

/* Copies one element, unquoted, and stops behind it.  NULL where it has no end. */
static const char *read_element(const char *at, char **to, bool *quoted)
{
    *quoted = *at == '"';
    at += *quoted ? 1 : 0;
    for (;;) {
        if (*quoted ? *at == '"' : *at == ',' || *at == '}') {
            break;
        }
        if (*at == '\\') {
            at++;
        }
        if (*at == '\0') {
            return NULL;
        }
        *(*to)++ = *at++;
    }
    *(*to)++ = '\0';
    return at + (*quoted ? 1 : 0);
}

/* Takes an array's text apart.  Behind the pointers, memory has room for the text itself. */
static bool split(const char *text, elements *found)
{
    char *to = (char *)(found->texts + strlen(text));

    if (*text == '[') {
        text = strchr(text, '=');
        text = text != NULL ? text + 1 : "";
    }
    if (*text++ != '{') {
        return false;
    }
    if (strcmp(text, "}") == 0) {
        return true;
    }
    for (;;) {
        char *start = to;
        bool quoted;

        if (*text == '{') {
            return false; /* another dimension */
        }
        text = read_element(text, &to, &quoted);
        if (text == NULL || (*text != ',' && *text != '}')) {
            return false;
        }
        if (!quoted && strcasecmp(start, "NULL") == 0) {
            found->has_null = true;
            start = NULL;
        }
        found->texts[found->count++] = start;
        if (*text++ == '}') {
            return *text == '\0';
        }
    }
}

/* What a getter knows of its type. */
typedef struct array_type {
    const char *name; /* as the error has it */
    size_t size;
    bool (*decode)(const char *text, void *value);
} array_type;

/* What a getter gives; the public structs differ by the type of values only. */
PQE_ARRAY_TYPE(any_array, void);

static pqe_status decode_all(const pqe_result *result, const array_type *type,
                             const elements *found, any_array *value, bool *readable,
                             pqe_error *error)
{
    char *values = pqe_result_alloc(result, found->count * type->size + 1);
    bool *nulls = found->has_null ? pqe_result_alloc(result, found->count * sizeof(bool)) : NULL;

    *readable = true;
    if (values == NULL || (found->has_null && nulls == NULL)) {
        return pqe_error_no_memory(error);
    }
    memset(values, 0, found->count * type->size);
    for (size_t i = 0; i < found->count && *readable; i++) {
        if (nulls != NULL) {
            nulls[i] = found->texts[i] == NULL;
        }
        if (found->texts[i] != NULL) {
            *readable = type->decode(found->texts[i], values + i * type->size);
        }
    }
    if (*readable) {
        value->values = values;
        value->nulls = nulls;
        value->count = found->count;
    }
    return pqe_error_clear(error);
}

static pqe_status get_array(const pqe_result *result, size_t row, size_t column,
                            const array_type *type, any_array *value, pqe_error *error)
{
    const any_array none = {NULL, NULL, 0};
    elements found = {NULL, 0, false};
    const char *text = NULL;
    bool readable = false;
    pqe_status status;

    if (value == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "value is NULL");
    }
    *value = none;
    status = pqe_get_text(result, row, column, &text, error);
    if (status != PQE_OK || text == NULL) {
        return status;
    }
    /* each element takes a byte of the text at least */
    found.texts = pqe_result_alloc(result, strlen(text) * (sizeof(char *) + 1) + 1);
    if (found.texts == NULL) {
        return pqe_error_no_memory(error);
    }
    if (split(text, &found)) {
        status = decode_all(result, type, &found, value, &readable, error);
    }
    if (status == PQE_OK && !readable) {
        status =
            pqe_error_set(error, PQE_ERR_TYPE,
                          "column \"%s\" in row %zu does not read as an array of one dimension "
                          "of %s",
                          pqe_result_column_name(result, column), row, type->name);
    }
    return status;
}

static bool decode_bool(const char *text, void *value)
{
    return pqe_decode_bool(text, value);
}

static bool decode_int32(const char *text, void *value)
{
    int64_t number;

    if (!pqe_decode_integer(text, INT32_MIN, INT32_MAX, &number)) {
        return false;
    }
    *(int32_t *)value = (int32_t)number;
    return true;
}

static bool decode_int64(const char *text, void *value)
{
    return pqe_decode_integer(text, INT64_MIN, INT64_MAX, value);
}

static bool decode_double(const char *text, void *value)
{
    return pqe_decode_double(text, value);
}

static bool decode_text(const char *text, void *value)
{
    *(const char **)value = text;
    return true;
}

static bool decode_uuid(const char *text, void *value)
{
    return pqe_decode_uuid(text, ((pqe_uuid *)value)->bytes);
}

static bool decode_timestamp(const char *text, void *value)
{
    return pqe_decode_timestamp(text, value);
}

#define DEFINE_ARRAY_GETTER(kind, type, description)                                               \
    pqe_status pqe_get_##kind##_array(const pqe_result *result, size_t row, size_t column,         \
                                      pqe_##kind##_array *value, pqe_error *error)                 \
    {                                                                                              \
        static const array_type how = {description, sizeof(type), decode_##kind};                  \
        any_array any = {NULL, NULL, 0};                                                           \
        pqe_status status =                                                                        \
            get_array(result, row, column, &how, value != NULL ? &any : NULL, error);              \
                                                                                                   \
        if (value != NULL) {                                                                       \
            value->values = any.values;                                                            \
            value->nulls = any.nulls;                                                              \
            value->count = any.count;                                                              \
        }                                                                                          \
        return status;                                                                             \
    }                                                                                              \
                                                                                                   \
    pqe_status pqe_get_##kind##_array_by_name(const pqe_result *result, size_t row,                \
                                              const char *column, pqe_##kind##_array *value,       \
                                              pqe_error *error)                                    \
    {                                                                                              \
        int number = result != NULL ? pqe_result_column(result, column) : 0;                       \
                                                                                                   \
        if (number < 0) {                                                                          \
            return column == NULL                                                                  \
                       ? pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "column is NULL")          \
                       : pqe_error_set(error, PQE_ERR_COLUMN,                                      \
                                       "the result has no column named \"%s\"", column);           \
        }                                                                                          \
        return pqe_get_##kind##_array(result, row, (size_t)number, value, error);                  \
    }

DEFINE_ARRAY_GETTER(bool, bool, "booleans")
DEFINE_ARRAY_GETTER(int32, int32_t, "whole numbers of 32 bits")
DEFINE_ARRAY_GETTER(int64, int64_t, "whole numbers of 64 bits")
DEFINE_ARRAY_GETTER(double, double, "numbers that a double can hold")
DEFINE_ARRAY_GETTER(text, const char *, "texts")
DEFINE_ARRAY_GETTER(uuid, pqe_uuid, "uuids")
DEFINE_ARRAY_GETTER(timestamp, int64_t, "timestamps (DateStyle must be ISO)")
