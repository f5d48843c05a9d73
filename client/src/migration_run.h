/*
 * migration_run.h - runs one migration, up or down
 */
#ifndef PQE_MIGRATION_RUN_H
#define PQE_MIGRATION_RUN_H

#include "migration_session.h"

/*
 * Applies the migration of a file, or goes on with it where an earlier run stopped.  A failure of a
 * step is PQE_ERR_MIGRATION and begins with the file and line; the transaction it was in is rolled
 * back, and nothing is left of a migration that had nothing committed before.
 */
pqe_status pqe_migration_apply(pqe_migration_session *session, const pqe_migration_file *file,
                               pqe_error *error);

/* Reverts an applied migration, whose down direction must be that in the record, or goes on with
 * it. */
pqe_status pqe_migration_revert(pqe_migration_session *session, const pqe_migration_file *file,
                                pqe_error *error);

#endif /* PQE_MIGRATION_RUN_H */
