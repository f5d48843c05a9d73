/*
 * lexer.h - cuts SQL into the few kinds of tokens the client must tell apart
 *
 * The lexer follows PostgreSQL's scan.l as far as needed to know what is code and what is the
 * inside of a literal, a quoted identifier or a comment.  It understands no grammar.  A plain
 * literal has no escapes, as is the rule (standard_conforming_strings) since PostgreSQL 9.1.
 */
#ifndef PQE_LEXER_H
#define PQE_LEXER_H

#include <stdbool.h>
#include <stddef.h>

typedef enum pqe_token_kind {
    PQE_TOKEN_END,
    PQE_TOKEN_SPACE,       /* white space and comments */
    PQE_TOKEN_WORD,        /* keyword or unquoted identifier */
    PQE_TOKEN_QUOTED,      /* "identifier" */
    PQE_TOKEN_LITERAL,     /* '...', E'...', B'...', $tag$...$tag$ and the like */
    PQE_TOKEN_NUMBER,      /* begins with a digit */
    PQE_TOKEN_PARAMETER,   /* $n */
    PQE_TOKEN_PLACEHOLDER, /* %s that no identifier character follows */
    PQE_TOKEN_PERCENT,     /* %% */
    PQE_TOKEN_OTHER,       /* one character of anything else */
    PQE_TOKEN_OPEN         /* a literal, quoted identifier or comment without end, up to the end */
} pqe_token_kind;

typedef struct pqe_lexer {
    const char *at; /* where the next token begins */
} pqe_lexer;

typedef struct pqe_token {
    pqe_token_kind kind;
    const char *start;
    size_t length;
    const char *what; /* for PQE_TOKEN_OPEN: "literal", "comment", ... */
} pqe_token;

/* Reads the next token; at the end of the text PQE_TOKEN_END again and again. */
pqe_token pqe_lexer_next(pqe_lexer *lexer);

/* Whether a token is that word; the word is given in lower case. */
bool pqe_token_is(const pqe_token *token, const char *word);

#endif /* PQE_LEXER_H */
