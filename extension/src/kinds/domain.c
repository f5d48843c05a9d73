/*-------------------------------------------------------------------------
 *
 * domain.c
 *		Kinds: domain, and the constraint of a domain.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

static const char query[] =
"SELECT 'pg_type'::regclass::oid AS classid, t.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', n.nspname, t.typname) AS identity, n.nspname AS schema, t.typname AS name,"
"       format('type:%I.%I', n.nspname, t.typname) AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       format_type(t.typbasetype, t.typtypmod) AS type,"
"       CASE WHEN t.typcollation <> b.typcollation"
"            THEN format('%I.%I', cn.nspname, co.collname) END AS collation,"
"       coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)) AS \"default\","
"       t.typnotnull AS not_null, (SELECT x FROM (SELECT " PQE_SQL_DOMAIN_NOT_NULL "::text AS x) s WHERE rtrim(x, '0123456789') <> t.typname || '_not_null') AS not_null_name,"
"       " PQE_SQL_DOMAIN_NOT_NULL " AS _not_null_name"
"  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace"
"  JOIN pg_type b ON b.oid = t.typbasetype"
"  LEFT JOIN pg_collation co ON co.oid = t.typcollation"
"  LEFT JOIN pg_namespace cn ON cn.oid = co.collnamespace"
" WHERE t.typtype = 'd' AND n.oid = ANY ($1)"
" ORDER BY n.nspname, t.typname";

static const char constraint_query[] =
"SELECT 'pg_constraint'::regclass::oid AS classid, k.oid AS objid, 0 AS objsubid,"
"       format('%I.%I.%I', n.nspname, t.typname, k.conname) AS identity, n.nspname AS schema,"
"       k.conname AS name, NULL AS slot,"
"       'pg_type'::regclass::oid AS parent_class, t.oid AS parent_id, 0 AS parent_sub,"
"       pg_get_constraintdef(k.oid) AS definition,"
"       format('%I.%I', n.nspname, t.typname) AS _domain"
"  FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid"
"  JOIN pg_namespace n ON n.oid = t.typnamespace"
" WHERE k.contypid <> 0 AND k.contype = 'c' AND n.oid = ANY ($1)"
" ORDER BY n.nspname, t.typname, k.conname";

static void
create(PqeScript *script, PqeFact *fact)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	if (pqe_value(fact, "collation"))
		appendStringInfo(&text, " COLLATE %s", pqe_value(fact, "collation"));
	if (pqe_value(fact, "default"))
		appendStringInfo(&text, " DEFAULT %s", pqe_value(fact, "default"));
	if (pqe_value(fact, "not_null_name") != NULL)
		appendStringInfo(&text, " CONSTRAINT %s", quote_identifier(pqe_value(fact, "not_null_name")));
	if (pqe_flag(fact, "not_null"))
		appendStringInfoString(&text, " NOT NULL");
	foreach(lc, script->inlined)
	{
		PqeFact    *child = lfirst(lc);

		appendStringInfo(&text, "\n    %s", child->kind->inline_text(child));
	}
	pqe_emit(script, 0, "CREATE DOMAIN %s AS %s%s", fact->identity, pqe_value(fact, "type"), text.data);
}

/*
 * The server checks no new rule where the domain is inside an array, a
 * composite or a range.
 */
static bool
is_used_inside_others(const PqeFact *actual)
{
	ListCell   *lc;

	foreach(lc, actual->dependents)
	{
		PqeFact    *dependent = lfirst(lc);

		if (dependent->kind == &pqe_kind_composite || dependent->kind == &pqe_kind_range)
			return true;
		if (dependent->kind == &pqe_kind_column &&
			atooid(pqe_value(dependent, "_type_id")) != actual->address.objectId)
			return true;
	}
	return false;
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	if (!pqe_flag(from, "not_null") && pqe_flag(to, "not_null") && is_used_inside_others(from))
		return false;
	return pqe_same(from, to, "type") && pqe_same(from, to, "collation");
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	if (!pqe_same(from, to, "default"))
	{
		if (pqe_value(to, "default"))
			pqe_emit(script, 0, "ALTER DOMAIN %s SET DEFAULT %s", to->identity, pqe_value(to, "default"));
		else
			pqe_emit(script, 0, "ALTER DOMAIN %s DROP DEFAULT", to->identity);
	}
	if (!pqe_same(from, to, "not_null"))
	{
		if (pqe_value(to, "not_null_name") != NULL)
			pqe_emit(script, PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA, "ALTER DOMAIN %s ADD CONSTRAINT %s NOT NULL",
					 to->identity, quote_identifier(pqe_value(to, "not_null_name")));
		else if (pqe_flag(to, "not_null"))
			pqe_emit(script, PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA,
					 "ALTER DOMAIN %s SET NOT NULL", to->identity);
		else
			pqe_emit(script, 0, "ALTER DOMAIN %s DROP NOT NULL", to->identity);
	}
	else if (!pqe_same(from, to, "not_null_name"))
		pqe_emit(script, 0, "ALTER DOMAIN %s RENAME CONSTRAINT %s TO %s", to->identity,
				 quote_identifier(pqe_value(from, "_not_null_name")), quote_identifier(pqe_value(to, "_not_null_name")));
}

