/*
 * connection.c - opening a libpq connection and running statements on it under a deadline
 */
#include "connection.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cancel.h"
#include "error.h"
#include "log.h"

/* How long a cancelled statement may take to end before its connection is given up. */
#define CANCEL_GRACE_MS 1000

static int64_t read_clock_us(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t pqe_now_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC);
}

int64_t pqe_coarse_now_us(void)
{
    return read_clock_us(CLOCK_MONOTONIC_COARSE);
}

/* Both clocks tick together, so that between two ticks their difference is exact. */
int64_t pqe_wall_clock_offset_us(void)
{
    int64_t before = pqe_coarse_now_us();

    for (;;) {
        int64_t wall = read_clock_us(CLOCK_REALTIME_COARSE);
        int64_t after = pqe_coarse_now_us();

        if (after == before) {
            return wall - before;
        }
        before = after;
    }
}

pqe_deadline pqe_deadline_in(int64_t milliseconds)
{
    return milliseconds > 0 ? pqe_now_us() + milliseconds * 1000 : PQE_NEVER;
}

int pqe_wait_socket(int socket, short events, pqe_deadline deadline)
{
    struct pollfd entry = {.fd = socket, .events = events, .revents = 0};

    for (;;) {
        int timeout = -1;
        int ready;

        if (deadline != PQE_NEVER) {
            int64_t left_ms = (deadline - pqe_now_us() + 999) / 1000;

            timeout = left_ms <= 0 ? 0 : left_ms < 1000000 ? (int)left_ms : 1000000;
        }
        ready = poll(&entry, 1, timeout);
        if (ready > 0) {
            return 1;
        }
        if (ready < 0 && errno != EINTR) {
            return -1;
        }
        if (deadline != PQE_NEVER && pqe_now_us() >= deadline) {
            return 0;
        }
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Opening                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/*
 * While a connection is being made libpq keeps the server's SQLSTATE to itself, except in verbose
 * messages: "FATAL:  28P01: password authentication failed".  Finds the last one; several hosts
 * give several lines.  Returns where the text behind the code begins, or NULL.
 */
static const char *find_sqlstate(const char *message, char sqlstate[6])
{
    const char *found = NULL;

    for (const char *at = strstr(message, ":  "); at != NULL; at = strstr(at + 1, ":  ")) {
        size_t length = 0;

        while (length < 5 &&
               (isdigit((unsigned char)at[3 + length]) || isupper((unsigned char)at[3 + length]))) {
            length++;
        }
        if (length == 5 && strncmp(at + 8, ": ", 2) == 0) {
            memcpy(sqlstate, at + 3, 5);
            sqlstate[5] = '\0';
            found = at + 10;
        }
    }
    return found;
}

static pqe_status status_of_sqlstate(const char *sqlstate)
{
    if (strncmp(sqlstate, "28", 2) == 0) {
        return PQE_ERR_AUTH;
    }
    if (strcmp(sqlstate, "3D000") == 0) {
        return PQE_ERR_DATABASE_NOT_FOUND;
    }
    /* CONNECT right on the database */
    if (strcmp(sqlstate, "42501") == 0) {
        return PQE_ERR_PERMISSION;
    }
    return PQE_ERR_CONNECTION;
}

/* "database "d" at host:port", as far as libpq knows them. */
static void describe_target(const PGconn *connection, char *to, size_t size)
{
    const char *database = PQdb(connection);
    const char *host = PQhost(connection);
    const char *port = PQport(connection);

    snprintf(to, size, "database \"%s\" at %s%s%s", database != NULL ? database : "",
             host != NULL && host[0] != '\0' ? host : "the server",
             port != NULL && port[0] != '\0' ? ":" : "", port != NULL ? port : "");
}

/* libpq begins with where it tried, which the message says already: what follows that, on one line. */
static void copy_cause(char *to, size_t size, const char *words)
{
    const char *failed = strstr(words, " failed: ");
    size_t line = strcspn(words, "\n");

    if (strncmp(words, "connection to server ", 21) == 0 && failed != NULL &&
        (size_t)(failed - words) < line) {
        words = failed + strlen(" failed: ");
    }
    snprintf(to, size, "%.*s", (int)strcspn(words, "\n"), words);
}

/* All that libpq said where it tried several hosts, each with a line or more of its own. */
static void detail_attempts(const char *words, pqe_error *error)
{
    size_t length = strlen(words);

    while (length > 0 && words[length - 1] == '\n') {
        length--;
    }
    if (memchr(words, '\n', length) != NULL) {
        pqe_error_detail(error, "%.*s", (int)length, words);
    }
}

static pqe_status connect_failure(const PGconn *connection, pqe_error *error)
{
    const char *words = PQerrorMessage(connection);
    char sqlstate[6] = "";
    const char *text = find_sqlstate(words, sqlstate);
    pqe_status status = status_of_sqlstate(sqlstate);
    char target[512];
    char cause[512];

    if (PQconnectionNeedsPassword(connection)) {
        status = PQE_ERR_AUTH;
    }
    describe_target(connection, target, sizeof(target));
    copy_cause(cause, sizeof(cause), text != NULL ? text : words);
    switch (status) {
    case PQE_ERR_AUTH:
        pqe_error_set(error, status, "cannot log in to %s as user \"%s\": %s", target,
                      PQuser(connection) != NULL ? PQuser(connection) : "", cause);
        break;
    case PQE_ERR_DATABASE_NOT_FOUND:
        pqe_error_set(error, status, "the server has no such database: %s", cause);
        pqe_error_hint(error, "Create the database, or turn ensure_database on.");
        break;
    default:
        pqe_error_set(error, status, "cannot connect to %s: %s", target, cause);
        break;
    }
    if (text == NULL) {
        detail_attempts(words, error);
    }
    if (error != NULL) {
        memcpy(error->sqlstate, sqlstate, sizeof(sqlstate));
        if (pqe_connect_was_full(error)) {
            pqe_error_hint(error, "All connections that the server has for this role and database "
                                  "are taken: lower pool_size here or elsewhere, or raise "
                                  "max_connections.");
        }
    }
    return status;
}

static void drop_notice(void *settings, const PGresult *notice)
{
    pqe_log(settings, PQE_LOG_DEBUG, "server: %s",
            PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY) != NULL
                ? PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY)
                : "notice");
}

