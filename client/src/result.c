/*
 * result.c - results and their getters
 */
#include "result.h"

#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "error.h"
#include "types.h"

/* A decoded bytea. */
typedef struct bytes {
    uint8_t *data;
    size_t length;
} bytes;

/* Memory that lives as long as a result; what it holds comes behind. */
typedef union block {
    union block *next;
    max_align_t alignment;
} block;

struct pqe_result {
    PGresult *pg;
    size_t rows;
    size_t columns;
    bytes **decoded; /* by column, then by row; made when first asked for */
    block *blocks;   /* what else getters have made */
};

pqe_status pqe_result_wrap(PGresult *pg, pqe_result **result, pqe_error *error)
{
    /* not calloc, which passes by what the thread has freed last */
    pqe_result *made = malloc(sizeof(*made));

    *result = NULL;
    if (made == NULL) {
        PQclear(pg);
        return pqe_error_no_memory(error);
    }
    made->pg = pg;
    made->rows = (size_t)PQntuples(pg);
    made->columns = (size_t)PQnfields(pg);
    made->decoded = NULL;
    made->blocks = NULL;
    *result = made;
    return PQE_OK;
}

pqe_status pqe_result_copy(const pqe_result *result, pqe_result **copy, pqe_error *error)
{
    PGresult *pg;
    pqe_status status;

    if (result == NULL || copy == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             result == NULL ? "result" : "copy");
    }
    *copy = NULL;
    pg = PQcopyResult(result->pg, PG_COPYRES_ATTRS | PG_COPYRES_TUPLES);
    if (pg == NULL) {
        return pqe_error_no_memory(error);
    }
    status = pqe_result_wrap(pg, copy, error);
    if (status == PQE_OK) {
        pqe_error_clear(error);
    }
    return status;
}

uint64_t pqe_result_rows_or_affected(const pqe_result *result)
{
    size_t rows = pqe_result_rows(result);

    return rows > 0 ? rows : pqe_result_affected(result);
}

void *pqe_result_alloc(const pqe_result *constant, size_t size)
{
    pqe_result *result = (pqe_result *)constant;
    block *made = malloc(sizeof(block) + size);

    if (made == NULL) {
        return NULL;
    }
    made->next = result->blocks;
    result->blocks = made;
    return made + 1;
}

void pqe_result_free(pqe_result *result)
{
    if (result == NULL) {
        return;
    }
    for (size_t column = 0; result->decoded != NULL && column < result->columns; column++) {
        for (size_t row = 0; result->decoded[column] != NULL && row < result->rows; row++) {
            PQfreemem(result->decoded[column][row].data);
        }
        free(result->decoded[column]);
    }
    free(result->decoded);
    while (result->blocks != NULL) {
        block *next = result->blocks->next;

        free(result->blocks);
        result->blocks = next;
    }
    PQclear(result->pg);
    free(result);
}

size_t pqe_result_rows(const pqe_result *result)
{
    return result != NULL ? result->rows : 0;
}

size_t pqe_result_columns(const pqe_result *result)
{
    return result != NULL ? result->columns : 0;
}

uint64_t pqe_result_affected(const pqe_result *result)
{
    return result != NULL ? strtoull(PQcmdTuples(result->pg), NULL, 10) : 0;
}

const char *pqe_result_command(const pqe_result *result)
{
    return result != NULL ? PQcmdStatus(result->pg) : "";
}

const char *pqe_result_column_name(const pqe_result *result, size_t column)
{
    return column < pqe_result_columns(result) ? PQfname(result->pg, (int)column) : NULL;
}

uint32_t pqe_result_column_type(const pqe_result *result, size_t column)
{
    return column < pqe_result_columns(result) ? PQftype(result->pg, (int)column) : 0;
}

int pqe_result_column(const pqe_result *result, const char *name)
{
    if (name == NULL) {
        return -1;
    }
    for (size_t column = 0; column < pqe_result_columns(result); column++) {
        if (strcmp(PQfname(result->pg, (int)column), name) == 0) {
            return (int)column;
        }
    }
    return -1;
}

bool pqe_is_null(const pqe_result *result, size_t row, size_t column)
{
    return row >= pqe_result_rows(result) || column >= pqe_result_columns(result) ||
           PQgetisnull(result->pg, (int)row, (int)column) == 1;
}

/* ---------------------------------------------------------------------------------------------- */
/* Getters                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/*
 * The text of a value, NULL for SQL NULL.  Checks all that a getter must before it reads.
 * nullable: a NULL is no error.
 */
