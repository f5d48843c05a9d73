/*
 * model.h - models declared in C, as text for the server
 */
#ifndef PQE_MODEL_H
#define PQE_MODEL_H

#include "buffer.h"
#include "engine.h"

/*
 * Appends the DDL of every model registered with the engine, each behind its marker line
 * "-- pqengine:file PQE_MODEL(name)".  *count (may be NULL) is how many there were.
 */
pqe_status pqe_append_registered_models(pqe_engine *engine, pqe_buffer *text, size_t *count,
                                        pqe_error *error);

/* Refuses NULL and what PQE_MODEL did not make. */
pqe_status pqe_model_check(const pqe_model *model, pqe_error *error);

#endif /* PQE_MODEL_H */
