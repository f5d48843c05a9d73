/*
 * query.h - the core of every call that executes a statement
 */
#ifndef PQE_QUERY_H
#define PQE_QUERY_H

#include "engine.h"
#include "session.h"
#include "sql.h"

/* A call that was checked: its statement read and its parameters encoded. */
typedef struct pqe_prepared_call {
    pqe_call call; /* with sql and params, where an object wrote them, too */
    pqe_sql written;
    pqe_statement statement;
    pqe_encoded params;
} pqe_prepared_call;

/*
 * Checks a call and makes it ready: everything that can be refused without a server is.
 * Holds pointers into itself: do not copy.
 */
pqe_status pqe_call_prepare(pqe_prepared_call *prepared, const pqe_call *call, pqe_error *error);
void pqe_call_free(pqe_prepared_call *prepared);

/* What pqe_call_prepare begins with: NULL and the like. */
pqe_status pqe_call_check(const pqe_call *call, pqe_error *error);

/* PQE_ERR_STATE for BEGIN and its like, which have no place where a connection is shared. */
pqe_status pqe_refuse_transaction_control(const pqe_prepared_call *prepared, pqe_error *error);

/* Makes the message of a PQE_ERR_TIMEOUT say how long the statement had. */
void pqe_describe_timeout(int64_t timeout_ms, pqe_error *error);

/* Whether it does no harm to execute the statement once more after it failed so. */
bool pqe_is_safe_to_retry(const pqe_call *call, const pqe_error *failure);

/* The pause before an attempt is followed by another; the first attempt is 0. */
int64_t pqe_retry_delay_ms(const pqe_engine *engine, int attempt);

/* Executes on a session that the caller has, and keeps metrics and trace. */
pqe_status pqe_call_run(pqe_engine *engine, pqe_session *session, const pqe_prepared_call *prepared,
                        pqe_result **result, pqe_error *error);

#endif /* PQE_QUERY_H */
