/*
 * fuzz_statement.c - a statement that was read once reads the same when it is read again
 */
#include "fuzz.h"

#include "statement.h"

/* What the server is sent has no placeholder left, so it must not change any more. */
static void read_again(const pqe_statement *first)
{
    pqe_statement second;
    pqe_error error;

    if (strchr(first->sql, '%') != NULL) {
        return; /* "%%" became "%", which now stands for itself */
    }
    FUZZ_HOLDS(pqe_statement_read(&second, first->sql, &error) == PQE_OK);
    FUZZ_HOLDS(strcmp(first->sql, second.sql) == 0);
    FUZZ_HOLDS(first->parameter_count == second.parameter_count);
    FUZZ_HOLDS(first->kind == second.kind);
    FUZZ_HOLDS(first->changes_session == second.changes_session);
    FUZZ_HOLDS(first->controls_transaction == second.controls_transaction);
    pqe_statement_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    pqe_statement statement;
    pqe_error error;

    if (pqe_statement_read(&statement, text, &error) == PQE_OK) {
        FUZZ_HOLDS(statement.parameter_count <= 65535);
        read_again(&statement);
        pqe_statement_free(&statement);
    } else {
        FUZZ_HOLDS(error.code == PQE_ERR_PLACEHOLDER);
        FUZZ_HOLDS(error.message[0] != '\0');
    }
    free(text);
    return 0;
}
