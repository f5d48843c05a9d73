/*-------------------------------------------------------------------------
 *
 * rows.c
 *		The rows of a query as text, one at a time.
 *
 * Facts are read in tens of thousands of rows: these go straight from the
 * executor to where they are kept, with no table of them in between and one
 * copy of each value.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"

#include "rows.h"

typedef struct RowReceiver
{
	DestReceiver pub;
	PqeStartFunction start;
	PqeRowFunction function;
	void	   *argument;
	MemoryContext garbage;		/* of one row */
	PqeRow		row;
} RowReceiver;

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

static void
start(DestReceiver *self, int operation, TupleDesc desc)
{
	RowReceiver *receiver = (RowReceiver *) self;

	receiver->start(desc, receiver->argument);
	receiver->row.output = palloc0(sizeof(FmgrInfo) * desc->natts);
	receiver->row.kept = palloc0(sizeof(char *) * desc->natts);
	for (int i = 0; i < desc->natts; i++)
	{
		Oid			type = TupleDescAttr(desc, i)->atttypid;
		Oid			function;
		bool		is_varlena;

		if (is_text(type) || type == NAMEOID || type == BOOLOID)
			continue;
		getTypeOutputInfo(type, &function, &is_varlena);
		fmgr_info(function, &receiver->row.output[i]);
	}
}

static bool
receive(TupleTableSlot *slot, DestReceiver *self)
{
	RowReceiver *receiver = (RowReceiver *) self;
	MemoryContext old = MemoryContextSwitchTo(receiver->garbage);

	CHECK_FOR_INTERRUPTS();
	slot_getallattrs(slot);
	receiver->row.slot = slot;
	receiver->function(&receiver->row, receiver->argument);
	MemoryContextSwitchTo(old);
	MemoryContextReset(receiver->garbage);
	return true;
}

static void
no_more(DestReceiver *self)
{
}

/*
 * Calls START with the columns of a query whose $1 and $2 are each an oid[], then
 * FUNCTION on each row; what this allocates in the current context lasts as long as the
 * row.  To be called within SPI, and with a snapshot.
 */
void
pqe_each_row(const char *query, const Datum *parameters, PqeStartFunction start_function,
			 PqeRowFunction function, void *argument)
{
	/* SPI asks for a kind of its own only where it should keep the rows */
	RowReceiver receiver = {{receive, start, no_more, no_more, DestTuplestore}, start_function, function, argument};
	SPIExecuteOptions options = {0};

	receiver.garbage = AllocSetContextCreate(CurrentMemoryContext, "pqengine row", ALLOCSET_SMALL_SIZES);
	options.params = makeParamList(PQE_ROW_PARAMETERS);
	for (int i = 0; i < PQE_ROW_PARAMETERS; i++)
	{
		options.params->params[i].value = parameters[i];
		options.params->params[i].isnull = false;
		options.params->params[i].pflags = PARAM_FLAG_CONST;
		options.params->params[i].ptype = OIDARRAYOID;
	}
	options.read_only = true;
	options.must_return_tuples = true;
	options.dest = &receiver.pub;
	if (SPI_execute_extended(query, &options) != SPI_OK_SELECT)
		elog(ERROR, "could not run \"%s\"", query);
	MemoryContextDelete(receiver.garbage);
}

/*
 * What the rows of such a query look like; good until SPI_finish().
 */
TupleDesc
pqe_row_descriptor(const char *query)
{
	Oid			types[PQE_ROW_PARAMETERS] = {OIDARRAYOID, OIDARRAYOID};
	SPIPlanPtr	plan = SPI_prepare(query, PQE_ROW_PARAMETERS, types);

	if (plan == NULL)
		elog(ERROR, "could not prepare \"%s\"", query);
	return ((CachedPlanSource *) linitial(SPI_plan_get_plan_sources(plan)))->resultDesc;
}

/*
 * A value as its type prints it, and its length: where it lies, or in the
 * current context.  The row may not hold a null there.
 */
static const char *
look_at(const PqeRow *row, int column, Size *length)
{
	TupleTableSlot *slot = row->slot;
	Oid			type = TupleDescAttr(slot->tts_tupleDescriptor, column)->atttypid;
	Datum		value = slot->tts_values[column];
	const char *string;

	if (is_text(type))
	{
		text	   *packed = DatumGetTextPP(value);

		*length = VARSIZE_ANY_EXHDR(packed);
		return VARDATA_ANY(packed);
	}
	if (type == NAMEOID)
		string = NameStr(*DatumGetName(value));
	else if (type == BOOLOID)
		string = DatumGetBool(value) ? "t" : "f";
	else
		string = OutputFunctionCall(&row->output[column], value);
	*length = strlen(string);
	return string;
}

static bool
is_same(const char *kept, const char *from, Size length)
{
	return kept != NULL && strncmp(kept, from, length) == 0 && kept[length] == '\0';
}

/*
 * COUNT values from column FIRST on, as their types print them; NULL for null.
 *
 * They are many and short, and much of them is what the row before had: all
 * of a row are one piece of memory, and a value that comes again is kept once.
 */
char **
pqe_row_texts(PqeRow *row, int first, int count, PqeArena *arena)
{
	char	  **kept = row->kept + first;
	const char **from = palloc(sizeof(char *) * Max(count, 1));
	Size	   *lengths = palloc(sizeof(Size) * Max(count, 1));
	Size		total = 0;
	char	  **texts;
	char	   *to;

	for (int i = 0; i < count; i++)
	{
		from[i] = NULL;
		if (row->slot->tts_isnull[first + i])
			continue;
		from[i] = look_at(row, first + i, &lengths[i]);
		if (!is_same(kept[i], from[i], lengths[i]))
		{
			kept[i] = NULL;
			total += lengths[i] + 1;
		}
	}
	texts = pqe_arena_alloc(arena, sizeof(char *) * count + total);
	to = (char *) (texts + count);
	for (int i = 0; i < count; i++)
	{
		texts[i] = NULL;
		if (from[i] == NULL)
			continue;
		if (kept[i] == NULL)
		{
			kept[i] = memcpy(to, from[i], lengths[i]);
			to[lengths[i]] = '\0';
			to += lengths[i] + 1;
		}
		texts[i] = kept[i];
	}
	return texts;
}

/*
 * These are 0 for null.
 */
Oid
pqe_row_oid(const PqeRow *row, int column)
{
	return row->slot->tts_isnull[column] ? InvalidOid : DatumGetObjectId(row->slot->tts_values[column]);
}

int
pqe_row_int(const PqeRow *row, int column)
{
	return row->slot->tts_isnull[column] ? 0 : DatumGetInt32(row->slot->tts_values[column]);
}
