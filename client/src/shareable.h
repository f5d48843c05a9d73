/*
 * shareable.h - which statements may share a transaction with others
 */
#ifndef PQE_SHAREABLE_H
#define PQE_SHAREABLE_H

#include "statement.h"

/*
 * Whether a statement plainly changes nothing and locks no rows, so that it makes no difference
 * whether it is executed once or, after a failure of its neighbour, once more.  True only for a query
 * in which no function is called but those known to be harmless; what hides behind a view is undone
 * with the transaction that it shares.
 */
bool pqe_statement_is_shareable(const pqe_statement *statement);

/* Whether it is a COPY from or to the client, which pipeline mode cannot do. */
bool pqe_statement_is_client_copy(const pqe_statement *statement);

#endif /* PQE_SHAREABLE_H */
