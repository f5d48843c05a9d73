/*
 * buffer.c - a growing string
 */
#include "buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Makes room for more bytes and the terminator. */
static bool reserve(pqe_buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : 256;
    char *data;

    if (buffer->failed) {
        return false;
    }
    if (more >= SIZE_MAX / 2 - buffer->length) {
        buffer->failed = true;
        return false;
    }
    while (capacity <= buffer->length + more) {
        capacity *= 2;
    }
    if (capacity == buffer->capacity) {
        return true;
    }
    data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void pqe_buffer_append_bytes(pqe_buffer *buffer, const void *bytes, size_t length)
{
    if (!reserve(buffer, length)) {
        return;
    }
    if (length > 0) {
        memcpy(buffer->data + buffer->length, bytes, length);
    }
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
}

void pqe_buffer_append(pqe_buffer *buffer, const char *text)
{
    pqe_buffer_append_bytes(buffer, text, strlen(text));
}

void pqe_buffer_append_char(pqe_buffer *buffer, char character)
{
    pqe_buffer_append_bytes(buffer, &character, 1);
}

void pqe_buffer_printf(pqe_buffer *buffer, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if (!reserve(buffer, (size_t)length)) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}

void pqe_buffer_reset(pqe_buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
    if (buffer->data != NULL) {
        buffer->data[0] = '\0';
    }
}

bool pqe_buffer_failed(const pqe_buffer *buffer)
{
    return buffer->failed;
}

char *pqe_buffer_take(pqe_buffer *buffer)
{
    char *text = NULL;

    pqe_buffer_append_bytes(buffer, "", 0);
    if (!buffer->failed) {
        text = buffer->data;
        buffer->data = NULL;
    }
    pqe_buffer_free(buffer);
    return text;
}

void pqe_buffer_free(pqe_buffer *buffer)
{
    free(buffer->data);
    buffer->data = NULL;
    buffer->length = 0;
    buffer->capacity = 0;
    buffer->failed = false;
}