static pqe_status find_text(const pqe_result *result, size_t row, size_t column, const void *target,
                            bool nullable, const char **text, pqe_error *error)
{
    *text = NULL;
    if (result == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "result is NULL");
    }
    if (target == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "value is NULL");
    }
    if (row >= result->rows) {
        return pqe_error_set(error, PQE_ERR_COLUMN,
                             "there is no row %zu: the result has %zu row%s, counted from 0", row,
                             result->rows, result->rows == 1 ? "" : "s");
    }
    if (column >= result->columns) {
        return pqe_error_set(error, PQE_ERR_COLUMN,
                             "there is no column %zu: the result has %zu column%s, counted from 0",
                             column, result->columns, result->columns == 1 ? "" : "s");
    }
    if (PQgetisnull(result->pg, (int)row, (int)column)) {
        if (!nullable) {
            return pqe_error_set(error, PQE_ERR_NULL_VALUE, "column \"%s\" is NULL in row %zu",
                                 PQfname(result->pg, (int)column), row);
        }
        return pqe_error_clear(error);
    }
    *text = PQgetvalue(result->pg, (int)row, (int)column);
    return pqe_error_clear(error);
}

static pqe_status not_of_type(const pqe_result *result, size_t row, size_t column, const char *type,
                              pqe_error *error)
{
    /* The value itself may be a secret: it goes into no message. */
    return pqe_error_set(error, PQE_ERR_TYPE, "column \"%s\" in row %zu does not read as %s",
                         PQfname(result->pg, (int)column), row, type);
}

static pqe_status get_integer(const pqe_result *result, size_t row, size_t column, int64_t least,
                              int64_t most, const void *target, const char *type, int64_t *number,
                              pqe_error *error)
{
    const char *text;
    pqe_status status = find_text(result, row, column, target, false, &text, error);

    if (status == PQE_OK && !pqe_decode_integer(text, least, most, number)) {
        status = not_of_type(result, row, column, type, error);
    }
    return status;
}

pqe_status pqe_get_int16(const pqe_result *result, size_t row, size_t column, int16_t *value,
                         pqe_error *error)
{
    int64_t number;
    pqe_status status = get_integer(result, row, column, INT16_MIN, INT16_MAX, value,
                                    "a whole number of 16 bits", &number, error);

    if (status == PQE_OK) {
        *value = (int16_t)number;
    }
    return status;
}

pqe_status pqe_get_int32(const pqe_result *result, size_t row, size_t column, int32_t *value,
                         pqe_error *error)
{
    int64_t number;
    pqe_status status = get_integer(result, row, column, INT32_MIN, INT32_MAX, value,
                                    "a whole number of 32 bits", &number, error);

    if (status == PQE_OK) {
        *value = (int32_t)number;
    }
    return status;
}

pqe_status pqe_get_int64(const pqe_result *result, size_t row, size_t column, int64_t *value,
                         pqe_error *error)
{
    int64_t number;
    pqe_status status = get_integer(result, row, column, INT64_MIN, INT64_MAX, value,
                                    "a whole number of 64 bits", &number, error);

    if (status == PQE_OK) {
        *value = number;
    }
    return status;
}

static bool decode_uuid(const char *text, pqe_uuid *value)
{
    return pqe_decode_uuid(text, value->bytes);
}

/* The getters whose decoder leaves the target alone where it fails. */
#define DEFINE_GETTER(name, type, decode, description)                                             \
    pqe_status pqe_get_##name(const pqe_result *result, size_t row, size_t column, type *value,    \
                              pqe_error *error)                                                    \
    {                                                                                              \
        const char *text;                                                                          \
        pqe_status status = find_text(result, row, column, value, false, &text, error);            \
                                                                                                   \
        if (status == PQE_OK && !decode(text, value)) {                                            \
            status = not_of_type(result, row, column, description, error);                         \
        }                                                                                          \
        return status;                                                                             \
    }

DEFINE_GETTER(bool, bool, pqe_decode_bool, "a boolean")
DEFINE_GETTER(float, float, pqe_decode_float, "a number that a float can hold")
DEFINE_GETTER(double, double, pqe_decode_double, "a number that a double can hold")
DEFINE_GETTER(uuid, pqe_uuid, decode_uuid, "a uuid")
DEFINE_GETTER(date, int32_t, pqe_decode_date, "a date (DateStyle must be ISO)")
DEFINE_GETTER(timestamp, int64_t, pqe_decode_timestamp, "a timestamp (DateStyle must be ISO)")
DEFINE_GETTER(time, int64_t, pqe_decode_time, "a time of day")

