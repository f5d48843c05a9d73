/*
 * test_hostile.c - servers that refuse, fall silent, or talk nonsense
 */
#include "support.h"

#include "support_server.h"

#include <pthread.h>
#include <unistd.h>

/* ErrorResponse: severity, code and message, each a letter and a string. */
#define FATAL_AUTH "E\0\0\0\60SFATAL\0VFATAL\0C28P01\0Mwrong password for u\0\0"
#define FATAL_STARTING "E\0\0\0\47SFATAL\0VFATAL\0C57P03\0Mstarting up\0\0"
#define ASK_PASSWORD "R\0\0\0\10\0\0\0\3"

/* ParseComplete, BindComplete, NoData, CommandComplete, ReadyForQuery. */
#define NO_ROWS "1\0\0\0\0042\0\0\0\4n\0\0\0\4C\0\0\0\11BEEP\0Z\0\0\0\5I"

static pqe_config config_for(int port)
{
    pqe_config config = support_config();

    config.dsn = "sslmode=disable gssencmode=disable host=127.0.0.1 user=u dbname=d "
                 "passfile=/nonexistent";
    config.port = port;
    config.pool_size = 1;
    config.connect_at_start = true;
    config.statement_cache_size = 0; /* opening a connection then asks the server nothing */
    return config;
}

/* Makes an engine on such a server, which must fail. */
static void check_refused(const support_reply *conversation, const char *password,
                          pqe_status wanted, const char *sqlstate, const char *part)
{
    const support_reply *const conversations[] = {conversation};
    int port;
    support_server *server = support_server_start(conversations, 1, &port);
    pqe_config config = config_for(port);
    pqe_engine *engine;
    pqe_error error;

    config.password = password;
    assert_status(wanted, pqe_create_engine(&config, &engine, &error), error);
    assert_null(engine);
    assert_string_equal(error.sqlstate, sqlstate);
    assert_contains(error.message, part);
    assert_null(strchr(error.message, '\n'));
    if (password != NULL) {
        assert_null(strstr(error.message, password));
        assert_null(strstr(error.detail, password));
    }
    support_server_stop(server);
}

static void a_wrong_password(void **state)
{
    static const support_reply conversation[] = {SUPPORT_REPLY(ASK_PASSWORD),
                                                 SUPPORT_REPLY(FATAL_AUTH), SUPPORT_END};

    (void)state;
    check_refused(conversation, "s3cret", PQE_ERR_AUTH, "28P01", "wrong password for u");
}

static void no_password_given(void **state)
{
    static const support_reply conversation[] = {SUPPORT_REPLY(ASK_PASSWORD), SUPPORT_HANG,
                                                 SUPPORT_END};

    (void)state;
    check_refused(conversation, NULL, PQE_ERR_AUTH, "", "no password supplied");
}

static void nonsense_and_hanging_up(void **state)
{
    static const support_reply closes[] = {SUPPORT_END};
    static const support_reply http[] = {SUPPORT_REPLY("HTTP/1.1 400 Bad Request\r\n\r\n"),
                                         SUPPORT_END};
    static const support_reply huge[] = {SUPPORT_REPLY("R\177\377\377\377\0\0\0\0"), SUPPORT_END};
    static const support_reply half[] = {SUPPORT_REPLY("R\0\0\0\10\0\0\0\0E\0\0\0"), SUPPORT_END};

    (void)state;
    check_refused(closes, NULL, PQE_ERR_CONNECTION, "", "cannot connect to database \"d\"");
    check_refused(http, NULL, PQE_ERR_CONNECTION, "", "cannot connect to database \"d\"");
    check_refused(huge, NULL, PQE_ERR_CONNECTION, "", "cannot connect to database \"d\"");
    check_refused(half, NULL, PQE_ERR_CONNECTION, "", "cannot connect to database \"d\"");
}

/* A server that is coming up is asked again, and lets in at the third attempt. */
static void a_server_that_is_starting_up(void **state)
{
    static const support_reply starting[] = {SUPPORT_REPLY(FATAL_STARTING), SUPPORT_END};
    static const support_reply up[] = {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_HANG, SUPPORT_END};
    const support_reply *const conversations[] = {starting, starting, up};
    int port;
    support_server *server = support_server_start(conversations, 3, &port);
    pqe_config config = config_for(port);
    pqe_engine *engine = support_engine(&config);

    (void)state;
    pqe_free_engine(engine);
    assert_int_equal(support_server_stop(server), 3);
}

/* It never comes up: the attempt ends when its time is over, and says what the server said. */
static void a_server_that_never_comes_up(void **state)
{
    static const support_reply starting[] = {SUPPORT_REPLY(FATAL_STARTING), SUPPORT_END};
    const support_reply *const conversations[] = {starting};
    int port;
    support_server *server = support_server_start(conversations, 1, &port);
    pqe_config config = config_for(port);
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.connection_timeout_ms = 1000;
    assert_status(PQE_ERR_CONNECTION, pqe_create_engine(&config, &engine, &error), error);
    assert_string_equal(error.sqlstate, "57P03");
    assert_contains(error.message, "starting up");
    assert_true(support_server_stop(server) >= 2);
}

