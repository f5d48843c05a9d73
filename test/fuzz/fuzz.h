/*
 * fuzz.h - what the fuzz targets share
 *
 * Each fuzz_*.c is a libFuzzer program over one entry of the client that reads text from outside.
 * A target does more than wait for a crash: it states what must hold for every input, and stops the
 * run with FUZZ_HOLDS where that does not.
 */
#ifndef PQE_FUZZ_H
#define PQE_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer calls with every input; 0 always. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the fuzzer, which then keeps the input. */
#define FUZZ_HOLDS(condition)                                                                      \
    ((condition) ? (void)0 : fuzz_does_not_hold(#condition, __FILE__, __LINE__))

static inline void fuzz_does_not_hold(const char *condition, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
    abort();
}

/* The input as a string of its own size, so that a read beyond its end is seen; free() it. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
    size_t length = size == 0 ? 0 : strnlen((const char *)data, size);
    char *text = malloc(length + 1);

    FUZZ_HOLDS(text != NULL);
    if (length > 0) {
        memcpy(text, data, length);
    }
    text[length] = '\0';
    return text;
}

#endif /* PQE_FUZZ_H */
