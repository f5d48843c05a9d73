/*-------------------------------------------------------------------------
 *
 * arrays.c
 *		Between lists of C strings and text[].
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "arrays.h"

Datum
pqe_text_array(List *strings)
{
	Datum	   *elements = palloc(sizeof(Datum) * (list_length(strings) + 1));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, strings)
		elements[count++] = CStringGetTextDatum(lfirst(lc));
	return PointerGetDatum(construct_array(elements, count, TEXTOID, -1, false, TYPALIGN_INT));
}
