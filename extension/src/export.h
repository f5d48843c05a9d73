/*-------------------------------------------------------------------------
 *
 * export.h
 *		The database as models.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_EXPORT_H
#define PQE_EXPORT_H

#include "postgres.h"
#include "nodes/pg_list.h"

#include "facts.h"

extern List *pqe_building_steps(PqeFacts *facts, const PqeOptions *options);
extern char *pqe_export_facts(PqeFacts *facts, const PqeOptions *options);
extern char *pqe_export_models(List *schema_names, bool whole_database);
extern List *pqe_export_files(List *schema_names, bool whole_database);

#endif							/* PQE_EXPORT_H */
