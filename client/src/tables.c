/*
 * tables.c - which tables a statement names
 */
#include "tables.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "lexer.h"

/* What the text between two parentheses is, as far as it matters. */
typedef enum level_kind {
    LEVEL_UNKNOWN, /* nothing seen that would tell */
    LEVEL_QUERY,
    LEVEL_OTHER /* arguments, columns, an expression */
} level_kind;

typedef enum verb {
    VERB_NONE, /* the statement's word is still to come */
    VERB_SELECT,
    VERB_INSERT,
    VERB_UPDATE,
    VERB_DELETE,
    VERB_MERGE,
    VERB_UTILITY
} verb;

/* What the next name is. */
typedef enum expected { EXPECT_NOTHING, EXPECT_SOURCE, EXPECT_TARGET, EXPECT_CTE } expected;

typedef struct level {
    level_kind kind;
    verb verb;
    expected expect;
    bool in_list;   /* of FROM, USING or TRUNCATE: behind a comma comes another table */
    bool in_with;   /* in the list of WITH: behind a comma comes another CTE */
    bool recursive; /* it is WITH RECURSIVE */
    bool where;     /* UPDATE or DELETE have it */
    bool any;       /* a statement of any kind may begin here */
    bool body;      /* is the body of the CTE with the number `cte` */
    size_t cte;
    size_t with_at; /* the token WITH */
    size_t first_cte;
} level;

/* A CTE, and from which to which token its name hides a table. */
typedef struct cte {
    size_t name; /* token */
    bool has_body;
    size_t from;
    size_t to;
    size_t depth;
} cte;

typedef struct reference {
    size_t start; /* its first token */
    size_t end;   /* behind its last */
    bool target;
} reference;

typedef struct list {
    void *items;
    size_t count;
    size_t room;
} list;

typedef struct reader {
    list tokens; /* of pqe_token, without white space */
    list levels;
    list ctes;
    list references;
    bool lacks_where;
    bool failed; /* no memory */
} reader;

static void *add(reader *state, list *to, size_t size)
{
    void *item;

    if (to->count == to->room) {
        size_t room = to->room > 0 ? to->room * 2 : 32;
        void *grown = realloc(to->items, room * size);

        if (grown == NULL) {
            state->failed = true;
            return NULL;
        }
        to->items = grown;
        to->room = room;
    }
    item = (char *)to->items + to->count * size;
    memset(item, 0, size);
    to->count++;
    return item;
}

static const pqe_token *token_at(const reader *state, size_t at)
{
    static const pqe_token end = {.kind = PQE_TOKEN_END, .start = "", .length = 0, .what = NULL};

    return at < state->tokens.count ? &((const pqe_token *)state->tokens.items)[at] : &end;
}

static bool is(const reader *state, size_t at, const char *word)
{
    return pqe_token_is(token_at(state, at), word);
}

static bool is_before(const reader *state, size_t at, size_t back, const char *word)
{
    return at >= back && is(state, at - back, word);
}

static bool is_char(const reader *state, size_t at, char character)
{
    const pqe_token *token = token_at(state, at);

    return token->kind == PQE_TOKEN_OTHER && *token->start == character;
}

static bool is_name(const reader *state, size_t at)
{
    const pqe_token *token = token_at(state, at);

    return token->kind == PQE_TOKEN_WORD || token->kind == PQE_TOKEN_QUOTED;
}

static bool is_one_of(const reader *state, size_t at, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (is(state, at, *words)) {
            return true;
        }
    }
    return false;
}

static level *top(reader *state)
{
    return (level *)state->levels.items + state->levels.count - 1;
}

/* ---------------------------------------------------------------------------------------------- */
/* Names                                                                                          */
/* ---------------------------------------------------------------------------------------------- */

/* Where a qualified name ends that begins here. */
static size_t name_end(const reader *state, size_t at)
{
    at++;
    while (is_char(state, at, '.') && is_name(state, at + 1)) {
        at += 2;
    }
    return at;
}

/* Functions that FROM takes without parentheses. */
static const char *const bare_functions[] = {
    "current_date",   "current_time", "current_timestamp", "current_catalog",
    "current_schema", "current_role", "current_user",      "session_user",
    "user",           "localtime",    "localtimestamp",    NULL};

