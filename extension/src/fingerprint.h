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

/*
 * Of the named schemas and of what lives in no schema; *others is the same of
 * all schemas that are not named (and not the system's).
 */
extern char *pqe_fingerprint_of(List *schema_names, char **others);

/* The catalogs that it looks at, by number; InvalidOid behind the last. */
extern Oid	pqe_fingerprint_catalog(int number);

#endif							/* PQE_FINGERPRINT_H */
