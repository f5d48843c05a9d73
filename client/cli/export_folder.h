/*
 * export_folder.h - writes an export as a folder of model files
 */
#ifndef PQE_CLI_EXPORT_FOLDER_H
#define PQE_CLI_EXPORT_FOLDER_H

#include <libpq-fe.h>

#include "pqengine.h"

/* What became of the files. */
typedef struct export_count {
    size_t written;
    size_t unchanged;
    size_t removed; /* written by an earlier export, of what the database no longer holds */
} export_count;

/*
 * Writes the rows (path, text) of pqengine.export_files below the folder, which is made where it is
 * missing, and removes what an earlier export wrote there and the database no longer holds.
 *
 * A file that is not as an earlier export left it is somebody's work: unless force is given it is
 * PQE_ERR_STATE, and nothing is written or removed.  What an export has written is told by the file
 * .pqengine-export in the folder.
 */
pqe_status pqe_export_folder_write(const char *folder, const PGresult *files, bool force,
                                   export_count *count, pqe_error *error);

/*
 * The .sql files of the folder that are not among the rows: they are read as models too.  *first, to
 * be freed with free, is one of them, or NULL.
 */
pqe_status pqe_export_folder_others(const char *folder, const PGresult *files, size_t *count,
                                    char **first, pqe_error *error);

#endif /* PQE_CLI_EXPORT_FOLDER_H */
