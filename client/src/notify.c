/*
 * notify.c - LISTEN on a connection of its own, kept alive
 *
 * A listener has a thread, which alone talks to the server: it opens the connection, sends LISTEN and
 * UNLISTEN, and hands out what comes.  The others leave their wishes under the lock and write to a
 * pipe, which wakes it.
 */
#include "notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "async.h"
#include "buffer.h"
#include "connection.h"
#include "errand.h"
#include "error.h"
#include "log.h"

/* The longest name PostgreSQL keeps of an identifier. */
#define LONGEST_NAME 63

/* The pause before a further attempt to connect: the first, and the longest. */
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 10000

/* The server has so long for a LISTEN, and for a sign of life. */
#define ANSWER_MS 10000

/* So many events are kept for pqe_listener_wait. */
#define MOST_EVENTS 10000

/* An event on its way to the program, in one block with its texts. */
typedef struct event {
    pqe_mail mail; /* to the loop, where there is one */
    struct event *next;
    struct shared *of;
    pqe_notification notification;
} event;

/* A channel, and what is known of it. */
typedef struct channel {
    struct channel *next;
    bool wanted;   /* to be listened on */
    bool listened; /* the server knows, on the present connection */
    char name[LONGEST_NAME + 1];
} channel;

/*
 * What a listener and its events have in common; it outlives the listener until the last event in
 * the loop's inbox was opened.
 */
typedef struct shared {
    atomic_int holders;
    atomic_bool closed;
    pqe_listen_callback callback;
    void *data;
} shared;

struct pqe_listener {
    pqe_engine *engine;
    pqe_listener *next; /* among the engine's */
    pqe_listener *previous;
    shared *shared;
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
    channel *channels;
    event *first;
    event *last;
    size_t count;
    event *given; /* to the caller of pqe_listener_wait, until the next one */
};

/* ---------------------------------------------------------------------------------------------- */
/* Events                                                                                         */
/* ---------------------------------------------------------------------------------------------- */

static void release_shared(shared *of)
{
    if (atomic_fetch_sub(&of->holders, 1) == 1) {
        free(of);
    }
}

static event *event_new(shared *of, pqe_listen_event kind, const char *channel_name,
                        const char *payload, int backend_pid, const char *message)
{
    size_t sizes[3] = {strlen(channel_name) + 1, strlen(payload) + 1, strlen(message) + 1};
    event *made = malloc(sizeof(*made) + sizes[0] + sizes[1] + sizes[2]);
    char *at;

    if (made == NULL) {
        return NULL;
    }
    memset(made, 0, sizeof(*made));
    at = (char *)(made + 1);
    made->of = of;
    made->notification.event = kind;
    made->notification.backend_pid = backend_pid;
    made->notification.channel = memcpy(at, channel_name, sizes[0]);
    at += sizes[0];
    made->notification.payload = memcpy(at, payload, sizes[1]);
    at += sizes[1];
    made->notification.message = memcpy(at, message, sizes[2]);
    return made;
}

/* In the loop's thread. */
static void open_event(pqe_async *async, pqe_mail *mail)
{
    event *at = (event *)mail;
    shared *of = at->of;

    (void)async;
    if (!atomic_load(&of->closed)) {
        of->callback(of->data, &at->notification);
    }
    free(at);
    release_shared(of);
}

