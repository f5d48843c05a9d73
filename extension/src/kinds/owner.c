/*-------------------------------------------------------------------------
 *
 * owner.c
 *		Kind: owner, of an object of any kind that has one.
 *
 * Compared for all objects, or only where the models state it (option
 * "owners").  There is nothing to drop: an object always has an owner.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/dependency.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"

/* Indexes and row types follow their table. */
static const char query[] =
"SELECT (2000000000 + o.classid::int8)::oid AS classid, o.objid, 0 AS objsubid,"
"       o.object AS identity, o.schema, o.name,"
"       CASE WHEN o.object LIKE 'SEQUENCE %' THEN format('owner of sequence:%I.%I', o.schema, o.name) END AS slot,"
"       o.classid AS parent_class, o.objid AS parent_id, 0 AS parent_sub,"
"       quote_ident(pg_get_userbyid(o.owner)) AS owner"
"  FROM ("
"    SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, c.relowner AS owner, n.nspname AS schema, c.relname AS name,"
"           format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'"
"                  WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, n.nspname, c.relname) AS object"
"      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
"     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_type'::regclass::oid, t.oid, t.typowner, n.nspname, t.typname,"
"           format('%s %I.%I', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, n.nspname, t.typname)"
"      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
"     WHERE n.oid = ANY ($1) AND (t.typtype IN ('d', 'e', 'r')"
"           OR (t.typtype = 'c' AND t.typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c')))"
"    UNION ALL"
"    SELECT 'pg_proc'::regclass::oid, p.oid, p.proowner, n.nspname, p.proname,"
"           format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END,"
"                  n.nspname, p.proname, CASE p.prokind WHEN 'a' THEN coalesce(nullif(pg_get_function_identity_arguments(p.oid), ''), '*')"
"                                   ELSE oidvectortypes(p.proargtypes) END)"
"      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.oid = ANY ($1) AND " PQE_SQL_OWN_FUNCTION
"    UNION ALL"
"    SELECT 'pg_operator'::regclass::oid, o.oid, o.oprowner, n.nspname, o.oprname,"
"           format('OPERATOR %I.%s (%s, %s)', n.nspname, o.oprname,"
"                  CASE WHEN o.oprleft = 0 THEN 'NONE' ELSE format_type(o.oprleft, NULL) END, format_type(o.oprright, NULL))"
"      FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace WHERE n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_statistic_ext'::regclass::oid, s.oid, s.stxowner, n.nspname, s.stxname,"
"           format('STATISTICS %I.%I', n.nspname, s.stxname)"
"      FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace WHERE n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_collation'::regclass::oid, c.oid, c.collowner, n.nspname, c.collname, format('COLLATION %I.%I', n.nspname, c.collname)"
"      FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace WHERE n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_ts_dict'::regclass::oid, d.oid, d.dictowner, n.nspname, d.dictname, format('TEXT SEARCH DICTIONARY %I.%I', n.nspname, d.dictname)"
"      FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace WHERE n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_ts_config'::regclass::oid, c.oid, c.cfgowner, n.nspname, c.cfgname, format('TEXT SEARCH CONFIGURATION %I.%I', n.nspname, c.cfgname)"
"      FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace WHERE n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_opclass'::regclass::oid, c.oid, c.opcowner, n.nspname, c.opcname, format('OPERATOR CLASS %I.%I USING %I', n.nspname, c.opcname, am.amname)"
"      FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am am ON am.oid = c.opcmethod WHERE n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_opfamily'::regclass::oid, f.oid, f.opfowner, n.nspname, f.opfname, format('OPERATOR FAMILY %I.%I USING %I', n.nspname, f.opfname, am.amname)"
"      FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am am ON am.oid = f.opfmethod WHERE n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_namespace'::regclass::oid, n.oid, n.nspowner, n.nspname, n.nspname, format('SCHEMA %I', n.nspname)"
"      FROM pg_namespace n WHERE n.oid = ANY ($1)"
"    UNION ALL"
"    SELECT 'pg_foreign_data_wrapper'::regclass::oid, w.oid, w.fdwowner, NULL, w.fdwname, format('FOREIGN DATA WRAPPER %I', w.fdwname)"
"      FROM pg_foreign_data_wrapper w"
"    UNION ALL"
"    SELECT 'pg_foreign_server'::regclass::oid, s.oid, s.srvowner, NULL, s.srvname, format('SERVER %I', s.srvname)"
"      FROM pg_foreign_server s"
"    UNION ALL"
"    SELECT 'pg_publication'::regclass::oid, p.oid, p.pubowner, NULL, p.pubname, format('PUBLICATION %I', p.pubname)"
"      FROM pg_publication p"
"    UNION ALL"
"    SELECT 'pg_event_trigger'::regclass::oid, e.oid, e.evtowner, NULL, e.evtname, format('EVENT TRIGGER %I', e.evtname)"
"      FROM pg_event_trigger e"
"  ) o";

/*
 * And so do the sequences of columns.
 */
static bool
is_fact(const PqeFact *fact, char dependency)
{
	return (dependency != DEPENDENCY_AUTO && dependency != DEPENDENCY_INTERNAL) ||
		strncmp(fact->identity, "SEQUENCE ", strlen("SEQUENCE ")) != 0;
}

static bool
in_scope(const PqeFact *fact, const PqeOptions *options)
{
	return options->owners == PQE_SCOPE_ALL ||
		(options->owners == PQE_SCOPE_DECLARED && fact->parent != NULL && fact->parent->declared_owner);
}

static void
emit_owner(PqeScript *script, const PqeFact *fact)
{
	pqe_emit(script, PQE_CHANGES_PRIVILEGES, "ALTER %s OWNER TO %s", fact->identity, pqe_value(fact, "owner"));
}

/*
 * A new object belongs to whoever runs the plan, and a sequence that was a
 * column's to the owner of that table; say it only where that is not who the
 * models want.
 */
static void
create(PqeScript *script, PqeFact *fact)
{
	const char *before = fact->slot == NULL ? NULL : pqe_owner_now(script, fact->parent, "SEQUENCE");

	if (before == NULL)
		before = quote_identifier(GetUserNameFromId(GetUserId(), false));
	if (strcmp(pqe_value(fact, "owner"), before) != 0)
		emit_owner(script, fact);
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_owner(script, to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	/* goes with its object */
}

const PqeKind pqe_kind_owner = {
	.name = "owner",
	.rank = 100,
	.query = query,
	.ordered_by_parent = true,
	.follows_column_type = true,
	.is_fact = is_fact,
	.in_scope = in_scope,
	.create = create,
	.can_alter = pqe_always_alter,
	.alter = alter,
	.drop = drop,
};
