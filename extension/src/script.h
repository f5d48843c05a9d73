/*-------------------------------------------------------------------------
 *
 * script.h
 *		Statements as kinds write them, with their hazards.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_SCRIPT_H
#define PQE_SCRIPT_H

#include "postgres.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"

#include "facts.h"

/* Hazards, as bits; pqe_hazard_names() gives their codes. */
#define PQE_DELETES_DATA			(1 << 0)
#define PQE_ACCESS_EXCLUSIVE_LOCK	(1 << 1)
#define PQE_TABLE_REWRITE			(1 << 2)
#define PQE_TABLE_SCAN				(1 << 3)
#define PQE_INDEX_BUILD				(1 << 4)
#define PQE_INDEX_DROPPED			(1 << 5)
#define PQE_NOT_REVERSIBLE			(1 << 6)
#define PQE_MAY_FAIL_ON_DATA		(1 << 7)
#define PQE_CHANGES_PRIVILEGES		(1 << 8)
#define PQE_LONG_RUNNING			(1 << 9)

typedef struct PqeScriptLine
{
	char	   *statement;
	int			hazards;
	bool		transactional;
} PqeScriptLine;

/*
 * What a kind's create, alter or drop writes to.  "fresh" tells that the
 * relation at hand comes into being in this very plan, so that nothing has to
 * be done the careful way.
 */
typedef struct PqeScript
{
	List	   *lines;			/* PqeScriptLine */
	const PqeOptions *options;
	PqeFacts   *actual;
	PqeFacts   *desired;
	bool		fresh;
	bool		down;			/* of the way back: what is left alone is on the desired side */
	bool		reverse;		/* only text is wanted: facts' sides are exchanged */
	bool		as_model;		/* to be built as models are, without a check of bodies */
	List	   *inlined;		/* PqeFact: children to be written inside */
	List	   *retired;		/* PqeFact: types whose old form is set aside */
} PqeScript;

extern PqeScriptLine *pqe_emit(PqeScript *script, int hazards, const char *format,...) pg_attribute_printf(3, 4);
extern PqeScriptLine *pqe_emit_alone(PqeScript *script, int hazards, const char *format,...) pg_attribute_printf(3, 4);
extern List *pqe_hazard_names(int hazards);
extern char *pqe_script_text(const PqeScript *script);
extern const char *pqe_dollar_quote(const char *text);

#endif							/* PQE_SCRIPT_H */
