/*
 * session.c - a pooled connection
 */
#include "session.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "log.h"
#include "statement_cache.h"

/*
 * Whether the server process at the other end is the one that answers statements.  Behind a connection
 * pooler it is not, or not always, and what is prepared by one may be executed by another.
 */
static pqe_status find_pooler(const pqe_settings *settings, pqe_session *session, bool *pooled,
                              pqe_error *error)
{
    PGresult *result;
    pqe_status status =
        pqe_run_query(session->pg, "SELECT pg_catalog.pg_backend_pid()", 0, NULL,
                      pqe_deadline_in(settings->config.connection_timeout_ms), &result, error);

    if (status == PQE_OK) {
        *pooled = strtol(pqe_answer_value(result, 0, 0), NULL, 10) != session->backend_pid;
        PQclear(result);
    }
    return status;
}

/* Statements are prepared where the configuration wants it and no pooler is in between. */
static pqe_status make_cache(const pqe_settings *settings, pqe_session *session, pqe_error *error)
{
    size_t size = (size_t)settings->config.statement_cache_size;
    bool pooled = false;
    pqe_status status = PQE_OK;

    if (size == 0) {
        return PQE_OK;
    }
    status = find_pooler(settings, session, &pooled, error);
    if (status == PQE_OK && pooled) {
        pqe_log(settings, PQE_LOG_DEBUG, "a connection pooler is in between: nothing is prepared");
    } else if (status == PQE_OK) {
        session->cache = pqe_statement_cache_new(size);
        if (session->cache == NULL) {
            status = pqe_error_no_memory(error);
        }
    }
    return status;
}

/* The role that the DSN, the environment or a service file asks for. */
static pqe_role wanted_role(PGconn *pg)
{
    static const struct {
        const char *name;
        pqe_role role;
    } roles[] = {{"read-write", PQE_ROLE_READ_WRITE},
                 {"read-only", PQE_ROLE_READ_ONLY},
                 {"primary", PQE_ROLE_PRIMARY},
                 {"standby", PQE_ROLE_STANDBY}};
    PQconninfoOption *options = PQconninfo(pg);
    pqe_role role = PQE_ROLE_ANY;

    for (PQconninfoOption *at = options; at != NULL && at->keyword != NULL; at++) {
        if (at->val == NULL || strcmp(at->keyword, "target_session_attrs") != 0) {
            continue;
        }
        for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
            if (strcmp(at->val, roles[i].name) == 0) {
                role = roles[i].role;
            }
        }
    }
    PQconninfoFree(options);
    return role;
}

static pqe_status open_session(const pqe_settings *settings, bool patient, pqe_session **session,
                               pqe_error *error)
{
    pqe_session *made = calloc(1, sizeof(*made));
    pqe_status status;

    *session = NULL;
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    status = patient ? pqe_connect(settings, NULL, &made->pg, error)
                     : pqe_connect_once(settings, NULL, &made->pg, error);
    if (status == PQE_OK) {
        made->backend_pid = PQbackendPID(made->pg);
        made->role = wanted_role(made->pg);
        status = make_cache(settings, made, error);
    }
    if (status != PQE_OK) {
        /* whatever was sent, it was not the caller's statement */
        if (error != NULL) {
            error->may_have_run = false;
        }
        pqe_session_close(made);
        return status;
    }
    *session = made;
    return PQE_OK;
}

pqe_status pqe_session_open(const pqe_settings *settings, pqe_session **session, pqe_error *error)
{
    return open_session(settings, true, session, error);
}

pqe_status pqe_session_try_open(const pqe_settings *settings, pqe_session **session,
                                pqe_error *error)
{
    return open_session(settings, false, session, error);
}

void pqe_session_close(pqe_session *session)
{
    if (session != NULL) {
        PQfinish(session->pg);
        pqe_statement_cache_free(session->cache);
        free(session);
    }
}