/*
 * The name of a NOT NULL that comes or goes is no difference of its own.
 */
static bool
same_property(const PqeFact *from, const PqeFact *to, const char *property)
{
	return strcmp(property, "not_null_name") == 0 && !pqe_same(from, to, "not_null");
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP DOMAIN %s", fact->identity);
}

static void
retire(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER DOMAIN %s RENAME TO %s",
			 fact->identity, quote_identifier(pqe_old_type_name(fact)));
}

static void
drop_retired(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP DOMAIN %s",
			 quote_qualified_identifier(fact->schema, pqe_old_type_name(fact)));
}

static char *
constraint_text(PqeFact *fact)
{
	return psprintf("CONSTRAINT %s %s", quote_identifier(fact->name), pqe_value(fact, "definition"));
}

static void
create_constraint(PqeScript *script, PqeFact *fact)
{
	const char *domain = pqe_value(fact, "_domain");
	const char *definition = pqe_value(fact, "definition");
	bool		not_valid = strstr(definition, " NOT VALID") != NULL;

	pqe_emit(script, 0, "ALTER DOMAIN %s ADD %s%s", domain, constraint_text(fact),
			 not_valid ? "" : " NOT VALID");
	if (!not_valid)
		pqe_emit(script, PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA,
				 "ALTER DOMAIN %s VALIDATE CONSTRAINT %s", domain, quote_identifier(fact->name));
}

static void
drop_constraint(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER DOMAIN %s DROP CONSTRAINT %s", pqe_value(fact, "_domain"),
			 quote_identifier(fact->name));
}

static bool
rebuilds_parent(const PqeFact *from, const PqeFact *to, const PqeFact *actual_parent)
{
	return is_used_inside_others(actual_parent);
}

static const char *const sql_properties[] = {"definition", NULL};
static const char *const default_properties[] = {"default", NULL};

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER DOMAIN %s RENAME TO %s", fact->identity, quote_identifier(name));
}

static bool
alike(const PqeFact *gone, const PqeFact *come)
{
	return pqe_same(gone, come, "type") && pqe_same(gone, come, "collation");
}

const PqeKind pqe_kind_domain = {
	.name = "domain",
	.file = "schemas/%s/types/%n.sql",
	.rank = 35,
	.query = query,
	.catalog = TypeRelationId,
	.letter_column = Anum_pg_type_typtype,
	.letter = TYPTYPE_DOMAIN,
	.named_in_bodies = true,
	.inlines = true,
	.equal = same_property,
	.sql_properties = default_properties,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
	.retire = retire,
	.drop_retired = drop_retired,
	.rename = rename_to,
	.alike = alike,
};

/*
 * CREATE DOMAIN does not know NOT VALID.
 */
static bool
stands_alone(const PqeFact *fact)
{
	return strstr(pqe_value(fact, "definition"), " NOT VALID") != NULL;
}

static void
rename_constraint(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER DOMAIN %s RENAME CONSTRAINT %s TO %s", pqe_value(fact, "_domain"),
			 quote_identifier(fact->name), quote_identifier(name));
}

const PqeKind pqe_kind_domain_constraint = {
	.name = "domain constraint",
	.rank = 36,
	.query = constraint_query,
	.catalog = TypeRelationId,
	.letter_column = Anum_pg_type_typtype,
	.letter = TYPTYPE_DOMAIN,
	.inline_create = true,
	.rebuilds_parent = rebuilds_parent,
	.stands_alone = stands_alone,
	.sql_properties = sql_properties,
	.create = create_constraint,
	.drop = drop_constraint,
	.inline_text = constraint_text,
	.rename = rename_constraint,
	.renames_alone = true,
};
