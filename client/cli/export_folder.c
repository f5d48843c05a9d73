/*
 * export_folder.c - writes an export as a folder of model files
 *
 * People edit what was exported, and export again.  So the folder keeps a list of what was written,
 * with a checksum of each file: what still is as it was written may be written anew or removed, the
 * rest is somebody's work.
 */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "buffer.h"
#include "error.h"
#include "export_folder.h"

#define LIST_NAME ".pqengine-export"
#define LIST_HEAD "pqengine export 1\n"
#define MOST_NAMED 10

/* A file that an earlier export has written. */
typedef struct listed {
    const char *path;
    uint64_t checksum;
} listed;

typedef struct file_list {
    char *text; /* holds the paths */
    listed *files;
    size_t count;
} file_list;

typedef struct export_run {
    const char *folder;
    const PGresult *files;
    file_list before;
    bool force;
    pqe_buffer refused; /* what must not be touched, one a line */
    size_t refused_count;
    export_count *count;
} export_run;

/* FNV-1a: it is to notice edits, not forgeries. */
static uint64_t checksum_of(const char *text, size_t length)
{
    uint64_t sum = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < length; i++) {
        sum = (sum ^ (unsigned char)text[i]) * UINT64_C(1099511628211);
    }
    return sum;
}

static pqe_status file_error(const char *what, const char *path, pqe_error *error)
{
    return pqe_error_set(error, PQE_ERR_IO, "cannot %s \"%s\": %s", what, path, strerror(errno));
}

static char *join(const char *folder, const char *path)
{
    pqe_buffer text = PQE_BUFFER_INIT;

    pqe_buffer_printf(&text, "%s/%s", folder, path);
    return pqe_buffer_take(&text);
}

/* Reads a whole file as it is; *text is NULL where there is none. */
static pqe_status read_file(const char *path, char **text, size_t *length, pqe_error *error)
{
    pqe_buffer content = PQE_BUFFER_INIT;
    char part[16384];
    ssize_t count;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    *text = NULL;
    *length = 0;
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? PQE_OK : file_error("read", path, error);
    }
    pqe_buffer_append(&content, "");
    while ((count = read(fd, part, sizeof(part))) != 0) {
        if (count < 0 && errno != EINTR) {
            pqe_status status = file_error("read", path, error);

            (void)close(fd);
            pqe_buffer_free(&content);
            return status;
        }
        if (count > 0) {
            pqe_buffer_append_bytes(&content, part, (size_t)count);
        }
    }
    (void)close(fd);
    *length = content.length;
    *text = pqe_buffer_take(&content);
    return *text != NULL ? PQE_OK : pqe_error_no_memory(error);
}

/* ---------------------------------------------------------------------------------------------- */
/* The list of what was written                                                                   */
/* ---------------------------------------------------------------------------------------------- */

static int compare_listed(const void *left, const void *right)
{
    return strcmp(((const listed *)left)->path, ((const listed *)right)->path);
}

/* Never out of the folder, whatever the server or the list says. */
static bool is_inside(const char *path)
{
    if (*path == '\0' || *path == '/') {
        return false;
    }
    for (const char *part = path; part != NULL; part = strchr(part, '/')) {
        part += *part == '/' ? 1 : 0;
        /* no empty part, and none that is hidden, such as "..": those are not read as models */
        if (*part == '\0' || *part == '/' || *part == '.') {
            return false;
        }
    }
    return strpbrk(path, "\\\n\r") == NULL;
}

/* "CHECKSUM PATH" */
static bool parse_listed(char *line, listed *file)
{
    char *end;

    errno = 0;
    file->checksum = strtoull(line, &end, 16);
    file->path = end + 1;
    return errno == 0 && end == line + 16 && *end == ' ' && is_inside(end + 1);
}

static pqe_status list_damaged(const char *path, pqe_error *error)
{
    (void)pqe_error_set(error, PQE_ERR_IO, "\"%s\" is not a list of exported files", path);
    pqe_error_hint(error, "Remove it: then every file counts as somebody's own.");
    return PQE_ERR_IO;
}

static pqe_status parse_list(const char *path, file_list *list, pqe_error *error)
{
    size_t lines = 0;
    char *line = list->text + strlen(LIST_HEAD);

    if (strncmp(list->text, LIST_HEAD, strlen(LIST_HEAD)) != 0) {
        return list_damaged(path, error);
    }
    for (const char *at = line; *at != '\0'; at++) {
        lines += *at == '\n' ? 1 : 0;
    }
    list->files = calloc(lines + 1, sizeof(listed));
    if (list->files == NULL) {
        return pqe_error_no_memory(error);
    }
    while (*line != '\0') {
        char *end = strchr(line, '\n');

        if (end == NULL) {
            return list_damaged(path, error);
        }
        *end = '\0';
        if (!parse_listed(line, &list->files[list->count++])) {
            return list_damaged(path, error);
        }
        line = end + 1;
    }
    qsort(list->files, list->count, sizeof(listed), compare_listed);
    return PQE_OK;
}

