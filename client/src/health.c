/*
 * health.c - the thread that looks after idle connections
 */
#include "health.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "thread.h"

struct pqe_health {
    pqe_pool *pool;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    bool stopping; /* guarded by lock */
};

static void *run(void *argument)
{
    pqe_health *health = argument;
    int64_t interval_us = health->pool->engine->settings.config.health_check_interval_ms * 1000;

    pthread_mutex_lock(&health->lock);
    while (!health->stopping) {
        int64_t next = pqe_now_us() + interval_us;
        struct timespec until = {.tv_sec = next / 1000000, .tv_nsec = next % 1000000 * 1000};

        while (!health->stopping && pqe_now_us() < next) {
            (void)pthread_cond_timedwait(&health->stop, &health->lock, &until);
        }
        if (!health->stopping) {
            pthread_mutex_unlock(&health->lock);
            pqe_pool_tend(health->pool);
            pthread_mutex_lock(&health->lock);
        }
    }
    pthread_mutex_unlock(&health->lock);
    return NULL;
}

static void free_health(pqe_health *health)
{
    pthread_cond_destroy(&health->stop);
    pthread_mutex_destroy(&health->lock);
    free(health);
}

pqe_status pqe_health_start(pqe_pool *pool, pqe_health **health, pqe_error *error)
{
    pqe_health *made = calloc(1, sizeof(*made));
    pthread_condattr_t attributes;
    int failure;

    *health = NULL;
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    made->pool = pool;
    pthread_mutex_init(&made->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->stop, &attributes);
    pthread_condattr_destroy(&attributes);
    failure = pqe_thread_start(&made->thread, run, made);
    if (failure != 0) {
        free_health(made);
        return pqe_error_set(error, PQE_ERR_NO_MEMORY,
                             "the thread of the health monitor cannot be started: %s",
                             strerror(failure));
    }
    *health = made;
    return PQE_OK;
}

void pqe_health_stop(pqe_health *health)
{
    if (health == NULL) {
        return;
    }
    pthread_mutex_lock(&health->lock);
    health->stopping = true;
    pthread_cond_signal(&health->stop);
    pthread_mutex_unlock(&health->lock);
    pthread_join(health->thread, NULL);
    free_health(health);
}
