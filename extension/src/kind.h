/*-------------------------------------------------------------------------
 *
 * kind.h
 *		What the engine asks of a kind of object.
 *
 * Everything that is known of a kind lives in kinds/<kind>.c, as one PqeKind;
 * kinds.c lists them.  The engine compares, orders and prints facts without
 * knowing what they are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_KIND_H
#define PQE_KIND_H

#include "fmgr.h"

#include "facts.h"
#include "script.h"

/* What becomes of a fact when something it depends on is taken down. */
typedef enum PqeOnTakedown
{
	PQE_REBUILD,				/* it is dropped and created again */
	PQE_STAYS,					/* it holds data: its kind adapts it in place */
} PqeOnTakedown;

struct PqeKind
{
	const char *name;			/* as users see it: "materialized view" */

	/*
	 * The model file that an object of the kind is exported to, where %s is
	 * its schema and %n its name.  NULL: that of what it is a part of.
	 */
	const char *file;

	/*
	 * Creation order among facts that do not depend on each other; drops go
	 * the other way.
	 */
	int			rank;

	/*
	 * How it is read.  $1 is an oid[] of the managed schemas.  The query's
	 * columns are classid, objid, objsubid, identity, schema, name, slot,
	 * parent_class, parent_id, parent_sub, then the properties.  Properties
	 * whose name starts with an underscore are not compared; they are what
	 * create and drop need.
	 */
	const char *query;

	/* What the query has as $2, an oid[]; NULL: nothing. */
	Datum		(*parameter) (void);

	/*
	 * All its rows come of rows of this catalog that users have made, so that
	 * the query need not be run where there is none.  The index is on what
	 * tells: an oid, in the catalog's first column.  In a catalog that always
	 * has such rows, of several kinds, this one's have a letter in a column of
	 * type "char", and there is no index.
	 */
	Oid			catalog;
	Oid			catalog_index;
	AttrNumber	letter_column;
	char		letter;

	/*
	 * The query is not ordered: its facts come in the order of what they are
	 * part of, then by their number there, or by what place() says instead,
	 * then by name.  The server's sort would carry all their text about.
	 */
	bool		ordered_by_parent;
	int			(*place) (const PqeFact *fact);

	/*
	 * Is that a fact, of which kind, address, identity and parent_address are
	 * known?  DEPENDENCY: the type of the row of pg_depend by which the object
	 * (that which the fact is about, for owners and the like) is part of another
	 * one; 0 for none.  NULL: always.
	 */
	bool		(*is_fact) (const PqeFact *fact, char dependency);

	/*
	 * Prints the property "definition" (null in the query), but for blanks
	 * and semicolons at its end: by a function of the server that takes an oid,
	 * or one of its own.  For what locks what the object names: only here are
	 * these locks given back at once.
	 */
	PGFunction	deparse;
	char	   *(*print) (const PqeFact *fact);

	bool		database_wide;	/* compared only where asked for or declared */
	PqeOnTakedown on_takedown;

	/*
	 * For what is there already while models are built: does the statement
	 * (of the models) create the fact?  One that none creates is no part of
	 * what they want.  NULL: what is there then has been created by them.
	 */
	bool		(*created_by) (const PqeFact *fact, const Node *statement);

	/* Is the fact there, as it is, in any new database?  NULL: no. */
	bool		(*is_given) (const PqeFact *fact);

	/* Survives a change of the type of a column that it uses. */
	bool		follows_column_type;

	/* What it needs stays the same when it is altered. */
	bool		alter_keeps_needs;

	/* An automatic dependency says "goes away with", not "needs". */
	bool		auto_is_link;

	/* Means nothing without what it needs: dropped with it even if not compared. */
	bool		goes_with_needs;

	/* What uses what it is made of may use it, which the server records nowhere. */
	bool		used_unseen;

	/* Names parts of its parent that hold data (columns): comes after these. */
	bool		names_parts;

	/* Bears on what is made after it: comes after all else, goes before it. */
	bool		comes_last;

	/* Goes only with its parent, which is made anew when this has to go. */
	bool		goes_with_parent;

	/* Written inside its parent's CREATE when that comes at the same time. */
	bool		inline_create;

	/* Writes inline_create children inside its own CREATE. */
	bool		inlines;

	/*
	 * Joins its parent to what it needs, with all their parts: these come
	 * first.
	 */
	bool		joins;

	/* A part of a table that has to be there before the table is joined. */
	bool		precedes_joins;

	/* Is this one made when its table has been joined, not before?  NULL: no. */
	bool		(*follows_joins) (const PqeFact *fact);

	/*
	 * Names besides its slot, one a line: those that are free when it has
	 * gone, and those that have to be for it to be made.  NULL: none.
	 */
	const char *(*frees) (const PqeFact *fact);
	const char *(*wants) (const PqeFact *fact);

	/* Has a body (property _body) whose words may be names of others. */
	bool		has_body;

	/* Its name may stand in a body. */
	bool		named_in_bodies;

	/* Dropping it loses rows or values. */
	bool		holds_data;

	/* Says how its parent is, and is no object: goes without leave. */
	bool		is_setting;

	/* Stands in the picture of a plan. */
	bool		pictured;

	/* The identity of the pictured object that it refers to, or NULL. */
	const char *(*refers_to) (const PqeFact *fact);

