/*
 * migration_session.h - the lock, the connections and the files of a program that migrates
 */
#ifndef PQE_MIGRATION_SESSION_H
#define PQE_MIGRATION_SESSION_H

#include <signal.h>

#include "engine.h"
#include "migration_file.h"

/* How far a migration has come; what it points to is valid during the call. */
typedef struct pqe_migration_progress {
    const char *version;
    const char *message;
    int step; /* the step that begins, from 1; steps + 1: the migration is done */
    int steps;
    const char *statement; /* of the step; NULL at the end */
} pqe_migration_progress;

typedef struct pqe_migrate_options {
    const char *plan_options; /* [NULL] JSON object for pqengine.plan */
    const char *target;       /* [NULL: all] the last version to apply */
    int64_t
        lock_timeout_ms; /* [3000] a step gives way after waiting so long for a lock; 0: never */
    int lock_attempts;   /* [12] how often a step is tried before it fails for want of a lock */
    const volatile sig_atomic_t *stop; /* [NULL] when it becomes true nothing more is begun */
    void (*progress)(void *data, const pqe_migration_progress *progress); /* [NULL] */
    void *progress_data;
} pqe_migrate_options;

#define PQE_MIGRATE_OPTIONS_INIT                                                                   \
    {                                                                                              \
        NULL, NULL, 3000, 12, NULL, NULL, NULL                                                     \
    }

/* What pqengine.migration_verify says of a version, with its file where there is one. */
typedef struct pqe_migration_state {
    char *version;
    char *state;
    char *detail;                   /* perhaps "" */
    const pqe_migration_file *file; /* of the session's folder, or NULL */
} pqe_migration_state;

typedef struct pqe_migration_session {
    pqe_engine *engine;
    pqe_migrate_options options;
    PGconn *work; /* runs the steps */
    PGconn
        *guard; /* holds the lock in a transaction that stays idle; NULL: no lock was asked for */
    pqe_migration_folder folder;
    pqe_migration_state *states; /* in the order of versions */
    size_t count;
} pqe_migration_session;

/*
 * Waits until no other program migrates the engine's database, and opens the connection that holds
 * the lock for as long as it lives; give it back with PQfinish.
 */
pqe_status pqe_migration_lock(pqe_engine *engine, PGconn **guard, pqe_error *error);

/*
 * Opens the session: connects, takes the lock if asked to, reads folder and record.
 * options may be NULL.  Close it also where this failed.
 */
pqe_status pqe_migration_session_open(pqe_migration_session *session, pqe_engine *engine,
                                      const pqe_migrate_options *options, bool lock,
                                      pqe_error *error);
void pqe_migration_session_close(pqe_migration_session *session);

/* Reads folder and record again. */
pqe_status pqe_migration_session_reload(pqe_migration_session *session, pqe_error *error);

/* Makes sure that the lock is still held. */
pqe_status pqe_migration_session_check(const pqe_migration_session *session, pqe_error *error);

/*
 * Writes a text[] as a parameter: appends a value (NULL: a null) to what begins as an empty buffer,
 * and in the end the rest.
 */
void pqe_array_append(pqe_buffer *array, const char *value);
void pqe_array_end(pqe_buffer *array);

/* The highest version in folder and record, or NULL. */
const char *pqe_migration_session_newest(const pqe_migration_session *session);

/* Is it one that an upgrade applies? */
bool pqe_migration_is_pending(const pqe_migration_state *state);

#endif /* PQE_MIGRATION_SESSION_H */
