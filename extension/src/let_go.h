/*-------------------------------------------------------------------------
 *
 * let_go.h
 *		Frees extensions from the live objects that use them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_LET_GO_H
#define PQE_LET_GO_H

#include "facts.h"

extern void pqe_let_go_of_dropped(PqeFacts *live, const char *sql);

#endif							/* PQE_LET_GO_H */
