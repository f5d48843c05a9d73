/*
 * shareable.c - which statements may share a transaction with others
 */
#include "shareable.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lexer.h"

/*
 * Words that may stand before a parenthesis in a query that changes nothing: those of SQL, types with
 * a modifier, and functions of pg_catalog without an effect.  Sorted.
 */
static const char *const harmless[] = {
    "abs",
    "age",
    "all",
    "and",
    "any",
    "array",
    "array_agg",
    "array_length",
    "array_position",
    "as",
    "avg",
    "between",
    "bit",
    "bool_and",
    "bool_or",
    "btrim",
    "by",
    "cardinality",
    "case",
    "cast",
    "ceil",
    "char",
    "char_length",
    "character",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "date_part",
    "date_trunc",
    "decimal",
    "decode",
    "dense_rank",
    "distinct",
    "else",
    "encode",
    "except",
    "exists",
    "extract",
    "filter",
    "first_value",
    "float",
    "floor",
    "format",
    "from",
    "generate_series",
    "greatest",
    "group",
    "having",
    "in",
    "intersect",
    "interval",
    "join",
    "json_agg",
    "json_build_array",
    "json_build_object",
    "jsonb_agg",
    "jsonb_array_elements",
    "jsonb_build_array",
    "jsonb_build_object",
    "lag",
    "last_value",
    "lateral",
    "lead",
    "least",
    "left",
    "length",
    "limit",
    "lower",
    "ltrim",
    "materialized",
    "max",
    "md5",
    "min",
    "mod",
    "not",
    "now",
    "ntile",
    "nullif",
    "numeric",
    "offset",
    "on",
    "or",
    "over",
    "overlay",
    "partition",
    "position",
    "power",
    "rank",
    "regexp_replace",
    "replace",
    "right",
    "round",
    "row",
    "row_number",
    "row_to_json",
    "rtrim",
    "select",
    "some",
    "split_part",
    "sqrt",
    "string_agg",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "sum",
    "then",
    "time",
    "timestamp",
    "timestamptz",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_timestamp",
    "trim",
    "trunc",
    "union",
    "unnest",
    "upper",
    "using",
    "values",
    "varchar",
    "when",
    "where",
    "with",
};

/* Words with which a query may change something, or take locks. */
static const char *const harmful[] = {"for", "into", "insert", "update", "delete", "merge"};

static int compare(const void *key, const void *member)
{
    const pqe_token *token = key;
    const char *word = *(const char *const *)member;
    int order = strncasecmp(token->start, word, token->length);

    return order != 0 ? order : word[token->length] == '\0' ? 0 : -1;
}

static bool is_harmless(const pqe_token *token)
{
    return bsearch(token, harmless, sizeof(harmless) / sizeof(harmless[0]), sizeof(harmless[0]),
                   compare) != NULL;
}

static bool is_harmful(const pqe_token *token)
{
    for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++) {
        if (pqe_token_is(token, harmful[i])) {
            return true;
        }
    }
    return false;
}

static bool is_character(const pqe_token *token, char character)
{
    return token->kind == PQE_TOKEN_OTHER && token->start[0] == character;
}

bool pqe_statement_is_shareable(const pqe_statement *statement)
{
    pqe_lexer lexer = {.at = statement->sql};
    pqe_token last = {.kind = PQE_TOKEN_END, .start = "", .length = 0, .what = NULL};
    bool qualified = false; /* the last token is behind a point */

    if (statement->kind != PQE_STATEMENT_SELECT || statement->changes_session) {
        return false;
    }
    for (;;) {
        pqe_token token = pqe_lexer_next(&lexer);

        if (token.kind == PQE_TOKEN_SPACE) {
            continue;
        }
        if (token.kind == PQE_TOKEN_END) {
            return true;
        }
        if (token.kind == PQE_TOKEN_WORD && is_harmful(&token)) {
            return false;
        }
        if (is_character(&token, '(') &&
            (last.kind == PQE_TOKEN_QUOTED ||
             (last.kind == PQE_TOKEN_WORD && (qualified || !is_harmless(&last))))) {
            return false;
        }
        qualified = is_character(&last, '.');
        last = token;
    }
}

bool pqe_statement_is_client_copy(const pqe_statement *statement)
{
    pqe_lexer lexer = {.at = statement->sql};
    bool copies = false;

    if (statement->kind != PQE_STATEMENT_OTHER) {
        return false;
    }
    for (bool first = true;;) {
        pqe_token token = pqe_lexer_next(&lexer);

        if (token.kind == PQE_TOKEN_END) {
            return false;
        }
        if (token.kind == PQE_TOKEN_SPACE) {
            continue;
        }
        if (first) {
            copies = pqe_token_is(&token, "copy");
            first = false;
        }
        if (!copies) {
            return false;
        }
        if (pqe_token_is(&token, "stdin") || pqe_token_is(&token, "stdout")) {
            return true;
        }
    }
}
