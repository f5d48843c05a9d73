/*
 * health.h - the thread that looks after idle connections
 */
#ifndef PQE_HEALTH_H
#define PQE_HEALTH_H

#include "pool.h"

typedef struct pqe_health pqe_health;

/* Starts the monitor of a pool. */
pqe_status pqe_health_start(pqe_pool *pool, pqe_health **health, pqe_error *error);

/* Ends it and waits until it has; NULL is ignored. */
void pqe_health_stop(pqe_health *health);

#endif /* PQE_HEALTH_H */
