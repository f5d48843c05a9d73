/*-------------------------------------------------------------------------
 *
 * index.c
 *		Kind: index that is no constraint's.
 *
 * On a table with rows an index is built concurrently.  Concurrent builds are
 * not possible on a partitioned table: there the index is made on the parent
 * ONLY, then on each partition, and these are attached.  Partitions that came at
 * run time are no facts of the models, but the index is not valid without them.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_opclass.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "nodes/nodes.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "arena.h"

/*
 * _raw is what most indexes can be printed by (constraint.c says why): numbers
 * of columns, operator classes and collations, a line each, and the
 * expressions.
 */
static const char query[] =
"SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, 0 AS objsubid,"
"       format('%I.%I', c.nspname, c.relname) AS identity, c.nspname AS schema, c.relname AS name,"
"       format('relation:%I.%I', c.nspname, c.relname) AS slot,"
"       'pg_class'::regclass::oid AS parent_class, i.indrelid AS parent_id, 0 AS parent_sub,"
"       NULL::text AS definition,"
"       i.indisvalid AS valid,"
"       p.inhparent IS NOT NULL AS _attached,"
"       CASE WHEN c.reltablespace <> 0 THEN"
"            (SELECT quote_ident(spcname) FROM pg_tablespace WHERE oid = c.reltablespace) END AS tablespace,"
"       CASE WHEN i.indexprs IS NOT NULL THEN"
"            (SELECT string_agg(format('%s=%s', a.attnum, a.attstattarget), E'\\n' ORDER BY a.attnum)"
"               FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attstattarget >= 0) END AS statistics,"
"       t.table_name AS _table, c.relkind = 'I' AS _partitioned,"
"       t.relkind = 'm' AS _on_matview,"
"       CASE WHEN c.relkind = 'i' AND i.indpred IS NULL AND i.indnatts = i.indnkeyatts AND NOT i.indnullsnotdistinct"
"                 AND c.reloptions IS NULL AND i.indoption::text !~ '[1-9]'"
"            THEN concat_ws(E'\\n', CASE WHEN i.indisunique THEN 'u' ELSE 'i' END, i.indkey, i.indclass, i.indcollation, i.indexprs)"
"            END AS _raw"
"  FROM (SELECT * FROM pg_index WHERE NOT indisprimary AND NOT indisexclusion"
"           AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype = 'u') OFFSET 0) i"
"  JOIN (SELECT c.oid, c.relname, c.relkind, c.reloptions, c.reltablespace, n.nspname"
"          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
"         WHERE c.relkind IN ('i', 'I') AND n.oid = ANY ($1) OFFSET 0) c ON c.oid = i.indexrelid"
"  JOIN " PQE_SQL_RELATIONS("'r', 'p', 'm'") " t ON t.oid = i.indrelid"
"  LEFT JOIN pg_inherits p ON p.inhrelid = c.oid";

/*
 * Is that the class that an index on a column of the type has anyway?  One of
 * the server's own btree classes takes no parameters.
 */
static bool
is_plain_class(Oid class, Oid type)
{
	HeapTuple	tuple = SearchSysCache1(CLAOID, ObjectIdGetDatum(class));
	Form_pg_opclass form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	result = form->opcdefault && form->opcintype == type && form->opcmethod == BTREE_AM_OID &&
		class < FirstNormalObjectId;
	ReleaseSysCache(tuple);
	return result;
}

/*
 * A column of the table as a key, with its type and collation.
 */
static const char *
column_key(PqeFacts *facts, Oid table, AttrNumber number, Oid *type, Oid *collation)
{
	ObjectAddress address = {RelationRelationId, InvalidOid, number};
	PqeFact    *column;

	address.objectId = table;
	column = pqe_facts_by_address(facts, &address);
	if (column == NULL || column->kind != &pqe_kind_column || pqe_value(column, "collation") != NULL)
		return NULL;
	*type = atooid(pqe_value(column, "_type_id"));
	*collation = get_typcollation(*type);
	return quote_identifier(column->name);
}

