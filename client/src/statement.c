/*
 * statement.c - one pass over a statement's text
 */
#include "statement.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "error.h"
#include "lexer.h"
#include "shareable.h"

/* The most parameters the protocol can carry. */
#define MOST_PARAMETERS 65535

const char *pqe_statement_kind_name(pqe_statement_kind kind)
{
    static const char *const names[] = {"select", "insert",      "update", "delete",
                                        "merge",  "transaction", "other"};

    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "other";
}

/* First words, and what they mean for the session and its transaction. */
static const struct first_word {
    const char *word;
    pqe_statement_kind kind;
    bool changes_session;
    bool controls_transaction;
} first_words[] = {
    {"select", PQE_STATEMENT_SELECT, false, false},
    {"values", PQE_STATEMENT_SELECT, false, false},
    {"table", PQE_STATEMENT_SELECT, false, false},
    {"insert", PQE_STATEMENT_INSERT, false, false},
    {"update", PQE_STATEMENT_UPDATE, false, false},
    {"delete", PQE_STATEMENT_DELETE, false, false},
    {"merge", PQE_STATEMENT_MERGE, false, false},
    {"begin", PQE_STATEMENT_TRANSACTION, false, true},
    {"start", PQE_STATEMENT_TRANSACTION, false, true},
    {"commit", PQE_STATEMENT_TRANSACTION, false, true},
    {"end", PQE_STATEMENT_TRANSACTION, false, true},
    {"rollback", PQE_STATEMENT_TRANSACTION, false, true},
    {"abort", PQE_STATEMENT_TRANSACTION, false, true},
    {"savepoint", PQE_STATEMENT_TRANSACTION, false, false},
    {"release", PQE_STATEMENT_TRANSACTION, false, false},
    {"set", PQE_STATEMENT_OTHER, true, false},
    {"reset", PQE_STATEMENT_OTHER, true, false},
    {"discard", PQE_STATEMENT_OTHER, true, false},
    {"listen", PQE_STATEMENT_OTHER, true, false},
    {"unlisten", PQE_STATEMENT_OTHER, true, false},
    {"prepare", PQE_STATEMENT_OTHER, true, false},
    {"deallocate", PQE_STATEMENT_OTHER, true, false},
    {"execute", PQE_STATEMENT_OTHER, true, false},
    {"declare", PQE_STATEMENT_OTHER, true, false},
    {"load", PQE_STATEMENT_OTHER, true, false},
    {"do", PQE_STATEMENT_OTHER, true, false},
    {"call", PQE_STATEMENT_OTHER, true, false},
};

/* Where a pass stands. */
typedef struct reader {
    pqe_statement *statement;
    const char *sql;     /* the caller's text */
    pqe_buffer text;     /* the rewritten statement, while rewriting */
    const char *copied;  /* up to where the caller's text is in it */
    size_t placeholders; /* %s seen */
    size_t highest;      /* highest $n seen */
    size_t words;        /* words seen */
    int depth;           /* of parentheses */
    bool percents;       /* %% seen */
    bool as_is;          /* %s and %% are nothing but SQL */
    const char *first;   /* the word that told the kind, NULL while there is none */
    bool with;           /* begins with WITH, and its main statement was not reached yet */
} reader;

static const struct first_word *find_first_word(const pqe_token *token)
{
    for (size_t i = 0; i < sizeof(first_words) / sizeof(first_words[0]); i++) {
        if (pqe_token_is(token, first_words[i].word)) {
            return &first_words[i];
        }
    }
    return NULL;
}

/* Learns what kind of statement it is from its first word, or the first one behind WITH's list. */
static void read_leading_word(reader *state, const pqe_token *token)
{
    const struct first_word *found;

    if (state->words == 0 && pqe_token_is(token, "with")) {
        state->with = true;
        return;
    }
    if (state->words > 0 && !(state->with && state->depth == 0)) {
        return;
    }
    found = find_first_word(token);
    if (found == NULL) {
        return;
    }
    state->with = false;
    state->statement->kind = found->kind;
    state->statement->changes_session = state->statement->changes_session || found->changes_session;
    state->statement->controls_transaction = found->controls_transaction;
    state->statement->cacheable = found->kind <= PQE_STATEMENT_MERGE;
    state->statement->drops_prepared =
        pqe_token_is(token, "discard") || pqe_token_is(token, "deallocate");
    state->first = found->word;
}

