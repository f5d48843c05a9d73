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

/* Executes on a session that the caller has, and keeps metrics and trace. */
pqe_status pqe_call_run(pqe_engine *engine, pqe_session *session, const pqe_prepared_call *prepared,
                        pqe_result **result, pqe_error *error);

#endif /* PQE_QUERY_H */
