/*
 * test_corpus.c - what the client reads off statements, against PostgreSQL's own parser
 *
 * libpg_query is that parser as a library.  Each statement of corpus.sql and of the extension's own
 * tests is read by both: its placeholders, its kind, its tables, and whether a WHERE is missing.
 */
#include "support.h"

#include <dirent.h>
#include <pg_query.h>

#include "buffer.h"
#include "lexer.h"
#include "statement.h"

/* ---------------------------------------------------------------------------------------------- */
/* JSON, as libpg_query writes it                                                                 */
/* ---------------------------------------------------------------------------------------------- */

typedef struct json {
    char *key;    /* in an object */
    char *string; /* NULL for what is none */
    long number;
    struct json *first; /* members or elements */
    struct json *next;
} json;

static char *read_string(const char **at)
{
    pqe_buffer text = PQE_BUFFER_INIT;

    pqe_buffer_append(&text, "");
    for ((*at)++; **at != '"'; (*at)++) {
        if (**at == '\\') {
            (*at)++;
            pqe_buffer_append_char(&text, **at == 'n' ? '\n' : **at == 't' ? '\t' : **at);
        } else {
            pqe_buffer_append_char(&text, **at);
        }
    }
    (*at)++;
    return pqe_buffer_take(&text);
}

static json *read_value(const char **at)
{
    json *value = calloc(1, sizeof(*value));
    json **last = &value->first;

    if (**at == '"') {
        value->string = read_string(at);
    } else if (**at == '{' || **at == '[') {
        bool object = **at == '{';

        for ((*at)++; **at != '}' && **at != ']';) {
            char *key = object ? read_string(at) : NULL;

            *at += object ? 1 : 0; /* the colon */
            *last = read_value(at);
            (*last)->key = key;
            last = &(*last)->next;
            *at += **at == ',' ? 1 : 0;
        }
        (*at)++;
    } else {
        value->number = strtol(*at, NULL, 10);
        *at += strcspn(*at, ",}]");
    }
    return value;
}

static void free_json(json *value)
{
    while (value != NULL) {
        json *next = value->next;

        free_json(value->first);
        free(value->key);
        free(value->string);
        free(value);
        value = next;
    }
}

static const json *member(const json *object, const char *key)
{
    const json *at = object != NULL ? object->first : NULL;

    while (at != NULL && (at->key == NULL || strcmp(at->key, key) != 0)) {
        at = at->next;
    }
    return at;
}

/* ---------------------------------------------------------------------------------------------- */
/* What the parse tree says                                                                       */
/* ---------------------------------------------------------------------------------------------- */

typedef struct scope {
    const char *names[64]; /* of CTEs */
    size_t count;
} scope;

typedef struct truth {
    char *tables[64];
    size_t count;
    bool lacks_where;
} truth;

static void append_part(pqe_buffer *to, const json *part)
{
    bool plain = true;

    for (const char *c = part->string; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || *c == '_' || (unsigned char)*c >= 0x80;

        plain = plain && (letter || (c > part->string && ((*c >= '0' && *c <= '9') || *c == '$')));
    }
    if (plain) {
        pqe_buffer_append(to, part->string);
        return;
    }
    pqe_buffer_append_char(to, '"');
    for (const char *c = part->string; *c != '\0'; c++) {
        pqe_buffer_append(to, *c == '"' ? "\"" : "");
        pqe_buffer_append_char(to, *c);
    }
    pqe_buffer_append_char(to, '"');
}

static void add_table(truth *of, const json *range, const scope *ctes)
{
    static const char *const keys[] = {"catalogname", "schemaname", "relname"};
    pqe_buffer name = PQE_BUFFER_INIT;
    char *text;

    for (size_t i = 0; ctes != NULL && member(range, "schemaname") == NULL && i < ctes->count;
         i++) {
        if (strcmp(ctes->names[i], member(range, "relname")->string) == 0) {
            return;
        }
    }
    for (size_t i = 0; i < 3; i++) {
        const json *part = member(range, keys[i]);

        if (part != NULL) {
            pqe_buffer_append(&name, name.length > 0 ? "." : "");
            append_part(&name, part);
        }
    }
    text = pqe_buffer_take(&name);
    for (size_t i = 0; i < of->count; i++) {
        if (strcmp(of->tables[i], text) == 0) {
            free(text);
            return;
        }
    }
    assert_true(of->count < 64);
    of->tables[of->count++] = text;
}

