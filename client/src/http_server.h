/*
 * http_server.h - one page of text over HTTP
 */
#ifndef PQE_HTTP_SERVER_H
#define PQE_HTTP_SERVER_H

#include "config.h"
#include "error.h"

/* The page; all of it must outlive the server. */
typedef struct pqe_http_page {
    const char *path; /* "/metrics" */
    const char *content_type;
    /* Makes the text anew for each request, to be freed with free; called in the server's thread. */
    pqe_status (*text)(void *data, char **text, pqe_error *error);
    void *data;
    const pqe_settings *settings; /* whose logger hears what the server complains of */
} pqe_http_page;

typedef struct pqe_http_server pqe_http_server;

/*
 * Starts a thread that answers GET and HEAD for the page, until pqe_http_server_stop.
 * PQE_ERR_UNSUPPORTED where the library was built without libmicrohttpd.
 *
 *   address   an IPv4 or IPv6 address of this machine
 *   port      in: where to listen, 0 for any port that is free; out: where it listens
 */
pqe_status pqe_http_server_start(const pqe_http_page *page, const char *address, int *port,
                                 pqe_http_server **server, pqe_error *error);

/* Hangs up on all clients and ends the thread; NULL is ignored. */
void pqe_http_server_stop(pqe_http_server *server);

#endif /* PQE_HTTP_SERVER_H */
