/*
 * migration_file.c - reads migration files
 *
 * The marker lines are all that is understood here.  What looks like a marker but is none is an
 * error, since one that is misspelt and so overlooked might run a step in a way that its author did
 * not want.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "migration_file.h"
#include "text_file.h"

typedef enum section { SECTION_HEADER, SECTION_UP, SECTION_DOWN } section;

typedef struct parser {
    const char *path;
    pqe_migration_file *file;
    pqe_error *error;
    section section;
    bool has_up_marker;
    int line;
    pqe_buffer up;
    pqe_buffer down;
    int up_line; /* of the first line of the section's text */
    int down_line;
} parser;

void pqe_migration_file_free(pqe_migration_file *file)
{
    free(file->path);
    free(file->version);
    free(file->message);
    free(file->depends);
    free(file->models_hash);
    free(file->up);
    free(file->down);
    memset(file, 0, sizeof(*file));
}

void pqe_migration_folder_free(pqe_migration_folder *folder)
{
    for (size_t i = 0; i < folder->count; i++) {
        pqe_migration_file_free(&folder->files[i]);
    }
    free(folder->files);
    folder->files = NULL;
    folder->count = 0;
}

static char *copy_bytes(const char *text, size_t length)
{
    char *copy = malloc(length + 1);

    if (copy != NULL) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

/* The part of a text of that length without white space around it. */
static const char *trim(const char *text, size_t *length)
{
    while (*length > 0 && isspace((unsigned char)text[*length - 1])) {
        (*length)--;
    }
    while (*length > 0 && isspace((unsigned char)*text)) {
        text++;
        (*length)--;
    }
    return text;
}

static bool is_version(const char *text, size_t length)
{
    if (length == 0 || !isalnum((unsigned char)text[0]) || (unsigned char)text[0] >= 0x80) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] >= 0x80 ||
            (!isalnum((unsigned char)text[i]) && strchr("_.-", text[i]) == NULL)) {
            return false;
        }
    }
    return true;
}

static pqe_status set_field(parser *p, char **field, const char *name, const char *value,
                            size_t length)
{
    if (*field != NULL) {
        return pqe_error_set(p->error, PQE_ERR_MIGRATION,
                             "%s:%d: a second line \"" PQE_MIGRATION_MARKER "%s\"", p->path,
                             p->line, name);
    }
    *field = copy_bytes(value, length);
    return *field == NULL ? pqe_error_no_memory(p->error) : PQE_OK;
}

static pqe_status set_version(parser *p, const char *value, size_t length)
{
    if (!is_version(value, length)) {
        (void)pqe_error_set(p->error, PQE_ERR_MIGRATION, "%s:%d: invalid version \"%.*s\"", p->path,
                            p->line, (int)length, value);
        pqe_error_hint(p->error, "A version begins with a letter or digit and holds only letters, "
                                 "digits, \"_\", \".\" and \"-\".");
        return PQE_ERR_MIGRATION;
    }
    return set_field(p, &p->file->version, "version", value, length);
}

/* Versions separated by white space or commas; kept with one space between them. */
static pqe_status set_depends(parser *p, const char *value, size_t length)
{
    pqe_buffer list = PQE_BUFFER_INIT;
    pqe_status status = PQE_OK;
    size_t at = 0;

    while (at < length && status == PQE_OK) {
        size_t start;

        while (at < length && (isspace((unsigned char)value[at]) || value[at] == ',')) {
            at++;
        }
        start = at;
        while (at < length && !isspace((unsigned char)value[at]) && value[at] != ',') {
            at++;
        }
        if (at == start) {
            break;
        }
        if (!is_version(value + start, at - start)) {
            status = pqe_error_set(p->error, PQE_ERR_MIGRATION, "%s:%d: invalid version \"%.*s\"",
                                   p->path, p->line, (int)(at - start), value + start);
        }
        if (list.length > 0) {
            pqe_buffer_append_char(&list, ' ');
        }
        pqe_buffer_append_bytes(&list, value + start, at - start);
    }
    if (status == PQE_OK && pqe_buffer_failed(&list)) {
        status = pqe_error_no_memory(p->error);
    }
    if (status == PQE_OK) {
        status = set_field(p, &p->file->depends, "depends", list.length > 0 ? list.data : "",
                           list.length);
    }
    pqe_buffer_free(&list);
    return status;
}

