/*
 * listen.c - waits for notifications and prints them
 *
 *   listen CHANNEL [COUNT]    ends after COUNT notifications; without it, never
 *
 * The database comes from libpq's environment (PGHOST, PGDATABASE, ...).
 */
#include <pqengine.h>
#include <stdio.h>
#include <stdlib.h>

static int failed(const char *what, const pqe_error *error)
{
    fprintf(stderr, "%s: %s\n", what, error->message);
    return EXIT_FAILURE;
}

/* Prints what comes; what was missed while the connection was lost would be looked up in tables. */
static pqe_status print_notifications(pqe_listener *listener, long count, pqe_error *error)
{
    for (long seen = 0; count == 0 || seen < count;) {
        pqe_notification notification;
        bool received;
        pqe_status status = pqe_listener_wait(listener, -1, &notification, &received, error);

        if (status != PQE_OK) {
            return status;
        }
        if (notification.event == PQE_LISTEN_NOTIFICATION) {
            printf("%s: %s\n", notification.channel, notification.payload);
            seen++;
        } else {
            printf("%s\n", notification.event == PQE_LISTEN_LOST
                               ? "the connection is lost"
                               : "listening again; something may have been missed");
        }
        fflush(stdout);
    }
    return PQE_OK;
}

int main(int argc, char **argv)
{
    pqe_config config = PQE_CONFIG_INIT;
    const char *channel = argc > 1 ? argv[1] : NULL;
    pqe_engine *engine;
    pqe_listener *listener;
    pqe_error error;
    pqe_status status;

    if (channel == NULL) {
        fprintf(stderr, "usage: listen CHANNEL [COUNT]\n");
        return EXIT_FAILURE;
    }
    if (pqe_create_engine(&config, &engine, &error) != PQE_OK) {
        return failed("engine", &error);
    }
    status = pqe_listen(engine, &channel, 1, NULL, NULL, &listener, &error);
    if (status == PQE_OK) {
        printf("listening\n");
        fflush(stdout);
        status = print_notifications(listener, argc > 2 ? strtol(argv[2], NULL, 10) : 0, &error);
        pqe_listener_close(listener);
    }
    pqe_free_engine(engine);
    return status == PQE_OK ? EXIT_SUCCESS : failed("listener", &error);
}
