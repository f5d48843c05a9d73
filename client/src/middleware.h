/*
 * middleware.h - the middlewares and hooks of an engine
 *
 * They are kept as a list that never changes.  Adding or removing one makes a new list; a call holds
 * on to the list it began with, so that nobody who changes it need wait for a call.
 */
#ifndef PQE_MIDDLEWARE_H
#define PQE_MIDDLEWARE_H

#include "pqengine.h"

typedef struct pqe_registry pqe_registry;
typedef struct pqe_chain pqe_chain;

/* NULL where memory runs out. */
pqe_registry *pqe_registry_new(void);
/* No call may use a chain of it any more. */
void pqe_registry_free(pqe_registry *registry);

/* The list as it is now, to be given back; NULL where it is empty. */
pqe_chain *pqe_chain_keep(pqe_registry *registry);
void pqe_chain_release(pqe_registry *registry, pqe_chain *chain);

/* How many middlewares there are, and the one with that number, the outermost first. */
size_t pqe_chain_middlewares(const pqe_chain *chain);
const pqe_middleware *pqe_chain_middleware(const pqe_chain *chain, size_t number);

/* The hook with that number of a point, NULL where there are no more. */
pqe_hook pqe_chain_hook(const pqe_chain *chain, pqe_hook_point point, size_t number, void **data);

#endif /* PQE_MIDDLEWARE_H */
