/*
 * fuzz_decode.c - any text is either a value within its type's range or none
 */
#include "fuzz.h"

#include <math.h>

#include "decode.h"

static void numbers(const char *text)
{
    int64_t integer;
    double number;
    float single;

    if (pqe_decode_integer(text, -100, 100, &integer)) {
        FUZZ_HOLDS(integer >= -100 && integer <= 100);
    }
    if (pqe_decode_integer(text, INT64_MIN, INT64_MAX, &integer)) {
        char printed[32];
        int64_t again;

        snprintf(printed, sizeof(printed), "%lld", (long long)integer);
        FUZZ_HOLDS(pqe_decode_integer(printed, INT64_MIN, INT64_MAX, &again));
        FUZZ_HOLDS(integer == again);
    }
    if (pqe_decode_double(text, &number) && !isnan(number)) {
        char printed[64];
        double again;

        snprintf(printed, sizeof(printed), "%.17g", number);
        if (!isinf(number)) {
            FUZZ_HOLDS(pqe_decode_double(printed, &again));
            FUZZ_HOLDS(number == again);
        }
    }
    (void)pqe_decode_float(text, &single);
}

static void times(const char *text)
{
    int32_t days;
    int64_t microseconds;

    (void)pqe_decode_date(text, &days);
    (void)pqe_decode_timestamp(text, &microseconds);
    if (pqe_decode_time(text, &microseconds)) {
        FUZZ_HOLDS(microseconds >= 0 && microseconds <= INT64_C(86400000000));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    uint8_t uuid[16];
    bool truth;

    numbers(text);
    times(text);
    (void)pqe_decode_bool(text, &truth);
    (void)pqe_decode_uuid(text, uuid);
    free(text);
    return 0;
}
