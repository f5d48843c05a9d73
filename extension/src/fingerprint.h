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

/* Of the named schemas, and of what lives in no schema at all. */
extern char *pqe_fingerprint_of(List *schema_names);

/* Of all schemas but the named ones (and the system's). */
extern char *pqe_fingerprint_of_others(List *schema_names);

#endif							/* PQE_FINGERPRINT_H */
