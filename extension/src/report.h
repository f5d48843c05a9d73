/*-------------------------------------------------------------------------
 *
 * report.h
 *		A plan for people to look at: what each step is part of, how that was
 *		and will be, and a picture of the tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_REPORT_H
#define PQE_REPORT_H

#include "plan.h"

/* An object that has a model file of its own, and that the plan touches. */
typedef struct PqeChange
{
	PqeFact    *actual;			/* of the sides of the plan; NULL: it is new */
	PqeFact    *desired;		/* NULL: the models do not hold it */
	const char *change;			/* create, alter, rename or drop */
	const char *kind;
	const char *object;			/* as it will be called */
	char	   *before;			/* as a model, perhaps ""; NULL: not asked for */
	char	   *after;
} PqeChange;

typedef struct PqePicture
{
	char	   *dot;			/* in the language of Graphviz */
	int			shown;			/* how many tables are in it */
	int			tables;			/* and how many there are */
} PqePicture;

/* report.c */
extern List *pqe_report_changes(const PqeSides *sides, List *steps);
extern PqeChange *pqe_report_change_of(const PqeSides *sides, List *changes, const PqeFact *fact);
extern void pqe_report_texts(List *changes, PqeSides *fresh, const PqeOptions *options);

/* diagram.c */
extern PqePicture *pqe_report_picture(const PqeSides *sides, List *changes);

#endif							/* PQE_REPORT_H */
