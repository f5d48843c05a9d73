/*-------------------------------------------------------------------------
 *
 * options.h
 *		The options of plan, drift, ensure_tables and prove.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_OPTIONS_H
#define PQE_OPTIONS_H

#include "postgres.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum PqeScope
{
	PQE_SCOPE_DECLARED,
	PQE_SCOPE_ALL,
	PQE_SCOPE_NONE
} PqeScope;

/* Leave alone the objects of a kind whose identity matches a pattern. */
typedef struct PqePattern
{
	const char *kind;			/* NULL: of every kind */
	const char *name;			/* with * and ? */
} PqePattern;

/*
 * A rename as it is declared, in a model or in the option "renames": TARGET,
 * or what is called PART in it, was called WAS.
 */
typedef struct PqeRename
{
	const char *kind;			/* NULL: whichever has the name */
	const char *target;
	const char *part;			/* NULL: the target itself */
	const char *was;
	const char *search_path;	/* where an unqualified target lives */
	const char *place;			/* "models/users.sql:12", for errors */
} PqeRename;

typedef struct PqeOptions
{
	bool		all_schemas;	/* "schemas": ["*"] */
	List	   *schemas;		/* char *, or NIL: those of the models */
	const char *search_path;	/* where the models' unqualified names live */
	bool		allow_drop;
	bool		concurrently;
	bool		down;			/* "direction": "down": the way back */
	PqeScope	owners;
	PqeScope	privileges;
	List	   *ignore;			/* PqePattern */
	List	   *renames;		/* PqeRename */
	int			lock_timeout;	/* ms that the call waits for a lock; -1: as set */
} PqeOptions;

extern PqeOptions *pqe_options_parse(Jsonb *json);
extern bool pqe_pattern_matches(const char *pattern, const char *text);

#endif							/* PQE_OPTIONS_H */
