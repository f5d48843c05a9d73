/*
 * fuzz_config.c - any DSN with any options is either taken or refused by name, and leaks nothing
 *
 * The first bytes set options, the rest is the DSN.  No connection is made.
 */
#include "fuzz.h"

#include "config.h"

/* The next byte of the input, as a value at or beyond the edge of what is allowed. */
static int64_t next_value(const uint8_t **data, size_t *size)
{
    static const int64_t values[] = {0,         1,         2,       -1,        100,
                                     101,       65535,     65536,   INT32_MAX, INT32_MIN,
                                     INT64_MAX, INT64_MIN, 1000000, 20};
    uint8_t byte = 0;

    if (*size > 0) {
        byte = **data;
        (*data)++;
        (*size)--;
    }
    return values[byte % (sizeof(values) / sizeof(values[0]))];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pqe_config config = PQE_CONFIG_INIT;
    pqe_settings settings;
    pqe_error error;
    char *dsn;

    if (size > 0 && (*data & 1) != 0) {
        config.pool_size = (int)next_value(&data, &size);
        config.max_pool_size = (int)next_value(&data, &size);
        config.port = (int)next_value(&data, &size);
        config.connection_timeout_ms = next_value(&data, &size);
        config.pool_recycle_jitter = (int)next_value(&data, &size);
        config.query_trace_size = (int)next_value(&data, &size);
        config.pool_reset = (pqe_reset)(next_value(&data, &size) & 7);
    }
    dsn = fuzz_string(data, size);
    config.dsn = dsn;
    if (pqe_settings_init(&settings, &config, &error) == PQE_OK) {
        char *database = pqe_settings_database(&settings);

        FUZZ_HOLDS(settings.config.dsn != dsn); /* copied */
        FUZZ_HOLDS(settings.config.max_pool_size >= settings.config.pool_size);
        free(database);
        pqe_settings_free(&settings);
    } else {
        FUZZ_HOLDS(error.code == PQE_ERR_CONFIG);
        FUZZ_HOLDS(error.message[0] != '\0');
    }
    free(dsn);
    return 0;
}
