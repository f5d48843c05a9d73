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

#endif							/* PQE_ARRAYS_H */
