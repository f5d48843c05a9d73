/*
 * metrics.h - counters of calls
 */
#ifndef PQE_METRICS_H
#define PQE_METRICS_H

#include <stdbool.h>

#include "pqengine.h"

typedef struct pqe_counters pqe_counters;

/* NULL where memory runs out. */
pqe_counters *pqe_counters_new(void);
void pqe_counters_free(pqe_counters *counters);

/* Counts a call; nothing where counters is NULL. */
void pqe_counters_add(pqe_counters *counters, pqe_statement_kind kind, bool ok, uint64_t rows,
                      uint64_t duration_us);

#endif /* PQE_METRICS_H */
