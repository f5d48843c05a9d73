/*
 * pool_wait.h - the queue of callers that wait for a session
 */
#ifndef PQE_POOL_WAIT_H
#define PQE_POOL_WAIT_H

#include "pool.h"

/* The newest free session that is fit for use, taken; NULL where there is none.  With the lock. */
pqe_session *pqe_pool_pop(pqe_pool *pool, int64_t now, pqe_session **chain);

/* Whether whoever comes now has to go behind those that wait; call with the lock. */
bool pqe_pool_must_queue(const pqe_pool *pool, int64_t now);

/*
 * Waits for a session or for the right to open one (*may_open).  Call with the lock.  `since` is when
 * the caller came: his place in the queue, and his time, go by that.  Errors: PQE_ERR_POOL_TIMEOUT,
 * PQE_ERR_DISPOSED.
 */
pqe_status pqe_pool_wait(pqe_pool *pool, int64_t since, pqe_deadline latest, pqe_session **session,
                         bool *may_open, pqe_session **chain, pqe_error *error);

#endif /* PQE_POOL_WAIT_H */
