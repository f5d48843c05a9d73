/*
 * migration_write.c - names, prints and writes migration files
 *
 * What is printed reads back as the same migration: files can be made again from the record.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "migration_file.h"

#define MAX_SLUG 48

static bool format_version(time_t when, char *version, size_t size)
{
    struct tm parts;

    return gmtime_r(&when, &parts) != NULL && strftime(version, size, "%Y%m%d_%H%M%S", &parts) > 0;
}

char *pqe_migration_new_version(const char *newest)
{
    char version[64];
    pqe_buffer longer = PQE_BUFFER_INIT;
    time_t now = time(NULL);

    /* a clock that was set back, or several versions in one second: count on for up to an hour */
    for (time_t when = now; when < now + 3600; when++) {
        if (!format_version(when, version, sizeof(version))) {
            return NULL;
        }
        if (newest == NULL || strcmp(version, newest) > 0) {
            return strdup(version);
        }
    }
    /* a version of another form, or far ahead: anything appended to it comes after it */
    pqe_buffer_printf(&longer, "%s_1", newest);
    return pqe_buffer_failed(&longer) ? NULL : pqe_buffer_take(&longer);
}

void pqe_migration_print(const pqe_migration_file *file, pqe_buffer *text)
{
    pqe_buffer_printf(text, PQE_MIGRATION_MARKER "version %s\n", file->version);
    if (file->message[0] != '\0') {
        pqe_buffer_printf(text, PQE_MIGRATION_MARKER "message %s\n", file->message);
    }
    if (file->depends[0] != '\0') {
        pqe_buffer_printf(text, PQE_MIGRATION_MARKER "depends %s\n", file->depends);
    }
    if (file->models_hash != NULL) {
        pqe_buffer_printf(text, PQE_MIGRATION_MARKER "models %s\n", file->models_hash);
    }
    pqe_buffer_printf(text, PQE_MIGRATION_MARKER "up\n\n%s\n", file->up);
    if (file->down != NULL) {
        pqe_buffer_printf(text, "\n" PQE_MIGRATION_MARKER "down\n\n%s\n", file->down);
    }
}

/* The words of the message for the file's name: ASCII letters and digits, "_" between them. */
static void make_slug(const char *message, char slug[MAX_SLUG + 1])
{
    size_t length = 0;

    for (; *message != '\0' && length < MAX_SLUG; message++) {
        unsigned char c = (unsigned char)*message;

        if (c < 0x80 && isalnum(c)) {
            slug[length++] = (char)tolower(c);
        } else if (length > 0 && slug[length - 1] != '_') {
            slug[length++] = '_';
        }
    }
    while (length > 0 && slug[length - 1] == '_') {
        length--;
    }
    slug[length] = '\0';
}

static pqe_status write_failed(const char *path, pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_IO, "cannot write \"%s\": %s", path, strerror(errno));
}

static pqe_status write_text(int fd, const char *path, const pqe_buffer *text, pqe_error *error)
{
    size_t done = 0;

    while (done < text->length) {
        ssize_t count = write(fd, text->data + done, text->length - done);

        if (count < 0 && errno != EINTR) {
            return write_failed(path, error);
        }
        if (count > 0) {
            done += (size_t)count;
        }
    }
    /* the record will say that this was applied: it must survive a power cut as well as that does
     */
    return fsync(fd) == 0 && fchmod(fd, 0644) == 0 ? PQE_OK : write_failed(path, error);
}

/* Writes a file beside the final one, and links it to its name where that is still free. */
static pqe_status write_exclusive(const char *folder, const char *path, const pqe_buffer *text,
                                  pqe_error *error)
{
    pqe_buffer temporary = PQE_BUFFER_INIT;
    pqe_status status;
    int fd;

    pqe_buffer_printf(&temporary, "%s/.pqengine-XXXXXX", folder);
    if (pqe_buffer_failed(&temporary)) {
        return pqe_error_no_memory(error);
    }
    fd = mkstemp(temporary.data);
    if (fd < 0) {
        pqe_buffer_free(&temporary);
        return write_failed(path, error);
    }
    status = write_text(fd, path, text, error);
    if (close(fd) != 0 && status == PQE_OK) {
        status = write_failed(path, error);
    }
    if (status == PQE_OK && link(temporary.data, path) != 0) {
        if (errno == EEXIST) {
            status = pqe_error_set(error, PQE_ERR_STATE, "\"%s\" exists already", path);
        } else {
            status = write_failed(path, error);
        }
    }
    (void)unlink(temporary.data);
    pqe_buffer_free(&temporary);
    return status;
}

pqe_status pqe_migration_file_write(const char *folder, pqe_migration_file *file, pqe_error *error)
{
    char slug[MAX_SLUG + 1];
    pqe_buffer path = PQE_BUFFER_INIT;
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_status status;

    make_slug(file->message, slug);
    pqe_buffer_printf(&path, "%s/%s%s%s.sql", folder, file->version, slug[0] == '\0' ? "" : "_",
                      slug);
    pqe_migration_print(file, &text);
    if (pqe_buffer_failed(&path) || pqe_buffer_failed(&text)) {
        status = pqe_error_no_memory(error);
    } else {
        status = write_exclusive(folder, path.data, &text, error);
    }
    if (status == PQE_OK) {
        free(file->path);
        file->path = pqe_buffer_take(&path);
    }
    pqe_buffer_free(&text);
    pqe_buffer_free(&path);
    return status;
}
