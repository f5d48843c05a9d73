/*
 * log.h - lines for the caller's logger
 */
#ifndef PQE_LOG_H
#define PQE_LOG_H

#include "config.h"

/* Formats a line for the logger, where there is one; debug lines only where debug is on. */
void pqe_log(const pqe_settings *settings, pqe_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* PQE_LOG_H */
