/*
 * libpq_compat.h - what some versions of libpq have and others do not
 */
#ifndef PQE_LIBPQ_COMPAT_H
#define PQE_LIBPQ_COMPAT_H

#include <libpq-fe.h>
#include <stdbool.h>

/* Rows of a stream that come at once, where libpq can do that (since 17). */
#define PQE_CHUNK_ROWS 256

/* Asks for the rows of the statement that was just sent in small parts. */
static inline bool pqe_compat_stream_rows(PGconn *connection)
{
#ifdef LIBPQ_HAS_CHUNK_MODE
    return PQsetChunkedRowsMode(connection, PQE_CHUNK_ROWS) == 1;
#else
    return PQsetSingleRowMode(connection) == 1;
#endif
}

/* Whether a result is such a part. */
static inline bool pqe_compat_is_part(ExecStatusType status)
{
#ifdef LIBPQ_HAS_CHUNK_MODE
    return status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_CHUNK;
#else
    return status == PGRES_SINGLE_TUPLE;
#endif
}

#endif /* PQE_LIBPQ_COMPAT_H */
