/*
 * pool_books.c - the pool's lists: all sessions, and those that are free
 */
#include "pool_books.h"

void pqe_books_push_free(pqe_pool *pool, pqe_session *session)
{
    session->newer = NULL;
    session->older = pool->newest;
    if (pool->newest != NULL) {
        pool->newest->newer = session;
    } else {
        pool->oldest = session;
    }
    pool->newest = session;
    pool->idle++;
}

void pqe_books_push_oldest(pqe_pool *pool, pqe_session *session)
{
    session->older = NULL;
    session->newer = pool->oldest;
    if (pool->oldest != NULL) {
        pool->oldest->older = session;
    } else {
        pool->newest = session;
    }
    pool->oldest = session;
    pool->idle++;
}

void pqe_books_remove_free(pqe_pool *pool, pqe_session *session)
{
    if (session->newer != NULL) {
        session->newer->older = session->older;
    } else {
        pool->newest = session->older;
    }
    if (session->older != NULL) {
        session->older->newer = session->newer;
    } else {
        pool->oldest = session->newer;
    }
    session->newer = NULL;
    session->older = NULL;
    pool->idle--;
}

void pqe_books_add(pqe_pool *pool, pqe_session *session)
{
    session->previous = NULL;
    session->next = pool->all;
    if (pool->all != NULL) {
        pool->all->previous = session;
    }
    pool->all = session;
}

void pqe_books_remove(pqe_pool *pool, pqe_session *session)
{
    if (session->previous != NULL) {
        session->previous->next = session->next;
    } else {
        pool->all = session->next;
    }
    if (session->next != NULL) {
        session->next->previous = session->previous;
    }
    session->previous = NULL;
    session->next = NULL;
    pool->total--;
    pool->counters.closed++;
}

void pqe_books_close_all(pqe_session *chain)
{
    while (chain != NULL) {
        pqe_session *session = chain;

        chain = session->next;
        pqe_session_close(session);
    }
}

void pqe_books_doom(pqe_pool *pool, pqe_session *session, pqe_session **chain)
{
    pqe_books_remove_free(pool, session);
    pqe_books_remove(pool, session);
    session->next = *chain;
    *chain = session;
}

void pqe_books_begin_epoch(pqe_pool *pool, const pqe_session *broken, pqe_session **chain)
{
    pool->counters.broken++;
    if (broken->epoch < pool->epoch) {
        return;
    }
    pool->epoch++;
    while (pool->newest != NULL) {
        pqe_books_doom(pool, pool->newest, chain);
    }
}

bool pqe_books_is_due(const pqe_pool *pool, const pqe_session *session, int64_t now)
{
    return session->broken || session->retired || session->epoch < pool->epoch ||
           now >= session->expires_at;
}
