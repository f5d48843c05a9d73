/*
 * thread.h - threads of the library's own, and processes that were forked
 */
#ifndef PQE_THREAD_H
#define PQE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

/* pthread_create, with all signals blocked: the program's signals are for its own threads. */
int pqe_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

/* Blocks all signals in this thread, for a library that starts threads by itself. */
void pqe_signals_block(sigset_t *before);
void pqe_signals_restore(const sigset_t *before);

/*
 * A mark that a process which is forked does not get.  It is memory that the kernel wipes in the
 * child, so nothing can fork past it.  NULL where there is none to be had.
 */
typedef struct pqe_fork_mark pqe_fork_mark;
pqe_fork_mark *pqe_fork_mark_new(void);
void pqe_fork_mark_free(pqe_fork_mark *mark);
bool pqe_fork_mark_is_own(const pqe_fork_mark *mark);

/*
 * A number that a thread keeps, below PQE_SEATS: where it looks for what it has used last.  Several
 * threads may have the same one.
 */
#define PQE_SEATS 32
size_t pqe_thread_seat(void);

#endif /* PQE_THREAD_H */
