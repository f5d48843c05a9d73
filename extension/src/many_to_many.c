/*
 * many_to_many.c
 *		many_to_many(): makes the junction table between two tables.
 *
 * The table comes out the same whichever of the two is named first, except
 * for its schema, which by default is that of the left one: the side whose
 * name sorts first gives the first columns, of table, primary key and all.
 * Everything is worked out from the OIDs at hand and nothing is kept, because
 * a realization builds a schema under a name that another one had just now.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"

PG_FUNCTION_INFO_V1(pqengine_many_to_many);

typedef struct JunctionColumn
{
	char	   *key;			/* column of the side's primary key */
	char	   *name;			/* column of the junction table */
	char	   *type;			/* with modifier and collation, as SQL */
} JunctionColumn;

typedef struct JunctionSide
{
	Oid			relid;
	char	   *schema;
	char	   *table;
	char		persistence;
	int			ncolumns;
	JunctionColumn *columns;
} JunctionSide;

/*
 * How the columns of the junction table are named: the first of these that
 * gives every column a name of its own.
 */
typedef enum ColumnNaming
{
	NAMING_TABLE,				/* users_id */
	NAMING_SCHEMA,				/* sales_users_id, crm_users_id */
	NAMING_SIDE,				/* left_users_id, right_users_id */
	NAMING_NUMBER				/* as before, the later ones numbered */
} ColumnNaming;

static char *
column_type(Form_pg_attribute att)
{
	char	   *type = format_type_extended(att->atttypid, att->atttypmod,
											FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
	HeapTuple	tuple;
	Form_pg_collation collation;

	if (!OidIsValid(att->attcollation) || att->attcollation == get_typcollation(att->atttypid))
		return type;

	tuple = SearchSysCache1(COLLOID, ObjectIdGetDatum(att->attcollation));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for collation %u", att->attcollation);
	collation = (Form_pg_collation) GETSTRUCT(tuple);
	type = psprintf("%s COLLATE %s", type,
					quote_qualified_identifier(get_namespace_name(collation->collnamespace),
											   NameStr(collation->collname)));
	ReleaseSysCache(tuple);
	return type;
}

/* Reads the primary key's columns, in the order of the key. */
static void
read_key(Relation rel, JunctionSide *side)
{
	Oid			constraint = InvalidOid;
	HeapTuple	tuple;
	Datum		conkey;
	bool		isnull;
	ArrayType  *array;
	int16	   *attnums;

	(void) get_primary_key_attnos(side->relid, false, &constraint);
	if (!OidIsValid(constraint))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("table \"%s\" has no primary key that a foreign key could reference",
						side->table),
				 errhint("Give the table a primary key that is not deferrable."),
				 errtable(rel)));

	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for constraint %u", constraint);
	conkey = SysCacheGetAttr(CONSTROID, tuple, Anum_pg_constraint_conkey, &isnull);
	if (isnull)
		elog(ERROR, "constraint %u has no key", constraint);
	array = DatumGetArrayTypePCopy(conkey);
	ReleaseSysCache(tuple);

	attnums = (int16 *) ARR_DATA_PTR(array);
	side->ncolumns = ARR_DIMS(array)[0];
	side->columns = palloc0(side->ncolumns * sizeof(JunctionColumn));
	for (int i = 0; i < side->ncolumns; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), attnums[i] - 1);

		side->columns[i].key = pstrdup(NameStr(att->attname));
		side->columns[i].type = column_type(att);
	}
}

/*
 * Reads one side.  The lock lasts for the transaction, so that no name that
 * was read changes before CREATE TABLE uses it.
 */
static void
read_side(Oid relid, JunctionSide *side)
{
	Relation	rel = try_relation_open(relid, AccessShareLock);

	if (rel == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("relation with OID %u does not exist", relid)));
	if (rel->rd_rel->relkind != RELKIND_RELATION &&
		rel->rd_rel->relkind != RELKIND_PARTITIONED_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a table", RelationGetRelationName(rel)),
				 errdetail("A junction table is made between tables or partitioned tables.")));

	side->relid = relid;
	side->schema = get_namespace_name(RelationGetNamespace(rel));
	side->table = pstrdup(RelationGetRelationName(rel));
	side->persistence = rel->rd_rel->relpersistence;
	read_key(rel, side);
	relation_close(rel, NoLock);
}

/* By bytes, so that the order depends on no collation. */
static int
compare_sides(const JunctionSide *a, const JunctionSide *b)
{
	int			result = strcmp(a->table, b->table);

	return result != 0 ? result : strcmp(a->schema, b->schema);
}

static bool
name_is_used(const JunctionSide *sides, const JunctionColumn *up_to)
{
	for (int s = 0; s < 2; s++)
	{
		for (int i = 0; i < sides[s].ncolumns; i++)
		{
			if (&sides[s].columns[i] == up_to)
				return false;
			if (strcmp(sides[s].columns[i].name, up_to->name) == 0)
				return true;
		}
	}
	return false;
}

