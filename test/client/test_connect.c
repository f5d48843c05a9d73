/*
 * test_connect.c - servers that are not there, that refuse, or that never answer
 */
#include "support_server.h"

#include "support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static void check_fails(const pqe_config *config, pqe_status wanted, const char *sqlstate,
                        const char *part)
{
    pqe_config at_start = *config;
    pqe_engine *engine = (pqe_engine *)8;
    pqe_error error;

    at_start.connect_at_start = true;
    assert_status(wanted, pqe_create_engine(&at_start, &engine, &error), error);
    assert_null(engine);
    assert_string_equal(error.sqlstate, sqlstate);
    assert_contains(error.message, part);
    assert_null(strchr(error.message, '\n'));
    assert_null(strstr(error.message, "s3cret"));
    assert_null(strstr(error.detail, "s3cret"));
}

/* A socket on this machine; listening or just bound. */
static int make_socket(bool listening, int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int made = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(made >= 0);
    assert_int_equal(bind(made, (struct sockaddr *)&address, sizeof(address)), 0);
    if (listening) {
        assert_int_equal(listen(made, 16), 0);
    }
    assert_int_equal(getsockname(made, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return made;
}

static void nobody_listens(void **state)
{
    pqe_config config = support_config();
    int bound = make_socket(false, &config.port);

    (void)state;
    config.host = "127.0.0.1";
    config.password = "s3cret";
    check_fails(&config, PQE_ERR_CONNECTION, "", "cannot connect to database");
    config.host = "/nonexistent";
    check_fails(&config, PQE_ERR_CONNECTION, "", "No such file or directory");
    config.host = "name.invalid";
    check_fails(&config, PQE_ERR_CONNECTION, "", "name.invalid");
    close(bound);
}

static void a_server_that_never_answers(void **state)
{
    pqe_config config = support_config();
    int listening = make_socket(true, &config.port);

    (void)state;
    config.host = "127.0.0.1";
    config.connection_timeout_ms = 60;
    check_fails(&config, PQE_ERR_TIMEOUT, "", "no answer within 60 ms");
    close(listening);
}

static void no_such_database(void **state)
{
    pqe_config config = support_config();

    (void)state;
    config.database = "test_no_such_database";
    check_fails(&config, PQE_ERR_DATABASE_NOT_FOUND, "3D000", "\"test_no_such_database\"");
}

static void no_such_user(void **state)
{
    pqe_config config = support_config();

    (void)state;
    config.username = "test_nobody";
    check_fails(&config, PQE_ERR_AUTH, "28000", "\"test_nobody\"");
}

/* No right to connect to the database is neither a wrong password nor a missing database. */
static void no_right_to_connect(void **state)
{
    pqe_engine *admin = support_engine(NULL);
    pqe_config config = support_config();

    (void)state;
    support_run(admin, "DROP DATABASE IF EXISTS test_closed");
    support_run(admin, "CREATE DATABASE test_closed");
    support_run(admin, "REVOKE CONNECT ON DATABASE test_closed FROM public");
    support_run(admin, "CREATE ROLE test_outsider LOGIN");
    config.username = "test_outsider";
    config.database = "test_closed";
    check_fails(&config, PQE_ERR_PERMISSION, "42501", "test_closed");
    support_run(admin, "DROP DATABASE test_closed");
    support_run(admin, "DROP ROLE test_outsider");
    pqe_free_engine(admin);
}

/* The first failure is not for ever: the pool tries again. */
static void an_engine_may_come_before_its_server(void **state)
{
    pqe_config config = support_config();
    pqe_engine *admin = support_engine(NULL);
    pqe_engine *engine;
    pqe_error error;

    (void)state;
    support_run(admin, "DROP DATABASE IF EXISTS test_later");
    config.database = "test_later";
    config.connect_at_start = false;
    engine = support_engine(&config);
    assert_status(PQE_ERR_DATABASE_NOT_FOUND,
                  pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error), error);
    support_run(admin, "CREATE DATABASE test_later");
    assert_int_equal(support_number(engine, "SELECT 1"), 1);
    pqe_free_engine(engine);
    support_run(admin, "DROP DATABASE test_later");
    pqe_free_engine(admin);
}

/* While there is nobody there, the attempts become fewer, and the exhaustion error says why. */
static void attempts_back_off(void **state)
{
    pqe_config config = support_config();
    int bound = make_socket(false, &config.port);
    pqe_engine *engine;
    pqe_error error;
    int timeouts = 0;

    (void)state;
    config.host = "127.0.0.1";
    config.connect_at_start = false;
    config.pool_timeout_ms = 0;
    engine = support_engine(&config);
    for (int i = 0; i < 200; i++) {
        pqe_status status = pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, NULL, &error);

        if (status == PQE_ERR_POOL_TIMEOUT) {
            timeouts++;
            assert_contains(error.detail, "Last failure to connect: cannot connect");
        } else {
            assert_int_equal(status, PQE_ERR_CONNECTION);
            assert_false(error.may_have_run);
        }
    }
    assert_in_range(timeouts, 100, 199);
    pqe_free_engine(engine);
    close(bound);
}

