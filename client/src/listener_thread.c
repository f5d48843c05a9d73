/*
 * listener_thread.c - a listener's thread, which alone talks to the server
 *
 * It opens the connection, and opens it again when it is lost, sends LISTEN and UNLISTEN for what
 * is wanted, and hands out what comes.
 */
#include "listener.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "connection.h"
#include "error.h"
#include "log.h"

/* The pause before a further attempt to connect: the first, and the longest. */
#define FIRST_PAUSE_MS 100
#define LONGEST_PAUSE_MS 10000

/* The server has so long for a LISTEN, and for a sign of life. */
#define ANSWER_MS 10000

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

void pqe_listener_wake(pqe_listener *listener)
{
    uint64_t one = 1;

    (void)!write(listener->wake, &one, sizeof(one));
}

/* A channel whose state on the server is not what is wanted; a copy, for the lock is not kept. */
static bool next_wish(pqe_listener *listener, pqe_channel *wish)
{
    bool found = false;

    pthread_mutex_lock(&listener->lock);
    for (const pqe_channel *at = listener->channels; at != NULL && !found; at = at->next) {
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
static void note_wish(pqe_listener *listener, const pqe_channel *wish, const pqe_error *refusal)
{
    pthread_mutex_lock(&listener->lock);
    for (pqe_channel *at = listener->channels; at != NULL; at = at->next) {
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

static pqe_status send_wish(PGconn *pg, const pqe_channel *wish, pqe_error *error)
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
    pqe_channel wish;

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
        bool told = pqe_listener_tell(listener, PQE_LISTEN_NOTIFICATION, notification->relname,
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

/*
 * Listens until the connection is lost (false, with the reason) or the listener is closed.  After a
 * silence the server is asked for a sign of life: a host that has vanished hangs up on nobody.
 */
static bool listen_on(pqe_listener *listener, PGconn *pg, pqe_error *error)
{
    int64_t interval_ms = listener->engine->settings.config.health_check_interval_ms;

    while (!is_closing(listener)) {
        bool room = pqe_listener_has_room(listener);
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
    pqe_channel **at = &listener->channels;

    pthread_mutex_lock(&listener->lock);
    while (*at != NULL) {
        pqe_channel *gone = *at;

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

void *pqe_listener_run(void *argument)
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
        (void)pqe_listener_tell(listener, PQE_LISTEN_LOST, "", "", 0, error.message);
        pg = reopen(listener);
        if (pg != NULL) {
            (void)pqe_listener_tell(listener, PQE_LISTEN_RECONNECTED, "", "", 0, "");
        }
    }
    PQfinish(pg);
    return NULL;
}
