/*-------------------------------------------------------------------------
 *
 * prove.h
 *		Runs a plan on a copy of the database, before anyone sees it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_PROVE_H
#define PQE_PROVE_H

#include "plan.h"

/* What went wrong, or right (ok). */
typedef struct PqeProof
{
	bool		ok;
	int			seq;			/* of the step at fault; 0: none in particular */
	const char *statement;
	const char *error;
} PqeProof;

extern List *pqe_prove_plan(const char *models, int sample_rows, PqeOptions *options);

#endif							/* PQE_PROVE_H */
