/*-------------------------------------------------------------------------
 *
 * foreign.c
 *		Kinds: foreign data wrapper, foreign server, foreign table.
 *
 * User mappings hold passwords and are left to the administrator.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "utils/builtins.h"

static const char wrapper_query[] =
"SELECT 'pg_foreign_data_wrapper'::regclass::oid AS classid, w.oid AS objid, 0 AS objsubid,"
"       quote_ident(w.fdwname) AS identity, NULL AS schema, w.fdwname AS name, NULL AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       CASE WHEN w.fdwhandler <> 0 THEN w.fdwhandler::regproc::text END AS handler,"
"       CASE WHEN w.fdwvalidator <> 0 THEN w.fdwvalidator::regproc::text END AS validator,"
"       " PQE_SQL_GENERIC_OPTIONS("w.fdwoptions") " AS options"
"  FROM pg_foreign_data_wrapper w WHERE $1 IS NOT NULL ORDER BY w.fdwname";

static const char server_query[] =
"SELECT 'pg_foreign_server'::regclass::oid AS classid, s.oid AS objid, 0 AS objsubid,"
"       quote_ident(s.srvname) AS identity, NULL AS schema, s.srvname AS name, NULL AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       s.srvtype AS type, s.srvversion AS version, quote_ident(w.fdwname) AS wrapper,"
"       " PQE_SQL_GENERIC_OPTIONS("s.srvoptions") " AS options"
"  FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw"
" WHERE $1 IS NOT NULL ORDER BY s.srvname";

static const char table_query[] =
"SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, c.relname) AS identity, n.nspname AS schema, c.relname AS name,"
"       format(E'relation:%1$I.%2$I\\ntype:%1$I.%2$I', n.nspname, c.relname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       quote_ident(s.srvname) AS server, " PQE_SQL_GENERIC_OPTIONS("f.ftoptions") " AS options,"
"       CASE WHEN NOT c.relispartition THEN"
"         (SELECT string_agg(i.inhparent::regclass::text, ', ' ORDER BY i.inhseqno)"
"            FROM pg_inherits i WHERE i.inhrelid = c.oid) END AS inherits"
"  FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid"
"  JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_foreign_server s ON s.oid = f.ftserver"
" WHERE n.oid = ANY ($1) ORDER BY n.nspname, c.relname";

static void
append_options(StringInfo text, const PqeFact *fact)
{
	const char *options = pqe_value(fact, "options");

	if (options != NULL)
		appendStringInfo(text, " OPTIONS (%s)", pqe_join_lines(options));
}

static void
create_wrapper(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;

	initStringInfo(&text);
	if (pqe_value(fact, "handler"))
		appendStringInfo(&text, " HANDLER %s", pqe_value(fact, "handler"));
	if (pqe_value(fact, "validator"))
		appendStringInfo(&text, " VALIDATOR %s", pqe_value(fact, "validator"));
	append_options(&text, fact);
	pqe_emit(script, 0, "CREATE FOREIGN DATA WRAPPER %s%s", fact->identity, text.data);
}

/*
 * ALTER ... OPTIONS for the difference in the property "options".
 */
static void
emit_option_changes(PqeScript *script, const char *command, const PqeFact *from, const PqeFact *to)
{
	const char *changes = pqe_generic_option_changes(pqe_value(from, "options"), pqe_value(to, "options"));

	if (changes != NULL)
		pqe_emit(script, 0, "%s %s OPTIONS (%s)", command, to->identity, changes);
}

static void
alter_wrapper(PqeScript *script, PqeFact *from, PqeFact *to)
{
	static const char *const functions[] = {"handler", "validator"};

	for (int i = 0; i < lengthof(functions); i++)
	{
		const char *name = pqe_value(to, functions[i]);
		const char *word = i == 0 ? "HANDLER" : "VALIDATOR";

		if (pqe_same(from, to, functions[i]))
			continue;
		if (name != NULL)
			pqe_emit(script, 0, "ALTER FOREIGN DATA WRAPPER %s %s %s", to->identity, word, name);
		else
			pqe_emit(script, 0, "ALTER FOREIGN DATA WRAPPER %s NO %s", to->identity, word);
	}
	emit_option_changes(script, "ALTER FOREIGN DATA WRAPPER", from, to);
}

