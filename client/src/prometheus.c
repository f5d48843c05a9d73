/*
 * prometheus.c - the metrics in the text format that Prometheus reads
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "engine.h"

/* What all samples of a text share. */
typedef struct writer {
    pqe_buffer text;
    pqe_buffer label; /* engine="name", or empty */
} writer;

/* A label's value, as the format quotes it. */
static void append_quoted(pqe_buffer *to, const char *value)
{
    pqe_buffer_append_char(to, '"');
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            pqe_buffer_append(to, "\\n");
        } else {
            if (*value == '"' || *value == '\\') {
                pqe_buffer_append_char(to, '\\');
            }
            pqe_buffer_append_char(to, *value);
        }
    }
    pqe_buffer_append_char(to, '"');
}

static void family(writer *to, const char *name, const char *type, const char *help)
{
    pqe_buffer_printf(&to->text, "# HELP pqengine_%s %s\n# TYPE pqengine_%s %s\n", name, help, name,
                      type);
}

/* The name and the labels of a sample; more: further labels, or "". */
static void begin_sample(writer *to, const char *name, const char *suffix, const char *more)
{
    bool both = to->label.length > 0 && more[0] != '\0';

    pqe_buffer_printf(&to->text, "pqengine_%s%s", name, suffix);
    if (to->label.length > 0 || more[0] != '\0') {
        pqe_buffer_printf(&to->text, "{%s%s%s}", to->label.length > 0 ? to->label.data : "",
                          both ? "," : "", more);
    }
}

static void whole(writer *to, const char *name, const char *suffix, const char *more,
                  uint64_t value)
{
    begin_sample(to, name, suffix, more);
    pqe_buffer_printf(&to->text, " %llu\n", (unsigned long long)value);
}

/* Microseconds, as the seconds that the format wants. */
static void seconds(writer *to, const char *name, const char *suffix, const char *more, uint64_t us)
{
    begin_sample(to, name, suffix, more);
    pqe_buffer_printf(&to->text, " %llu.%06llu\n", (unsigned long long)(us / 1000000),
                      (unsigned long long)(us % 1000000));
}

static void single(writer *to, const char *name, const char *type, const char *help, uint64_t value)
{
    family(to, name, type, help);
    whole(to, name, "", "", value);
}

/* ---------------------------------------------------------------------------------------------- */
/* The pool and what was found                                                                    */
/* ---------------------------------------------------------------------------------------------- */

static void write_pool(writer *to, const pqe_pool_metrics *pool)
{
    family(to, "pool_connections", "gauge", "Connections of the pool by state.");
    whole(to, "pool_connections", "", "state=\"active\"", (uint64_t)pool->active);
    whole(to, "pool_connections", "", "state=\"idle\"", (uint64_t)pool->idle);
    whole(to, "pool_connections", "", "state=\"opening\"", (uint64_t)pool->opening);
    single(to, "pool_max_connections", "gauge", "The most connections there may be.",
           (uint64_t)pool->max_size);
    single(to, "pool_waiting", "gauge", "Callers that wait for a connection.",
           (uint64_t)pool->waiting);
    single(to, "pool_acquired_total", "counter", "Times a connection was given out.",
           pool->acquired);
    single(to, "pool_opened_total", "counter", "Connections opened.", pool->opened);
    single(to, "pool_closed_total", "counter", "Connections closed.", pool->closed);
    single(to, "pool_broken_total", "counter", "Connections found broken.", pool->broken);
    single(to, "pool_connect_failures_total", "counter", "Attempts to connect that failed.",
           pool->connect_failures);
    single(to, "pool_timeouts_total", "counter", "Callers that waited in vain.", pool->timeouts);
    family(to, "pool_wait_seconds_total", "counter", "Time callers waited for a connection.");
    seconds(to, "pool_wait_seconds_total", "", "", pool->wait_us);
}

static void write_health(writer *to, const pqe_health_metrics *health)
{
    single(to, "health_rounds_total", "counter", "Rounds of the health monitor.", health->rounds);
    single(to, "health_checked_total", "counter", "Idle connections asked for a sign of life.",
           health->checked);
    single(to, "health_broken_total", "counter", "Of them, those that gave none.", health->broken);
    single(to, "health_demoted_total", "counter",
           "Connections retired since their server had lost its role.", health->demoted);
    single(to, "health_expired_total", "counter", "Connections closed for their age.",
           health->expired);
    single(to, "health_surplus_total", "counter", "Connections closed that were not needed.",
           health->surplus);
    single(to, "health_opened_total", "counter", "Connections opened to keep the pool's size.",
           health->opened);
    single(to, "health_leaks_total", "counter", "Connections held for too long.", health->leaks);
    family(to, "health_last_round_timestamp_seconds", "gauge",
           "When the health monitor last looked.");
    seconds(to, "health_last_round_timestamp_seconds", "", "", (uint64_t)health->last_round_at_us);
    single(to, "middleware_failures_total", "counter", "Sides of middlewares that failed.",
           health->middleware_failures);
    single(to, "hook_failures_total", "counter", "Hooks that failed.", health->hook_failures);
}

/* ---------------------------------------------------------------------------------------------- */
/* Statements                                                                                     */
/* ---------------------------------------------------------------------------------------------- */

