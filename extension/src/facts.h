/*-------------------------------------------------------------------------
 *
 * facts.h
 *		Facts: what a database holds, as comparable properties.
 *
 * A fact is one property-carrying catalog object.  The facts of a database
 * (or of the models, built for real in a swap) form a PqeFacts set.  All text
 * is read with search_path = pg_catalog, so that names are qualified and two
 * sets can be compared as text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_FACTS_H
#define PQE_FACTS_H

#include "postgres.h"
#include "catalog/objectaddress.h"
#include "nodes/pg_list.h"
#include "utils/hsearch.h"

#include "options.h"

typedef struct PqeKind PqeKind;
typedef struct PqeFact PqeFact;

struct PqeFact
{
	const PqeKind *kind;
	ObjectAddress address;
	const char *identity;		/* unique in its kind, quoted, qualified */
	const char *schema;			/* unquoted; NULL for database-wide objects */
	const char *name;			/* unquoted */
	const char *slot;			/* what it shares a namespace with, or NULL */
	ObjectAddress parent_address;
	PqeFact    *parent;			/* the fact it is part of */
	PqeFact    *goes_with;		/* another one that takes it along when dropped */
	List	   *children;
	char	  **values;			/* as many as the kind has columns */
	List	   *depends_on;		/* PqeFact: pg_depend, resolved to facts */
	List	   *dependents;		/* the other way round */
	List	   *soft_depends_on;	/* names in bodies: wishes, not needs */
	List	   *made_before;	/* PqeFact: of these, what is made only after it */
	PqeFact    *peer;			/* the same fact of the other side */
	PqeFact    *successor;		/* of a type that goes: what takes its name */
	bool		declared_owner; /* the models state its owner */
	bool		declared_privileges;
	bool		ignored;		/* to be left as it is */
	bool		inlined;		/* written inside its parent's CREATE */
	bool		retyped;		/* a column whose type is made anew */
	bool		written;		/* there are steps by now that make it what it is to be */
	bool		uses_row_type;	/* its SQL names the type of a table's rows */
	bool		used_outside;	/* what is no fact (of another schema) leans on it */
	int			position;		/* in the set, to keep orders stable */
	struct PqeAction *create_action;	/* see plan.h */
	struct PqeAction *alter_action;
	struct PqeAction *drop_action;
	struct PqeAction *retire_action;
};

/* The columns of a kind's query past the fixed ones. */
typedef struct PqeColumns
{
	int			count;
	char	  **names;
	int			needs;			/* which of them is _needs, or -1 */
} PqeColumns;

typedef struct PqeFacts
{
	MemoryContext context;
	struct PqeArena *rows;		/* in it: what has been read */
	List	   *list;			/* PqeFact */
	struct address_map_hash *objects;	/* see address_map.h */
	struct identity_map_hash *by_identity;	/* see identity_map.h */
	struct PqeEdges *edges;		/* rows of pg_depend, see depends.c */
	HTAB	   *expressions;	/* printed so far, see kinds/plain.c */
	List	   *schema_names;	/* char *: the managed ones */
	List	   *renames;		/* PqeRename: what the models declare */
	const PqeOptions *options;
} PqeFacts;

extern PqeFacts *pqe_facts_create(const PqeOptions *options, List *schema_names);
extern void pqe_facts_add(PqeFacts *facts, PqeFact *fact);
extern void pqe_facts_read(PqeFacts *facts);
extern void pqe_facts_forget(PqeFacts *facts, PqeFact *fact);
extern PqeFact *pqe_facts_by_address(PqeFacts *facts, const ObjectAddress *address);
extern PqeFact *pqe_facts_by_identity(PqeFacts *facts, const PqeKind *kind, const char *identity);
extern const PqeColumns *pqe_kind_columns(const PqeKind *kind);

/* A property, or NULL where the catalog has none. */
extern const char *pqe_value(const PqeFact *fact, const char *name);
extern void pqe_set_value(PqeFact *fact, const char *name, char *value);
extern bool pqe_flag(const PqeFact *fact, const char *name);
extern bool pqe_same(const PqeFact *a, const PqeFact *b, const char *name);

/* depends.c */
extern void pqe_depends_read_owners(PqeFacts *facts);
extern void pqe_depends_read(PqeFacts *facts);
extern ObjectAddress pqe_facts_whole(PqeFacts *facts, const ObjectAddress *part);
extern PqeFact *pqe_facts_resolve(PqeFacts *facts, const ObjectAddress *address);
extern bool pqe_facts_is_extension_member(PqeFacts *facts, const ObjectAddress *address);

/* bodies.c; to be called within SPI */
extern void pqe_bodies_read(PqeFacts *facts);

#endif							/* PQE_FACTS_H */