/*
 * The same for an expression: in brackets unless it is the call of a function.
 */
static const char *
expression_key(PqeFacts *facts, Oid table, Node *tree, Oid *type, Oid *collation)
{
	bool		is_call = IsA(tree, FuncExpr) && ((FuncExpr *) tree)->funcformat == COERCE_EXPLICIT_CALL;
	const char *text;

	if (!is_call && !IsA(tree, OpExpr))
		return NULL;
	text = pqe_plain_expression(facts, table, tree);
	*type = exprType(tree);
	*collation = exprCollation(tree);
	return text == NULL || is_call ? text : psprintf("(%s)", text);
}

static char *
plain_text(PqeFacts *facts, const PqeFact *fact, const char *raw)
{
	Oid			table = fact->parent_address.objectId;
	char	   *keys = strchr(unconstify(char *, raw), '\n') + 1;
	char	   *classes = strchr(keys, '\n') + 1;
	char	   *collations = strchr(classes, '\n') + 1;
	char	   *trees = strchr(collations, '\n');
	List	   *expressions = NIL;
	int			next = 0;
	StringInfoData text;

	if (trees != NULL && !pqe_is_plain_tree(trees))
		return NULL;
	if (trees != NULL)
		expressions = (List *) stringToNode(trees + 1);
	initStringInfo(&text);
	appendStringInfo(&text, "CREATE %sINDEX %s ON %s USING btree (", raw[0] == 'u' ? "UNIQUE " : "",
					 quote_identifier(fact->name), pqe_table_of(fact));
	for (const char *sep = ""; *keys != '\n'; sep = ", ")
	{
		AttrNumber	number = (AttrNumber) strtol(keys, &keys, 10);
		Oid			class = strtoul(classes, &classes, 10);
		Oid			collation = strtoul(collations, &collations, 10);
		Oid			key_type;
		Oid			key_collation;
		const char *key = number != 0 ? column_key(facts, table, number, &key_type, &key_collation) :
			expression_key(facts, table, list_nth(expressions, next++), &key_type, &key_collation);

		if (key == NULL || !is_plain_class(class, key_type) ||
			(OidIsValid(collation) && collation != key_collation))
			return NULL;
		appendStringInfo(&text, "%s%s", sep, key);
	}
	appendStringInfoChar(&text, ')');
	return text.data;
}

static void
complete(PqeFacts *facts, PqeFact *fact)
{
	const char *raw = pqe_value(fact, "_raw");
	const char *definition = raw != NULL ? plain_text(facts, fact, raw) : NULL;

	if (definition == NULL)
		definition = TextDatumGetCString(DirectFunctionCall1(pg_get_indexdef, ObjectIdGetDatum(fact->address.objectId)));
	pqe_set_value(fact, "definition", pqe_arena_strdup(facts->rows, definition));
	pqe_set_value(fact, "_raw", NULL);
}

/*
 * Where a definition says WORD outside of quotes, or its end.  A predicate that
 * is a column or the call of a function stands there without parentheses, and
 * a name can hold any word.  A quote within quotes is printed twice, never
 * escaped by a backslash.
 */
static const char *
find_word(const char *definition, const char *word)
{
	char		quote = '\0';
	const char *at;

	for (at = definition; *at != '\0'; at++)
		if (quote != '\0')
			quote = *at == quote ? '\0' : quote;
		else if (*at == '\'' || *at == '"')
			quote = *at;
		else if (strncmp(at, word, strlen(word)) == 0)
			break;
	return at;
}

/*
 * A definition with the tablespace, which the server's text of it leaves out.
 */
static const char *
statement_of(const PqeFact *fact, const char *definition)
{
	const char *tablespace = pqe_value(fact, "tablespace");
	const char *predicate = find_word(definition, " WHERE ");

	if (tablespace == NULL)
		return definition;
	return psprintf("%.*s TABLESPACE %s%s", (int) (predicate - definition), definition, tablespace, predicate);
}

