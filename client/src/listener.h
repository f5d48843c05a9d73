/*
 * listener.h - what a listener is made of; notify.c, listener_thread.c and listener_events.c share it
 */
#ifndef PQE_LISTENER_H
#define PQE_LISTENER_H

#include "engine.h"
#include "mail.h"

/* The longest name PostgreSQL keeps of an identifier. */
#define PQE_LONGEST_CHANNEL 63

/* A channel, and what is known of it. */
typedef struct pqe_channel {
    struct pqe_channel *next;
    bool wanted;   /* to be listened on */
    bool listened; /* the server knows, on the present connection */
    char name[PQE_LONGEST_CHANNEL + 1];
} pqe_channel;

/* An event on its way to the program, in one block with its texts. */
typedef struct pqe_listen_mail {
    pqe_mail mail; /* to the loop, where there is one */
    struct pqe_listen_mail *next;
    struct pqe_listen_shared *of;
    pqe_notification notification;
} pqe_listen_mail;

/*
 * What a listener and its events have in common; it outlives the listener until the last event in
 * the loop's inbox was opened.
 */
typedef struct pqe_listen_shared {
    atomic_int holders;
    atomic_bool closed;
    pqe_listen_callback callback;
    void *data;
} pqe_listen_shared;

struct pqe_listener {
    pqe_engine *engine;
    pqe_listener *next; /* among the engine's */
    pqe_listener *previous;
    pqe_listen_shared *shared;
    bool has_thread;
    pthread_t thread;
    int wake; /* an eventfd */

    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t changed;
    bool closing;
    bool first_done; /* the first connection was made, or has failed */
    pqe_error first_error;
    uint64_t wishes;    /* changes of the channels so far */
    uint64_t satisfied; /* of them the server knows, or will be told with the next connection */
    pqe_error refusal;  /* of a channel by the server */
    pqe_channel *channels;
    pqe_listen_mail *first;
    pqe_listen_mail *last;
    size_t count;
    pqe_listen_mail *given; /* to the caller of pqe_listener_wait, until the next one */
};

/* The thread's function; its argument is the listener. */
void *pqe_listener_run(void *argument);

/* Wakes the thread, to look at what has changed. */
void pqe_listener_wake(pqe_listener *listener);

/* Tells the program of an event, in the way it wants.  False: there was no memory for it. */
bool pqe_listener_tell(pqe_listener *listener, pqe_listen_event kind, const char *channel,
                       const char *payload, int backend_pid, const char *message);

/* Whether there is room for further events. */
bool pqe_listener_has_room(pqe_listener *listener);

/* Frees what nobody has fetched. */
void pqe_listener_free_events(pqe_listener *listener);

pqe_listen_shared *pqe_listen_shared_new(pqe_listen_callback callback, void *data);
void pqe_listen_shared_release(pqe_listen_shared *shared);

#endif /* PQE_LISTENER_H */