bool pqe_session_alive(pqe_session *session)
{
    struct pollfd entry = {.fd = PQsocket(session->pg), .events = POLLIN, .revents = 0};
    PGnotify *notification;

    if (session->broken || PQstatus(session->pg) != CONNECTION_OK) {
        return false;
    }
    if (poll(&entry, 1, 0) == 0) {
        return true;
    }
    /* Something came in unasked: a notice or a changed setting, or the end. */
    if (!PQconsumeInput(session->pg)) {
        return false;
    }
    /* The server's last words and its hanging up may come one after the other. */
    if (poll(&entry, 1, 0) != 0 && !PQconsumeInput(session->pg)) {
        return false;
    }
    while ((notification = PQnotifies(session->pg)) != NULL) {
        PQfreemem(notification);
    }
    return PQstatus(session->pg) == CONNECTION_OK;
}

/* What a server of the wrong role answers with "t". */
static const char *const role_questions[] = {
    [PQE_ROLE_ANY] = "SELECT false",
    [PQE_ROLE_READ_WRITE] = "SELECT pg_catalog.pg_is_in_recovery() OR pg_catalog.current_setting("
                            "'default_transaction_read_only') = 'on'",
    [PQE_ROLE_READ_ONLY] = "SELECT NOT (pg_catalog.pg_is_in_recovery() OR pg_catalog."
                           "current_setting('default_transaction_read_only') = 'on')",
    [PQE_ROLE_PRIMARY] = "SELECT pg_catalog.pg_is_in_recovery()",
    [PQE_ROLE_STANDBY] = "SELECT NOT pg_catalog.pg_is_in_recovery()",
};

const char *pqe_session_role_question(const pqe_session *session)
{
    return role_questions[session->role];
}

void pqe_session_note_role(const pqe_settings *settings, pqe_session *session,
                           const PGresult *answer)
{
    if (strcmp(pqe_answer_value(answer, 0, 0), "t") == 0) {
        session->retired = true;
        pqe_log(settings, PQE_LOG_WARNING,
                "the server of backend %d does not have the role any more that "
                "target_session_attrs asks for",
                session->backend_pid);
    }
}

/* One question, which serves as a sign of life, too. */
static pqe_status ask(const pqe_settings *settings, pqe_session *session, pqe_error *error)
{
    PGresult *result = NULL;
    pqe_status status =
        pqe_run_query(session->pg, role_questions[session->role], 0, NULL,
                      pqe_deadline_in(settings->config.health_check_timeout_ms), &result, error);

    if (status == PQE_OK) {
        pqe_session_note_role(settings, session, result);
        PQclear(result);
    }
    return status;
}

bool pqe_session_ping(const pqe_settings *settings, pqe_session *session)
{
    for (int try = 0; try <= settings->config.health_check_retries; try++) {
        pqe_error error;

        if (session->broken || PQstatus(session->pg) != CONNECTION_OK) {
            return false;
        }
        if (ask(settings, session, &error) == PQE_OK) {
            return !session->retired;
        }
        pqe_log(settings, PQE_LOG_DEBUG, "connection to backend %d gives no sign of life: %s",
                session->backend_pid, error.message);
    }
    return false;
}

/* ---------------------------------------------------------------------------------------------- */
/* Executing                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status send_failed(pqe_session *session, pqe_error *error)
{
    pqe_error_from_connection(error, PQE_ERR_CONNECTION, session->pg, "cannot send the statement",
                              false);
    session->broken = true;
    return PQE_ERR_CONNECTION;
}

static pqe_status execute_plain(pqe_session *session, const pqe_statement *statement,
                                const pqe_encoded *params, pqe_deadline deadline, PGresult **result,
                                pqe_error *error)
{
    if (!PQsendQueryParams(session->pg, statement->sql, params->count, params->types,
                           params->values, params->lengths, params->formats, 0)) {
        return send_failed(session, error);
    }
    return pqe_finish_statement(session->pg, deadline, result, error);
}

/* Drops on the server what the cache has given up. */
static void drop_statements(pqe_session *session, pqe_deadline deadline)
{
    char name[PQE_STATEMENT_NAME];

    while (pqe_statement_cache_next_dropped(session->cache, name)) {
        char sql[PQE_STATEMENT_NAME + sizeof("DEALLOCATE ")];
        pqe_error error;

        snprintf(sql, sizeof(sql), "DEALLOCATE %s", name);
        /* One that is not there is as good as dropped, and a lost connection shows in a moment. */
        (void)pqe_command(session->pg, sql, deadline, &error);
    }
}

