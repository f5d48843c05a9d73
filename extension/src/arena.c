/*-------------------------------------------------------------------------
 *
 * arena.c
 *		Memory for very many small things that all go at once.
 *
 * Facts of a large database are tens of megabytes that no session has touched
 * before, and much of what it takes to read them would be the kernel handing
 * out that memory by pages of four kilobytes.  So large pieces ask for its
 * huge pages, and so does the heap that the server's queries live in meanwhile.
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
 * Asks for huge pages: a wish; where it is not granted, things are as they would
 * have been.
 */
static void
ask_for_huge_pages(char *start, Size size)
{
#ifdef MADV_HUGEPAGE
	(void) madvise(start, size, MADV_HUGEPAGE);
#endif
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
	ask_for_huge_pages(arena->next, size);
}

/*
 * Readies the C library's heap for many queries in a row, by a piece that is
 * given back at once.  From then on the library keeps what a query has freed,
 * for the next one, and what it has not touched yet comes in huge pages.
 */
void
pqe_prepare_heap(void)
{
	char	   *piece;

	/*
	 * This one is mapped by itself; once it is freed, the library does so no
	 * more with any of its size, and gives the end of the heap back to the
	 * system from twice that size on.
	 */
	pfree(palloc(LARGEST_PIECE));
	piece = palloc(LARGEST_PIECE);
	ask_for_huge_pages((char *) TYPEALIGN(HUGE_PAGE, piece), LARGEST_PIECE - HUGE_PAGE);
	pfree(piece);
}
