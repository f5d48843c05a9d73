/*
 * model_field.c - the members of a model's struct
 */
#include <string.h>
#include <strings.h>

#include "model.h"

bool pqe_field_is_pointer(const pqe_field *field)
{
    return field->kind == PQE_FIELD_TEXT || field->kind == PQE_FIELD_BYTES;
}

void *pqe_field_optional(const pqe_field *field, void *member, bool **has_value)
{
    size_t offset = 0;

    switch (field->kind) {
    case PQE_FIELD_BOOL:
        offset = offsetof(pqe_opt_bool, value);
        break;
    case PQE_FIELD_INT16:
        offset = offsetof(pqe_opt_int16, value);
        break;
    case PQE_FIELD_INT32:
    case PQE_FIELD_DATE:
        offset = offsetof(pqe_opt_int32, value);
        break;
    case PQE_FIELD_INT64:
    case PQE_FIELD_TIMESTAMP:
    case PQE_FIELD_TIME:
        offset = offsetof(pqe_opt_int64, value);
        break;
    case PQE_FIELD_FLOAT:
        offset = offsetof(pqe_opt_float, value);
        break;
    case PQE_FIELD_DOUBLE:
        offset = offsetof(pqe_opt_double, value);
        break;
    case PQE_FIELD_UUID:
        offset = offsetof(pqe_opt_uuid, value);
        break;
    case PQE_FIELD_TEXT:
    case PQE_FIELD_BYTES:
        break;
    }
    /* has_value is the first member of each of them */
    *has_value = member;
    return (char *)member + offset;
}

/* A moment goes as what its column is, lest the server convert it by the session's time zone. */
static bool has_time_zone(const char *sql_type)
{
    return strncasecmp(sql_type, "timestamptz", 11) == 0 ||
           strstr(sql_type, "with time zone") != NULL;
}

pqe_param pqe_field_param(const pqe_field *field, const void *structure)
{
    char *member = (char *)structure + field->offset;
    const void *value = member;

    if (field->optional && !pqe_field_is_pointer(field)) {
        bool *has_value;

        value = pqe_field_optional(field, member, &has_value);
        if (!*has_value) {
            return pqe_param_null();
        }
    }
    switch (field->kind) {
    case PQE_FIELD_BOOL:
        return pqe_param_bool(*(const bool *)value);
    case PQE_FIELD_INT16:
        return pqe_param_int16(*(const int16_t *)value);
    case PQE_FIELD_INT32:
        return pqe_param_int32(*(const int32_t *)value);
    case PQE_FIELD_INT64:
        return pqe_param_int64(*(const int64_t *)value);
    case PQE_FIELD_FLOAT:
        return pqe_param_float(*(const float *)value);
    case PQE_FIELD_DOUBLE:
        return pqe_param_double(*(const double *)value);
    case PQE_FIELD_TEXT:
        return pqe_param_text(*(const char *const *)value);
    case PQE_FIELD_BYTES:
        return pqe_param_bytes(((const pqe_bytes *)value)->data,
                               ((const pqe_bytes *)value)->length);
    case PQE_FIELD_UUID:
        return pqe_param_uuid(value);
    case PQE_FIELD_DATE:
        return pqe_param_date(*(const int32_t *)value);
    case PQE_FIELD_TIMESTAMP:
        return has_time_zone(field->sql_type) ? pqe_param_timestamptz(*(const int64_t *)value)
                                              : pqe_param_timestamp(*(const int64_t *)value);
    case PQE_FIELD_TIME:
        return pqe_param_time(*(const int64_t *)value);
    }
    return pqe_param_null();
}
