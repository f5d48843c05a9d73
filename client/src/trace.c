/*
 * trace.c - the ring of the last calls
 *
 * Each place has a lock of its own, so that calls that end at the same time do not wait for one
 * another.  The text of a statement is not copied: the place holds a reference to it.
 */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

/* The most that is kept of a statement's text, of its parameters, and of a plan. */
#define LONGEST_TEXT 4095
#define LONGEST_PLAN 65535

/* One place in the ring.  Its texts keep their memory from one call to the next. */
typedef struct slot {
    pthread_mutex_t lock;
    pqe_trace_entry entry; /* its pointers are not used, its start is on the monotonic clock */
    pqe_shared_statement *shared; /* where its text is short enough to be kept whole */
    pqe_buffer sql;               /* and where it is not */
    pqe_buffer parameters;
    pqe_buffer plan;
} slot;

struct pqe_tracer {
    bool with_parameters;
    atomic_uint_fast64_t calls; /* so far; the last one is at calls % size */
    size_t size;
    slot slots[];
};

pqe_tracer *pqe_tracer_new(size_t size, bool parameters)
{
    pqe_tracer *tracer = calloc(1, sizeof(*tracer) + size * sizeof(slot));

    if (tracer != NULL) {
        atomic_init(&tracer->calls, 0);
        tracer->with_parameters = parameters;
        tracer->size = size;
        for (size_t i = 0; i < size; i++) {
            pthread_mutex_init(&tracer->slots[i].lock, NULL);
        }
    }
    return tracer;
}

void pqe_tracer_free(pqe_tracer *tracer)
{
    if (tracer == NULL) {
        return;
    }
    for (size_t i = 0; i < tracer->size; i++) {
        slot *at = &tracer->slots[i];

        pqe_shared_release(at->shared);
        pqe_buffer_free(&at->sql);
        pqe_buffer_free(&at->parameters);
        pqe_buffer_free(&at->plan);
        pthread_mutex_destroy(&at->lock);
    }
    free(tracer);
}

/* Up to so many bytes, not cut within a character. */
static void keep_text(pqe_buffer *to, const char *text, size_t longest)
{
    size_t length = strnlen(text, longest + 1);

    if (length > longest) {
        length = longest;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
            length--;
        }
    }
    pqe_buffer_reset(to);
    pqe_buffer_append_bytes(to, text, length);
}

static void keep_parameters(pqe_buffer *to, const pqe_call *call)
{
    pqe_buffer_append(to, "");
    for (size_t i = 0; i < call->param_count && to->length < LONGEST_TEXT; i++) {
        pqe_buffer_printf(to, "%s$%zu = ", i > 0 ? ", " : "", i + 1);
        pqe_param_describe(to, &call->params[i]);
    }
}

void pqe_tracer_add(pqe_tracer *tracer, const pqe_context *context, uint64_t rows)
{
    const pqe_prepared_call *prepared = context->now.call;
    pqe_shared_statement *before;
    pqe_trace_entry *entry;
    uint64_t number;
    slot *at;

    if (tracer == NULL) {
        return;
    }
    number = atomic_fetch_add_explicit(&tracer->calls, 1, memory_order_relaxed) + 1;
    at = &tracer->slots[number % tracer->size];
    pthread_mutex_lock(&at->lock);
    if (at->entry.number > number) {
        /* the ring has gone round while this call was on its way here */
        pthread_mutex_unlock(&at->lock);
        return;
    }
    entry = &at->entry;
    entry->number = number;
    entry->kind = prepared->statement->kind;
    entry->started_at_us = context->started_at;
    entry->duration_us = context->duration_us;
    entry->rows = rows;
    entry->status = context->status;
    memset(entry->sqlstate, 0, sizeof(entry->sqlstate));
    if (context->status != PQE_OK) {
        memcpy(entry->sqlstate, context->failure->sqlstate, sizeof(entry->sqlstate));
    }
    entry->backend_pid = context->backend_pid;
    before = at->shared;
    at->shared = NULL;
    if (prepared->shared == before) {
        at->shared = before;
        before = NULL;
    } else if (prepared->statement->length <= LONGEST_TEXT) {
        pqe_shared_keep(prepared->shared);
        at->shared = prepared->shared;
    } else {
        keep_text(&at->sql, prepared->statement->sql, LONGEST_TEXT);
    }
    pqe_buffer_reset(&at->parameters);
    pqe_buffer_reset(&at->plan);
    if (tracer->with_parameters && !prepared->call.secret) {
        keep_parameters(&at->parameters, &prepared->call);
    }
    pthread_mutex_unlock(&at->lock);
    pqe_shared_release(before);
}