/* Starts with the settings' parameters and, where it is not NULL, another database. */
static PGconn *start_connection(const pqe_settings *settings, const char *database)
{
    size_t count = 0;
    const char **keywords;
    const char **values;
    PGconn *connection = NULL;

    while (settings->keywords[count] != NULL) {
        count++;
    }
    keywords = calloc(count + 2, sizeof(char *));
    values = calloc(count + 2, sizeof(char *));
    if (keywords != NULL && values != NULL) {
        memcpy(keywords, settings->keywords, count * sizeof(char *));
        memcpy(values, settings->values, count * sizeof(char *));
        if (database != NULL) {
            keywords[count] = "dbname";
            values[count] = database;
        }
        connection = PQconnectStartParams(keywords, values, 0);
    }
    free(keywords);
    free(values);
    return connection;
}

/* One attempt.  *connection is set, good or bad, unless memory ran out. */
static pqe_status try_connect(const pqe_settings *settings, const char *database,
                              pqe_deadline deadline, PGconn **connection, pqe_error *error)
{
    PostgresPollingStatusType state = PGRES_POLLING_WRITING;
    PGconn *pg = start_connection(settings, database);
    char target[512];

    *connection = pg;
    if (pg == NULL) {
        return pqe_error_no_memory(error);
    }
    if (PQstatus(pg) == CONNECTION_BAD) {
        return connect_failure(pg, error);
    }
    PQsetErrorVerbosity(pg, PQERRORS_VERBOSE);
    PQsetNoticeReceiver(pg, drop_notice, (void *)settings);
    for (;;) {
        int ready = pqe_wait_socket(PQsocket(pg), state == PGRES_POLLING_READING ? POLLIN : POLLOUT,
                                    deadline);

        if (ready == 0) {
            describe_target(pg, target, sizeof(target));
            return pqe_error_set(error, PQE_ERR_TIMEOUT,
                                 "cannot connect to %s: no answer within %lld ms", target,
                                 (long long)settings->config.connection_timeout_ms);
        }
        if (ready < 0) {
            return pqe_error_set(error, PQE_ERR_CONNECTION, "cannot wait for the server: %s",
                                 strerror(errno));
        }
        state = PQconnectPoll(pg);
        if (state == PGRES_POLLING_FAILED) {
            return connect_failure(pg, error);
        }
        if (state == PGRES_POLLING_OK) {
            break;
        }
    }
    PQsetErrorVerbosity(pg, PQERRORS_DEFAULT);
    /* A full socket must not block past a deadline. */
    if (PQsetnonblocking(pg, 1) != 0) {
        return pqe_error_from_connection(error, PQE_ERR_CONNECTION, pg, "cannot connect", false);
    }
    return PQE_OK;
}

