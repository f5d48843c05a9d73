/*
 * pool_books.h - the pool's lists: all slots, and those whose sessions are free
 *
 * Every function here but pqe_books_close_all is called with the pool's lock.  A "chain" gathers
 * sessions to be closed when the lock is no longer held; it is linked by their member `next`.
 */
#ifndef PQE_POOL_BOOKS_H
#define PQE_POOL_BOOKS_H

#include "pool.h"

/* Puts a session that was opened into a slot, taken.  False where memory runs out. */
bool pqe_books_add(pqe_pool *pool, pqe_session *session);

/* Takes a session that the caller has, and that is not listed, out of its slot and into the chain. */
void pqe_books_remove(pqe_pool *pool, pqe_session *session, pqe_session **chain);

/* Makes a slot that the caller has, and that is not listed, free: used first, or last. */
void pqe_books_push_newest(pqe_pool *pool, pqe_slot *slot);
void pqe_books_push_oldest(pqe_pool *pool, pqe_slot *slot);

/* The same between others: as the next older one of `newer`, as the newest where that is NULL. */
void pqe_books_put_back(pqe_pool *pool, pqe_slot *slot, pqe_slot *newer);

/* Takes a listed slot out of the list.  True: it was free, and is the caller's now. */
bool pqe_books_claim(pqe_pool *pool, pqe_slot *slot);

/* Takes a slot that the caller has out of the list, if it is there. */
void pqe_books_unlist(pqe_pool *pool, pqe_slot *slot);

/* Whether a session is free somewhere. */
bool pqe_books_any_free(const pqe_pool *pool);

/* How many sessions are given out. */
int pqe_books_taken(const pqe_pool *pool);

/*
 * One session was found broken: what else is as old goes, too, into the chain when it is free, and
 * when it comes back when it is not.
 */
void pqe_books_begin_epoch(pqe_pool *pool, const pqe_session *broken, pqe_session **chain);

/* Whether a session is not to be used any more; needs no lock. */
bool pqe_books_is_due(const pqe_pool *pool, const pqe_session *session, int64_t now);

/* Closes a chain; without the lock, since closing talks to the server. */
void pqe_books_close_all(pqe_session *chain);

#endif /* PQE_POOL_BOOKS_H */
