/*
 * dispatch.h - which task goes down which link, when links are opened, and what time brings about
 */
#ifndef PQE_DISPATCH_H
#define PQE_DISPATCH_H

#include "async.h"

/* A task has come in, or comes back to go before all that wait. */
void pqe_dispatch_add(pqe_async *async, pqe_task *task);
void pqe_dispatch_return(pqe_async *async, pqe_task *task);

/* A task is to be tried again after that time. */
void pqe_dispatch_delay(pqe_async *async, pqe_task *task, int64_t delay_ms);

/* Hands out what can be, and opens links for the rest. */
void pqe_dispatch(pqe_async *async);

/* An attempt to open a link, begun at `started`, patient as of pqe_connect or not, has failed. */
void pqe_dispatch_open_failed(pqe_async *async, const pqe_error *failure, bool patient,
                              int64_t started);

/* Draws how old a new session may become. */
void pqe_dispatch_draw_age(pqe_async *async, pqe_session *session);

/* Does what is due by now: deadlines, further attempts, the health monitor's round. */
void pqe_dispatch_tick(pqe_async *async);

/* Gives a call up, wherever it is.  An id that is not found is passed over. */
void pqe_dispatch_cancel(pqe_async *async, pqe_async_id id);

/* The engine is disposed of: everything that waits fails, everything under way is cancelled. */
void pqe_dispatch_end(pqe_async *async);

#endif /* PQE_DISPATCH_H */
