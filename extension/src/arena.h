/*-------------------------------------------------------------------------
 *
 * arena.h
 *		Memory for very many small things that all go at once.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_ARENA_H
#define PQE_ARENA_H

#include "postgres.h"

typedef struct PqeArena
{
	MemoryContext context;
	char	   *next;			/* what is free of the last piece */
	Size		room;
	Size		piece;			/* how large the next one is to be */
} PqeArena;

extern PqeArena *pqe_arena_create(MemoryContext context);
extern void pqe_arena_extend(PqeArena *arena, Size size);
extern void pqe_prepare_heap(void);

/*
 * Goes with the context that the arena was made in, not before.
 */
static inline void *
pqe_arena_alloc(PqeArena *arena, Size size)
{
	char	   *result;

	size = MAXALIGN(size);
	if (size > arena->room)
		pqe_arena_extend(arena, size);
	result = arena->next;
	arena->next += size;
	arena->room -= size;
	return result;
}

static inline void *
pqe_arena_alloc_zero(PqeArena *arena, Size size)
{
	return memset(pqe_arena_alloc(arena, size), 0, size);
}

static inline char *
pqe_arena_strdup(PqeArena *arena, const char *text)
{
	Size		size = strlen(text) + 1;

	return memcpy(pqe_arena_alloc(arena, size), text, size);
}

#endif							/* PQE_ARENA_H */
