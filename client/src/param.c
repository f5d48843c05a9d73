/*
 * param.c - typed parameters and how they go over the wire
 *
 * Numbers, bytea, uuid, dates, times and arrays are sent in binary format, which needs no quoting
 * and loses nothing; text goes as text with its type left to the server.
 */
#include "param.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "types.h"

static pqe_param integer_param(uint32_t oid, size_t length, int64_t value)
{
    pqe_param param = {.kind = PQE_PARAM_INT, .oid = oid, .length = length, .integer = value};

    return param;
}

static pqe_param pointer_param(pqe_param_kind kind, uint32_t oid, const void *pointer,
                               size_t length)
{
    pqe_param param = {.kind = kind, .oid = oid, .length = length, .pointer = pointer};

    if (pointer == NULL) {
        param.kind = PQE_PARAM_NULL;
    }
    return param;
}

static pqe_param text_param(uint32_t oid, const char *value)
{
    return pointer_param(PQE_PARAM_TEXT, oid, value, value != NULL ? strlen(value) : 0);
}

pqe_param pqe_param_null(void)
{
    return pointer_param(PQE_PARAM_NULL, 0, NULL, 0);
}

pqe_param pqe_param_bool(bool value)
{
    return integer_param(PQE_OID_BOOL, 1, value ? 1 : 0);
}

pqe_param pqe_param_int16(int16_t value)
{
    return integer_param(PQE_OID_INT2, 2, value);
}

pqe_param pqe_param_int32(int32_t value)
{
    return integer_param(PQE_OID_INT4, 4, value);
}

pqe_param pqe_param_int64(int64_t value)
{
    return integer_param(PQE_OID_INT8, 8, value);
}

pqe_param pqe_param_float(float value)
{
    pqe_param param = {
        .kind = PQE_PARAM_DOUBLE, .oid = PQE_OID_FLOAT4, .length = 4, .real = (double)value};

    return param;
}

pqe_param pqe_param_double(double value)
{
    pqe_param param = {.kind = PQE_PARAM_DOUBLE, .oid = PQE_OID_FLOAT8, .length = 8, .real = value};

    return param;
}

pqe_param pqe_param_text(const char *value)
{
    return text_param(0, value);
}

pqe_param pqe_param_typed(uint32_t oid, const char *value)
{
    return text_param(oid, value);
}

pqe_param pqe_param_bytes(const void *value, size_t length)
{
    return pointer_param(PQE_PARAM_BYTES, PQE_OID_BYTEA, value, length);
}

pqe_param pqe_param_uuid(const pqe_uuid *value)
{
    return pointer_param(PQE_PARAM_BYTES, PQE_OID_UUID, value, 16);
}

pqe_param pqe_param_numeric(const char *value)
{
    return text_param(PQE_OID_NUMERIC, value);
}

pqe_param pqe_param_json(const char *value)
{
    return text_param(PQE_OID_JSON, value);
}

pqe_param pqe_param_jsonb(const char *value)
{
    return text_param(PQE_OID_JSONB, value);
}

/*
 * The server counts from 2000-01-01.  Values so early that they would wrap around become its own
 * earliest and are refused by it as out of range.
 */
pqe_param pqe_param_date(int32_t days)
{
    int32_t value = days;

    if (days != INT32_MAX && days != INT32_MIN) {
        value = days < INT32_MIN + 1 + PQE_EPOCH_DAYS ? INT32_MIN + 1 : days - PQE_EPOCH_DAYS;
    }
    return integer_param(PQE_OID_DATE, 4, value);
}

static int64_t server_microseconds(int64_t microseconds)
{
    const int64_t shift = PQE_EPOCH_DAYS * INT64_C(86400000000);

    if (microseconds == INT64_MAX || microseconds == INT64_MIN) {
        return microseconds;
    }
    return microseconds < INT64_MIN + 1 + shift ? INT64_MIN + 1 : microseconds - shift;
}

pqe_param pqe_param_timestamptz(int64_t microseconds)
{
    return integer_param(PQE_OID_TIMESTAMPTZ, 8, server_microseconds(microseconds));
}

