/*
 * support_async.c - what the tests of the asynchronous side share
 */
#include "support_async.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int ends_so_far;

static void note(support_end *end, pqe_status status, const pqe_error *error)
{
    end->times++;
    end->order = ++ends_so_far;
    end->status = status;
    end->error = *error;
    pthread_cond_broadcast(&changed);
}

void support_ended(void *data, pqe_status status, pqe_result *result, const pqe_error *error)
{
    support_end *end = data;

    pthread_mutex_lock(&lock);
    end->rows = pqe_result_rows(result);
    if (end->rows > 0 && pqe_result_columns(result) > 0) {
        (void)pqe_get_int64(result, 0, 0, &end->number, NULL);
    }
    if (end->keep) {
        end->result = result;
    } else {
        pqe_result_free(result);
    }
    note(end, status, error);
    pthread_mutex_unlock(&lock);
}

void support_acquired(void *data, pqe_status status, pqe_async_connection *connection,
                      const pqe_error *error)
{
    support_end *end = data;

    pthread_mutex_lock(&lock);
    end->handle = connection;
    note(end, status, error);
    pthread_mutex_unlock(&lock);
}

void support_begun(void *data, pqe_status status, pqe_async_transaction *transaction,
                   const pqe_error *error)
{
    support_end *end = data;

    pthread_mutex_lock(&lock);
    end->handle = transaction;
    note(end, status, error);
    pthread_mutex_unlock(&lock);
}

pqe_config support_async_config(int pool_size)
{
    pqe_config config = support_config();

    config.async = true;
    config.connect_at_start = true;
    config.pool_size = pool_size;
    return config;
}

pqe_async_id support_send(pqe_engine *engine, const char *sql, support_end *end)
{
    pqe_call call = PQE_CALL_INIT;
    pqe_async_id id = 0;
    pqe_error error;

    call.sql = sql;
    assert_ok(pqe_execute_async(engine, &call, support_ended, end, &id, &error), error);
    assert_true(id != 0);
    return id;
}

void support_await(support_end *ends, size_t count)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < count; i++) {
        while (ends[i].times == 0) {
            pthread_cond_wait(&changed, &lock);
        }
        assert_int_equal(ends[i].times, 1);
    }
    pthread_mutex_unlock(&lock);
}

void support_await_ok(support_end *end)
{
    support_await(end, 1);
    assert_ok(end->status, end->error);
}

void support_await_status(support_end *end, pqe_status status)
{
    support_await(end, 1);
    assert_status(status, end->status, end->error);
}
