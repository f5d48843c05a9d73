/*
 * slow_query.h - the plans of slow queries
 */
#ifndef PQE_SLOW_QUERY_H
#define PQE_SLOW_QUERY_H

#include "context.h"
#include "session.h"

/* Asks for the plan of the call that has just ended and keeps it in the trace, where that is wanted. */
void pqe_keep_slow_plan(const pqe_context *context, pqe_session *session);

#endif /* PQE_SLOW_QUERY_H */