pqe_param pqe_param_timestamp(int64_t microseconds)
{
    return integer_param(PQE_OID_TIMESTAMP, 8, server_microseconds(microseconds));
}

pqe_param pqe_param_time(int64_t microseconds)
{
    return integer_param(PQE_OID_TIME, 8, microseconds);
}

/* An empty array may come with any pointer, and a NULL pointer is SQL NULL. */
pqe_param pqe_param_int32_array(const int32_t *values, size_t count)
{
    return pointer_param(PQE_PARAM_INT32_ARRAY, PQE_OID_INT4_ARRAY, values, count);
}

pqe_param pqe_param_int64_array(const int64_t *values, size_t count)
{
    return pointer_param(PQE_PARAM_INT64_ARRAY, PQE_OID_INT8_ARRAY, values, count);
}

pqe_param pqe_param_double_array(const double *values, size_t count)
{
    return pointer_param(PQE_PARAM_DOUBLE_ARRAY, PQE_OID_FLOAT8_ARRAY, values, count);
}

pqe_param pqe_param_text_array(const char *const *values, size_t count)
{
    return pointer_param(PQE_PARAM_TEXT_ARRAY, PQE_OID_TEXT_ARRAY, values, count);
}

pqe_param pqe_param_bool_array(const bool *values, size_t count)
{
    return pointer_param(PQE_PARAM_BOOL_ARRAY, PQE_OID_BOOL_ARRAY, values, count);
}

pqe_param pqe_param_uuid_array(const pqe_uuid *values, size_t count)
{
    return pointer_param(PQE_PARAM_UUID_ARRAY, PQE_OID_UUID_ARRAY, values, count);
}

pqe_param pqe_param_timestamptz_array(const int64_t *values, size_t count)
{
    return pointer_param(PQE_PARAM_TIMESTAMPTZ_ARRAY, PQE_OID_TIMESTAMPTZ_ARRAY, values, count);
}

pqe_param pqe_param_array(uint32_t oid, const char *const *values, size_t count)
{
    return pointer_param(PQE_PARAM_ARRAY, oid, values, count);
}

/* ---------------------------------------------------------------------------------------------- */
/* Encoding                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

static void put_integer(char *to, uint64_t value, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        to[i] = (char)(value >> (8 * (length - 1 - i)));
    }
}

static void append_integer(pqe_buffer *buffer, uint64_t value, size_t length)
{
    char bytes[8];

    put_integer(bytes, value, length);
    pqe_buffer_append_bytes(buffer, bytes, length);
}

static uint64_t bits_of_double(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static uint32_t bits_of_float(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

/* What an array in binary format is made of, by the parameter's kind. */
static const struct element {
    pqe_param_kind kind;
    uint32_t oid;
    size_t size; /* on the wire and in memory; 0: text, of any length */
} elements[] = {
    {PQE_PARAM_INT32_ARRAY, PQE_OID_INT4, 4},
    {PQE_PARAM_INT64_ARRAY, PQE_OID_INT8, 8},
    {PQE_PARAM_DOUBLE_ARRAY, PQE_OID_FLOAT8, 8},
    {PQE_PARAM_BOOL_ARRAY, PQE_OID_BOOL, 1},
    {PQE_PARAM_UUID_ARRAY, PQE_OID_UUID, 16},
    {PQE_PARAM_TIMESTAMPTZ_ARRAY, PQE_OID_TIMESTAMPTZ, 8},
    {PQE_PARAM_TEXT_ARRAY, PQE_OID_TEXT, 0},
};

static const struct element *find_element(pqe_param_kind kind)
{
    for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
        if (elements[i].kind == kind) {
            return &elements[i];
        }
    }
    return NULL;
}

static void append_text_element(pqe_buffer *to, const char *text)
{
    if (text == NULL) {
        append_integer(to, UINT32_MAX, 4);
    } else {
        append_integer(to, strlen(text), 4);
        pqe_buffer_append(to, text);
    }
}

