/*
 * trigger_behaviour.h
 *		What the shipped trigger behaviours share: how a behaviour describes
 *		itself to install_trigger(), how its options are read, and helpers for
 *		the trigger functions themselves.
 *
 * A behaviour is one C trigger function with its options, in one file
 * (trigger_<behaviour>.c).  Its options are described once, by an array of
 * TriggerOption; install_trigger() reads them from jsonb and writes them as
 * arguments of the trigger, and the trigger function reads them back from
 * there, so that pg_dump and pg_get_triggerdef() show all there is to know.
 *
 * Each trigger function keeps what it worked out in fn_extra, which lives as
 * long as the query: the relation cannot be altered while that runs.
 */
#ifndef PQENGINE_TRIGGER_BEHAVIOUR_H
#define PQENGINE_TRIGGER_BEHAVIOUR_H

#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/jsonb.h"

#define TRIGGER_SCHEMA		"pqengine"
#define TRIGGER_PREFIX		"pqengine_"
#define TRIGGER_TRUNCATE_SUFFIX "_truncate"

typedef enum TriggerOptionKind
{
	TRIGGER_OPTION_TEXT,		/* char *, never empty */
	TRIGGER_OPTION_CHOICE,		/* char *, one of "choices" */
	TRIGGER_OPTION_LIST,		/* List of char *, never empty where given */
	TRIGGER_OPTION_BOOL			/* bool, false where not given */
} TriggerOptionKind;

typedef struct TriggerOption
{
	const char *name;
	TriggerOptionKind kind;
	size_t		offset;			/* of the value in the behaviour's own struct */
	const char *boot;			/* default of a text or choice, may be NULL */
	const char *const *choices; /* NULL-terminated, for a choice */
} TriggerOption;

/* Which trigger (or two) a behaviour with given options makes of a table. */
typedef struct TriggerShape
{
	const char *events;			/* as "BEFORE UPDATE OR DELETE" */
	bool		for_each_row;
	const char *truncate_timing;	/* "BEFORE" or "AFTER" where TRUNCATE needs a
									 * trigger of its own, else NULL */
} TriggerShape;

typedef struct TriggerBehaviour
{
	const char *name;
	const char *function;		/* in TRIGGER_SCHEMA */
	const TriggerOption *options;
	int			noptions;
	size_t		options_size;

	/*
	 * Checks the options against the table, fills in those that are to be
	 * written out, makes what the trigger needs beside the table, and says
	 * which events it is for.  Runs within an SPI connection.
	 */
	void		(*prepare) (Relation target, void *options, TriggerShape *shape);
} TriggerBehaviour;

extern const TriggerBehaviour audit_behaviour;
extern const TriggerBehaviour immutable_behaviour;
extern const TriggerBehaviour notify_behaviour;
extern const TriggerBehaviour soft_delete_behaviour;
extern const TriggerBehaviour updated_at_behaviour;
extern const TriggerBehaviour version_behaviour;

/* trigger_options.c */
extern void *trigger_options_from_jsonb(const TriggerBehaviour *behaviour, Jsonb *json);
extern void *trigger_options_from_args(const TriggerBehaviour *behaviour, const Trigger *trigger);
extern char *trigger_options_to_args(const TriggerBehaviour *behaviour, const void *options);
extern const char *trigger_name_list(const char *const *names, int count);

/* trigger_support.c */
#define TRIGGER_ON_INSERT	(1 << TRIGGER_EVENT_INSERT)
#define TRIGGER_ON_DELETE	(1 << TRIGGER_EVENT_DELETE)
#define TRIGGER_ON_UPDATE	(1 << TRIGGER_EVENT_UPDATE)
#define TRIGGER_ON_TRUNCATE (1 << TRIGGER_EVENT_TRUNCATE)

typedef struct TriggerColumn
{
	AttrNumber	attnum;
	Oid			type;			/* as declared, perhaps a domain */
	Oid			base_type;
	void	   *domain_cache;
} TriggerColumn;

extern TriggerData *trigger_called(FunctionCallInfo fcinfo, const TriggerBehaviour *behaviour,
								   TriggerEvent timing, int row_events, int statement_events);
extern const char *trigger_operation(TriggerEvent event);
extern TriggerColumn trigger_column(Relation rel, const char *name);
extern HeapTuple trigger_set_column(FunctionCallInfo fcinfo, HeapTuple tuple,
									TriggerColumn *column, Datum value);
extern bool trigger_row_changed(const TriggerData *trigdata);
extern Oid	trigger_declared_on(const TriggerData *trigdata);
extern Datum trigger_time_value(Oid base_type, TimestampTz time);
extern void trigger_require_time(Relation rel, const char *name, const TriggerColumn *column);

/* trigger_row.c */
typedef struct TriggerRow
{
	TupleDesc	desc;			/* the columns shown, blessed; NULL if none */
	AttrNumber *attnums;		/* where they are in the table's rows */
	FmgrInfo	to_jsonb;
} TriggerRow;

extern TriggerRow *trigger_row_all_but(Relation rel, List *excluded);
extern TriggerRow *trigger_row_key(Relation rel);
extern Datum trigger_row_jsonb(TriggerRow *row, Relation rel, HeapTuple tuple);
extern char *trigger_row_json(TriggerRow *row, Relation rel, HeapTuple tuple);

/* trigger_plan.c */
extern SPIPlanPtr trigger_plan(const char *query, int nargs, Oid *argtypes);
extern uint64 trigger_execute(const TriggerData *trigdata, SPIPlanPtr plan,
							  Datum *values, const char *nulls);

#endif							/* PQENGINE_TRIGGER_BEHAVIOUR_H */
