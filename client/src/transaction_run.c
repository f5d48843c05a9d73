/*
 * transaction_run.c - a transaction around a callback, begun again where the server asks for it
 */
#include <string.h>
#include <time.h>

#include "error.h"
#include "query.h"
#include "transaction.h"

/* What PostgreSQL asks its callers to try again: serialization failure and deadlock. */
static bool is_passing(const char *sqlstate)
{
    return strcmp(sqlstate, "40001") == 0 || strcmp(sqlstate, "40P01") == 0;
}

/*
 * One attempt.  *again: it failed for a reason that may pass.  The reason is the server's, whatever
 * the body makes of it.
 */
static pqe_status attempt(pqe_engine *engine, const pqe_transaction_options *options,
                          pqe_transaction_body body, void *data, bool *again, pqe_error *error)
{
    pqe_transaction *transaction;
    pqe_error own = PQE_ERROR_INIT;
    char cause[6];
    pqe_status status = pqe_transaction_begin(engine, options, &transaction, error);

    *again = false;
    if (status != PQE_OK) {
        return status;
    }
    status = body(transaction, data, &own);
    pqe_transaction_cause(transaction, cause);
    *again = is_passing(cause);
    if (status == PQE_OK) {
        status = pqe_transaction_commit(transaction, error);
        *again = *again || (status != PQE_OK && is_passing(error->sqlstate));
        return status;
    }
    if (own.message[0] == '\0') {
        pqe_error_set(&own, status, "the transaction was rolled back at its body's wish");
    }
    own.code = status;
    pqe_error_copy(error, &own);
    /* Where that fails the connection is lost, and the server rolls back by itself. */
    (void)pqe_transaction_rollback(transaction, NULL);
    return status;
}

/* Between half of the delay and all of it, so that those who met do not meet again. */
static void pause_before(const pqe_engine *engine, int retry)
{
    int64_t delay_us = engine->settings.config.retry_delay_ms * 1000;
    uint64_t random = (uint64_t)pqe_now_us() ^ (uint64_t)(uintptr_t)&random;
    struct timespec pause;

    for (int i = 0; i < retry && delay_us < 60000000; i++) {
        delay_us *= 2;
    }
    random = (random ^ (random >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    random = (random ^ (random >> 27)) * UINT64_C(0x94D049BB133111EB);
    delay_us -= (int64_t)((random >> 33) % (uint64_t)(delay_us / 2 + 1));
    pause.tv_sec = delay_us / 1000000;
    pause.tv_nsec = delay_us % 1000000 * 1000;
    nanosleep(&pause, NULL);
}

pqe_status pqe_transaction_run(pqe_engine *engine, const pqe_transaction_options *options,
                               pqe_transaction_body body, void *data, pqe_error *error)
{
    static const pqe_transaction_options defaults = PQE_TRANSACTION_OPTIONS_INIT;
    pqe_error own;
    pqe_status status = pqe_engine_check(engine, error);
    bool again = true;

    if (status != PQE_OK) {
        return status;
    }
    if (body == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "body is NULL");
    }
    if (options == NULL) {
        options = &defaults;
    }
    for (int tried = 1;; tried++) {
        status = attempt(engine, options, body, data, &again, &own);
        if (status == PQE_OK || !again || tried > options->max_retries) {
            if (again && status != PQE_OK && tried > 1) {
                pqe_error_hint(&own, "The transaction was tried %d times; see max_retries.", tried);
            }
            break;
        }
        pqe_log(&engine->settings, PQE_LOG_DEBUG, "a transaction begins again: %s", own.message);
        pause_before(engine, tried - 1);
    }
    pqe_error_copy(error, &own);
    return status;
}
