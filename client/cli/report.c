/*
 * report.c - a plan on a terminal: hazards first, then the steps of each object
 */
#include <stdio.h>
#include <string.h>

#include "print.h"
#include "report.h"

/* "wanted" as in pqe_plan_query. */
const char report_query[] =
    "SELECT seq, kind, object, action, statement,"
    " pg_catalog.array_to_string(hazards, ', '), transactional,"
    " phase <> 'drop' OR coalesce(($2::jsonb ->> 'allow_drop')::boolean, false),"
    " part_of_kind, part_of, change, before, after"
    " FROM pqengine.report($1, $2::jsonb, %s) ORDER BY seq";

#define BOLD "\033[1m"
#define RED "\033[31m"
#define GREEN "\033[32m"
#define YELLOW "\033[33m"
#define CYAN "\033[36m"
#define DIM "\033[2m"
#define PLAIN "\033[0m"

typedef struct terminal {
    const PGresult *rows;
    pqe_buffer *text;
    bool colour;
} terminal;

static const char *value(const PGresult *rows, int row, int column)
{
    return PQgetvalue(rows, row, column);
}

bool report_flag(const PGresult *rows, int row, int column)
{
    return value(rows, row, column)[0] == 't';
}

bool report_is_same(const PGresult *rows, int row, int other)
{
    return strcmp(value(rows, row, REPORT_PART_OF), value(rows, other, REPORT_PART_OF)) == 0 &&
           strcmp(value(rows, row, REPORT_PART_OF_KIND), value(rows, other, REPORT_PART_OF_KIND)) ==
               0 &&
           strcmp(value(rows, row, REPORT_CHANGE), value(rows, other, REPORT_CHANGE)) == 0;
}

bool report_is_first(const PGresult *rows, int row)
{
    for (int before = 0; before < row; before++) {
        if (report_is_same(rows, row, before)) {
            return false;
        }
    }
    return true;
}

static void count_object(const char *change, report_counts *counts)
{
    if (strcmp(change, "create") == 0) {
        counts->created++;
    } else if (strcmp(change, "drop") == 0) {
        counts->dropped++;
    } else if (strcmp(change, "rename") == 0) {
        counts->renamed++;
    } else {
        counts->altered++;
    }
}

void report_count(const PGresult *rows, report_counts *counts)
{
    memset(counts, 0, sizeof(*counts));
    counts->steps = PQntuples(rows);
    for (int row = 0; row < counts->steps; row++) {
        counts->alone += report_flag(rows, row, REPORT_TRANSACTIONAL) ? 0 : 1;
        counts->withheld += report_flag(rows, row, REPORT_WANTED) ? 0 : 1;
        counts->hazards += value(rows, row, REPORT_HAZARDS)[0] != '\0' ? 1 : 0;
        if (report_is_first(rows, row)) {
            count_object(value(rows, row, REPORT_CHANGE), counts);
        }
    }
}

static void add_count(pqe_buffer *text, const char **separator, int count, const char *what)
{
    if (count > 0) {
        pqe_buffer_printf(text, "%s%d %s", *separator, count, what);
        *separator = ", ";
    }
}

void report_summary(const report_counts *counts, pqe_buffer *text)
{
    const char *separator = ": ";

    if (counts->steps == 0) {
        pqe_buffer_append(text, "Nothing to do: the database is as the models want it.");
        return;
    }
    pqe_buffer_printf(text, "%d step%s", counts->steps, counts->steps == 1 ? "" : "s");
    add_count(text, &separator, counts->created, "created");
    add_count(text, &separator, counts->altered, "altered");
    add_count(text, &separator, counts->renamed, "renamed");
    add_count(text, &separator, counts->dropped, "dropped");
    separator = "; ";
    add_count(text, &separator, counts->hazards, "with hazards");
    separator = "; ";
    add_count(text, &separator, counts->alone, "outside a transaction");
    separator = "; ";
    add_count(text, &separator, counts->withheld, "not run without --allow-drop");
    pqe_buffer_append_char(text, '.');
}

/* ---------------------------------------------------------------------------------------------- */
/* The terminal                                                                                   */
/* ---------------------------------------------------------------------------------------------- */

static void paint(const terminal *t, const char *code)
{
    if (t->colour) {
        pqe_buffer_append(t->text, code);
    }
}

/* A name or a statement must not move the cursor. */
static void append_shown(pqe_buffer *text, const char *shown, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)shown[i];

        pqe_buffer_append_char(text, (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c);
    }
}

static void append_line(pqe_buffer *text, const char *line)
{
    append_shown(text, line, strlen(line));
}

