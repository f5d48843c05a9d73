/*-------------------------------------------------------------------------
 *
 * locks.h
 *		Keeps what is built from filling the server's lock table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_LOCKS_H
#define PQE_LOCKS_H

#include "postgres.h"

#include "fmgr.h"

extern void pqe_locks_init(void);
extern void pqe_locks_watch(void (*body) (void *), void *argument);
extern void pqe_locks_note_statement(void);
extern bool pqe_locks_are_due(void);
extern void pqe_locks_give_back(void);
extern void pqe_locks_require(int64 needed, const char *what);
extern void pqe_locks_explain(ErrorData *error);
extern char *pqe_deparse(char *(*print) (const void *argument), const void *argument);

#endif							/* PQE_LOCKS_H */
