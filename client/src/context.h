/*
 * context.h - one call on its way through the pipeline
 */
#ifndef PQE_CONTEXT_H
#define PQE_CONTEXT_H

#include "engine.h"
#include "param.h"
#include "sql.h"
#include "statement_store.h"

struct pqe_chain;

/* A call that was checked: its statement read and its parameters encoded. */
typedef struct pqe_prepared_call {
    pqe_call call; /* with sql and params, where an object wrote them, too */
    pqe_sql written;
    pqe_shared_statement *shared;
    const pqe_statement *statement; /* that of shared */
    pqe_encoded params;
    struct pqe_prepared_call *next; /* of those that middlewares made */
} pqe_prepared_call;

/* What a middleware may change about a call, kept so that it can be undone. */
typedef struct pqe_frame {
    pqe_prepared_call *call;
    pqe_deadline deadline;
    int64_t timeout_ms;     /* that the deadline was made of */
    const char *timeout_of; /* the middleware's name, NULL where there is no deadline */
    bool skipped;           /* its enter failed: its leave is not called */
} pqe_frame;

/* So many middlewares need no memory of their own. */
#define PQE_FEW_FRAMES 8

struct pqe_context {
    pqe_engine *engine;
    struct pqe_chain *chain; /* NULL: neither middlewares nor hooks */
    pqe_prepared_call first; /* as the caller has it */
    pqe_prepared_call *made; /* what middlewares put in its place, freed at the end */
    pqe_frame base;          /* before any middleware */
    pqe_frame now;           /* as it stands */
    pqe_frame *frames;       /* behind the enter of each middleware that was entered */
    size_t entered;
    bool entering;       /* within an enter: the call may be rewritten or answered */
    bool leaving;        /* within a leave */
    bool on_pool;        /* each attempt takes a session of its own */
    bool in_transaction; /* of a transaction block: nothing is retried */
    bool given_up;       /* nobody waits for it any more: nothing is retried, either */
    int attempt;
    int own_retries; /* of max_retries that are left */
    int64_t present; /* see pqe_context_present */
    int64_t began_at;
    int64_t started_at;  /* the present attempt, once it has a session */
    int64_t duration_us; /* of that attempt */
    int backend_pid;

    /* the outcome so far */
    pqe_status status;
    pqe_result *result;
    pqe_error *failure; /* the driver's room for it; undefined where the status is PQE_OK */
    bool answered;
    int64_t retry_after_ms;

    struct pqe_context_memory *memory; /* of pqe_context_alloc */
    pqe_frame few_frames[PQE_FEW_FRAMES];
};

/*
 * The time: as it was last read, where nothing that may take long has come in between, such as the
 * program's code or the server; those who call such a thing set context->present to 0.
 */
int64_t pqe_context_present(const pqe_context *context);

/* What pqe_context_init begins with: NULL and the like. */
pqe_status pqe_call_check(const pqe_call *call, pqe_error *error);

/*
 * Checks a call and makes it ready: everything that can be refused without a server is.  A context
 * holds pointers into itself: do not copy.  After an error there is nothing to free.
 *
 *   own       a statement of the engine's own: it passes no middleware and no hook
 *   failure   room for the failure, which is large: for whoever drives the call to provide, here or
 *             by setting context->failure before pqe_pipeline_enter, _after and _leave
 */
pqe_status pqe_context_init(pqe_context *context, pqe_engine *engine, const pqe_call *call,
                            bool own, pqe_error *failure, pqe_error *error);

/* PQE_ERR_STATE for BEGIN and its like, which have no place where a connection is shared. */
pqe_status pqe_refuse_transaction_control(const pqe_context *context, pqe_error *error);

/* Hands over the outcome to the caller and frees all that the context has. */
pqe_status pqe_context_finish(pqe_context *context, pqe_result **result, pqe_error *error);

/* The outcome: failed with that error, or done with that result. */
void pqe_context_fail(pqe_context *context, const pqe_error *failure);
void pqe_context_succeed(pqe_context *context, pqe_result *result);

#endif /* PQE_CONTEXT_H */
