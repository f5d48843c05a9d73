/*
 * metrics_server.c - an engine's metrics over HTTP, for Prometheus
 */
#include "metrics_server.h"

#include <stdlib.h>
#include <string.h>

#include "http_server.h"

struct pqe_serving {
    pqe_engine *engine;
    pqe_http_page page;
    pqe_http_server *server;
    int port;
    char *name; /* or NULL */
};

static pqe_status write_page(void *data, char **text, pqe_error *error)
{
    const struct pqe_serving *serving = data;

    return pqe_metrics_prometheus(serving->engine, serving->name, text, error);
}

static void end_serving(struct pqe_serving *serving)
{
    if (serving != NULL) {
        pqe_http_server_stop(serving->server);
        free(serving->name);
        free(serving);
    }
}

static pqe_status check_options(const pqe_metrics_server *options, pqe_error *error)
{
    if (options->version != PQE_METRICS_SERVER_VERSION) {
        pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                      "options has version %d, this library knows version %d", options->version,
                      PQE_METRICS_SERVER_VERSION);
        pqe_error_hint(error, "Start from PQE_METRICS_SERVER_INIT.");
        return PQE_ERR_INVALID_ARGUMENT;
    }
    if (options->port < 0 || options->port > 65535) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT,
                             "port is %d, but must lie between 0 and 65535", options->port);
    }
    return PQE_OK;
}

static pqe_status begin_serving(pqe_engine *engine, const pqe_metrics_server *options,
                                struct pqe_serving **serving, pqe_error *error)
{
    struct pqe_serving *made = calloc(1, sizeof(*made));
    pqe_status status;

    *serving = NULL;
    if (made == NULL) {
        return pqe_error_no_memory(error);
    }
    made->engine = engine;
    made->port = options->port;
    made->page.path = "/metrics";
    made->page.content_type = "text/plain; version=0.0.4; charset=utf-8";
    made->page.text = write_page;
    made->page.data = made;
    made->page.settings = &engine->settings;
    made->name = options->name != NULL ? strdup(options->name) : NULL;
    if (options->name != NULL && made->name == NULL) {
        status = pqe_error_no_memory(error);
    } else {
        status = pqe_http_server_start(&made->page,
                                       options->address != NULL ? options->address : "127.0.0.1",
                                       &made->port, &made->server, error);
    }
    if (status != PQE_OK) {
        end_serving(made);
        return status;
    }
    *serving = made;
    return PQE_OK;
}

pqe_status pqe_metrics_serve(pqe_engine *engine, const pqe_metrics_server *options, int *port,
                             pqe_error *error)
{
    const pqe_metrics_server standard = PQE_METRICS_SERVER_INIT;
    pqe_status status = pqe_engine_check(engine, error);

    options = options != NULL ? options : &standard;
    if (status == PQE_OK) {
        status = check_options(options, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    pthread_mutex_lock(&engine->serving_lock);
    /* Once more: whoever disposes of the engine ends, under the lock, what he finds. */
    status = pqe_engine_check(engine, error);
    if (status == PQE_OK && engine->serving != NULL) {
        status = pqe_error_set(error, PQE_ERR_STATE, "the metrics are served already, on port %d",
                               engine->serving->port);
    }
    if (status == PQE_OK) {
        status = begin_serving(engine, options, &engine->serving, error);
    }
    if (status == PQE_OK && port != NULL) {
        *port = engine->serving->port;
    }
    pthread_mutex_unlock(&engine->serving_lock);
    return status;
}

pqe_status pqe_metrics_serve_stop(pqe_engine *engine, pqe_error *error)
{
    pqe_status status = pqe_engine_check(engine, error);
    bool served;

    if (status != PQE_OK) {
        return status;
    }
    pthread_mutex_lock(&engine->serving_lock);
    served = engine->serving != NULL;
    end_serving(engine->serving);
    engine->serving = NULL;
    pthread_mutex_unlock(&engine->serving_lock);
    return served ? PQE_OK : pqe_error_set(error, PQE_ERR_STATE, "the metrics are not served");
}

void pqe_metrics_server_end(pqe_engine *engine)
{
    pthread_mutex_lock(&engine->serving_lock);
    end_serving(engine->serving);
    engine->serving = NULL;
    pthread_mutex_unlock(&engine->serving_lock);
}
