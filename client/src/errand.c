/*
 * errand.c - work that blocks, in a thread of its own
 */
#include "errand.h"

#include "async.h"

static void come_back(pqe_async *async, pqe_mail *mail)
{
    pqe_errand *errand = (pqe_errand *)mail;

    pthread_join(errand->thread, NULL);
    async->errands--;
    errand->done(errand);
}

static void *go(void *argument)
{
    pqe_errand *errand = argument;

    errand->run(errand);
    pqe_async_post_errand(errand->async, &errand->mail);
    return NULL;
}

int pqe_errand_start(pqe_async *async, pqe_errand *errand, void (*run)(pqe_errand *errand),
                     void (*done)(pqe_errand *errand))
{
    int failure;

    errand->mail.open = come_back;
    errand->async = async;
    errand->run = run;
    errand->done = done;
    failure = pqe_thread_start(&errand->thread, go, errand);
    if (failure == 0) {
        async->errands++;
    }
    return failure;
}
