/*-------------------------------------------------------------------------
 *
 * pqengine.c
 *		The module.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "locks.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

void
_PG_init(void)
{
	pqe_locks_init();
}