static pqe_status prepare(pqe_session *session, const char *name, const pqe_statement *statement,
                          const pqe_encoded *params, pqe_deadline deadline, pqe_error *error)
{
    pqe_status status;

    if (!PQsendPrepare(session->pg, name, statement->sql, params->count, params->types)) {
        status = send_failed(session, error);
    } else {
        status = pqe_finish_statement(session->pg, deadline, NULL, error);
    }
    if (status != PQE_OK) {
        pqe_statement_cache_forget(session->cache, name, false);
        error->may_have_run = false; /* it was only prepared */
    }
    return status;
}

/*
 * Executes by a prepared statement where the cache has one or wants one now.  A statement that the
 * server has lost, or whose result has another shape since its tables changed (26000, 0A000), is
 * forgotten; outside a transaction it is executed plainly instead, which nobody notices.
 */
static pqe_status execute_cached(pqe_session *session, const pqe_statement *statement,
                                 const pqe_encoded *params, pqe_deadline deadline,
                                 PGresult **result, pqe_error *error)
{
    char name[PQE_STATEMENT_NAME];
    bool outside = PQtransactionStatus(session->pg) == PQTRANS_IDLE;
    pqe_cache_action action;
    pqe_status status;

    if (outside) {
        drop_statements(session, deadline);
    }
    action = pqe_statement_cache_decide(session->cache, statement, params, name);
    if (action == PQE_CACHE_PLAIN) {
        return execute_plain(session, statement, params, deadline, result, error);
    }
    if (action == PQE_CACHE_PREPARE) {
        status = prepare(session, name, statement, params, deadline, error);
        if (status != PQE_OK) {
            return status;
        }
    }
    if (!PQsendQueryPrepared(session->pg, name, params->count, params->values, params->lengths,
                             params->formats, 0)) {
        return send_failed(session, error);
    }
    status = pqe_finish_statement(session->pg, deadline, result, error);
    if (status == PQE_ERR_QUERY && pqe_prepared_is_useless(error->sqlstate)) {
        pqe_statement_cache_forget(session->cache, name, error->sqlstate[0] == '0');
        if (outside) {
            return execute_plain(session, statement, params, deadline, result, error);
        }
    }
    return status;
}

/* A server that says this goes down, and takes its other sessions along. */
static bool ends_session(const char *sqlstate)
{
    return strncmp(sqlstate, "57P0", 4) == 0 || strncmp(sqlstate, "08", 2) == 0;
}

void pqe_session_note_sent(pqe_session *session, const pqe_statement *statement)
{
    session->used = true;
    if (statement->changes_session) {
        session->changed = true;
    }
}

/* Remembers for which statement the server gives a transaction up, and not what it refuses then. */
static void note_failed_statement(pqe_session *session, const pqe_error *failure)
{
    pqe_failed_statement *failed = &session->failed;

    if (PQtransactionStatus(session->pg) == PQTRANS_INERROR &&
        strcmp(failure->sqlstate, "25P02") != 0) {
        memcpy(failed->sqlstate, failure->sqlstate, sizeof(failed->sqlstate));
        pqe_text_copy(failed->message, sizeof(failed->message), failure->message);
        pqe_text_copy(failed->statement, sizeof(failed->statement), failure->statement);
    }
}

