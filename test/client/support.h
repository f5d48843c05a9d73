/*
 * support.h - what the client's tests share
 */
#ifndef PQE_TEST_SUPPORT_H
#define PQE_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#include <cmocka.h>
}
#else
#include <cmocka.h>
#endif

#include "pqengine.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Fails with the error's words unless the call returned PQE_OK. */
#define assert_ok(call, error) support_check_ok((call), &(error), #call, __FILE__, __LINE__)

/* Fails unless the call returned that status and the error says the same. */
#define assert_status(status, call, error)                                                         \
    support_check_status((status), (call), &(error), #call, __FILE__, __LINE__)

/* Fails unless the text holds the part. */
#define assert_contains(text, part) support_check_contains((text), (part), __FILE__, __LINE__)

void support_check_ok(pqe_status status, const pqe_error *error, const char *call, const char *file,
                      int line);
void support_check_status(pqe_status wanted, pqe_status status, const pqe_error *error,
                          const char *call, const char *file, int line);
void support_check_contains(const char *text, const char *part, const char *file, int line);

/*
 * A configuration for the server of libpq's environment that ensures nothing, opens nothing at the
 * start and has no health monitor: a test turns on what it is about.
 */
pqe_config support_config(void);

/* An engine from such a configuration, changed or not (NULL). */
pqe_engine *support_engine(const pqe_config *config);

/* Executes without parameters, and fails where that fails. */
void support_run(pqe_engine *engine, const char *sql);

/* The single value of a query, as a number. */
int64_t support_number(pqe_engine *engine, const char *sql);

/* What the pool is like now. */
pqe_pool_metrics support_gauges(pqe_engine *engine);

/* Whether this libpq has that connection option. */
bool support_libpq_knows(const char *keyword);

/* Runs a program on a text; its exit status. */
int support_run_program(const char *command, const char *text);

/* Take and give back a connection; both fail where that fails. */
pqe_connection *support_acquire(pqe_engine *engine, const char *who);
void support_release(pqe_connection *connection);

/*
 * Ends a forked child, as another program: the memory of its parent's threads is lost to it, which
 * valgrind would tell.
 */
void support_end_child(bool well);

/* support_number on a connection. */
int64_t support_number_on(pqe_connection *connection, const char *sql);

/* A group's setup: fails, and says how to run the tests, where there is no server. */
int support_need_server(void **state);

/* Keeps what an engine logs; data is a support_log. */
typedef struct support_log {
    char text[8192];
    size_t length;
} support_log;
void support_logger(void *data, pqe_log_level level, const char *message);

#ifdef __cplusplus
}
#endif

#endif /* PQE_TEST_SUPPORT_H */