static void append_element(pqe_buffer *to, const pqe_param *param, size_t at, size_t size)
{
    append_integer(to, size, 4);
    switch (param->kind) {
    case PQE_PARAM_INT32_ARRAY:
        append_integer(to, (uint32_t)((const int32_t *)param->pointer)[at], size);
        break;
    case PQE_PARAM_INT64_ARRAY:
        append_integer(to, (uint64_t)((const int64_t *)param->pointer)[at], size);
        break;
    case PQE_PARAM_DOUBLE_ARRAY:
        append_integer(to, bits_of_double(((const double *)param->pointer)[at]), size);
        break;
    case PQE_PARAM_BOOL_ARRAY:
        append_integer(to, ((const bool *)param->pointer)[at] ? 1 : 0, size);
        break;
    case PQE_PARAM_TIMESTAMPTZ_ARRAY:
        append_integer(to, (uint64_t)server_microseconds(((const int64_t *)param->pointer)[at]),
                       size);
        break;
    default:
        pqe_buffer_append_bytes(to, ((const pqe_uuid *)param->pointer)[at].bytes, size);
        break;
    }
}

/* The binary form of an array of one dimension: header, then each element behind its length. */
static void encode_array(pqe_buffer *to, const pqe_param *param, const struct element *element)
{
    const char *const *texts = param->pointer;
    bool has_null = false;

    for (size_t i = 0; element->size == 0 && i < param->length; i++) {
        has_null = has_null || texts[i] == NULL;
    }
    append_integer(to, param->length > 0 ? 1 : 0, 4);
    append_integer(to, has_null ? 1 : 0, 4);
    append_integer(to, element->oid, 4);
    if (param->length > 0) {
        append_integer(to, param->length, 4);
        append_integer(to, 1, 4); /* lower bound */
    }
    for (size_t i = 0; i < param->length; i++) {
        if (element->size == 0) {
            append_text_element(to, texts[i]);
        } else {
            append_element(to, param, i, element->size);
        }
    }
}

/* The text form of an array: {"a","b \"c\"",NULL}. */
static void encode_text_array(pqe_buffer *to, const pqe_param *param)
{
    const char *const *texts = param->pointer;

    pqe_buffer_append_char(to, '{');
    for (size_t i = 0; i < param->length; i++) {
        if (i > 0) {
            pqe_buffer_append_char(to, ',');
        }
        if (texts[i] == NULL) {
            pqe_buffer_append(to, "NULL");
            continue;
        }
        pqe_buffer_append_char(to, '"');
        for (const char *at = texts[i]; *at != '\0'; at++) {
            if (*at == '"' || *at == '\\') {
                pqe_buffer_append_char(to, '\\');
            }
            pqe_buffer_append_char(to, *at);
        }
        pqe_buffer_append_char(to, '"');
    }
    pqe_buffer_append_char(to, '}');
}

static pqe_status malformed(size_t at, pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_PARAMETER,
                         "parameter %zu was not made by one of the pqe_param functions", at + 1);
}

static pqe_status encode_array_param(pqe_encoded *encoded, size_t at, const pqe_param *param,
                                     pqe_error *error)
{
    const struct element *element = find_element(param->kind);
    pqe_buffer *buffer = &encoded->arrays[encoded->array_count];

    if (element == NULL && param->kind != PQE_PARAM_ARRAY) {
        return malformed(at, error);
    }
    encoded->array_count++;
    if (element != NULL) {
        encode_array(buffer, param, element);
    } else {
        encode_text_array(buffer, param);
    }
    if (pqe_buffer_failed(buffer)) {
        return pqe_error_no_memory(error);
    }
    if (buffer->length > INT32_MAX) {
        return pqe_error_set(error, PQE_ERR_PARAMETER,
                             "parameter %zu is larger than PostgreSQL can take", at + 1);
    }
    encoded->values[at] = buffer->data;
    encoded->lengths[at] = (int)buffer->length;
    return PQE_OK;
}