static void
emit_place(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	if (!pqe_same(from, to, "tablespace"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_LONG_RUNNING, "ALTER INDEX %s SET TABLESPACE %s", to->identity,
				 pqe_tablespace_of(to));
}

/*
 * The numbers of the columns of FROM alone go back to what the server chooses.
 */
static void
emit_statistics(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	const char *before = from ? pqe_value(from, "statistics") : NULL;
	const char *after = pqe_value(to, "statistics");
	char	   *state = NULL;

	for (char *item = strtok_r(pstrdup(before ? before : ""), "\n", &state); item; item = strtok_r(NULL, "\n", &state))
	{
		const char *column = psprintf("\n%.*s=", (int) strcspn(item, "="), item);

		if (strstr(psprintf("\n%s", after ? after : ""), column) == NULL)
			pqe_emit(script, 0, "ALTER INDEX %s ALTER COLUMN %.*s SET STATISTICS -1", to->identity,
					 (int) strcspn(item, "="), item);
	}
	for (char *item = strtok_r(pstrdup(after ? after : ""), "\n", &state); item; item = strtok_r(NULL, "\n", &state))
		if (strstr(psprintf("\n%s\n", before ? before : ""), psprintf("\n%s\n", item)) == NULL)
			pqe_emit(script, 0, "ALTER INDEX %s ALTER COLUMN %.*s SET STATISTICS %s", to->identity,
					 (int) strcspn(item, "="), item, strchr(item, '=') + 1);
}

static int
build_hazards(const PqeFact *fact)
{
	bool		unique = strncmp(pqe_value(fact, "definition"), "CREATE UNIQUE", 13) == 0;

	return PQE_INDEX_BUILD | PQE_LONG_RUNNING | (unique ? PQE_MAY_FAIL_ON_DATA : 0);
}

/*
 * The index on the table that is a part of WHOLE, or NULL.
 */
static const PqeFact *
part_of(const PqeFact *table, const PqeFact *whole)
{
	ListCell   *lc;

	foreach(lc, table->children)
	{
		const PqeFact *part = lfirst(lc);

		if (part->kind == whole->kind && part->goes_with == whole)
			return part;
	}
	return NULL;
}

/*
 * The key of the table whose index is a part of WHOLE, or NULL.
 */
static PqeFact *
key_within(const PqeFact *table, const PqeFact *whole)
{
	ListCell   *lc;

	foreach(lc, table->children)
	{
		PqeFact    *key = lfirst(lc);

		if (key->kind == &pqe_kind_constraint && key->goes_with == whole)
			return key;
	}
	return NULL;
}

/*
 * What parts of an index have to have in common with it: not its options.
 */
static const char *
shape_of(const PqeFact *index)
{
	const char *definition = pqe_value(index, "definition");
	const char *options = find_word(definition, " WITH (");

	return psprintf("%.*s%s", (int) (options - definition), definition, find_word(options, " WHERE "));
}

/*
 * Can the keys of partitions that are its parts be parts of what the index
 * becomes?
 */
bool
pqe_keeps_keys(const PqeFact *index)
{
	return index->peer != NULL && strcmp(shape_of(index), shape_of(index->peer)) == 0;
}

/*
 * The tables below a partitioned one; only those that have come at run time?
 */
static List *
partitions_of(const PqeFact *table, bool at_run_time)
{
	List	   *list = NIL;
	ListCell   *lc;

	foreach(lc, table->dependents)
	{
		PqeFact    *join = lfirst(lc);

		if (join->kind == &pqe_kind_inheritance && join->parent->kind == &pqe_kind_table &&
			(join->parent->ignored || !at_run_time))
			list = lappend(list, join->parent);
	}
	return list;
}

/*
 * Is the name still in use when the plan is done?
 */
static bool
is_taken(const PqeScript *script, const char *identity)
{
	static const PqeKind *const kinds[] = {&pqe_kind_index, &pqe_kind_table, &pqe_kind_view, &pqe_kind_sequence};

	for (int i = 0; i < lengthof(kinds); i++)
	{
		const PqeFact *fact = pqe_facts_by_identity(script->actual, kinds[i], identity);

		if (pqe_facts_by_identity(script->desired, kinds[i], identity) != NULL)
			return true;
		if (fact != NULL && fact->drop_action == NULL && !(fact->goes_with != NULL && fact->goes_with->drop_action != NULL))
			return true;
	}
	return false;
}

/*
 * A name for the part of an index on a partition that came at run time: made as
 * those of its parts that the models know are, so as the server would.
 */
static const char *
name_for(const PqeScript *script, const PqeFact *index, const PqeFact *table)
{
	const char *tail = psprintf("_%s", index->name);
	char	   *name;
	ListCell   *lc;

	foreach(lc, partitions_of(index->parent, false))
	{
		const PqeFact *known = lfirst(lc);
		const PqeFact *part = part_of(known, index);

		if (part != NULL && strncmp(part->name, known->name, strlen(known->name)) == 0)
			tail = part->name + strlen(known->name);
	}
	name = makeObjectName(table->name, tail + strspn(tail, "_"), NULL);
	for (int i = 1; is_taken(script, quote_qualified_identifier(table->schema, name)); i++)
		name = makeObjectName(table->name, psprintf("%s%d", tail + strspn(tail, "_"), i), NULL);
	return name;
}

/*
 * What is said of a part on what the models do not hold (a comment) is on the
 * side that is wanted, on the way back, so said here.
 */
static void
say_of_part(PqeScript *script, const PqeFact *part)
{
	ListCell   *lc;

	if (script->down)
		foreach(lc, part->children)
			if (!((PqeFact *) lfirst(lc))->kind->goes_with_parent)
				((PqeFact *) lfirst(lc))->kind->create(script, lfirst(lc));
}

/*
 * Has the partition a key of its own in place of a part of an index?  That is
 * put back with its place, if the index stays such as the key can be a part of;
 * on the way back it is on the other side, and so made here.
 */
static bool
create_key_part(PqeScript *script, const PqeFact *index, const PqeFact *partition, const PqeFact *before, const char *whole)
{
	PqeFact    *key = key_within(partition, before);
	bool		goes_along = pqe_keeps_keys(index);

	if (key == NULL || (!goes_along && !script->down))
		return false;
	if (script->down)
	{
		if (goes_along)
		{
			key->kind->create(script, key);
			say_of_part(script, key);
		}
		pqe_emit(script, 0, "ALTER INDEX %s ATTACH PARTITION %s", whole, quote_qualified_identifier(key->schema, key->name));
	}
	return true;
}

/*
 * Makes the parts of an index, WHOLE of that name, on partitions below a TABLE
 * that the models do not hold.  BEFORE: the index whose parts are there already
 * (MISSING: only the others are made), or had these names.
 */
static void
create_parts(PqeScript *script, const PqeFact *index, const PqeFact *before, bool missing, const PqeFact *table, const char *whole)
{
	const char *definition = statement_of(index, pqe_value(index, "definition"));
	const char *method = find_word(definition, " USING ");
	bool		unique = strncmp(definition, "CREATE UNIQUE", 13) == 0;
	bool		concurrently = script->options->concurrently;
	ListCell   *lc;

	foreach(lc, partitions_of(table, true))
	{
		const PqeFact *part = lfirst(lc);
		const PqeFact *known = before != NULL ? part_of(part, before) : NULL;
		bool		divided = pqe_value(part, "partition_key") != NULL;
		const char *name;
		const char *identity;
		const char *text;

		if ((known != NULL && missing) || (before != NULL && create_key_part(script, index, part, before, whole)))
			continue;
		name = known != NULL ? known->name : name_for(script, index, part);
		identity = quote_qualified_identifier(part->schema, name);
		text = psprintf("CREATE %sINDEX %s%s ON %s%s%s", unique ? "UNIQUE " : "", concurrently && !divided ? "CONCURRENTLY " : "",
						quote_identifier(name), divided ? "ONLY " : "", part->identity, method);
		if (divided)
			pqe_emit(script, 0, "%s", text);
		else if (concurrently)
			pqe_emit_alone(script, build_hazards(index), "%s", text);
		else
			pqe_emit(script, build_hazards(index), "%s", text);
		if (known != NULL)
			say_of_part(script, known);
		create_parts(script, index, known, missing, part, identity);
		pqe_emit(script, 0, "ALTER INDEX %s ATTACH PARTITION %s", whole, identity);
	}
}

/*
 * All of them, with a new index.  On the way back, what the models do not hold
 * is on the side that is wanted again.
 */
static void
create_all_parts(PqeScript *script, const PqeFact *fact)
{
	if (script->down)
		create_parts(script, fact, fact, false, fact->parent, fact->identity);
	else
		create_parts(script, fact, fact->peer, false, fact->parent->peer, fact->identity);
}

static void
create(PqeScript *script, PqeFact *fact)
{
	const char *definition = statement_of(fact, pqe_value(fact, "definition"));
	bool		at_rest = script->fresh || pqe_flag(fact, "_partitioned") || !script->options->concurrently;

	if (at_rest)
		pqe_emit(script, pqe_flag(fact, "_on_matview") ? build_hazards(fact) :
				 script->fresh || pqe_flag(fact, "_partitioned") ? 0 : PQE_INDEX_BUILD | PQE_LONG_RUNNING,
				 "%s", definition);
	else
		pqe_emit_alone(script, build_hazards(fact), "%s", pqe_after_word(definition, "INDEX", " CONCURRENTLY"));
	if (!script->fresh && !fact->ignored && pqe_flag(fact, "_partitioned") && fact->parent->peer != NULL)
		create_all_parts(script, fact);
	emit_statistics(script, NULL, fact);
}

/*
 * The keys of partitions whose indexes are parts of it.  They stand against its
 * going, but for CASCADE, and cannot go before; they are made again after.
 */
static List *
keys_below(const PqeFact *fact)
{
	List	   *keys = NIL;
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, fact->dependents)
	{
		const PqeFact *part = lfirst(lc);

		if (part->kind == fact->kind && part->goes_with == fact)
			keys = list_concat(keys, keys_below(part));
		else if (part->kind == &pqe_kind_index_inheritance && part->parent->kind != fact->kind)
			keys = lappend(keys, part->parent);
	}
	return keys;
}

