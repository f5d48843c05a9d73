/*
 * call.c - one call of the extension with models, as an application makes it
 *
 * call text|digest|nothing MODELS SQL
 *
 * Opens a session of its own (libpq's environment says where) and runs SQL once, with the text of
 * the file MODELS or its digest as $1, which is made within the time.  Prints the seconds that took, the backend's peak memory in MiB, and the
 * first value of the last row; messages of the server go to stderr, at client_min_messages = debug1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libpq-fe.h>
#include <openssl/evp.h>

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "call: %s: %s\n", what, why);
    exit(1);
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t length = 0;
    size_t room = 0;

    if (file == NULL) {
        fail(path, "cannot be opened");
    }
    for (;;) {
        if (room - length < 2) {
            room = room == 0 ? 65536 : 2 * room;
            text = realloc(text, room);
            if (text == NULL) {
                fail(path, "out of memory");
            }
        }
        size_t got = fread(text + length, 1, room - length - 1, file);
        if (got == 0) {
            break;
        }
        length += got;
    }
    if (ferror(file)) {
        fail(path, "cannot be read");
    }
    fclose(file);
    text[length] = '\0';
    return text;
}

/* The first value of the last row of a query; "" without rows. */
static char *last_value(PGconn *connection, const char *sql, int count,
                        const char *const *parameters)
{
    PGresult *result = PQexecParams(connection, sql, count, NULL, parameters, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        fail(sql, PQerrorMessage(connection));
    }
    const char *value = PQntuples(result) > 0 ? PQgetvalue(result, PQntuples(result) - 1, 0) : "";
    char *copy = malloc(strlen(value) + 1);
    if (copy == NULL) {
        fail(sql, "out of memory");
    }
    strcpy(copy, value);
    PQclear(result);
    return copy;
}

static const char *digest_of(const char *text)
{
    static char hex[2 * EVP_MAX_MD_SIZE + 3] = "\\x";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length;

    if (!EVP_Digest(text, strlen(text), digest, &length, EVP_sha256(), NULL)) {
        fail("digest", "OpenSSL cannot make it");
    }
    for (unsigned int i = 0; i < length; i++) {
        snprintf(hex + 2 + 2 * i, 3, "%02x", digest[i]);
    }
    return hex;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fail("usage", "call text|digest|nothing MODELS SQL");
    }
    char *models = read_file(argv[2]);
    PGconn *connection = PQconnectdb("");

    if (PQstatus(connection) != CONNECTION_OK) {
        fail("connect", PQerrorMessage(connection));
    }
    free(last_value(connection, "SET client_min_messages = debug1", 0, NULL));
    double start = now();
    const char *parameter = strcmp(argv[1], "digest") == 0 ? digest_of(models) : models;
    char *answer = last_value(connection, argv[3], strcmp(argv[1], "nothing") != 0, &parameter);
    double took = now() - start;
    char *peak = last_value(connection,
                            "SELECT (regexp_match(pg_read_file('/proc/self/status'), "
                            "'VmHWM:\\s+(\\d+)'))[1]::int / 1024",
                            0, NULL);

    printf("%.6f %s %s\n", took, peak, answer);
    PQfinish(connection);
    free(peak);
    free(answer);
    free(models);
    return 0;
}
