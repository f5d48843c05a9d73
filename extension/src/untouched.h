/*-------------------------------------------------------------------------
 *
 * untouched.h
 *		Has nobody touched the catalogs at all?
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_UNTOUCHED_H
#define PQE_UNTOUCHED_H

#include "postgres.h"

/*
 * As long as this is the same, so is any fingerprint; the reverse is not true.
 * NULL where too much of the catalogs would have to be read to tell.
 */
extern char *pqe_untouched_state(void);

#endif							/* PQE_UNTOUCHED_H */
