/*
 * test_notify.c - LISTEN and NOTIFY: what comes, in which order, and what happens when the
 * connection is lost
 */
#include "support_async.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static pqe_notification wait_for(pqe_listener *listener, pqe_listen_event event)
{
    pqe_notification notification = {0};
    bool received = false;
    pqe_error error;

    assert_ok(pqe_listener_wait(listener, -1, &notification, &received, &error), error);
    assert_true(received);
    assert_int_equal(notification.event, event);
    return notification;
}

static void expect(pqe_listener *listener, const char *channel, const char *payload)
{
    pqe_notification notification = wait_for(listener, PQE_LISTEN_NOTIFICATION);

    assert_string_equal(notification.channel, channel);
    assert_string_equal(notification.payload, payload);
    assert_true(notification.backend_pid > 0);
}

static pqe_listener *listen_to(pqe_engine *engine, const char *channel,
                               pqe_listen_callback callback, void *data)
{
    pqe_listener *listener;
    pqe_error error;

    assert_ok(pqe_listen(engine, &channel, 1, callback, data, &listener, &error), error);
    assert_non_null(listener);
    return listener;
}

/* In the order of the commits, by names that need quoting. */
static void waiting(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_listener *listener = listen_to(engine, "Orders \"new\"", NULL, NULL);
    pqe_notification notification;
    bool received = true;
    pqe_error error;

    (void)state;
    for (int i = 0; i < 100; i++) {
        char sql[100];

        snprintf(sql, sizeof(sql), "SELECT pg_notify('Orders \"new\"', 'order %d')", i);
        support_run(engine, sql);
    }
    for (int i = 0; i < 100; i++) {
        char payload[32];

        snprintf(payload, sizeof(payload), "order %d", i);
        expect(listener, "Orders \"new\"", payload);
    }
    assert_ok(pqe_listener_wait(listener, 0, &notification, &received, &error), error);
    assert_false(received);
    pqe_listener_close(listener);
    pqe_free_engine(engine);
}

static void channels_come_and_go(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_listener *listener = listen_to(engine, "one", NULL, NULL);
    pqe_error error;

    (void)state;
    support_run(engine, "NOTIFY two, 'nobody listens'");
    assert_ok(pqe_listener_add(listener, "two", &error), error);
    support_run(engine, "NOTIFY two, 'now'");
    expect(listener, "two", "now");
    assert_ok(pqe_listener_remove(listener, "one", &error), error);
    assert_ok(pqe_listener_remove(listener, "never heard of", &error), error);
    support_run(engine, "NOTIFY one, 'not any more'");
    support_run(engine, "NOTIFY two, 'still'");
    expect(listener, "two", "still");
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_listener_add(listener, "", &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT, pqe_listener_add(listener, NULL, &error), error);
    pqe_listener_close(listener);
    pqe_free_engine(engine);
}

static void kill_listener(pqe_engine *engine)
{
    assert_int_equal(support_number(engine,
                                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                    "WHERE query LIKE 'LISTEN%' OR query = 'SELECT 1'"),
                     1);
}

/* The loss is told, then that it is over; every channel is listened on again. */
static void reconnect(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_listener *listener = listen_to(engine, "one", NULL, NULL);
    pqe_error error;

    (void)state;
    assert_ok(pqe_listener_add(listener, "two", &error), error);
    for (int round = 0; round < 3; round++) {
        kill_listener(engine);
        assert_contains(wait_for(listener, PQE_LISTEN_LOST).message, "the connection was lost");
        (void)wait_for(listener, PQE_LISTEN_RECONNECTED);
        support_run(engine, "NOTIFY one, 'a'");
        support_run(engine, "NOTIFY two, 'b'");
        expect(listener, "one", "a");
        expect(listener, "two", "b");
    }
    pqe_listener_close(listener);
    pqe_free_engine(engine);
}

typedef struct heard {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int count;
    int reconnects;
    pthread_t thread;
    char last[64];
} heard;

static void hear(void *data, const pqe_notification *notification)
{
    heard *by = data;

    pthread_mutex_lock(&by->lock);
    by->thread = pthread_self();
    if (notification->event == PQE_LISTEN_NOTIFICATION) {
        by->count++;
        snprintf(by->last, sizeof(by->last), "%s", notification->payload);
    } else if (notification->event == PQE_LISTEN_RECONNECTED) {
        by->reconnects++;
    }
    pthread_cond_broadcast(&by->changed);
    pthread_mutex_unlock(&by->lock);
}

