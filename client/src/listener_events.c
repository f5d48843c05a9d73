/*
 * listener_events.c - what a listener has to tell, on its way to the program
 */
#include "listener.h"

#include <stdlib.h>
#include <string.h>

#include "async.h"
#include "error.h"

/* So many events are kept for pqe_listener_wait. */
#define MOST_EVENTS 10000

/* ---------------------------------------------------------------------------------------------- */
/* Telling                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

pqe_listen_shared *pqe_listen_shared_new(pqe_listen_callback callback, void *data)
{
    pqe_listen_shared *made = calloc(1, sizeof(*made));

    if (made != NULL) {
        atomic_init(&made->holders, 1);
        atomic_init(&made->closed, false);
        made->callback = callback;
        made->data = data;
    }
    return made;
}

void pqe_listen_shared_release(pqe_listen_shared *of)
{
    if (atomic_fetch_sub(&of->holders, 1) == 1) {
        free(of);
    }
}

static pqe_listen_mail *event_new(pqe_listen_shared *of, pqe_listen_event kind,
                                  const char *channel_name, const char *payload, int backend_pid,
                                  const char *message)
{
    size_t sizes[3] = {strlen(channel_name) + 1, strlen(payload) + 1, strlen(message) + 1};
    pqe_listen_mail *made = malloc(sizeof(*made) + sizes[0] + sizes[1] + sizes[2]);
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
    pqe_listen_mail *at = (pqe_listen_mail *)mail;
    pqe_listen_shared *of = at->of;

    (void)async;
    if (!atomic_load(&of->closed)) {
        of->callback(of->data, &at->notification);
    }
    free(at);
    pqe_listen_shared_release(of);
}

static void keep_event(pqe_listener *listener, pqe_listen_mail *made)
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
bool pqe_listener_tell(pqe_listener *listener, pqe_listen_event kind, const char *channel_name,
                       const char *payload, int backend_pid, const char *message)
{
    pqe_listen_shared *of = listener->shared;
    pqe_listen_mail *made = event_new(of, kind, channel_name, payload, backend_pid, message);

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

/* Whether more is read from the server; while the caller does not fetch it, it is left there. */
bool pqe_listener_has_room(pqe_listener *listener)
{
    bool room;

    pthread_mutex_lock(&listener->lock);
    room = listener->count < MOST_EVENTS;
    pthread_mutex_unlock(&listener->lock);
    return room;
}

void pqe_listener_free_events(pqe_listener *listener)
{
    while (listener->first != NULL) {
        pqe_listen_mail *at = listener->first;

        listener->first = at->next;
        free(at);
    }
    free(listener->given);
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
    pqe_error_clear(error);
    return pqe_engine_check_process(listener->engine, error);
}

pqe_status pqe_listener_wait(pqe_listener *listener, int64_t timeout_ms,
                             pqe_notification *notification, bool *received, pqe_error *error)
{
    pqe_deadline until = timeout_ms < 0 ? PQE_NEVER : pqe_now_us() + timeout_ms * 1000;
    struct timespec at = {.tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000};
    pqe_status status = check_waiting(listener, notification, received, error);
    int waited = 0;
    pqe_listen_mail *got;

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
            pqe_listener_wake(listener); /* it reads on */
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
