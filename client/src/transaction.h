/*
 * transaction.h - what transactions of both sides, sync and async, have in common
 */
#ifndef PQE_TRANSACTION_H
#define PQE_TRANSACTION_H

#include "query.h"

/* Room for a BEGIN with all it can have. */
#define PQE_BEGIN_SIZE 128

/* Checks the options and writes the statement that begins such a transaction. */
pqe_status pqe_begin_statement(const pqe_transaction_options *options, char sql[PQE_BEGIN_SIZE],
                               pqe_error *error);

/* What a COMMIT that the server answered with this command tag has come to. */
pqe_status pqe_commit_status(const char *command, pqe_error *error);

/* Says in an error of pqe_commit_status for which statement the transaction was given up. */
void pqe_describe_failed_statement(const pqe_session *session, pqe_error *error);

/* The SQLSTATE for which the server has given a transaction up; "" where it has not. */
void pqe_transaction_cause(pqe_transaction *transaction, char sqlstate[6]);

/* Refuses options that are none. */
pqe_status pqe_transaction_options_check(const pqe_transaction_options *options, pqe_error *error);

/* The error of BEGIN, COMMIT and their like within a transaction. */
pqe_status pqe_refuse_control_in_transaction(const pqe_context *context, pqe_error *error);

#endif /* PQE_TRANSACTION_H */
