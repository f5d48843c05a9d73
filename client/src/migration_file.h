/*
 * migration_file.h - reads and writes migration files
 *
 * A migration file is SQL that people read and edit, named VERSION_what_it_does.sql:
 *
 *     -- pqengine:version 20251212_215117
 *     -- pqengine:message add email
 *     -- pqengine:depends 20251201_090000
 *     -- pqengine:models 5d41402abc4b...
 *     -- pqengine:up
 *     ALTER TABLE public.users ADD COLUMN email text;
 *     -- pqengine:no-transaction
 *     CREATE INDEX CONCURRENTLY users_email_idx ON public.users (email);
 *     -- pqengine:down
 *     ALTER TABLE public.users DROP COLUMN email;
 *
 * Only the SQL is needed: version and message then come from the file's name, and a file without
 * markers is all up.  Where a statement ends is for the server to say (pqengine.migration_steps).
 */
#ifndef PQE_MIGRATION_FILE_H
#define PQE_MIGRATION_FILE_H

#include "buffer.h"
#include "pqengine.h"

#define PQE_MIGRATION_MARKER "-- pqengine:"

typedef struct pqe_migration_file {
    char *path;        /* as it should be shown; NULL until it is written */
    char *version;     /* letters, digits, "_", "." and "-" */
    char *message;     /* one line, perhaps "" */
    char *depends;     /* versions, separated by one space each; "" for none */
    char *models_hash; /* NULL where the file names none */
    char *up;          /* SQL without white space around it; perhaps "" */
    char *down;        /* the same; NULL where there is no way back */
    int up_line;       /* where up begins in the file, from 1 */
    int down_line;     /* where down begins; 0 without down */
} pqe_migration_file;

typedef struct pqe_migration_folder {
    pqe_migration_file *files; /* in the byte order of their versions */
    size_t count;
} pqe_migration_folder;

void pqe_migration_file_free(pqe_migration_file *file);
void pqe_migration_folder_free(pqe_migration_folder *folder);

/*
 * Parses the content of a file, valid UTF-8 with "\n" as line end.  Errors: PQE_ERR_MIGRATION,
 * beginning with "PATH:LINE: ".
 */
pqe_status pqe_migration_parse(const char *path, const char *content, pqe_migration_file *file,
                               pqe_error *error);

/*
 * Reads all migrations of a folder: its files named *.sql, without subfolders.  A folder that is
 * not there has none.  Two files of one version are PQE_ERR_MIGRATION.
 */
pqe_status pqe_migration_folder_read(const char *path, pqe_migration_folder *folder,
                                     pqe_error *error);

/*
 * The version for a new migration: the time in UTC as YYYYMMDD_HHMMSS, or, where that is not after
 * newest (NULL for none), the next one after it.  Freed with free; NULL where memory ran out.
 */
char *pqe_migration_new_version(const char *newest);

/* Appends the file's text; reading it gives the same migration again. */
void pqe_migration_print(const pqe_migration_file *file, pqe_buffer *text);

/*
 * Writes the file into the folder under the name its version and message make, and sets its path.
 * It appears there complete or not at all, and never takes the place of another: then the status is
 * PQE_ERR_STATE.
 */
pqe_status pqe_migration_file_write(const char *folder, pqe_migration_file *file, pqe_error *error);

#endif /* PQE_MIGRATION_FILE_H */
