/*-------------------------------------------------------------------------
 *
 * migration_steps.c
 *		The statements of a migration script, told apart by the server's
 *		own parser.
 *
 * A migration is plain SQL that people edit.  Splitting it needs the whole
 * of the grammar (dollar quotes, BEGIN ATOMIC bodies, rules with several
 * actions), so it is done here and not by the client; as a gain, a syntax
 * error anywhere in a migration is found before its first step is run.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_index.h"
#include "commands/defrem.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "parser/scansup.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "prove.h"

PG_FUNCTION_INFO_V1(pqengine_migration_steps);
PG_FUNCTION_INFO_V1(pqengine_migration_leftover);

#define NO_TRANSACTION_MARKER "pqengine:no-transaction"

/*
 * A position in the text, and what was met on the way to it.
 */
typedef struct ScriptCursor
{
	const char *at;
	int			line;			/* of "at", from 1 */
	bool		alone;			/* the marker was met */
} ScriptCursor;

/*
 * Reports a syntax error as one of the script, not of the statement that
 * called us.
 */
static void
script_error_callback(void *arg)
{
	int			position = geterrposition();

	if (position > 0)
	{
		errposition(0);
		internalerrposition(position);
		internalerrquery((const char *) arg);
	}
}

static List *
parse_script(const char *script)
{
	ErrorContextCallback callback;
	List	   *statements;

	callback.callback = script_error_callback;
	callback.arg = unconstify(char *, script);
	callback.previous = error_context_stack;
	error_context_stack = &callback;
	statements = raw_parser(script, RAW_PARSE_DEFAULT);
	error_context_stack = callback.previous;
	return statements;
}

static void
advance_to(ScriptCursor *cursor, const char *end)
{
	for (; cursor->at < end; cursor->at++)
		if (*cursor->at == '\n')
			cursor->line++;
}

static void
skip_line_comment(ScriptCursor *cursor)
{
	const char *end = cursor->at + strcspn(cursor->at, "\r\n");
	const char *text = cursor->at + 2;
	size_t		len = strlen(NO_TRANSACTION_MARKER);

	text += strspn(text, " \t");
	if (strncmp(text, NO_TRANSACTION_MARKER, len) == 0 &&
		strspn(text + len, " \t") == (size_t) (end - text) - len)
		cursor->alone = true;
	advance_to(cursor, end);
}

/* Block comments nest.  The parser has passed this one, so it does end. */
static void
skip_block_comment(ScriptCursor *cursor)
{
	const char *p = cursor->at + 2;
	int			depth = 1;

	while (*p && depth > 0)
	{
		if (p[0] == '/' && p[1] == '*')
		{
			depth++;
			p += 2;
		}
		else if (p[0] == '*' && p[1] == '/')
		{
			depth--;
			p += 2;
		}
		else
			p++;
	}
	advance_to(cursor, p);
}

/*
 * Moves the cursor from the end of a statement to the first token of the
 * next, over semicolons, white space and comments.
 */
static void
skip_to_statement(ScriptCursor *cursor)
{
	cursor->alone = false;
	for (;;)
	{
		if (*cursor->at == ';' || scanner_isspace(*cursor->at))
			advance_to(cursor, cursor->at + 1);
		else if (cursor->at[0] == '-' && cursor->at[1] == '-')
			skip_line_comment(cursor);
		else if (cursor->at[0] == '/' && cursor->at[1] == '*')
			skip_block_comment(cursor);
		else
			return;
	}
}

static bool
has_concurrently_option(List *options)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *option = lfirst_node(DefElem, lc);

		if (strcmp(option->defname, "concurrently") == 0)
			return defGetBoolean(option);
	}
	return false;
}

static bool
detaches_concurrently(AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_DetachPartition &&
			castNode(PartitionCmd, cmd->def)->concurrent)
			return true;
	}
	return false;
}

/*
 * Does the statement wait for other sessions without stopping them?  None
 * that does may run inside a transaction block.
 */
static bool
is_concurrent(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_IndexStmt:
			return ((IndexStmt *) stmt)->concurrent;
		case T_DropStmt:
			return ((DropStmt *) stmt)->concurrent;
		case T_ReindexStmt:
			return has_concurrently_option(((ReindexStmt *) stmt)->params);
		case T_AlterTableStmt:
			return detaches_concurrently((AlterTableStmt *) stmt);
		default:
			return false;
	}
}

/*
 * Statements that PostgreSQL always refuses inside a transaction block.
 * Where that depends on more than the statement's form, the script says it
 * with the marker.
 */
static bool
runs_in_transaction(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_VacuumStmt:
			return !((VacuumStmt *) stmt)->is_vacuumcmd;
		case T_ClusterStmt:
			return ((ClusterStmt *) stmt)->relation != NULL;
		case T_ReindexStmt:
			return !is_concurrent(stmt) &&
				(((ReindexStmt *) stmt)->kind == REINDEX_OBJECT_INDEX ||
				 ((ReindexStmt *) stmt)->kind == REINDEX_OBJECT_TABLE);
		case T_CreatedbStmt:
		case T_DropdbStmt:
		case T_CreateTableSpaceStmt:
		case T_DropTableSpaceStmt:
		case T_AlterSystemStmt:
			return false;
		default:
			return !is_concurrent(stmt);
	}
}

/*
 * Refuses what would take the transaction, or the protocol, out of the hands
 * of the program that runs the migration.
 */
