/*
 * slot.h - a place for one session in the pool
 *
 * Slots are made when they are first needed and live as long as the pool; a session is put into one
 * when it was opened, and taken out to be closed.  So a slot can be looked at without the pool's lock,
 * by whoever remembers it, and be taken by one exchange of its state.
 */
#ifndef PQE_SLOT_H
#define PQE_SLOT_H

#include <stdatomic.h>

#include "lease.h"
#include "session.h"

/*
 * A slot's state.  FREE comes with LISTED only.  A slot whose session was taken without the lock stays
 * in the list; whoever finds it there, with the lock, takes it out.
 *
 *   FREE|LISTED -> LISTED        taken without the lock
 *   LISTED      -> FREE|LISTED   given back, by its holder, without the lock
 *   FREE|LISTED -> 0             taken, or doomed, with the lock; then it is taken out of the list
 *   LISTED      -> 0             found to be taken, with the lock; taken out of the list
 *   0           -> FREE|LISTED   given back, with the lock, once it is in the list
 */
enum { PQE_SLOT_FREE = 1, PQE_SLOT_LISTED = 2 };

#define PQE_HOLDER_WORDS 8

typedef struct pqe_slot {
    _Alignas(64) atomic_uint state;
    pqe_session *session; /* NULL: empty.  Changes with the lock, and nobody else has the slot */

    /* written by whoever has the slot, read by all */
    atomic_int_fast64_t taken_at;
    atomic_int_fast64_t idle_since;
    atomic_int_fast64_t checked_at;                /* last sign of life, while it is idle */
    atomic_uint_fast64_t holder[PQE_HOLDER_WORDS]; /* the holder's name, cut to 63 bytes */
    atomic_uint_fast64_t taken_times;
    atomic_uint_fast64_t forgotten; /* of taken_times, by pqe_metrics_reset */
    atomic_bool leak_reported;      /* for this holder */
    _Atomic(pqe_lease *) lease;     /* the last one given out for it */

    pqe_lease *leases; /* PQE_SLOT_LEASES of them, made when one is first wanted */
    size_t next_lease;

    /* guarded by the pool's lock */
    struct pqe_slot *older; /* in the list of free ones */
    struct pqe_slot *newer;
    struct pqe_slot *next; /* of all */
} pqe_slot;

#endif /* PQE_SLOT_H */
