/*
 * cancel.c - cancelling a running statement, and giving a connection up
 *
 * PQcancel opens a connection of its own and blocks until the server has closed it, for as long as
 * the network pleases.  A deadline must hold, so it runs in a thread that is left to itself where
 * it takes too long.  The thread touches nothing but its own job, which the last of the two frees.
 */
#include "cancel.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

struct pqe_cancel_job {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    PGcancel *cancel;
    bool done;
    bool accepted;
    int holders; /* the caller and the thread; guarded by lock */
};

static pqe_cancel_job *job_new(PGconn *connection)
{
    pqe_cancel_job *job = calloc(1, sizeof(*job));
    pthread_condattr_t attributes;

    if (job == NULL) {
        return NULL;
    }
    job->cancel = PQgetCancel(connection);
    if (job->cancel == NULL) {
        free(job);
        return NULL;
    }
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&job->ended, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&job->lock, NULL);
    job->holders = 2;
    return job;
}

/* Gives up one of the two holds; call with the lock held, which is gone afterwards. */
static void job_leave(pqe_cancel_job *job)
{
    bool last = --job->holders == 0;

    pthread_mutex_unlock(&job->lock);
    if (last) {
        PQfreeCancel(job->cancel);
        pthread_cond_destroy(&job->ended);
        pthread_mutex_destroy(&job->lock);
        free(job);
    }
}

static void *run_job(void *argument)
{
    pqe_cancel_job *job = argument;
    char words[256];
    bool accepted = PQcancel(job->cancel, words, sizeof(words)) != 0;

    pthread_mutex_lock(&job->lock);
    job->accepted = accepted;
    job->done = true;
    pthread_cond_signal(&job->ended);
    job_leave(job);
    return NULL;
}

pqe_cancel_job *pqe_cancel_begin(PGconn *connection)
{
    pqe_cancel_job *job = job_new(connection);
    pthread_t thread;

    if (job != NULL && pthread_create(&thread, NULL, run_job, job) != 0) {
        pthread_mutex_lock(&job->lock);
        job->holders = 1;
        job_leave(job);
        return NULL;
    }
    if (job != NULL) {
        pthread_detach(thread);
    }
    return job;
}

bool pqe_cancel_wait(pqe_cancel_job *job, pqe_deadline deadline)
{
    struct timespec until = {.tv_sec = deadline / 1000000, .tv_nsec = deadline % 1000000 * 1000};
    bool accepted;
    int waited = 0;

    pthread_mutex_lock(&job->lock);
    while (!job->done && waited == 0) {
        waited = pthread_cond_timedwait(&job->ended, &job->lock, &until);
    }
    accepted = job->done && job->accepted;
    job_leave(job);
    return accepted;
}

bool pqe_cancel(PGconn *connection, pqe_deadline deadline)
{
    pqe_cancel_job *job = pqe_cancel_begin(connection);

    return job != NULL && pqe_cancel_wait(job, deadline);
}

void pqe_break(PGconn *connection)
{
    int socket = PQsocket(connection);

    if (socket >= 0) {
        shutdown(socket, SHUT_RDWR);
        /* libpq notices the end of the stream only by reading up to it. */
        int more = 1;

        while (more && PQstatus(connection) != CONNECTION_BAD) {
            more = PQconsumeInput(connection);
        }
    }
}
