/*
 * log.c - lines for the caller's logger
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

#include "error.h"

void pqe_log(const pqe_settings *settings, pqe_log_level level, const char *format, ...)
{
    const pqe_config *config = &settings->config;
    char line[2048];
    va_list arguments;

    if (config->logger == NULL || (level == PQE_LOG_DEBUG && !config->debug)) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    config->logger(config->logger_data, level, line);
}

void pqe_log_stderr(void *data, pqe_log_level level, const char *message)
{
    static const char *const prefixes[] = {"DEBUG: ", "", "WARNING: ", "ERROR: "};
    const char *prefix = (unsigned int)level < 4 ? prefixes[level] : "";

    (void)data;
    fprintf(stderr, "[ENGINE] %s%s\n", prefix, message != NULL ? message : "");
}