bool pqe_connect_was_full(const pqe_error *failure)
{
    return strcmp(failure->sqlstate, "53300") == 0;
}

bool pqe_connect_may_pass(const pqe_error *failure)
{
    return pqe_connect_was_full(failure) || strcmp(failure->sqlstate, "57P03") == 0;
}

pqe_status pqe_connect_once(const pqe_settings *settings, const char *database, PGconn **connection,
                            pqe_error *error)
{
    pqe_status status =
        try_connect(settings, database, pqe_deadline_in(settings->config.connection_timeout_ms),
                    connection, error);

    if (status != PQE_OK) {
        PQfinish(*connection);
        *connection = NULL;
        return status;
    }
    return pqe_error_clear(error);
}

pqe_status pqe_connect(const pqe_settings *settings, const char *database, PGconn **connection,
                       pqe_error *error)
{
    pqe_deadline deadline = pqe_deadline_in(settings->config.connection_timeout_ms);
    int64_t pause_us = 20000;
    pqe_error failure;
    bool refused = false;

    for (;;) {
        pqe_error attempt;
        pqe_status status = try_connect(settings, database, deadline, connection, &attempt);
        struct timespec pause = {.tv_sec = 0, .tv_nsec = pause_us * 1000};

        if (status == PQE_OK) {
            return pqe_error_clear(error);
        }
        PQfinish(*connection);
        *connection = NULL;
        /* When time runs out, what the server said before is the better answer. */
        if (status != PQE_ERR_TIMEOUT || !refused) {
            pqe_error_copy(&failure, &attempt);
        }
        refused = pqe_connect_may_pass(&attempt);
        if (!refused || (deadline != PQE_NEVER && pqe_now_us() + pause_us >= deadline)) {
            pqe_error_copy(error, &failure);
            return failure.code;
        }
        nanosleep(&pause, NULL);
        pause_us = pause_us < 250000 ? pause_us * 2 : 500000;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Running statements                                                                             */
/* ---------------------------------------------------------------------------------------------- */

/* Sends what libpq still holds and reads until a result can be had without blocking. */
static int wait_for_result(PGconn *connection, pqe_deadline deadline)
{
    for (;;) {
        int unsent = PQflush(connection);
        int ready;

        if (unsent < 0) {
            /* What the server said before it hung up is still to be read. */
            return 1;
        }
        if (unsent == 0 && !PQisBusy(connection)) {
            return 1;
        }
        ready =
            pqe_wait_socket(PQsocket(connection), unsent > 0 ? POLLIN | POLLOUT : POLLIN, deadline);
        if (ready <= 0) {
            return ready;
        }
        if (!PQconsumeInput(connection)) {
            return 1;
        }
    }
}

/* COPY needs calls of its own; end it in an orderly way so that the connection can be used again.
 */
static void end_copy(PGconn *connection, ExecStatusType status)
{
    if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) {
        (void)PQputCopyEnd(connection, "COPY FROM STDIN is not possible here");
    }
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
        char *row;

        while (PQgetCopyData(connection, &row, 0) > 0) {
            PQfreemem(row);
        }
    }
}

/*
 * Reads until the statement is over.  *result is the last one, or the first that is an error.
 * Returns false where the deadline passed before.
 */
static bool read_results(PGconn *connection, pqe_deadline deadline, PGresult **result, bool *copied)
{
    for (;;) {
        PGresult *next;
        ExecStatusType status;

        if (wait_for_result(connection, deadline) == 0) {
            return false;
        }
        next = PQgetResult(connection);
        if (next == NULL) {
            return true;
        }
        status = PQresultStatus(next);
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
            *copied = true;
            end_copy(connection, status);
            PQclear(next);
            continue;
        }
        if (*result != NULL && PQresultStatus(*result) == PGRES_FATAL_ERROR) {
            PQclear(next);
        } else {
            PQclear(*result);
            *result = next;
        }
        if (PQstatus(connection) == CONNECTION_BAD) {
            return true;
        }
    }
}

/*
 * The deadline has passed: asks the server to cancel and waits for a while for the statement to
 * end. A connection on which that does not happen, or on which the cancel request may still be
 * under way, is closed for sending so that nobody uses it again.
 */
