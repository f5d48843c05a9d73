/*-------------------------------------------------------------------------
 *
 * renames.h
 *		What goes by another name in the models than in the database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_RENAMES_H
#define PQE_RENAMES_H

#include "model.h"
#include "options.h"
#include "realize.h"

/* One object, or a part of one, gets another name. */
typedef struct PqeRenaming
{
	PqeFact    *fact;			/* of the actual side, as it is called then */
	const char *part;			/* an enum's value, say; NULL: the fact itself */
	const char *name;			/* the new name */
	PqeFact    *wanted;			/* the fact of the desired side */
	const char *place;			/* where it is declared; NULL: found out */
} PqeRenaming;

/* model_rename.c */
extern PqeRename *pqe_model_rename(const PqeStatement *statement, List *args);

/* renames.c */
extern void pqe_renames_apply(PqeSides *sides, const PqeOptions *options);
extern PqeFact *pqe_fact_under(const PqeFact *fact, const char *name);
extern char *pqe_identity_under(const PqeFact *fact, const char *name);

/* renames_declared.c */
extern List *pqe_renames_declared(PqeSides *sides, const PqeOptions *options);
extern List *pqe_renamed_schemas(List *schemas, List *renames);

/* renames_found.c */
extern List *pqe_renames_found(PqeSides *sides);

/* rename_rows.c */
extern void pqe_rename_rows(const PqeRenaming *renaming);

#endif							/* PQE_RENAMES_H */