/* Answers to a statement, each wrong in its own way, on a connection that had begun well. */
static void broken_answers(void **state)
{
    static const support_reply answers[][3] = {
        {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_END},
        {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_REPLY("what?"), SUPPORT_END},
        {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_REPLY("D\0\0\0\6\0\1Z\0\0\0\5I"), SUPPORT_END},
        {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_REPLY("1\0\0\0\4T\0\0\0\6\377\377"), SUPPORT_END},
        {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_REPLY("T\0\0\0\3"), SUPPORT_END},
        {SUPPORT_REPLY(SUPPORT_WELCOME),
         SUPPORT_REPLY("T\0\0\0\40\0\1a\0\0\0\0\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0"
                       "D\0\0\0\20\0\1\377\377\377\0abcd"),
         SUPPORT_END},
        {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_REPLY("E\0\0\0\5\0"), SUPPORT_END},
        {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_REPLY("1\0\0\0\4E\0\0\0\7M\0\0Z\0\0\0\5I"),
         SUPPORT_END},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        const support_reply *const conversations[] = {answers[i]};
        int port;
        support_server *server = support_server_start(conversations, 1, &port);
        pqe_config config = config_for(port);
        pqe_engine *engine = support_engine(&config);
        pqe_result *result;
        pqe_error error;
        pqe_status status = pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, &result, &error);

        if (status != PQE_ERR_CONNECTION && status != PQE_ERR_QUERY) {
            fail_msg("answer %zu: %s: %s", i, pqe_status_name(status), error.message);
        }
        assert_null(result);
        assert_true(error.message[0] != '\0');
        pqe_free_engine(engine);
        support_server_stop(server);
    }
}

/* It takes the statement, and the cancel request, and says nothing ever. */
static void a_server_that_falls_silent(void **state)
{
    static const support_reply silent[] = {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_HANG,
                                           SUPPORT_END};
    const support_reply *const conversations[] = {silent};
    int port;
    support_server *server = support_server_start(conversations, 1, &port);
    pqe_config config = config_for(port);
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.query_timeout_ms = 30;
    engine = support_engine(&config);
    assert_status(PQE_ERR_TIMEOUT, pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_true(error.may_have_run);
    assert_ok(pqe_metrics(engine, &metrics, &error), error);
    assert_int_equal(metrics.pool.broken, 1);
    assert_int_equal(metrics.pool.size, 0);
    pqe_free_engine(engine);
    support_server_stop(server);
}

/* A ping has a deadline of its own: a dead connection does not hold up its user for ever. */
static void a_ping_that_hangs(void **state)
{
    static const support_reply silent[] = {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_HANG,
                                           SUPPORT_END};
    static const support_reply closed[] = {SUPPORT_END};
    const support_reply *const conversations[] = {silent, silent, closed};
    int port;
    support_server *server = support_server_start(conversations, 3, &port);
    pqe_config config = config_for(port);
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.pool_size = 1;
    config.pool_pre_ping = true;
    config.health_check_timeout_ms = 30;
    config.health_check_retries = 0;
    engine = support_engine(&config);
    assert_status(PQE_ERR_CONNECTION, pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_contains(error.message, "cannot connect");
    pqe_free_engine(engine);
    support_server_stop(server);
}

/* The answer to the first question of a new connection: a server that breaks off is no connection. */
static void a_connection_lost_while_it_is_opened(void **state)
{
    static const support_reply answers[] = {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_REPLY("?"),
                                            SUPPORT_END};
    const support_reply *const conversations[] = {answers};
    int port;
    support_server *server = support_server_start(conversations, 1, &port);
    pqe_config config = config_for(port);
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    config.statement_cache_size = 10;
    config.connect_at_start = false;
    engine = support_engine(&config);
    assert_status(PQE_ERR_CONNECTION, pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error),
                  error);
    assert_false(error.may_have_run);
    pqe_free_engine(engine);
    support_server_stop(server);
}

/*
 * A pooler answers from another server process than the one it claims to be: here 1, of 42.  Then
 * nothing is prepared: the third time, too, the statement comes as text, with a Parse message.
 */
#define ROW_OF_ONE                                                                                 \
    "1\0\0\0\4"                                                                                    \
    "2\0\0\0\4"                                                                                    \
    "T\0\0\0\32\0\1a\0\0\0\0\0\0\0\0\0\0\27\0\4\377\377\377\377\0\0"                               \
    "D\0\0\0\13\0\1\0\0\0\1"                                                                       \
    "1"                                                                                            \
    "C\0\0\0\15SELECT 1\0"                                                                         \
    "Z\0\0\0\5I"
static void a_pooler_is_recognised(void **state)
{
    static const support_reply answers[] = {SUPPORT_REPLY(SUPPORT_WELCOME),
                                            SUPPORT_REPLY(ROW_OF_ONE),
                                            SUPPORT_REPLY(ROW_OF_ONE),
                                            SUPPORT_REPLY(ROW_OF_ONE),
                                            SUPPORT_REPLY(ROW_OF_ONE),
                                            SUPPORT_REPLY(ROW_OF_ONE),
                                            SUPPORT_END};
    const support_reply *const conversations[] = {answers};
    support_log log = {.length = 0};
    int port;
    support_server *server = support_server_start(conversations, 1, &port);
    pqe_config config = config_for(port);
    pqe_engine *engine;

    (void)state;
    config.statement_cache_size = 10;
    config.debug = true;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(support_number(engine, "SELECT 1"), 1);
    }
    pqe_free_engine(engine);
    support_server_stop(server);
    assert_contains(log.text, "a connection pooler is in between");
}

