/*
 * session.h - a pooled connection: the libpq connection and what is known about its state
 *
 * A session is used by one thread at a time: whoever took it from the pool.  The pool's own fields
 * are guarded by the pool's lock.
 */
#ifndef PQE_SESSION_H
#define PQE_SESSION_H

#include "connection.h"
#include "param.h"
#include "statement.h"

struct pqe_statement_cache;

/* The statement for which a transaction was given up. */
typedef struct pqe_failed_statement {
    char sqlstate[6]; /* "" for none */
    char message[256];
    char statement[256];
} pqe_failed_statement;

/* What target_session_attrs asks of a server. */
typedef enum pqe_role {
    PQE_ROLE_ANY,
    PQE_ROLE_READ_WRITE,
    PQE_ROLE_READ_ONLY,
    PQE_ROLE_PRIMARY,
    PQE_ROLE_STANDBY
} pqe_role;

typedef struct pqe_session {
    PGconn *pg;
    pqe_role role;
    int backend_pid;
    bool broken;                       /* lost: the others of its age are suspect, too */
    bool retired;                      /* to be closed when it is given back */
    bool changed;                      /* session state may have to be reset */
    bool used;                         /* something was sent since it was taken from the pool */
    struct pqe_statement_cache *cache; /* NULL where off */
    pqe_failed_statement failed;       /* the last to fail within a transaction */

    /* of whoever keeps it */
    uint64_t epoch;           /* the pool's when it was opened */
    int64_t expires_at;       /* PQE_NEVER: does not */
    int64_t answered_at;      /* the end of the last statement */
    struct pqe_slot *slot;    /* its place in the pool */
    struct pqe_session *next; /* of those that are to be closed */
} pqe_session;

/* Opens a session.  Errors as of pqe_connect. */
pqe_status pqe_session_open(const pqe_settings *settings, pqe_session **session, pqe_error *error);
void pqe_session_close(pqe_session *session);

/*
 * Whether the server still holds the other end, as far as can be seen without asking it: a session
 * whose server has gone reads as ended.
 */
bool pqe_session_alive(pqe_session *session);

/* The same, at once or not at all: a server that is out of connections is not asked again. */
pqe_status pqe_session_try_open(const pqe_settings *settings, pqe_session **session,
                                pqe_error *error);

/*
 * Asks whether the server has the role that target_session_attrs wants: the question, and what to do
 * with its answer.  Where it has lost that, the session is marked as retired.
 */
const char *pqe_session_role_question(const pqe_session *session);
void pqe_session_note_role(const pqe_settings *settings, pqe_session *session,
                           const PGresult *answer);

/*
 * Asks the server for a sign of life, within health_check_timeout_ms for each of the tries, and
 * whether it has the role that target_session_attrs wants.  Where it has lost that, the session is
 * marked as retired.
 */
bool pqe_session_ping(const pqe_settings *settings, pqe_session *session);

/*
 * Executes a statement.  *result is a PGresult in text format, NULL on failure.  A session that did
 * not survive is marked broken.
 */
pqe_status pqe_session_execute(pqe_session *session, const pqe_statement *statement,
                               const pqe_encoded *params, pqe_deadline deadline, PGresult **result,
                               pqe_error *error);

/*
 * The two sides of executing a statement, with the statement in its error, for whoever sends and receives by other means than
 * pqe_session_execute: what the statement may do to the session, and what its failure tells of it.
 */
void pqe_session_note_sent(pqe_session *session, const pqe_statement *statement);
void pqe_session_note_failure(pqe_session *session, const pqe_error *failure);

/*
 * Whether an error means that a prepared statement is of no use any more: the server has lost it
 * (26000), or its result has another shape since its tables changed (0A000).
 */
bool pqe_prepared_is_useless(const char *sqlstate);

/* The time a session has for being reset; it is closed where it needs longer. */
#define PQE_RESET_MS 5000

/*
 * What DISCARD ALL does, less the prepared statements, which the cache goes on using; up to a NULL.
 * And whether that is to be done, with no transaction open any more.
 */
extern const char *const pqe_session_reset_sql[];
bool pqe_session_needs_reset(const pqe_settings *settings, const pqe_session *session);

/* Makes the session fit for its next user, as pool_reset says; marks it broken where that fails. */
void pqe_session_reset(const pqe_settings *settings, pqe_session *session);

#endif /* PQE_SESSION_H */
