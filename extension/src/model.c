/*-------------------------------------------------------------------------
 *
 * model.c
 *		From model text to a list of declarative statements.
 *
 * The server's raw parser does the parsing.  What is added here: telling the
 * files apart, skipping psql's backslash lines (pg_dump prints some), keeping
 * the settings in force, and naming file and line in each error.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "mb/pg_wchar.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "utils/builtins.h"

#include "model.h"
#include "renames.h"

#define MARKER "-- pqengine:file "

static List *split_files(const char *text);
static void blank_psql_lines(PqeModelFile *file);
static void parse_file(PqeModel *model, PqeModelFile *file, const char *default_search_path);
static void apply_setting(Node *node, PqeSettings *settings, const char *default_path);
static const char *string_constant(Node *node);

/*
 * Parses model text.  Everything is palloc'd in the current context.
 */
PqeModel *
pqe_model_parse(const char *text, const char *default_search_path)
{
	PqeModel   *model = palloc0(sizeof(PqeModel));
	ListCell   *lc;

	model->files = split_files(text);
	foreach(lc, model->files)
		parse_file(model, lfirst(lc), default_search_path);
	return model;
}

/*
 * The statement's own text, without the semicolon.
 */
const char *
pqe_statement_text(const PqeStatement *statement)
{
	return pnstrdup(statement->file->original + statement->location, statement->length);
}

static int
line_of(const PqeModelFile *file, int location)
{
	int			line = 1;

	for (int i = 0; i < location && file->text[i] != '\0'; i++)
		if (file->text[i] == '\n')
			line++;
	return line;
}

/*
 * "models/users.sql:12"
 */
char *
pqe_statement_place(const PqeStatement *statement)
{
	return psprintf("%s:%d", statement->file->path, line_of(statement->file, statement->location));
}

/*
 * Throws the error again, with its place in the models.  The location is a
 * byte offset into the file; a cursor position in the error is more exact.
 */
void
pqe_model_rethrow(const PqeModelFile *file, int location,
				  const PqeStatement *statement, ErrorData *error)
{
	if (error->cursorpos > 0)
	{
		/* a position counts characters, from 1 */
		location = pg_mbcharcliplen(file->text, strlen(file->text), error->cursorpos - 1);
	}
	error->message = psprintf("%s:%d: %s", file->path, line_of(file, location), error->message);
	if (error->detail == NULL && statement != NULL)
		error->detail = psprintf("Statement: %s", pqe_statement_text(statement));
	error->cursorpos = 0;
	error->internalpos = 0;
	error->internalquery = NULL;
	ReThrowError(error);
}

static PqeModelFile *
make_file(const char *path, int path_length, const char *text, int length)
{
	PqeModelFile *file = palloc(sizeof(PqeModelFile));

	while (path_length > 0 && path[path_length - 1] == '\r')
		path_length--;
	file->path = pnstrdup(path, path_length);
	file->original = pnstrdup(text, length);
	file->text = pstrdup(file->original);
	return file;
}

/*
 * Cuts the text at its marker lines.  Text before the first marker is a file
 * called "models".
 */
static List *
split_files(const char *text)
{
	List	   *files = NIL;
	const char *path = "models";
	int			path_length = strlen(path);
	const char *start = text;
	const char *line = text;

	while (line != NULL && *line != '\0')
	{
		const char *end = strchr(line, '\n');

		if (strncmp(line, MARKER, strlen(MARKER)) == 0)
		{
			if (line > start)
				files = lappend(files, make_file(path, path_length, start, line - start));
			path = line + strlen(MARKER);
			path_length = end ? end - path : (int) strlen(path);
			start = end ? end + 1 : line + strlen(line);
		}
		line = end ? end + 1 : NULL;
	}
	if (*start != '\0')
		files = lappend(files, make_file(path, path_length, start, strlen(start)));
	return files;
}

/*
 * The offset of the first backslash that the server's scanner meets outside
 * literals and comments, or -1.
 */
