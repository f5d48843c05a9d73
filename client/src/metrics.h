/*
 * metrics.h - counters of calls
 */
#ifndef PQE_METRICS_H
#define PQE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>

#include "pqengine.h"
#include "tables.h"

typedef struct pqe_counters pqe_counters;

/* The counters of one kind of statement, or of one kind of statement on one table. */
typedef struct pqe_tally pqe_tally;

/* What the engine itself counts beside calls; see pqe_health_metrics. */
typedef struct pqe_findings {
    atomic_uint_fast64_t rounds;
    atomic_uint_fast64_t checked;
    atomic_uint_fast64_t broken;
    atomic_uint_fast64_t demoted;
    atomic_uint_fast64_t expired;
    atomic_uint_fast64_t surplus;
    atomic_uint_fast64_t opened;
    atomic_uint_fast64_t leaks;
    atomic_uint_fast64_t middleware_failures;
    atomic_uint_fast64_t hook_failures;
    atomic_int_fast64_t last_round_at_us;
} pqe_findings;

/* NULL where memory runs out. */
pqe_counters *pqe_counters_new(void);
void pqe_counters_free(pqe_counters *counters);

/*
 * The tallies of a statement's tables, one for each, for free(); the tallies themselves belong to
 * the counters.  NULL where there are no counters or tables, or no memory.
 */
pqe_tally **pqe_counters_tables(pqe_counters *counters, pqe_statement_kind kind,
                                const pqe_tables *tables);

/*
 * Counts a call, for its kind and for its tables; nothing where counters is NULL.
 *
 *   shard   any number; calls of threads that run at the same time should differ in it
 */
void pqe_counters_add(pqe_counters *counters, pqe_statement_kind kind, pqe_tally *const *tallies,
                      size_t tally_count, unsigned int shard, bool ok, uint64_t rows,
                      uint64_t duration_us);

/* One more of something that was found. */
void pqe_finding_add(atomic_uint_fast64_t *finding, uint64_t amount);

#endif /* PQE_METRICS_H */
