/*
 * report.h - a plan for people: on a terminal, and as a page
 */
#ifndef PQE_CLI_REPORT_H
#define PQE_CLI_REPORT_H

#include <libpq-fe.h>

#include "buffer.h"

/*
 * The query whose rows the functions here take: $1 the models, $2 the options; %s in it is to be
 * "true" or "false": with the objects' texts before and after, or without.
 */
extern const char report_query[];

/* Its columns. */
enum {
    REPORT_SEQ,
    REPORT_KIND,
    REPORT_OBJECT,
    REPORT_ACTION,
    REPORT_STATEMENT,
    REPORT_HAZARDS, /* separated by ", " */
    REPORT_TRANSACTIONAL,
    REPORT_WANTED, /* it is to be run; not what is only dropped with --allow-drop */
    REPORT_PART_OF_KIND,
    REPORT_PART_OF,
    REPORT_CHANGE,
    REPORT_BEFORE,
    REPORT_AFTER
};

/* What the rows hold, in numbers. */
typedef struct report_counts {
    int steps;
    int created;
    int altered;
    int renamed;
    int dropped;
    int alone;    /* steps outside a transaction */
    int withheld; /* steps that are not run without --allow-drop */
    int hazards;  /* steps with a hazard */
} report_counts;

void report_count(const PGresult *rows, report_counts *counts);
bool report_flag(const PGresult *rows, int row, int column);

/* Is the row the first of its object? */
bool report_is_first(const PGresult *rows, int row);

/* Do both rows speak of one object? */
bool report_is_same(const PGresult *rows, int row, int other);

/* "3 steps: 1 object created, ..." */
void report_summary(const report_counts *counts, pqe_buffer *text);

/* Hazards, the steps of each object, a summary. */
void report_terminal(const PGresult *rows, bool colour, pqe_buffer *text);

/* What stands at the top of the page. */
typedef struct report_head {
    const char *database;
    const char *server;
    const char *time;
    const char *models;
} report_head;

/*
 * A page that needs nothing but itself.  picture is SVG, or NULL; then its place holds the words of
 * picture_note, as otherwise the caption.
 */
void report_page(const PGresult *rows, const report_head *head, const char *picture,
                 const char *picture_note, pqe_buffer *page);

/* html_diff.c: appends two texts side by side, line by line, with what differs marked. */
void html_diff(pqe_buffer *page, const char *before, const char *after);

/* Appends text for HTML. */
void html_text(pqe_buffer *page, const char *text);
void html_bytes(pqe_buffer *page, const char *text, size_t length);

/*
 * graphviz.c: runs dot.  Gives the <svg> element, to be freed with free, or NULL with a word on why
 * not in note.
 */
char *graphviz_svg(const char *dot, char *note, size_t note_size);

#endif /* PQE_CLI_REPORT_H */