/*
 * Does a key below have to go along?  Not if something leans on it that is none
 * of our business, and would go without a word: then the server refuses.
 */
static bool
takes_keys_along(const PqeFact *fact)
{
	List	   *keys = keys_below(fact);
	ListCell   *lc;

	foreach(lc, keys)
		if (((PqeFact *) lfirst(lc))->used_outside)
			return false;
	return keys != NIL;
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	bool		cascade;

	/* it has become a part of the parent's, and goes with that */
	if (script->reverse && pqe_flag(fact, "_attached"))
		return;
	cascade = takes_keys_along(fact) || (script->down && fact->peer != NULL && takes_keys_along(fact->peer));
	if (script->fresh || pqe_flag(fact, "_partitioned") || pqe_flag(fact, "_attached") ||
		!script->options->concurrently || pqe_flag(fact, "_on_matview"))
		pqe_emit(script, PQE_INDEX_DROPPED | PQE_ACCESS_EXCLUSIVE_LOCK, "DROP INDEX %s%s", fact->identity,
				 cascade ? " CASCADE" : "");
	else
		pqe_emit_alone(script, PQE_INDEX_DROPPED, "DROP INDEX CONCURRENTLY %s", fact->identity);
}

static bool
is_redefined(const PqeFact *from, const PqeFact *to)
{
	return !pqe_same(from, to, "definition") || !pqe_same(from, to, "valid");
}

