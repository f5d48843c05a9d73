/*
 * metrics.c - what an engine has done, for Prometheus; and a middleware that looks at every call
 *
 * With a port as argument the metrics can be read at http://127.0.0.1:PORT/metrics, until Enter is
 * pressed.
 */
#include "common.h"

#include <string.h>

/* Counts the calls that write to one table. */
static pqe_verdict watch(void *data, pqe_context *context, pqe_error *error)
{
    int *writes = data;

    (void)error;
    if (pqe_context_writes(context) && pqe_context_table(context, 0) != NULL &&
        strcmp(pqe_context_table(context, 0), "visits") == 0) {
        ++*writes;
    }
    return PQE_PASS;
}

/* The samples of one metric, without those that differ from run to run. */
static void print_samples(const char *text, const char *metric)
{
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
        if (strncmp(line, metric, strlen(metric)) == 0) {
            printf("%.*s\n", (int)strcspn(line, "\n"), line);
        }
    }
}

/* Lets Prometheus read the metrics; false where the library was built without that. */
static bool serve(pqe_engine *engine, int port)
{
    pqe_metrics_server server = PQE_METRICS_SERVER_INIT;
    pqe_error error;

    server.port = port;
    server.name = "shop";
    if (pqe_metrics_serve(engine, &server, &port, &error) == PQE_ERR_UNSUPPORTED) {
        return false;
    }
    check(error.code, &error, "serving the metrics");
    return true;
}

/* Serves no longer. */
static void stop_serving(pqe_engine *engine)
{
    pqe_error error;

    check(pqe_metrics_serve_stop(engine, &error), &error, "ending the server");
}

int main(int argc, char **argv)
{
    pqe_engine *engine = open_engine(2);
    pqe_middleware middleware = PQE_MIDDLEWARE_INIT;
    pqe_error error;
    char *text;
    int writes = 0;
    bool served = serve(engine, argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0);

    middleware.name = "watch";
    middleware.enter = watch;
    middleware.data = &writes;
    check(pqe_add_middleware(engine, &middleware, &error), &error, "adding a middleware");
    run(engine, "DROP TABLE IF EXISTS visits");
    run(engine, "CREATE TABLE visits (id int PRIMARY KEY)");
    for (int i = 0; i < 5; i++) {
        check(pqe_execute(engine, "INSERT INTO visits VALUES (%s)", PQE_PARAMS(PQE_INT32(i)), NULL,
                          &error),
              &error, "inserting");
    }
    if (pqe_execute(engine, "INSERT INTO visits VALUES (1)", PQE_NO_PARAMS, NULL, &error) !=
        PQE_OK) {
        printf("refused: SQLSTATE %s\n", error.sqlstate);
    }
    run(engine, "SELECT * FROM visits");
    check(pqe_metrics_prometheus(engine, "shop", &text, &error), &error, "reading the metrics");
    print_samples(text, "pqengine_pool_max_connections");
    print_samples(text, "pqengine_table_rows_total");
    print_samples(text, "pqengine_table_errors_total");
    pqe_free(text);
    printf("%d calls wrote to visits\n", writes);
    check(pqe_remove_middleware(engine, "watch", &error), &error, "removing the middleware");
    run(engine, "DROP TABLE visits");
    if (served && argc > 1) {
        printf("http://127.0.0.1:%s/metrics until Enter is pressed\n", argv[1]);
        (void)getchar();
    }
    if (served) {
        stop_serving(engine);
    }
    pqe_free_engine(engine);
    return 0;
}
