/*
 * thread.c - threads of the library's own, and processes that were forked
 */
#include "thread.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Threads lie apart in memory by their stacks. */
size_t pqe_thread_seat(void)
{
    uint64_t self = (uint64_t)(uintptr_t)pthread_self();

    return (size_t)((self * UINT64_C(0x9E3779B97F4A7C15)) >> 59);
}

struct pqe_fork_mark {
    bool is_own; /* wiped in a child, where the kernel does that */
    pid_t pid;   /* 0 where it does; else the process, which has to be asked each time */
};

void pqe_signals_block(sigset_t *before)
{
    sigset_t all;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

void pqe_signals_restore(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}

int pqe_thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t before;
    int failure;

    pqe_signals_block(&before);
    failure = pthread_create(thread, NULL, run, argument);
    pqe_signals_restore(&before);
    return failure;
}

pqe_fork_mark *pqe_fork_mark_new(void)
{
    pqe_fork_mark *mark =
        mmap(NULL, sizeof(*mark), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (mark == MAP_FAILED) {
        return NULL;
    }
    mark->pid = madvise(mark, sizeof(*mark), MADV_WIPEONFORK) == 0 ? 0 : getpid();
    mark->is_own = true;
    return mark;
}

void pqe_fork_mark_free(pqe_fork_mark *mark)
{
    if (mark != NULL) {
        munmap(mark, sizeof(*mark));
    }
}

bool pqe_fork_mark_is_own(const pqe_fork_mark *mark)
{
    return mark->is_own && (mark->pid == 0 || mark->pid == getpid());
}
