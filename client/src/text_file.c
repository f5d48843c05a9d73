/*
 * text_file.c - reads a text file whole and makes sure that it is text
 *
 * Models and migrations go to the server as UTF-8 text.  What it would refuse, or cut short at a
 * NUL byte, is found here, where the file and line are known.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "text_file.h"

/* PostgreSQL takes texts of less than 1 GB; a file near that is no model. */
#define MAX_FILE_SIZE ((off_t)256 * 1024 * 1024)

static const unsigned char byte_order_mark[] = {0xef, 0xbb, 0xbf};

/*
 * The length of the UTF-8 character at p, of which left bytes are there; 0 where there is none: a
 * stray byte, an overlong form, a surrogate, or a value beyond U+10FFFF.
 */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    size_t length;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;

    if (p[0] < 0x80) {
        return 1;
    }
    if (p[0] >= 0xc2 && p[0] <= 0xdf) {
        length = 2;
    } else if ((p[0] & 0xf0) == 0xe0) {
        length = 3;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        length = 4;
    } else {
        return 0;
    }
    if (length > left) {
        return 0;
    }

    if (p[0] == 0xe0) {
        low = 0xa0;
    } else if (p[0] == 0xed) {
        high = 0x9f;
    } else if (p[0] == 0xf0) {
        low = 0x90;
    } else if (p[0] == 0xf4) {
        high = 0x8f;
    }
    if (p[1] < low || p[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < length; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return length;
}

static pqe_status check_text(const char *path, const unsigned char *data, size_t size,
                             pqe_status malformed, pqe_error *error)
{
    int line = 1;
    size_t at = 0;

    while (at < size) {
        size_t length = utf8_length(data + at, size - at);

        if (length == 0) {
            return pqe_error_set(error, malformed, "%s:%d: invalid UTF-8: byte 0x%02x", path, line,
                                 data[at]);
        }
        if (data[at] == '\0') {
            return pqe_error_set(error, malformed, "%s:%d: a NUL byte in a text file", path, line);
        }
        if (data[at] == '\n') {
            line++;
        }
        at += length;
    }
    return PQE_OK;
}

/* Turns "\r\n" and "\r" into "\n", in place. */
static void unify_line_ends(char *text)
{
    char *to = text;

    for (const char *from = text; *from != '\0'; from++) {
        if (*from != '\r') {
            *to++ = *from;
        } else if (from[1] != '\n') {
            *to++ = '\n';
        }
    }
    *to = '\0';
}

static pqe_status read_failed(const char *path, pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_IO, "cannot read \"%s\": %s", path, strerror(errno));
}

/* Reads up to the end of the file: its size may have changed since it was asked for. */
static pqe_status read_all(int fd, const char *path, char **data, size_t *size, pqe_error *error)
{
    size_t capacity = 16384;

    *data = malloc(capacity + 1);
    *size = 0;
    for (;;) {
        ssize_t count;

        if (*data == NULL) {
            return pqe_error_set(error, PQE_ERR_NO_MEMORY, "out of memory reading \"%s\"", path);
        }
        count = read(fd, *data + *size, capacity - *size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return read_failed(path, error);
        }
        if (count == 0) {
            break;
        }
        *size += (size_t)count;
        if (*size > (size_t)MAX_FILE_SIZE) {
            return pqe_error_set(error, PQE_ERR_IO, "\"%s\" is too large to be read", path);
        }
        if (*size == capacity) {
            char *larger = realloc(*data, 2 * capacity + 1);

            if (larger == NULL) {
                free(*data);
            }
            *data = larger;
            capacity *= 2;
        }
    }
    (*data)[*size] = '\0';
    return PQE_OK;
}

pqe_status pqe_read_text_file(const char *path, pqe_status malformed, char **text, pqe_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat info;
    char *data = NULL;
    size_t size = 0;
    pqe_status status;

    *text = NULL;
    if (fd < 0) {
        return read_failed(path, error);
    }
    if (fstat(fd, &info) != 0) {
        status = read_failed(path, error);
    } else if (!S_ISREG(info.st_mode)) {
        status = pqe_error_set(error, PQE_ERR_IO, "\"%s\" is not a regular file", path);
    } else {
        status = read_all(fd, path, &data, &size, error);
    }
    (void)close(fd);

    if (status == PQE_OK) {
        status = check_text(path, (const unsigned char *)data, size, malformed, error);
    }
    if (status != PQE_OK) {
        free(data);
        return status;
    }
    if (size >= sizeof(byte_order_mark) &&
        memcmp(data, byte_order_mark, sizeof(byte_order_mark)) == 0) {
        memmove(data, data + sizeof(byte_order_mark), size - sizeof(byte_order_mark) + 1);
    }
    unify_line_ends(data);
    *text = data;
    return PQE_OK;
}