/* A name where a table is expected.  Returns the token behind it. */
static size_t read_table(reader *state, size_t at)
{
    level *now = top(state);
    bool target = now->expect == EXPECT_TARGET;
    size_t end = name_end(state, at);
    bool function = !target && (is_char(state, end, '(') || is_one_of(state, at, bare_functions));

    now->expect = EXPECT_NOTHING;
    if (!function) {
        reference *found = add(state, &state->references, sizeof(*found));

        if (found != NULL) {
            found->start = at;
            found->end = end;
            found->target = target;
        }
    }
    return end;
}

static size_t read_cte(reader *state, size_t at)
{
    cte *found = add(state, &state->ctes, sizeof(*found));

    top(state)->expect = EXPECT_NOTHING;
    if (found != NULL) {
        found->name = at;
        found->depth = state->levels.count;
        found->to = SIZE_MAX;
    }
    return at + 1;
}

/* ---------------------------------------------------------------------------------------------- */
/* Levels of parentheses                                                                          */
/* ---------------------------------------------------------------------------------------------- */

/* Ends what belongs to a statement: at its end, and at UNION and its like. */
static void end_statement(reader *state)
{
    level *now = top(state);

    if ((now->verb == VERB_UPDATE || now->verb == VERB_DELETE) && !now->where) {
        state->lacks_where = true;
    }
    now->verb = VERB_NONE;
    now->expect = EXPECT_NOTHING;
    now->in_list = false;
    now->where = false;
}

static void open_level(reader *state, size_t at)
{
    level *before = top(state);
    expected expect = before->expect;
    bool body = before->in_with && before->verb != VERB_SELECT &&
                (is_before(state, at, 1, "as") || is_before(state, at, 1, "materialized")) &&
                state->ctes.count > before->first_cte;
    bool copied =
        expect == EXPECT_TARGET && before->verb == VERB_UTILITY && !is_before(state, at, 1, "only");
    level *now;

    before->expect = EXPECT_NOTHING;
    if (expect == EXPECT_SOURCE) {
        before->kind = LEVEL_QUERY;
    }
    now = add(state, &state->levels, sizeof(*now));
    if (now == NULL) {
        return;
    }
    now->body = body;
    if (body) {
        now->cte = state->ctes.count - 1;
        ((cte *)state->ctes.items)[now->cte].has_body = true;
    } else if (copied) {
        now->any = true; /* COPY (query) */
    } else if (expect == EXPECT_SOURCE || expect == EXPECT_TARGET) {
        /* a subquery, or tables that are joined, or ONLY (t) */
        now->expect = expect;
        now->in_list = expect == EXPECT_SOURCE;
    }
}

static void close_level(reader *state, size_t at)
{
    cte *ctes = state->ctes.items;
    level ended;

    end_statement(state);
    if (state->levels.count == 1) {
        return; /* one parenthesis too many: the server will say so */
    }
    ended = *top(state);
    for (size_t i = 0; i < state->ctes.count; i++) {
        if (ctes[i].depth == state->levels.count && ctes[i].to == SIZE_MAX) {
            ctes[i].to = at;
        }
    }
    state->levels.count--;
    if (ended.body) {
        const level *outer = top(state);

        ctes[ended.cte].from = outer->recursive ? outer->with_at : at;
    }
}

/* ---------------------------------------------------------------------------------------------- */
/* Words                                                                                          */
/* ---------------------------------------------------------------------------------------------- */

static void begin_with(reader *state, size_t at)
{
    level *now = top(state);

    now->kind = LEVEL_QUERY;
    now->in_with = true;
    now->in_list = false;
    now->with_at = at;
    now->first_cte = state->ctes.count;
    now->recursive = is(state, at + 1, "recursive");
    now->expect = EXPECT_CTE;
}

static void begin_statement(reader *state, verb verb, expected expect)
{
    level *now = top(state);

    now->kind = LEVEL_QUERY;
    now->verb = verb;
    now->in_with = false;
    now->in_list = false;
    now->expect = expect;
}