static void
check_statement(Node *stmt, int line)
{
	if (IsA(stmt, TransactionStmt) &&
		((TransactionStmt *) stmt)->kind != TRANS_STMT_SAVEPOINT &&
		((TransactionStmt *) stmt)->kind != TRANS_STMT_RELEASE &&
		((TransactionStmt *) stmt)->kind != TRANS_STMT_ROLLBACK_TO)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("a migration must not begin or end a transaction"),
				 errdetail("Line %d of the script does.", line),
				 errhint("pqengine runs the steps of a migration in as few transactions as they can. A line \"-- %s\" takes the step after it out.",
						 NO_TRANSACTION_MARKER)));
	if (IsA(stmt, CopyStmt) && ((CopyStmt *) stmt)->filename == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("a migration cannot copy from or to the client"),
				 errdetail("Line %d of the script does.", line),
				 errhint("Write the rows as INSERT.")));
}

/*
 * The place of the word CONCURRENTLY as a keyword; NULL if there is none.
 */
static char *
find_concurrently(char *statement)
{
	core_yyscan_t scanner;
	core_yy_extra_type extra;
	core_YYSTYPE value;
	YYLTYPE		location;
	char	   *found = NULL;
	const char *word = "concurrently";

	scanner = scanner_init(statement, &extra, &ScanKeywords, ScanKeywordTokens);
	while (found == NULL && core_yylex(&value, &location, scanner) != 0)
		if (pg_strncasecmp(statement + location, word, strlen(word)) == 0)
			found = statement + location;
	scanner_finish(scanner);
	return found;
}

/*
 * What the statement would be in a transaction, where it is to be tried; NULL
 * where it cannot run in one in any form.
 */
char *
pqe_plain_form(const char *statement)
{
	List	   *statements = parse_script(statement);
	char	   *plain = pstrdup(statement);
	Node	   *stmt;
	char	   *word;

	if (list_length(statements) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected one statement, got %d", list_length(statements))));
	stmt = linitial_node(RawStmt, statements)->stmt;
	if (IsA(stmt, TransactionStmt) || (!runs_in_transaction(stmt) && !is_concurrent(stmt)) ||
		IsA(stmt, ReindexStmt))
		return NULL;
	if (!is_concurrent(stmt))
		return plain;
	word = find_concurrently(plain);
	if (word == NULL)
		return NULL;
	memset(word, ' ', strlen("concurrently"));
	return plain;
}

Datum
pqengine_migration_steps(PG_FUNCTION_ARGS)
{
	char	   *script = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ScriptCursor cursor = {script, 1, false};
	int			step = 0;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, parse_script(script))
	{
		RawStmt    *raw = lfirst_node(RawStmt, lc);
		const char *end;
		Datum		values[5];
		bool		nulls[5] = {false};

		skip_to_statement(&cursor);
		check_statement(raw->stmt, cursor.line);

		end = raw->stmt_len > 0 ?
			script + raw->stmt_location + raw->stmt_len : script + strlen(script);
		while (end > cursor.at && scanner_isspace(end[-1]))
			end--;

		values[0] = Int32GetDatum(++step);
		values[1] = Int32GetDatum(cursor.line);
		values[2] = PointerGetDatum(cstring_to_text_with_len(cursor.at, end - cursor.at));
		values[3] = BoolGetDatum(!cursor.alone && runs_in_transaction(raw->stmt));
		values[4] = BoolGetDatum(is_concurrent(raw->stmt));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);

		advance_to(&cursor, end);
	}
	return (Datum) 0;
}

/*
 * Does any session hold the lock under which an index of this table is
 * built concurrently?  Vacuum takes it too, and the build would have to wait
 * for that as well.
 */
static bool
table_is_being_indexed(Oid relid)
{
	LOCKTAG		tag;
	VirtualTransactionId *holders;
	int			count;

	SET_LOCKTAG_RELATION(tag, MyDatabaseId, relid);
	holders = GetLockConflicts(&tag, ShareUpdateExclusiveLock, &count);
	pfree(holders);
	return count > 0;
}

static bool
index_is_invalid(Oid indexid)
{
	HeapTuple	tuple = SearchSysCache1(INDEXRELID, ObjectIdGetDatum(indexid));
	bool		invalid;

	if (!HeapTupleIsValid(tuple))
		return false;
	invalid = !((Form_pg_index) GETSTRUCT(tuple))->indisvalid;
	ReleaseSysCache(tuple);
	return invalid;
}

Datum
pqengine_migration_leftover(PG_FUNCTION_ARGS)
{
	List	   *statements = parse_script(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	IndexStmt  *stmt;
	Oid			relid;
	Oid			indexid;
	TupleDesc	tupdesc;
	Datum		values[2] = {(Datum) 0, BoolGetDatum(false)};
	bool		nulls[2] = {true, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");

	if (list_length(statements) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("expected one statement, got %d", list_length(statements))));
	stmt = (IndexStmt *) linitial_node(RawStmt, statements)->stmt;
	if (IsA(stmt, IndexStmt) && stmt->concurrent)
	{
		relid = RangeVarGetRelid(stmt->relation, NoLock, true);
		if (OidIsValid(relid))
		{
			values[1] = BoolGetDatum(table_is_being_indexed(relid));
			indexid = stmt->idxname == NULL ? InvalidOid :
				get_relname_relid(stmt->idxname, get_rel_namespace(relid));
			if (OidIsValid(indexid) && index_is_invalid(indexid))
			{
				values[0] = CStringGetTextDatum(
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
											   stmt->idxname));
				nulls[0] = false;
			}
		}
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}