/* Gives the columns names of that kind; false if two come out the same. */
static bool
try_column_names(JunctionSide *sides, ColumnNaming naming)
{
	for (int s = 0; s < 2; s++)
	{
		char	   *prefix = sides[s].table;

		if (naming == NAMING_SCHEMA)
			prefix = psprintf("%s_%s", sides[s].schema, sides[s].table);
		else if (naming != NAMING_TABLE)
			prefix = psprintf("%s_%s", s == 0 ? "left" : "right", sides[s].table);

		for (int i = 0; i < sides[s].ncolumns; i++)
		{
			JunctionColumn *column = &sides[s].columns[i];

			/* shortens to what an identifier may have, as the server does */
			column->name = makeObjectName(prefix, column->key, NULL);
			for (int number = 2; name_is_used(sides, column); number++)
			{
				char		label[12];

				if (naming != NAMING_NUMBER)
					return false;
				snprintf(label, sizeof(label), "%d", number);
				column->name = makeObjectName(prefix, column->key, label);
			}
		}
	}
	return true;
}

static void
name_columns(JunctionSide *sides)
{
	bool		schemas_differ = strcmp(sides[0].schema, sides[1].schema) != 0;

	if (try_column_names(sides, NAMING_TABLE))
		return;
	if (schemas_differ && try_column_names(sides, NAMING_SCHEMA))
		return;
	if (try_column_names(sides, NAMING_SIDE))
		return;
	(void) try_column_names(sides, NAMING_NUMBER);
}

/* Schema and name of the junction table. */
static RangeVar *
junction_name(const JunctionSide *sides, const char *left_schema, text *given)
{
	RangeVar   *name;

	if (given == NULL)
		return makeRangeVar(pstrdup(left_schema),
							makeObjectName(sides[0].table, sides[1].table, "junction"), -1);

	name = makeRangeVarFromNameList(textToQualifiedNameList(given));
	if (name->catalogname != NULL || name->relname[0] == '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_NAME),
				 errmsg("invalid name of a junction table: \"%s\"", text_to_cstring(given)),
				 errhint("Give the name as \"table\" or \"schema.table\".")));
	if (name->schemaname == NULL)
		name->schemaname = pstrdup(left_schema);
	else
		(void) LookupExplicitNamespace(name->schemaname, false);
	return name;
}

/* Appends the side's columns of the junction table, or its key columns. */
static void
append_columns(StringInfo sql, const JunctionSide *side, bool of_key)
{
	for (int i = 0; i < side->ncolumns; i++)
		appendStringInfo(sql, "%s%s", i == 0 ? "" : ", ",
						 quote_identifier(of_key ? side->columns[i].key : side->columns[i].name));
}

static char *
create_table_sql(const JunctionSide *sides, const char *table)
{
	bool		unlogged = sides[0].persistence == RELPERSISTENCE_UNLOGGED ||
		sides[1].persistence == RELPERSISTENCE_UNLOGGED;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE %sTABLE %s (", unlogged ? "UNLOGGED " : "", table);
	for (int s = 0; s < 2; s++)
	{
		for (int i = 0; i < sides[s].ncolumns; i++)
			appendStringInfo(&sql, "%s %s NOT NULL, ",
							 quote_identifier(sides[s].columns[i].name),
							 sides[s].columns[i].type);
	}

	appendStringInfoString(&sql, "PRIMARY KEY (");
	append_columns(&sql, &sides[0], false);
	appendStringInfoString(&sql, ", ");
	append_columns(&sql, &sides[1], false);
	appendStringInfoChar(&sql, ')');
	for (int s = 0; s < 2; s++)
	{
		appendStringInfoString(&sql, ", FOREIGN KEY (");
		append_columns(&sql, &sides[s], false);
		appendStringInfo(&sql, ") REFERENCES %s (",
						 quote_qualified_identifier(sides[s].schema, sides[s].table));
		append_columns(&sql, &sides[s], true);
		appendStringInfoString(&sql, ") ON DELETE CASCADE");
	}
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

/* The primary key serves from the first side to the second; this the reverse. */
static char *
create_index_sql(const JunctionSide *sides, const char *table)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE INDEX ON %s (", table);
	append_columns(&sql, &sides[1], false);
	appendStringInfoString(&sql, ", ");
	append_columns(&sql, &sides[0], false);
	appendStringInfoChar(&sql, ')');
	return sql.data;
}

static void
run_utility(const char *sql)
{
	int			result = SPI_execute(sql, false, 0);

	if (result != SPI_OK_UTILITY)
		elog(ERROR, "SPI_execute failed: %s", SPI_result_code_string(result));
}

static Oid
create_junction(const JunctionSide *sides, RangeVar *name)
{
	char	   *table = quote_qualified_identifier(name->schemaname, name->relname);

	SPI_connect();
	run_utility(create_table_sql(sides, table));
	run_utility(create_index_sql(sides, table));
	SPI_finish();
	return RangeVarGetRelid(name, NoLock, false);
}

/*
 * many_to_many("left" regclass, "right" regclass, junction text) returns regclass
 */
Datum
pqengine_many_to_many(PG_FUNCTION_ARGS)
{
	JunctionSide sides[2] = {{0}, {0}};
	const char *left_schema;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("the tables of pqengine.many_to_many() must not be null")));

	read_side(PG_GETARG_OID(0), &sides[0]);
	read_side(PG_GETARG_OID(1), &sides[1]);
	left_schema = sides[0].schema;
	if (compare_sides(&sides[0], &sides[1]) > 0)
	{
		JunctionSide side = sides[0];

		sides[0] = sides[1];
		sides[1] = side;
	}
	name_columns(sides);

	PG_RETURN_OID(create_junction(sides,
								  junction_name(sides, left_schema,
												PG_ARGISNULL(2) ? NULL : PG_GETARG_TEXT_PP(2))));
}
