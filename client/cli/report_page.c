/*
 * report_page.c - a plan as one HTML page that loads nothing from anywhere
 */
#include <stdio.h>
#include <string.h>

#include "report.h"

/* The policy forbids whatever a name in the schema might try to smuggle in. */
static const char page_head[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\">\n"
    "<head>\n"
    "<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<meta name=\"color-scheme\" content=\"light dark\">\n";

static const char page_style[] =
    "<style>\n"
    ":root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#1b1f24;--muted:#59636e;"
    "--line:#d5dae0;--link:#0b57d0;--new:#1a7f37;--new-back:#e3f6e8;--gone:#c0202b;"
    "--gone-back:#fdebec;--altered:#8a5a00;--altered-back:#fdf3dc;--renamed:#0b6b8a;"
    "--renamed-back:#e2f3f8}\n"
    "@media(prefers-color-scheme:dark){:root{--back:#111418;--card:#1a1e24;--text:#e4e8ec;"
    "--muted:#9aa5b1;--line:#323a44;--link:#8ab4f8;--new:#57c878;--new-back:#14301d;"
    "--gone:#ff8a8a;--gone-back:#3a171a;--altered:#e5b454;--altered-back:#352a12;"
    "--renamed:#6cc7e6;--renamed-back:#10303b}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;background:var(--back);color:var(--text);"
    "font:16px/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}\n"
    "header,main{max-width:76rem;margin:0 auto;padding:0 1.25rem}\n"
    "header{padding-top:2rem}\n"
    "h1{font-size:1.7rem;margin:0 0 .25rem}\n"
    "h2{font-size:1.2rem;margin:2.25rem 0 .75rem}\n"
    "a{color:var(--link)}\n"
    ".muted,caption{color:var(--muted)}\n"
    ".skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem}\n"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:.6rem}\n"
    ".counts{display:grid;grid-template-columns:repeat(auto-fit,minmax(8rem,1fr));gap:.75rem;"
    "margin:1.25rem 0 0;padding:0}\n"
    ".counts .card{padding:.75rem 1rem}.counts dt{color:var(--muted);font-size:.9rem}\n"
    ".counts dd{margin:0;font-size:1.6rem;font-weight:600;line-height:1.2}\n"
    ".counts .create dd{color:var(--new)}.counts .drop dd,.counts .hazard dd{color:var(--gone)}\n"
    ".counts .alter dd{color:var(--altered)}.counts .rename dd{color:var(--renamed)}\n"
    "code{font:.85rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,\"DejaVu Sans Mono\","
    "monospace}\n"
    "ul.hazards{list-style:none;margin:0;padding:.25rem 1rem}\n"
    "ul.hazards li{padding:.5rem 0;border-top:1px solid var(--line)}"
    "ul.hazards li:first-child{border:0}\n"
    ".tag{display:inline-block;border-radius:1rem;padding:0 .6rem;font-size:.8rem;"
    "font-weight:600;color:var(--altered);background:var(--altered-back);white-space:nowrap;"
    "margin:.1rem .15rem .1rem 0}\n"
    ".tag.deletes_data,.tag.drop{color:var(--gone);background:var(--gone-back)}\n"
    ".tag.create{color:var(--new);background:var(--new-back)}\n"
    ".tag.rename{color:var(--renamed);background:var(--renamed-back)}\n"
    ".tag.note{color:var(--muted);background:var(--back);border:1px solid var(--line)}\n"
    "details{margin:.75rem 0}summary{cursor:pointer;padding:.6rem 1rem;overflow-wrap:anywhere}\n"
    "summary:focus-visible,.scroll:focus-visible,a:focus-visible{outline:2px solid var(--link);"
    "outline-offset:2px}\n"
    "details[open]>summary{border-bottom:1px solid var(--line)}\n"
    ".scroll{overflow-x:auto}\n"
    "table.diff{border-collapse:collapse;width:100%;table-layout:fixed;min-width:40rem}\n"
    "table.diff th{text-align:left;font-weight:600;padding:.4rem 1rem;color:var(--muted)}\n"
    "table.diff td{height:1.5em;padding:0 1rem;vertical-align:top;border-left:1px solid "
    "var(--line)}\n"
    "table.diff td:first-child{border-left:0}\n"
    "table.diff code{white-space:pre-wrap;overflow-wrap:anywhere}\n"
    "td.del{background:var(--gone-back)}td.ins{background:var(--new-back)}\n"
    "del,ins{text-decoration:none}.sign{display:inline-block;width:1.2em;font-weight:700}\n"
    "ol.steps{list-style:none;margin:0;padding:.5rem 1rem 1rem}\n"
    "ol.steps li{padding:.5rem 0;border-top:1px solid var(--line)}"
    "ol.steps li:first-child{border:0}\n"
    "ol.steps pre{margin:.25rem 0 0;white-space:pre-wrap;overflow-wrap:anywhere}\n"
    ".withheld pre{opacity:.65}\n"
    "figure{margin:0;padding:1rem}figcaption{color:var(--muted);font-size:.9rem}\n"
    "figure svg{max-width:100%;height:auto;display:block;margin:0 auto}\n"
    "figure svg text{fill:var(--text)}figure svg text[fill=\"#666666\"]{fill:var(--muted)}\n"
    "figure .node path,figure .node polygon{stroke:var(--line);fill:var(--back)}\n"
    "figure .edge path{stroke:var(--muted)}"
    "figure .edge polygon{stroke:var(--muted);fill:var(--muted)}\n"
    "figure .new path,figure .node.new polygon{stroke:var(--new)}"
    "figure .node.new path{fill:var(--new-back)}\n"
    "figure .altered path{stroke:var(--altered)}"
    "figure .node.altered path{fill:var(--altered-back)}\n"
    "figure .gone path{stroke:var(--gone);stroke-dasharray:5 3}"
    "figure .node.gone path{fill:var(--gone-back)}\n"
    "figure .edge.new polygon{stroke:var(--new);fill:var(--new)}"
    "figure .edge.gone polygon{stroke:var(--gone);fill:var(--gone)}\n"
    ".key span{margin-right:1rem}\n"
    "@media print{body{background:#fff}.card{break-inside:avoid}}\n"
    "</style>\n";

