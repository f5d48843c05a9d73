/*
 * transaction.c - transactions and savepoints
 */
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "pool.h"
#include "query.h"
#include "transaction.h"

/* The longest name PostgreSQL keeps of an identifier. */
#define LONGEST_NAME 63

static const char *isolation_clause(pqe_isolation isolation)
{
    switch (isolation) {
    case PQE_ISOLATION_READ_COMMITTED:
        return " ISOLATION LEVEL READ COMMITTED";
    case PQE_ISOLATION_REPEATABLE_READ:
        return " ISOLATION LEVEL REPEATABLE READ";
    case PQE_ISOLATION_SERIALIZABLE:
        return " ISOLATION LEVEL SERIALIZABLE";
    case PQE_ISOLATION_DEFAULT:
        return "";
    }
    return NULL;
}

pqe_status pqe_transaction_options_check(const pqe_transaction_options *options, pqe_error *error)
{
    if (options->version != PQE_TRANSACTION_OPTIONS_VERSION) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "the options have version %d, this library knows version %d; start "
                             "from PQE_TRANSACTION_OPTIONS_INIT",
                             options->version, PQE_TRANSACTION_OPTIONS_VERSION);
    }
    if (isolation_clause(options->isolation) == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "there is no isolation level %d",
                             (int)options->isolation);
    }
    if (options->max_retries < 0) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "max_retries is %d",
                             options->max_retries);
    }
    return PQE_OK;
}

pqe_status pqe_begin_statement(const pqe_transaction_options *options, char sql[PQE_BEGIN_SIZE],
                               pqe_error *error)
{
    pqe_status status = pqe_transaction_options_check(options, error);

    if (status == PQE_OK) {
        snprintf(sql, PQE_BEGIN_SIZE, "BEGIN%s%s%s", isolation_clause(options->isolation),
                 options->read_only ? " READ ONLY" : "", options->deferrable ? " DEFERRABLE" : "");
    }
    return status;
}

pqe_status pqe_commit_status(const char *command, pqe_error *error)
{
    /* The server answers a COMMIT of a failed transaction with ROLLBACK, and no error. */
    if (strcmp(command, "ROLLBACK") != 0) {
        return PQE_OK;
    }
    pqe_error_set(error, PQE_ERR_QUERY,
                  "the transaction was rolled back, because a statement in it had failed");
    if (error != NULL) {
        memcpy(error->sqlstate, "25P02", 6);
    }
    pqe_error_statement(error, "COMMIT");
    return PQE_ERR_QUERY;
}

void pqe_describe_failed_statement(const pqe_session *session, pqe_error *error)
{
    const pqe_failed_statement *failed = &session->failed;

    if (failed->sqlstate[0] != '\0') {
        pqe_error_detail(error, "It failed with SQLSTATE %s, \"%s\": %s", failed->sqlstate,
                         failed->message, failed->statement);
    }
}

void pqe_transaction_cause(pqe_transaction *transaction, char sqlstate[6])
{
    pqe_lease *lease = (pqe_lease *)transaction;
    pqe_session *session;

    memset(sqlstate, 0, 6);
    if (pqe_lease_enter(lease, PQE_LEASE_TRANSACTION, &session, NULL) == PQE_OK) {
        if (PQtransactionStatus(session->pg) == PQTRANS_INERROR) {
            memcpy(sqlstate, session->failed.sqlstate, 6);
        }
        pqe_lease_leave(lease);
    }
}

