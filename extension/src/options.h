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

/* What the models call NAME was called WAS. */
typedef struct PqeRename
{
	const char *kind;
	const char *name;
	const char *was;
} PqeRename;

typedef struct PqeOptions
{
	bool		all_schemas;	/* "schemas": ["*"] */
	List	   *schemas;		/* char *, or NIL: those of the models */
	const char *search_path;	/* where the models' unqualified names live */
	bool		allow_drop;
	bool		concurrently;
	PqeScope	owners;
	PqeScope	privileges;
	List	   *ignore;			/* PqePattern */
} PqeOptions;

extern PqeOptions *pqe_options_parse(Jsonb *json);
extern bool pqe_pattern_matches(const char *pattern, const char *text);

#endif							/* PQE_OPTIONS_H */
