/*-------------------------------------------------------------------------
 *
 * default_privilege.c
 *		Kind: default privileges, of one role for one class of objects.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "acl.h"
#include "catalog/pg_default_acl.h"

/*
 * An entry for the whole database replaces the server's own default, one for
 * a schema adds to it: so they start from different baselines.
 */
static const char query[] =
"SELECT 'pg_default_acl'::regclass::oid AS classid, d.oid AS objid, 0 AS objsubid,"
"       format('FOR ROLE %I%s ON %s', pg_get_userbyid(d.defaclrole),"
"              CASE WHEN n.oid IS NOT NULL THEN format(' IN SCHEMA %I', n.nspname) ELSE '' END, k.word) AS identity,"
"       n.nspname AS schema, pg_get_userbyid(d.defaclrole) AS name, NULL AS slot,"
"       CASE WHEN n.oid IS NOT NULL THEN 'pg_namespace'::regclass::oid END AS parent_class,"
"       n.oid AS parent_id, 0 AS parent_sub,"
"       (SELECT string_agg(" PQE_SQL_ACL_LINE("x", "''") ", E'\\n' ORDER BY x.grantee <> 0, pg_get_userbyid(x.grantee), x.privilege_type)"
"          FROM aclexplode(d.defaclacl) x) AS privileges,"
"       (SELECT string_agg(" PQE_SQL_ACL_LINE("x", "''") ", E'\\n' ORDER BY 1)"
"          FROM aclexplode(CASE WHEN n.oid IS NULL THEN acldefault(k.letter, d.defaclrole) END) x) AS _baseline,"
"       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I %s', pg_get_userbyid(d.defaclrole),"
"              CASE WHEN n.oid IS NOT NULL THEN format('IN SCHEMA %I ', n.nspname) ELSE '' END) AS _prefix,"
"       k.word AS _word"
"  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace"
"  JOIN (VALUES ('r'::\"char\", 'r'::\"char\", 'TABLES'), ('S', 's', 'SEQUENCES'), ('f', 'f', 'FUNCTIONS'),"
"               ('T', 'T', 'TYPES'), ('n', 'n', 'SCHEMAS')) k (type, letter, word) ON k.type = d.defaclobjtype"
" WHERE n.oid IS NULL OR n.oid = ANY ($1)"
" ORDER BY 4";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit_acl(script, pqe_value(fact, "_prefix"), pqe_value(fact, "_word"),
				 pqe_value(fact, "_baseline"), pqe_value(fact, "privileges"));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	pqe_emit_acl(script, pqe_value(to, "_prefix"), pqe_value(to, "_word"),
				 pqe_value(from, "privileges"), pqe_value(to, "privileges"));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit_acl(script, pqe_value(fact, "_prefix"), pqe_value(fact, "_word"),
				 pqe_value(fact, "privileges"), pqe_value(fact, "_baseline"));
}

const PqeKind pqe_kind_default_privilege = {
	.name = "default privilege",
	/* sorts behind the rest: what is made before it is not to get them */
	.file = "security/default_privileges.sql",
	.rank = 119,				/* what is made before is not to get them */
	.query = query,
	.catalog = DefaultAclRelationId,
	.catalog_index = DefaultAclOidIndexId,
	.database_wide = true,
	.comes_last = true,
	.create = create,
	.can_alter = pqe_always_alter,
	.alter = alter,
	.drop = drop,
};