pqe_status pqe_transaction_begin(pqe_engine *engine, const pqe_transaction_options *options,
                                 pqe_transaction **transaction, pqe_error *error)
{
    static const pqe_transaction_options defaults = PQE_TRANSACTION_OPTIONS_INIT;
    pqe_lease *lease;
    pqe_session *session;
    char sql[PQE_BEGIN_SIZE];
    pqe_status status;

    if (transaction == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "transaction is NULL");
    }
    *transaction = NULL;
    status = pqe_engine_check(engine, error);
    if (status != PQE_OK) {
        return status;
    }
    if (options == NULL) {
        options = &defaults;
    }
    status = pqe_begin_statement(options, sql, error);
    if (status == PQE_OK) {
        status = pqe_lease_take(engine->pool, PQE_LEASE_TRANSACTION, options->who, &lease, error);
    }
    if (status == PQE_OK) {
        status = pqe_lease_enter(lease, PQE_LEASE_TRANSACTION, &session, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    session->failed.sqlstate[0] = '\0';
    status = pqe_run_own(engine, session, sql, NULL, error);
    if (status != PQE_OK) {
        pqe_lease_end(lease);
        return status;
    }
    pqe_lease_leave(lease);
    *transaction = (pqe_transaction *)lease;
    return PQE_OK;
}

pqe_status pqe_refuse_control_in_transaction(const pqe_context *context, pqe_error *error)
{
    pqe_error_set(error, PQE_ERR_STATE,
                  "a transaction begins and ends by its functions, not by statements");
    pqe_error_hint(error, "Use pqe_transaction_commit or pqe_transaction_rollback.");
    pqe_error_statement(error, context->first.call.sql);
    return PQE_ERR_STATE;
}

pqe_status pqe_transaction_execute_call(pqe_transaction *transaction, const pqe_call *call,
                                        pqe_result **result, pqe_error *error)
{
    pqe_lease *lease = (pqe_lease *)transaction;
    pqe_context context;
    pqe_error failure;
    pqe_session *session;
    pqe_status status;

    if (result != NULL) {
        *result = NULL;
    }
    status = pqe_lease_enter(lease, PQE_LEASE_TRANSACTION, &session, error);
    if (status != PQE_OK) {
        return status;
    }
    status = pqe_context_init(&context, lease->pool->engine, call, false, &failure, error);
    if (status == PQE_OK && context.first.statement->controls_transaction) {
        pqe_refuse_control_in_transaction(&context, &failure);
        pqe_context_fail(&context, &failure);
        status = pqe_context_finish(&context, NULL, error);
    } else if (status == PQE_OK) {
        context.in_transaction = true;
        status = pqe_call_on_session(&context, session, result, error);
    }
    pqe_lease_leave(lease);
    return status;
}

pqe_status pqe_transaction_execute(pqe_transaction *transaction, const char *sql,
                                   const pqe_param *params, size_t param_count, pqe_result **result,
                                   pqe_error *error)
{
    pqe_call call = PQE_CALL_INIT;

    call.sql = sql;
    call.params = params;
    call.param_count = param_count;
    return pqe_transaction_execute_call(transaction, &call, result, error);
}

pqe_status pqe_transaction_commit(pqe_transaction *transaction, pqe_error *error)
{
    pqe_lease *lease = (pqe_lease *)transaction;
    pqe_result *result = NULL;
    pqe_session *session;
    pqe_status status = pqe_lease_enter(lease, PQE_LEASE_TRANSACTION, &session, error);

    if (status != PQE_OK) {
        return status;
    }
    status = pqe_run_own(lease->pool->engine, session, "COMMIT", &result, error);
    if (status == PQE_OK) {
        status = pqe_commit_status(pqe_result_command(result), error);
        if (status != PQE_OK) {
            pqe_describe_failed_statement(session, error);
        }
    }
    pqe_result_free(result);
    pqe_lease_end(lease);
    return status;
}

pqe_status pqe_transaction_rollback(pqe_transaction *transaction, pqe_error *error)
{
    pqe_lease *lease = (pqe_lease *)transaction;
    pqe_session *session;
    pqe_status status = pqe_lease_enter(lease, PQE_LEASE_TRANSACTION, &session, error);

    if (status != PQE_OK) {
        return status;
    }
    status = pqe_run_own(lease->pool->engine, session, "ROLLBACK", NULL, error);
    pqe_lease_end(lease);
    return status;
}

/* ---------------------------------------------------------------------------------------------- */
/* Savepoints                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

/* Runs "COMMAND "name"". */
static pqe_status run_with_name(pqe_transaction *transaction, const char *command, const char *name,
                                pqe_error *error)
{
    pqe_lease *lease = (pqe_lease *)transaction;
    pqe_session *session;
    pqe_buffer sql = PQE_BUFFER_INIT;
    pqe_status status = pqe_lease_enter(lease, PQE_LEASE_TRANSACTION, &session, error);
    char *quoted;

    if (status != PQE_OK) {
        return status;
    }
    if (name == NULL || name[0] == '\0' || strlen(name) > LONGEST_NAME) {
        pqe_lease_leave(lease);
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "a savepoint's name must have 1 to %d bytes", LONGEST_NAME);
    }
    quoted = PQescapeIdentifier(session->pg, name, strlen(name));
    if (quoted == NULL) {
        status = pqe_error_from_connection(error, PQE_ERR_INVALID_ARGUMENT, session->pg,
                                           "the savepoint's name cannot be quoted", false);
    } else {
        pqe_buffer_printf(&sql, "%s %s", command, quoted);
        PQfreemem(quoted);
        status = pqe_buffer_failed(&sql)
                     ? pqe_error_no_memory(error)
                     : pqe_run_own(lease->pool->engine, session, sql.data, NULL, error);
    }
    pqe_buffer_free(&sql);
    pqe_lease_leave(lease);
    return status;
}

pqe_status pqe_savepoint(pqe_transaction *transaction, const char *name, pqe_error *error)
{
    return run_with_name(transaction, "SAVEPOINT", name, error);
}

pqe_status pqe_rollback_to(pqe_transaction *transaction, const char *name, pqe_error *error)
{
    return run_with_name(transaction, "ROLLBACK TO SAVEPOINT", name, error);
}

pqe_status pqe_release_savepoint(pqe_transaction *transaction, const char *name, pqe_error *error)
{
    return run_with_name(transaction, "RELEASE SAVEPOINT", name, error);
}