static void write_histogram(writer *to, const char *name, const char *labels,
                            const pqe_statement_metrics *of)
{
    uint64_t bound_us = 64;
    uint64_t below = 0;
    char more[64];

    for (int i = 0; i < PQE_LATENCY_BUCKETS; i++, bound_us *= 2) {
        pqe_buffer with_bound = PQE_BUFFER_INIT;

        below += of->latency[i];
        if (i < PQE_LATENCY_BUCKETS - 1) {
            snprintf(more, sizeof(more), "le=\"%llu.%06llu\"",
                     (unsigned long long)(bound_us / 1000000),
                     (unsigned long long)(bound_us % 1000000));
        } else {
            snprintf(more, sizeof(more), "le=\"+Inf\"");
        }
        pqe_buffer_printf(&with_bound, "%s,%s", labels, more);
        to->text.failed = to->text.failed || with_bound.failed;
        whole(to, name, "_bucket", with_bound.failed ? "" : with_bound.data, below);
        pqe_buffer_free(&with_bound);
    }
    seconds(to, name, "_sum", labels, of->total_us);
    whole(to, name, "_count", labels, of->count);
}

static void write_statements(writer *to, const pqe_metrics_data *metrics)
{
    char label[64];

    family(to, "statement_duration_seconds", "histogram",
           "Time of statements by kind, without the wait for a connection.");
    for (int i = 0; i < PQE_STATEMENT_KINDS; i++) {
        snprintf(label, sizeof(label), "kind=\"%s\"",
                 pqe_statement_kind_name((pqe_statement_kind)i));
        write_histogram(to, "statement_duration_seconds", label, &metrics->statements[i]);
    }
    family(to, "statement_errors_total", "counter", "Statements that failed, by kind.");
    for (int i = 0; i < PQE_STATEMENT_KINDS; i++) {
        snprintf(label, sizeof(label), "kind=\"%s\"",
                 pqe_statement_kind_name((pqe_statement_kind)i));
        whole(to, "statement_errors_total", "", label, metrics->statements[i].errors);
    }
    family(to, "statement_rows_total", "counter", "Rows returned or affected, by kind.");
    for (int i = 0; i < PQE_STATEMENT_KINDS; i++) {
        snprintf(label, sizeof(label), "kind=\"%s\"",
                 pqe_statement_kind_name((pqe_statement_kind)i));
        whole(to, "statement_rows_total", "", label, metrics->statements[i].rows);
    }
}

/* One family of what is known of tables. */
static void write_table_family(writer *to, const pqe_table_metrics *tables, size_t count,
                               const char *name, const char *help,
                               uint64_t (*value)(const pqe_statement_metrics *), bool is_time)
{
    if (count == 0) {
        return;
    }
    family(to, name, "counter", help);
    for (size_t i = 0; i < count; i++) {
        pqe_buffer labels = PQE_BUFFER_INIT;

        pqe_buffer_append(&labels, "table=");
        append_quoted(&labels, tables[i].table);
        pqe_buffer_printf(&labels, ",kind=\"%s\"", pqe_statement_kind_name(tables[i].kind));
        to->text.failed = to->text.failed || labels.failed;
        if (is_time) {
            seconds(to, name, "", labels.failed ? "" : labels.data, value(&tables[i].metrics));
        } else {
            whole(to, name, "", labels.failed ? "" : labels.data, value(&tables[i].metrics));
        }
        pqe_buffer_free(&labels);
    }
}

static uint64_t count_of(const pqe_statement_metrics *of)
{
    return of->count;
}

static uint64_t errors_of(const pqe_statement_metrics *of)
{
    return of->errors;
}

static uint64_t rows_of(const pqe_statement_metrics *of)
{
    return of->rows;
}

static uint64_t time_of(const pqe_statement_metrics *of)
{
    return of->total_us;
}

static void write_tables(writer *to, const pqe_table_metrics *tables, size_t count)
{
    write_table_family(to, tables, count, "table_statements_total",
                       "Statements that name the table.", count_of, false);
    write_table_family(to, tables, count, "table_errors_total",
                       "Statements that name the table and failed.", errors_of, false);
    write_table_family(to, tables, count, "table_rows_total",
                       "Rows of statements that name the table.", rows_of, false);
    write_table_family(to, tables, count, "table_seconds_total",
                       "Time of statements that name the table.", time_of, true);
}

pqe_status pqe_metrics_prometheus(pqe_engine *engine, const char *name, char **text,
                                  pqe_error *error)
{
    pqe_metrics_data metrics = PQE_METRICS_INIT;
    pqe_table_metrics *tables;
    writer to = {.text = PQE_BUFFER_INIT, .label = PQE_BUFFER_INIT};
    size_t count;
    pqe_status status;

    if (text == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "text is NULL");
    }
    *text = NULL;
    status = pqe_metrics(engine, &metrics, error);
    if (status == PQE_OK) {
        status = pqe_metrics_tables(engine, &tables, &count, error);
    }
    if (status != PQE_OK) {
        return status;
    }
    if (name != NULL) {
        pqe_buffer_append(&to.label, "engine=");
        append_quoted(&to.label, name);
    }
    write_pool(&to, &metrics.pool);
    write_health(&to, &metrics.health);
    write_statements(&to, &metrics);
    write_tables(&to, tables, count);
    free(tables);
    to.text.failed = to.text.failed || to.label.failed;
    *text = pqe_buffer_take(&to.text);
    pqe_buffer_free(&to.text);
    pqe_buffer_free(&to.label);
    return *text != NULL ? PQE_OK : pqe_error_no_memory(error);
}
