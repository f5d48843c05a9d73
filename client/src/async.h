/*
 * async.h - the asynchronous side of an engine: a loop, the calls it has taken, its connections
 *
 * What a program asks for is a task.  It is made and checked in the caller's thread, put into the
 * inbox, and from there on belongs to the loop's thread, as everything else does:
 *
 *     inbox -> waiting -> a link -> its end, and the callback
 *                 ^          |
 *                 +- delayed +    before a further attempt
 *
 * A link is a connection in pipeline mode (link.h).  What blocks, such as opening a connection, runs
 * as an errand in a thread of its own (errand.h).  One iteration of the loop reads all links that
 * have something to say, then hands out what waits, then writes: so calls made together travel
 * together.
 */
#ifndef PQE_ASYNC_H
#define PQE_ASYNC_H

#include <stdatomic.h>
#include <uv.h>

#include "engine.h"
#include "mail.h"
#include "task.h"
#include "thread.h"

struct pqe_link;

typedef struct pqe_async {
    pqe_engine *engine;
    uv_loop_t *loop;
    uv_loop_t own_loop;
    bool own; /* the loop is the engine's, in its own thread */
    pthread_t thread;

    pthread_mutex_t lock; /* guards up to the next comment */
    pqe_mail *first_mail;
    pqe_mail *last_mail;
    bool woken;    /* the loop will look into the inbox */
    bool stopping; /* no task is taken any more */
    bool closed;   /* the loop's handles are closed */
    bool known;    /* the thread that runs the loop is */
    pthread_t user;
    pthread_cond_t ended;
    bool joined;        /* somebody has waited for the thread */
    bool closes_engine; /* the rest of the engine is closed on the way */
    pqe_dispose_callback disposed;
    void *disposed_data;
    struct pqe_async_lease_chunk *lease_chunks;
    struct pqe_async_lease *first_free_lease;
    struct pqe_async_lease *last_free_lease;
    size_t free_leases;

    /* read and written in any thread */
    atomic_uint_fast64_t ids;
    atomic_size_t accepted;                /* tasks that have not ended */
    _Atomic(pqe_task *) spares[PQE_SEATS]; /* what each thread, by its seat, has freed last */

    /* gauges and counters: written by the loop, read by anyone */
    atomic_int total;   /* links */
    atomic_int opening; /* of them being opened */
    atomic_int busy;    /* of them with something under way, or given out */
    atomic_int queued;  /* tasks that wait */
    atomic_uint_fast64_t acquired;
    atomic_uint_fast64_t opened;
    atomic_uint_fast64_t ended_links;
    atomic_uint_fast64_t broken;
    atomic_uint_fast64_t connect_failures;
    atomic_uint_fast64_t timeouts;
    atomic_uint_fast64_t wait_us;

    /* the loop's own */
    uv_async_t wake;
    uv_check_t check;
    uv_timer_t timer;
    int handles;                  /* of these three, open */
    int inside;                   /* deep in our callbacks */
    bool turn;                    /* something happened: hand out and write */
    bool ending;                  /* stopping, as seen by the loop */
    pqe_task_queue waiting;       /* for any link */
    pqe_task_queue waiting_alone; /* for a link to themselves */
    pqe_task_queue delayed;       /* until they are tried again */
    struct pqe_link *links;
    int errands;          /* under way */
    int failures;         /* to open a link, in a row */
    int64_t next_open_at; /* no attempt before */
    pqe_error last_failure;
    uint64_t random;
    int64_t now;        /* see pqe_async_now */
    int64_t due;        /* when something may have to be done; PQE_NEVER: nothing */
    int64_t armed;      /* for when the timer is set */
    int64_t next_check; /* the health monitor's next round */
} pqe_async;

/*
 * Makes the asynchronous side.  With a loop of the caller's this must run in the loop's thread.
 * `first` is a session that is open already, or NULL; it belongs to the asynchronous side when this
 * succeeds.
 */
pqe_status pqe_async_new(pqe_engine *engine, pqe_session *first, pqe_async **async,
                         pqe_error *error);

/*
 * Begins to close it down.  The callback, which may be NULL, is called at the end.  closes_engine:
 * the rest of the engine is closed, too, by an errand.
 */
void pqe_async_stop(pqe_async *async, bool closes_engine, pqe_dispose_callback callback,
                    void *data);

/* Waits until it is closed, running the caller's loop meanwhile where this is its thread. */
void pqe_async_join(pqe_async *async);

/* Frees what was stopped and joined.  NULL is ignored. */
void pqe_async_free(pqe_async *async);

/* Whether this thread runs the loop; and whether in one of our callbacks. */
bool pqe_async_is_loop(pqe_async *async);
bool pqe_async_in_callback(pqe_async *async);

/*
 * Puts mail into the inbox.  False: the loop is closing down and takes none.  It does take the mail
 * of errands, for which it waits.
 */
bool pqe_async_post(pqe_async *async, pqe_mail *mail);
void pqe_async_post_errand(pqe_async *async, pqe_mail *mail);

/*
 * Puts a task into the inbox, which then belongs to the loop.  Errors: PQE_ERR_DISPOSED,
 * PQE_ERR_QUEUE_FULL.
 */
pqe_status pqe_async_submit(pqe_async *async, pqe_task *task, pqe_error *error);

/* The start of a public function: the engine's asynchronous side, or an error. */
pqe_status pqe_async_of(pqe_engine *engine, pqe_async **async, pqe_error *error);

/*
 * The loop's: the time, as it was read for all that one read from a server says, or for some calls
 * that are sent together.
 */
int64_t pqe_async_now(const pqe_async *async);

/* The loop's: something is to be done at that time at the latest. */
void pqe_async_due(pqe_async *async, int64_t at);

/* Adds the gauges and counters to those of the pool, or sets the counters to 0. */
void pqe_async_metrics_add(pqe_async *async, pqe_pool_metrics *metrics);
void pqe_async_metrics_reset(pqe_async *async);

#endif /* PQE_ASYNC_H */
