/*
 * statement_cache.h - which statements a session has prepared
 *
 * A statement is prepared when it comes for the second time; the one that was not used for longest
 * makes room.  The cache only keeps the books: its user talks to the server.
 */
#ifndef PQE_STATEMENT_CACHE_H
#define PQE_STATEMENT_CACHE_H

#include "param.h"
#include "statement.h"

typedef struct pqe_statement_cache pqe_statement_cache;

typedef enum pqe_cache_action {
    PQE_CACHE_PLAIN,   /* execute without preparing */
    PQE_CACHE_PREPARE, /* prepare under the name, then execute by it */
    PQE_CACHE_EXECUTE  /* execute by the name */
} pqe_cache_action;

/* Room for the name of a prepared statement. */
#define PQE_STATEMENT_NAME 48

/* NULL where memory, or randomness for names, is not to be had. */
pqe_statement_cache *pqe_statement_cache_new(size_t size);
void pqe_statement_cache_free(pqe_statement_cache *cache);

/* Notes that a statement with parameters of these types comes, and says what to do. */
pqe_cache_action pqe_statement_cache_decide(pqe_statement_cache *cache,
                                            const pqe_statement *statement,
                                            const pqe_encoded *params,
                                            char name[PQE_STATEMENT_NAME]);

/* The statement of that name is of no use any more.  on_server: it is to be dropped there. */
void pqe_statement_cache_forget(pqe_statement_cache *cache, const char *name, bool on_server);

/* The server has dropped all prepared statements. */
void pqe_statement_cache_clear(pqe_statement_cache *cache);

/*
 * Names a statement that is to be dropped on the server, each once.  To be asked outside a
 * transaction only, which a failing DEALLOCATE would spoil.
 */
bool pqe_statement_cache_next_dropped(pqe_statement_cache *cache, char name[PQE_STATEMENT_NAME]);

#endif /* PQE_STATEMENT_CACHE_H */
