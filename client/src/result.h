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

#endif /* PQE_RESULT_H */
