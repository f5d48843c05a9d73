/*
 * pool_open.h - opening the pool's sessions
 */
#ifndef PQE_POOL_OPEN_H
#define PQE_POOL_OPEN_H

#include "pool.h"

/* Whether a session may be opened now, and counting that one is; call with the lock. */
bool pqe_pool_may_open(const pqe_pool *pool, int64_t now);
void pqe_pool_begin_opening(pqe_pool *pool);

/* Whether there is any session that is open, free or not; call with the lock. */
bool pqe_pool_has_open(const pqe_pool *pool);

/*
 * Opens the session for which pqe_pool_begin_opening was called, without the lock.  It is taken,
 * and in no list.
 *
 *   patient   a server that is starting up or out of connections is asked again
 */
pqe_status pqe_pool_open(pqe_pool *pool, bool patient, pqe_session **session, pqe_error *error);

#endif /* PQE_POOL_OPEN_H */