/* WITH that begins a list of CTEs, not WITH ORDINALITY, WITH TIES, WITH (fillfactor = 70), ... */
static bool begins_with(const reader *state, size_t at, const level *now)
{
    size_t name = is(state, at + 1, "recursive") ? at + 2 : at + 1;

    return (now->verb == VERB_NONE || now->verb == VERB_INSERT || now->verb == VERB_UTILITY) &&
           is_name(state, name) && (is(state, name + 1, "as") || is_char(state, name + 1, '('));
}

/* The word of a statement where one may begin.  Returns whether it was one. */
static bool read_verb(reader *state, size_t at)
{
    const level *now = top(state);
    bool outermost = state->levels.count == 1;
    /* words that are names, too, unless they stand where a CTE's body or the text begins */
    bool may_write = outermost || now->any || now->body || now->in_with;

    if (is(state, at, "with")) {
        if (begins_with(state, at, now)) {
            begin_with(state, at);
            return true;
        }
        return false;
    }
    if (is(state, at, "select")) {
        begin_statement(state, VERB_SELECT, EXPECT_NOTHING);
        return true;
    }
    if (now->verb != VERB_NONE) {
        return false;
    }
    if (is(state, at, "values") && is_char(state, at + 1, '(')) {
        begin_statement(state, VERB_SELECT, EXPECT_NOTHING);
    } else if (is(state, at, "table") && now->kind != LEVEL_OTHER) {
        begin_statement(state, VERB_SELECT, EXPECT_SOURCE);
    } else if (may_write && is(state, at, "insert")) {
        begin_statement(state, VERB_INSERT, EXPECT_NOTHING);
    } else if (may_write && is(state, at, "update")) {
        begin_statement(state, VERB_UPDATE, EXPECT_TARGET);
    } else if (may_write && is(state, at, "delete")) {
        begin_statement(state, VERB_DELETE, EXPECT_NOTHING);
    } else if (may_write && is(state, at, "merge")) {
        begin_statement(state, VERB_MERGE, EXPECT_NOTHING);
    } else {
        return false;
    }
    return true;
}

static bool is_distinct_from(const reader *state, size_t at)
{
    return is_before(state, at, 1, "distinct") &&
           (is_before(state, at, 2, "is") ||
            (is_before(state, at, 2, "not") && is_before(state, at, 3, "is")));
}

/* Words that end a list of tables. */
static const char *const list_ends[] = {"where",  "group",     "having", "order",      "limit",
                                        "offset", "fetch",     "for",    "window",     "set",
                                        "when",   "returning", "values", "overriding", NULL};

static const char *const set_words[] = {"union", "intersect", "except", NULL};

/* A word inside a query, none of a name. */
static void read_clause(reader *state, size_t at)
{
    level *now = top(state);

    if (is_one_of(state, at, set_words)) {
        end_statement(state);
        now->kind = LEVEL_QUERY;
    } else if (now->kind != LEVEL_QUERY || now->verb == VERB_UTILITY) {
        return;
    } else if (is(state, at, "from")) {
        if (now->verb == VERB_DELETE && is_before(state, at, 1, "delete")) {
            now->expect = EXPECT_TARGET;
        } else if (!is_distinct_from(state, at)) {
            now->expect = EXPECT_SOURCE;
            now->in_list = true;
        }
    } else if (is(state, at, "join")) {
        now->expect = EXPECT_SOURCE;
    } else if (is(state, at, "into") && now->verb != VERB_NONE) {
        now->expect = EXPECT_TARGET;
    } else if (is(state, at, "using") && !now->in_list &&
               (now->verb == VERB_DELETE || now->verb == VERB_MERGE)) {
        now->expect = EXPECT_SOURCE;
        now->in_list = true;
    } else if (is_one_of(state, at, list_ends)) {
        now->where = now->where || is(state, at, "where");
        now->in_list = false;
    }
}

/* Words between the one that announces a table and the table. */
static const char *const fillers[] = {"only",  "lateral",  "table",     "temp",   "temporary",
                                      "local", "unlogged", "recursive", "global", NULL};