static void
drop_wrapper(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP FOREIGN DATA WRAPPER %s", fact->identity);
}

static void
create_server(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;

	initStringInfo(&text);
	if (pqe_value(fact, "type"))
		appendStringInfo(&text, " TYPE %s", quote_literal_cstr(pqe_value(fact, "type")));
	if (pqe_value(fact, "version"))
		appendStringInfo(&text, " VERSION %s", quote_literal_cstr(pqe_value(fact, "version")));
	appendStringInfo(&text, " FOREIGN DATA WRAPPER %s", pqe_value(fact, "wrapper"));
	append_options(&text, fact);
	pqe_emit(script, 0, "CREATE SERVER %s%s", fact->identity, text.data);
}

/*
 * A version can be given but not taken back.
 */
static bool
can_alter_server(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "type") && pqe_same(from, to, "wrapper") &&
		(pqe_value(to, "version") != NULL || pqe_value(from, "version") == NULL);
}

static void
alter_server(PqeScript *script, PqeFact *from, PqeFact *to)
{
	if (!pqe_same(from, to, "version"))
		pqe_emit(script, 0, "ALTER SERVER %s VERSION %s", to->identity, quote_literal_cstr(pqe_value(to, "version")));
	emit_option_changes(script, "ALTER SERVER", from, to);
}

static void
drop_server(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP SERVER %s", fact->identity);
}

static void
create_table(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;
	int			parts = 0;
	ListCell   *lc;

	initStringInfo(&text);
	foreach(lc, script->inlined)
	{
		PqeFact    *child = lfirst(lc);
		char	   *part = child->parent == fact ? child->kind->inline_text(child) : NULL;

		if (part != NULL)
			appendStringInfo(&text, "%s\n    %s", parts++ ? "," : "", part);
	}
	appendStringInfoString(&text, parts ? "\n)" : ")");
	if (pqe_value(fact, "inherits"))
		appendStringInfo(&text, "\nINHERITS (%s)", pqe_value(fact, "inherits"));
	appendStringInfo(&text, "\nSERVER %s", pqe_value(fact, "server"));
	append_options(&text, fact);
	pqe_emit(script, 0, "CREATE FOREIGN TABLE %s (%s", fact->identity, text.data);
}

static bool
can_alter_table(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "server") && pqe_same(from, to, "inherits");
}

static void
alter_table(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_option_changes(script, "ALTER FOREIGN TABLE", from, to);
}

static void
drop_table(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP FOREIGN TABLE %s", fact->identity);
}

static void
rename_table(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER FOREIGN TABLE %s RENAME TO %s", fact->identity,
			 quote_identifier(name));
}

const PqeKind pqe_kind_foreign_wrapper = {
	.name = "foreign data wrapper",
	.file = "database/foreign_data_wrappers/%n.sql",
	.rank = 85,
	.query = wrapper_query,
	.catalog = ForeignDataWrapperRelationId,
	.catalog_index = ForeignDataWrapperOidIndexId,
	.database_wide = true,
	.create = create_wrapper,
	.can_alter = pqe_always_alter,
	.alter = alter_wrapper,
	.drop = drop_wrapper,
};

const PqeKind pqe_kind_foreign_server = {
	.name = "foreign server",
	.file = "database/foreign_servers/%n.sql",
	.rank = 86,
	.query = server_query,
	.catalog = ForeignServerRelationId,
	.catalog_index = ForeignServerOidIndexId,
	.database_wide = true,
	.create = create_server,
	.can_alter = can_alter_server,
	.alter = alter_server,
	.drop = drop_server,
};

const PqeKind pqe_kind_foreign_table = {
	.name = "foreign table",
	.file = "schemas/%s/foreign_tables/%n.sql",
	.rank = 87,
	.query = table_query,
	.catalog = ForeignTableRelationId,
	.catalog_index = ForeignTableRelidIndexId,
	.inlines = true,
	.named_in_bodies = true,
	.create = create_table,
	.can_alter = can_alter_table,
	.alter = alter_table,
	.drop = drop_table,
	.rename = rename_table,
};
