/*
 * support_async.h - what the tests of the asynchronous side share
 */
#ifndef PQE_TEST_SUPPORT_ASYNC_H
#define PQE_TEST_SUPPORT_ASYNC_H

#include "support.h"

/* How one call ended.  The first members are for the callback; read them after support_await. */
typedef struct support_end {
    int times; /* the callback was called */
    int order; /* among all ends, from 1 */
    pqe_status status;
    pqe_error error;
    int64_t number; /* the first value of the result */
    size_t rows;
    void *handle;       /* what was acquired or begun */
    pqe_result *result; /* where keep is set */
    bool keep;
} support_end;

/* Callbacks whose data is a support_end. */
void support_ended(void *data, pqe_status status, pqe_result *result, const pqe_error *error);
void support_acquired(void *data, pqe_status status, pqe_async_connection *connection,
                      const pqe_error *error);
void support_begun(void *data, pqe_status status, pqe_async_transaction *transaction,
                   const pqe_error *error);

/* An asynchronous engine with so many connections, in a thread of its own. */
pqe_config support_async_config(int pool_size);

/* Executes a statement without parameters; fails where it is not taken. */
pqe_async_id support_send(pqe_engine *engine, const char *sql, support_end *end);

/* Waits until that many callbacks have been called for these; fails where one is called twice. */
void support_await(support_end *ends, size_t count);

/* Waits until one has ended, and fails unless it ended so. */
void support_await_ok(support_end *end);
void support_await_status(support_end *end, pqe_status status);

#endif /* PQE_TEST_SUPPORT_ASYNC_H */