static void await_heard(heard *by, int count, int reconnects)
{
    pthread_mutex_lock(&by->lock);
    while (by->count < count || by->reconnects < reconnects) {
        pthread_cond_wait(&by->changed, &by->lock);
    }
    assert_int_equal(by->count, count);
    assert_int_equal(by->reconnects, reconnects);
    pthread_mutex_unlock(&by->lock);
}

static void calling_back(void **state)
{
    pqe_config asynchronous = support_async_config(2);
    pqe_config configs[] = {support_config(), asynchronous};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        pqe_engine *engine = support_engine(&configs[i]);
        heard by = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, pthread_self(), ""};
        pqe_listener *listener = listen_to(engine, "c", hear, &by);
        pqe_notification notification;
        bool received;
        pqe_error error;

        support_run(engine, "NOTIFY c, 'first'");
        await_heard(&by, 1, 0);
        assert_string_equal(by.last, "first");
        assert_false(pthread_equal(by.thread, pthread_self()));
        kill_listener(engine);
        await_heard(&by, 1, 1);
        support_run(engine, "NOTIFY c, 'second'");
        await_heard(&by, 2, 1);
        assert_status(PQE_ERR_STATE,
                      pqe_listener_wait(listener, 0, &notification, &received, &error), error);
        pqe_listener_close(listener);
        pqe_free_engine(engine);
    }
}

static void what_cannot_be(void **state)
{
    pqe_config config = support_config();
    pqe_engine *engine = support_engine(NULL);
    const char *channel = "c";
    const char *const too_long = "0123456789012345678901234567890123456789012345678901234567890123";
    pqe_listener *listener;
    pqe_error error;

    (void)state;
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_listen(NULL, &channel, 1, NULL, NULL, &listener, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_listen(engine, &channel, 1, NULL, NULL, NULL, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_listen(engine, NULL, 1, NULL, NULL, &listener, &error), error);
    assert_status(PQE_ERR_INVALID_ARGUMENT,
                  pqe_listen(engine, &too_long, 1, NULL, NULL, &listener, &error), error);
    pqe_listener_close(NULL);
    pqe_free_engine(engine);

    /* the first connection is not tried again */
    config.connect_at_start = false;
    config.host = "/nonexistent";
    engine = support_engine(&config);
    assert_status(PQE_ERR_CONNECTION,
                  pqe_listen(engine, &channel, 1, NULL, NULL, &listener, &error), error);
    assert_null(listener);
    pqe_free_engine(engine);
}

/* A listener that was forgotten ends with its engine, and who waits on it is told. */
static void forgotten(void **state)
{
    support_log log = {.length = 0};
    pqe_config config = support_config();
    pqe_engine *engine;
    pqe_listener *listener;
    pqe_notification notification;
    bool received = true;
    pqe_error error;

    (void)state;
    config.logger = support_logger;
    config.logger_data = &log;
    engine = support_engine(&config);
    listener = listen_to(engine, "c", NULL, NULL);
    assert_ok(pqe_dispose(engine, &error), error);
    assert_contains(log.text, "a listener was never closed");
    assert_status(PQE_ERR_DISPOSED,
                  pqe_listener_wait(listener, -1, &notification, &received, &error), error);
    assert_false(received);
    pqe_free_engine(engine);
}

/* A child that was forked has not the listener's thread: it is told instead of left waiting. */
static void forked(void **state)
{
    pqe_engine *engine = support_engine(NULL);
    pqe_listener *listener = listen_to(engine, "c", NULL, NULL);
    int status = -1;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        pqe_notification notification;
        bool received = false;
        pqe_error error;
        int wrong = 0;

        if (pqe_listener_wait(listener, 0, &notification, &received, &error) != PQE_ERR_STATE ||
            strstr(error.message, "forked") == NULL) {
            support_end_child(false);
        }
        wrong += pqe_listener_add(listener, "d", &error) != PQE_ERR_STATE;
        wrong += pqe_listener_remove(listener, "c", &error) != PQE_ERR_STATE;
        pqe_listener_close(listener);
        support_end_child(wrong == 0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    support_run(engine, "NOTIFY c, 'to the parent'");
    expect(listener, "c", "to the parent");
    pqe_listener_close(listener);
    pqe_free_engine(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waiting),        cmocka_unit_test(channels_come_and_go),
        cmocka_unit_test(reconnect),      cmocka_unit_test(calling_back),
        cmocka_unit_test(what_cannot_be), cmocka_unit_test(forgotten),
        cmocka_unit_test(forked),
    };

    return cmocka_run_group_tests_name("notify", tests, support_need_server, NULL);
}
