/*
 * support_server.c - a server that says what a test wants it to say
 */
#include "support_server.h"

#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_CLIENTS 64

struct support_server {
    int listening;
    pthread_t thread;
    atomic_bool stopping;
    const support_reply *const *conversations;
    size_t count;
    int clients;
    pthread_t threads[MOST_CLIENTS];
};

typedef struct conversation {
    int socket;
    support_server *server;
    const support_reply *replies;
} conversation;

/* Reads what there is.  False: the client has gone, or the test is over. */
static bool listen_to(const conversation *with, char *bytes, size_t size, ssize_t *length)
{
    struct pollfd entry = {.fd = with->socket, .events = POLLIN, .revents = 0};

    while (!atomic_load(&with->server->stopping)) {
        if (poll(&entry, 1, 20) > 0) {
            *length = read(with->socket, bytes, size);
            return *length > 0;
        }
    }
    return false;
}

/* SSLRequest and GSSENCRequest are eight bytes, 80877103 and 80877104. */
static bool asks_for_encryption(const char *bytes, ssize_t length)
{
    static const char ssl[] = {0, 0, 0, 8, 4, (char)0xd2, 0x16};

    return length == 8 && memcmp(bytes, ssl, sizeof(ssl)) == 0;
}

static void *converse(void *argument)
{
    conversation *with = argument;
    const support_reply *reply = with->replies;
    char bytes[65536];
    ssize_t length = 0;

    while (reply->bytes != NULL && listen_to(with, bytes, sizeof(bytes), &length)) {
        if (asks_for_encryption(bytes, length)) {
            if (write(with->socket, "N", 1) != 1) {
                break;
            }
        } else if (reply->length > 0) {
            if (write(with->socket, reply->bytes, reply->length) != (ssize_t)reply->length) {
                break;
            }
            reply++;
        }
    }
    close(with->socket);
    free(with);
    return NULL;
}

static void greet(support_server *server, int socket)
{
    conversation *with = calloc(1, sizeof(*with));
    size_t number =
        (size_t)server->clients < server->count ? (size_t)server->clients : server->count - 1;

    if (with == NULL || server->clients == MOST_CLIENTS) {
        close(socket);
        free(with);
        return;
    }
    with->socket = socket;
    with->server = server;
    with->replies = server->conversations[number];
    if (pthread_create(&server->threads[server->clients], NULL, converse, with) != 0) {
        close(socket);
        free(with);
        return;
    }
    server->clients++;
}

static void *serve(void *argument)
{
    support_server *server = argument;
    struct pollfd entry = {.fd = server->listening, .events = POLLIN, .revents = 0};

    while (!atomic_load(&server->stopping)) {
        if (poll(&entry, 1, 20) > 0) {
            int socket = accept(server->listening, NULL, NULL);

            if (socket >= 0) {
                greet(server, socket);
            }
        }
    }
    return NULL;
}

support_server *support_server_start(const support_reply *const *conversations, size_t count,
                                     int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    support_server *server = calloc(1, sizeof(*server));

    assert_non_null(server);
    server->conversations = conversations;
    server->count = count;
    server->listening = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(server->listening >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(server->listening, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(server->listening, 16), 0);
    assert_int_equal(getsockname(server->listening, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    assert_int_equal(pthread_create(&server->thread, NULL, serve, server), 0);
    return server;
}

int support_server_stop(support_server *server)
{
    int clients;

    atomic_store(&server->stopping, true);
    pthread_join(server->thread, NULL);
    clients = server->clients;
    for (int i = 0; i < clients; i++) {
        pthread_join(server->threads[i], NULL);
    }
    close(server->listening);
    free(server);
    return clients;
}
