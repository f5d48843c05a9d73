/*
 * statement.h - what one pass over a statement's text tells: its placeholders as $n, its kind, and
 * what it may do to the session
 */
#ifndef PQE_STATEMENT_H
#define PQE_STATEMENT_H

#include "pqengine.h"
#include "tables.h"

typedef struct pqe_statement {
    const char *sql; /* as the server takes it: the caller's text or `own` */
    char *own;       /* the rewritten text, NULL where nothing had to be changed */
    size_t parameter_count;
    pqe_statement_kind kind;
    bool changes_session;      /* may leave settings, locks, temporary tables, ... in the session */
    bool controls_transaction; /* BEGIN, COMMIT, ROLLBACK and their like, not savepoints */
    bool drops_prepared;       /* DISCARD, DEALLOCATE */
    bool cacheable;            /* worth preparing */
    bool shareable;            /* see shareable.h */
    bool client_copy;
    pqe_tables tables; /* that it names */
    size_t length;     /* of sql */
    uint64_t hash;     /* of sql; see pqe_hash */
} pqe_statement;

/*
 * Reads sql, which must live as long as the statement.
 *
 * Errors: PQE_ERR_PLACEHOLDER (mixed styles, something left open, more than 65535 parameters),
 * PQE_ERR_NO_MEMORY.
 */
pqe_status pqe_statement_read(pqe_statement *statement, const char *sql, pqe_error *error);

/* The same for a text that is as PostgreSQL has it: there %s and %% mean nothing. */
pqe_status pqe_statement_read_as_is(pqe_statement *statement, const char *sql, pqe_error *error);

void pqe_statement_free(pqe_statement *statement);

/* A hash of some bytes, for tables in memory. */
uint64_t pqe_hash(const char *bytes, size_t length);

#endif /* PQE_STATEMENT_H */
