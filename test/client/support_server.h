/*
 * support_server.h - a server that says what a test wants it to say
 */
#ifndef PQE_TEST_SUPPORT_SERVER_H
#define PQE_TEST_SUPPORT_SERVER_H

#include <stddef.h>

typedef struct support_server support_server;

/* Some bytes; a literal with its length, since messages hold zeros. */
typedef struct support_reply {
    const char *bytes; /* NULL: the end of the conversation */
    size_t length;
} support_reply;

#define SUPPORT_REPLY(literal)                                                                     \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }
/* Says nothing more, and waits until the client hangs up. */
#define SUPPORT_HANG                                                                               \
    {                                                                                              \
        "", 0                                                                                      \
    }
#define SUPPORT_END                                                                                \
    {                                                                                              \
        NULL, 0                                                                                    \
    }

/* What a PostgreSQL server says when it lets a client in. */
#define SUPPORT_WELCOME                                                                            \
    "R\0\0\0\10\0\0\0\0"                                                                           \
    "K\0\0\0\14\0\0\0\52\0\0\0\53"                                                                 \
    "Z\0\0\0\5I"

/*
 * Starts a server on a port of its own on 127.0.0.1.  The n-th connection is answered by the n-th
 * conversation, those after the last by the last: its first reply comes after the client's start-up
 * message, each further one after whatever the client sends next.  Requests to encrypt are declined.
 */
support_server *support_server_start(const support_reply *const *conversations, size_t count,
                                     int *port);

/* Ends it and returns how many connections there were. */
int support_server_stop(support_server *server);

#endif /* PQE_TEST_SUPPORT_SERVER_H */