void pqe_session_note_failure(pqe_session *session, const pqe_error *failure)
{
    note_failed_statement(session, failure);
    if (PQstatus(session->pg) != CONNECTION_OK || ends_session(failure->sqlstate)) {
        session->broken = true;
    }
    if (strcmp(failure->sqlstate, "25006") == 0) {
        /* Read-only: perhaps the server was demoted, and the next connection finds the new primary.
         */
        session->retired = true;
    }
}

bool pqe_prepared_is_useless(const char *sqlstate)
{
    return strcmp(sqlstate, "26000") == 0 || strcmp(sqlstate, "0A000") == 0;
}

pqe_status pqe_session_execute(pqe_session *session, const pqe_statement *statement,
                               const pqe_encoded *params, pqe_deadline deadline, PGresult **result,
                               pqe_error *error)
{
    pqe_error own;
    pqe_status status;

    pqe_session_note_sent(session, statement);
    if (session->cache != NULL && statement->cacheable) {
        status = execute_cached(session, statement, params, deadline, result, &own);
    } else {
        status = execute_plain(session, statement, params, deadline, result, &own);
    }
    if (session->cache != NULL && statement->drops_prepared) {
        pqe_statement_cache_clear(session->cache);
    }
    if (status == PQE_OK) {
        return PQE_OK;
    }
    pqe_error_statement(&own, statement->sql);
    pqe_session_note_failure(session, &own);
    pqe_error_copy(error, &own);
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* Resetting                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

const char *const pqe_session_reset_sql[] = {
    "SET SESSION AUTHORIZATION DEFAULT",
    "RESET ALL",
    "CLOSE ALL",
    "UNLISTEN *",
    "SELECT pg_catalog.pg_advisory_unlock_all()",
    "DISCARD PLANS",
    "DISCARD TEMP",
    "DISCARD SEQUENCES",
    NULL,
};

bool pqe_session_needs_reset(const pqe_settings *settings, const pqe_session *session)
{
    pqe_reset reset = settings->config.pool_reset;

    return reset == PQE_RESET_ALWAYS ? session->used : reset == PQE_RESET_AUTO && session->changed;
}

/* The reset as one text, so that it takes one round trip. */
static pqe_status run_reset(pqe_session *session, pqe_error *error)
{
    pqe_buffer sql = PQE_BUFFER_INIT;
    pqe_status status;

    for (size_t i = 0; pqe_session_reset_sql[i] != NULL; i++) {
        pqe_buffer_printf(&sql, "%s;", pqe_session_reset_sql[i]);
    }
    status = pqe_buffer_failed(&sql)
                 ? pqe_error_no_memory(error)
                 : pqe_command(session->pg, sql.data, pqe_deadline_in(PQE_RESET_MS), error);
    pqe_buffer_free(&sql);
    return status;
}

void pqe_session_reset(const pqe_settings *settings, pqe_session *session)
{
    PGTransactionStatusType transaction = PQtransactionStatus(session->pg);
    pqe_error error;

    if (session->broken || PQstatus(session->pg) != CONNECTION_OK) {
        session->broken = true;
        return;
    }
    if (transaction == PQTRANS_INTRANS || transaction == PQTRANS_INERROR) {
        if (pqe_command(session->pg, "ROLLBACK", pqe_deadline_in(PQE_RESET_MS), &error) != PQE_OK) {
            session->broken = true;
            return;
        }
    } else if (transaction != PQTRANS_IDLE) {
        session->broken = true;
        return;
    }
    if (pqe_session_needs_reset(settings, session)) {
        if (run_reset(session, &error) != PQE_OK) {
            pqe_log(settings, PQE_LOG_DEBUG, "backend %d cannot be reset and is closed: %s",
                    session->backend_pid, error.message);
            session->broken = true;
        }
    }
    session->changed = false;
    session->used = false;
}
