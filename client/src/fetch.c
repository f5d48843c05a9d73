/*
 * fetch.c - rows of a result onto structs
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "model.h"

/* The column of the result for each field of the model. */
typedef struct mapping {
    const pqe_model *model;
    const pqe_field *fields;
    size_t *columns;
    size_t few[32];
} mapping;

static void mapping_free(mapping *map)
{
    if (map->columns != map->few) {
        free(map->columns);
    }
}

static pqe_status mapping_init(mapping *map, const pqe_result *result, const pqe_model *model,
                               pqe_error *error)
{
    map->model = model;
    map->fields = model->fields();
    map->columns = map->few;
    if (model->field_count > sizeof(map->few) / sizeof(map->few[0])) {
        map->columns = calloc(model->field_count, sizeof(size_t));
        if (map->columns == NULL) {
            return pqe_error_no_memory(error);
        }
    }
    for (size_t i = 0; i < model->field_count; i++) {
        int column = pqe_result_column(result, map->fields[i].name);

        if (column < 0) {
            pqe_error_set(error, PQE_ERR_COLUMN,
                          "the result has no column \"%s\", which PQE_MODEL(%s) holds",
                          map->fields[i].name, model->name);
            mapping_free(map);
            return PQE_ERR_COLUMN;
        }
        map->columns[i] = (size_t)column;
    }
    return PQE_OK;
}

static pqe_status fetch_value(const pqe_result *result, size_t row, size_t column,
                              pqe_field_kind kind, void *to, pqe_error *error)
{
    switch (kind) {
    case PQE_FIELD_BOOL:
        return pqe_get_bool(result, row, column, to, error);
    case PQE_FIELD_INT16:
        return pqe_get_int16(result, row, column, to, error);
    case PQE_FIELD_INT32:
        return pqe_get_int32(result, row, column, to, error);
    case PQE_FIELD_INT64:
        return pqe_get_int64(result, row, column, to, error);
    case PQE_FIELD_FLOAT:
        return pqe_get_float(result, row, column, to, error);
    case PQE_FIELD_DOUBLE:
        return pqe_get_double(result, row, column, to, error);
    case PQE_FIELD_TEXT:
        return pqe_get_text(result, row, column, to, error);
    case PQE_FIELD_BYTES: {
        pqe_bytes *bytes = to;

        return pqe_get_bytes(result, row, column, &bytes->data, &bytes->length, error);
    }
    case PQE_FIELD_UUID:
        return pqe_get_uuid(result, row, column, to, error);
    case PQE_FIELD_DATE:
        return pqe_get_date(result, row, column, to, error);
    case PQE_FIELD_TIMESTAMP:
        return pqe_get_timestamp(result, row, column, to, error);
    case PQE_FIELD_TIME:
        return pqe_get_time(result, row, column, to, error);
    }
    return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                         "the model has a field of unknown kind %d", (int)kind);
}

static pqe_status fetch_field(const mapping *map, size_t at, const pqe_result *result, size_t row,
                              char *structure, pqe_error *error)
{
    const pqe_field *field = &map->fields[at];
    size_t column = map->columns[at];
    char *member = structure + field->offset;
    bool null = pqe_is_null(result, row, column);
    bool *has_value;
    void *to = member;

    if (null && pqe_field_is_pointer(field) && !field->optional) {
        return pqe_error_set(error, PQE_ERR_NULL_VALUE,
                             "column \"%s\" is NULL in row %zu, but PQE_MODEL(%s) does not have it "
                             "as optional",
                             field->name, row, map->model->name);
    }
    if (field->optional && !pqe_field_is_pointer(field)) {
        to = pqe_field_optional(field, member, &has_value);
        *has_value = !null;
        if (null) {
            return PQE_OK;
        }
    }
    return fetch_value(result, row, column, field->kind, to, error);
}

static pqe_status fetch_row(const mapping *map, const pqe_result *result, size_t row,
                            void *structure, pqe_error *error)
{
    memset(structure, 0, map->model->struct_size);
    for (size_t i = 0; i < map->model->field_count; i++) {
        pqe_status status = fetch_field(map, i, result, row, structure, error);

        if (status != PQE_OK) {
            return status;
        }
    }
    return pqe_error_clear(error);
}

