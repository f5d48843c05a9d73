/*-------------------------------------------------------------------------
 *
 * fingerprint.h
 *		A cheap value that changes with any DDL in some schemas.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_FINGERPRINT_H
#define PQE_FINGERPRINT_H

#include "postgres.h"
#include "nodes/pg_list.h"

extern char *pqe_fingerprint_of(List *schema_names);

#endif							/* PQE_FINGERPRINT_H */
