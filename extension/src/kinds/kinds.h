/*-------------------------------------------------------------------------
 *
 * kinds.h
 *		The kinds, and what more than one of them needs.
 *
 *-------------------------------------------------------------------------
 */
#ifndef PQE_KINDS_H
#define PQE_KINDS_H

#include "compat.h"
#include "kind.h"

extern const PqeKind pqe_kind_schema;
extern const PqeKind pqe_kind_extension;
extern const PqeKind pqe_kind_collation;
extern const PqeKind pqe_kind_enum;
extern const PqeKind pqe_kind_domain;
extern const PqeKind pqe_kind_domain_constraint;
extern const PqeKind pqe_kind_composite;
extern const PqeKind pqe_kind_range;
extern const PqeKind pqe_kind_sequence;
extern const PqeKind pqe_kind_sequence_owner;
extern const PqeKind pqe_kind_function;
extern const PqeKind pqe_kind_procedure;
extern const PqeKind pqe_kind_aggregate;
extern const PqeKind pqe_kind_operator;
extern const PqeKind pqe_kind_operator_family;
extern const PqeKind pqe_kind_operator_class;
extern const PqeKind pqe_kind_cast;
extern const PqeKind pqe_kind_ts_parser;
extern const PqeKind pqe_kind_ts_template;
extern const PqeKind pqe_kind_ts_dictionary;
extern const PqeKind pqe_kind_ts_configuration;
extern const PqeKind pqe_kind_foreign_wrapper;
extern const PqeKind pqe_kind_foreign_server;
extern const PqeKind pqe_kind_foreign_table;
extern const PqeKind pqe_kind_publication;
extern const PqeKind pqe_kind_publication_table;
extern const PqeKind pqe_kind_publication_schema;
extern const PqeKind pqe_kind_event_trigger;
extern const PqeKind pqe_kind_table;
extern const PqeKind pqe_kind_column;
extern const PqeKind pqe_kind_default;
extern const PqeKind pqe_kind_constraint;
extern const PqeKind pqe_kind_index;
extern const PqeKind pqe_kind_inheritance;
extern const PqeKind pqe_kind_index_inheritance;
extern const PqeKind pqe_kind_clustered_index;
extern const PqeKind pqe_kind_replica_identity;
extern const PqeKind pqe_kind_view;
extern const PqeKind pqe_kind_matview;
extern const PqeKind pqe_kind_trigger;
extern const PqeKind pqe_kind_trigger_state;
extern const PqeKind pqe_kind_rule;
extern const PqeKind pqe_kind_policy;
extern const PqeKind pqe_kind_statistics;
extern const PqeKind pqe_kind_default_privilege;
extern const PqeKind pqe_kind_privilege;
extern const PqeKind pqe_kind_owner;
extern const PqeKind pqe_kind_comment;

/* What the values of a sequence lie between, and which way they go. */
typedef struct PqeSequenceRange
{
	int64		minimum;
	int64		maximum;
	bool		descending;
} PqeSequenceRange;

/* A function (p of pg_proc) that is no part of a type, as constructors of ranges are. */
#define PQE_SQL_OWN_FUNCTION \
"NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')"

/*
 * The relations of these kinds in the managed schemas, for what there is much
 * of on each: their names are put together once.  OFFSET 0 keeps the server
 * from joining the little that is wanted of them after all the rest.
 */
#define PQE_SQL_RELATIONS(relkinds) \
"(SELECT c.oid, c.relkind, c.relispartition, c.relhassubclass, c.reloftype, c.relname, n.nspname," \
"        format('%I.%I', n.nspname, c.relname) AS table_name" \
"   FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" \
"  WHERE c.relkind IN (" relkinds ") AND n.oid = ANY ($1) OFFSET 0)"

/* The options of a foreign thing: "name 'value'", a line each. */
#define PQE_SQL_GENERIC_OPTIONS(column) \
"CASE WHEN " column " IS NOT NULL THEN" \
" (SELECT string_agg(format('%I %s', split_part(o, '=', 1), CASE WHEN o ~ E'\\n'" \
"          THEN 'E''' || replace(replace(replace(substr(o, strpos(o, '=') + 1), '\\', '\\\\'), '''', ''''''), E'\\n', '\\n') || ''''" \
"          ELSE quote_literal(substr(o, strpos(o, '=') + 1)) END), E'\\n' ORDER BY o)" \
"   FROM unnest(" column ") o) END"

/* kinds.c */
extern bool pqe_always_alter(const PqeFact *from, const PqeFact *to);
extern void pqe_emit_options(PqeScript *script, const char *command,
							 const PqeFact *from, const PqeFact *to);
extern char *pqe_join_lines(const char *lines);
extern const char *pqe_tablespace_of(const PqeFact *fact);
extern size_t pqe_quoted_length(const char *line);
extern char *pqe_generic_option_changes(const char *before, const char *after);
extern char *pqe_after_word(const char *definition, const char *word, const char *insert);
extern List *pqe_column_names(const PqeFact *fact);
extern bool pqe_has_column(const PqeFact *fact, const char *name);
extern List *pqe_moved_names(const PqeFact *from, const PqeFact *to);
extern char *pqe_definition_under(const PqeFact *fact, const char *property, const char *before,
								  const char *old_name, const char *new_name);
