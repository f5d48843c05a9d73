/*
 * trace.h - the ring of the last calls
 */
#ifndef PQE_TRACE_H
#define PQE_TRACE_H

#include "query.h"

typedef struct pqe_tracer pqe_tracer;

/* NULL where memory runs out.  parameters: keep their values, too. */
pqe_tracer *pqe_tracer_new(size_t size, bool parameters);
void pqe_tracer_free(pqe_tracer *tracer);

/* Keeps a call; failure is NULL where it went well.  Nothing where tracer is NULL. */
void pqe_tracer_add(pqe_tracer *tracer, const pqe_prepared_call *prepared, int backend_pid,
                    int64_t duration_us, uint64_t rows, const pqe_error *failure);

#endif /* PQE_TRACE_H */
