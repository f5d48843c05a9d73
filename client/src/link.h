/*
 * link.h - one connection of the asynchronous side, in pipeline mode
 *
 * What is sent down a link stands in its list of things sent until the server has answered it.  A
 * sync ends a group: the calls between two syncs are one transaction on the server.  Most groups are
 * of one call; those of several hold only queries that may be executed once more where one of them
 * fails.  The callbacks of a group are called when its sync is answered, for only then is its outcome
 * known.
 *
 * All functions run in the loop's thread.
 */
#ifndef PQE_LINK_H
#define PQE_LINK_H

#include <uv.h>

#include "async.h"
#include "session.h"

struct pqe_cancelling;

typedef enum pqe_sent_kind {
    PQE_SENT_PREPARE, /* of a task */
    PQE_SENT_EXECUTE, /* of a task */
    PQE_SENT_COMMAND, /* a statement of our own, whose result does not matter */
    PQE_SENT_RESET,   /* a statement of our own that must succeed */
    PQE_SENT_ROLE,    /* the question whether the server has its role still */
    PQE_SENT_SYNC     /* the end of a group */
} pqe_sent_kind;

typedef struct pqe_sent {
    pqe_sent_kind kind;
    bool answered;
    bool last_of_reset; /* this sync ends a reset */
    bool settles;       /* and this one a cancellation */
    bool ping;          /* this one asks for a sign of life */
    pqe_task *task;
} pqe_sent;

/* How far a cancel request is. */
typedef enum pqe_cancel_state {
    PQE_CANCEL_NONE,
    PQE_CANCEL_ASKING,  /* the request is on its way */
    PQE_CANCEL_SETTLING /* the server has it; a sync makes sure that it cannot hit later calls.  What
                           is on the link before that sync may be cancelled by a further request */
} pqe_cancel_state;

typedef struct pqe_link {
    pqe_async *async;
    struct pqe_link *next;
    struct pqe_link *previous;
    bool open;            /* in use: not being opened, not being closed */
    pqe_session *session; /* NULL before and after */
    uv_poll_t poll;
    int fd; /* the socket, ours to close: libpq closes its own at a moment of its choice, and the
               number may then be another connection's before the loop hears of it */
    int events;   /* what it polls for */
    bool lost;    /* the connection does not work any more */
    bool unsent;  /* something may be left to write */
    bool counted; /* among the busy ones */

    pqe_sent *sent; /* a ring */
    size_t head;
    size_t count;
    size_t room;      /* a power of two, or 0 */
    int calls;        /* tasks on it */
    int group;        /* calls sent since the last sync */
    bool spent;       /* to be closed when it rests: a late cancel request may still hit it */
    bool wants_alone; /* takes nothing more until it is idle: somebody needs it alone */
    int64_t progress; /* when it last began with a call, or answered one */
    int64_t idle_since;

    /* the group that is being answered */
    pqe_task_queue answered;
    PGresult *sync_error; /* the server's words where the commit failed */

    struct pqe_async_lease *lease; /* who it is given out to */
    bool one_call;                 /* given to a single call, and reset after it */
    bool resetting;
    bool reset_failed;

    pqe_cancel_state cancel;
    struct pqe_cancelling *cancelling; /* while asking */
    int settling;                      /* syncs that settle a request and are not answered */
    const pqe_task *asked_for;         /* whom the last request was to hit, until it has ended */
    int64_t ask_again_at;              /* when it is to be hit once more if it still has not */
    int64_t give_up_at; /* when the link is closed, come what may; PQE_NEVER: never */
} pqe_link;

/* Begins to open a link, by an errand.  False: out of memory or threads. */
bool pqe_link_open(pqe_async *async);

/* Makes a link of a session that is open already. */
bool pqe_link_adopt(pqe_async *async, pqe_session *session);

/* Whether a link has nothing to do and is nobody's. */
bool pqe_link_is_idle(const pqe_link *link);

/* Whether a link may be given one more call that shares it with others. */
bool pqe_link_has_room(const pqe_link *link);

/*
 * Sends a task's statement.  The task is the link's until it ends or comes back to be tried again.
 * False: nothing was sent, and the link is to be failed.
 */
bool pqe_link_send(pqe_link *link, pqe_task *task);

/* Writes what was sent and is not written yet, and polls for what is to come. */
void pqe_link_write(pqe_link *link);

/* Begins to reset an idle link for its next user; it is idle, or closed, when that is done. */
void pqe_link_reset(pqe_link *link);

/* Asks an idle link for a sign of life, and for its role, until then. */
void pqe_link_ping(pqe_link *link, int64_t until);

/* Calls the function for each task on the link that has not ended. */
void pqe_link_each(pqe_link *link, void (*visit)(pqe_link *link, pqe_task *task));

/*
 * Closes a link that does not work any more; what is on it ends, or is tried again.  reason: NULL
 * where libpq knows it.
 */
void pqe_link_fail(pqe_link *link, const pqe_error *reason);

/* Closes a link on which nothing is under way. */
void pqe_link_close(pqe_link *link);

/* The parts of the above, one file each. */

/* Reads what the server says. */
void pqe_link_receive(pqe_link *link);
/* What the link is to do next where it has nothing to do: be reset, be closed, go on. */
void pqe_link_rest(pqe_link *link);
/* A task goes back to be executed once more, and not in company. */
void pqe_link_again(pqe_link *link, pqe_task *task);
/* Cancels what the server is executing where that is to be given up. */
void pqe_link_cancel(pqe_link *link);
void pqe_link_cancel_settled(pqe_link *link);
void pqe_link_cancel_forget(pqe_link *link);
/* Ends the group of calls, or asks for an answer where there are none. */
bool pqe_link_sync(pqe_link *link, pqe_sent kind);
/* The thing that the server answers now. */
pqe_sent *pqe_link_head(pqe_link *link);
void pqe_link_pop(pqe_link *link);
/* Counts the link as busy or not. */
void pqe_link_count(pqe_link *link);

#endif /* PQE_LINK_H */