extern char *pqe_old_type_name(const PqeFact *fact);
extern void pqe_drop_retired_type(PqeScript *script, PqeFact *fact);
extern void pqe_retire_type(PqeScript *script, PqeFact *fact);

/* plain.c */
extern char *pqe_plain_columns(PqeFacts *facts, Oid relation, const char *numbers);
extern char *pqe_plain_expression(PqeFacts *facts, Oid relation, Node *tree);
extern const char *pqe_plain_text(PqeFacts *facts, Oid relation, const char *tree, bool *is_volatile);
extern bool pqe_is_plain_tree(const char *tree);
extern const char *pqe_plain_column(PqeFacts *facts, Oid relation, AttrNumber number);

/* constraint_parts.c */
extern void pqe_read_key_parts(PqeFacts *facts, PqeFact *fact);

/* query_text.c */
extern char *pqe_view_query(const PqeFact *view);

/* sequence.c */
extern PqeSequenceRange pqe_sequence_range(const char *minimum, const char *maximum, const char *increment);
extern bool pqe_fit_sequence(PqeScript *script, const char *sequence,
							 const PqeSequenceRange *from, const PqeSequenceRange *to);
extern void pqe_go_on_behind(PqeScript *script, const char *sequence, const PqeSequenceRange *range, const PqeFact *column);
extern const char *pqe_owner_now(const PqeScript *script, const PqeFact *relation, const char *word);

/* table.c */
extern void pqe_emit_late_toast_options(PqeScript *script, const PqeFact *table);

/* index.c */
extern bool pqe_keeps_keys(const PqeFact *index);

/* inheritance.c */
extern const PqeFact *pqe_part_above(const PqeFact *part);
extern const PqeFact *pqe_joined_above(const PqeFact *part);
extern void pqe_leave_parents(PqeScript *script, const PqeFact *table);
extern void pqe_rejoin_parents(PqeScript *script, const PqeFact *table);
extern void pqe_leave_referenced(PqeScript *script, const PqeFact *table);
extern bool pqe_is_joined_part(const PqeFact *part);
extern const char *pqe_copy_of(const PqeScript *script, const PqeFact *table, const char *key);

/* chosen_index.c */
extern void pqe_choose_replica_identity(PqeScript *script, const PqeFact *table);

/* composite.c */
extern bool pqe_composite_has_cast(const PqeFact *actual);

/* column_type.c */
extern bool pqe_column_type_differs(const PqeFact *from, const PqeFact *to);
extern bool pqe_column_keeps_rows(const PqeFact *from, const PqeFact *to);
extern const char *pqe_column_base_type(const PqeFact *column);
extern const char *pqe_converted(const char *value, const PqeFact *from, const PqeFact *to);
extern const char *pqe_column_converted(const PqeFact *from, const PqeFact *to);
extern void pqe_emit_column_type(PqeScript *script, const PqeFact *from, const PqeFact *to);

/* exact_text.c */
extern const char *pqe_exact_text(const char *text);

/* column_identity.c */
extern const char *pqe_identity_text(const PqeFact *fact);
extern const char *pqe_identity_sequence(const PqeFact *fact);
extern void pqe_emit_identity(PqeScript *script, const PqeFact *from, const PqeFact *to);
extern void pqe_column_continue_identity(PqeScript *script, const PqeFact *to, const char *old_schema);

/* column_null.c */
extern bool pqe_has_heirs(const PqeFact *table);
extern bool pqe_takes_nulls_below(const PqeFact *column);
extern void pqe_set_not_null(PqeScript *script, const PqeFact *to);
extern void pqe_alter_not_null(PqeScript *script, const PqeFact *from, const PqeFact *to, const PqeFact *above);

/* constraint.c */
extern bool pqe_is_in_primary_key(const PqeFact *column, const PqeFact *constraint);

/* column_null_constraint.c */
extern const char *pqe_not_null_text(const PqeFact *fact);
extern bool pqe_hands_down_not_null(const PqeFact *fact);
extern bool pqe_same_not_null_name(const PqeFact *from, const PqeFact *to);
extern bool pqe_not_null_comes_after(const PqeFact *to);
extern char *pqe_inherited_not_null_text(const PqeFact *to);
extern bool pqe_says_more_than_not_null(const PqeFact *to);
extern void pqe_add_not_null_constraint(PqeScript *script, const PqeFact *to);
extern void pqe_alter_not_null_constraint(PqeScript *script, const PqeFact *from, const PqeFact *to, const PqeFact *above);

/* The identity of the relation that a property _table names. */
#define pqe_table_of(fact) pqe_value(fact, "_table")

#endif							/* PQE_KINDS_H */
