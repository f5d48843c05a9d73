/*
 * test_metrics_server.c - the metrics over HTTP, read as Prometheus does and as clients do that
 * mean no good; needs no PostgreSQL server
 */
#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than are answered at a time. */
#define CROWD 150

/* What came back. */
typedef struct answer {
    char *text;       /* all of it; NULL where the server had hung up */
    int status;       /* 0 where it is no answer */
    size_t length;    /* as the server says */
    const char *body; /* within text */
} answer;

/* A socket to a port of this machine, or -1. */
static int connect_to(int family, int port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed;

    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    in6.sin6_addr = in6addr_loopback;
    if (made < 0) {
        return -1;
    }
    failed = family == AF_INET ? connect(made, (struct sockaddr *)&in, sizeof(in))
                               : connect(made, (struct sockaddr *)&in6, sizeof(in6));
    if (failed != 0) {
        close(made);
        return -1;
    }
    return made;
}

static bool say(int to, const char *method, const char *path, const char *more)
{
    char request[300];
    int length = snprintf(request, sizeof(request), "%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n",
                          method, path, more);

    return send(to, request, (size_t)length, MSG_NOSIGNAL) == length;
}

/* Reads until the server hangs up, closes the socket, and takes apart what came.  Asserts nothing:
   cmocka wants that in the main thread only. */
static answer hear(int from)
{
    answer heard = {.text = NULL};
    size_t room = 1 << 20;
    size_t filled = 0;
    char *text = malloc(room);
    const char *length;
    ssize_t got;

    while (text != NULL && filled < room - 1 &&
           (got = read(from, text + filled, room - 1 - filled)) > 0) {
        filled += (size_t)got;
    }
    close(from);
    if (filled == 0) {
        free(text);
        return heard;
    }
    text[filled] = '\0';
    heard.text = text;
    heard.body = strstr(text, "\r\n\r\n");
    length = strstr(text, "Content-Length: ");
    if (strncmp(text, "HTTP/1.1 ", 9) == 0 && heard.body != NULL && length != NULL) {
        heard.status = (int)strtol(text + 9, NULL, 10);
        heard.length = strtoul(length + strlen("Content-Length: "), NULL, 10);
        heard.body += 4;
    }
    return heard;
}

static answer ask(int port, const char *method, const char *path)
{
    int to = connect_to(AF_INET, port);

    assert_true(to >= 0);
    assert_true(say(to, method, path, "Connection: close\r\n"));
    return hear(to);
}

/* Serves an engine's metrics on any port. */
static int serve(pqe_engine *engine)
{
    int port = 0;
    pqe_error error;

    assert_ok(pqe_metrics_serve(engine, NULL, &port, &error), error);
    assert_true(port > 0);
    return port;
}

