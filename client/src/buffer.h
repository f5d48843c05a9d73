/*
 * buffer.h - a growing string
 *
 * A buffer that ran out of memory stays empty and says so (pqe_buffer_failed): appending needs no
 * check after each step, only one at the end.
 */
#ifndef PQE_BUFFER_H
#define PQE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct pqe_buffer {
    char *data; /* NUL-terminated once something was appended */
    size_t length;
    size_t capacity;
    bool failed;
} pqe_buffer;

#define PQE_BUFFER_INIT                                                                            \
    {                                                                                              \
        NULL, 0, 0, false                                                                          \
    }

void pqe_buffer_append(pqe_buffer *buffer, const char *text);
void pqe_buffer_append_bytes(pqe_buffer *buffer, const void *bytes, size_t length);
void pqe_buffer_append_char(pqe_buffer *buffer, char character);
void pqe_buffer_printf(pqe_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Makes the buffer empty again, keeping its memory. */
void pqe_buffer_reset(pqe_buffer *buffer);
bool pqe_buffer_failed(const pqe_buffer *buffer);
/* The text, for the caller to free(), or NULL where memory ran out.  The buffer is empty then. */
char *pqe_buffer_take(pqe_buffer *buffer);
void pqe_buffer_free(pqe_buffer *buffer);

#endif /* PQE_BUFFER_H */
