/*
 * stream.c - many rows: COPY in from memory, a stream that reads as far as it likes, COPY out to a file
 */
#include "common.h"

#include <string.h>

/* What a COPY FROM STDIN is fed with: so many measurements, made as they are asked for. */
typedef struct measurements {
    int64_t made;
    int64_t wanted;
} measurements;

static pqe_status measure(void *data, char *buffer, size_t size, size_t *length, pqe_error *error)
{
    measurements *self = data;

    (void)error;
    *length = 0;
    while (self->made < self->wanted && size - *length > 64) {
        self->made++;
        *length += (size_t)snprintf(buffer + *length, size - *length, "%lld\t%lld\n",
                                    (long long)self->made, (long long)(self->made * 7 % 1000));
    }
    return PQE_OK;
}

static void copy_in(pqe_engine *engine)
{
    measurements source = {0, 100000};
    pqe_copy copy = PQE_COPY_INIT;
    uint64_t rows = 0;
    pqe_error error;

    copy.sql = "COPY measurements FROM STDIN";
    copy.read = measure;
    copy.data = &source;
    check(pqe_copy_run(engine, &copy, &rows, &error), &error, "copying in");
    printf("%llu rows copied\n", (unsigned long long)rows);
}

/* A row that cannot be: the error names its line, and none of them stays. */
static void copy_in_with_a_mistake(pqe_engine *engine)
{
    char text[] = "1000001\t5\n1000002\tmuch\n";
    pqe_copy_memory memory = {text, strlen(text), 0};
    pqe_copy copy = PQE_COPY_INIT;
    pqe_error error;

    copy.sql = "COPY measurements FROM STDIN";
    copy.read = pqe_copy_from_memory;
    copy.data = &memory;
    if (pqe_copy_run(engine, &copy, NULL, &error) != PQE_OK) {
        printf("%s\n  %s\n", error.message, error.context);
    }
}

/* Reads until it has seen enough; the rest is given up, and the connection goes on. */
static void read_some(pqe_engine *engine)
{
    pqe_call call = PQE_CALL_INIT;
    const pqe_param least = PQE_INT32(990);
    const pqe_result *rows;
    pqe_stream *stream;
    pqe_error error;
    int64_t found = 0;

    call.sql = "SELECT id, value FROM measurements WHERE value >= %s ORDER BY id";
    call.params = &least;
    call.param_count = 1;
    check(pqe_stream_open(engine, &call, &stream, &error), &error, "opening a stream");
    do {
        check(pqe_stream_next(stream, &rows, &error), &error, "reading");
        for (size_t row = 0; row < pqe_result_rows(rows) && found < 3; row++) {
            int64_t id = 0;
            int32_t value = 0;

            check(pqe_get_int64(rows, row, 0, &id, &error), &error, "id");
            check(pqe_get_int32(rows, row, 1, &value, &error), &error, "value");
            printf("measurement %lld was %d\n", (long long)id, value);
            found++;
        }
    } while (rows != NULL && found < 3);
    check(pqe_stream_close(stream, &error), &error, "closing the stream");
}

static void copy_out(pqe_engine *engine)
{
    FILE *file = tmpfile();
    pqe_copy copy = PQE_COPY_INIT;
    pqe_error error;
    int c;

    if (file == NULL) {
        exit(1);
    }
    copy.sql = "COPY (SELECT * FROM measurements WHERE id <= 2 ORDER BY id)"
               " TO STDOUT WITH (FORMAT csv, HEADER)";
    copy.write = pqe_copy_to_file;
    copy.data = file;
    check(pqe_copy_run(engine, &copy, NULL, &error), &error, "copying out");
    rewind(file);
    while ((c = fgetc(file)) != EOF) {
        putchar(c);
    }
    fclose(file);
}

int main(void)
{
    pqe_engine *engine = open_engine(1);

    run(engine, "DROP TABLE IF EXISTS measurements");
    run(engine, "CREATE TABLE measurements (id bigint PRIMARY KEY, value int NOT NULL)");
    copy_in(engine);
    copy_in_with_a_mistake(engine);
    read_some(engine);
    copy_out(engine);
    run(engine, "DROP TABLE measurements");
    pqe_free_engine(engine);
    return 0;
}
