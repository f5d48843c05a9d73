/*
 * migrations.h - generating, applying and reverting migrations
 */
#ifndef PQE_MIGRATIONS_H
#define PQE_MIGRATIONS_H

#include "migration_session.h"

/*
 * Makes the migrations folder where it is missing.  *made (may be NULL) tells whether it was.
 */
pqe_status pqe_migrations_init(pqe_engine *engine, bool *made, pqe_error *error);

/*
 * Writes a migration for what differs between database and models, under the session's lock.
 * Every migration in the folder must be applied before.
 *
 *   *path     the file, to be freed with free, or NULL where nothing was written
 *   *outrun   nothing was written because somebody else has added to the folder meanwhile: what is
 *             there must be applied first
 */
pqe_status pqe_migrations_generate(pqe_migration_session *session, const char *message, char **path,
                                   bool *outrun, pqe_error *error);

/*
 * Runs what an upgrade would run on a copy of the database that is rolled back, with sample_rows
 * real rows in each table where that is not 0.  *proven tells whether it went well; where not,
 * *failure names the step at fault: file, line, statement and why.
 */
pqe_status pqe_migrations_prove(const pqe_migration_session *session, int64_t sample_rows,
                                bool *proven, pqe_error *failure, pqe_error *error);

/* Is it one that the session's upgrade applies? */
bool pqe_migration_is_in_reach(const pqe_migration_session *session,
                               const pqe_migration_state *state);

/*
 * Applies what is pending, in the order of versions, up to the session's target.  *applied counts
 * them also where one failed.
 */
pqe_status pqe_migrations_upgrade(pqe_migration_session *session, size_t *applied,
                                  pqe_error *error);

/* Reverts the newest applied migrations, count of them, newest first, as the record has them. */
pqe_status pqe_migrations_downgrade(pqe_migration_session *session, size_t count, size_t *reverted,
                                    pqe_error *error);

/*
 * The error of the first migration that must be seen to before any can be applied: one whose text
 * was changed after it was applied, one that stopped and has no file, one that is half reverted.
 */
pqe_status pqe_migrations_check(const pqe_migration_session *session, pqe_error *error);

#endif /* PQE_MIGRATIONS_H */