static void the_session_is_as_promised(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_result *result;
    pqe_error error;
    const char *text;

    (void)state;
    config.application_name = "tested";
    assert_int_equal(setenv("PGAPPNAME", "of the environment", 1), 0);
    engine = support_engine(&config);
    assert_ok(pqe_execute(engine,
                          "SELECT current_setting('application_name') || ' ' || "
                          "current_setting('client_encoding')",
                          PQE_NO_PARAMS, &result, &error),
              error);
    assert_ok(pqe_get_text(result, 0, 0, &text, &error), error);
    assert_string_equal(text, "tested UTF8");
    pqe_result_free(result);
    pqe_free_engine(engine);
    config.application_name = NULL;
    engine = support_engine(&config);
    assert_int_equal(support_number(engine, "SELECT count(*) FROM pg_stat_activity WHERE pid = "
                                            "pg_backend_pid() AND application_name = "
                                            "'of the environment'"),
                     1);
    pqe_free_engine(engine);
    assert_int_equal(unsetenv("PGAPPNAME"), 0);
}

/* With load_balance_hosts each connection begins with a host at random; without, with the first. */
static void hosts_share_the_load(void **state)
{
    static const support_reply welcome[] = {SUPPORT_REPLY(SUPPORT_WELCOME), SUPPORT_END};
    static const support_reply *const conversations[] = {welcome};
    int most = support_libpq_knows("load_balance_hosts") ? 1 : 0;

    (void)state;
    for (int balanced = 0; balanced <= most; balanced++) {
        support_server *servers[2];
        int ports[2];
        int counts[2];
        char dsn[200];
        pqe_config config = support_config();

        for (int i = 0; i < 2; i++) {
            servers[i] = support_server_start(conversations, 1, &ports[i]);
        }
        snprintf(dsn, sizeof(dsn),
                 "host=127.0.0.1,127.0.0.1 port=%d,%d user=u dbname=d sslmode=disable "
                 "gssencmode=disable%s",
                 ports[0], ports[1], balanced ? " load_balance_hosts=random" : "");
        config.dsn = dsn;
        config.pool_size = 40;
        config.connect_at_start = true;
        config.statement_cache_size = 0; /* opening a connection then asks the server nothing */
        pqe_free_engine(support_engine(&config));
        for (int i = 0; i < 2; i++) {
            counts[i] = support_server_stop(servers[i]);
        }
        assert_int_equal(counts[0] + counts[1], 40);
        if (balanced) {
            assert_in_range(counts[0], 1, 39); /* all on one side: once in 2^39 */
        } else {
            assert_int_equal(counts[0], 40);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(a_server_that_never_answers),
        cmocka_unit_test(no_such_database),
        cmocka_unit_test(no_such_user),
        cmocka_unit_test(no_right_to_connect),
        cmocka_unit_test(an_engine_may_come_before_its_server),
        cmocka_unit_test(attempts_back_off),
        cmocka_unit_test(the_session_is_as_promised),
        cmocka_unit_test(hosts_share_the_load),
    };

    return cmocka_run_group_tests_name("connect", tests, support_need_server, NULL);
}
