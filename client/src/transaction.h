/*
 * transaction.h - what transactions of both sides, sync and async, have in common
 */
#ifndef PQE_TRANSACTION_H
#define PQE_TRANSACTION_H

#include "pqengine.h"

/* Room for a BEGIN with all it can have. */
#define PQE_BEGIN_SIZE 128

/* Checks the options and writes the statement that begins such a transaction. */
pqe_status pqe_begin_statement(const pqe_transaction_options *options, char sql[PQE_BEGIN_SIZE],
                               pqe_error *error);

/* What a COMMIT that the server answered with this command tag has come to. */
pqe_status pqe_commit_status(const char *command, pqe_error *error);

#endif /* PQE_TRANSACTION_H */