	/*
	 * Whatever on_takedown says: does this very fact have to be made again
	 * when something it depends on is?  NULL: no.
	 */
	bool		(*rebuilds) (const PqeFact *fact);

	/*
	 * The identity of another fact of the kind that this one is a part of by
	 * its rows (a partition's parent), or NULL.
	 */
	const char *(*belongs_to) (const PqeFact *fact);

	/*
	 * Does it say something of a part of its parent, which is lost when the
	 * part is made anew?  NULL: no.
	 */
	bool		(*speaks_of) (const PqeFact *fact, const PqeFact *part);

	/* Can others of the kind be parts of it?  NULL: yes. */
	bool		(*has_parts) (const PqeFact *fact);

	/* Finishes a fact that has been read, while its objects exist. */
	void		(*complete) (PqeFacts *facts, PqeFact *fact);

	/*
	 * Does the fact hold on to the rows of a table that it depends on as they
	 * were made up when it was created?  NULL: where its SQL names their type.
	 */
	bool		(*uses_rows) (const PqeFact *fact);

	/* Is the fact compared at all under these options?  NULL: always. */
	bool		(*in_scope) (const PqeFact *fact, const PqeOptions *options);

	/* Names of the properties that are SQL and compared as such. */
	const char *const *sql_properties;

	/* Refines the comparison of a property.  NULL: text equality. */
	bool		(*equal) (const PqeFact *from, const PqeFact *to, const char *property);

	/*
	 * Can FROM (NULL: there is none) not become TO, or be converted to its
	 * type made anew (TO->retyped), while the parent is in use, so that
	 * ACTUAL_PARENT has to be made anew?  NULL: it always can.
	 */
	bool		(*rebuilds_parent) (const PqeFact *from, const PqeFact *to, const PqeFact *actual_parent);

	/* Does the way from one to the other lose values?  NULL: no. */
	bool		(*loses_data) (const PqeFact *from, const PqeFact *to);

	/* Can the differences be made without dropping it?  NULL: never. */
	bool		(*can_alter) (const PqeFact *from, const PqeFact *to);

	/*
	 * Does altering FROM (NULL: adding it to what is there) into TO require
	 * that DEPENDENT is taken down while it happens?  NULL: no.
	 */
	bool		(*disturbs) (const PqeFact *from, const PqeFact *to, const PqeFact *dependent);

	/* The steps. */
	void		(*create) (PqeScript *script, PqeFact *fact);
	void		(*alter) (PqeScript *script, PqeFact *from, PqeFact *to);
	void		(*drop) (PqeScript *script, PqeFact *fact);

	/*
	 * For types in use by columns: gets the old one out of the way under
	 * another name, to be dropped when the columns have been converted.  For
	 * what holds rows: sets it aside, and moves the rows before it drops it.
	 */
	void		(*retire) (PqeScript *script, PqeFact *fact);

	/* For types: that already changes the columns, which nothing may stand against. */
	bool		retires_columns;
	void		(*drop_retired) (PqeScript *script, PqeFact *fact);

	/*
	 * Gives it another name, and only that.  NULL: the server cannot.  A fact
	 * whose name follows another one's writes nothing.
	 */
	void		(*rename) (PqeScript *script, const PqeFact *fact, const char *name);

	/* Equal but for the name, it is renamed without being told. */
	bool		renames_alone;

	/*
	 * A property that holds the fact's own name, as it would read under NAME;
	 * NULL for any other property, or (the function) where there is none.
	 */
	char	   *(*property_under) (const PqeFact *fact, const char *property, const char *name);

	/*
	 * Where equal properties are not enough for being the same (renames_alone):
	 * what else has to be equal, as text.
	 */
	const char *(*mark) (const PqeFact *fact);

	/* Parts that are no facts of their own (values, attributes) and their names. */
	bool		(*has_part) (const PqeFact *fact, const char *part);
	void		(*rename_part) (PqeScript *script, const PqeFact *fact, const char *part, const char *name);

	/* Might the one that goes be the one that comes, renamed?  NULL: never mind. */
	bool		(*alike) (const PqeFact *gone, const PqeFact *come);

	/* Two old and new names by turns: parts that are the same under other names. */
	List	   *(*renamed_parts) (const PqeFact *from, const PqeFact *to);

	/* Has to be a statement of its own all the same (inline_create)? */
	bool		(*stands_alone) (const PqeFact *fact);

	/* A part of the parent's CREATE (inline_create). */
	char	   *(*inline_text) (PqeFact *fact);

	/* Adds the steps that its inline text could not hold. */
	void		(*after_inline) (PqeScript *script, PqeFact *fact);
};

/* May the fact be written inside its parent's CREATE? */
static inline bool
pqe_can_inline(const PqeFact *fact)
{
	return fact->kind->inline_create && fact->parent != NULL && fact->parent->kind->inlines &&
		!(fact->kind->stands_alone != NULL && fact->kind->stands_alone(fact));
}

static inline bool
pqe_uses_rows(const PqeFact *fact)
{
	return fact->kind->uses_rows != NULL ? fact->kind->uses_rows(fact) : fact->uses_row_type;
}

extern const PqeKind *const pqe_kinds[];
extern const int pqe_kind_count;

extern const PqeKind *pqe_kind_by_name(const char *name);

#endif							/* PQE_KIND_H */