static const char *value(const PGresult *rows, int row, int column)
{
    return PQgetvalue(rows, row, column);
}

static void append_count(pqe_buffer *page, const char *class, const char *what, int count)
{
    pqe_buffer_printf(page, "<div class=\"card %s\"><dt>%s</dt><dd>%d</dd></div>\n",
                      count > 0 ? class : "zero", what, count);
}

static void append_header(pqe_buffer *page, const PGresult *rows, const report_head *head)
{
    report_counts counts;
    pqe_buffer summary = PQE_BUFFER_INIT;

    report_count(rows, &counts);
    report_summary(&counts, &summary);
    pqe_buffer_append(page, "<title>Schema plan for ");
    html_text(page, head->database);
    pqe_buffer_append(page, "</title>\n");
    pqe_buffer_append(page, page_style);
    pqe_buffer_append(page, "</head>\n<body>\n<a class=\"skip\" href=\"#changes\">Skip to the "
                            "changes</a>\n<header>\n<h1>Schema plan for ");
    html_text(page, head->database);
    pqe_buffer_append(page, "</h1>\n<p class=\"muted\">From the database (PostgreSQL ");
    html_text(page, head->server);
    pqe_buffer_append(page, ") to the models in <code>");
    html_text(page, head->models);
    pqe_buffer_append(page, "</code>, as of ");
    html_text(page, head->time);
    pqe_buffer_append(page, ".</p>\n<p>");
    html_text(page, summary.length > 0 ? summary.data : "");
    pqe_buffer_append(page, "</p>\n<dl class=\"counts\">\n");
    append_count(page, "create", "created", counts.created);
    append_count(page, "alter", "altered", counts.altered);
    append_count(page, "rename", "renamed", counts.renamed);
    append_count(page, "drop", "dropped", counts.dropped);
    append_count(page, "hazard", "steps with hazards", counts.hazards);
    pqe_buffer_append(page, "</dl>\n</header>\n");
    page->failed = page->failed || summary.failed;
    pqe_buffer_free(&summary);
}

/* The hazards of a step, each with a class of its name. */
static void append_tags(pqe_buffer *page, const char *hazards)
{
    while (*hazards != '\0') {
        size_t length = strcspn(hazards, ",");

        pqe_buffer_append(page, "<span class=\"tag ");
        html_bytes(page, hazards, length);
        pqe_buffer_append(page, "\">");
        html_bytes(page, hazards, length);
        pqe_buffer_append(page, "</span> ");
        hazards += length;
        hazards += strspn(hazards, ", ");
    }
}

static void append_hazards(pqe_buffer *page, const PGresult *rows)
{
    bool any = false;

    pqe_buffer_append(page,
                      "<section aria-labelledby=\"hazards\">\n<h2 id=\"hazards\">Hazards</h2>\n");
    for (int row = 0; row < PQntuples(rows); row++) {
        if (value(rows, row, REPORT_HAZARDS)[0] == '\0') {
            continue;
        }
        pqe_buffer_append(page, any ? "<li>" : "<ul class=\"card hazards\">\n<li>");
        any = true;
        pqe_buffer_printf(page, "<a href=\"#step-%s\">Step %s</a>: ", value(rows, row, REPORT_SEQ),
                          value(rows, row, REPORT_SEQ));
        html_text(page, value(rows, row, REPORT_ACTION));
        pqe_buffer_append_char(page, ' ');
        html_text(page, value(rows, row, REPORT_KIND));
        pqe_buffer_append(page, " <strong>");
        html_text(page, value(rows, row, REPORT_OBJECT));
        pqe_buffer_append(page, "</strong> ");
        append_tags(page, value(rows, row, REPORT_HAZARDS));
        pqe_buffer_append(page, "</li>\n");
    }
    pqe_buffer_append(page, any ? "</ul>\n</section>\n" : "<p>None.</p>\n</section>\n");
}

