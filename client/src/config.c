/*
 * config.c - checks and copies an engine's configuration
 */
#include "config.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

void pqe_config_init(pqe_config *config)
{
    static const pqe_config initial = PQE_CONFIG_INIT;

    if (config != NULL) {
        *config = initial;
    }
}

/* The least, the most and the name of a numeric option. */
static pqe_status check_range(const char *name, int64_t value, int64_t least, int64_t most,
                              pqe_error *error)
{
    if (value >= least && value <= most) {
        return PQE_OK;
    }
    return pqe_error_set(error, PQE_ERR_CONFIG, "%s is %lld, but must lie between %lld and %lld",
                         name, (long long)value, (long long)least, (long long)most);
}

static pqe_status check_pool(const pqe_config *config, pqe_error *error)
{
    const int64_t longest_ms = PQE_LONGEST_MS;
    const struct {
        const char *name;
        int64_t value;
        int64_t least;
        int64_t most;
    } checks[] = {
        {"pool_size", config->pool_size, 1, 100000},
        {"max_pool_size", config->max_pool_size, 0, 100000},
        {"port", config->port, 0, 65535},
        {"connection_timeout_ms", config->connection_timeout_ms, 0, longest_ms},
        {"pool_timeout_ms", config->pool_timeout_ms, 0, longest_ms},
        {"query_timeout_ms", config->query_timeout_ms, 0, longest_ms},
        {"pool_recycle_ms", config->pool_recycle_ms, 0, longest_ms},
        {"pool_recycle_jitter", config->pool_recycle_jitter, 0, 100},
        {"pool_idle_timeout_ms", config->pool_idle_timeout_ms, 0, longest_ms},
        {"pool_reset", config->pool_reset, PQE_RESET_AUTO, PQE_RESET_NEVER},
        {"leak_warning_ms", config->leak_warning_ms, 0, longest_ms},
        {"statement_cache_size", config->statement_cache_size, 0, 100000},
        {"max_retries", config->max_retries, 0, 1000},
        {"retry_delay_ms", config->retry_delay_ms, 0, longest_ms},
        {"health_check_interval_ms", config->health_check_interval_ms, 1, longest_ms},
        {"health_check_timeout_ms", config->health_check_timeout_ms, 1, longest_ms},
        {"health_check_retries", config->health_check_retries, 0, 1000},
        {"query_trace_size", config->query_trace_size, 1, 1000000},
        {"slow_query_ms", config->slow_query_ms, 0, longest_ms},
        {"async_queue_size", config->async_queue_size, 1, 100000000},
        {"async_pipeline_depth", config->async_pipeline_depth, 1, 100000},
    };

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        pqe_status status =
            check_range(checks[i].name, checks[i].value, checks[i].least, checks[i].most, error);

        if (status != PQE_OK) {
            return status;
        }
    }
    if (config->max_pool_size != 0 && config->max_pool_size < config->pool_size) {
        return pqe_error_set(error, PQE_ERR_CONFIG,
                             "max_pool_size (%d) is smaller than pool_size (%d)",
                             config->max_pool_size, config->pool_size);
    }
    if (config->slow_query_plan && (config->slow_query_ms == 0 || !config->enable_query_tracer)) {
        return pqe_error_set(error, PQE_ERR_CONFIG, "slow_query_plan is on, but %s is off",
                             config->slow_query_ms == 0 ? "slow_query_ms" : "enable_query_tracer");
    }
    if (config->loop != NULL && !config->async) {
        return pqe_error_set(error, PQE_ERR_CONFIG, "loop is set, but async is off");
    }
    return PQE_OK;
}

static pqe_status check_models(const pqe_config *config, pqe_error *error)
{
    if (config->model_count > 0 && config->models == NULL) {
        return pqe_error_set(error, PQE_ERR_CONFIG, "model_count is %zu, but models is NULL",
                             config->model_count);
    }
    if (config->ensure_migrations &&
        (config->migrations_path == NULL || config->migrations_path[0] == '\0')) {
        return pqe_error_set(error, PQE_ERR_CONFIG,
                             "ensure_migrations is on, but migrations_path is empty");
    }
    return PQE_OK;
}

