/*
 * result.h - the pqe_result around a PGresult
 */
#ifndef PQE_RESULT_H
#define PQE_RESULT_H

#include <libpq-fe.h>

#include "pqengine.h"

/*
 * Makes a pqe_result that owns the PGresult, which must be in text format.  Where memory runs out
 * the PGresult is cleared, too.
 */
pqe_status pqe_result_wrap(PGresult *pg, pqe_result **result, pqe_error *error);

/* How many rows it has or, where it has none, dealt with; 0 for NULL. */
uint64_t pqe_result_rows_or_affected(const pqe_result *result);

/* Memory that lives as long as the result; NULL where there is none. */
void *pqe_result_alloc(const pqe_result *result, size_t size);

#endif /* PQE_RESULT_H */
