/*
 * html_diff.c - two texts side by side
 */
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* Larger pairs of texts are not compared line by line. */
#define MOST_CELLS 4000000

typedef struct lines {
    const char **starts;
    size_t *lengths;
    size_t count;
} lines;

void html_bytes(pqe_buffer *page, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        switch (c) {
        case '&':
            pqe_buffer_append(page, "&amp;");
            break;
        case '<':
            pqe_buffer_append(page, "&lt;");
            break;
        case '>':
            pqe_buffer_append(page, "&gt;");
            break;
        case '"':
            pqe_buffer_append(page, "&quot;");
            break;
        case '\'':
            pqe_buffer_append(page, "&#39;");
            break;
        default:
            if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f) {
                pqe_buffer_append(page, "\xef\xbf\xbd");
            } else {
                pqe_buffer_append_char(page, (char)c);
            }
        }
    }
}

void html_text(pqe_buffer *page, const char *text)
{
    html_bytes(page, text, strlen(text));
}

static bool split(const char *text, lines *l)
{
    size_t count = 0;

    for (const char *at = text; *at != '\0'; at++) {
        count += *at == '\n' || at[1] == '\0' ? 1 : 0;
    }
    l->count = count;
    l->starts = calloc(count + 1, sizeof(*l->starts));
    l->lengths = calloc(count + 1, sizeof(*l->lengths));
    if (l->starts == NULL || l->lengths == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        l->starts[i] = text;
        l->lengths[i] = strcspn(text, "\n");
        text += l->lengths[i] + 1;
    }
    return true;
}

static void free_lines(lines *l)
{
    free(l->starts);
    free(l->lengths);
}

static bool same_line(const lines *a, size_t i, const lines *b, size_t j)
{
    return a->lengths[i] == b->lengths[j] && memcmp(a->starts[i], b->starts[j], a->lengths[i]) == 0;
}

/*
 * How many lines the rests from i and j on have in common, for each i and j; NULL where that is too
 * much.
 */
static unsigned *common_rests(const lines *a, const lines *b)
{
    size_t width = b->count + 1;
    unsigned *common;

    if ((a->count + 1) * width > MOST_CELLS) {
        return NULL;
    }
    common = calloc((a->count + 1) * width, sizeof(*common));
    for (size_t i = a->count; common != NULL && i-- > 0;) {
        for (size_t j = b->count; j-- > 0;) {
            unsigned down = common[(i + 1) * width + j];
            unsigned right = common[i * width + j + 1];

            common[i * width + j] = same_line(a, i, b, j) ? common[(i + 1) * width + j + 1] + 1
                                    : down > right        ? down
                                                          : right;
        }
    }
    return common;
}

static void append_side(pqe_buffer *page, const lines *l, size_t line, const char *mark,
                        const char *sign)
{
    if (line >= l->count) {
        pqe_buffer_append(page, "<td class=\"none\"></td>");
        return;
    }
    pqe_buffer_printf(page, "<td%s%s%s><code>", mark[0] != '\0' ? " class=\"" : "", mark,
                      mark[0] != '\0' ? "\"" : "");
    if (mark[0] != '\0') {
        pqe_buffer_printf(page, "<%s>", mark);
    }
    pqe_buffer_printf(page, "<span class=\"sign\">%s</span>", sign);
    html_bytes(page, l->starts[line], l->lengths[line]);
    if (mark[0] != '\0') {
        pqe_buffer_printf(page, "</%s>", mark);
    }
    pqe_buffer_append(page, "</code></td>");
}

/* A stretch of lines that are gone, beside one of lines that are new. */
static void append_changed(pqe_buffer *page, const lines *a, size_t a_from, size_t a_to,
                           const lines *b, size_t b_from, size_t b_to)
{
    while (a_from < a_to || b_from < b_to) {
        pqe_buffer_append(page, "<tr>");
        append_side(page, a, a_from < a_to ? a_from : a->count, "del", "&minus;");
        append_side(page, b, b_from < b_to ? b_from : b->count, "ins", "+");
        pqe_buffer_append(page, "</tr>\n");
        a_from += a_from < a_to ? 1 : 0;
        b_from += b_from < b_to ? 1 : 0;
    }
}

static void append_rows(pqe_buffer *page, const lines *a, const lines *b)
{
    unsigned *common = common_rests(a, b);
    size_t width = b->count + 1;
    size_t i = 0;
    size_t j = 0;

    while (common != NULL && i < a->count && j < b->count) {
        size_t a_from = i;
        size_t b_from = j;

        while (i < a->count && j < b->count && !same_line(a, i, b, j)) {
            if (common[(i + 1) * width + j] >= common[i * width + j + 1]) {
                i++;
            } else {
                j++;
            }
        }
        if (i == a->count || j == b->count) {
            i = a_from;
            j = b_from;
            break;
        }
        append_changed(page, a, a_from, i, b, b_from, j);
        pqe_buffer_append(page, "<tr>");
        append_side(page, a, i++, "", "");
        append_side(page, b, j++, "", "");
        pqe_buffer_append(page, "</tr>\n");
    }
    append_changed(page, a, i, a->count, b, j, b->count);
    free(common);
}

void html_diff(pqe_buffer *page, const char *before, const char *after)
{
    lines a = {NULL, NULL, 0};
    lines b = {NULL, NULL, 0};

    pqe_buffer_append(page, "<div class=\"scroll\" tabindex=\"0\"><table class=\"diff\"><thead><tr>"
                            "<th scope=\"col\">Before</th><th scope=\"col\">After</th></tr></thead>"
                            "<tbody>\n");
    if (split(before, &a) && split(after, &b)) {
        append_rows(page, &a, &b);
    } else {
        page->failed = true;
    }
    pqe_buffer_append(page, "</tbody></table></div>\n");
    free_lines(&a);
    free_lines(&b);
}