static const char *colour_of_hazard(const char *hazard)
{
    return strncmp(hazard, "deletes_data", strlen("deletes_data")) == 0 ? RED : YELLOW;
}

static void append_hazards_of(const terminal *t, int row)
{
    const char *hazards = value(t->rows, row, REPORT_HAZARDS);

    pqe_buffer_printf(t->text, "  %4s. ", value(t->rows, row, REPORT_SEQ));
    append_line(t->text, value(t->rows, row, REPORT_ACTION));
    pqe_buffer_append_char(t->text, ' ');
    append_line(t->text, value(t->rows, row, REPORT_KIND));
    pqe_buffer_append_char(t->text, ' ');
    paint(t, BOLD);
    append_line(t->text, value(t->rows, row, REPORT_OBJECT));
    paint(t, PLAIN);
    pqe_buffer_append(t->text, ": ");
    while (*hazards != '\0') {
        size_t length = strcspn(hazards, ",");

        paint(t, colour_of_hazard(hazards));
        append_shown(t->text, hazards, length);
        paint(t, PLAIN);
        hazards += length;
        if (*hazards == ',') {
            pqe_buffer_append(t->text, ", ");
            hazards += strspn(hazards, ", ");
        }
    }
    pqe_buffer_append_char(t->text, '\n');
}

static void append_hazards(const terminal *t)
{
    bool any = false;

    for (int row = 0; row < PQntuples(t->rows); row++) {
        if (value(t->rows, row, REPORT_HAZARDS)[0] == '\0') {
            continue;
        }
        if (!any) {
            paint(t, BOLD);
            pqe_buffer_append(t->text, "Hazards");
            paint(t, PLAIN);
            pqe_buffer_append_char(t->text, '\n');
            any = true;
        }
        append_hazards_of(t, row);
    }
    if (any) {
        pqe_buffer_append_char(t->text, '\n');
    }
}

static void append_title(const terminal *t, int row)
{
    const char *change = value(t->rows, row, REPORT_CHANGE);
    const char *sign = "~";
    const char *colour = YELLOW;

    if (strcmp(change, "create") == 0) {
        sign = "+";
        colour = GREEN;
    } else if (strcmp(change, "drop") == 0) {
        sign = "-";
        colour = RED;
    } else if (strcmp(change, "rename") == 0) {
        sign = ">";
        colour = CYAN;
    }
    paint(t, colour);
    pqe_buffer_printf(t->text, "%s %s ", sign, change);
    append_line(t->text, value(t->rows, row, REPORT_PART_OF_KIND));
    pqe_buffer_append_char(t->text, ' ');
    paint(t, BOLD);
    append_line(t->text, value(t->rows, row, REPORT_PART_OF));
    paint(t, PLAIN);
    pqe_buffer_append_char(t->text, '\n');
}

/* "   3. STATEMENT", further lines below it. */
static void append_step(const terminal *t, int row)
{
    const char *statement = value(t->rows, row, REPORT_STATEMENT);
    bool wanted = report_flag(t->rows, row, REPORT_WANTED);

    pqe_buffer_printf(t->text, "  %4s. ", value(t->rows, row, REPORT_SEQ));
    if (!wanted) {
        paint(t, DIM);
    }
    for (;;) {
        size_t length = strcspn(statement, "\n");

        append_shown(t->text, statement, length);
        statement += length;
        if (*statement == '\0') {
            break;
        }
        statement++;
        pqe_buffer_append(t->text, "\n        ");
    }
    pqe_buffer_append_char(t->text, ';');
    if (!wanted) {
        paint(t, PLAIN);
        pqe_buffer_append(t->text, "  (not run without --allow-drop)");
    } else if (!report_flag(t->rows, row, REPORT_TRANSACTIONAL)) {
        pqe_buffer_append(t->text, "  (outside a transaction)");
    }
    pqe_buffer_append_char(t->text, '\n');
}

void report_terminal(const PGresult *rows, bool colour, pqe_buffer *text)
{
    terminal t = {rows, text, colour};
    report_counts counts;
    int count = PQntuples(rows);

    append_hazards(&t);
    for (int row = 0; row < count; row++) {
        if (!report_is_first(rows, row)) {
            continue;
        }
        append_title(&t, row);
        for (int step = row; step < count; step++) {
            if (report_is_same(rows, row, step)) {
                append_step(&t, step);
            }
        }
        pqe_buffer_append_char(text, '\n');
    }
    report_count(rows, &counts);
    report_summary(&counts, text);
    pqe_buffer_append_char(text, '\n');
}