/* The page is the text that the program itself gets, and promtool reads it. */
static void the_page(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_metrics_server options = PQE_METRICS_SERVER_INIT;
    pqe_error error;
    char name[] = "shop \"1\"";
    char *text;
    answer heard;
    int port = 0;

    (void)state;
    options.name = name;
    assert_ok(pqe_metrics_serve(engine, &options, &port, &error), error);
    name[0] = '\0'; /* it was copied */
    (void)pqe_execute(engine, "SELECT %s FROM a_table", PQE_NO_PARAMS, NULL, &error);
    assert_ok(pqe_metrics_prometheus(engine, "shop \"1\"", &text, &error), error);
    heard = ask(port, "GET", "/metrics");
    assert_int_equal(heard.status, 200);
    assert_contains(heard.text, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n");
    assert_int_equal(heard.length, strlen(text));
    assert_string_equal(heard.body, text);
    assert_contains(heard.body, "{engine=\"shop \\\"1\\\"\"");
    assert_int_equal(support_run_program("promtool check metrics", heard.body), 0);
    free(heard.text);
    pqe_free(text);
    heard = ask(port, "GET", "/metrics?name=anything");
    assert_int_equal(heard.status, 200);
    free(heard.text);
    assert_ok(pqe_metrics_serve_stop(engine, &error), error);
    pqe_free_engine(engine);
}

static void expect_refusal(int port, const char *method, const char *path, int status)
{
    answer heard = ask(port, method, path);

    assert_int_equal(heard.status, status);
    assert_contains(heard.text, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
    if (status == 405) {
        assert_contains(heard.text, "\r\nAllow: GET, HEAD\r\n");
    }
    if (strcmp(method, "HEAD") != 0) {
        assert_int_equal(strlen(heard.body), heard.length);
        assert_null(strstr(heard.body, "pqengine_"));
    }
    free(heard.text);
}

static void other_requests(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    int port = serve(engine);
    answer full = ask(port, "GET", "/metrics");
    answer head = ask(port, "HEAD", "/metrics");
    int to;

    (void)state;
    assert_int_equal(head.status, 200);
    assert_int_equal(head.length, full.length);
    assert_string_equal(head.body, "");
    free(full.text);
    free(head.text);
    expect_refusal(port, "GET", "/", 404);
    expect_refusal(port, "HEAD", "/nothing", 404);
    expect_refusal(port, "GET", "/metrics/", 404);
    expect_refusal(port, "POST", "/other", 404);
    expect_refusal(port, "DELETE", "/metrics", 405);
    expect_refusal(port, "PUT", "/metrics", 405);
    /* one that announces a body and does not send it */
    to = connect_to(AF_INET, port);
    assert_true(say(to, "POST", "/metrics", "Connection: close\r\nContent-Length: 1000\r\n"));
    head = hear(to);
    assert_int_equal(head.status, 405);
    free(head.text);
    /* one that does not speak HTTP */
    to = connect_to(AF_INET, port);
    assert_int_equal(send(to, "\0\0\0\10\4\322\26\57\r\n\r\n", 12, MSG_NOSIGNAL), 12);
    (void)shutdown(to, SHUT_WR);
    head = hear(to);
    assert_int_not_equal(head.status, 200);
    free(head.text);
    head = ask(port, "GET", "/metrics");
    assert_int_equal(head.status, 200);
    free(head.text);
    pqe_free_engine(engine);
}

static void *count_calls(void *data)
{
    pqe_engine *engine = data;
    pqe_error error;

    for (int i = 0; i < 200; i++) {
        char sql[60];

        snprintf(sql, sizeof(sql), "SELECT %%s FROM table_%d", i);
        (void)pqe_execute(engine, sql, PQE_NO_PARAMS, NULL, &error);
    }
    return NULL;
}

/* All at once, more than the server takes at a time, while the counters move, and beside a client
   that has connected and says nothing. */
static void many_at_once(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    int port = serve(engine);
    int silent = connect_to(AF_INET, port);
    int clients[CROWD];
    pthread_t callers[2];

    (void)state;
    assert_true(silent >= 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&callers[i], NULL, count_calls, engine), 0);
    }
    for (int i = 0; i < CROWD; i++) {
        clients[i] = connect_to(AF_INET, port);
        assert_true(clients[i] >= 0);
        assert_true(say(clients[i], "GET", "/metrics", "Connection: close\r\n"));
    }
    for (int i = 0; i < CROWD; i++) {
        answer heard = hear(clients[i]);

        assert_int_equal(heard.status, 200);
        assert_int_equal(strlen(heard.body), heard.length);
        assert_contains(heard.body, "\npqengine_pool_waiting 0\n");
        free(heard.text);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(callers[i], NULL);
    }
    close(silent);
    pqe_free_engine(engine);
}

typedef struct scraper {
    int port;
    atomic_int answers;
    atomic_int faults; /* answers that may not be */
} scraper;

/* Asks until nobody listens any more. */
static void *scrape(void *data)
{
    scraper *own = data;
    int to;

    while ((to = connect_to(AF_INET, own->port)) >= 0) {
        answer heard = {.text = NULL};

        if (say(to, "GET", "/metrics", "Connection: close\r\n")) {
            heard = hear(to);
        } else {
            close(to);
        }
        /* when the engine ends it may say so, or hang up, be it within an answer */
        if (heard.status == 200 && strlen(heard.body) == heard.length) {
            atomic_fetch_add(&own->answers, 1);
        } else if (heard.text != NULL && heard.status != 200 && heard.status != 503) {
            atomic_fetch_add(&own->faults, 1);
        }
        free(heard.text);
    }
    return NULL;
}

static void expect_end_under_load(bool async)
{
    pqe_config config = support_config();
    pqe_metrics_server options = PQE_METRICS_SERVER_INIT;
    pthread_t threads[4];
    scraper own;
    pqe_engine *engine;
    pqe_error error;
    char byte;
    int idle;

    config.async = async;
    engine = support_engine(&config);
    own.port = serve(engine);
    atomic_init(&own.answers, 0);
    atomic_init(&own.faults, 0);
    idle = connect_to(AF_INET, own.port);
    assert_true(idle >= 0);
    assert_true(say(idle, "GET", "/metrics", "")); /* kept alive */
    assert_int_equal(read(idle, &byte, 1), 1);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, scrape, &own), 0);
    }
    while (atomic_load(&own.answers) < 40) {
        usleep(1000);
    }
    pqe_free_engine(engine);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL); /* they end only where nobody listens any more */
    }
    assert_int_equal(atomic_load(&own.faults), 0);
    while (read(idle, &byte, 1) > 0) {
    }
    close(idle);
    /* the port is free again, at once */
    engine = support_engine(NULL);
    options.port = own.port;
    assert_ok(pqe_metrics_serve(engine, &options, NULL, &error), error);
    pqe_free_engine(engine);
}

