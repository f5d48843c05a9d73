/*-------------------------------------------------------------------------
 *
 * arrays.h
 *		Between lists of C strings and text[].
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_ARRAYS_H
#define PQE_ARRAYS_H

#include "postgres.h"
#include "nodes/pg_list.h"

extern Datum pqe_text_array(List *strings);
extern List *pqe_text_list(Datum array);

#endif							/* PQE_ARRAYS_H */