static bool is_filler(const reader *state, size_t at)
{
    const level *now = state->levels.count > 0
                           ? (const level *)state->levels.items + state->levels.count - 1
                           : NULL;

    if (!is_one_of(state, at, fillers)) {
        return false;
    }
    if (now->expect == EXPECT_CTE) {
        return is(state, at, "recursive") && is_name(state, at + 1) && !is(state, at + 1, "as");
    }
    /* "temp" and others may be a table's name: then no name follows */
    return is_name(state, at + 1) || is(state, at, "only") || is(state, at, "lateral");
}

/* TRUNCATE, LOCK and COPY name tables at once; other commands may hold a query. */
static void begin_utility(reader *state, size_t at)
{
    level *now = top(state);
    bool copies = is(state, at, "copy");

    now->kind = LEVEL_QUERY;
    now->verb = VERB_UTILITY;
    if (copies || is(state, at, "truncate") || is(state, at, "lock")) {
        now->expect = EXPECT_TARGET;
        now->in_list = !copies;
    }
}

static size_t read_word(reader *state, size_t at)
{
    level *now = top(state);
    bool fresh = now->verb == VERB_NONE && !now->in_with;

    if (now->expect != EXPECT_NOTHING && is_filler(state, at)) {
        return at + 1;
    }
    if (token_at(state, at)->kind == PQE_TOKEN_WORD) {
        if (now->expect == EXPECT_SOURCE && is(state, at, "rows") && is(state, at + 1, "from")) {
            now->expect = EXPECT_NOTHING;
            return at + 2;
        }
        if (now->expect != EXPECT_TARGET && now->expect != EXPECT_CTE && read_verb(state, at)) {
            return at + 1;
        }
    }
    if (now->expect == EXPECT_CTE) {
        return read_cte(state, at);
    }
    if (now->expect != EXPECT_NOTHING) {
        now->kind = LEVEL_QUERY;
        return read_table(state, at);
    }
    if (fresh && now->kind == LEVEL_UNKNOWN && !is_one_of(state, at, set_words)) {
        if (state->levels.count == 1) {
            begin_utility(state, at);
        } else {
            now->kind = LEVEL_OTHER;
        }
        return at + 1;
    }
    if (token_at(state, at)->kind == PQE_TOKEN_WORD) {
        read_clause(state, at);
    }
    return at + 1;
}

static size_t read_other(reader *state, size_t at)
{
    level *now = top(state);

    if (is_char(state, at, '(')) {
        open_level(state, at);
    } else if (is_char(state, at, ')')) {
        close_level(state, at);
    } else if (is_char(state, at, ',')) {
        if (now->in_with && now->verb != VERB_SELECT) {
            now->expect = EXPECT_CTE;
        } else if (now->in_list) {
            now->expect = now->verb == VERB_UTILITY ? EXPECT_TARGET : EXPECT_SOURCE;
        }
    } else if (now->kind == LEVEL_UNKNOWN && state->levels.count > 1) {
        now->kind = LEVEL_OTHER;
    }
    return at + 1;
}

/* ---------------------------------------------------------------------------------------------- */
/* The outcome                                                                                    */
/* ---------------------------------------------------------------------------------------------- */

static bool is_plain(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool letter =
            (name[i] >= 'a' && name[i] <= 'z') || name[i] == '_' || (unsigned char)name[i] >= 0x80;

        if (!letter && (i == 0 || !((name[i] >= '0' && name[i] <= '9') || name[i] == '$'))) {
            return false;
        }
    }
    return length > 0;
}

/*
 * One part of a name: unquoted in lower case, quoted without the quotes where it needs none.  Escapes
 * of U&"" are left as they are.
 */