static pqe_status check_arguments(const pqe_result *result, const pqe_model *model,
                                  const void *target, pqe_error *error)
{
    pqe_status status = pqe_model_check(model, error);

    if (status == PQE_OK && (result == NULL || target == NULL)) {
        status = pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                               result == NULL ? "result" : "the target");
    }
    return status;
}

pqe_status pqe_fetch_struct(const pqe_result *result, size_t row, const pqe_model *model,
                            void *structure, pqe_error *error)
{
    mapping map;
    pqe_status status = check_arguments(result, model, structure, error);

    if (status != PQE_OK) {
        return status;
    }
    if (row >= pqe_result_rows(result)) {
        return pqe_error_set(error, PQE_ERR_COLUMN,
                             "there is no row %zu: the result has %zu, counted from 0", row,
                             pqe_result_rows(result));
    }
    status = mapping_init(&map, result, model, error);
    if (status == PQE_OK) {
        status = fetch_row(&map, result, row, structure, error);
        mapping_free(&map);
    }
    return status;
}

/* Bytes that a row's text and bytea take up behind the array. */
static void row_extra(const mapping *map, const char *structure, size_t *extra)
{
    for (size_t i = 0; i < map->model->field_count; i++) {
        const char *member = structure + map->fields[i].offset;

        if (map->fields[i].kind == PQE_FIELD_TEXT) {
            const char *text = *(const char *const *)(const void *)member;

            *extra += text != NULL ? strlen(text) + 1 : 0;
        } else if (map->fields[i].kind == PQE_FIELD_BYTES) {
            *extra += ((const pqe_bytes *)(const void *)member)->length + 1;
        }
    }
}

/* Moves what a row points to behind the array, and points there. */
static void own_row(const mapping *map, char *structure, char **behind)
{
    for (size_t i = 0; i < map->model->field_count; i++) {
        char *member = structure + map->fields[i].offset;

        if (map->fields[i].kind == PQE_FIELD_TEXT) {
            const char **text = (const char **)(void *)member;

            if (*text != NULL) {
                size_t size = strlen(*text) + 1;

                memcpy(*behind, *text, size);
                *text = *behind;
                *behind += size;
            }
        } else if (map->fields[i].kind == PQE_FIELD_BYTES) {
            pqe_bytes *bytes = (pqe_bytes *)(void *)member;

            if (bytes->data != NULL) {
                /* one byte more, so that an empty value, too, has a place of its own */
                memcpy(*behind, bytes->data, bytes->length);
                bytes->data = (const uint8_t *)*behind;
                *behind += bytes->length + 1;
            }
        }
    }
}

static pqe_status fetch_rows(const mapping *map, const pqe_result *result, void **array,
                             pqe_error *error)
{
    size_t rows = pqe_result_rows(result);
    size_t size = map->model->struct_size;
    size_t extra = 0;
    char *block = calloc(rows > 0 ? rows : 1, size);
    char *whole;
    char *behind;

    if (block == NULL) {
        return pqe_error_no_memory(error);
    }
    for (size_t row = 0; row < rows; row++) {
        pqe_status status = fetch_row(map, result, row, block + row * size, error);

        if (status != PQE_OK) {
            free(block);
            return status;
        }
        row_extra(map, block + row * size, &extra);
    }
    whole = extra > 0 ? realloc(block, rows * size + extra) : block;
    if (whole == NULL) {
        free(block);
        return pqe_error_no_memory(error);
    }
    behind = whole + rows * size;
    for (size_t row = 0; row < rows; row++) {
        own_row(map, whole + row * size, &behind);
    }
    *array = whole;
    return PQE_OK;
}

pqe_status pqe_fetch_all(const pqe_result *result, const pqe_model *model, void **array,
                         size_t *count, pqe_error *error)
{
    mapping map;
    pqe_status status = check_arguments(result, model, count != NULL ? array : NULL, error);

    if (array != NULL) {
        *array = NULL;
    }
    if (status == PQE_OK) {
        status = mapping_init(&map, result, model, error);
    }
    if (status == PQE_OK) {
        status = fetch_rows(&map, result, array, error);
        mapping_free(&map);
    }
    if (status == PQE_OK) {
        *count = pqe_result_rows(result);
        pqe_error_clear(error);
    }
    return status;
}