static int
find_backslash(const char *text)
{
	core_yyscan_t scanner;
	core_yy_extra_type extra;
	core_YYSTYPE value;
	YYLTYPE		location;
	int			token;
	int			found = -1;

	scanner = scanner_init(text, &extra, &ScanKeywords, ScanKeywordTokens);
	while ((token = core_yylex(&value, &location, scanner)) != 0)
	{
		if (token == '\\')
		{
			found = location;
			break;
		}
	}
	scanner_finish(scanner);
	return found;
}

/*
 * Turns psql's backslash lines into blanks, so that places stay what they are.
 */
static void
blank_psql_lines(PqeModelFile *file)
{
	int			at;

	if (file->text[0] != '\\' && strstr(file->text, "\n\\") == NULL)
		return;
	while ((at = find_backslash(file->text)) >= 0)
	{
		if (at > 0 && file->text[at - 1] != '\n')
			break;				/* the parser will say what is wrong with it */
		for (char *p = file->text + at; *p != '\0' && *p != '\n'; p++)
			*p = ' ';
	}
}

static List *
raw_parse_file(PqeModelFile *file)
{
	MemoryContext context = CurrentMemoryContext;
	ErrorContextCallback *callbacks = error_context_stack;
	List	   *volatile raw = NIL;

	PG_TRY();
	{
		/* a caller's context would take the position for one in its own query */
		error_context_stack = NULL;
		blank_psql_lines(file);
		raw = raw_parser(file->text, RAW_PARSE_DEFAULT);
	}
	PG_CATCH();
	{
		ErrorData  *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		pqe_model_rethrow(file, 0, NULL, error);
	}
	PG_END_TRY();
	error_context_stack = callbacks;
	return raw;
}

/*
 * The raw parser's location is that of the white space and comments before a
 * statement; step over them.
 */
static void
find_extent(PqeStatement *statement)
{
	const char *text = statement->file->text;
	int			start = statement->raw->stmt_location;
	int			end = statement->raw->stmt_len > 0 ? start + statement->raw->stmt_len : (int) strlen(text);

	for (;;)
	{
		while (start < end && isspace((unsigned char) text[start]))
			start++;
		if (text[start] == '-' && text[start + 1] == '-')
		{
			while (start < end && text[start] != '\n')
				start++;
		}
		else if (text[start] == '/' && text[start + 1] == '*')
		{
			int			depth = 0;

			do
			{
				if (text[start] == '/' && text[start + 1] == '*')
					depth++, start += 2;
				else if (text[start] == '*' && text[start + 1] == '/')
					depth--, start += 2;
				else
					start++;
			} while (depth > 0 && start < end);
		}
		else
			break;
	}
	while (end > start && isspace((unsigned char) text[end - 1]))
		end--;
	statement->location = start;
	statement->length = end - start;
}

static void
note_schema(List **schemas, const char *name)
{
	ListCell   *lc;

	foreach(lc, *schemas)
		if (strcmp(lfirst(lc), name) == 0)
			return;
	*schemas = lappend(*schemas, pstrdup(name));
}

/*
 * "DROP SCHEMA IF EXISTS s", as scripts have it before their CREATE SCHEMA,
 * says nothing to a model that starts from nothing.
 */
static bool
is_clean_slate(const PqeModel *model, Node *node)
{
	ListCell   *lc;

	if (!IsA(node, DropStmt) || castNode(DropStmt, node)->removeType != OBJECT_SCHEMA ||
		!castNode(DropStmt, node)->missing_ok)
		return false;
	foreach(lc, castNode(DropStmt, node)->objects)
	{
		ListCell   *lc2;

		foreach(lc2, model->schemas)
			if (strcmp(lfirst(lc2), strVal(lfirst(lc))) == 0)
				return false;
	}
	return true;
}

static PqeRename *
parse_rename(const PqeStatement *statement)
{
	const char *name;
	List	   *args;

	(void) pqe_is_helper_call(castNode(SelectStmt, statement->raw->stmt), "pqengine", &name, &args);
	return pqe_model_rename(statement, args);
}

