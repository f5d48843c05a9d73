/*
 * pool_books.h - the pool's lists: all sessions, and those that are free
 *
 * Every function here but pqe_books_close_all is called with the pool's lock.  A "chain" gathers
 * sessions to be closed when the lock is no longer held; it is linked by their member `next`.
 */
#ifndef PQE_POOL_BOOKS_H
#define PQE_POOL_BOOKS_H

#include "pool.h"

/* Puts a session that was opened among all. */
void pqe_books_add(pqe_pool *pool, pqe_session *session);

/* Takes a session that is neither free nor taken out of the books; it is then to be closed. */
void pqe_books_remove(pqe_pool *pool, pqe_session *session);

/* The free list: the newest is used first, the oldest is closed first. */
void pqe_books_push_free(pqe_pool *pool, pqe_session *session);
void pqe_books_push_oldest(pqe_pool *pool, pqe_session *session);
void pqe_books_remove_free(pqe_pool *pool, pqe_session *session);

/* Takes a free session out of the books and puts it into the chain. */
void pqe_books_doom(pqe_pool *pool, pqe_session *session, pqe_session **chain);

/*
 * One session was found broken: what else is as old goes, too, into the chain when it is free, and
 * when it comes back when it is not.
 */
void pqe_books_begin_epoch(pqe_pool *pool, const pqe_session *broken, pqe_session **chain);

/* Whether a session is not to be used any more. */
bool pqe_books_is_due(const pqe_pool *pool, const pqe_session *session, int64_t now);

/* Closes a chain; without the lock, since closing talks to the server. */
void pqe_books_close_all(pqe_session *chain);

#endif /* PQE_POOL_BOOKS_H */
