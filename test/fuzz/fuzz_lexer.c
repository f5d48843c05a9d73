/*
 * fuzz_lexer.c - the tokens of any text, put together, are the text
 */
#include "fuzz.h"

#include "lexer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    pqe_lexer lexer = {.at = text};
    const char *at = text;
    pqe_token token = pqe_lexer_next(&lexer);

    while (token.kind != PQE_TOKEN_END) {
        FUZZ_HOLDS(token.start == at);
        FUZZ_HOLDS(token.length > 0);
        at += token.length;
        if (token.kind == PQE_TOKEN_OPEN) {
            FUZZ_HOLDS(token.what != NULL);
            FUZZ_HOLDS(*at == '\0');
        }
        token = pqe_lexer_next(&lexer);
    }
    FUZZ_HOLDS(*at == '\0');
    FUZZ_HOLDS(pqe_lexer_next(&lexer).kind == PQE_TOKEN_END);
    free(text);
    return 0;
}
