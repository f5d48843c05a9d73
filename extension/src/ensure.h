/*-------------------------------------------------------------------------
 *
 * ensure.h
 *		Creating what is missing, and nothing else.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_ENSURE_H
#define PQE_ENSURE_H

#include "plan.h"

extern List *pqe_ensure_missing(PqeSides *sides, PqeOptions *options);

#endif							/* PQE_ENSURE_H */
