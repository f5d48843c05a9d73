/*-------------------------------------------------------------------------
 *
 * rows.h
 *		The rows of a query as text, one at a time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_ROWS_H
#define PQE_ROWS_H

#include "postgres.h"

#include "arena.h"
#include "executor/tuptable.h"
#include "fmgr.h"

/* What is told of each row. */
typedef struct PqeRow
{
	TupleTableSlot *slot;		/* all columns have been fetched */
	FmgrInfo   *output;			/* of each column that is neither text nor boolean */
	char	  **kept;			/* of each column: the last text that was kept */
} PqeRow;

typedef void (*PqeStartFunction) (TupleDesc desc, void *argument);
typedef void (*PqeRowFunction) (PqeRow *row, void *argument);

/* What such a query may have: oid[], all of them. */
#define PQE_ROW_PARAMETERS 2

extern void pqe_each_row(const char *query, const Datum *parameters, PqeStartFunction start,
						 PqeRowFunction function, void *argument);
extern TupleDesc pqe_row_descriptor(const char *query);
extern char **pqe_row_texts(PqeRow *row, int first, int count, PqeArena *arena);
extern Oid	pqe_row_oid(const PqeRow *row, int column);
extern int	pqe_row_int(const PqeRow *row, int column);

#endif							/* PQE_ROWS_H */
