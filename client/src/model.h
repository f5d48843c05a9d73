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

/* Whether a member is a pointer or holds one, which is NULL for NULL; the others, where optional, have
 * has_value before them. */
bool pqe_field_is_pointer(const pqe_field *field);

/* Where the value of an optional member lies, and the flag of its struct. */
void *pqe_field_optional(const pqe_field *field, void *member, bool **has_value);

/* A member as a parameter; it points into the struct. */
pqe_param pqe_field_param(const pqe_field *field, const void *structure);

#endif /* PQE_MODEL_H */
