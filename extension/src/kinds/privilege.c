/*-------------------------------------------------------------------------
 *
 * privilege.c
 *		Kind: the privileges on one object, its columns' included.
 *
 * A new object starts with the server's default privileges as the database's
 * own ALTER DEFAULT PRIVILEGES have left them (changes to those come last in a
 * plan); GRANT and REVOKE make the difference.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "acl.h"

/* A line of a list, behind who has granted it. */
#define LINE_BY_GRANTOR(column) \
"CASE x.grantor WHEN o.owner THEN '" PQE_ACL_OWNER "' ELSE quote_ident(pg_get_userbyid(x.grantor)) END || '|' || " \
PQE_SQL_ACL_LINE_OWNED("x", column, "o.owner")

/*
 * o: one row an object with its privileges (acl), and the letter of its class
 * for acldefault(); d: what that gives, once for each class and owner, since
 * most objects have nothing but it.  _by_grantor is there only where others than
 * the owner have granted something.
 */
static const char query[] =
"WITH d AS MATERIALIZED ("
"  SELECT letter, owner,"
"         string_agg(line, E'\\n' ORDER BY grantee <> 0, pg_get_userbyid(grantee), privilege_type) AS ordered,"
"         string_agg(line, E'\\n' ORDER BY place) AS plain"
"    FROM (SELECT letter, owner, x.grantee, x.privilege_type, x.place,"
"                 " PQE_SQL_ACL_LINE_OWNED("x", "''", "owner") " AS line"
"            FROM (SELECT letter::\"char\" AS letter, owner FROM unnest(ARRAY['s', 'r', 'T', 'f', 'n', 'F', 'S']) letter,"
"                         (SELECT DISTINCT relowner AS owner FROM pg_class UNION SELECT DISTINCT typowner FROM pg_type"
"                           UNION SELECT DISTINCT proowner FROM pg_proc UNION SELECT nspowner FROM pg_namespace UNION SELECT fdwowner FROM pg_foreign_data_wrapper"
"                           UNION SELECT srvowner FROM pg_foreign_server) r) l,"
"                 aclexplode(acldefault(letter, owner)) WITH ORDINALITY x (grantor, grantee, privilege_type, is_grantable, place)) s"
"   GROUP BY letter, owner)"
"SELECT (3000000000 + o.classid::int8)::oid AS classid, o.objid, 0 AS objsubid,"
"       o.object AS identity, o.schema, o.name, NULL AS slot,"
"       o.classid AS parent_class, o.objid AS parent_id, 0 AS parent_sub,"
"       concat_ws(E'\\n', CASE WHEN o.acl IS NULL THEN d.ordered ELSE"
"         (SELECT string_agg(" PQE_SQL_ACL_LINE_OWNED("x", "''", "o.owner") ", E'\\n' ORDER BY x.grantee <> 0, pg_get_userbyid(x.grantee), x.privilege_type)"
"            FROM aclexplode(o.acl) x) END,"
"       CASE WHEN o.classid = 'pg_class'::regclass AND o.objid = ANY ($2) THEN"
"         (SELECT string_agg(" PQE_SQL_ACL_LINE_OWNED("x", "quote_ident(a.attname)", "o.owner") ", E'\\n' ORDER BY x.grantee <> 0, pg_get_userbyid(x.grantee), x.privilege_type, a.attname)"
"            FROM pg_attribute a, aclexplode(a.attacl) x"
"           WHERE a.attrelid = o.objid AND NOT a.attisdropped) END) AS privileges,"
"       d.plain AS _default,"
"       CASE WHEN EXISTS (SELECT FROM aclexplode(o.acl) x WHERE x.grantor <> o.owner)"
"              OR CASE WHEN o.classid = 'pg_class'::regclass AND o.objid = ANY ($2) THEN"
"                EXISTS (SELECT FROM pg_attribute a, aclexplode(a.attacl) x"
"                         WHERE a.attrelid = o.objid AND NOT a.attisdropped AND x.grantor <> o.owner) END THEN concat_ws(E'\\n',"
"         (SELECT string_agg(" LINE_BY_GRANTOR("''") ", E'\\n') FROM aclexplode(coalesce(o.acl, acldefault(o.letter, o.owner))) x),"
"         CASE WHEN o.classid = 'pg_class'::regclass AND o.objid = ANY ($2) THEN"
"           (SELECT string_agg(" LINE_BY_GRANTOR("quote_ident(a.attname)") ", E'\\n')"
"              FROM pg_attribute a, aclexplode(a.attacl) x"
"             WHERE a.attrelid = o.objid AND NOT a.attisdropped) END) END AS _by_grantor,"
"       CASE o.default_letter WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'"
"                             WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' END AS _class,"
"       quote_ident(pg_get_userbyid(o.owner)) AS _owner"
"  FROM ("
"  SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, c.relowner AS owner, c.relacl AS acl, n.oid AS namespace,"
"           CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\" AS letter,"
"           CASE c.relkind WHEN 'S' THEN 'S' ELSE 'r' END::\"char\" AS default_letter, n.nspname AS schema, c.relname AS name,"
"           format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname) AS object"
"      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
"     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.oid = ANY ($1)"
"  UNION ALL"
"  SELECT 'pg_type'::regclass::oid, t.oid, t.typowner, t.typacl, n.oid, 'T', 'T', n.nspname, t.typname,"
"           format('%s %I.%I', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, n.nspname, t.typname)"
"      FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
"     WHERE n.oid = ANY ($1) AND (t.typtype IN ('d', 'e', 'r')"
"           OR (t.typtype = 'c' AND t.typrelid IN (SELECT oid FROM pg_class WHERE relkind = 'c')))"
"  UNION ALL"
"  SELECT 'pg_proc'::regclass::oid, p.oid, p.proowner, p.proacl, n.oid, 'f', 'f', n.nspname, p.proname,"
"           format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,"
"                  n.nspname, p.proname, oidvectortypes(p.proargtypes))"
"      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.oid = ANY ($1) AND " PQE_SQL_OWN_FUNCTION
"  UNION ALL"
"  SELECT 'pg_namespace'::regclass::oid, n.oid, n.nspowner, n.nspacl, 0, 'n', 'n', n.nspname, n.nspname,"
"           format('SCHEMA %I', n.nspname)"
"      FROM pg_namespace n WHERE n.oid = ANY ($1)"
"  UNION ALL"
"  SELECT 'pg_foreign_data_wrapper'::regclass::oid, w.oid, w.fdwowner, w.fdwacl, 0, 'F', '-', NULL, w.fdwname,"
"         format('FOREIGN DATA WRAPPER %I', w.fdwname)"
"    FROM pg_foreign_data_wrapper w"
"  UNION ALL"
"  SELECT 'pg_foreign_server'::regclass::oid, s.oid, s.srvowner, s.srvacl, 0, 'S', '-', NULL, s.srvname,"
"         format('FOREIGN SERVER %I', s.srvname)"
"    FROM pg_foreign_server s"
"  ) o LEFT JOIN d ON d.letter = o.letter AND d.owner = o.owner";