pqe_status pqe_get_text(const pqe_result *result, size_t row, size_t column, const char **value,
                        pqe_error *error)
{
    const char *text;
    pqe_status status = find_text(result, row, column, value, true, &text, error);

    if (value != NULL) {
        *value = text;
    }
    return status;
}

/* Decoded values are kept, so that they live as long as the result and are decoded once. */
static bytes *bytes_of(const pqe_result *constant, size_t row, size_t column, const char *text)
{
    pqe_result *result = (pqe_result *)constant;
    bytes *value;

    if (result->decoded == NULL) {
        result->decoded = calloc(result->columns, sizeof(bytes *));
    }
    if (result->decoded != NULL && result->decoded[column] == NULL) {
        result->decoded[column] = calloc(result->rows, sizeof(bytes));
    }
    if (result->decoded == NULL || result->decoded[column] == NULL) {
        return NULL;
    }
    value = &result->decoded[column][row];
    if (value->data == NULL) {
        value->data = PQunescapeBytea((const unsigned char *)text, &value->length);
    }
    return value->data != NULL ? value : NULL;
}

pqe_status pqe_get_bytes(const pqe_result *result, size_t row, size_t column, const uint8_t **value,
                         size_t *length, pqe_error *error)
{
    const char *text;
    const bytes *found;
    pqe_status status;

    if (value != NULL) {
        *value = NULL;
    }
    if (length != NULL) {
        *length = 0;
    }
    status = find_text(result, row, column, length != NULL ? value : NULL, true, &text, error);
    if (status != PQE_OK || text == NULL) {
        return status;
    }
    if (PQftype(result->pg, (int)column) != PQE_OID_BYTEA) {
        return not_of_type(result, row, column, "bytea", error);
    }
    found = bytes_of(result, row, column, text);
    if (found == NULL) {
        return pqe_error_no_memory(error);
    }
    *value = found->data;
    *length = found->length;
    return PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* Getters by name                                                                                */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status find_column(const pqe_result *result, const char *name, size_t *column,
                              pqe_error *error)
{
    int found;

    if (result == NULL || name == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             result == NULL ? "result" : "column");
    }
    found = pqe_result_column(result, name);
    if (found < 0) {
        return pqe_error_set(error, PQE_ERR_COLUMN, "the result has no column named \"%s\"", name);
    }
    *column = (size_t)found;
    return PQE_OK;
}

#define DEFINE_GETTER_BY_NAME(name, type)                                                          \
    pqe_status pqe_get_##name##_by_name(const pqe_result *result, size_t row, const char *column,  \
                                        type *value, pqe_error *error)                             \
    {                                                                                              \
        size_t number = 0;                                                                         \
        pqe_status status = find_column(result, column, &number, error);                           \
                                                                                                   \
        return status == PQE_OK ? pqe_get_##name(result, row, number, value, error) : status;      \
    }

DEFINE_GETTER_BY_NAME(bool, bool)
DEFINE_GETTER_BY_NAME(int16, int16_t)
DEFINE_GETTER_BY_NAME(int32, int32_t)
DEFINE_GETTER_BY_NAME(int64, int64_t)
DEFINE_GETTER_BY_NAME(float, float)
DEFINE_GETTER_BY_NAME(double, double)
DEFINE_GETTER_BY_NAME(uuid, pqe_uuid)
DEFINE_GETTER_BY_NAME(date, int32_t)
DEFINE_GETTER_BY_NAME(timestamp, int64_t)
DEFINE_GETTER_BY_NAME(time, int64_t)

pqe_status pqe_get_text_by_name(const pqe_result *result, size_t row, const char *column,
                                const char **value, pqe_error *error)
{
    size_t number = 0;
    pqe_status status = find_column(result, column, &number, error);

    if (status != PQE_OK) {
        if (value != NULL) {
            *value = NULL;
        }
        return status;
    }
    return pqe_get_text(result, row, number, value, error);
}

pqe_status pqe_get_bytes_by_name(const pqe_result *result, size_t row, const char *column,
                                 const uint8_t **value, size_t *length, pqe_error *error)
{
    size_t number = 0;
    pqe_status status = find_column(result, column, &number, error);

    if (status != PQE_OK) {
        if (value != NULL) {
            *value = NULL;
        }
        return status;
    }
    return pqe_get_bytes(result, row, number, value, length, error);
}