static void walk(truth *of, const json *node, const scope *outer)
{
    const json *with = member(node, "withClause");
    scope ctes = *outer;

    if (with != NULL) {
        bool recursive = member(with, "recursive") != NULL;

        for (const json *at = member(with, "ctes")->first; recursive && at != NULL; at = at->next) {
            ctes.names[ctes.count++] = member(member(at, "CommonTableExpr"), "ctename")->string;
        }
        for (const json *at = member(with, "ctes")->first; at != NULL; at = at->next) {
            const json *expression = member(at, "CommonTableExpr");

            walk(of, expression, &ctes);
            if (!recursive) {
                ctes.names[ctes.count++] = member(expression, "ctename")->string;
            }
        }
    }
    for (const json *at = node->first; at != NULL; at = at->next) {
        const char *key = at->key != NULL ? at->key : "";

        if (strcmp(key, "withClause") == 0 || strcmp(key, "lockingClause") == 0) {
            continue;
        }
        if (strcmp(key, "RangeVar") == 0) {
            add_table(of, at, &ctes);
        } else if (member(at, "relname") != NULL) {
            add_table(of, at, NULL); /* it is written to */
        } else {
            if ((strcmp(key, "DeleteStmt") == 0 || strcmp(key, "UpdateStmt") == 0) &&
                member(at, "whereClause") == NULL) {
                of->lacks_where = true;
            }
            walk(of, at, &ctes);
        }
    }
}

static pqe_statement_kind kind_of(const char *node)
{
    static const struct {
        const char *node;
        pqe_statement_kind kind;
    } kinds[] = {
        {"SelectStmt", PQE_STATEMENT_SELECT}, {"InsertStmt", PQE_STATEMENT_INSERT},
        {"UpdateStmt", PQE_STATEMENT_UPDATE}, {"DeleteStmt", PQE_STATEMENT_DELETE},
        {"MergeStmt", PQE_STATEMENT_MERGE},   {"TransactionStmt", PQE_STATEMENT_TRANSACTION}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(node, kinds[i].node) == 0) {
            return kinds[i].kind;
        }
    }
    return PQE_STATEMENT_OTHER;
}

/* ---------------------------------------------------------------------------------------------- */
/* Comparing                                                                                      */
/* ---------------------------------------------------------------------------------------------- */

static bool same_tables(const truth *of, const pqe_tables *tables)
{
    size_t found = 0;

    for (size_t i = 0; i < of->count; i++) {
        for (size_t j = 0; j < tables->count; j++) {
            found += strcmp(of->tables[i], pqe_tables_name(tables, j)) == 0 ? 1 : 0;
        }
    }
    return found == of->count && found == tables->count;
}

static void complain(const char *sql, const truth *of, const pqe_statement *statement)
{
    print_error("%s\n  parser: ", sql);
    for (size_t i = 0; i < of->count; i++) {
        print_error("%s ", of->tables[i]);
    }
    print_error("%s\n  client: ", of->lacks_where ? "(no WHERE)" : "");
    for (size_t i = 0; i < statement->tables.count; i++) {
        print_error("%s ", pqe_tables_name(&statement->tables, i));
    }
    print_error("%s\n", statement->tables.lacks_where ? "(no WHERE)" : "");
}

/* Whether a $n of the parse tree begins at that byte. */
static bool has_parameter(const json *node, long location)
{
    const json *parameter = member(node, "ParamRef");

    if (parameter != NULL && member(parameter, "location")->number == location) {
        return true;
    }
    for (const json *at = node->first; at != NULL; at = at->next) {
        if (has_parameter(at, location)) {
            return true;
        }
    }
    return false;
}

static size_t count_parameters(const json *node)
{
    size_t count = member(node, "ParamRef") != NULL ? 1 : 0;

    for (const json *at = node->first; at != NULL; at = at->next) {
        count += count_parameters(at);
    }
    return count;
}

/* Whether both see the same $n at the same places; where they were %s, as many as there were. */
static bool same_parameters(const json *tree, const pqe_statement *statement)
{
    pqe_lexer lexer = {.at = statement->sql};
    pqe_token token = pqe_lexer_next(&lexer);
    size_t count = 0;

    for (; token.kind != PQE_TOKEN_END; token = pqe_lexer_next(&lexer)) {
        if (token.kind == PQE_TOKEN_PARAMETER) {
            count++;
            if (!has_parameter(tree, token.start - statement->sql)) {
                return false;
            }
        }
    }
    return count == count_parameters(tree) &&
           (statement->own == NULL || count == statement->parameter_count);
}

