/*-------------------------------------------------------------------------
 *
 * realize.h
 *		Builds models for real, in a swap that is always rolled back.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_REALIZE_H
#define PQE_REALIZE_H

#include "facts.h"
#include "model.h"

/* The two sides that everything else compares. */
typedef struct PqeSides
{
	PqeFacts   *actual;
	PqeFacts   *desired;
	List	   *schema_names;	/* char *: the managed schemas */
	List	   *renames;		/* PqeRenaming: made on the actual side, in order */
	struct PqeSnapshot *snapshot;	/* what was kept of the models, see snapshot.h */
} PqeSides;

extern PqeSides *pqe_compare_sides(const char *models, size_t length, const char *options_text,
								   const PqeOptions *options);
extern int	pqe_begin_pinned_settings(void);
extern void pqe_pin_search_path(void);
extern void pqe_pin_planner(void);
extern void pqe_in_shadow(void (*body) (void *), void *argument);
extern PqeFacts *pqe_read_actual(List *schema_names, const PqeOptions *options);
extern PqeFacts *pqe_read_settled(List *schema_names, const PqeOptions *options, List *renames,
								 char **fingerprint);

/* scope.c */
extern List *pqe_scope_schemas(const PqeModel *model, const PqeOptions *options);
extern List *pqe_all_schemas(void);
extern bool pqe_name_in_list(List *names, const char *name);

/* swap.c */
extern void pqe_swap_schemas(const PqeModel *model, List *schema_names, const PqeOptions *options);
extern bool pqe_schema_holds_extension(Oid schema);
extern void pqe_swap_database_wide(const PqeModel *model, const PqeOptions *options);

/* execute.c */
typedef struct PqeBuild
{
	MemoryContext context;
	List	   *statements;		/* PqeStatement, still to be run */
	List	   *late;			/* foreign keys: run after all else */
	List	   *owner_targets;	/* ObjectAddress *: whose owner is declared */
	List	   *privilege_targets;
} PqeBuild;

extern PqeBuild *pqe_build_prepare(const PqeModel *model);
extern void pqe_build_run_first(PqeBuild *build);
extern void pqe_build_run_late(PqeBuild *build);
extern void pqe_build_leave_unvalidated(PqeBuild *build);
extern void pqe_build_believe_foreign_keys(PqeBuild *build);
extern void pqe_build_run_statement(PqeBuild *build, const PqeStatement *statement,
									const PqeStatement *before);

/* settle.c */
extern List *pqe_build_settle(PqeBuild *build, List *statements, bool final);

/* rewrite.c */
extern List *pqe_fold_enum_values(List *statements);
extern List *pqe_split_foreign_keys(PqeStatement *statement);
extern bool pqe_is_foreign_key(const PqeStatement *statement);

#endif							/* PQE_REALIZE_H */