typedef struct taker {
    pqe_engine *engine;
    pqe_status status;
    pqe_error error;
} taker;

static void *take(void *argument)
{
    taker *self = argument;
    pqe_connection *connection;

    self->status = pqe_acquire(self->engine, "late", &connection, &self->error);
    if (self->status == PQE_OK) {
        self->status = pqe_release(connection, &self->error);
    }
    return NULL;
}

/* The server lets the first in and nobody else: who has tried in vain waits for the first one's
   connection, where connection_timeout_ms would have been his own affair. */
static void a_slow_server_fails_no_call_while_there_is_a_connection(void **state)
{
    static const support_reply welcome[] = {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_HANG,
                                            SUPPORT_END};
    static const support_reply silence[] = {SUPPORT_HANG, SUPPORT_END};
    static const support_reply *const conversations[] = {welcome, silence};
    int port;
    support_server *server = support_server_start(conversations, 2, &port);
    pqe_config config = config_for(port);
    pqe_connection *connection;
    taker late = {.status = PQE_OK};
    pthread_t thread;
    pqe_error error;

    (void)state;
    config.pool_size = 2;
    config.connect_at_start = false;
    config.connection_timeout_ms = 1000; /* enough for the first one, however busy the machine */
    config.pool_timeout_ms = 600000;
    config.pool_reset = PQE_RESET_NEVER;
    late.engine = support_engine(&config);
    connection = support_acquire(late.engine, "first");
    assert_int_equal(pthread_create(&thread, NULL, take, &late), 0);
    while (support_gauges(late.engine).connect_failures == 0) {
        usleep(1000);
    }
    /* Whoever is told of the failure has left by now, or goes on to wait. */
    assert_ok(pqe_release(connection, &error), error);
    pthread_join(thread, NULL);
    assert_ok(late.status, late.error);
    pqe_free_engine(late.engine);
    assert_in_range(support_server_stop(server), 2, 64);
}

/* A question of the library's own is answered without a row: by no server, but nothing breaks. */
static void no_answer_to_questions(void **state)
{
    static const support_reply conversation[] = {SUPPORT_REPLY(SUPPORT_WELCOME),
                                                 SUPPORT_REPLY(NO_ROWS), SUPPORT_REPLY(NO_ROWS),
                                                 SUPPORT_HANG, SUPPORT_END};
    const support_reply *const conversations[] = {conversation};
    int port;
    support_server *server = support_server_start(conversations, 1, &port);
    pqe_config config = config_for(port);
    pqe_engine *engine;
    pqe_result *result;
    pqe_error error;

    (void)state;
    config.statement_cache_size = 100; /* asks for the backend's number */
    assert_ok(pqe_create_engine(&config, &engine, &error), error);
    assert_ok(pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, &result, &error), error);
    assert_int_equal(pqe_result_rows(result), 0);
    pqe_result_free(result);
    pqe_free_engine(engine);
    support_server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_password),
        cmocka_unit_test(no_password_given),
        cmocka_unit_test(nonsense_and_hanging_up),
        cmocka_unit_test(a_server_that_is_starting_up),
        cmocka_unit_test(a_server_that_never_comes_up),
        cmocka_unit_test(broken_answers),
        cmocka_unit_test(a_server_that_falls_silent),
        cmocka_unit_test(no_answer_to_questions),
        cmocka_unit_test(a_ping_that_hangs),
        cmocka_unit_test(a_connection_lost_while_it_is_opened),
        cmocka_unit_test(a_pooler_is_recognised),
        cmocka_unit_test(a_slow_server_fails_no_call_while_there_is_a_connection),
    };

    return cmocka_run_group_tests_name("hostile servers", tests, NULL, NULL);
}