static void keep_event(pqe_listener *listener, event *made)
{
    pthread_mutex_lock(&listener->lock);
    if (listener->last != NULL) {
        listener->last->next = made;
    } else {
        listener->first = made;
    }
    listener->last = made;
    listener->count++;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

/* Tells the program, in the way it wants.  False: there was no memory for it. */
static bool tell(pqe_listener *listener, pqe_listen_event kind, const char *channel_name,
                 const char *payload, int backend_pid, const char *message)
{
    shared *of = listener->shared;
    event *made = event_new(of, kind, channel_name, payload, backend_pid, message);

    if (made == NULL) {
        return false;
    }
    if (of->callback == NULL) {
        keep_event(listener, made);
    } else if (listener->engine->async == NULL) {
        of->callback(of->data, &made->notification);
        free(made);
    } else {
        made->mail.open = open_event;
        atomic_fetch_add(&of->holders, 1);
        if (!pqe_async_post(listener->engine->async, &made->mail)) {
            free(made);
            atomic_fetch_sub(&of->holders, 1); /* not the last one: the listener is another */
        }
    }
    return true;
}

/* ---------------------------------------------------------------------------------------------- */
/* The thread                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

static bool is_closing(pqe_listener *listener)
{
    bool closing;

    pthread_mutex_lock(&listener->lock);
    closing = listener->closing;
    pthread_mutex_unlock(&listener->lock);
    return closing;
}

static void clear_wake(pqe_listener *listener)
{
    uint64_t count;

    (void)!read(listener->wake, &count, sizeof(count));
}

static void wake_up(pqe_listener *listener)
{
    uint64_t one = 1;

    (void)!write(listener->wake, &one, sizeof(one));
}

/* A channel whose state on the server is not what is wanted; a copy, for the lock is not kept. */
static bool next_wish(pqe_listener *listener, channel *wish)
{
    bool found = false;

    pthread_mutex_lock(&listener->lock);
    for (const channel *at = listener->channels; at != NULL && !found; at = at->next) {
        if (at->wanted != at->listened) {
            *wish = *at;
            found = true;
        }
    }
    if (!found) {
        listener->satisfied = listener->wishes;
        pthread_cond_broadcast(&listener->changed);
    }
    pthread_mutex_unlock(&listener->lock);
    return found;
}

/* The server has done as wanted, or has refused to listen, which is then not wanted any more. */
static void note_wish(pqe_listener *listener, const channel *wish, const pqe_error *refusal)
{
    pthread_mutex_lock(&listener->lock);
    for (channel *at = listener->channels; at != NULL; at = at->next) {
        if (strcmp(at->name, wish->name) == 0) {
            if (refusal == NULL) {
                at->listened = wish->wanted;
            } else {
                at->wanted = false;
                listener->refusal = *refusal;
            }
        }
    }
    pthread_mutex_unlock(&listener->lock);
}

static pqe_status send_wish(PGconn *pg, const channel *wish, pqe_error *error)
{
    pqe_buffer sql = PQE_BUFFER_INIT;
    char *quoted = PQescapeIdentifier(pg, wish->name, strlen(wish->name));
    pqe_status status;

    if (quoted == NULL) {
        return pqe_error_from_connection(error, PQE_ERR_QUERY, pg,
                                         "the channel's name cannot be quoted", false);
    }
    pqe_buffer_printf(&sql, "%s %s", wish->wanted ? "LISTEN" : "UNLISTEN", quoted);
    PQfreemem(quoted);
    status = pqe_buffer_failed(&sql) ? pqe_error_no_memory(error)
                                     : pqe_command(pg, sql.data, pqe_deadline_in(ANSWER_MS), error);
    pqe_buffer_free(&sql);
    return status;
}

/* Makes the server listen on what is wanted.  False: the connection is lost. */
static bool fulfil_wishes(pqe_listener *listener, PGconn *pg, pqe_error *error)
{
    channel wish;

    while (next_wish(listener, &wish)) {
        pqe_status status = send_wish(pg, &wish, error);

        if (status != PQE_OK && PQstatus(pg) != CONNECTION_OK) {
            return false;
        }
        if (status != PQE_OK && (status != PQE_ERR_QUERY || !wish.wanted)) {
            return false;
        }
        note_wish(listener, &wish, status != PQE_OK ? error : NULL);
    }
    return true;
}

static bool hand_out(pqe_listener *listener, PGconn *pg, pqe_error *error)
{
    PGnotify *notification;

    while ((notification = PQnotifies(pg)) != NULL) {
        bool told = tell(listener, PQE_LISTEN_NOTIFICATION, notification->relname,
                         notification->extra, notification->be_pid, "");

        PQfreemem(notification);
        if (!told) {
            /* what was missed must be told: as after a loss */
            pqe_error_no_memory(error);
            return false;
        }
    }
    return true;
}

/* Whether more is read from the server; while the caller does not fetch it, it is left there. */
static bool has_room(pqe_listener *listener)
{
    bool room;

    pthread_mutex_lock(&listener->lock);
    room = listener->count < MOST_EVENTS;
    pthread_mutex_unlock(&listener->lock);
    return room;
}

/*
 * Listens until the connection is lost (false, with the reason) or the listener is closed.  After a
 * silence the server is asked for a sign of life: a host that has vanished hangs up on nobody.
 */
static bool listen_on(pqe_listener *listener, PGconn *pg, pqe_error *error)
{
    int64_t interval_ms = listener->engine->settings.config.health_check_interval_ms;

    while (!is_closing(listener)) {
        bool room = has_room(listener);
        struct pollfd entries[2] = {{.fd = listener->wake, .events = POLLIN},
                                    {.fd = PQsocket(pg), .events = POLLIN}};
        int ready;

        if (!fulfil_wishes(listener, pg, error) || !hand_out(listener, pg, error)) {
            return false;
        }
        ready = poll(entries, room ? 2 : 1, interval_ms < 3600000 ? (int)interval_ms : 3600000);
        if (ready < 0 && errno != EINTR) {
            pqe_error_set(error, PQE_ERR_CONNECTION, "cannot wait for the server: %s",
                          strerror(errno));
            return false;
        }
        if (ready == 0 && room &&
            pqe_command(pg, "SELECT 1", pqe_deadline_in(ANSWER_MS), error) != PQE_OK) {
            return false;
        }
        if (ready > 0 && entries[0].revents != 0) {
            clear_wake(listener);
        }
        if (ready > 0 && room && entries[1].revents != 0 && !PQconsumeInput(pg)) {
            /* what came before the end is still handed out */
            (void)hand_out(listener, pg, error);
            pqe_error_from_connection(error, PQE_ERR_CONNECTION, pg, "the connection was lost",
                                      false);
            return false;
        }
    }
    return true;
}

/* A new connection knows of no channel. */
static void forget_listened(pqe_listener *listener)
{
    channel **at = &listener->channels;

    pthread_mutex_lock(&listener->lock);
    while (*at != NULL) {
        channel *gone = *at;

        gone->listened = false;
        if (gone->wanted) {
            at = &gone->next;
        } else {
            *at = gone->next;
            free(gone);
        }
    }
    pthread_mutex_unlock(&listener->lock);
}

/* The wishes of now wait for the next connection; whoever made them need not. */
static void put_off_wishes(pqe_listener *listener)
{
    pthread_mutex_lock(&listener->lock);
    listener->satisfied = listener->wishes;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

/* Pauses, but not longer than until the listener is closed. */
static void pause_for(pqe_listener *listener, int64_t pause_ms)
{
    pqe_deadline until = pqe_deadline_in(pause_ms);
    int64_t left_ms = pause_ms;

    while (left_ms > 0 && !is_closing(listener)) {
        struct pollfd entry = {.fd = listener->wake, .events = POLLIN};

        put_off_wishes(listener);
        if (poll(&entry, 1, (int)left_ms) > 0) {
            clear_wake(listener);
        }
        left_ms = (until - pqe_now_us() + 999) / 1000;
    }
}

/* Opens a connection that listens.  NULL on failure. */
static PGconn *open_listening(pqe_listener *listener, pqe_error *error)
{
    PGconn *pg = NULL;

    forget_listened(listener);
    if (pqe_connect(&listener->engine->settings, NULL, &pg, error) != PQE_OK) {
        return NULL;
    }
    if (!fulfil_wishes(listener, pg, error)) {
        PQfinish(pg);
        return NULL;
    }
    return pg;
}

/* Tells pqe_listen how the first connection went. */
static void note_first(pqe_listener *listener, const pqe_error *failure)
{
    pthread_mutex_lock(&listener->lock);
    listener->first_done = true;
    if (failure != NULL) {
        listener->first_error = *failure;
    } else if (listener->refusal.code != PQE_OK) {
        listener->first_error = listener->refusal;
    }
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
}

/* Opens a connection again and again until there is one, or the listener is closed. */
static PGconn *reopen(pqe_listener *listener)
{
    int64_t pause_ms = FIRST_PAUSE_MS;

    while (!is_closing(listener)) {
        pqe_error error;
        PGconn *pg = open_listening(listener, &error);

        if (pg != NULL) {
            return pg;
        }
        pqe_log(&listener->engine->settings, PQE_LOG_DEBUG, "the listener cannot connect: %s",
                error.message);
        pause_for(listener, pause_ms);
        pause_ms = pause_ms * 2 < LONGEST_PAUSE_MS ? pause_ms * 2 : LONGEST_PAUSE_MS;
    }
    return NULL;
}

static void *run(void *argument)
{
    pqe_listener *listener = argument;
    pqe_error error;
    PGconn *pg = open_listening(listener, &error);

    note_first(listener, pg == NULL ? &error : NULL);
    while (pg != NULL && !listen_on(listener, pg, &error)) {
        PQfinish(pg);
        put_off_wishes(listener);
        pqe_log(&listener->engine->settings, PQE_LOG_WARNING,
                "the listener's connection is lost: %s", error.message);
        (void)tell(listener, PQE_LISTEN_LOST, "", "", 0, error.message);
        pg = reopen(listener);
        if (pg != NULL) {
            (void)tell(listener, PQE_LISTEN_RECONNECTED, "", "", 0, "");
        }
    }
    PQfinish(pg);
    return NULL;
}

/* ---------------------------------------------------------------------------------------------- */
/* Channels                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status check_name(const char *name, pqe_error *error)
{
    if (name == NULL || name[0] == '\0' || strlen(name) > LONGEST_NAME) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "a channel's name must have 1 to %d bytes", LONGEST_NAME);
    }
    return PQE_OK;
}

/* Notes what is wanted of a channel.  Call with the lock, or before there is a thread. */
static pqe_status wish(pqe_listener *listener, const char *name, bool wanted, pqe_error *error)
{
    channel *at = listener->channels;

    while (at != NULL && strcmp(at->name, name) != 0) {
        at = at->next;
    }
    if (at == NULL && wanted) {
        at = calloc(1, sizeof(*at));
        if (at == NULL) {
            return pqe_error_no_memory(error);
        }
        memcpy(at->name, name, strlen(name) + 1);
        at->next = listener->channels;
        listener->channels = at;
    }
    if (at != NULL) {
        at->wanted = wanted;
    }
    return PQE_OK;
}

/* Whether this thread is the one that would have to do the work, or the loop, which may not wait. */
static bool is_in_callback(pqe_listener *listener)
{
    pqe_async *async = listener->engine->async;

    return pthread_equal(listener->thread, pthread_self()) != 0 ||
           (async != NULL && pqe_async_in_callback(async));
}

static pqe_status change(pqe_listener *listener, const char *name, bool wanted, pqe_error *error)
{
    pqe_status status;
    uint64_t mine;

    pqe_error_clear(error);
    if (listener == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "listener is NULL");
    }
    status = check_name(name, error);
    if (status != PQE_OK) {
        return status;
    }
    if (is_in_callback(listener)) {
        return pqe_error_set(error, PQE_ERR_STATE,
                             "a listener's channels cannot be changed in a callback");
    }
    pthread_mutex_lock(&listener->lock);
    listener->refusal.code = PQE_OK;
    status = wish(listener, name, wanted, error);
    mine = ++listener->wishes;
    wake_up(listener);
    while (status == PQE_OK && listener->satisfied < mine) {
        pthread_cond_wait(&listener->changed, &listener->lock);
    }
    if (status == PQE_OK && listener->refusal.code != PQE_OK) {
        pqe_error_copy(error, &listener->refusal);
        status = listener->refusal.code;
    }
    pthread_mutex_unlock(&listener->lock);
    return status;
}

pqe_status pqe_listener_add(pqe_listener *listener, const char *channel_name, pqe_error *error)
{
    return change(listener, channel_name, true, error);
}

pqe_status pqe_listener_remove(pqe_listener *listener, const char *channel_name, pqe_error *error)
{
    return change(listener, channel_name, false, error);
}

/* ---------------------------------------------------------------------------------------------- */
/* Beginning and end                                                                              */
/* ---------------------------------------------------------------------------------------------- */

static void enlist(pqe_listener *listener)
{
    pqe_engine *engine = listener->engine;

    pthread_mutex_lock(&engine->listeners_lock);
    listener->next = engine->listeners;
    if (engine->listeners != NULL) {
        engine->listeners->previous = listener;
    }
    engine->listeners = listener;
    pthread_mutex_unlock(&engine->listeners_lock);
}

static void delist(pqe_listener *listener)
{
    pqe_engine *engine = listener->engine;

    pthread_mutex_lock(&engine->listeners_lock);
    if (listener->previous != NULL) {
        listener->previous->next = listener->next;
    } else if (engine->listeners == listener) {
        engine->listeners = listener->next;
    }
    if (listener->next != NULL) {
        listener->next->previous = listener->previous;
    }
    pthread_mutex_unlock(&engine->listeners_lock);
}

/* Ends the thread; the listener's memory stays. */
static void stop(pqe_listener *listener)
{
    atomic_store(&listener->shared->closed, true);
    pthread_mutex_lock(&listener->lock);
    listener->closing = true;
    listener->satisfied = listener->wishes;
    pthread_cond_broadcast(&listener->changed);
    pthread_mutex_unlock(&listener->lock);
    wake_up(listener);
    if (listener->has_thread) {
        pthread_join(listener->thread, NULL);
        listener->has_thread = false;
    }
}

static void free_listener(pqe_listener *listener)
{
    while (listener->channels != NULL) {
        channel *at = listener->channels;

        listener->channels = at->next;
        free(at);
    }
    while (listener->first != NULL) {
        event *at = listener->first;

        listener->first = at->next;
        free(at);
    }
    free(listener->given);
    release_shared(listener->shared);
    if (listener->wake >= 0) {
        close(listener->wake);
    }
    pthread_cond_destroy(&listener->changed);
    pthread_mutex_destroy(&listener->lock);
    free(listener);
}

static pqe_listener *make(pqe_engine *engine, pqe_listen_callback callback, void *data)
{
    pqe_listener *made = calloc(1, sizeof(*made));
    shared *of = calloc(1, sizeof(*of));
    pthread_condattr_t attributes;

    if (made == NULL || of == NULL) {
        free(made);
        free(of);
        return NULL;
    }
    atomic_init(&of->holders, 1);
    atomic_init(&of->closed, false);
    of->callback = callback;
    of->data = data;
    made->engine = engine;
    made->shared = of;
    made->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&made->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&made->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return made;
}

/* Starts the thread and waits for the first connection. */
static pqe_status start(pqe_listener *listener, pqe_error *error)
{
    pqe_status status;

    if (listener->wake < 0 || pqe_thread_start(&listener->thread, run, listener) != 0) {
        return pqe_error_set(error, PQE_ERR_NO_MEMORY, "the listener cannot be started: %s",
                             strerror(errno));
    }
    listener->has_thread = true;
    pthread_mutex_lock(&listener->lock);
    while (!listener->first_done) {
        pthread_cond_wait(&listener->changed, &listener->lock);
    }
    status = listener->first_error.code;
    if (status != PQE_OK) {
        pqe_error_copy(error, &listener->first_error);
    }
    pthread_mutex_unlock(&listener->lock);
    return status;
}

pqe_status pqe_listen(pqe_engine *engine, const char *const *channels, size_t count,
                      pqe_listen_callback callback, void *data, pqe_listener **listener,
                      pqe_error *error)
{
    pqe_listener *made;
    pqe_status status = pqe_engine_check(engine, error);

    if (listener != NULL) {
        *listener = NULL;
    }
    if (status == PQE_OK && (listener == NULL || (channels == NULL && count > 0))) {
        status = pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                               listener == NULL ? "listener" : "channels");
    }
    for (size_t i = 0; status == PQE_OK && i < count; i++) {
        status = check_name(channels[i], error);
    }
    if (status != PQE_OK) {
        return status;
    }
    made = make(engine, callback, data);
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    for (size_t i = 0; status == PQE_OK && i < count; i++) {
        status = wish(made, channels[i], true, error);
    }
    if (status == PQE_OK) {
        status = start(made, error);
    }
    if (status != PQE_OK) {
        stop(made);
        free_listener(made);
        return status;
    }
    enlist(made);
    *listener = made;
    return PQE_OK;
}

