/*
 * fuzz_answer.c - a server that answers a query with anything at all
 *
 * The client lives in the fuzzer's thread, the server in another one: it lets the client in and
 * answers what comes next with the messages that the input describes, then hangs up.  The call ends
 * with a result, which is read through every getter, or with an error that says something.
 *
 * An input is a row of messages: a byte for the type, one for the length, then the body.  Where the
 * length's highest bit is set, the message claims to be a little longer than it is.  (Claims of
 * gigabytes, for which libpq makes room at once, would only make this slow.)
 *
 * One thing that a server could say is left out: ParameterDescription and the three starts of a COPY
 * while a result is under way.  There libpq (15 to 18) puts the new result in place of the one it has
 * begun and forgets that one; a program on bare libpq loses the same 216 bytes, and no caller of
 * libpq can prevent it.  LeakSanitizer could not tell that from a leak of ours.
 */
#include "fuzz.h"

#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "pqengine.h"

/* AuthenticationOk, BackendKeyData, ReadyForQuery */
#define WELCOME                                                                                    \
    "R\0\0\0\10\0\0\0\0"                                                                           \
    "K\0\0\0\14\0\0\0\52\0\0\0\53"                                                                 \
    "Z\0\0\0\5I"

/* The answer is copied under the lock: the server may be late, when the client has given up. */
static struct {
    char folder[64];
    int listening;
    pthread_mutex_t lock;
    uint8_t answer[4096];
    size_t length;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void say(int client, const void *bytes, size_t length)
{
    (void)send(client, bytes, length, MSG_NOSIGNAL);
}

/* Whatever the client says next; false where it has gone. */
static int heard(int client)
{
    char bytes[65536];

    return recv(client, bytes, sizeof(bytes), 0) > 0;
}

/* Whether libpq would lose a result over a message of this type; keeps track of what is under way. */
static bool would_leak(uint8_t type, bool *under_way)
{
    bool replaces = type == 't' || type == 'G' || type == 'H' || type == 'W';

    if (replaces && *under_way) {
        return true;
    }
    if (type == 'C' || type == 'E' || type == 'I') {
        *under_way = false;
    } else if (replaces || type == 'T' || type == 'D') {
        *under_way = true;
    }
    return false;
}

/* Writes the messages that the input describes into server.answer. */
static void make_answer(const uint8_t *data, size_t size)
{
    bool under_way = false;

    server.length = 0;
    while (size >= 2 && server.length < sizeof(server.answer) - 5 - 127) {
        size_t length = data[1] & 0x7f;
        size_t claimed = length + 4 + (data[1] >> 7);
        uint8_t *at = server.answer + server.length;

        if (length > size - 2) {
            length = size - 2;
        }
        if (!would_leak(data[0], &under_way)) {
            at[0] = data[0];
            at[1] = at[2] = 0;
            at[3] = (uint8_t)(claimed >> 8);
            at[4] = (uint8_t)claimed;
            memcpy(at + 5, data + 2, length);
            server.length += 5 + length;
        }
        data += 2 + length;
        size -= 2 + length;
    }
}

static void answer(int client)
{
    pthread_mutex_lock(&server.lock);
    say(client, server.answer, server.length);
    pthread_mutex_unlock(&server.lock);
}

static void *serve(void *unused)
{
    (void)unused;
    for (;;) {
        int client = accept(server.listening, NULL, NULL);

        if (client < 0) {
            return NULL;
        }
        if (heard(client)) {
            say(client, WELCOME, sizeof(WELCOME) - 1);
            if (heard(client)) {
                answer(client);
            }
        }
        close(client);
    }
}

/* Once, before the first input. */
static void start_server(void)
{
    static pthread_t thread;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    snprintf(server.folder, sizeof(server.folder), "/tmp/pqe-fuzz-%ld", (long)getpid());
    FUZZ_HOLDS(mkdtemp(strcat(server.folder, "-XXXXXX")) != NULL);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/.s.PGSQL.5432", server.folder);
    server.listening = socket(AF_UNIX, SOCK_STREAM, 0);
    FUZZ_HOLDS(bind(server.listening, (struct sockaddr *)&address, sizeof(address)) == 0);
    FUZZ_HOLDS(listen(server.listening, 16) == 0);
    FUZZ_HOLDS(pthread_create(&thread, NULL, serve, NULL) == 0);
}

static void remove_folder(void)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/.s.PGSQL.5432", server.folder);
    unlink(path);
    rmdir(server.folder);
}

static void read_value(const pqe_result *result, size_t row, size_t column)
{
    pqe_error error;
    pqe_uuid uuid;
    const char *text;
    const uint8_t *bytes;
    size_t length;
    int64_t integer;
    int32_t days;
    double number;
    bool truth;

    (void)pqe_is_null(result, row, column);
    if (pqe_get_text(result, row, column, &text, &error) == PQE_OK) {
        FUZZ_HOLDS(text == NULL || strlen(text) < 1 << 20);
    }
    (void)pqe_get_bytes(result, row, column, &bytes, &length, &error);
    (void)pqe_get_bool(result, row, column, &truth, &error);
    (void)pqe_get_int64(result, row, column, &integer, &error);
    (void)pqe_get_double(result, row, column, &number, &error);
    (void)pqe_get_uuid(result, row, column, &uuid, &error);
    (void)pqe_get_date(result, row, column, &days, &error);
    (void)pqe_get_timestamp(result, row, column, &integer, &error);
    (void)pqe_get_time(result, row, column, &integer, &error);
}

static void read_result(const pqe_result *result)
{
    FUZZ_HOLDS(pqe_result_command(result) != NULL);
    (void)pqe_result_affected(result);
    for (size_t column = 0; column < pqe_result_columns(result); column++) {
        FUZZ_HOLDS(pqe_result_column_name(result, column) != NULL);
        for (size_t row = 0; row < pqe_result_rows(result); row++) {
            read_value(result, row, column);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int started;
    pqe_config config = PQE_CONFIG_INIT;
    pqe_engine *engine;
    pqe_result *result;
    pqe_error error;

    if (!started) {
        started = 1;
        start_server();
        (void)atexit(remove_folder);
    }
    pthread_mutex_lock(&server.lock);
    make_answer(data, size);
    pthread_mutex_unlock(&server.lock);

    config.dsn = "user=fuzz dbname=fuzz";
    config.host = server.folder;
    config.port = 5432;
    config.pool_size = 1;
    config.ensure_database = false;
    config.ensure_tables = false;
    config.check_schema_drift = false;
    config.health_check_enabled = false;
    config.connect_at_start = false;
    config.statement_cache_size = 0; /* opening a connection then asks the server nothing */
    config.query_timeout_ms = 20000;
    FUZZ_HOLDS(pqe_create_engine(&config, &engine, &error) == PQE_OK);
    if (pqe_execute(engine, "SELECT 1", PQE_NO_PARAMS, &result, &error) == PQE_OK) {
        read_result(result);
        pqe_result_free(result);
    } else {
        FUZZ_HOLDS(result == NULL);
        FUZZ_HOLDS(error.message[0] != '\0');
    }
    pqe_free_engine(engine);
    return 0;
}