static void freed_under_load(void **state)
{
    (void)state;
    expect_end_under_load(false);
    expect_end_under_load(true);
}

static void stopped_and_started(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_error error;
    answer heard;
    int port;

    (void)state;
    for (int i = 0; i < 3; i++) {
        port = serve(engine);
        assert_status(PQE_ERR_STATE, pqe_metrics_serve(engine, NULL, NULL, &error), error);
        heard = ask(port, "GET", "/metrics");
        assert_int_equal(heard.status, 200);
        free(heard.text);
        assert_ok(pqe_metrics_serve_stop(engine, &error), error);
        assert_int_equal(connect_to(AF_INET, port), -1);
        assert_status(PQE_ERR_STATE, pqe_metrics_serve_stop(engine, &error), error);
    }
    port = serve(engine);
    assert_ok(pqe_dispose(engine, &error), error);
    assert_int_equal(connect_to(AF_INET, port), -1);
    assert_status(PQE_ERR_DISPOSED, pqe_metrics_serve(engine, NULL, NULL, &error), error);
    assert_status(PQE_ERR_DISPOSED, pqe_metrics_serve_stop(engine, &error), error);
    pqe_free_engine(engine);
}

static void mistakes(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_engine *other = support_engine(NULL);
    pqe_metrics_server options = PQE_METRICS_SERVER_INIT;
    pqe_error error;
    char number[12];
    int port = 17;

    (void)state;
    options.port = serve(other);
    assert_status(PQE_ERR_IO, pqe_metrics_serve(engine, &options, &port, &error), error);
    snprintf(number, sizeof(number), "%d", options.port);
    assert_contains(error.message, number);
    assert_contains(error.message, "in use");
    options.port = 0;
    options.address = "192.0.2.1"; /* nobody's */
    assert_status(PQE_ERR_IO, pqe_metrics_serve(engine, &options, &port, &error), error);
    assert_contains(error.message, "192.0.2.1");
    options.address = "localhost";
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_serve(engine, &options, &port, &error),
                  error);
    options.address = NULL;
    options.port = 65536;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_serve(engine, &options, &port, &error),
                  error);
    options.port = -1;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_serve(engine, &options, &port, &error),
                  error);
    options.port = 0;
    options.version = 0;
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_serve(engine, &options, &port, &error),
                  error);
    assert_contains(error.hint, "PQE_METRICS_SERVER_INIT");
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_serve(NULL, NULL, &port, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_metrics_serve_stop(NULL, &error), error);
    assert_int_equal(port, 17);
    pqe_free_engine(engine);
    pqe_free_engine(other);
}

/* Whether this machine has the IPv6 address ::1. */
static bool has_ipv6(void)
{
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
    int probe = socket(AF_INET6, SOCK_STREAM, 0);
    bool bound;

    in6.sin6_addr = in6addr_loopback;
    bound = probe >= 0 && bind(probe, (struct sockaddr *)&in6, sizeof(in6)) == 0;
    if (probe >= 0) {
        close(probe);
    }
    return bound;
}

/* By default other machines, and the other protocol, are not listened to. */
static void addresses(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_metrics_server options = PQE_METRICS_SERVER_INIT;
    pqe_error error;
    answer heard;
    int port = 0;
    int to;

    (void)state;
    if (!has_ipv6()) {
        pqe_free_engine(engine);
        skip();
    }
    port = serve(engine);
    assert_int_equal(connect_to(AF_INET6, port), -1);
    assert_ok(pqe_metrics_serve_stop(engine, &error), error);
    options.address = "::1";
    assert_ok(pqe_metrics_serve(engine, &options, &port, &error), error);
    assert_int_equal(connect_to(AF_INET, port), -1);
    to = connect_to(AF_INET6, port);
    assert_true(to >= 0);
    assert_true(say(to, "GET", "/metrics", "Connection: close\r\n"));
    heard = hear(to);
    assert_int_equal(heard.status, 200);
    free(heard.text);
    pqe_free_engine(engine);
}

/* Where the library was built without libmicrohttpd. */
static void unsupported(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_error error;
    int port = 17;

    (void)state;
    assert_status(PQE_ERR_UNSUPPORTED, pqe_metrics_serve(engine, NULL, &port, &error), error);
    assert_contains(error.hint, "libmicrohttpd");
    assert_int_equal(port, 17);
    assert_status(PQE_ERR_STATE, pqe_metrics_serve_stop(engine, &error), error);
    pqe_free_engine(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page),
        cmocka_unit_test(other_requests),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(freed_under_load),
        cmocka_unit_test(stopped_and_started),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(addresses),
    };
    const struct CMUnitTest without[] = {cmocka_unit_test(unsupported)};
    const char *built = getenv("PQE_TEST_HTTP");

    if (built != NULL && strcmp(built, "no") == 0) {
        return cmocka_run_group_tests(without, NULL, NULL);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
