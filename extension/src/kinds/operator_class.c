/*-------------------------------------------------------------------------
 *
 * operator_class.c
 *		Kinds: operator family and operator class.
 *
 * Members of a family that belong to no class are the family's own property;
 * they are added and dropped one by one.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_opclass.h"
#include "catalog/pg_opfamily.h"

#define OPERATOR_ITEM \
"format('OPERATOR %s %I.%s (%s, %s)%s', m.amopstrategy, onsp.nspname, o.oprname," \
"       format_type(m.amoplefttype, NULL), format_type(m.amoprighttype, NULL)," \
"       CASE WHEN m.amoppurpose = 'o' THEN format(' FOR ORDER BY %I.%I', snsp.nspname, sf.opfname) ELSE '' END)"

#define OPERATOR_FROM \
"pg_amop m JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace onsp ON onsp.oid = o.oprnamespace" \
" LEFT JOIN pg_opfamily sf ON sf.oid = m.amopsortfamily LEFT JOIN pg_namespace snsp ON snsp.oid = sf.opfnamespace"

#define FUNCTION_ITEM \
"format('FUNCTION %s (%s, %s) %s', m.amprocnum, format_type(m.amproclefttype, NULL)," \
"       format_type(m.amprocrighttype, NULL), m.amproc::oid::regprocedure)"

#define MEMBER_OF(catalog, refcatalog, refid, deptypes) \
"EXISTS (SELECT FROM pg_depend d WHERE d.classid = '" catalog "'::regclass AND d.objid = m.oid" \
"           AND d.refclassid = '" refcatalog "'::regclass AND d.refobjid = " refid " AND d.deptype IN (" deptypes "))"

static const char family_query[] =
"SELECT 'pg_opfamily'::regclass::oid AS classid, f.oid AS objid, 0 AS objsubid,"
"       format('%I.%I USING %I', n.nspname, f.opfname, am.amname) AS identity, n.nspname AS schema, f.opfname AS name,"
"       NULL AS slot, NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       (SELECT string_agg(i, E'\\n' ORDER BY i) FROM ("
"          SELECT " OPERATOR_ITEM " AS i FROM " OPERATOR_FROM
"           WHERE m.amopfamily = f.oid AND " MEMBER_OF("pg_amop", "pg_opfamily", "f.oid", "'a'")
"          UNION ALL SELECT " FUNCTION_ITEM " FROM pg_amproc m"
"           WHERE m.amprocfamily = f.oid AND " MEMBER_OF("pg_amproc", "pg_opfamily", "f.oid", "'a'")
"       ) s) AS members"
"  FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am am ON am.oid = f.opfmethod"
" WHERE n.oid = ANY ($1) ORDER BY 4";

static const char class_query[] =
"SELECT 'pg_opclass'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('%I.%I USING %I', n.nspname, c.opcname, am.amname) AS identity, n.nspname AS schema, c.opcname AS name,"
"       NULL AS slot, NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       format(E'%sFOR TYPE %s USING %I FAMILY %I.%I AS\\n    %s', CASE WHEN c.opcdefault THEN 'DEFAULT ' ELSE '' END,"
"              format_type(c.opcintype, NULL), am.amname, fn.nspname, f.opfname,"
"              (SELECT string_agg(i, E',\\n    ' ORDER BY i) FROM ("
"                 SELECT " OPERATOR_ITEM " AS i FROM " OPERATOR_FROM
"                  WHERE m.amopfamily = f.oid AND " MEMBER_OF("pg_amop", "pg_opclass", "c.oid", "'i'")
"                 UNION ALL SELECT " FUNCTION_ITEM " FROM pg_amproc m"
"                  WHERE m.amprocfamily = f.oid AND " MEMBER_OF("pg_amproc", "pg_opclass", "c.oid", "'i'")
"                 UNION ALL SELECT format('STORAGE %s', format_type(CASE WHEN c.opckeytype <> 0 THEN c.opckeytype"
"                                                                        ELSE c.opcintype END, NULL))"
"                  WHERE c.opckeytype <> 0 OR NOT EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_opclass'::regclass"
"                                                        AND d.refobjid = c.oid AND d.deptype = 'i')"
"               ) s)) AS definition,"
"       format('%I.%I', n.nspname, c.opcname) AS _name"
"  FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am am ON am.oid = c.opcmethod"
"  JOIN pg_opfamily f ON f.oid = c.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace"
" WHERE n.oid = ANY ($1) ORDER BY 4";

static void
emit_members(PqeScript *script, const PqeFact *fact, const char *members, const char *not_in, bool add)
{
	char	   *state = NULL;

	for (char *item = strtok_r(pstrdup(members ? members : ""), "\n", &state); item;
		 item = strtok_r(NULL, "\n", &state))
	{
		char	   *number = strchr(item, ' ') + 1;
		char	   *types = strstr(item, " (");

		if (not_in != NULL && strstr(psprintf("\n%s\n", not_in), psprintf("\n%s\n", item)) != NULL)
			continue;
		/* DROP names the member by its number and types */
		if (add)
			pqe_emit(script, 0, "ALTER OPERATOR FAMILY %s ADD %s", fact->identity, item);
		else
			pqe_emit(script, 0, "ALTER OPERATOR FAMILY %s DROP %.*s%.*s", fact->identity,
					 (int) (number + strcspn(number, " ") - item), item,
					 (int) (strchr(types, ')') + 1 - types), types);
	}
}

static void
create_family(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE OPERATOR FAMILY %s", fact->identity);
	emit_members(script, fact, pqe_value(fact, "members"), NULL, true);
}

static void
alter_family(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_members(script, to, pqe_value(from, "members"), pqe_value(to, "members"), false);
	emit_members(script, to, pqe_value(to, "members"), pqe_value(from, "members"), true);
}

static void
drop_family(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP OPERATOR FAMILY %s", fact->identity);
}

static void
create_class(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE OPERATOR CLASS %s %s", pqe_value(fact, "_name"), pqe_value(fact, "definition"));
}

static void
drop_class(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP OPERATOR CLASS %s", fact->identity);
}

const PqeKind pqe_kind_operator_family = {
	.name = "operator family",
	.file = "schemas/%s/operator_families/%n.sql",
	.rank = 88,
	.query = family_query,
	.catalog = OperatorFamilyRelationId,
	.catalog_index = OpfamilyOidIndexId,
	.create = create_family,
	.can_alter = pqe_always_alter,
	.alter = alter_family,
	.drop = drop_family,
};

const PqeKind pqe_kind_operator_class = {
	.name = "operator class",
	.file = "schemas/%s/operator_classes/%n.sql",
	.rank = 89,
	.query = class_query,
	.catalog = OperatorClassRelationId,
	.catalog_index = OpclassOidIndexId,
	.used_unseen = true,
	.create = create_class,
	.drop = drop_class,
};