/*
 * Is an index over several tables not valid for want of a part?
 */
static bool
lacks_parts(const PqeFact *from, const PqeFact *to)
{
	ListCell   *lc;

	if (!pqe_flag(from, "_partitioned") || !pqe_same(from, to, "definition") || pqe_flag(from, "valid"))
		return false;
	foreach(lc, partitions_of(from->parent, false))
		if (part_of(lfirst(lc), from) == NULL)
			return true;
	return false;
}

/*
 * An index over several tables is not made invalid again.
 */
static bool
same_property(const PqeFact *from, const PqeFact *to, const char *property)
{
	return strcmp(property, "valid") == 0 && pqe_flag(from, "_partitioned") && pqe_flag(from, "valid");
}

/*
 * Does a foreign key lean on it, or the like?
 */
static bool
is_leant_on(const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, fact->dependents)
		if (!((const PqeFact *) lfirst(lc))->kind->is_setting)
			return true;
	return false;
}

/*
 * A plain index can be swapped for another one on the same table; one that is
 * part of a partitioned index, or that something else leans on, cannot.
 */
static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return !is_redefined(from, to) || lacks_parts(from, to) ||
		(!pqe_flag(from, "_attached") && !pqe_flag(to, "_attached") && !pqe_flag(from, "_partitioned") &&
		 !pqe_flag(to, "_partitioned") && !is_leant_on(from) && pqe_same(from, to, "_table"));
}

