/*
 * test_pool_crowd.c - the pool under many threads, also while its sessions are ended
 */
#include "support.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

typedef struct spinner {
    pthread_t thread;
    pqe_engine *engine;
    atomic_int *inside;
    int most;
    int rounds;
} spinner;

static void *spin(void *argument)
{
    spinner *self = argument;

    for (int i = 0; i < self->rounds; i++) {
        pqe_connection *connection = support_acquire(self->engine, "spinner");
        int inside = atomic_fetch_add(self->inside, 1) + 1;

        self->most = inside > self->most ? inside : self->most;
        if (i % 64 == 0) {
            sched_yield();
        }
        atomic_fetch_sub(self->inside, 1);
        support_release(connection);
    }
    return NULL;
}

/* No connection is ever given to two, none is lost, and everybody gets one. */
static void taking_and_giving_in_a_hurry(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    spinner spinners[8];
    atomic_int inside = 0;
    pqe_pool_metrics pool;
    int most = 0;

    (void)state;
    config.pool_size = 3;
    config.connect_at_start = true;
    config.health_check_enabled = true;
    config.health_check_interval_ms = 1;
    engine = support_engine(&config);
    for (int i = 0; i < 8; i++) {
        spinners[i] = (spinner){.engine = engine, .inside = &inside, .rounds = 5000};
        assert_int_equal(pthread_create(&spinners[i].thread, NULL, spin, &spinners[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(spinners[i].thread, NULL);
        most = spinners[i].most > most ? spinners[i].most : most;
    }
    assert_in_range(most, 1, 3);
    do {
        /* the monitor may just have one */
        pool = support_gauges(engine);
    } while (pool.active > 0 || pool.opening > 0);
    assert_true(pool.acquired >= 40000);
    assert_int_equal(pool.active, 0);
    assert_int_equal(pool.waiting, 0);
    assert_int_equal(pool.size, 3);
    pqe_free_engine(engine);
}

#define THREADS 16
#define ROUNDS 60

typedef struct worker {
    pthread_t thread;
    pqe_engine *engine;
    int number;
} worker;

static void *work(void *argument)
{
    worker *self = argument;

    for (int i = 0; i < ROUNDS; i++) {
        int64_t wanted = (int64_t)self->number * ROUNDS + i;
        pqe_result *result;
        pqe_error error;
        int64_t value = -1;

        if (i % 3 == 0) {
            pqe_connection *connection = support_acquire(self->engine, "worker");

            assert_ok(pqe_connection_execute(connection, "SELECT %s", PQE_PARAMS(PQE_INT64(wanted)),
                                             &result, &error),
                      error);
            support_release(connection);
        } else {
            assert_ok(pqe_execute(self->engine, "SELECT %s", PQE_PARAMS(PQE_INT64(wanted)), &result,
                                  &error),
                      error);
        }
        assert_ok(pqe_get_int64(result, 0, 0, &value, &error), error);
        assert_true(value == wanted);
        pqe_result_free(result);
    }
    return NULL;
}

static void many_threads_on_few_connections(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    worker workers[THREADS];
    pqe_pool_metrics pool;

    (void)state;
    config.pool_size = 3;
    config.health_check_enabled = true;
    config.health_check_interval_ms = 5;
    engine = support_engine(&config);
    for (int i = 0; i < THREADS; i++) {
        workers[i].engine = engine;
        workers[i].number = i;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    pool = support_gauges(engine);
    assert_in_range(pool.size, 1, 3);
    assert_int_equal(pool.waiting, 0);
    assert_true(pool.acquired >= (uint64_t)THREADS * ROUNDS);
    pqe_free_engine(engine);
}

/* Sessions are ended all the time; every call ends, and in the end the pool is whole. */
static void *stumble(void *argument)
{
    worker *self = argument;

    for (int i = 0; i < ROUNDS; i++) {
        pqe_error error;
        pqe_status status =
            pqe_execute(self->engine, "SELECT pg_sleep(0.001)", PQE_NO_PARAMS, NULL, &error);

        if (status != PQE_OK && status != PQE_ERR_CONNECTION) {
            fail_msg("%s: %s", pqe_status_name(status), error.message);
        }
    }
    return NULL;
}

static void a_storm_of_terminations(void **state)
{
    pqe_config config = support_config();
    pqe_engine *admin = support_engine(NULL);
    pqe_engine *engine;
    worker workers[8];

    (void)state;
    config.application_name = "test_storm";
    engine = support_engine(&config);
    for (int i = 0; i < 8; i++) {
        workers[i].engine = engine;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, stumble, &workers[i]), 0);
    }
    for (int i = 0; i < 20; i++) {
        support_run(admin, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                           "WHERE application_name = 'test_storm'");
        usleep(2000);
    }
    for (int i = 0; i < 8; i++) {
        pthread_join(workers[i].thread, NULL);
    }
    for (int i = 0; i < 8; i++) {
        pqe_error error;

        /* the last termination may still be found by these */
        if (pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error) == PQE_OK) {
            break;
        }
    }
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    assert_int_equal(support_gauges(engine).active, 0);
    assert_int_equal(support_gauges(engine).waiting, 0);
    pqe_free_engine(engine);
    pqe_free_engine(admin);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(taking_and_giving_in_a_hurry),
        cmocka_unit_test(many_threads_on_few_connections),
        cmocka_unit_test(a_storm_of_terminations),
    };

    return cmocka_run_group_tests_name("pool_crowd", tests, support_need_server, NULL);
}
