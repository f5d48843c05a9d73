/*
 * fuzz_migration_file.c - a migration file that could be read is written so that it reads the same
 */
#include "fuzz.h"

#include "migration_file.h"

static void same_text(const char *one, const char *other)
{
    FUZZ_HOLDS((one == NULL) == (other == NULL));
    FUZZ_HOLDS(one == NULL || strcmp(one, other) == 0);
}

static void write_and_read(const pqe_migration_file *file)
{
    pqe_buffer text = PQE_BUFFER_INIT;
    pqe_migration_file again;
    pqe_error error;
    char name[4200]; /* as the library would name it, but for the message */

    snprintf(name, sizeof(name), "%s.sql", file->version);
    pqe_migration_print(file, &text);
    FUZZ_HOLDS(!pqe_buffer_failed(&text));
    if (pqe_migration_parse(name, text.data, &again, &error) != PQE_OK) {
        fprintf(stderr, "%s\n%s\n", error.message, text.data);
        FUZZ_HOLDS(!"what was written can be read");
    }
    same_text(file->version, again.version);
    same_text(file->message, again.message);
    same_text(file->depends, again.depends);
    same_text(file->models_hash, again.models_hash);
    same_text(file->up, again.up);
    same_text(file->down, again.down);
    pqe_migration_file_free(&again);
    pqe_buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    pqe_migration_file file;
    pqe_error error;

    if (strchr(text, '\r') == NULL) { /* line ends are "\n" by then */
        if (pqe_migration_parse("20260101_120000_fuzz.sql", text, &file, &error) == PQE_OK) {
            write_and_read(&file);
            pqe_migration_file_free(&file);
        } else {
            FUZZ_HOLDS(error.code == PQE_ERR_MIGRATION);
            FUZZ_HOLDS(strncmp(error.message, "20260101_120000_fuzz.sql:", 25) == 0);
        }
    }
    free(text);
    return 0;
}
