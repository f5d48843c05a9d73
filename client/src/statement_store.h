/*
 * statement_store.h - statements that were read once, shared by all calls of an engine
 *
 * Reading a statement means one pass of the lexer and some memory.  A program executes the same few
 * texts again and again, so what was read is kept; a call holds a reference while it lasts.
 */
#ifndef PQE_STATEMENT_STORE_H
#define PQE_STATEMENT_STORE_H

#include <stdatomic.h>

#include "metrics.h"
#include "statement.h"

typedef struct pqe_statement_store pqe_statement_store;

/* Does not change once it was made, but for the number of references. */
typedef struct pqe_shared_statement {
    atomic_int references;
    pqe_statement statement;
    pqe_tally **tallies; /* of the tables, one for each; NULL where metrics are off */
    bool as_is;
    size_t text_length;
    uint64_t text_hash;
    char text[]; /* as the caller wrote it */
} pqe_shared_statement;

/* counters: those of the engine, or NULL.  NULL where memory runs out. */
pqe_statement_store *pqe_statement_store_new(pqe_counters *counters);
void pqe_statement_store_free(pqe_statement_store *store);

/*
 * Reads a statement, or finds it; to be given back with pqe_statement_put.  Errors as of
 * pqe_statement_read.
 *
 *   as_is   it is as PostgreSQL has it; see pqe_statement_read_as_is
 */
pqe_status pqe_statement_get(pqe_statement_store *store, const char *sql, bool as_is,
                             pqe_shared_statement **shared, pqe_error *error);

/* Gives a statement back; this thread finds it at once if it is the next that it wants. */
void pqe_statement_put(pqe_statement_store *store, pqe_shared_statement *shared);

/* Further references, which may outlive the call. */
void pqe_shared_keep(pqe_shared_statement *shared);
void pqe_shared_release(pqe_shared_statement *shared);

#endif /* PQE_STATEMENT_STORE_H */