/* One more connection parameter at the end; a later one wins over an earlier one of that keyword.
 */
static bool add_parameter(pqe_settings *settings, size_t *count, const char *keyword,
                          const char *value)
{
    size_t at;

    if (value == NULL || value[0] == '\0') {
        return true;
    }
    for (at = 0; at < *count; at++) {
        if (strcmp(settings->keywords[at], keyword) == 0) {
            break;
        }
    }
    if (at == *count) {
        settings->keywords[at] = strdup(keyword);
        if (settings->keywords[at] == NULL) {
            return false;
        }
        (*count)++;
    }
    free(settings->values[at]);
    settings->values[at] = strdup(value);
    return settings->values[at] != NULL;
}

/* The same for a keyword that has no value yet. */
static bool add_default(pqe_settings *settings, size_t *count, const char *keyword,
                        const char *value)
{
    for (size_t i = 0; i < *count; i++) {
        if (strcmp(settings->keywords[i], keyword) == 0) {
            return true;
        }
    }
    return add_parameter(settings, count, keyword, value);
}

/* Whether libpq complains that there is no such option. */
static bool names_an_option(const char *words)
{
    return strncmp(words, "invalid connection option", 25) == 0 ||
           strncmp(words, "invalid URI query parameter", 27) == 0;
}

/*
 * libpq quotes the place at fault, which in a broken DSN may be the password.  Keeps the words and
 * leaves out what is quoted, unless it is an option's name.
 */
static void copy_without_secrets(char *to, size_t size, const char *words)
{
    bool keep = names_an_option(words);
    bool quoted = false;
    size_t length = 0;

    for (const char *from = words; *from != '\0' && *from != '\n' && length + 5 < size; from++) {
        if (*from == '"' && !keep) {
            quoted = !quoted;
            memcpy(to + length, quoted ? "\"..." : "\"", quoted ? 4 : 1);
            length += quoted ? 4 : 1;
        } else if (!quoted) {
            to[length++] = *from;
        }
    }
    to[length] = '\0';
}

static pqe_status parse_dsn(pqe_settings *settings, size_t *count, const char *dsn,
                            pqe_error *error)
{
    char *words = NULL;
    char fault[256];
    PQconninfoOption *options = PQconninfoParse(dsn, &words);
    bool complete = true;

    if (options == NULL) {
        if (words == NULL) {
            return pqe_error_no_memory(error);
        }
        copy_without_secrets(fault, sizeof(fault), words);
        pqe_error_set(error, PQE_ERR_CONFIG, "dsn cannot be read: %s", fault);
        if (names_an_option(words)) {
            /* load_balance_hosts, for one, came with 16 */
            pqe_error_hint(error,
                           "It is libpq that knows the options; this one has version %d.%d, and "
                           "later ones know more.",
                           PQlibVersion() / 10000, PQlibVersion() % 10000);
        } else {
            pqe_error_hint(error, "A dsn is a URI (postgresql://user@host:port/database) or a "
                                  "list of keyword=value.");
        }
        PQfreemem(words);
        return PQE_ERR_CONFIG;
    }
    for (PQconninfoOption *option = options; option->keyword != NULL && complete; option++) {
        complete = add_parameter(settings, count, option->keyword, option->val);
    }
    PQconninfoFree(options);
    return complete ? PQE_OK : pqe_error_no_memory(error);
}

/* How many connection parameters libpq knows: as many can be set at most. */
static size_t known_parameters(void)
{
    PQconninfoOption *options = PQconndefaults();
    size_t count = 0;

    while (options != NULL && options[count].keyword != NULL) {
        count++;
    }
    PQconninfoFree(options);
    return count > 0 ? count : 64;
}

