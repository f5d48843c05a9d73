/*
 * trace.c - the ring of the last calls
 */
#include "trace.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The most that is kept of a statement's text and of its parameters. */
#define LONGEST_TEXT 4095

/* One place in the ring.  Its texts keep their memory from one call to the next. */
typedef struct slot {
    pqe_trace_entry entry; /* its pointers are not used */
    pqe_buffer sql;
    pqe_buffer parameters;
} slot;

struct pqe_tracer {
    pthread_mutex_t lock;
    bool with_parameters;
    uint64_t calls; /* so far; the last one is at calls % size */
    size_t size;
    slot slots[];
};

pqe_tracer *pqe_tracer_new(size_t size, bool parameters)
{
    pqe_tracer *tracer = calloc(1, sizeof(*tracer) + size * sizeof(slot));

    if (tracer != NULL) {
        pthread_mutex_init(&tracer->lock, NULL);
        tracer->with_parameters = parameters;
        tracer->size = size;
    }
    return tracer;
}

void pqe_tracer_free(pqe_tracer *tracer)
{
    if (tracer == NULL) {
        return;
    }
    for (size_t i = 0; i < tracer->size; i++) {
        pqe_buffer_free(&tracer->slots[i].sql);
        pqe_buffer_free(&tracer->slots[i].parameters);
    }
    pthread_mutex_destroy(&tracer->lock);
    free(tracer);
}

static int64_t wall_clock_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Up to LONGEST_TEXT bytes, not cut within a character. */
static void keep_text(pqe_buffer *to, const char *text)
{
    size_t length = strnlen(text, LONGEST_TEXT + 1);

    if (length > LONGEST_TEXT) {
        length = LONGEST_TEXT;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    pqe_buffer_reset(to);
    pqe_buffer_append_bytes(to, text, length);
}

static void keep_parameters(pqe_buffer *to, const pqe_call *call)
{
    pqe_buffer_reset(to);
    pqe_buffer_append(to, "");
    for (size_t i = 0; i < call->param_count && to->length < LONGEST_TEXT; i++) {
        pqe_buffer_printf(to, "%s$%zu = ", i > 0 ? ", " : "", i + 1);
        pqe_param_describe(to, &call->params[i]);
    }
}

void pqe_tracer_add(pqe_tracer *tracer, const pqe_prepared_call *prepared, int backend_pid,
                    int64_t duration_us, uint64_t rows, const pqe_error *failure)
{
    pqe_trace_entry *entry;
    slot *at;

    if (tracer == NULL) {
        return;
    }
    pthread_mutex_lock(&tracer->lock);
    tracer->calls++;
    at = &tracer->slots[tracer->calls % tracer->size];
    entry = &at->entry;
    entry->number = tracer->calls;
    entry->kind = prepared->statement.kind;
    entry->started_at_us = wall_clock_us() - duration_us;
    entry->duration_us = duration_us;
    entry->rows = rows;
    entry->status = failure != NULL ? failure->code : PQE_OK;
    memset(entry->sqlstate, 0, sizeof(entry->sqlstate));
    if (failure != NULL) {
        memcpy(entry->sqlstate, failure->sqlstate, sizeof(entry->sqlstate));
    }
    entry->backend_pid = backend_pid;
    keep_text(&at->sql, prepared->statement.sql);
    if (tracer->with_parameters) {
        keep_parameters(&at->parameters, &prepared->call);
    }
    pthread_mutex_unlock(&tracer->lock);
}

static const char *text_of(const pqe_buffer *buffer)
{
    return buffer->data != NULL && !buffer->failed ? buffer->data : "";
}

static const char *put_text(char **behind, const char *text)
{
    char *start = *behind;
    size_t size = strlen(text) + 1;

    memcpy(start, text, size);
    *behind += size;
    return start;
}

/* Copies the ring into one block; call with the lock. */
static pqe_trace_entry *copy_ring(const pqe_tracer *tracer, size_t count)
{
    uint64_t first = tracer->calls - count + 1;
    size_t size = (count > 0 ? count : 1) * sizeof(pqe_trace_entry);
    pqe_trace_entry *block;
    char *behind;

    for (size_t i = 0; i < count; i++) {
        const slot *at = &tracer->slots[(first + i) % tracer->size];

        size += strlen(text_of(&at->sql)) + strlen(text_of(&at->parameters)) + 2;
    }
    block = malloc(size);
    if (block == NULL) {
        return NULL;
    }
    behind = (char *)(block + (count > 0 ? count : 1));
    for (size_t i = 0; i < count; i++) {
        const slot *at = &tracer->slots[(first + i) % tracer->size];

        block[i] = at->entry;
        block[i].sql = put_text(&behind, text_of(&at->sql));
        block[i].parameters = put_text(&behind, text_of(&at->parameters));
    }
    return block;
}

pqe_status pqe_query_trace(pqe_engine *engine, pqe_trace_entry **entries, size_t *count,
                           pqe_error *error)
{
    pqe_tracer *tracer;
    pqe_status status;
    size_t kept;

    if (entries != NULL) {
        *entries = NULL;
    }
    status = pqe_engine_check(engine, error);
    if (status != PQE_OK) {
        return status;
    }
    if (entries == NULL || count == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "%s is NULL",
                             entries == NULL ? "entries" : "count");
    }
    tracer = engine->tracer;
    if (tracer == NULL) {
        return pqe_error_set(error, PQE_ERR_STATE, "the tracer is off: enable_query_tracer");
    }
    pthread_mutex_lock(&tracer->lock);
    kept = tracer->calls < tracer->size ? (size_t)tracer->calls : tracer->size;
    *entries = copy_ring(tracer, kept);
    pthread_mutex_unlock(&tracer->lock);
    if (*entries == NULL) {
        return pqe_error_no_memory(error);
    }
    *count = kept;
    return PQE_OK;
}