static pqe_status misplaced(parser *p, const char *what)
{
    return pqe_error_set(p->error, PQE_ERR_MIGRATION, "%s:%d: %s", p->path, p->line, what);
}

static pqe_status begin_section(parser *p, section next)
{
    if (next == SECTION_UP) {
        if (p->has_up_marker) {
            return misplaced(p, "a second line \"" PQE_MIGRATION_MARKER "up\"");
        }
        if (p->section == SECTION_DOWN) {
            return misplaced(p, "\"" PQE_MIGRATION_MARKER
                                "up\" must stand before \"" PQE_MIGRATION_MARKER "down\"");
        }
        p->has_up_marker = true;
        p->up_line = p->line + 1;
        pqe_buffer_reset(&p->up);
    } else {
        if (p->section == SECTION_DOWN) {
            return misplaced(p, "a second line \"" PQE_MIGRATION_MARKER "down\"");
        }
        p->down_line = p->line + 1;
    }
    p->section = next;
    return PQE_OK;
}

static bool word_is(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

/* A line of the header: a marker with its value. */
static pqe_status parse_header(parser *p, const char *word, size_t word_length, const char *value,
                               size_t length)
{
    if (p->section != SECTION_HEADER) {
        return misplaced(p, "a marker of the header after it has ended");
    }
    if (word_is(word, word_length, "version")) {
        return set_version(p, value, length);
    }
    if (word_is(word, word_length, "message")) {
        return set_field(p, &p->file->message, "message", value, length);
    }
    if (word_is(word, word_length, "depends")) {
        return set_depends(p, value, length);
    }
    if (length == 0) {
        return misplaced(p, "\"" PQE_MIGRATION_MARKER "models\" without a hash");
    }
    return set_field(p, &p->file->models_hash, "models", value, length);
}

/*
 * A line that begins like a marker.  *is_sql: it belongs to the section's SQL.
 */
static pqe_status parse_marker(parser *p, const char *line, size_t length, bool *is_sql)
{
    const char *word = line + strlen(PQE_MIGRATION_MARKER);
    size_t word_length = 0;
    size_t value_length;
    const char *value;

    *is_sql = false;
    length -= strlen(PQE_MIGRATION_MARKER);
    while (word_length < length && !isspace((unsigned char)word[word_length])) {
        word_length++;
    }
    value_length = length - word_length;
    value = trim(word + word_length, &value_length);

    if (word_is(word, word_length, "version") || word_is(word, word_length, "message") ||
        word_is(word, word_length, "depends") || word_is(word, word_length, "models")) {
        return parse_header(p, word, word_length, value, value_length);
    }
    if (value_length == 0 && word_is(word, word_length, "up")) {
        return begin_section(p, SECTION_UP);
    }
    if (value_length == 0 && word_is(word, word_length, "down")) {
        return begin_section(p, SECTION_DOWN);
    }
    if (value_length == 0 && word_is(word, word_length, "no-transaction")) {
        *is_sql = true;
        return PQE_OK;
    }
    (void)pqe_error_set(p->error, PQE_ERR_MIGRATION,
                        "%s:%d: unknown marker \"" PQE_MIGRATION_MARKER "%.*s\"", p->path, p->line,
                        (int)length, word);
    pqe_error_hint(p->error, "Markers are version, message, depends, models, up, down and "
                             "no-transaction; up, down and no-transaction take no value.");
    return PQE_ERR_MIGRATION;
}

/* Does the line begin like a marker, perhaps indented or with other white space? */
static bool looks_like_marker(const char *line)
{
    line += strspn(line, " \t\f\v");
    if (strncmp(line, "--", 2) != 0) {
        return false;
    }
    line += 2 + strspn(line + 2, " \t\f\v");
    return strncmp(line, "pqengine:", strlen("pqengine:")) == 0;
}

static pqe_status parse_line(parser *p, const char *line, size_t length)
{
    bool is_sql = true;
    pqe_buffer *text;

    if (looks_like_marker(line)) {
        pqe_status status;

        if (strncmp(line, PQE_MIGRATION_MARKER, strlen(PQE_MIGRATION_MARKER)) != 0) {
            return misplaced(p, "a marker must be written \"" PQE_MIGRATION_MARKER
                                "...\" at the start of its line");
        }
        status = parse_marker(p, line, length, &is_sql);
        if (status != PQE_OK) {
            return status;
        }
    }
    text = p->section == SECTION_DOWN ? &p->down : &p->up;
    if (is_sql) {
        pqe_buffer_append_bytes(text, line, length);
    }
    /* a line of the header keeps its place where up has no marker and so begins with the file */
    if (is_sql || p->section == SECTION_HEADER) {
        pqe_buffer_append_char(text, '\n');
    }
    return PQE_OK;
}

/* SQL before "up" would be left out unseen; comments may stand there. */
static pqe_status check_header(const parser *p, const char *content)
{
    int line = 1;

    for (const char *at = content; line < p->up_line - 1; line++) {
        size_t length = strcspn(at, "\n");
        size_t text_length = length;
        const char *text = trim(at, &text_length);

        if (text_length > 0 && (strncmp(text, "--", 2) != 0 ||
                                strstr(text, PQE_MIGRATION_MARKER "no-transaction") == text)) {
            return pqe_error_set(
                p->error, PQE_ERR_MIGRATION,
                "%s:%d: SQL before \"" PQE_MIGRATION_MARKER "up\" would not be run", p->path, line);
        }
        at += length + 1;
    }
    return PQE_OK;
}

/* Takes the text of a section without white space around it, and the line it begins at. */
static pqe_status take_section(parser *p, pqe_buffer *buffer, int first_line, char **text,
                               int *line)
{
    size_t length = buffer->length;
    const char *data = buffer->length > 0 ? buffer->data : "";
    const char *start = trim(data, &length);

    if (pqe_buffer_failed(buffer)) {
        return pqe_error_no_memory(p->error);
    }
    *line = first_line;
    for (const char *at = data; at < start; at++) {
        if (*at == '\n') {
            (*line)++;
        }
    }
    *text = copy_bytes(start, length);
    return *text == NULL ? pqe_error_no_memory(p->error) : PQE_OK;
}

/*
 * Takes version and message from the name 20251212_215117_add_email.sql where the file itself does
 * not say them: up to two groups of digits, then words.
 */
static pqe_status complete_from_name(parser *p)
{
    pqe_migration_file *file = p->file;
    const char *slash = strrchr(p->path, '/');
    const char *name = slash == NULL ? p->path : slash + 1;
    size_t length = strlen(name);
    size_t digits = strspn(name, "0123456789");

    if (length > 4 && strcmp(name + length - 4, ".sql") == 0) {
        length -= 4;
    }
    if (file->version == NULL) {
        if (digits > 0 && name[digits] == '_' && isdigit((unsigned char)name[digits + 1])) {
            digits += 1 + strspn(name + digits + 1, "0123456789");
        }
        if (digits == 0 || (digits < length && name[digits] != '_' && name[digits] != '-')) {
            (void)pqe_error_set(
                p->error, PQE_ERR_MIGRATION,
                "%s: the file names no version, and its name does not begin with one", p->path);
            pqe_error_hint(p->error, "Name it like 20251212_215117_add_email.sql, or begin it with "
                                     "\"" PQE_MIGRATION_MARKER "version 20251212_215117\".");
            return PQE_ERR_MIGRATION;
        }
        file->version = copy_bytes(name, digits);
    }
    if (file->version != NULL && file->message == NULL) {
        size_t skip = strlen(file->version);

        if (strncmp(name, file->version, skip) != 0 || skip > length) {
            skip = 0;
        }
        skip += strspn(name + skip, "_-");
        file->message = copy_bytes(name + skip, skip < length ? length - skip : 0);
        for (char *at = file->message; at != NULL && *at != '\0'; at++) {
            if (*at == '_') {
                *at = ' ';
            }
        }
    }
    if (file->depends == NULL) {
        file->depends = copy_bytes("", 0);
    }
    file->path = copy_bytes(p->path, strlen(p->path));
    if (!file->version || !file->message || !file->depends || !file->path) {
        return pqe_error_no_memory(p->error);
    }
    return PQE_OK;
}

static pqe_status parse_lines(parser *p, const char *content)
{
    pqe_status status = PQE_OK;

    p->line = 1;
    for (const char *at = content; *at != '\0' && status == PQE_OK; p->line++) {
        size_t length = strcspn(at, "\n");

        status = parse_line(p, at, length);
        at += length;
        if (*at == '\n') {
            at++;
        }
    }
    if (status == PQE_OK && p->has_up_marker) {
        status = check_header(p, content);
    }
    if (status == PQE_OK) {
        status = take_section(p, &p->up, p->up_line, &p->file->up, &p->file->up_line);
    }
    if (status == PQE_OK && p->down_line > 0) {
        status = take_section(p, &p->down, p->down_line, &p->file->down, &p->file->down_line);
    }
    if (status == PQE_OK) {
        status = complete_from_name(p);
    }
    return status;
}

pqe_status pqe_migration_parse(const char *path, const char *content, pqe_migration_file *file,
                               pqe_error *error)
{
    parser p = {.path = path, .file = file, .error = error, .up_line = 1};
    pqe_status status;

    memset(file, 0, sizeof(*file));
    status = parse_lines(&p, content);
    pqe_buffer_free(&p.up);
    pqe_buffer_free(&p.down);
    if (status != PQE_OK) {
        pqe_migration_file_free(file);
    }
    return status;
}

static pqe_status add_file(const char *folder_path, const char *name, pqe_migration_folder *folder,
                           pqe_error *error)
{
    pqe_buffer path = PQE_BUFFER_INIT;
    pqe_migration_file *larger;
    char *content = NULL;
    pqe_status status;

    larger = realloc(folder->files, (folder->count + 1) * sizeof(*larger));
    if (larger == NULL) {
        return pqe_error_no_memory(error);
    }
    folder->files = larger;

    pqe_buffer_printf(&path, "%s/%s", folder_path, name);
    if (pqe_buffer_failed(&path)) {
        return pqe_error_no_memory(error);
    }
    status = pqe_read_text_file(path.data, PQE_ERR_MIGRATION, &content, error);
    if (status == PQE_OK) {
        status = pqe_migration_parse(path.data, content, &folder->files[folder->count], error);
    }
    if (status == PQE_OK) {
        folder->count++;
    }
    free(content);
    pqe_buffer_free(&path);
    return status;
}

static int compare_files(const void *left, const void *right)
{
    return strcmp(((const pqe_migration_file *)left)->version,
                  ((const pqe_migration_file *)right)->version);
}

static pqe_status sort_files(pqe_migration_folder *folder, pqe_error *error)
{
    if (folder->count > 1) {
        qsort(folder->files, folder->count, sizeof(pqe_migration_file), compare_files);
    }
    for (size_t i = 1; i < folder->count; i++) {
        if (compare_files(&folder->files[i - 1], &folder->files[i]) == 0) {
            return pqe_error_set(error, PQE_ERR_MIGRATION, "%s and %s both have the version %s",
                                 folder->files[i - 1].path, folder->files[i].path,
                                 folder->files[i].version);
        }
    }
    return PQE_OK;
}

static bool is_migration_name(const char *name)
{
    size_t length = strlen(name);

    return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".sql") == 0;
}

