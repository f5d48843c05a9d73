/*
 * pipeline_compat.h - what libpq's versions differ in
 */
#ifndef PQE_PIPELINE_COMPAT_H
#define PQE_PIPELINE_COMPAT_H

#include <libpq-fe.h>

/*
 * Ends a group of statements.  From libpq 17 on that can wait to be written with the rest; before,
 * each one is a write of its own.
 */
static inline int pqe_pipeline_sync(PGconn *connection)
{
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
    return PQsendPipelineSync(connection);
#else
    return PQpipelineSync(connection);
#endif
}

#endif /* PQE_PIPELINE_COMPAT_H */
