/*
 * errand.h - work that blocks, in a thread of its own
 *
 * libuv's own pool of threads is not used: it has four, which belong to the program's files and name
 * lookups, and a server that does not answer would hold one for as long as connection_timeout_ms.
 */
#ifndef PQE_ERRAND_H
#define PQE_ERRAND_H

#include <pthread.h>

#include "thread.h"
#include "mail.h"

/* Embedded as the first member of what the work is about. */
typedef struct pqe_errand {
    pqe_mail mail;
    struct pqe_async *async;
    pthread_t thread;
    void (*run)(struct pqe_errand *errand);  /* in the thread */
    void (*done)(struct pqe_errand *errand); /* in the loop's thread, afterwards; frees it */
} pqe_errand;

/*
 * Starts an errand; in the loop's thread.  Returns 0, or an error number where no thread is to be
 * had, and then neither function is called.
 */
int pqe_errand_start(struct pqe_async *async, pqe_errand *errand, void (*run)(pqe_errand *errand),
                     void (*done)(pqe_errand *errand));

#endif /* PQE_ERRAND_H */
