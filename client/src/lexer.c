/*
 * lexer.c - cuts SQL into the few kinds of tokens the client must tell apart
 */
#include "lexer.h"

#include <string.h>

/* The classes of characters as scan.l has them; every byte of a multi-byte character is a letter.
 */
static bool is_identifier_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_identifier_part(char c)
{
    return is_identifier_start(c) || is_digit(c) || c == '$';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool pqe_token_is(const pqe_token *token, const char *word)
{
    size_t length = strlen(word);

    if (token->kind != PQE_TOKEN_WORD || token->length != length) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (lower(token->start[i]) != word[i]) {
            return false;
        }
    }
    return true;
}

/* The end of a line comment is the end of the line, which is not part of it. */
static const char *skip_line_comment(const char *at)
{
    return at + strcspn(at, "\n\r");
}

/* Block comments nest.  NULL where the end is missing. */
static const char *skip_block_comment(const char *at)
{
    int depth = 0;

    while (*at != '\0') {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            depth--;
            at += 2;
            if (depth == 0) {
                return at;
            }
        } else {
            at++;
        }
    }
    return NULL;
}

/*
 * A literal goes on where, after white space and line comments with a line break among them, another
 * quote follows.
 * Returns that quote, or NULL.
 */
static const char *continuation(const char *at)
{
    bool line_break = false;

    for (;;) {
        if (is_space(*at)) {
            line_break = line_break || *at == '\n' || *at == '\r';
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at = skip_line_comment(at);
        } else {
            return line_break && *at == '\'' ? at : NULL;
        }
    }
}

/* From the opening quote to behind the closing one; NULL where that is missing. */
static const char *skip_quoted(const char *at, char quote, bool backslashes)
{
    at++;
    for (;;) {
        const char *next;

        if (*at == '\0') {
            return NULL;
        }
        if (backslashes && *at == '\\') {
            if (at[1] == '\0') {
                return NULL;
            }
            at += 2;
        } else if (*at != quote) {
            at++;
        } else if (at[1] == quote) {
            at += 2;
        } else {
            at++;
            next = quote == '\'' ? continuation(at) : NULL;
            if (next == NULL) {
                return at;
            }
            at = next + 1;
        }
    }
}

/* The length of "$tag$" at this point, or 0. */
static size_t dollar_tag(const char *at)
{
    size_t length = 1;

    if (at[1] != '$' && !is_identifier_start(at[1])) {
        return 0;
    }
    while (is_identifier_part(at[length]) && at[length] != '$') {
        length++;
    }
    return at[length] == '$' ? length + 1 : 0;
}

static const char *skip_dollar_quoted(const char *at, size_t tag_length)
{
    const char *tag = at;

    for (at += tag_length; *at != '\0'; at++) {
        if (*at == '$' && strncmp(at, tag, tag_length) == 0) {
            return at + tag_length;
        }
    }
    return NULL;
}

static pqe_token finish(pqe_lexer *lexer, pqe_token_kind kind, const char *end, const char *what)
{
    pqe_token token = {.kind = kind, .start = lexer->at, .length = 0, .what = what};

    if (end == NULL) {
        token.kind = PQE_TOKEN_OPEN;
        end = lexer->at + strlen(lexer->at);
    }
    token.length = (size_t)(end - lexer->at);
    lexer->at = end;
    return token;
}

static pqe_token next_dollar(pqe_lexer *lexer)
{
    const char *at = lexer->at;
    const char *end = at + 1;
    size_t tag;

    if (is_digit(*end)) {
        while (is_digit(*end)) {
            end++;
        }
        return finish(lexer, PQE_TOKEN_PARAMETER, end, NULL);
    }
    tag = dollar_tag(at);
    if (tag > 0) {
        return finish(lexer, PQE_TOKEN_LITERAL, skip_dollar_quoted(at, tag), "dollar quote");
    }
    return finish(lexer, PQE_TOKEN_OTHER, end, NULL);
}

static pqe_token next_percent(pqe_lexer *lexer)
{
    const char *at = lexer->at;

    if (at[1] == '%') {
        return finish(lexer, PQE_TOKEN_PERCENT, at + 2, NULL);
    }
    if (at[1] == 's' && !is_identifier_part(at[2])) {
        return finish(lexer, PQE_TOKEN_PLACEHOLDER, at + 2, NULL);
    }
    return finish(lexer, PQE_TOKEN_OTHER, at + 1, NULL);
}

/* A word, unless it is the prefix of a literal or identifier: E'', B'', X'', N'', U&'' and U&"". */
static pqe_token next_word(pqe_lexer *lexer)
{
    const char *at = lexer->at;
    const char *end = at + 1;
    char first = lower(*at);

    if (at[1] == '\'' && strchr("ebxn", first) != NULL) {
        bool backslashes = first == 'e';

        return finish(lexer, PQE_TOKEN_LITERAL, skip_quoted(at + 1, '\'', backslashes), "literal");
    }
    if (first == 'u' && at[1] == '&' && at[2] == '\'') {
        return finish(lexer, PQE_TOKEN_LITERAL, skip_quoted(at + 2, '\'', false), "literal");
    }
    if (first == 'u' && at[1] == '&' && at[2] == '"') {
        return finish(lexer, PQE_TOKEN_QUOTED, skip_quoted(at + 2, '"', false),
                      "quoted identifier");
    }
    while (is_identifier_part(*end)) {
        end++;
    }
    return finish(lexer, PQE_TOKEN_WORD, end, NULL);
}

pqe_token pqe_lexer_next(pqe_lexer *lexer)
{
    const char *at = lexer->at;
    const char *end = at + 1;

    if (*at == '\0') {
        return finish(lexer, PQE_TOKEN_END, at, NULL);
    }
    if (is_identifier_start(*at)) {
        return next_word(lexer);
    }
    if (is_space(*at)) {
        while (is_space(*end)) {
            end++;
        }
        return finish(lexer, PQE_TOKEN_SPACE, end, NULL);
    }
    if (is_digit(*at)) {
        /* the rest of 0x1F, 1_000 and 1e5 too: nothing in them matters here */
        while (is_identifier_part(*end) && *end != '$') {
            end++;
        }
        return finish(lexer, PQE_TOKEN_NUMBER, end, NULL);
    }
    switch (*at) {
    case '\'':
        return finish(lexer, PQE_TOKEN_LITERAL, skip_quoted(at, '\'', false), "literal");
    case '"':
        return finish(lexer, PQE_TOKEN_QUOTED, skip_quoted(at, '"', false), "quoted identifier");
    case '$':
        return next_dollar(lexer);
    case '%':
        return next_percent(lexer);
    case '-':
        if (at[1] == '-') {
            return finish(lexer, PQE_TOKEN_SPACE, skip_line_comment(at), NULL);
        }
        break;
    case '/':
        if (at[1] == '*') {
            return finish(lexer, PQE_TOKEN_SPACE, skip_block_comment(at), "comment");
        }
        break;
    default:
        break;
    }
    return finish(lexer, PQE_TOKEN_OTHER, end, NULL);
}