static pqe_status read_files(DIR *handle, const char *path, pqe_migration_folder *folder,
                             pqe_error *error)
{
    for (;;) {
        struct dirent *entry;
        pqe_status status;

        errno = 0;
        entry = readdir(handle);
        if (entry == NULL && errno != 0) {
            return pqe_error_set(error, PQE_ERR_IO, "cannot read migrations folder \"%s\": %s",
                                 path, strerror(errno));
        }
        if (entry == NULL) {
            return PQE_OK;
        }
        if (!is_migration_name(entry->d_name)) {
            continue;
        }
        status = add_file(path, entry->d_name, folder, error);
        if (status != PQE_OK) {
            return status;
        }
    }
}

pqe_status pqe_migration_folder_read(const char *path, pqe_migration_folder *folder,
                                     pqe_error *error)
{
    DIR *handle = opendir(path);
    pqe_status status;

    folder->files = NULL;
    folder->count = 0;
    if (handle == NULL) {
        if (errno == ENOENT) {
            return PQE_OK;
        }
        return pqe_error_set(error, PQE_ERR_IO, "cannot read migrations folder \"%s\": %s", path,
                             strerror(errno));
    }
    status = read_files(handle, path, folder, error);
    (void)closedir(handle);
    if (status == PQE_OK) {
        status = sort_files(folder, error);
    }
    if (status != PQE_OK) {
        pqe_migration_folder_free(folder);
    }
    return status;
}
