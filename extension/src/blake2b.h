/*-------------------------------------------------------------------------
 *
 * blake2b.h
 *		BLAKE2b-256 (RFC 7693), without a key: the digest of a model text.
 *
 * The client library is built with this file, too: plain C, no headers of the
 * server.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_BLAKE2B_H
#define PQE_BLAKE2B_H

#include <stddef.h>
#include <stdint.h>

#define PQE_BLAKE2B_LENGTH 32
#define PQE_BLAKE2B_BLOCK 128

typedef struct PqeBlake2b
{
	uint64_t	state[8];
	uint64_t	count;			/* bytes so far, those in the block not included */
	size_t		filled;
	uint8_t		block[PQE_BLAKE2B_BLOCK];
} PqeBlake2b;

extern void pqe_blake2b_init(PqeBlake2b *hash);
extern void pqe_blake2b_add(PqeBlake2b *hash, const void *data, size_t length);
extern void pqe_blake2b_end(PqeBlake2b *hash, uint8_t digest[PQE_BLAKE2B_LENGTH]);

#endif							/* PQE_BLAKE2B_H */
