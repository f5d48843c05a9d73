/*
 * notify.c - LISTEN on a connection of its own, kept alive: the functions for the program
 *
 * A listener has a thread, which alone talks to the server (listener_thread.c).  The functions here
 * leave their wishes under the lock and write to a pipe, which wakes it.  What comes goes to the
 * program by listener_events.c.
 */
#include "notify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "async.h"
#include "error.h"
#include "listener.h"
#include "log.h"
#include "thread.h"

/* ---------------------------------------------------------------------------------------------- */
/* Channels                                                                                       */
/* ---------------------------------------------------------------------------------------------- */

static pqe_status check_name(const char *name, pqe_error *error)
{
    if (name == NULL || name[0] == '\0' || strlen(name) > PQE_LONGEST_CHANNEL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "a channel's name must have 1 to %d bytes", PQE_LONGEST_CHANNEL);
    }
    return PQE_OK;
}

/* Notes what is wanted of a channel.  Call with the lock, or before there is a thread. */
static pqe_status wish(pqe_listener *listener, const char *name, bool wanted, pqe_error *error)
{
    pqe_channel *at = listener->channels;

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
    status = pqe_engine_check_process(listener->engine, error);
    if (status == PQE_OK) {
        status = check_name(name, error);
    }
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
    pqe_listener_wake(listener);
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
    pqe_listener_wake(listener);
    if (listener->has_thread) {
        pthread_join(listener->thread, NULL);
        listener->has_thread = false;
    }
}

static void free_listener(pqe_listener *listener)
{
    while (listener->channels != NULL) {
        pqe_channel *at = listener->channels;

        listener->channels = at->next;
        free(at);
    }
    pqe_listener_free_events(listener);
    pqe_listen_shared_release(listener->shared);
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
    pqe_listen_shared *of = pqe_listen_shared_new(callback, data);
    pthread_condattr_t attributes;

    if (made == NULL || of == NULL) {
        free(made);
        free(of);
        return NULL;
    }
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

    if (listener->wake < 0 ||
        pqe_thread_start(&listener->thread, pqe_listener_run, listener) != 0) {
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
    /* A forked child has not the thread that would have to end. */
    if (listener == NULL || pqe_engine_check_process(listener->engine, NULL) != PQE_OK) {
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
