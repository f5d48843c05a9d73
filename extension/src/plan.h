/*-------------------------------------------------------------------------
 *
 * plan.h
 *		From two sides to drift, to actions, to ordered steps.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_PLAN_H
#define PQE_PLAN_H

#include "kind.h"
#include "realize.h"

typedef enum PqeActionType
{
	PQE_CREATE,
	PQE_ALTER,
	PQE_DROP,
	PQE_RETIRE					/* sets a type aside, see PqeKind.retire */
} PqeActionType;

/* One thing to be done to one fact. */
typedef struct PqeAction
{
	PqeActionType type;
	PqeFact    *fact;			/* of the actual side for drops, else desired */
	PqeFact    *from;			/* for PQE_ALTER: the actual fact */
	bool		rebuild;		/* one half of a drop and a create */
	bool		wanted_gone;	/* the models no longer hold it */
	bool		makes_room;		/* something new takes its name */
	bool		gated;			/* to be left out without allow_drop */
	struct PqeAction *inside;	/* done by another action's statement */
	List	   *holds;			/* PqeAction: the ones inside this one */
	List	   *before;			/* PqeEdge: what must come later */
	int			waits_for;
	struct PqeEdge *blocker;	/* an edge that it waits for, in a cycle */
	int			position;
	bool		done;
	bool		seen;
	bool		kept;			/* by ensure_tables(), which leaves out the others */
} PqeAction;

/* FIRST must be done before LATER. */
typedef struct PqeEdge
{
	PqeAction  *first;
	PqeAction  *later;
	bool		soft;			/* a wish: given up where it closes a cycle */
	bool		given_up;
} PqeEdge;

typedef struct PqePlan
{
	PqeSides   *sides;
	const PqeOptions *options;
	List	   *actions;		/* PqeAction, in the end in order */
	List	   *renames;		/* PqeRenaming */
	bool		down;			/* leads back: renames are its last steps */
	bool		as_model;		/* its steps are to be a model's text */
} PqePlan;

/* The action whose statement does this one's work. */
static inline PqeAction *
pqe_doer(PqeAction *action)
{
	while (action->inside != NULL)
		action = action->inside;
	return action;
}

/*
 * Are they two routines of one name, which only their arguments tell apart?
 */
static inline bool
pqe_are_overloads(const PqeFact *a, const PqeFact *b)
{
	return a->kind->has_body && b->kind->has_body && a->slot != NULL && b->slot != NULL &&
		strncmp(a->slot, b->slot, strcspn(a->slot, "(") + 1) == 0;
}

/* A row of pqengine.plan(). */
typedef struct PqeStep
{
	const PqeFact *fact;		/* that it makes, alters or drops */
	const char *phase;
	const char *kind;
	const char *object;
	const char *action;
	const char *statement;
	const char *reverse;
	int			hazards;
	List	   *guesses;		/* char *: what a dropped fact may be called now */
	bool		transactional;
	bool		together;		/* to be run as one with its neighbours */
} PqeStep;

/* A row of pqengine.drift(). */
typedef struct PqeDifference
{
	const char *change;
	const char *kind;
	const char *object;
	const char *property;
	const char *expected;
	const char *actual;
	const char *part_of;		/* identity of what it is a part of, or its own */
} PqeDifference;

/* same_sql.c */
extern bool pqe_same_sql(const char *a, const char *b);

/* diff.c */
extern bool pqe_matches_ignore(const PqeFact *fact, const PqeOptions *options);
extern void pqe_diff_match(PqeSides *sides, const PqeOptions *options);
extern List *pqe_diff_drift(PqeSides *sides);
extern List *pqe_diff_properties(const PqeFact *actual, const PqeFact *desired);

/* plan.c */
extern PqePlan *pqe_plan_make(PqeSides *sides, const PqeOptions *options, bool down);
extern bool pqe_leaves(const PqeFact *table);

/* left_alone.c */
extern List *pqe_parts_left_alone(const PqeFact *part);

/* edges.c */
extern void pqe_add_edge(PqeAction *first, PqeAction *later, bool soft);
extern void pqe_edges_of_need(PqeAction *action, PqeFact *needed, bool soft);
extern void pqe_plan_edges(PqePlan *plan);

/* edges_joins.c */
extern bool pqe_follows_joins(const PqeFact *part);
extern void pqe_edges_of_joining(PqeAction *action);
extern void pqe_edges_to_parts(PqeAction *action, PqeFact *actual, bool values);
extern void pqe_edges_of_leaving(PqeAction *action);

/* edges_names.c */
extern List *pqe_slots(const char *slots);
extern bool pqe_share_slot(const PqeFact *a, const PqeFact *b);
extern void pqe_edges_of_slots(PqePlan *plan);
extern void pqe_edges_of_overloads(PqePlan *plan, PqeAction *drop);

/* order.c */
extern void pqe_plan_order(PqePlan *plan);

/* down.c */
extern PqePlan *pqe_plan_down(PqePlan *up);

/* steps.c */
extern List *pqe_plan_steps(PqePlan *plan);

/* together.c */
extern List *pqe_steps_together(List *steps);

/* rename_alike.c */
extern List *pqe_rename_guesses(PqePlan *plan, const PqeAction *drop);

/* unmanaged.c */
extern List *pqe_unmanaged(List *schema_names);
extern List *pqe_unmanaged_statements(const char *models, const PqeOptions *options, List *schema_names);

#endif							/* PQE_PLAN_H */
