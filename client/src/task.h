/*
 * task.h - one thing that was asked of the asynchronous side
 */
#ifndef PQE_TASK_H
#define PQE_TASK_H

#include <stddef.h>

#include "mail.h"
#include "pipeline.h"
#include "statement_cache.h"

struct pqe_async;
struct pqe_async_lease;

typedef enum pqe_task_kind {
    PQE_TASK_CALL,   /* a statement */
    PQE_TASK_TAKE,   /* a connection is to be given out, after the statement where there is one */
    PQE_TASK_RELEASE /* it comes back, after the statement where there is one */
} pqe_task_kind;

/* Why a task is to be given up. */
typedef enum pqe_task_stop {
    PQE_STOP_NONE,
    PQE_STOP_CANCELLED, /* the program does not want it any more */
    PQE_STOP_TIMEOUT,   /* its deadline has passed */
    PQE_STOP_DISPOSED   /* the engine is disposed of */
} pqe_task_stop;

/* How a task tells its end; exactly one is called, once. */
typedef union pqe_task_callback {
    pqe_callback call;
    pqe_acquire_callback acquire;
    pqe_begin_callback begin;
} pqe_task_callback;

/* What so many bytes hold needs no memory of its own. */
#define PQE_FEW_KEPT 256

typedef struct pqe_task {
    pqe_mail mail; /* in the inbox */

    struct pqe_task *next; /* in the queue it stands in */
    struct pqe_task *previous;
    pqe_async_id id;
    pqe_task_kind kind;
    pqe_task_callback callback;
    void *data;
    struct pqe_async_lease *lease; /* the connection it is on; NULL: any */
    bool begins;                   /* TAKE: a transaction */
    bool commits;                  /* RELEASE: by COMMIT */

    void *kept;     /* memory of what the call points to, where few_kept does not do */
    bool has_call;  /* context is set */
    bool shareable; /* may share a transaction with others of its kind */
    bool alone;     /* ... but not any more: it met a failure of another */
    bool exclusive; /* needs a connection to itself, which is then reset */

    int64_t queued_at;
    int64_t due; /* when it is to be given up, or tried again; PQE_NEVER: never */

    /* while it is on a link */
    bool begun;   /* this attempt has begun; it may be sent several times, unseen */
    bool plain;   /* not to be executed by a prepared statement any more */
    bool outside; /* no transaction was open when it was sent */
    bool told;    /* its callback was called: what the server may still say of it is dropped */
    int refused;  /* how often libpq would not take it */
    pqe_task_stop stop;
    char statement[PQE_STATEMENT_NAME]; /* prepared under this name; "" where it was not */
    PGresult *pg;                       /* what the server answered */

    max_align_t few_kept[PQE_FEW_KEPT / sizeof(max_align_t)];
    pqe_context context; /* large, and set by pqe_context_init */
} pqe_task;

typedef struct pqe_task_queue {
    pqe_task *first;
    pqe_task *last;
    size_t count;
} pqe_task_queue;

void pqe_task_push(pqe_task_queue *queue, pqe_task *task);
void pqe_task_push_front(pqe_task_queue *queue, pqe_task *task);
void pqe_task_remove(pqe_task_queue *queue, pqe_task *task);
/* The first one, taken out; NULL where there is none. */
pqe_task *pqe_task_pop(pqe_task_queue *queue);

/*
 * Makes a task, of a call or (NULL) without one.  Everything the call points to is copied.  Free it
 * with pqe_task_free where it is not submitted.
 *
 *   own   the statement is the engine's own, which passes no middleware
 */
pqe_status pqe_task_new(struct pqe_async *async, pqe_task_kind kind, const pqe_call *call, bool own,
                        pqe_task **task, pqe_error *error);
void pqe_task_free(struct pqe_async *async, pqe_task *task);

/* At the end of the asynchronous side: frees what was kept for further tasks. */
void pqe_task_free_spares(struct pqe_async *async);

/* The statement to be executed, as middlewares left it. */
const pqe_prepared_call *pqe_task_call(const pqe_task *task);

/*
 * The rest runs in the loop's thread.
 *
 * Passes the middlewares on the way in.  False: one of them has decided the call, which has ended, or
 * is to be tried later.
 */
bool pqe_task_enter(struct pqe_async *async, pqe_task *task);

/* Directly before its statement is sent on that session, at that time. */
void pqe_task_begin(pqe_task *task, const pqe_session *session, int64_t now);

/*
 * The outcome: the result, which is taken, or the failure.  Passes hooks and middlewares on the way
 * out and then calls the callback and frees the task, or puts it back to be tried again.
 */
void pqe_task_succeed(struct pqe_async *async, pqe_task *task, PGresult *pg);
void pqe_task_fail(struct pqe_async *async, pqe_task *task, const pqe_error *error);

/* Calls the callback of a task that cannot be got off its link yet. */
void pqe_task_abandon(struct pqe_async *async, pqe_task *task, const pqe_error *error);

/* The error of a task that was stopped. */
void pqe_task_describe_stop(const pqe_task *task, bool may_have_run, pqe_error *error);

#endif /* PQE_TASK_H */
