/*
 * fuzz_text_file.c - what is read from a file is text, with one kind of line end
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "text_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    char *text;
    pqe_error error;
    int fd = memfd_create("fuzz", 0);

    FUZZ_HOLDS(fd >= 0);
    FUZZ_HOLDS(write(fd, data, size) == (ssize_t)size);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

    if (pqe_read_text_file(path, PQE_ERR_MODELS, &text, &error) == PQE_OK) {
        FUZZ_HOLDS(strlen(text) <= size);
        FUZZ_HOLDS(strchr(text, '\r') == NULL);
        free(text);
    } else {
        FUZZ_HOLDS(error.code == PQE_ERR_MODELS);
        FUZZ_HOLDS(strncmp(error.message, path, strlen(path)) == 0);
    }
    close(fd);
    return 0;
}