/*
 * The comment goes with the old index.
 */
static bool
disturbs(const PqeFact *from, const PqeFact *to, const PqeFact *dependent)
{
	return is_redefined(from, to) && !lacks_parts(from, to);
}

static char *
property_under(const PqeFact *fact, const char *property, const char *name)
{
	return pqe_definition_under(fact, property, "INDEX ", quote_identifier(fact->name), quote_identifier(name));
}

/*
 * The new index is built beside the old one, which serves until it is ready.
 */
static void
swap(PqeScript *script, PqeFact *from, PqeFact *to)
{
	const char *name = psprintf("%.50s_pqengine", to->name);
	bool		plain = script->fresh || !script->options->concurrently || pqe_flag(to, "_on_matview");

	if (plain || !pqe_flag(from, "valid"))
	{
		drop(script, from);
		create(script, to);
		return;
	}
	pqe_emit_alone(script, build_hazards(to), "%s",
				   pqe_after_word(statement_of(to, property_under(to, "definition", name)), "INDEX", " CONCURRENTLY"));
	drop(script, from);
	pqe_emit(script, 0, "ALTER INDEX %s RENAME TO %s",
			 quote_qualified_identifier(to->schema, name), quote_identifier(to->name));
	emit_statistics(script, NULL, to);
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	if (lacks_parts(from, to))
	{
		create_parts(script, to, from, true, from->parent, to->identity);
		emit_place(script, from, to);
		emit_statistics(script, from, to);
	}
	else if (is_redefined(from, to))
		swap(script, from, to);
	else
	{
		emit_place(script, from, to);
		emit_statistics(script, from, to);
	}
}

static const char *const sql_properties[] = {"definition", NULL};

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	pqe_emit(script, 0, "ALTER INDEX %s RENAME TO %s", fact->identity, quote_identifier(name));
}

const PqeKind pqe_kind_index = {
	.name = "index",
	.rank = 65,
	.query = query,
	.complete = complete,
	.ordered_by_parent = true,
	.precedes_joins = true,
	.follows_column_type = true,
	.sql_properties = sql_properties,
	.equal = same_property,
	.create = create,
	.can_alter = can_alter,
	.disturbs = disturbs,
	.alter = alter,
	.drop = drop,
	.rename = rename_to,
	.renames_alone = true,
	.property_under = property_under,
};
