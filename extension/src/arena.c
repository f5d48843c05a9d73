/*-------------------------------------------------------------------------
 *
 * arena.c
 *		Memory for very many small things that all go at once.
 *
 * Facts of a large database are tens of megabytes that no session has touched
 * before, and much of what it takes to read them would be the kernel handing
 * out that memory by pages of four kilobytes.  So large pieces ask for its
 * huge pages.
 *
 *-------------------------------------------------------------------------
 */
#include "arena.h"

#include <sys/mman.h>

#include "utils/memutils.h"

#define FIRST_PIECE (64 * 1024)
#define LARGEST_PIECE (16 * 1024 * 1024)
#define GROWTH 64
#define HUGE_PAGE ((Size) 2 * 1024 * 1024)

PqeArena *
pqe_arena_create(MemoryContext context)
{
	PqeArena   *arena = MemoryContextAllocZero(context, sizeof(PqeArena));

	arena->context = context;
	arena->piece = FIRST_PIECE;
	return arena;
}

/*
 * A new piece that has room for SIZE; what was left of the last one is lost.
 */
void
pqe_arena_extend(PqeArena *arena, Size size)
{
	bool		huge;

	size = Max(size, arena->piece);
	huge = size >= 2 * HUGE_PAGE;
	if (huge)
		size = TYPEALIGN(HUGE_PAGE, size);
	arena->room = size;
	/* whole huge pages: what is before and behind them is left untouched */
	arena->next = MemoryContextAllocHuge(arena->context, size + (huge ? HUGE_PAGE : 0));
	arena->piece = Min(arena->piece * GROWTH, LARGEST_PIECE);
	if (!huge)
		return;
	arena->next = (char *) TYPEALIGN(HUGE_PAGE, arena->next);
#ifdef MADV_HUGEPAGE
	/* a wish: where it is not granted, things are as they would have been */
	(void) madvise(arena->next, arena->room, MADV_HUGEPAGE);
#endif
}
