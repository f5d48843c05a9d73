/*-------------------------------------------------------------------------
 *
 * extension.c
 *		Kind: extension.
 *
 * A model that does not name a version or a schema takes the extension as it
 * is; swap.c sees to that.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "nodes/parsenodes.h"
#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_extension'::regclass::oid AS classid, e.oid AS objid, 0 AS objsubid,"
"       quote_ident(e.extname) AS identity, NULL AS schema, e.extname AS name,"
"       NULL AS slot, NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       n.nspname AS installed_in, e.extversion AS version, e.extrelocatable AS _relocatable"
"  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
" WHERE e.extname NOT IN ('plpgsql', 'pqengine')"
" ORDER BY e.extname";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE EXTENSION %s WITH SCHEMA %s VERSION %s", fact->identity,
			 quote_identifier(pqe_value(fact, "installed_in")),
			 quote_literal_cstr(pqe_value(fact, "version")));
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "installed_in") || pqe_flag(from, "_relocatable");
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	if (!pqe_same(from, to, "installed_in"))
		pqe_emit(script, 0, "ALTER EXTENSION %s SET SCHEMA %s", to->identity,
				 quote_identifier(pqe_value(to, "installed_in")));
	if (!pqe_same(from, to, "version"))
		pqe_emit(script, PQE_NOT_REVERSIBLE, "ALTER EXTENSION %s UPDATE TO %s", to->identity,
				 quote_literal_cstr(pqe_value(to, "version")));
}

static bool
created_by(const PqeFact *fact, const Node *statement)
{
	return IsA(statement, CreateExtensionStmt) &&
		strcmp(((const CreateExtensionStmt *) statement)->extname, fact->name) == 0;
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, PQE_DELETES_DATA, "DROP EXTENSION %s", fact->identity);
}

const PqeKind pqe_kind_extension = {
	.name = "extension",
	.file = "database/extensions/%n.sql",
	.rank = 20,
	.query = query,
	.database_wide = true,
	.holds_data = true,
	.on_takedown = PQE_STAYS,
	.created_by = created_by,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
};
