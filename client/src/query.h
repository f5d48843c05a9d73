/*
 * query.h - the core of every blocking call that executes a statement
 */
#ifndef PQE_QUERY_H
#define PQE_QUERY_H

#include "context.h"
#include "session.h"

/* Executes on a session that the caller has, through all of the pipeline. */
pqe_status pqe_call_on_session(pqe_context *context, pqe_session *session, pqe_result **result,
                               pqe_error *error);

/* Executes a statement of the engine's own; it counts in metrics and trace as any other. */
pqe_status pqe_run_own(pqe_engine *engine, pqe_session *session, const char *sql,
                       pqe_result **result, pqe_error *error);

#endif /* PQE_QUERY_H */
