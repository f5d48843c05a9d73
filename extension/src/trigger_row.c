/*
 * trigger_row.c
 *		Rows of a table as JSON, for the triggers that tell about them: some
 *		of the columns of a row, as jsonb or as JSON text.
 *
 * The columns are copied into a row type of their own, which the server's own
 * to_jsonb() and row_to_json() then write: what a column of any type looks
 * like in JSON is theirs to know.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/rel.h"
#include "utils/relcache.h"

#include "trigger_behaviour.h"

/* A row type of the columns with these numbers, if there are any. */
static TriggerRow *
make_row(Relation rel, Bitmapset *columns)
{
	TriggerRow *row = palloc0(sizeof(TriggerRow));
	TupleDesc	desc = RelationGetDescr(rel);
	int			count = bms_num_members(columns);
	int			member = -1;
	Node	   *arg;

	if (count == 0)
		return row;

	row->attnums = palloc(count * sizeof(AttrNumber));
	row->desc = CreateTemplateTupleDesc(count);
	for (int i = 0; i < count; i++)
	{
		member = bms_next_member(columns, member);
		row->attnums[i] = (AttrNumber) member;
		TupleDescCopyEntry(row->desc, (AttrNumber) (i + 1), desc, row->attnums[i]);
	}
	BlessTupleDesc(row->desc);

	/* to_jsonb() takes anything, and learns what from the expression. */
	fmgr_info(F_TO_JSONB, &row->to_jsonb);
	arg = (Node *) makeNullConst(RECORDOID, -1, InvalidOid);
	fmgr_info_set_expr((Node *) makeFuncExpr(F_TO_JSONB, JSONBOID, list_make1(arg),
											 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL),
					   &row->to_jsonb);
	return row;
}

/*
 * All columns of the table but those named, which must exist.  A column that
 * is generated but not stored has no value in the row, and is left out.
 * Allocated in the current memory context, as trigger_row_key().
 */
TriggerRow *
trigger_row_all_but(Relation rel, List *excluded)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Bitmapset  *columns = NULL;
	ListCell   *lc;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped &&
			(att->attgenerated == '\0' || att->attgenerated == ATTRIBUTE_GENERATED_STORED))
			columns = bms_add_member(columns, i + 1);
	}
	foreach(lc, excluded)
	{
		const char *name = lfirst(lc);
		int			attnum = SPI_fnumber(desc, name);

		if (attnum <= 0)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of relation \"%s\" does not exist",
							name, RelationGetRelationName(rel)),
					 errhint("The option \"exclude\" takes the names of the table's columns."),
					 errtable(rel)));
		columns = bms_del_member(columns, attnum);
	}
	return make_row(rel, columns);
}

/* The columns of the primary key, none where there is no such key. */
TriggerRow *
trigger_row_key(Relation rel)
{
	Bitmapset  *key = RelationGetIndexAttrBitmap(rel, INDEX_ATTR_BITMAP_PRIMARY_KEY);
	Bitmapset  *columns = NULL;
	int			member = -1;

	while ((member = bms_next_member(key, member)) >= 0)
		columns = bms_add_member(columns, member + FirstLowInvalidHeapAttributeNumber);
	return make_row(rel, columns);
}

static Datum
form_row(TriggerRow *row, Relation rel, HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(rel);
	int			natts = row->desc->natts;
	Datum	   *values = palloc(natts * sizeof(Datum));
	bool	   *nulls = palloc(natts * sizeof(bool));
	Datum	   *all_values = palloc(desc->natts * sizeof(Datum));
	bool	   *all_nulls = palloc(desc->natts * sizeof(bool));

	heap_deform_tuple(tuple, desc, all_values, all_nulls);
	for (int i = 0; i < natts; i++)
	{
		values[i] = all_values[row->attnums[i] - 1];
		nulls[i] = all_nulls[row->attnums[i] - 1];
	}
	return HeapTupleGetDatum(heap_form_tuple(row->desc, values, nulls));
}

/* The row as jsonb; there must be columns to show. */
Datum
trigger_row_jsonb(TriggerRow *row, Relation rel, HeapTuple tuple)
{
	return FunctionCall1(&row->to_jsonb, form_row(row, rel, tuple));
}

/* The row as JSON text; there must be columns to show. */
char *
trigger_row_json(TriggerRow *row, Relation rel, HeapTuple tuple)
{
	return TextDatumGetCString(DirectFunctionCall1(row_to_json, form_row(row, rel, tuple)));
}