/* The element gets a role and a name for those who cannot see it. */
static void append_picture(pqe_buffer *page, const char *picture, const char *note)
{
    pqe_buffer_append(page,
                      "<section aria-labelledby=\"tables\">\n<h2 id=\"tables\">Tables</h2>\n");
    if (picture == NULL) {
        pqe_buffer_append(page, "<p>");
        html_text(page, note);
        pqe_buffer_append(page, "</p>\n</section>\n");
        return;
    }
    pqe_buffer_append(page, "<figure class=\"card\">\n<div class=\"scroll\" tabindex=\"0\">\n"
                            "<svg role=\"img\" aria-label=\"Tables and their foreign keys\"");
    pqe_buffer_append(page, picture + strlen("<svg"));
    pqe_buffer_append(page, "</div>\n<figcaption>");
    html_text(page, note);
    pqe_buffer_append(
        page, " <span class=\"key\"><span class=\"tag create\">new</span><span class=\"tag\">"
              "altered</span><span class=\"tag drop\">gone</span></span></figcaption>\n"
              "</figure>\n</section>\n");
}

static void append_step(pqe_buffer *page, const PGresult *rows, int row)
{
    bool wanted = report_flag(rows, row, REPORT_WANTED);

    pqe_buffer_printf(page, "<li id=\"step-%s\"%s>Step %s ", value(rows, row, REPORT_SEQ),
                      wanted ? "" : " class=\"withheld\"", value(rows, row, REPORT_SEQ));
    append_tags(page, value(rows, row, REPORT_HAZARDS));
    if (!wanted) {
        pqe_buffer_append(page, "<span class=\"tag note\">not run without --allow-drop</span>");
    } else if (!report_flag(rows, row, REPORT_TRANSACTIONAL)) {
        pqe_buffer_append(page, "<span class=\"tag note\">outside a transaction</span>");
    }
    pqe_buffer_append(page, "<pre><code>");
    html_text(page, value(rows, row, REPORT_STATEMENT));
    pqe_buffer_append(page, ";</code></pre></li>\n");
}

static void append_change(pqe_buffer *page, const PGresult *rows, int row)
{
    pqe_buffer_append(page, "<details class=\"card\" open>\n<summary><span class=\"tag ");
    html_text(page, value(rows, row, REPORT_CHANGE));
    pqe_buffer_append(page, "\">");
    html_text(page, value(rows, row, REPORT_CHANGE));
    pqe_buffer_append(page, "</span> ");
    html_text(page, value(rows, row, REPORT_PART_OF_KIND));
    pqe_buffer_append(page, " <strong>");
    html_text(page, value(rows, row, REPORT_PART_OF));
    pqe_buffer_append(page, "</strong></summary>\n");
    html_diff(page, value(rows, row, REPORT_BEFORE), value(rows, row, REPORT_AFTER));
    pqe_buffer_append(page, "<ol class=\"steps\">\n");
    for (int step = row; step < PQntuples(rows); step++) {
        if (report_is_same(rows, row, step)) {
            append_step(page, rows, step);
        }
    }
    pqe_buffer_append(page, "</ol>\n</details>\n");
}

void report_page(const PGresult *rows, const report_head *head, const char *picture,
                 const char *picture_note, pqe_buffer *page)
{
    pqe_buffer_append(page, page_head);
    append_header(page, rows, head);
    pqe_buffer_append(page, "<main>\n");
    if (PQntuples(rows) > 0) {
        append_hazards(page, rows);
        append_picture(page, picture, picture_note);
        pqe_buffer_append(page, "<section aria-labelledby=\"changes\">\n<h2 id=\"changes\">Changes"
                                "</h2>\n<p class=\"muted\">Each object as it is and as it will be, "
                                "and the steps that take it there. Steps are run in the order of "
                                "their numbers.</p>\n");
        for (int row = 0; row < PQntuples(rows); row++) {
            if (report_is_first(rows, row)) {
                append_change(page, rows, row);
            }
        }
        pqe_buffer_append(page, "</section>\n");
    } else {
        pqe_buffer_append(page, "<h2 id=\"changes\">Changes</h2>\n<p>None.</p>\n");
    }
    pqe_buffer_append(page, "</main>\n</body>\n</html>\n");
}