static pqe_status collect_parameters(pqe_settings *settings, const pqe_config *config,
                                     pqe_error *error)
{
    size_t room = known_parameters() + 8;
    size_t count = 0;
    char port[12] = "";
    pqe_status status = PQE_OK;

    settings->keywords = calloc(room, sizeof(char *));
    settings->values = calloc(room, sizeof(char *));
    if (settings->keywords == NULL || settings->values == NULL) {
        return pqe_error_no_memory(error);
    }
    if (getenv("PGCLIENTENCODING") == NULL &&
        !add_parameter(settings, &count, "client_encoding", "UTF8")) {
        return pqe_error_no_memory(error);
    }
    if (config->dsn != NULL) {
        status = parse_dsn(settings, &count, config->dsn, error);
        if (status != PQE_OK) {
            return status;
        }
    }
    if (config->port != 0) {
        snprintf(port, sizeof(port), "%d", config->port);
    }
    if (!add_parameter(settings, &count, "user", config->username) ||
        !add_parameter(settings, &count, "password", config->password) ||
        !add_parameter(settings, &count, "host", config->host) ||
        !add_parameter(settings, &count, "port", port) ||
        !add_parameter(settings, &count, "dbname", config->database) ||
        !add_default(settings, &count, "application_name", config->application_name) ||
        !add_default(settings, &count, "fallback_application_name", "libpqengine")) {
        return pqe_error_no_memory(error);
    }
    return PQE_OK;
}

/* Copies a string option; an empty one counts as none. */
static bool copy_string(const char **option)
{
    const char *value = *option;

    *option = NULL;
    if (value == NULL || value[0] == '\0') {
        return true;
    }
    *option = strdup(value);
    return *option != NULL;
}

pqe_status pqe_settings_init(pqe_settings *settings, const pqe_config *config, pqe_error *error)
{
    pqe_status status;
    pqe_config *own = &settings->config;
    bool copied;

    memset(settings, 0, sizeof(*settings));
    if (config == NULL) {
        return pqe_error_set(error, PQE_ERR_INVALID_ARGUMENT, "config is NULL");
    }
    if (config->version != PQE_CONFIG_VERSION) {
        pqe_error_set(error, PQE_ERR_CONFIG, "config has version %d, this library knows version %d",
                      config->version, PQE_CONFIG_VERSION);
        pqe_error_hint(error, "Start from PQE_CONFIG_INIT or pqe_config_init().");
        return PQE_ERR_CONFIG;
    }
    status = check_pool(config, error);
    if (status == PQE_OK) {
        status = check_models(config, error);
    }
    if (status == PQE_OK) {
        status = collect_parameters(settings, config, error);
    }
    if (status != PQE_OK) {
        pqe_settings_free(settings);
        return status;
    }

    *own = *config;
    /* Connection parameters live in keywords and values only, the password among them. */
    own->dsn = own->username = own->password = own->host = own->database = NULL;
    own->application_name = NULL;
    own->models = NULL;
    own->model_count = 0;
    if (own->max_pool_size == 0) {
        own->max_pool_size = own->auto_adjust_pool_size ? 4 * own->pool_size : own->pool_size;
    }
    /* What cannot be copied becomes NULL, so that nothing of the caller's is left to be freed. */
    copied = copy_string(&own->models_path);
    copied = copy_string(&own->migrations_path) && copied;
    copied = copy_string(&own->schema_options) && copied;
    if (!copied) {
        pqe_settings_free(settings);
        return pqe_error_no_memory(error);
    }
    return PQE_OK;
}

void pqe_settings_free(pqe_settings *settings)
{
    for (size_t i = 0; settings->keywords != NULL && settings->keywords[i] != NULL; i++) {
        free(settings->keywords[i]);
        if (settings->values != NULL && settings->values[i] != NULL) {
            free(settings->values[i]);
        }
    }
    free(settings->keywords);
    free(settings->values);
    free((char *)settings->config.models_path);
    free((char *)settings->config.migrations_path);
    free((char *)settings->config.schema_options);
    memset(settings, 0, sizeof(*settings));
}

char *pqe_settings_database(const pqe_settings *settings)
{
    /* Only libpq knows all the places a database name may come from.  It has settled that when the
       attempt to connect begins, whatever becomes of it. */
    PGconn *connection = PQconnectStartParams((const char *const *)settings->keywords,
                                              (const char *const *)settings->values, 0);
    const char *name = connection != NULL ? PQdb(connection) : NULL;
    char *copy = name != NULL ? strdup(name) : NULL;

    PQfinish(connection);
    return copy;
}