/* Words that mean, wherever they stand, that something may stay behind in the session. */
static const struct trace_word {
    const char *word;
    bool prefix; /* other words that begin so do, too */
} trace_words[] = {
    {"set_config", false},     {"setseed", false}, {"pg_advisory_lock", true},
    {"pg_try_advisory", true}, {"temp", false},    {"temporary", false},
    {"pg_temp", false},        {"dblink", true},
};

static bool leaves_traces(const pqe_token *token)
{
    bool quoted = token->kind == PQE_TOKEN_QUOTED;
    pqe_token inner = {.kind = PQE_TOKEN_WORD,
                       .start = token->start + (quoted ? 1 : 0),
                       .length = token->length - (quoted ? 2 : 0),
                       .what = NULL};
    size_t whole = inner.length;

    for (size_t i = 0; i < sizeof(trace_words) / sizeof(trace_words[0]); i++) {
        size_t length = strlen(trace_words[i].word);

        inner.length = trace_words[i].prefix && whole > length ? length : whole;
        if (pqe_token_is(&inner, trace_words[i].word)) {
            return true;
        }
    }
    return false;
}

static void read_word(reader *state, const pqe_token *token)
{
    if (token->kind == PQE_TOKEN_WORD) {
        read_leading_word(state, token);
        if (state->first != NULL) {
            /* ROLLBACK TO stays inside the transaction, PREPARE TRANSACTION ends it */
            if (strcmp(state->first, "rollback") == 0 && pqe_token_is(token, "to")) {
                state->statement->controls_transaction = false;
            } else if (strcmp(state->first, "prepare") == 0 && state->words == 1 &&
                       pqe_token_is(token, "transaction")) {
                state->statement->controls_transaction = true;
            }
        }
        state->words++;
    }
    if (!state->statement->changes_session && leaves_traces(token)) {
        state->statement->changes_session = true;
    }
}

/* Copies the caller's text up to the token and puts the replacement in the token's place. */
static void replace(reader *state, const pqe_token *token, const char *replacement)
{
    pqe_buffer_append_bytes(&state->text, state->copied, (size_t)(token->start - state->copied));
    pqe_buffer_append(&state->text, replacement);
    state->copied = token->start + token->length;
}

/* Whether "$1" right behind this character would be the rest of a name, or begin a dollar quote. */
static bool swallows_dollar(char character)
{
    unsigned char byte = (unsigned char)character;

    return isalnum(byte) || byte == '_' || byte == '$' || byte >= 0x80;
}

static void read_placeholder(reader *state, const pqe_token *token)
{
    bool apart = token->start > state->sql && swallows_dollar(token->start[-1]);

    pqe_buffer_append_bytes(&state->text, state->copied, (size_t)(token->start - state->copied));
    pqe_buffer_printf(&state->text, "%s$%zu", apart ? " " : "", ++state->placeholders);
    state->copied = token->start + token->length;
}

static void read_parameter(reader *state, const pqe_token *token)
{
    size_t number = 0;

    for (size_t i = 1; i < token->length && number <= MOST_PARAMETERS; i++) {
        number = number * 10 + (size_t)(token->start[i] - '0');
    }
    if (number > state->highest) {
        state->highest = number;
    }
}

static pqe_status fail(const pqe_token *token, const char *sql, pqe_error *error)
{
    int position = 1;

    for (const char *at = sql; at < token->start; at++) {
        if (((unsigned char)*at & 0xC0) != 0x80) {
            position++;
        }
    }
    pqe_error_set(error, PQE_ERR_PLACEHOLDER, "a %s that begins at character %d is never closed",
                  token->what != NULL ? token->what : "literal", position);
    if (error != NULL) {
        error->position = position;
    }
    pqe_error_statement(error, sql);
    return PQE_ERR_PLACEHOLDER;
}

