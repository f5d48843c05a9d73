/*
 * trace.h - the ring of the last calls
 */
#ifndef PQE_TRACE_H
#define PQE_TRACE_H

#include "context.h"

typedef struct pqe_tracer pqe_tracer;

/* NULL where memory runs out.  parameters: keep their values, too. */
pqe_tracer *pqe_tracer_new(size_t size, bool parameters);
void pqe_tracer_free(pqe_tracer *tracer);

/* Keeps the attempt that has just ended.  Nothing where tracer is NULL. */
void pqe_tracer_add(pqe_tracer *tracer, const pqe_context *context, uint64_t rows);

/* Keeps the plan of the call that was added last for that server process, if it is still there. */
void pqe_tracer_add_plan(pqe_tracer *tracer, const pqe_context *context, const char *plan);

#endif /* PQE_TRACE_H */
