/*
 * decode.h - from the server's text form of a value to a C value
 *
 * Each function returns false where the text is not of that type or out of the C type's range.
 */
#ifndef PQE_DECODE_H
#define PQE_DECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool pqe_decode_bool(const char *text, bool *value);
bool pqe_decode_integer(const char *text, int64_t least, int64_t most, int64_t *value);
bool pqe_decode_double(const char *text, double *value);
bool pqe_decode_float(const char *text, float *value);
bool pqe_decode_uuid(const char *text, uint8_t value[16]);
/* DateStyle ISO; units and infinities as in pqengine.h. */
bool pqe_decode_date(const char *text, int32_t *days);
bool pqe_decode_timestamp(const char *text, int64_t *microseconds);
bool pqe_decode_time(const char *text, int64_t *microseconds);

#endif /* PQE_DECODE_H */