static pqe_status read_tokens(reader *state, const char *sql, pqe_error *error)
{
    pqe_lexer lexer = {.at = sql};

    for (;;) {
        pqe_token token = pqe_lexer_next(&lexer);

        switch (token.kind) {
        case PQE_TOKEN_END:
            return PQE_OK;
        case PQE_TOKEN_OPEN:
            return fail(&token, sql, error);
        case PQE_TOKEN_WORD:
        case PQE_TOKEN_QUOTED:
            read_word(state, &token);
            break;
        case PQE_TOKEN_PLACEHOLDER:
            if (!state->as_is) {
                read_placeholder(state, &token);
            }
            break;
        case PQE_TOKEN_PERCENT:
            if (!state->as_is) {
                replace(state, &token, "%");
                state->percents = true;
            }
            break;
        case PQE_TOKEN_PARAMETER:
            read_parameter(state, &token);
            break;
        case PQE_TOKEN_OTHER:
            state->depth += *token.start == '(' ? 1 : *token.start == ')' ? -1 : 0;
            break;
        case PQE_TOKEN_SPACE:
        case PQE_TOKEN_LITERAL:
        case PQE_TOKEN_NUMBER:
            break;
        }
    }
}

/* Draws the conclusions of a pass. */
static pqe_status conclude(reader *state, const char *sql, pqe_error *error)
{
    pqe_statement *statement = state->statement;

    if (state->placeholders > 0 && state->highest > 0) {
        pqe_error_set(error, PQE_ERR_PLACEHOLDER, "the statement has both %%s and $%zu",
                      state->highest);
        pqe_error_hint(error, "Write all parameters as %%s or all as $1, $2, ...; for the modulo "
                              "operator before a column s write a space behind it.");
        pqe_error_statement(error, sql);
        return PQE_ERR_PLACEHOLDER;
    }
    statement->parameter_count = state->placeholders + state->highest;
    if (statement->parameter_count > MOST_PARAMETERS) {
        pqe_error_set(error, PQE_ERR_PLACEHOLDER,
                      "the statement has more parameters than PostgreSQL can take (%d)",
                      MOST_PARAMETERS);
        pqe_error_hint(error, "Pass an array and use = ANY($1) or unnest($1).");
        pqe_error_statement(error, sql);
        return PQE_ERR_PLACEHOLDER;
    }
    /* With $n the statement is as PostgreSQL has it, and %% an operator. */
    if (state->placeholders > 0 || (state->percents && state->highest == 0)) {
        pqe_buffer_append(&state->text, state->copied);
        statement->own = pqe_buffer_take(&state->text);
        if (statement->own == NULL) {
            return pqe_error_no_memory(error);
        }
        statement->sql = statement->own;
    }
    return PQE_OK;
}

static pqe_status read_statement(pqe_statement *statement, const char *sql, bool as_is,
                                 pqe_error *error)
{
    reader state = {
        .statement = statement, .sql = sql, .text = PQE_BUFFER_INIT, .copied = sql, .as_is = as_is};
    pqe_status status;

    memset(statement, 0, sizeof(*statement));
    statement->sql = sql;
    statement->kind = PQE_STATEMENT_OTHER;
    status = read_tokens(&state, sql, error);
    if (status == PQE_OK) {
        status = conclude(&state, sql, error);
    }
    pqe_buffer_free(&state.text);
    if (status == PQE_OK && !pqe_tables_read(&statement->tables, statement->sql)) {
        status = pqe_error_no_memory(error);
    }
    if (status != PQE_OK) {
        pqe_statement_free(statement);
        return status;
    }
    statement->length = strlen(statement->sql);
    statement->hash = pqe_hash(statement->sql, statement->length);
    statement->shareable = pqe_statement_is_shareable(statement);
    statement->client_copy = pqe_statement_is_client_copy(statement);
    return PQE_OK;
}

pqe_status pqe_statement_read(pqe_statement *statement, const char *sql, pqe_error *error)
{
    return read_statement(statement, sql, false, error);
}

pqe_status pqe_statement_read_as_is(pqe_statement *statement, const char *sql, pqe_error *error)
{
    return read_statement(statement, sql, true, error);
}

void pqe_statement_free(pqe_statement *statement)
{
    free(statement->own);
    statement->own = NULL;
    pqe_tables_free(&statement->tables);
}

/* Eight bytes at a time, each mixed in by a multiplication; short texts are hashed all the time. */
uint64_t pqe_hash(const char *bytes, size_t length)
{
    const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t hash = length * factor;
    uint64_t word;

    for (; length >= sizeof(word); bytes += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, bytes, sizeof(word));
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    }
    word = 0;
    if (length > 0) {
        memcpy(&word, bytes, length);
    }
    hash = (hash ^ word) * factor;
    return hash ^ (hash >> 29);
}