static pqe_status encode_one(pqe_encoded *encoded, size_t at, const pqe_param *param,
                             pqe_error *error)
{
    encoded->types[at] = param->oid;
    encoded->values[at] = NULL;
    encoded->lengths[at] = 0;
    encoded->formats[at] = param->kind == PQE_PARAM_TEXT || param->kind == PQE_PARAM_ARRAY ? 0 : 1;
    if (param->length > INT32_MAX) {
        return pqe_error_set(error, PQE_ERR_PARAMETER,
                             "parameter %zu is larger than PostgreSQL can take", at + 1);
    }
    switch (param->kind) {
    case PQE_PARAM_NULL:
        return PQE_OK;
    case PQE_PARAM_TEXT:
        /* libpq sends text up to its end, whatever length it is said to have */
        if (strlen(param->pointer) != param->length) {
            return pqe_error_set(error, PQE_ERR_PARAMETER,
                                 "parameter %zu is text of %zu bytes, but ends after %zu: it has "
                                 "a NUL byte, or changed since it was made",
                                 at + 1, param->length, strlen(param->pointer));
        }
        encoded->values[at] = param->pointer;
        return PQE_OK;
    case PQE_PARAM_BYTES:
        encoded->values[at] = param->pointer;
        encoded->lengths[at] = (int)param->length;
        return PQE_OK;
    case PQE_PARAM_INT:
        if (param->length > sizeof(encoded->scratch[at])) {
            return malformed(at, error);
        }
        put_integer(encoded->scratch[at], (uint64_t)param->integer, param->length);
        encoded->values[at] = encoded->scratch[at];
        encoded->lengths[at] = (int)param->length;
        return PQE_OK;
    case PQE_PARAM_DOUBLE:
        put_integer(encoded->scratch[at],
                    param->length == 4 ? bits_of_float((float)param->real)
                                       : bits_of_double(param->real),
                    param->length == 4 ? 4 : 8);
        encoded->values[at] = encoded->scratch[at];
        encoded->lengths[at] = param->length == 4 ? 4 : 8;
        return PQE_OK;
    default:
        return encode_array_param(encoded, at, param, error);
    }
}

static bool make_room(pqe_encoded *encoded, size_t count, size_t arrays)
{
    if (arrays > 0) {
        encoded->arrays = calloc(arrays, sizeof(pqe_buffer));
        if (encoded->arrays == NULL) {
            return false;
        }
    }
    if (count <= PQE_FEW_PARAMS) {
        encoded->types = encoded->few_types;
        encoded->values = encoded->few_values;
        encoded->lengths = encoded->few_lengths;
        encoded->formats = encoded->few_formats;
        encoded->scratch = encoded->few_scratch;
        return true;
    }
    /* pointers first: the alignment of what follows is then never too small */
    encoded->memory =
        calloc(count, sizeof(char *) + sizeof(char[8]) + sizeof(Oid) + 2 * sizeof(int));
    if (encoded->memory == NULL) {
        return false;
    }
    encoded->values = encoded->memory;
    encoded->scratch = (char(*)[8])(encoded->values + count);
    encoded->types = (Oid *)(encoded->scratch + count);
    encoded->lengths = (int *)(encoded->types + count);
    encoded->formats = encoded->lengths + count;
    return true;
}

pqe_status pqe_encode(pqe_encoded *encoded, const pqe_param *params, size_t count, pqe_error *error)
{
    size_t arrays = 0;

    encoded->count = (int)count;
    encoded->memory = NULL;
    encoded->arrays = NULL;
    encoded->array_count = 0;
    for (size_t i = 0; i < count; i++) {
        arrays += params[i].kind >= PQE_PARAM_INT64_ARRAY ? 1 : 0;
    }
    if (!make_room(encoded, count, arrays)) {
        pqe_encoded_free(encoded);
        return pqe_error_no_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        pqe_status status = encode_one(encoded, i, &params[i], error);

        if (status != PQE_OK) {
            pqe_encoded_free(encoded);
            return status;
        }
    }
    return PQE_OK;
}

void pqe_encoded_free(pqe_encoded *encoded)
{
    for (size_t i = 0; i < encoded->array_count; i++) {
        pqe_buffer_free(&encoded->arrays[i]);
    }
    free(encoded->arrays);
    free(encoded->memory);
    encoded->arrays = NULL;
    encoded->memory = NULL;
    encoded->array_count = 0;
}