static pqe_status read_list(const char *folder, file_list *list, pqe_error *error)
{
    char *path = join(folder, LIST_NAME);
    size_t length;
    pqe_status status;

    if (path == NULL) {
        return pqe_error_no_memory(error);
    }
    status = read_file(path, &list->text, &length, error);
    if (status == PQE_OK && list->text != NULL) {
        status = parse_list(path, list, error);
    }
    free(path);
    return status;
}

static const listed *find_listed(const file_list *list, const char *path)
{
    listed wanted = {.path = path};

    return list->count == 0
               ? NULL
               : bsearch(&wanted, list->files, list->count, sizeof(listed), compare_listed);
}

/* ---------------------------------------------------------------------------------------------- */
/* Rows                                                                                           */
/* ---------------------------------------------------------------------------------------------- */

static const char *path_of(const PGresult *files, size_t row)
{
    return PQgetvalue(files, (int)row, 0);
}

static const char *text_of(const PGresult *files, size_t row)
{
    return PQgetvalue(files, (int)row, 1);
}

static size_t row_count(const PGresult *files)
{
    return (size_t)PQntuples(files);
}

/* The rows come in the byte order of their paths. */
static bool has_row(const PGresult *files, const char *path)
{
    size_t low = 0;
    size_t high = row_count(files);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(path_of(files, middle), path);

        if (order == 0) {
            return true;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

static pqe_status check_rows(const PGresult *files, pqe_error *error)
{
    for (size_t row = 0; row < row_count(files); row++) {
        if (!is_inside(path_of(files, row)) ||
            (row > 0 && strcmp(path_of(files, row - 1), path_of(files, row)) >= 0)) {
            return pqe_error_set(error, PQE_ERR_IO, "the server names an unusable file \"%s\"",
                                 path_of(files, row));
        }
    }
    return PQE_OK;
}

/* ---------------------------------------------------------------------------------------------- */
/* What must not be touched                                                                       */
/* ---------------------------------------------------------------------------------------------- */

static void refuse(export_run *run, const char *path)
{
    if (run->refused_count++ < MOST_NAMED) {
        pqe_buffer_printf(&run->refused, "%s%s/%s", run->refused.length > 0 ? "\n" : "",
                          run->folder, path);
    }
}

/*
 * Looks at one path: *there, whether there is a file; *same, whether it is the text (NULL: none).  A
 * file that is neither that nor as an earlier export left it is refused.
 */
static pqe_status look_at(export_run *run, const char *path, const char *text, bool *there,
                          bool *same, pqe_error *error)
{
    const listed *ours = find_listed(&run->before, path);
    char *full = join(run->folder, path);
    char *content = NULL;
    size_t length = 0;
    pqe_status status;

    *there = false;
    *same = false;
    if (full == NULL) {
        return pqe_error_no_memory(error);
    }
    status = read_file(full, &content, &length, error);
    if (status == PQE_OK && content != NULL) {
        *there = true;
        *same = text != NULL && strlen(text) == length && memcmp(text, content, length) == 0;
        if (!*same && (ours == NULL || ours->checksum != checksum_of(content, length))) {
            refuse(run, path);
        }
    }
    free(content);
    free(full);
    return status;
}

static pqe_status check_folder(export_run *run, pqe_error *error)
{
    pqe_status status = PQE_OK;
    bool there;
    bool same;

    for (size_t row = 0; status == PQE_OK && row < row_count(run->files); row++) {
        status =
            look_at(run, path_of(run->files, row), text_of(run->files, row), &there, &same, error);
    }
    for (size_t i = 0; status == PQE_OK && i < run->before.count; i++) {
        if (!has_row(run->files, run->before.files[i].path)) {
            status = look_at(run, run->before.files[i].path, NULL, &there, &same, error);
        }
    }
    if (status != PQE_OK || run->refused_count == 0 || run->force) {
        return status;
    }
    (void)pqe_error_set(error, PQE_ERR_STATE,
                        "%zu file(s) in \"%s\" are not as an export left them, and nothing was "
                        "written",
                        run->refused_count, run->folder);
    pqe_error_detail(error, "%s%s", run->refused.length > 0 ? run->refused.data : "",
                     run->refused_count > MOST_NAMED ? "\n..." : "");
    pqe_error_hint(error, "Export to another folder and compare, or write over them with --force.");
    return PQE_ERR_STATE;
}

/* ---------------------------------------------------------------------------------------------- */
/* Writing                                                                                        */
/* ---------------------------------------------------------------------------------------------- */

/* Makes the folders above a file. */
static pqe_status make_folders(char *path, pqe_error *error)
{
    for (char *at = path + 1; *at != '\0'; at++) {
        int made;

        if (*at != '/') {
            continue;
        }
        *at = '\0';
        made = mkdir(path, 0777);
        if (made != 0 && errno != EEXIST) {
            pqe_status status = file_error("make the folder", path, error);

            *at = '/';
            return status;
        }
        *at = '/';
    }
    return PQE_OK;
}

/* The file appears complete or not at all. */
static pqe_status write_whole(const char *path, const char *text, pqe_error *error)
{
    char *temporary = NULL;
    FILE *file;
    pqe_status status = PQE_OK;

    if (asprintf(&temporary, "%s.part", path) < 0) {
        return pqe_error_no_memory(error);
    }
    file = fopen(temporary, "we");
    if (file == NULL) {
        status = file_error("write", temporary, error);
        free(temporary);
        return status;
    }
    if (fputs(text, file) == EOF) {
        status = file_error("write", temporary, error);
    }
    if (fclose(file) != 0 && status == PQE_OK) {
        status = file_error("write", temporary, error);
    }
    if (status == PQE_OK && rename(temporary, path) != 0) {
        status = file_error("write", path, error);
    }
    if (status != PQE_OK) {
        (void)unlink(temporary);
    }
    free(temporary);
    return status;
}

static pqe_status write_row(export_run *run, size_t row, pqe_error *error)
{
    bool there;
    bool same;
    char *full;
    pqe_status status =
        look_at(run, path_of(run->files, row), text_of(run->files, row), &there, &same, error);

    if (status != PQE_OK) {
        return status;
    }
    if (same) {
        run->count->unchanged++;
        return PQE_OK;
    }
    full = join(run->folder, path_of(run->files, row));
    if (full == NULL) {
        return pqe_error_no_memory(error);
    }
    status = make_folders(full, error);
    if (status == PQE_OK) {
        status = write_whole(full, text_of(run->files, row), error);
    }
    run->count->written += status == PQE_OK ? 1 : 0;
    free(full);
    return status;
}

/* Removes a file that an earlier export has written, and the folders that are empty then. */
static pqe_status remove_file(export_run *run, const char *path, pqe_error *error)
{
    char *full = join(run->folder, path);
    char *slash;
    pqe_status status = PQE_OK;

    if (full == NULL) {
        return pqe_error_no_memory(error);
    }
    if (unlink(full) == 0) {
        run->count->removed++;
    } else if (errno != ENOENT) {
        status = file_error("remove", full, error);
    }
    while (status == PQE_OK && (slash = strrchr(full, '/')) != NULL &&
           (size_t)(slash - full) > strlen(run->folder)) {
        *slash = '\0';
        if (rmdir(full) != 0) {
            break;
        }
    }
    free(full);
    return status;
}

static pqe_status write_list(const export_run *run, pqe_error *error)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    char *path = join(run->folder, LIST_NAME);
    pqe_status status;

    pqe_buffer_append(&text, LIST_HEAD);
    for (size_t row = 0; row < row_count(run->files); row++) {
        const char *content = text_of(run->files, row);

        pqe_buffer_printf(&text, "%016" PRIx64 " %s\n", checksum_of(content, strlen(content)),
                          path_of(run->files, row));
    }
    if (path == NULL || pqe_buffer_failed(&text)) {
        status = pqe_error_no_memory(error);
    } else {
        status = make_folders(path, error);
    }
    if (status == PQE_OK) {
        status = write_whole(path, text.data, error);
    }
    pqe_buffer_free(&text);
    free(path);
    return status;
}

static pqe_status write_folder(export_run *run, pqe_error *error)
{
    pqe_status status = check_rows(run->files, error);

    if (status == PQE_OK) {
        status = read_list(run->folder, &run->before, error);
    }
    if (status == PQE_OK) {
        status = check_folder(run, error);
    }
    for (size_t i = 0; status == PQE_OK && i < run->before.count; i++) {
        if (!has_row(run->files, run->before.files[i].path)) {
            status = remove_file(run, run->before.files[i].path, error);
        }
    }
    for (size_t row = 0; status == PQE_OK && row < row_count(run->files); row++) {
        status = write_row(run, row, error);
    }
    return status == PQE_OK ? write_list(run, error) : status;
}

pqe_status pqe_export_folder_write(const char *folder, const PGresult *files, bool force,
                                   export_count *count, pqe_error *error)
{
    export_run run = {.folder = folder, .files = files, .force = force, .count = count};
    pqe_status status;

    memset(count, 0, sizeof(*count));
    status = write_folder(&run, error);
    free(run.before.text);
    free(run.before.files);
    pqe_buffer_free(&run.refused);
    return status;
}

pqe_status pqe_export_folder_others(const char *folder, const PGresult *files, size_t *count,
                                    char **first, pqe_error *error)
{
    char *paths[] = {strdup(folder), NULL};
    FTS *walk = paths[0] != NULL ? fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, NULL) : NULL;
    FTSENT *entry;

    *count = 0;
    *first = NULL;
    if (walk == NULL) {
        free(paths[0]);
        return file_error("read", folder, error);
    }
    while ((entry = fts_read(walk)) != NULL) {
        const char *inside = entry->fts_path + strlen(folder);
        size_t length = entry->fts_namelen;

        if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
            (void)fts_set(walk, entry, FTS_SKIP);
            continue;
        }
        inside += strspn(inside, "/");
        if (entry->fts_info != FTS_F || length <= 4 ||
            strcmp(entry->fts_name + length - 4, ".sql") != 0 || has_row(files, inside)) {
            continue;
        }
        if (++*count == 1) {
            *first = strdup(entry->fts_path);
        }
    }
    (void)fts_close(walk);
    free(paths[0]);
    return PQE_OK;
}
