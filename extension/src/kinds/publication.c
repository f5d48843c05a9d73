/*-------------------------------------------------------------------------
 *
 * publication.c
 *		Kinds: publication, and the tables and schemas in one.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_publication.h"
#include "catalog/pg_publication_namespace.h"
#include "catalog/pg_publication_rel.h"

static const char query[] =
"SELECT 'pg_publication'::regclass::oid AS classid, p.oid AS objid, 0 AS objsubid,"
"       quote_ident(p.pubname) AS identity, NULL AS schema, p.pubname AS name, NULL AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       p.puballtables AS all_tables,"
"       concat_ws(', ', CASE WHEN p.pubinsert THEN 'insert' END, CASE WHEN p.pubupdate THEN 'update' END,"
"                 CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END) AS publish,"
"       p.pubviaroot AS via_root"
"  FROM pg_publication p"
" WHERE $1 IS NOT NULL"
" ORDER BY p.pubname";

static const char table_query[] =
"SELECT 'pg_publication_rel'::regclass::oid AS classid, r.oid AS objid, 0 AS objsubid,"
"       format('%I %I.%I', p.pubname, n.nspname, c.relname) AS identity, NULL AS schema, c.relname AS name, NULL AS slot,"
"       'pg_publication'::regclass::oid AS parent_class, p.oid AS parent_id, 0 AS parent_sub,"
"       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attname) FROM unnest(r.prattrs) k"
"          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k) AS columns,"
"       pg_get_expr(r.prqual, r.prrelid) AS filter,"
"       quote_ident(p.pubname) AS _publication, format('%I.%I', n.nspname, c.relname) AS _table"
"  FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid"
"  JOIN pg_class c ON c.oid = r.prrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
" WHERE $1 IS NOT NULL"
" ORDER BY 4";

static const char schema_query[] =
"SELECT 'pg_publication_namespace'::regclass::oid AS classid, r.oid AS objid, 0 AS objsubid,"
"       format('%I %I', p.pubname, n.nspname) AS identity, NULL AS schema, n.nspname AS name, NULL AS slot,"
"       'pg_publication'::regclass::oid AS parent_class, p.oid AS parent_id, 0 AS parent_sub,"
"       quote_ident(p.pubname) AS _publication, quote_ident(n.nspname) AS _schema"
"  FROM pg_publication_namespace r JOIN pg_publication p ON p.oid = r.pnpubid"
"  JOIN pg_namespace n ON n.oid = r.pnnspid"
" WHERE $1 IS NOT NULL"
" ORDER BY 4";

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE PUBLICATION %s%s WITH (publish = '%s'%s)", fact->identity,
			 pqe_flag(fact, "all_tables") ? " FOR ALL TABLES" : "", pqe_value(fact, "publish"),
			 pqe_flag(fact, "via_root") ? ", publish_via_partition_root = true" : "");
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "all_tables");
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	pqe_emit(script, 0, "ALTER PUBLICATION %s SET (publish = '%s', publish_via_partition_root = %s)",
			 to->identity, pqe_value(to, "publish"), pqe_flag(to, "via_root") ? "true" : "false");
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP PUBLICATION %s", fact->identity);
}

static void
create_table(PqeScript *script, PqeFact *fact)
{
	const char *columns = pqe_value(fact, "columns");
	const char *filter = pqe_value(fact, "filter");

	pqe_emit(script, 0, "ALTER PUBLICATION %s ADD TABLE ONLY %s%s%s%s%s%s%s",
			 pqe_value(fact, "_publication"), pqe_table_of(fact),
			 columns ? " (" : "", columns ? columns : "", columns ? ")" : "",
			 filter ? " WHERE (" : "", filter ? filter : "", filter ? ")" : "");
}

static void
drop_table(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER PUBLICATION %s DROP TABLE ONLY %s", pqe_value(fact, "_publication"),
			 pqe_table_of(fact));
}

static void
create_schema(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER PUBLICATION %s ADD TABLES IN SCHEMA %s", pqe_value(fact, "_publication"),
			 pqe_value(fact, "_schema"));
}

static void
drop_schema(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "ALTER PUBLICATION %s DROP TABLES IN SCHEMA %s", pqe_value(fact, "_publication"),
			 pqe_value(fact, "_schema"));
}

/*
 * A publication has no schema as long as it has a list of columns, and the other
 * way round; but several of each.
 */
static const char *
room_for_schemas(const PqeFact *fact)
{
	return psprintf("schemas in publication:%s", pqe_value(fact, "_publication"));
}

static const char *
room_for_columns(const PqeFact *fact)
{
	return psprintf("columns in publication:%s", pqe_value(fact, "_publication"));
}

static const char *
freed_by_table(const PqeFact *fact)
{
	return pqe_value(fact, "columns") ? room_for_schemas(fact) : NULL;
}

static const char *
wanted_by_table(const PqeFact *fact)
{
	return pqe_value(fact, "columns") ? room_for_columns(fact) : NULL;
}

const PqeKind pqe_kind_publication = {
	.name = "publication",
	.file = "database/publications/%n.sql",
	.rank = 112,
	.query = query,
	.catalog = PublicationRelationId,
	.catalog_index = PublicationObjectIndexId,
	.database_wide = true,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
};

static const char *const table_sql_properties[] = {"filter", NULL};

const PqeKind pqe_kind_publication_table = {
	.name = "publication table",
	.rank = 113,
	.query = table_query,
	.catalog = PublicationRelRelationId,
	.catalog_index = PublicationRelObjectIndexId,
	.database_wide = true,
	.sql_properties = table_sql_properties,
	.frees = freed_by_table,
	.wants = wanted_by_table,
	.create = create_table,
	.drop = drop_table,
};

const PqeKind pqe_kind_publication_schema = {
	.name = "publication schema",
	.rank = 114,
	.query = schema_query,
	.catalog = PublicationNamespaceRelationId,
	.catalog_index = PublicationNamespaceObjectIndexId,
	.database_wide = true,
	.frees = room_for_columns,
	.wants = room_for_schemas,
	.create = create_schema,
	.drop = drop_schema,
};
