/*-------------------------------------------------------------------------
 *
 * model.h
 *		Model text: its files, its statements and their places.
 *
 * The text holds one or more files, told apart by marker lines
 * "-- pqengine:file PATH".  Every file is parsed by the server's raw parser.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_MODEL_H
#define PQE_MODEL_H

#include "compat.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"

/* One file of the model text. */
typedef struct PqeModelFile
{
	char	   *path;			/* as the user should see it */
	char	   *text;			/* psql lines blanked, else as given */
	char	   *original;		/* as given */
} PqeModelFile;

/* The settings that decide what a statement means. */
typedef struct PqeSettings
{
	const char *search_path;
	const char *tablespace;
	const char *access_method;
} PqeSettings;

/* One declarative statement. */
typedef struct PqeStatement
{
	PqeModelFile *file;
	RawStmt    *raw;
	int			location;		/* offset of its first character */
	int			length;
	PqeSettings settings;		/* as in force where it stands */
	const char *target_schema;	/* of what it creates; may be NULL */
	const char *target_name;
} PqeStatement;

/* What a statement is to a model. */
typedef enum PqeStatementClass
{
	PQE_STATEMENT_DECLARES,		/* to be executed */
	PQE_STATEMENT_SETS,			/* changes a setting */
	PQE_STATEMENT_RENAMES,		/* declares that something had another name */
	PQE_STATEMENT_REFUSED
} PqeStatementClass;

/* The names of an object to be created. */
typedef struct PqeTarget
{
	const char *schema;
	const char *name;
} PqeTarget;

typedef struct PqeModel
{
	List	   *files;			/* PqeModelFile */
	List	   *statements;		/* PqeStatement, in the order of the text */
	List	   *schemas;		/* char *: schemas that the statements name */
	List	   *created_schemas;	/* char *: those they create */
	List	   *renames;		/* PqeRename: what they say was called otherwise */
} PqeModel;

extern PqeModel *pqe_model_parse(const char *text, const char *default_search_path);
extern const char *pqe_statement_text(const PqeStatement *statement);
extern PqeStatementClass pqe_classify_statement(Node *node);
extern bool pqe_is_helper_call(SelectStmt *select, const char *schema, const char **name, List **args);
pg_noreturn extern void pqe_refuse_statement(const PqeStatement *statement);
extern const char *pqe_first_of_path(const char *search_path);
extern PqeTarget pqe_statement_target(Node *node, const char *search_path);
extern List *pqe_statement_touches(Node *node, const char *search_path);
pg_noreturn extern void pqe_model_rethrow(const PqeModelFile *file, int location,
										  const PqeStatement *statement, ErrorData *error);
extern char *pqe_statement_place(const PqeStatement *statement);

#endif							/* PQE_MODEL_H */