/*
 * $2: the relations that have columns with privileges of their own.  The
 * executor would take each column of the database apart up to these.
 */
static Datum
relations_with_column_privileges(void)
{
	Relation	rel = table_open(AttributeRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	ArrayBuildState *state = initArrayResult(OIDOID, CurrentMemoryContext, false);
	Oid			last = InvalidOid;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Oid			relation = ((Form_pg_attribute) GETSTRUCT(tuple))->attrelid;

		CHECK_FOR_INTERRUPTS();
		if (heap_attisnull(tuple, Anum_pg_attribute_attacl, NULL) || relation == last)
			continue;
		last = relation;
		state = accumArrayResult(state, ObjectIdGetDatum(relation), false, OIDOID, CurrentMemoryContext);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return makeArrayResult(state, CurrentMemoryContext);
}

static bool
in_scope(const PqeFact *fact, const PqeOptions *options)
{
	return options->privileges == PQE_SCOPE_ALL ||
		(options->privileges == PQE_SCOPE_DECLARED && fact->parent != NULL && fact->parent->declared_privileges);
}

static char *
list_of(const PqeFact *fact, const char *property, const char *owner)
{
	return pqe_acl_rename(pqe_value(fact, property), PQE_ACL_OWNER, owner);
}

/*
 * What default privileges in the database as it is give to an object that the
 * current user creates; NULL for no such entry, or one that is gone before
 * anything is created.  Its creator's part becomes the owner's.
 */
static const char *
default_entry(const PqeScript *script, const PqeFact *fact, bool in_schema)
{
	const char *creator = quote_identifier(GetUserNameFromId(GetUserId(), false));
	const char *identity;
	PqeFact    *entry;

	if (pqe_value(fact, "_class") == NULL)
		return NULL;			/* there are none for what lives in no schema */
	identity = psprintf("FOR ROLE %s%s%s ON %s", creator, in_schema ? " IN SCHEMA " : "",
						in_schema ? quote_identifier(fact->schema) : "", pqe_value(fact, "_class"));
	entry = pqe_facts_by_identity(script->actual, &pqe_kind_default_privilege, identity);
	if (entry == NULL || (entry->drop_action != NULL && script->options->allow_drop))
		return NULL;
	return pqe_acl_rename(pqe_value(entry, "privileges"), creator, PQE_ACL_OWNER);
}

static char *
baseline(const PqeScript *script, const PqeFact *fact)
{
	const char *everywhere = default_entry(script, fact, false);
	const char *here = fact->schema ? default_entry(script, fact, true) : NULL;

	return psprintf("%s\n%s", everywhere ? everywhere : pqe_value(fact, "_default"), here ? here : "");
}

static void
create(PqeScript *script, PqeFact *fact)
{
	const char *owner = pqe_value(fact, "_owner");

	pqe_emit_acl(script, "", fact->identity, pqe_acl_rename(baseline(script, fact), PQE_ACL_OWNER, owner),
				 list_of(fact, "privileges", owner));
}

static bool
speaks_of(const PqeFact *fact, const PqeFact *part)
{
	char	   *rest = pqe_value(fact, "privileges") ? pstrdup(pqe_value(fact, "privileges")) : NULL;

	if (part->kind != &pqe_kind_column)
		return false;
	while (rest != NULL)
	{
		const char *line = pqe_acl_cut(&rest, '\n');

		if (line[0] != '\0' && strcmp(pqe_acl_column(line), quote_identifier(part->name)) == 0)
			return true;
	}
	return false;
}

static bool
is_lost(const PqeScript *script, const char *table, const char *column)
{
	const PqeFact *fact = pqe_facts_by_identity(script->desired, &pqe_kind_column, psprintf("%s.%s", table, column));

	if (fact == NULL)
		return pqe_facts_by_identity(script->desired, &pqe_kind_table, table) != NULL;
	return fact->create_action != NULL;
}

/*
 * The privileges of columns that go, or are made anew, need no REVOKE.
 */
static char *
without_lost_columns(const PqeScript *script, const PqeFact *fact, char *list)
{
	const char *table = strchr(fact->identity, ' ') + 1;
	StringInfoData kept;

	initStringInfo(&kept);
	while (list != NULL)
	{
		const char *line = pqe_acl_cut(&list, '\n');
		const char *column = line[0] != '\0' ? pqe_acl_column(line) : "";

		if (column[0] == '\0' || !is_lost(script, table, column))
			appendStringInfo(&kept, "%s\n", line);
	}
	return kept.data;
}

/*
 * What the owner has granted, and his predecessor for him, of a list with
 * grantors.
 */
static char *
granted_by(char *list, const char *owner)
{
	StringInfoData text;

	initStringInfo(&text);
	while (list != NULL)
	{
		char	   *line = pqe_acl_cut(&list, '\n');
		const char *grantor = pqe_acl_cut(&line, '|');

		if (strcmp(grantor, PQE_ACL_OWNER) == 0 || strcmp(grantor, owner) == 0)
			appendStringInfo(&text, "%s\n", line);
	}
	return pqe_acl_rename(text.data, PQE_ACL_OWNER, owner);
}

/*
 * Where owners are compared as well, the object has got its new one by now, and
 * what either of the two has granted is his.  What others have granted goes
 * with their right to grant; no REVOKE of the owner's reaches it.
 */
static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	const char *owner = pqe_value(script->options->owners == PQE_SCOPE_ALL ? to : from, "_owner");
	const char *by_grantor = pqe_value(from, "_by_grantor");
	char	   *list = list_of(from, "privileges", owner);

	if (by_grantor != NULL)
		list = pqe_emit_acl_without_options(script, to->identity, granted_by(pstrdup(by_grantor), owner), owner);
	pqe_emit_acl(script, "", to->identity, without_lost_columns(script, to, list), list_of(to, "privileges", owner));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	/* goes with its object */
}

const PqeKind pqe_kind_privilege = {
	.name = "privilege",
	.rank = 105,
	.query = query,
	.ordered_by_parent = true,
	.parameter = relations_with_column_privileges,
	.follows_column_type = true,
	.names_parts = true,
	.speaks_of = speaks_of,
	.in_scope = in_scope,
	.create = create,
	.can_alter = pqe_always_alter,
	.alter = alter,
	.drop = drop,
};
