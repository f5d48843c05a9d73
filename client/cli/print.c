/*
 * print.c - results for people and for programs
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "print.h"

/* The types whose text form is JSON already, by the server's fixed oids. */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_JSON = 114,
    OID_JSONB = 3802
};

void json_string(pqe_buffer *to, const char *value)
{
    if (value == NULL) {
        pqe_buffer_append(to, "null");
        return;
    }
    pqe_buffer_append_char(to, '"');
    for (; *value != '\0'; value++) {
        unsigned char c = (unsigned char)*value;

        if (c == '"' || c == '\\') {
            pqe_buffer_printf(to, "\\%c", c);
        } else if (c == '\n') {
            pqe_buffer_append(to, "\\n");
        } else if (c == '\t') {
            pqe_buffer_append(to, "\\t");
        } else if (c < 0x20 || c == 0x7f) {
            pqe_buffer_printf(to, "\\u%04x", c);
        } else {
            pqe_buffer_append_char(to, (char)c);
        }
    }
    pqe_buffer_append_char(to, '"');
}

static void json_value(pqe_buffer *to, const PGresult *result, int row, int column)
{
    const char *value = PQgetvalue(result, row, column);

    if (PQgetisnull(result, row, column)) {
        json_string(to, NULL);
        return;
    }
    switch (PQftype(result, column)) {
    case OID_BOOL:
        pqe_buffer_append(to, value[0] == 't' ? "true" : "false");
        break;
    case OID_INT2:
    case OID_INT4:
    case OID_INT8:
    case OID_JSON:
    case OID_JSONB:
        pqe_buffer_append(to, value);
        break;
    default:
        json_string(to, value);
    }
}

void json_rows(pqe_buffer *to, const PGresult *result)
{
    pqe_buffer_append_char(to, '[');
    for (int row = 0; row < PQntuples(result); row++) {
        pqe_buffer_append(to, row > 0 ? ",\n {" : "\n {");
        for (int column = 0; column < PQnfields(result); column++) {
            pqe_buffer_append(to, column > 0 ? ", " : "");
            json_string(to, PQfname(result, column));
            pqe_buffer_append(to, ": ");
            json_value(to, result, row, column);
        }
        pqe_buffer_append_char(to, '}');
    }
    pqe_buffer_append(to, PQntuples(result) > 0 ? "\n]" : "]");
}

/* How many columns of a terminal a text takes: its characters, without their width. */
static int text_width(const char *text)
{
    int width = 0;

    for (; *text != '\0' && *text != '\n'; text++) {
        if (((unsigned char)*text & 0xC0) != 0x80) {
            width++;
        }
    }
    return width;
}

static void print_row(const PGresult *result, int row, const int *widths)
{
    int count = PQnfields(result);

    for (int column = 0; column < count; column++) {
        const char *value = row < 0 ? PQfname(result, column) : PQgetvalue(result, row, column);

        (void)printf("%.*s", (int)strcspn(value, "\n"), value);
        if (column + 1 < count) {
            (void)printf("%*s", widths[column] - text_width(value) + 2, "");
        }
    }
    (void)printf("\n");
}

void print_table(const PGresult *result)
{
    int count = PQnfields(result);
    int *widths = calloc((size_t)count + 1, sizeof(int));

    if (widths == NULL) {
        return;
    }
    for (int column = 0; column < count; column++) {
        widths[column] = text_width(PQfname(result, column));
        for (int row = 0; row < PQntuples(result); row++) {
            int width = text_width(PQgetvalue(result, row, column));

            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    for (int row = -1; row < PQntuples(result); row++) {
        print_row(result, row, widths);
    }
    free(widths);
}

int print_text(pqe_buffer *text)
{
    int code = CLI_DONE;

    if (pqe_buffer_failed(text)) {
        (void)fprintf(stderr, "pqengine: error: out of memory\n");
        code = CLI_FAILED;
    } else if (text->length > 0 && fwrite(text->data, 1, text->length, stdout) != text->length) {
        perror("pqengine: error: cannot write to stdout");
        code = CLI_FAILED;
    }
    pqe_buffer_free(text);
    return code;
}
