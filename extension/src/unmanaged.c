/*-------------------------------------------------------------------------
 *
 * unmanaged.c
 *		User objects in managed schemas that no kind covers, and what the models
 *		say of objects in other schemas.
 *
 * They are never left out in silence: plan() warns of them and drift() lists
 * them.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "arrays.h"
#include "plan.h"

static const char query[] =
"SELECT i.type, i.identity"
"  FROM (SELECT 'pg_type'::regclass AS classid, oid, typnamespace AS namespace FROM pg_type"
"         WHERE typtype = 'b' AND oid >= 16384"
"           AND NOT (typelem <> 0 AND typsubscript = 'array_subscript_handler'::regproc)"
"        UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_conversion) o"
"  JOIN pg_namespace n ON n.oid = o.namespace,"
"       LATERAL pg_identify_object(o.classid, o.oid, 0) i"
" WHERE n.nspname = ANY ($1)"
"   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype IN ('e', 'i'))"
" ORDER BY 1, 2";

/*
 * As differences, to be shown with those that drift() finds.
 */
List *
pqe_unmanaged(List *schema_names)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[1] = {TEXTARRAYOID};
	Datum		values[1];
	List	   *rows = NIL;

	SPI_connect();
	values[0] = pqe_text_array(schema_names);
	if (SPI_execute_with_args(query, 1, types, values, NULL, false, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not look for unmanaged objects");
	for (uint64 i = 0; i < SPI_tuptable->numvals; i++)
	{
		char	   *type = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1);
		char	   *identity = SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2);
		MemoryContext old = MemoryContextSwitchTo(context);
		PqeDifference *row = palloc0(sizeof(PqeDifference));

		row->change = "unmanaged";
		row->kind = pstrdup(type);
		row->object = pstrdup(identity);
		rows = lappend(rows, row);
		MemoryContextSwitchTo(old);
	}
	SPI_finish();
	return rows;
}

/*
 * Statements that say something of an object in a schema that is not managed,
 * where nothing is compared; as differences.
 */
List *
pqe_unmanaged_statements(const char *models, const PqeOptions *options, List *schema_names)
{
	PqeModel   *model = pqe_model_parse(models, options->search_path);
	List	   *rows = NIL;
	ListCell   *lc;

	foreach(lc, model->statements)
	{
		const PqeStatement *statement = lfirst(lc);
		ListCell   *lc2;

		foreach(lc2, pqe_statement_touches(statement->raw->stmt, statement->settings.search_path))
		{
			PqeDifference *row;

			if (pqe_name_in_list(schema_names, lfirst(lc2)))
				continue;
			row = palloc0(sizeof(PqeDifference));
			row->change = "unmanaged";
			row->kind = "statement";
			row->object = pqe_statement_place(statement);
			row->property = psprintf("schema %s", quote_identifier(lfirst(lc2)));
			row->expected = pqe_statement_text(statement);
			rows = lappend(rows, row);
			break;
		}
	}
	return rows;
}
