/*-------------------------------------------------------------------------
 *
 * diagram.c
 *		The tables of a plan and what refers to what, for Graphviz.
 *
 * What is new, altered or gone has a class of that name, for a style sheet.
 * A picture of many tables is of no use: then only those that change are in
 * it, and their neighbours.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "report.h"

/* More tables than this are not shown all at once. */
#define MOST_TABLES 40

/* More columns than this are not listed. */
#define MOST_COLUMNS 16

typedef struct PictureNode
{
	const PqeFact *fact;
	const char *state;
	bool		shown;
} PictureNode;

typedef struct PictureReference
{
	const PqeFact *fact;
	PictureNode *from;
	PictureNode *to;
	const char *state;
} PictureReference;

static void
append_escaped(StringInfo text, const char *value)
{
	for (; *value != '\0'; value++)
	{
		switch (*value)
		{
			case '&':
				appendStringInfoString(text, "&amp;");
				break;
			case '<':
				appendStringInfoString(text, "&lt;");
				break;
			case '>':
				appendStringInfoString(text, "&gt;");
				break;
			case '"':
				appendStringInfoString(text, "&quot;");
				break;
			default:
				/* control characters have no place in XML */
				appendStringInfoChar(text, (unsigned char) *value < 0x20 ? ' ' : *value);
		}
	}
}

static bool
is_shown_kind(const PqeFact *fact)
{
	return fact->kind->pictured && !fact->ignored &&
		!(fact->kind->belongs_to != NULL && fact->kind->belongs_to(fact) != NULL);
}

static void
add_node(List **nodes, const PqeFact *fact, const char *state)
{
	PictureNode *node = palloc0(sizeof(PictureNode));

	node->fact = fact;
	node->state = state;
	*nodes = lappend(*nodes, node);
}

static List *
collect_nodes(const PqeSides *sides, List *changes)
{
	List	   *nodes = NIL;
	ListCell   *lc;

	foreach(lc, sides->desired->list)
	{
		const PqeFact *fact = lfirst(lc);

		if (is_shown_kind(fact))
			add_node(&nodes, fact, fact->peer == NULL ? "new" :
					 pqe_report_change_of(sides, changes, fact) ? "altered" : "same");
	}
	foreach(lc, sides->actual->list)
	{
		const PqeFact *fact = lfirst(lc);

		if (is_shown_kind(fact) && fact->peer == NULL)
			add_node(&nodes, fact, "gone");
	}
	return nodes;
}

static PictureNode *
find_node(List *nodes, const char *identity)
{
	ListCell   *lc;

	foreach(lc, nodes)
		if (strcmp(((PictureNode *) lfirst(lc))->fact->identity, identity) == 0)
			return lfirst(lc);
	return NULL;
}

static void
add_references(List **references, List *nodes, const PqeFacts *facts, bool desired)
{
	ListCell   *lc;

	foreach(lc, facts->list)
	{
		const PqeFact *fact = lfirst(lc);
		const char *target = fact->kind->refers_to ? fact->kind->refers_to(fact) : NULL;
		PictureReference *reference;

		if (target == NULL || fact->parent == NULL || fact->ignored || (!desired && fact->peer != NULL))
			continue;
		reference = palloc0(sizeof(PictureReference));
		reference->fact = fact;
		reference->from = find_node(nodes, fact->parent->identity);
		reference->to = find_node(nodes, target);
		reference->state = !desired ? "gone" : fact->peer == NULL ? "new" : "same";
		if (reference->from != NULL && reference->to != NULL)
			*references = lappend(*references, reference);
	}
}

/*
 * All of them, or those that change and what they refer to or are referred
 * to by.
 */
static int
choose_shown(List *nodes, List *references)
{
	bool		all = list_length(nodes) <= MOST_TABLES;
	int			shown = 0;
	ListCell   *lc;

	foreach(lc, nodes)
		((PictureNode *) lfirst(lc))->shown = all || strcmp(((PictureNode *) lfirst(lc))->state, "same") != 0;
	if (!all)
	{
		List	   *neighbours = NIL;

		foreach(lc, references)
		{
			PictureReference *reference = lfirst(lc);

			if (reference->from->shown)
				neighbours = lappend(neighbours, reference->to);
			if (reference->to->shown)
				neighbours = lappend(neighbours, reference->from);
		}
		foreach(lc, neighbours)
			((PictureNode *) lfirst(lc))->shown = true;
	}
	foreach(lc, nodes)
		shown += ((PictureNode *) lfirst(lc))->shown;
	return shown;
}

