/*
 * models.c - gathers a folder of models into the one text that the server reads
 *
 * Nothing here understands SQL: files are joined, with a line before each that lets the server name
 * file and line in its errors.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "models.h"
#include "text_file.h"

/* Deeper than any models folder, and shallow enough to end a loop of symbolic links. */
#define MAX_DEPTH 32

typedef struct path_list {
    char **paths;
    size_t count;
    size_t capacity;
} path_list;

static void path_list_free(path_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->paths[i]);
    }
    free(list->paths);
}

/* Takes over path. */
static pqe_status path_list_add(path_list *list, char *path, pqe_error *error)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        char **larger = realloc(list->paths, capacity * sizeof(char *));

        if (larger == NULL) {
            free(path);
            return pqe_error_no_memory(error);
        }
        list->paths = larger;
        list->capacity = capacity;
    }
    list->paths[list->count++] = path;
    return PQE_OK;
}

static int compare_paths(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static char *join_path(const char *folder, const char *name)
{
    size_t length = strlen(folder);
    const char *separator = length > 0 && folder[length - 1] == '/' ? "" : "/";
    size_t size = length + strlen(separator) + strlen(name) + 1;
    char *path = malloc(size);

    if (path != NULL) {
        (void)snprintf(path, size, "%s%s%s", folder, separator, name);
    }
    return path;
}

static bool is_sql_name(const char *name)
{
    size_t length = strlen(name);

    return length > 4 && strcmp(name + length - 4, ".sql") == 0;
}

static pqe_status list_folder(const char *folder, int depth, path_list *list, pqe_error *error);

/* Adds one entry of a folder: a .sql file, or all that a folder holds. */
static pqe_status list_entry(const char *folder, const char *name, int depth, path_list *list,
                             pqe_error *error)
{
    char *path = join_path(folder, name);
    struct stat info;
    pqe_status status = PQE_OK;

    if (path == NULL) {
        return pqe_error_no_memory(error);
    }
    if (stat(path, &info) != 0) {
        /* a broken link to something else is none of our business */
        if (is_sql_name(name)) {
            status =
                pqe_error_set(error, PQE_ERR_IO, "cannot read \"%s\": %s", path, strerror(errno));
        }
    } else if (S_ISDIR(info.st_mode)) {
        status = list_folder(path, depth + 1, list, error);
    } else if (is_sql_name(name)) {
        if (strpbrk(path, "\r\n") != NULL) {
            status =
                pqe_error_set(error, PQE_ERR_MODELS,
                              "the name of a model file in \"%s\" has a line break in it", folder);
        } else {
            return path_list_add(list, path, error);
        }
    }
    free(path);
    return status;
}

static pqe_status list_folder(const char *folder, int depth, path_list *list, pqe_error *error)
{
    DIR *handle;
    struct dirent *entry;
    pqe_status status = PQE_OK;

    if (depth > MAX_DEPTH) {
        return pqe_error_set(error, PQE_ERR_MODELS,
                             "models folder \"%s\" is nested more than %d deep: does a symbolic "
                             "link lead back into it?",
                             folder, MAX_DEPTH);
    }
    handle = opendir(folder);
    if (handle == NULL) {
        return pqe_error_set(error, PQE_ERR_IO, "cannot read models folder \"%s\": %s", folder,
                             strerror(errno));
    }
    for (;;) {
        errno = 0;
        entry = readdir(handle);
        if (entry == NULL) {
            if (errno != 0) {
                status = pqe_error_set(error, PQE_ERR_IO, "cannot read models folder \"%s\": %s",
                                       folder, strerror(errno));
            }
            break;
        }
        /* what is hidden belongs to editors and version control */
        if (entry->d_name[0] == '.') {
            continue;
        }
        status = list_entry(folder, entry->d_name, depth, list, error);
        if (status != PQE_OK) {
            break;
        }
    }
    (void)closedir(handle);
    return status;
}

/*
 * Appends a file with its marker.  A last statement without its semicolon gets one, so that it does
 * not run on into the next file.
 */
static pqe_status append_file(pqe_buffer *text, const char *path, pqe_error *error)
{
    char *content;
    size_t length;
    pqe_status status = pqe_read_text_file(path, PQE_ERR_MODELS, &content, error);

    if (status != PQE_OK) {
        return status;
    }
    length = strlen(content);
    while (length > 0 && strchr(" \t\n\f", content[length - 1]) != NULL) {
        length--;
    }
    pqe_buffer_printf(text, "-- pqengine:file %s\n", path);
    pqe_buffer_append(text, content);
    if (length > 0 && content[length - 1] != ';') {
        pqe_buffer_append(text, "\n;");
    }
    pqe_buffer_append_char(text, '\n');
    free(content);
    return pqe_buffer_failed(text) ? pqe_error_no_memory(error) : PQE_OK;
}

static pqe_status append_folder(pqe_buffer *text, const char *path, pqe_error *error)
{
    path_list list = {NULL, 0, 0};
    pqe_status status = list_folder(path, 0, &list, error);

    if (status == PQE_OK && list.count == 0) {
        status = pqe_error_set(error, PQE_ERR_MODELS, "models folder \"%s\" has no .sql file in it",
                               path);
    }
    if (status == PQE_OK) {
        qsort(list.paths, list.count, sizeof(char *), compare_paths);
    }
    for (size_t i = 0; status == PQE_OK && i < list.count; i++) {
        status = append_file(text, list.paths[i], error);
    }
    path_list_free(&list);
    return status;
}

pqe_status pqe_append_models(const char *path, pqe_buffer *text, pqe_error *error)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        if (errno == ENOENT || errno == ENOTDIR) {
            return pqe_error_set(error, PQE_ERR_MODELS, "there is no models file or folder \"%s\"",
                                 path);
        }
        return pqe_error_set(error, PQE_ERR_IO, "cannot read models \"%s\": %s", path,
                             strerror(errno));
    }
    return S_ISDIR(info.st_mode) ? append_folder(text, path, error)
                                 : append_file(text, path, error);
}