void pqe_listener_close(pqe_listener *listener)
{
    if (listener == NULL) {
        return;
    }
    if (listener->has_thread && pthread_equal(listener->thread, pthread_self()) != 0) {
        pqe_log(&listener->engine->settings, PQE_LOG_ERROR,
                "pqe_listener_close was called in the listener's callback: it goes on listening");
        return;
    }
    delist(listener);
    stop(listener);
    free_listener(listener);
}

void pqe_listeners_stop(pqe_engine *engine)
{
    pthread_mutex_lock(&engine->listeners_lock);
    for (pqe_listener *at = engine->listeners; at != NULL; at = at->next) {
        pqe_log(&engine->settings, PQE_LOG_WARNING, "a listener was never closed");
        stop(at);
    }
    pthread_mutex_unlock(&engine->listeners_lock);
}

void pqe_listeners_free(pqe_engine *engine)
{
    while (engine->listeners != NULL) {
        pqe_listener *at = engine->listeners;

        engine->listeners = at->next;
        free_listener(at);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Waiting                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status check_waiting(const pqe_listener *listener, const pqe_notification *notification,
                                const bool *received, pqe_error *error)
{
    if (listener == NULL || notification == NULL || received == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             listener == NULL       ? "listener"
                             : notification == NULL ? "notification"
                                                    : "received");
    }
    if (listener->shared->callback != NULL) {
        return pqe_error_set(error, PQE_ERR_STATE, "the listener calls back");
    }
    return pqe_error_clear(error);
}

pqe_status pqe_listener_wait(pqe_listener *listener, int64_t timeout_ms,
                             pqe_notification *notification, bool *received, pqe_error *error)
{
    pqe_deadline until = timeout_ms < 0 ? PQE_NEVER : pqe_now_us() + timeout_ms * 1000;
    struct timespec at = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
    pqe_status status = check_waiting(listener, notification, received, error);
    int waited = 0;
    event *got;

    if (status != PQE_OK) {
        return status;
    }
    pthread_mutex_lock(&listener->lock);
    while (listener->first == NULL && !listener->closing && waited == 0) {
        waited = until == PQE_NEVER
                     ? pthread_cond_wait(&listener->changed, &listener->lock)
                     : pthread_cond_timedwait(&listener->changed, &listener->lock, &at);
    }
    got = listener->first;
    if (got != NULL) {
        listener->first = got->next;
        listener->last = listener->first != NULL ? listener->last : NULL;
        if (listener->count-- == MOST_EVENTS) {
            wake_up(listener); /* it reads on */
        }
        free(listener->given);
        listener->given = got;
        *notification = got->notification;
    } else if (listener->closing) {
        status = pqe_error_set(error, PQE_ERR_DISPOSED, "the engine was disposed of");
    }
    pthread_mutex_unlock(&listener->lock);
    *received = got != NULL;
    return status;
}