/*
 * Reads one statement by both.  Returns 0 where they agree, 1 where they do not, -1 where PostgreSQL
 * does not take the statement.
 */
static int compare(const char *sql, bool tables_of_all)
{
    pqe_statement statement;
    pqe_error error;
    PgQueryParseResult parsed;
    truth of = {.count = 0};
    scope none = {.count = 0};
    const json *node;
    json *tree;
    const char *at;
    int wrong;

    if (pqe_statement_read(&statement, sql, &error) != PQE_OK) {
        return -1;
    }
    parsed = pg_query_parse(statement.sql);
    if (parsed.error != NULL) {
        pg_query_free_parse_result(parsed);
        pqe_statement_free(&statement);
        return -1;
    }
    at = parsed.parse_tree;
    tree = read_value(&at);
    node = member(tree, "stmts")->first;
    if (node == NULL || node->next != NULL) {
        free_json(tree);
        pg_query_free_parse_result(parsed);
        pqe_statement_free(&statement);
        return -1;
    }
    node = member(node, "stmt");
    walk(&of, node, &none);
    wrong = kind_of(node->first->key) != statement.kind;
    if (tables_of_all || statement.kind <= PQE_STATEMENT_MERGE) {
        wrong |=
            !same_tables(&of, &statement.tables) || of.lacks_where != statement.tables.lacks_where;
    }
    wrong |= !same_parameters(tree, &statement);
    if (wrong) {
        complain(sql, &of, &statement);
    }
    for (size_t i = 0; i < of.count; i++) {
        free(of.tables[i]);
    }
    free_json(tree);
    pg_query_free_parse_result(parsed);
    pqe_statement_free(&statement);
    return wrong;
}

static char *read_file(const char *path)
{
    FILE *file = fopen(path, "r");
    pqe_buffer text = PQE_BUFFER_INIT;
    char line[4096];

    if (file == NULL) {
        fail_msg("cannot read %s", path);
    }
    pqe_buffer_append(&text, "");
    while (fgets(line, sizeof(line), file) != NULL) {
        /* a command of psql's is none of the server's */
        pqe_buffer_append(&text, line[0] == '\\' ? "\n" : line);
    }
    fclose(file);
    return pqe_buffer_take(&text);
}

static const char *data_folder(void)
{
    const char *folder = getenv("PQE_TEST_DATA");

    return folder != NULL ? folder : "../test/client";
}

static void the_corpus(void **state)
{
    char path[4096];
    char *text;
    int wrong = 0;
    int count = 0;

    (void)state;
    snprintf(path, sizeof(path), "%s/corpus.sql", data_folder());
    text = read_file(path);
    for (char *at = text; *at != '\0'; count++) {
        char *end = strstr(at, "\n\n");

        end = end != NULL ? end : at + strlen(at) - 1;
        *end = '\0';
        if (compare(at, true) != 0) {
            print_error("not agreed on: %s\n", at);
            wrong++;
        }
        at = end + 1 + (end[1] == '\n' ? 1 : 0);
    }
    free(text);
    assert_true(count > 80);
    assert_int_equal(wrong, 0);
}

/* The extension's own tests: what is written there is not written for this test. */
static void our_own_statements(void **state)
{
    char folder[4096];
    struct dirent *entry;
    DIR *directory;
    int agreed = 0;
    int wrong = 0;

    (void)state;
    snprintf(folder, sizeof(folder), "%s/../../sql", data_folder());
    directory = opendir(folder);
    assert_non_null(directory);
    while ((entry = readdir(directory)) != NULL) {
        char path[8192];
        PgQuerySplitResult split;
        char *text;

        if (strstr(entry->d_name, ".sql") == NULL) {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        text = read_file(path);
        split = pg_query_split_with_scanner(text);
        for (int i = 0; i < split.n_stmts; i++) {
            char *sql =
                strndup(text + split.stmts[i]->stmt_location, (size_t)split.stmts[i]->stmt_len);
            int found = compare(sql, false);

            agreed += found == 0 ? 1 : 0;
            wrong += found == 1 ? 1 : 0;
            free(sql);
        }
        pg_query_free_split_result(split);
        free(text);
    }
    closedir(directory);
    print_message("%d statements of our own were compared\n", agreed + wrong);
    assert_int_equal(wrong, 0);
    assert_true(agreed > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_corpus),
        cmocka_unit_test(our_own_statements),
    };

    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