static void
append_columns(StringInfo dot, const PqeFact *table)
{
	int			count = 0;
	ListCell   *lc;

	foreach(lc, table->children)
	{
		const PqeFact *column = lfirst(lc);
		const char *type = column->kind->holds_data ? pqe_value(column, "type") : NULL;

		if (type == NULL || column->ignored)
			continue;
		if (++count > MOST_COLUMNS)
			continue;
		appendStringInfoString(dot, "<TR><TD ALIGN=\"LEFT\">");
		append_escaped(dot, column->name);
		appendStringInfoString(dot, "</TD><TD ALIGN=\"LEFT\"><FONT COLOR=\"gray40\">");
		append_escaped(dot, type);
		appendStringInfoString(dot, "</FONT></TD></TR>");
	}
	if (count > MOST_COLUMNS)
		appendStringInfo(dot, "<TR><TD ALIGN=\"LEFT\" COLSPAN=\"2\">and %d more</TD></TR>",
						 count - MOST_COLUMNS);
}

static void
append_node(StringInfo dot, const PictureNode *node, int number, bool with_columns)
{
	appendStringInfo(dot, "  n%d [class=\"%s\", tooltip=\"", number, node->state);
	append_escaped(dot, node->fact->kind->name);
	appendStringInfoChar(dot, ' ');
	append_escaped(dot, node->fact->identity);
	appendStringInfo(dot, " (%s)\", label=<<TABLE BORDER=\"0\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"2\">"
					 "<TR><TD COLSPAN=\"2\"><B>", node->state);
	append_escaped(dot, node->fact->identity);
	appendStringInfoString(dot, "</B></TD></TR>");
	if (with_columns)
		append_columns(dot, node->fact);
	appendStringInfoString(dot, "</TABLE>>];\n");
}

static int
number_of(List *nodes, const PictureNode *node)
{
	int			number = 0;
	ListCell   *lc;

	foreach(lc, nodes)
	{
		if (lfirst(lc) == node)
			return number;
		number++;
	}
	return -1;
}

/*
 * Draws the tables of both sides.
 */
PqePicture *
pqe_report_picture(const PqeSides *sides, List *changes)
{
	PqePicture *picture = palloc0(sizeof(PqePicture));
	List	   *nodes = collect_nodes(sides, changes);
	List	   *references = NIL;
	StringInfoData dot;
	ListCell   *lc;

	add_references(&references, nodes, sides->desired, true);
	add_references(&references, nodes, sides->actual, false);
	picture->tables = list_length(nodes);
	picture->shown = choose_shown(nodes, references);
	initStringInfo(&dot);
	appendStringInfoString(&dot, "digraph tables {\n"
						   "  graph [rankdir=LR, bgcolor=transparent, nodesep=0.3, ranksep=0.7];\n"
						   "  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=10, margin=\"0.08,0.04\"];\n"
						   "  edge [arrowsize=0.7];\n");
	foreach(lc, nodes)
	{
		const PictureNode *node = lfirst(lc);

		if (node->shown)
			append_node(&dot, node, foreach_current_index(lc), picture->shown <= MOST_TABLES);
	}
	foreach(lc, references)
	{
		const PictureReference *reference = lfirst(lc);

		if (!reference->from->shown || !reference->to->shown)
			continue;
		appendStringInfo(&dot, "  n%d -> n%d [class=\"%s\", tooltip=\"", number_of(nodes, reference->from),
						 number_of(nodes, reference->to), reference->state);
		append_escaped(&dot, reference->fact->name);
		appendStringInfo(&dot, " (%s)\"];\n", reference->state);
	}
	appendStringInfoString(&dot, "}\n");
	picture->dot = dot.data;
	return picture;
}