static void cancel_statement(PGconn *connection, PGresult **result)
{
    pqe_deadline grace = pqe_deadline_in(CANCEL_GRACE_MS);
    bool copied = false;
    bool settled = pqe_cancel(connection, grace);

    if (settled && read_results(connection, grace, result, &copied)) {
        const char *state = PQresultErrorField(*result, PG_DIAG_SQLSTATE);

        if (state != NULL && strcmp(state, "57014") == 0) {
            return;
        }
        /* It ended by itself: the request may yet hit the next statement. */
    }
    pqe_break(connection);
}

pqe_status pqe_copy_refused(pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_QUERY,
                         "COPY FROM STDIN and COPY TO STDOUT move rows, which this call cannot; "
                         "see pqe_copy_run");
}

pqe_status pqe_result_status(const PGconn *connection, const PGresult *result, pqe_error *error)
{
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
        return PQE_OK;
    case PGRES_EMPTY_QUERY:
        return pqe_error_set(error, PQE_ERR_QUERY, "the statement is empty");
    default:
        break;
    }
    if (PQstatus(connection) == CONNECTION_BAD) {
        bool server_said = PQresultErrorField(result, PG_DIAG_SQLSTATE) != NULL;

        if (server_said) {
            pqe_error_from_result(error, PQE_ERR_CONNECTION, result);
        } else {
            pqe_error_from_connection(error, PQE_ERR_CONNECTION, connection,
                                      "the connection was lost", true);
        }
        if (error != NULL) {
            error->may_have_run = true;
        }
        return PQE_ERR_CONNECTION;
    }
    return pqe_error_from_result(error, PQE_ERR_QUERY, result);
}

pqe_status pqe_finish_statement(PGconn *connection, pqe_deadline deadline, PGresult **result,
                                pqe_error *error)
{
    PGresult *last = NULL;
    bool copied = false;
    pqe_status status;

    if (result != NULL) {
        *result = NULL;
    }
    if (!read_results(connection, deadline, &last, &copied)) {
        /* How long it was given is the caller's to say: he knows the figure. */
        PQclear(last);
        last = NULL;
        cancel_statement(connection, &last);
        status = pqe_error_set(error, PQE_ERR_TIMEOUT,
                               "the statement took longer than it was given and was cancelled");
        if (error != NULL) {
            const char *state = PQresultErrorField(last, PG_DIAG_SQLSTATE);

            pqe_text_copy(error->sqlstate, sizeof(error->sqlstate), state);
            error->may_have_run = state == NULL || strcmp(state, "57014") != 0;
        }
    } else if (last == NULL && !copied) {
        status = pqe_error_from_connection(error, PQE_ERR_CONNECTION, connection,
                                           "the connection was lost", true);
    } else {
        status = copied ? pqe_copy_refused(error) : pqe_result_status(connection, last, error);
    }
    if (status == PQE_OK && result != NULL) {
        *result = last;
    } else {
        PQclear(last);
    }
    return status;
}

pqe_status pqe_run_query(PGconn *connection, const char *sql, int parameter_count,
                         const char *const *parameters, pqe_deadline deadline, PGresult **result,
                         pqe_error *error)
{
    pqe_status status;

    if (result != NULL) {
        *result = NULL;
    }
    if (!PQsendQueryParams(connection, sql, parameter_count, NULL, parameters, NULL, NULL, 0)) {
        return pqe_error_from_connection(error, PQE_ERR_CONNECTION, connection,
                                         "cannot send the statement", false);
    }
    status = pqe_finish_statement(connection, deadline, result, error);
    if (status != PQE_OK) {
        pqe_error_statement(error, sql);
    } else {
        pqe_error_clear(error);
    }
    return status;
}

pqe_status pqe_command(PGconn *connection, const char *sql, pqe_deadline deadline, pqe_error *error)
{
    pqe_status status;

    if (!PQsendQuery(connection, sql)) {
        return pqe_error_from_connection(error, PQE_ERR_CONNECTION, connection,
                                         "cannot send the statement", false);
    }
    status = pqe_finish_statement(connection, deadline, NULL, error);
    if (status != PQE_OK) {
        pqe_error_statement(error, sql);
    } else {
        pqe_error_clear(error);
    }
    return status;
}

const char *pqe_answer_value(const PGresult *result, int row, int column)
{
    return row < PQntuples(result) && column < PQnfields(result) ? PQgetvalue(result, row, column)
                                                                 : "";
}