void pqe_tracer_add_plan(pqe_tracer *tracer, const pqe_context *context, const char *plan)
{
    for (size_t i = 0; tracer != NULL && i < tracer->size; i++) {
        slot *at = &tracer->slots[i];

        pthread_mutex_lock(&at->lock);
        if (at->entry.number > 0 && at->entry.backend_pid == context->backend_pid &&
            at->entry.started_at_us == context->started_at) {
            keep_text(&at->plan, plan, LONGEST_PLAN);
        }
        pthread_mutex_unlock(&at->lock);
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Reading                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* The offset of a text that is not known yet, in the block of all texts. */
static size_t put_text(pqe_buffer *texts, const char *text)
{
    size_t at = texts->length;

    pqe_buffer_append_bytes(texts, text, strlen(text) + 1);
    return at;
}

static const char *text_of(const pqe_buffer *buffer)
{
    return buffer->data != NULL && !buffer->failed ? buffer->data : "";
}

/* An entry with the places of its texts. */
typedef struct copied {
    pqe_trace_entry entry;
    size_t sql;
    size_t parameters;
    size_t plan;
} copied;

/* Copies the calls that are in the ring, in no order.  Returns how many. */
static size_t copy_slots(pqe_tracer *tracer, copied *to, pqe_buffer *texts)
{
    size_t count = 0;

    for (size_t i = 0; i < tracer->size; i++) {
        slot *at = &tracer->slots[i];

        pthread_mutex_lock(&at->lock);
        if (at->entry.number > 0) {
            copied *next = &to[count++];

            next->entry = at->entry;
            next->sql =
                put_text(texts, at->shared != NULL ? at->shared->statement.sql : text_of(&at->sql));
            next->parameters = put_text(texts, text_of(&at->parameters));
            next->plan = put_text(texts, text_of(&at->plan));
        }
        pthread_mutex_unlock(&at->lock);
    }
    return count;
}

static int compare_numbers(const void *left, const void *right)
{
    uint64_t a = ((const copied *)left)->entry.number;
    uint64_t b = ((const copied *)right)->entry.number;

    return a < b ? -1 : a > b;
}

/* Puts entries and texts into one block; NULL where memory runs out. */
static pqe_trace_entry *make_block(const copied *from, size_t count, const pqe_buffer *texts)
{
    int64_t offset_us = pqe_wall_clock_offset_us();
    pqe_trace_entry *block = malloc((count + 1) * sizeof(*block) + texts->length);
    char *behind;

    if (block == NULL || texts->failed) {
        free(block);
        return NULL;
    }
    behind = (char *)(block + count + 1);
    if (texts->length > 0) {
        memcpy(behind, texts->data, texts->length);
    }
    for (size_t i = 0; i < count; i++) {
        block[i] = from[i].entry;
        block[i].started_at_us += offset_us;
        block[i].sql = behind + from[i].sql;
        block[i].parameters = behind + from[i].parameters;
        block[i].plan = behind + from[i].plan;
    }
    return block;
}

pqe_status pqe_query_trace(pqe_engine *engine, pqe_trace_entry **entries, size_t *count,
                           pqe_error *error)
{
    pqe_buffer texts = PQE_BUFFER_INIT;
    pqe_status status;
    copied *found;
    size_t kept = 0;

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
    if (engine->tracer == NULL) {
        return pqe_error_set(error, PQE_ERR_STATE, "the tracer is off: enable_query_tracer");
    }
    found = calloc(engine->tracer->size, sizeof(*found));
    if (found != NULL) {
        kept = copy_slots(engine->tracer, found, &texts);
        qsort(found, kept, sizeof(*found), compare_numbers);
        *entries = make_block(found, kept, &texts);
    }
    free(found);
    pqe_buffer_free(&texts);
    if (*entries == NULL) {
        return pqe_error_no_memory(error);
    }
    *count = kept;
    return PQE_OK;
}
