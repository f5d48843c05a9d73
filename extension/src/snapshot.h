/*-------------------------------------------------------------------------
 *
 * snapshot.h
 *		Desired facts kept from one realization to the next.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_SNAPSHOT_H
#define PQE_SNAPSHOT_H

#include "common/sha2.h"

#include "facts.h"

/* What is known of a model text before it is even parsed. */
typedef struct PqeSnapshot
{
	char	   *key;			/* NULL: nothing may be kept or believed */
	bool		found;			/* and made in surroundings like these */
	List	   *schema_names;
	char	   *environment;	/* as it is now */
	char	   *fingerprint;	/* as it is now, of schema_names */
	char	   *untouched;		/* the catalogs' state before that, or NULL */
	bool		is_clean;		/* the database does not differ, by either */
} PqeSnapshot;

extern PqeSnapshot *pqe_snapshot_find(const uint8 *digest, const char *options_text, const PqeOptions *options);
extern PqeFacts *pqe_snapshot_facts(PqeSnapshot *snapshot, const PqeOptions *options);
extern void pqe_snapshot_prepare(PqeSnapshot *snapshot, List *schema_names);
extern void pqe_snapshot_keep(PqeSnapshot *snapshot, PqeFacts *desired, char *fingerprint);
extern void pqe_snapshot_note_clean(PqeSnapshot *snapshot);

#endif							/* PQE_SNAPSHOT_H */
