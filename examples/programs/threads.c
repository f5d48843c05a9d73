/*
 * threads.c - several threads on one engine: a transfer between accounts as a transaction that is
 * begun again where two threads were in each other's way
 */
#include "common.h"

#include <pthread.h>

#define THREADS 4
#define TRANSFERS 50

typedef struct transfer {
    int64_t from;
    int64_t to;
} transfer;

/* The work of one transaction; whatever fails in it is rolled back by its return value. */
static pqe_status move_money(pqe_transaction *transaction, void *data, pqe_error *error)
{
    static const char sql[] = "UPDATE accounts SET balance = balance + %s WHERE id = %s";
    const transfer *self = data;
    pqe_status status = pqe_transaction_execute(
        transaction, sql, PQE_PARAMS(PQE_INT32(-1), PQE_INT64(self->from)), NULL, error);

    if (status == PQE_OK) {
        status = pqe_transaction_execute(
            transaction, sql, PQE_PARAMS(PQE_INT32(1), PQE_INT64(self->to)), NULL, error);
    }
    return status;
}

/* Each thread moves money along a circle of its own: deadlocks happen, and are seen by nobody. */
static void *work(void *argument)
{
    pqe_engine *engine = argument;
    pqe_transaction_options options = PQE_TRANSACTION_OPTIONS_INIT;
    pqe_error error;

    options.isolation = PQE_ISOLATION_SERIALIZABLE;
    options.max_retries = 1000;
    for (int i = 0; i < TRANSFERS; i++) {
        transfer one = {i % 3 + 1, (i + 1) % 3 + 1};

        check(pqe_transaction_run(engine, &options, move_money, &one, &error), &error,
              "moving money");
    }
    return NULL;
}

/* Several statements that need one session, and a savepoint. */
static void by_hand(pqe_engine *engine)
{
    pqe_transaction *transaction;
    pqe_connection *connection;
    pqe_error error;

    check(pqe_acquire(engine, "by hand", &connection, &error), &error, "acquiring");
    check(pqe_connection_execute(connection, "SET work_mem = '8MB'", PQE_NO_PARAMS, NULL, &error),
          &error, "setting");
    check(pqe_release(connection, &error), &error, "releasing");

    check(pqe_transaction_begin(engine, NULL, &transaction, &error), &error, "beginning");
    check(pqe_savepoint(transaction, "before", &error), &error, "saving");
    if (pqe_transaction_execute(transaction, "INSERT INTO accounts VALUES (1, 0)", PQE_NO_PARAMS,
                                NULL, &error) != PQE_OK) {
        printf("refused: %s (%s)\n", error.message, error.sqlstate);
        check(pqe_rollback_to(transaction, "before", &error), &error, "going back");
    }
    check(pqe_transaction_execute(transaction, "INSERT INTO accounts VALUES (4, 0)", PQE_NO_PARAMS,
                                  NULL, &error),
          &error, "inserting");
    check(pqe_transaction_commit(transaction, &error), &error, "committing");
}

int main(void)
{
    pqe_engine *engine = open_engine(THREADS);
    pthread_t threads[THREADS];
    pqe_result *result;
    pqe_error error;
    int64_t accounts = 0;
    int64_t sum = 0;

    run(engine, "DROP TABLE IF EXISTS accounts");
    run(engine, "CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL)");
    run(engine, "INSERT INTO accounts VALUES (1, 100), (2, 100), (3, 100)");
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, work, engine) != 0) {
            return 1;
        }
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    by_hand(engine);
    check(pqe_execute(engine,
                      "SELECT count(*) AS accounts, sum(balance)::bigint AS sum FROM accounts",
                      PQE_NO_PARAMS, &result, &error),
          &error, "reading");
    check(pqe_get_int64_by_name(result, 0, "accounts", &accounts, &error), &error, "accounts");
    check(pqe_get_int64_by_name(result, 0, "sum", &sum, &error), &error, "sum");
    pqe_result_free(result);
    printf("%d transfers; %lld accounts, %lld in all\n", THREADS * TRANSFERS, (long long)accounts,
           (long long)sum);
    run(engine, "DROP TABLE accounts");
    check(pqe_dispose(engine, &error), &error, "disposing");
    pqe_free_engine(engine);
    return 0;
}
