/*
 * http_server.c - one page of text over HTTP, by libmicrohttpd where the library is built with it
 */
#include "http_server.h"

#ifdef PQE_HAVE_MICROHTTPD

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "log.h"
#include "thread.h"

/* More clients than that wait until another has gone; one that says nothing is hung up on. */
#define MOST_CLIENTS 64
#define SILENCE_S 10

struct pqe_http_server {
    const pqe_http_page *page;
    struct MHD_Daemon *daemon;
    bool starting;
    char complaint[256]; /* of the start, by libmicrohttpd */
};

/* ---------------------------------------------------------------------------------------------- */
/* Answering                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

/* Takes the text over, which was got from malloc. */
static enum MHD_Result answer(struct MHD_Connection *to, unsigned int status,
                              const char *content_type, char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
    enum MHD_Result queued;

    if (response == NULL) {
        free(text);
        return MHD_NO;
    }
    queued = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    if (queued == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        queued = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    if (queued == MHD_YES) {
        queued = MHD_queue_response(to, status, response);
    }
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result refuse(struct MHD_Connection *to, unsigned int status, const char *reason)
{
    size_t size = strlen(reason) + 2;
    char *text = malloc(size);

    if (text == NULL) {
        return MHD_NO;
    }
    snprintf(text, size, "%s\n", reason);
    return answer(to, status, "text/plain; charset=utf-8", text);
}

/* Called once for a request: it is answered when its headers are there, whatever body follows. */
static enum MHD_Result handle(void *data, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    const pqe_http_page *page = ((pqe_http_server *)data)->page;
    pqe_error error;
    char *text;

    (void)version;
    (void)upload;
    (void)request;
    *upload_size = 0; /* nothing of a body is used */
    if (strcmp(url, page->path) != 0) {
        return refuse(connection, MHD_HTTP_NOT_FOUND, "There is no such page.");
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        return refuse(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "The page can only be read.");
    }
    if (page->text(page->data, &text, &error) != PQE_OK) {
        return refuse(connection, MHD_HTTP_SERVICE_UNAVAILABLE, error.message);
    }
    return answer(connection, MHD_HTTP_OK, page->content_type, text);
}

/* What libmicrohttpd has to say: at the start the reason why not, later mostly about clients. */
__attribute__((format(printf, 2, 0))) static void complain(void *data, const char *format,
                                                           va_list arguments)
{
    pqe_http_server *server = data;
    char line[256];

    vsnprintf(line, sizeof(line), format, arguments);
    line[strcspn(line, "\n")] = '\0';
    if (server->starting && server->complaint[0] == '\0') {
        memcpy(server->complaint, line, sizeof(line));
    } else {
        pqe_log(server->page->settings, PQE_LOG_DEBUG, "HTTP: %s", line);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Beginning and end                                                                              */
/* ---------------------------------------------------------------------------------------------- */

static bool read_address(const char *text, int port, struct sockaddr_storage *address)
{
    struct sockaddr_in *in = (struct sockaddr_in *)address;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)address;

    memset(address, 0, sizeof(*address));
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        return true;
    }
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, text, &in6->sin6_addr) == 1;
}

/* The daemon's thread inherits that signals are blocked: those are for the program's own threads. */
static struct MHD_Daemon *start_daemon(pqe_http_server *server,
                                       const struct sockaddr_storage *address)
{
    unsigned int flags = MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ERROR_LOG |
                         (address->ss_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    struct MHD_Daemon *daemon;
    sigset_t before;

    pqe_signals_block(&before);
    server->starting = true;
    daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, handle, server, MHD_OPTION_EXTERNAL_LOGGER, complain, server,
        MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT, (unsigned int)MOST_CLIENTS,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)SILENCE_S, MHD_OPTION_END);
    pqe_signals_restore(&before);
    return daemon;
}

pqe_status pqe_http_server_start(const pqe_http_page *page, const char *address, int *port,
                                 pqe_http_server **server, pqe_error *error)
{
    struct sockaddr_storage at;
    const union MHD_DaemonInfo *info;
    pqe_http_server *made;

    *server = NULL;
    if (!read_address(address, *port, &at)) {
        pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "\"%s\" is not an IPv4 or IPv6 address",
                      address);
        pqe_error_hint(error, "Host names are not looked up here.");
        return PQE_ERR_INVALID_ARGUMENT;
    }
    made = calloc(1, sizeof(*made));
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    made->page = page;
    made->daemon = start_daemon(made, &at);
    if (made->daemon == NULL) {
        pqe_error_set(error, PQE_ERR_IO, "cannot listen on %s, port %d: %s", address, *port,
                      made->complaint);
        free(made);
        return PQE_ERR_IO;
    }
    info = MHD_get_daemon_info(made->daemon, MHD_DAEMON_INFO_BIND_PORT);
    *port = info != NULL ? info->port : *port;
    *server = made;
    return PQE_OK;
}

void pqe_http_server_stop(pqe_http_server *server)
{
    if (server != NULL) {
        MHD_stop_daemon(server->daemon);
        free(server);
    }
}

#else

pqe_status pqe_http_server_start(const pqe_http_page *page, const char *address, int *port,
                                 pqe_http_server **server, pqe_error *error)
{
    (void)page;
    (void)address;
    (void)port;
    *server = NULL;
    pqe_error_set(error, PQE_ERR_UNSUPPORTED, "the library was built without an HTTP server");
    pqe_error_hint(error, "Build it where libmicrohttpd is installed (Debian: libmicrohttpd-dev), "
                          "or serve what pqe_metrics_prometheus gives yourself.");
    return PQE_ERR_UNSUPPORTED;
}

void pqe_http_server_stop(pqe_http_server *server)
{
    (void)server;
}

#endif /* PQE_HAVE_MICROHTTPD */
