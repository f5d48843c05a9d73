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
extern List *pqe_prove_statements(List *steps, int sample_rows, PqeOptions *options);

/* migration_steps.c */
extern char *pqe_plain_form(const char *statement);

#endif							/* PQE_PROVE_H */