static void append_part(pqe_buffer *to, const pqe_token *token)
{
    bool prefix = token->kind == PQE_TOKEN_QUOTED && token->start[0] != '"' &&
                  memchr(token->start, '\\', token->length) == NULL;
    const char *start = token->start + (prefix ? strlen("U&") : 0);
    size_t length = token->length - (prefix ? strlen("U&") : 0);

    if (token->kind == PQE_TOKEN_QUOTED && *start == '"' && is_plain(start + 1, length - 2)) {
        pqe_buffer_append_bytes(to, start + 1, length - 2);
    } else if (token->kind == PQE_TOKEN_QUOTED) {
        pqe_buffer_append_bytes(to, start, length);
    } else {
        for (size_t i = 0; i < token->length; i++) {
            char c = token->start[i];

            pqe_buffer_append_char(to, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
        }
    }
}

static void append_name(const reader *state, pqe_buffer *to, size_t start, size_t end)
{
    pqe_buffer_reset(to);
    for (size_t at = start; at < end; at += 2) {
        if (at > start) {
            pqe_buffer_append_char(to, '.');
        }
        append_part(to, token_at(state, at));
    }
}

/* Whether the name is that of a CTE where it stands. */
static bool is_cte(const reader *state, const reference *name, const char *text,
                   pqe_buffer *scratch)
{
    const cte *ctes = state->ctes.items;

    if (name->target || name->end - name->start != 1) {
        return false;
    }
    for (size_t i = 0; i < state->ctes.count; i++) {
        if (ctes[i].has_body && name->start > ctes[i].from && name->start < ctes[i].to) {
            append_name(state, scratch, ctes[i].name, ctes[i].name + 1);
            if (!scratch->failed && strcmp(scratch->data, text) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool is_listed(const pqe_buffer *names, const char *name)
{
    for (const char *at = names->data; at != NULL && at < names->data + names->length;
         at += strlen(at) + 1) {
        if (strcmp(at, name) == 0) {
            return true;
        }
    }
    return false;
}

static void collect(reader *state, pqe_tables *tables, bool targets, pqe_buffer *names)
{
    const reference *references = state->references.items;
    pqe_buffer name = PQE_BUFFER_INIT;
    pqe_buffer scratch = PQE_BUFFER_INIT;

    for (size_t i = 0; i < state->references.count; i++) {
        const reference *at = &references[i];

        if (at->target != targets) {
            continue;
        }
        append_name(state, &name, at->start, at->end);
        if (name.failed || is_cte(state, at, name.data, &scratch) || is_listed(names, name.data)) {
            continue;
        }
        pqe_buffer_append_bytes(names, name.data, name.length + 1);
        tables->count++;
    }
    state->failed = state->failed || name.failed || scratch.failed;
    pqe_buffer_free(&name);
    pqe_buffer_free(&scratch);
}

static void read_tokens(reader *state, const char *sql)
{
    pqe_lexer lexer = {.at = sql};
    pqe_token token = pqe_lexer_next(&lexer);

    while (token.kind != PQE_TOKEN_END && token.kind != PQE_TOKEN_OPEN && !state->failed) {
        if (token.kind != PQE_TOKEN_SPACE) {
            pqe_token *kept = add(state, &state->tokens, sizeof(token));

            if (kept != NULL) {
                *kept = token;
            }
        }
        token = pqe_lexer_next(&lexer);
    }
}

bool pqe_tables_read(pqe_tables *tables, const char *sql)
{
    reader state = {.failed = false};
    pqe_buffer names = PQE_BUFFER_INIT;

    memset(tables, 0, sizeof(*tables));
    read_tokens(&state, sql);
    (void)add(&state, &state.levels, sizeof(level));
    for (size_t at = 0; at < state.tokens.count && !state.failed;) {
        at = is_name(&state, at) ? read_word(&state, at) : read_other(&state, at);
    }
    if (!state.failed) {
        end_statement(&state);
        collect(&state, tables, true, &names);
        tables->writes = tables->count > 0;
        collect(&state, tables, false, &names);
    }
    tables->lacks_where = state.lacks_where;
    if (state.failed || names.failed) {
        state.failed = true;
        tables->count = 0;
    } else if (tables->count > 0) {
        tables->names = pqe_buffer_take(&names);
    }
    pqe_buffer_free(&names);
    free(state.tokens.items);
    free(state.levels.items);
    free(state.ctes.items);
    free(state.references.items);
    return !state.failed;
}

void pqe_tables_free(pqe_tables *tables)
{
    free(tables->names);
    tables->names = NULL;
    tables->count = 0;
}

const char *pqe_tables_name(const pqe_tables *tables, size_t number)
{
    const char *at = tables->names;

    if (number >= tables->count) {
        return NULL;
    }
    while (number > 0) {
        at += strlen(at) + 1;
        number--;
    }
    return at;
}