/* ---------------------------------------------------------------------------------------------- */
/* Copying                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static bool is_of_texts(const pqe_param *param)
{
    return param->kind == PQE_PARAM_TEXT_ARRAY || param->kind == PQE_PARAM_ARRAY;
}

size_t pqe_param_extent(const pqe_param *param)
{
    const char *const *texts = param->pointer;
    const struct element *element;
    size_t size = param->length;

    if (param->pointer == NULL) {
        return 0;
    }
    element = find_element(param->kind);
    if (is_of_texts(param)) {
        size *= sizeof(char *);
        for (size_t i = 0; i < param->length; i++) {
            size += texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
        }
    } else if (element != NULL) {
        size *= element->size;
    }
    /* one byte more: text ends with one, and nothing is somewhere, too */
    return (size / _Alignof(max_align_t) + 1) * _Alignof(max_align_t);
}

/* The pointers, and behind them what they point to. */
static void move_texts(const pqe_param *param, char *memory)
{
    const char *const *texts = param->pointer;
    const char **copies = (const char **)memory;
    char *behind = memory + param->length * sizeof(char *);

    for (size_t i = 0; i < param->length; i++) {
        copies[i] = NULL;
        if (texts[i] != NULL) {
            size_t length = strlen(texts[i]) + 1;

            memcpy(behind, texts[i], length);
            copies[i] = behind;
            behind += length;
        }
    }
}

void pqe_param_move(pqe_param *param, void *memory)
{
    const struct element *element = find_element(param->kind);

    if (is_of_texts(param)) {
        move_texts(param, memory);
    } else {
        size_t size = element != NULL ? param->length * element->size : param->length;

        memcpy(memory, param->pointer, size);
        ((char *)memory)[size] = '\0';
    }
    param->pointer = memory;
}

bool pqe_param_copy(pqe_param *param, void **memory)
{
    size_t extent = pqe_param_extent(param);

    *memory = extent > 0 ? malloc(extent) : NULL;
    if (*memory != NULL) {
        pqe_param_move(param, *memory);
    }
    return extent == 0 || *memory != NULL;
}

/* ---------------------------------------------------------------------------------------------- */
/* Describing                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

/* The most of a text that is shown. */
#define SHOWN_TEXT 200

void pqe_param_describe(pqe_buffer *text, const pqe_param *param)
{
    switch (param->kind) {
    case PQE_PARAM_NULL:
        pqe_buffer_append(text, "NULL");
        break;
    case PQE_PARAM_TEXT: {
        size_t shown = param->length;

        if (shown > SHOWN_TEXT) {
            const char *bytes = param->pointer;

            shown = SHOWN_TEXT;
            while (shown > 0 && ((unsigned char)bytes[shown] & 0xC0) == 0x80) {
                shown--;
            }
        }
        pqe_buffer_append_char(text, '\'');
        pqe_buffer_append_bytes(text, param->pointer, shown);
        pqe_buffer_append(text, shown < param->length ? "...'" : "'");
        break;
    }
    case PQE_PARAM_INT:
        if (param->oid == PQE_OID_BOOL) {
            pqe_buffer_append(text, param->integer != 0 ? "true" : "false");
        } else if (param->oid == PQE_OID_TIME) {
            pqe_buffer_printf(text, "00:00 %+" PRId64 " us", param->integer);
        } else if (param->oid == PQE_OID_DATE || param->oid == PQE_OID_TIMESTAMP ||
                   param->oid == PQE_OID_TIMESTAMPTZ) {
            pqe_buffer_printf(text, "2000-01-01 %+" PRId64 "%s", param->integer,
                              param->oid == PQE_OID_DATE ? " days" : " us");
        } else {
            pqe_buffer_printf(text, "%" PRId64, param->integer);
        }
        break;
    case PQE_PARAM_DOUBLE:
        pqe_buffer_printf(text, "%.17g", param->real);
        break;
    case PQE_PARAM_BYTES:
        pqe_buffer_printf(text, "(%zu bytes)", param->length);
        break;
    default:
        pqe_buffer_printf(text, "(array of %zu)", param->length);
        break;
    }
}
