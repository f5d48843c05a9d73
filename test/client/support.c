/*
 * support.c - what the client's tests share
 */
#include "support.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <unistd.h>

void support_check_ok(pqe_status status, const pqe_error *error, const char *call, const char *file,
                      int line)
{
    if (status != PQE_OK) {
        print_error("%s: %s: %s\n%s\n", call, pqe_status_name(status), error->message,
                    error->detail);
        _fail(file, line);
    }
    if (error->code != PQE_OK || error->message[0] != '\0') {
        print_error("%s succeeded, but left an error: %s\n", call, error->message);
        _fail(file, line);
    }
}

void support_check_status(pqe_status wanted, pqe_status status, const pqe_error *error,
                          const char *call, const char *file, int line)
{
    if (status != wanted) {
        print_error("%s: %s instead of %s: %s\n", call, pqe_status_name(status),
                    pqe_status_name(wanted), error->message);
        _fail(file, line);
    }
    if (error->code != wanted || error->message[0] == '\0') {
        print_error("%s: the error has code %s and the message \"%s\"\n", call,
                    pqe_status_name(error->code), error->message);
        _fail(file, line);
    }
}

void support_check_contains(const char *text, const char *part, const char *file, int line)
{
    if (text == NULL || strstr(text, part) == NULL) {
        print_error("\"%s\" does not hold \"%s\"\n", text != NULL ? text : "(null)", part);
        _fail(file, line);
    }
}

pqe_config support_config(void)
{
    pqe_config config = PQE_CONFIG_INIT;

    config.pool_size = 4;
    config.ensure_database = false;
    config.ensure_tables = false;
    config.check_schema_drift = false;
    config.health_check_enabled = false;
    config.connect_at_start = false;
    return config;
}

pqe_engine *support_engine(const pqe_config *config)
{
    pqe_config standard = support_config();
    pqe_engine *engine;
    pqe_error error;

    assert_ok(pqe_create_engine(config != NULL ? config : &standard, &engine, &error), error);
    assert_non_null(engine);
    return engine;
}

void support_run(pqe_engine *engine, const char *sql)
{
    pqe_error error;

    assert_ok(pqe_execute(engine, sql, PQE_NO_PARAMS, NULL, &error), error);
}

int64_t support_number(pqe_engine *engine, const char *sql)
{
    pqe_result *result;
    pqe_error error;
    int64_t number = 0;

    assert_ok(pqe_execute(engine, sql, PQE_NO_PARAMS, &result, &error), error);
    assert_ok(pqe_get_int64(result, 0, 0, &number, &error), error);
    pqe_result_free(result);
    return number;
}

int support_need_server(void **state)
{
    PGconn *connection = PQconnectdb("");
    int status = PQstatus(connection) == CONNECTION_OK ? 0 : -1;

    (void)state;
    if (status != 0) {
        print_error("no server (run this by scripts/with-cluster): %s", PQerrorMessage(connection));
    }
    PQfinish(connection);
    return status;
}

void support_logger(void *data, pqe_log_level level, const char *message)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    support_log *log = data;
    int length;

    pthread_mutex_lock(&lock);
    length = snprintf(log->text + log->length, sizeof(log->text) - log->length, "%d %s\n",
                      (int)level, message);
    if (length > 0 && (size_t)length < sizeof(log->text) - log->length) {
        log->length += (size_t)length;
    }
    pthread_mutex_unlock(&lock);
}

pqe_pool_metrics support_gauges(pqe_engine *engine)
{
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_error error;

    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    return metrics.pool;
}

bool support_libpq_knows(const char *keyword)
{
    PQconninfoOption *options = PQconndefaults();
    bool known = false;

    assert_non_null(options);
    for (const PQconninfoOption *at = options; at->keyword != NULL; at++) {
        known = known || strcmp(at->keyword, keyword) == 0;
    }
    PQconninfoFree(options);
    return known;
}

int support_run_program(const char *command, const char *text)
{
    FILE *pipe = popen(command, "w");

    assert_non_null(pipe);
    assert_true(fputs(text, pipe) >= 0);
    return pclose(pipe);
}

pqe_connection *support_acquire(pqe_engine *engine, const char *who)
{
    pqe_connection *connection;
    pqe_error error;

    assert_ok(pqe_acquire(engine, who, &connection, &error), error);
    assert_non_null(connection);
    return connection;
}

void support_release(pqe_connection *connection)
{
    pqe_error error;

    assert_ok(pqe_release(connection, &error), error);
}

void support_end_child(bool well)
{
    execl("/bin/sh", "sh", "-c", well ? "exit 0" : "exit 1", (char *)NULL);
    _exit(98);
}

int64_t support_number_on(pqe_connection *connection, const char *sql)
{
    pqe_result *result;
    pqe_error error;
    int64_t number = -1;

    assert_ok(pqe_connection_execute(connection, sql, PQE_NO_PARAMS, &result, &error), error);
    assert_ok(pqe_get_int64(result, 0, 0, &number, &error), error);
    pqe_result_free(result);
    return number;
}
