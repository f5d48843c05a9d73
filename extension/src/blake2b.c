/*-------------------------------------------------------------------------
 *
 * blake2b.c
 *		BLAKE2b-256 (RFC 7693), without a key.
 *
 * A cryptographic hash that is quick in plain C and needs nothing set up.
 *
 *-------------------------------------------------------------------------
 */
#include "blake2b.h"

#include <string.h>

#define ROUNDS 12

static const uint64_t initial[8] = {
	UINT64_C(0x6a09e667f3bcc908), UINT64_C(0xbb67ae8584caa73b),
	UINT64_C(0x3c6ef372fe94f82b), UINT64_C(0xa54ff53a5f1d36f1),
	UINT64_C(0x510e527fade682d1), UINT64_C(0x9b05688c2b3e6c1f),
	UINT64_C(0x1f83d9abfb41bd6b), UINT64_C(0x5be0cd19137e2179),
};

/* Which words of a block each round takes; the eleventh is the first again. */
static const uint8_t order[ROUNDS][16] = {
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
	{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
	{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
	{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
	{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

static inline uint64_t
load(const uint8_t *from)
{
	uint64_t	word = 0;

	/* compilers know this for what it is on a little-endian machine: a load */
	for (int i = 7; i >= 0; i--)
		word = word << 8 | from[i];
	return word;
}

static inline uint64_t
rotate(uint64_t word, int bits)
{
	return (word >> bits) | (word << (64 - bits));
}

static inline void
stir(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y)
{
	v[a] += v[b] + x;
	v[d] = rotate(v[d] ^ v[a], 32);
	v[c] += v[d];
	v[b] = rotate(v[b] ^ v[c], 24);
	v[a] += v[b] + y;
	v[d] = rotate(v[d] ^ v[a], 16);
	v[c] += v[d];
	v[b] = rotate(v[b] ^ v[c], 63);
}

/*
 * COUNT is that of all bytes up to the end of the block; LAST is all ones for
 * the last one, else 0.
 */
static void
take_block(uint64_t *state, const uint8_t *block, uint64_t count, uint64_t last)
{
	uint64_t	words[16];
	uint64_t	v[16];

	for (int i = 0; i < 16; i++)
		words[i] = load(block + 8 * i);
	for (int i = 0; i < 8; i++)
	{
		v[i] = state[i];
		v[i + 8] = initial[i];
	}
	v[12] ^= count;
	v[14] ^= last;
	for (int i = 0; i < ROUNDS; i++)
	{
		const uint8_t *at = order[i];

		stir(v, 0, 4, 8, 12, words[at[0]], words[at[1]]);
		stir(v, 1, 5, 9, 13, words[at[2]], words[at[3]]);
		stir(v, 2, 6, 10, 14, words[at[4]], words[at[5]]);
		stir(v, 3, 7, 11, 15, words[at[6]], words[at[7]]);
		stir(v, 0, 5, 10, 15, words[at[8]], words[at[9]]);
		stir(v, 1, 6, 11, 12, words[at[10]], words[at[11]]);
		stir(v, 2, 7, 8, 13, words[at[12]], words[at[13]]);
		stir(v, 3, 4, 9, 14, words[at[14]], words[at[15]]);
	}
	for (int i = 0; i < 8; i++)
		state[i] ^= v[i] ^ v[i + 8];
}

void
pqe_blake2b_init(PqeBlake2b *hash)
{
	memcpy(hash->state, initial, sizeof(initial));
	/* length of the digest, no key, one leaf */
	hash->state[0] ^= 0x01010000 | PQE_BLAKE2B_LENGTH;
	hash->count = 0;
	hash->filled = 0;
}

void
pqe_blake2b_add(PqeBlake2b *hash, const void *data, size_t length)
{
	const uint8_t *from = data;

	/* the last block is for the end to take, and so a full one stays until there is more */
	while (length > 0)
	{
		size_t		part;

		if (hash->filled == PQE_BLAKE2B_BLOCK)
		{
			hash->count += PQE_BLAKE2B_BLOCK;
			take_block(hash->state, hash->block, hash->count, 0);
			hash->filled = 0;
		}
		for (; hash->filled == 0 && length > PQE_BLAKE2B_BLOCK; length -= PQE_BLAKE2B_BLOCK)
		{
			hash->count += PQE_BLAKE2B_BLOCK;
			take_block(hash->state, from, hash->count, 0);
			from += PQE_BLAKE2B_BLOCK;
		}
		part = PQE_BLAKE2B_BLOCK - hash->filled;
		if (part > length)
			part = length;
		memcpy(hash->block + hash->filled, from, part);
		hash->filled += part;
		from += part;
		length -= part;
	}
}

void
pqe_blake2b_end(PqeBlake2b *hash, uint8_t digest[PQE_BLAKE2B_LENGTH])
{
	memset(hash->block + hash->filled, 0, PQE_BLAKE2B_BLOCK - hash->filled);
	take_block(hash->state, hash->block, hash->count + hash->filled, UINT64_MAX);
	for (int i = 0; i < PQE_BLAKE2B_LENGTH; i++)
		digest[i] = (uint8_t) (hash->state[i / 8] >> (8 * (i % 8)));
}
