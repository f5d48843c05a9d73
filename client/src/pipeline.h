/*
 * pipeline.h - what a call passes: middlewares, hooks, retries, counters and the trace
 *
 * The pipeline neither waits nor talks to the server.  Whoever drives it, a blocking call or a loop,
 * does what the flow says:
 *
 *     pqe_context_init
 *     repeat
 *         flow = pqe_pipeline_enter
 *         where that is PQE_FLOW_EXECUTE
 *             take a session, or pqe_context_fail
 *             pqe_pipeline_before, execute by now.call before pqe_pipeline_deadline,
 *             pqe_pipeline_after
 *             flow = pqe_pipeline_leave
 *         where that is PQE_FLOW_RETRY, pause for retry_after_ms
 *     until PQE_FLOW_DONE
 *     pqe_context_finish
 */
#ifndef PQE_PIPELINE_H
#define PQE_PIPELINE_H

#include "context.h"
#include "session.h"

typedef enum pqe_flow { PQE_FLOW_EXECUTE, PQE_FLOW_RETRY, PQE_FLOW_DONE } pqe_flow;

/* The way in; again after PQE_FLOW_RETRY. */
pqe_flow pqe_pipeline_enter(pqe_context *context);

/* The way out, with the outcome in the context: after an attempt, or where there was no session. */
pqe_flow pqe_pipeline_leave(pqe_context *context);

/* Directly before the statement is sent on that session, and until when its answer must be there. */
void pqe_pipeline_before(pqe_context *context, const pqe_session *session);
pqe_deadline pqe_pipeline_deadline(const pqe_context *context);

/*
 * Directly after the statement: takes the result, or the failure where pg is NULL, and counts and
 * traces the call.  The time is pqe_context_present.
 */
void pqe_pipeline_after(pqe_context *context, PGresult *pg, const pqe_error *failure);

#endif /* PQE_PIPELINE_H */
