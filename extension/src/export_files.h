/*-------------------------------------------------------------------------
 *
 * export_files.h
 *		Which model file an object is exported to.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_EXPORT_FILES_H
#define PQE_EXPORT_FILES_H

#include "postgres.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "facts.h"

typedef struct PqeExportFile
{
	const char *path;			/* relative, with slashes */
	StringInfoData text;
} PqeExportFile;

extern const PqeFact *pqe_fact_home(const PqeFact *fact);
extern List *pqe_sort_into_files(List *steps);

#endif							/* PQE_EXPORT_FILES_H */