static void
parse_file(PqeModel *model, PqeModelFile *file, const char *default_search_path)
{
	PqeSettings settings = {default_search_path, "", "heap"};
	ListCell   *lc;

	foreach(lc, raw_parse_file(file))
	{
		PqeStatement *statement = palloc0(sizeof(PqeStatement));
		PqeTarget	target;

		statement->file = file;
		statement->raw = lfirst_node(RawStmt, lc);
		statement->settings = settings;
		find_extent(statement);
		if (is_clean_slate(model, statement->raw->stmt))
			continue;
		switch (pqe_classify_statement(statement->raw->stmt))
		{
			case PQE_STATEMENT_REFUSED:
				pqe_refuse_statement(statement);
			case PQE_STATEMENT_SETS:
				apply_setting(statement->raw->stmt, &settings, default_search_path);
				continue;
			case PQE_STATEMENT_RENAMES:
				model->renames = lappend(model->renames, parse_rename(statement));
				continue;
			case PQE_STATEMENT_DECLARES:
				break;
		}
		target = pqe_statement_target(statement->raw->stmt, settings.search_path);
		statement->target_schema = target.schema;
		statement->target_name = target.name;
		if (statement->target_schema != NULL)
			note_schema(&model->schemas, statement->target_schema);
		if (IsA(statement->raw->stmt, CreateSchemaStmt) && statement->target_schema != NULL)
			note_schema(&model->created_schemas, statement->target_schema);
		model->statements = lappend(model->statements, statement);
	}
}

static const char *
string_constant(Node *node)
{
	A_Const    *constant;

	if (node != NULL && IsA(node, TypeCast))
		node = castNode(TypeCast, node)->arg;
	if (node == NULL || !IsA(node, A_Const))
		return NULL;
	constant = castNode(A_Const, node);
	if (constant->isnull || nodeTag(&constant->val) != T_String)
		return NULL;
	return strVal(&constant->val);
}

/*
 * The value of SET: its constants, as a list of identifiers.
 */
static char *
set_value(List *args)
{
	StringInfoData value;
	ListCell   *lc;

	initStringInfo(&value);
	foreach(lc, args)
	{
		const char *item = string_constant(lfirst(lc));

		if (item != NULL)
			appendStringInfo(&value, "%s%s", value.len ? ", " : "", quote_identifier(item));
	}
	return value.data;
}

static void
set_one(PqeSettings *settings, const char *name, const char *value, const char *raw)
{
	if (pg_strcasecmp(name, "search_path") == 0)
		settings->search_path = value;
	else if (pg_strcasecmp(name, "default_tablespace") == 0)
		settings->tablespace = raw;
	else if (pg_strcasecmp(name, "default_table_access_method") == 0)
		settings->access_method = raw;
}

/*
 * Only these settings decide what a model means; all others are such as
 * pg_dump prints for psql's sake.
 */
static void
apply_setting(Node *node, PqeSettings *settings, const char *default_path)
{
	VariableSetStmt *set;
	PqeSettings defaults = {default_path, "", "heap"};

	if (IsA(node, SelectStmt))
	{
		const char *name;
		List	   *args;

		pqe_is_helper_call(castNode(SelectStmt, node), "pg_catalog", &name, &args);
		if (list_length(args) == 3 && string_constant(linitial(args)) && string_constant(lsecond(args)))
			set_one(settings, string_constant(linitial(args)), string_constant(lsecond(args)),
					string_constant(lsecond(args)));
		return;
	}

	set = castNode(VariableSetStmt, node);
	if (set->kind == VAR_RESET_ALL)
		*settings = defaults;
	else if (set->kind == VAR_SET_VALUE)
	{
		const char *raw = string_constant(linitial(set->args));

		set_one(settings, set->name, set_value(set->args), raw ? raw : "");
	}
	else if (set->name != NULL && pg_strcasecmp(set->name, "search_path") == 0)
		settings->search_path = default_path;
	else if (set->name != NULL && pg_strcasecmp(set->name, "default_tablespace") == 0)
		settings->tablespace = defaults.tablespace;
	else if (set->name != NULL && pg_strcasecmp(set->name, "default_table_access_method") == 0)
		settings->access_method = defaults.access_method;
}
