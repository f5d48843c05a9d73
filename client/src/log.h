/*
 * log.h - lines for the caller's logger
 */
#ifndef PQE_LOG_H
#define PQE_LOG_H

#include "config.h"

/* Formats a line and hands it to the logger; nothing where none is set.  Debug lines only in debug.
 */
void pqe_log(const pqe_settings *settings, pqe_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif /* PQE_LOG_H */
