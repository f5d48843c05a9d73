/*
 * graphviz.c - has Graphviz draw a picture, where it is installed
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "report.h"

/* The text as a file to read from, without a name; -1: errno tells why not. */
static int text_as_file(const char *text)
{
    FILE *file = tmpfile();
    int fd;

    if (file == NULL) {
        return -1;
    }
    if (fputs(text, file) == EOF || fflush(file) != 0) {
        (void)fclose(file);
        return -1;
    }
    fd = dup(fileno(file));
    (void)fclose(file);
    if (fd >= 0) {
        (void)lseek(fd, 0, SEEK_SET);
    }
    return fd;
}

/* Starts dot between two files; an errno. */
static int start_dot(int input, int output, pid_t *child)
{
    char *const arguments[] = {"dot", "-Tsvg", NULL};
    posix_spawn_file_actions_t actions;
    int failure = posix_spawn_file_actions_init(&actions);

    if (failure != 0) {
        return failure;
    }
    failure = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (failure == 0) {
        failure = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    }
    if (failure == 0) {
        failure = posix_spawnp(child, "dot", &actions, NULL, arguments, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return failure;
}

static void read_all(int fd, pqe_buffer *text)
{
    char part[16384];
    ssize_t count;

    while ((count = read(fd, part, sizeof(part))) != 0) {
        if (count < 0 && errno != EINTR) {
            break;
        }
        if (count > 0) {
            pqe_buffer_append_bytes(text, part, (size_t)count);
        }
    }
}

/* What dot writes before the element is for a file of its own. */
static char *take_element(pqe_buffer *text)
{
    const char *start = text->length > 0 ? strstr(text->data, "<svg") : NULL;
    char *element = start != NULL ? strdup(start) : NULL;

    pqe_buffer_free(text);
    return element;
}

char *graphviz_svg(const char *dot, char *note, size_t note_size)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    int ends[2] = {-1, -1};
    int input = text_as_file(dot);
    int status = 0;
    pid_t child;
    int failure;

    if (input < 0 || pipe2(ends, O_CLOEXEC) != 0) {
        (void)snprintf(note, note_size, "The picture could not be made: %s.", strerror(errno));
        if (input >= 0) {
            (void)close(input);
        }
        return NULL;
    }
    failure = start_dot(input, ends[1], &child);
    (void)close(input);
    (void)close(ends[1]);
    if (failure != 0) {
        (void)close(ends[0]);
        if (failure == ENOENT) {
            (void)snprintf(note, note_size,
                           "The picture of the tables is left out: it needs Graphviz (the program "
                           "dot), which is not installed here.");
        } else {
            (void)snprintf(note, note_size, "The picture could not be made: %s.",
                           strerror(failure));
        }
        return NULL;
    }
    read_all(ends[0], &text);
    (void)close(ends[0]);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        (void)snprintf(note, note_size, "The picture could not be made: Graphviz failed.");
        pqe_buffer_free(&text);
        return NULL;
    }
    return take_element(&text);
}
