/*-------------------------------------------------------------------------
 *
 * constraint.c
 *		Kind: constraint of a table (primary key, unique, foreign key, check,
 *		exclusion).
 *
 * On a table with rows, foreign keys and checks are added NOT VALID and then
 * validated; keys are put on an index that was built concurrently.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "arena.h"
#include "plan.h"

/*
 * The server's own function loads what there is to know of a table to print
 * one of its constraints.  _raw is what most of them can be printed by; it is
 * null where the server is to be asked, and when they have been.
 *
 * What the server has made for a partition after the parent's is no fact.  A
 * key that was there before is the parent's part as well; it is a fact where the
 * server would have made another.
 *
 * beside_parents, _needs, _frees and _wants are constraint_parts.c's.
 */
static const char query[] =
"SELECT 'pg_constraint'::regclass::oid AS classid, k.oid AS objid, 0 AS objsubid,"
"       c.table_name || '.' || quote_ident(k.conname) AS identity, c.nspname AS schema, k.conname AS name,"
"       concat_ws(E'\\n', 'constraint:' || c.table_name || '.' || quote_ident(k.conname),"
"                 CASE WHEN k.contype IN ('p', 'u', 'x') THEN format('relation:%I.%I', c.nspname, k.conname) END,"
"                 CASE WHEN k.contype = 'p' THEN 'primary key:' || c.table_name END) AS slot,"
"       'pg_class'::regclass::oid AS parent_class, c.oid AS parent_id, 0 AS parent_sub,"
"       NULL::text AS definition,"
"       NOT k.conislocal AS _inherited, k.coninhcount > 0 AS _heir, k.connoinherit AS _no_inherit, k.contype AS _type, k.convalidated AS _validated,"
"       k.condeferrable AS _deferrable, k.condeferred AS _deferred,"
"       CASE WHEN k.contype = 'f' THEN k.confrelid::regclass::text END AS _references,"
"       c.table_name AS _table, " PQE_SQL_CONSTRAINT_PERIOD " AS _period,"
"       c.relkind = 'p' AS _partitioned, c.relispartition AS _in_partition,"
"       NULL::boolean AS beside_parents, NULL::text AS _needs, NULL::text AS _frees, NULL::text AS _wants,"
"       CASE WHEN i.reloptions IS NOT NULL THEN"
"            (SELECT string_agg(format('%s=%s', split_part(x, '=', 1), quote_nullable(substr(x, strpos(x, '=') + 1))), E'\\n' ORDER BY x)"
"               FROM unnest(i.reloptions) x) END AS options,"
"       CASE WHEN i.reltablespace <> 0 THEN"
"            (SELECT quote_ident(spcname) FROM pg_tablespace WHERE oid = i.reltablespace) END AS tablespace,"
"       CASE WHEN " PQE_SQL_CONSTRAINT_IS_PLAIN " THEN"
"            CASE k.contype WHEN 'c' THEN CASE WHEN k.connoinherit THEN 'n' ELSE 'i' END || k.conbin::text"
"            WHEN 'f' THEN CASE WHEN k.confdelsetcols IS NULL THEN"
"                      concat(k.conkey, k.confkey, k.confrelid, k.confmatchtype, k.confupdtype, k.confdeltype) END"
"            WHEN 'x' THEN NULL"
"            ELSE CASE WHEN i.indnatts = i.indnkeyatts AND NOT i.indnullsnotdistinct THEN k.conkey::text END END END AS _raw"
"  FROM pg_constraint k JOIN " PQE_SQL_RELATIONS("'r', 'p', 'f'") " c ON c.oid = k.conrelid"
"  LEFT JOIN (SELECT i.indexrelid, i.indnatts, i.indnkeyatts, i.indnullsnotdistinct, ic.reloptions, ic.reltablespace"
"               FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid WHERE i.indisunique OR i.indisexclusion) i"
"    ON k.contype IN ('p', 'u', 'x') AND i.indexrelid = k.conindid"
" WHERE k.contype IN " PQE_SQL_CONSTRAINT_TYPES
"   AND (k.conparentid = 0 OR k.contype IN ('p', 'u') AND EXISTS (SELECT FROM pg_constraint o WHERE o.oid = k.conparentid"
"        AND (o.condeferrable <> k.condeferrable OR o.condeferred <> k.condeferred)))";

static char
type_of(const PqeFact *fact)
{
	return pqe_value(fact, "_type")[0];
}

/*
 * Keys first, as people write them.
 */
static int
place(const PqeFact *fact)
{
	switch (type_of(fact))
	{
		case 'p':
			return 0;
		case 'c':
			return 2;
		case 'f':
			return 3;
		default:
			return 1;
	}
}

static const char *
deferral(const PqeFact *fact)
{
	if (!pqe_flag(fact, "_deferrable"))
		return "";
	return pqe_flag(fact, "_deferred") ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE";
}

static const char *
key_text(PqeFacts *facts, const PqeFact *fact, const char *raw)
{
	const char *columns = pqe_plain_columns(facts, fact->parent_address.objectId, raw);

	if (columns == NULL)
		return NULL;
	return psprintf("%s (%s)", type_of(fact) == 'p' ? "PRIMARY KEY" : "UNIQUE", columns);
}

/*
 * NULL for what need not be said.
 */
static const char *
action_text(char action)
{
	switch (action)
	{
		case 'r':
			return "RESTRICT";
		case 'c':
			return "CASCADE";
		case 'n':
			return "SET NULL";
		case 'd':
			return "SET DEFAULT";
		default:
			return NULL;
	}
}

/*
 * RAW is "{columns}{columns there}table", and a letter each for match, update
 * and delete.
 */
static const char *
foreign_key_text(PqeFacts *facts, const PqeFact *fact, const char *raw)
{
	const char *there = strchr(raw + 1, '{');
	const char *letters;
	ObjectAddress address = {RelationRelationId, InvalidOid, 0};
	const PqeFact *table;
	const char *columns;
	const char *columns_there;
	StringInfoData text;

	address.objectId = strtoul(strchr(there, '}') + 1, NULL, 10);
	letters = strchr(there, '}') + 1;
	letters += strspn(letters, "0123456789");
	table = pqe_facts_by_address(facts, &address);
	columns = pqe_plain_columns(facts, fact->parent_address.objectId, raw);
	columns_there = pqe_plain_columns(facts, address.objectId, there);
	if (table == NULL || columns == NULL || columns_there == NULL)
		return NULL;
	initStringInfo(&text);
	appendStringInfo(&text, "FOREIGN KEY (%s) REFERENCES %s(%s)", columns, table->identity, columns_there);
	if (letters[0] == 'f')
		appendStringInfoString(&text, " MATCH FULL");
	if (action_text(letters[1]) != NULL)
		appendStringInfo(&text, " ON UPDATE %s", action_text(letters[1]));
	if (action_text(letters[2]) != NULL)
		appendStringInfo(&text, " ON DELETE %s", action_text(letters[2]));
	return text.data;
}

static const char *
check_text(PqeFacts *facts, const PqeFact *fact, const char *raw)
{
	const char *expression = pqe_plain_text(facts, fact->parent_address.objectId, raw + 1, NULL);

	return expression == NULL ? NULL : psprintf("CHECK (%s)%s", expression, raw[0] == 'n' ? " NO INHERIT" : "");
}

static const char *
plain_text(PqeFacts *facts, const PqeFact *fact, const char *raw)
{
	const char *text;

	if (raw == NULL)
		return NULL;
	text = type_of(fact) == 'c' ? check_text(facts, fact, raw) :
		type_of(fact) == 'f' ? foreign_key_text(facts, fact, raw) : key_text(facts, fact, raw);
	if (text == NULL)
		return NULL;
	return psprintf("%s%s%s", text, deferral(fact), pqe_flag(fact, "_validated") ? "" : " NOT VALID");
}

static void
complete(PqeFacts *facts, PqeFact *fact)
{
	const char *definition = plain_text(facts, fact, pqe_value(fact, "_raw"));

	if (definition == NULL)
		definition = TextDatumGetCString(DirectFunctionCall1(pg_get_constraintdef, ObjectIdGetDatum(fact->address.objectId)));
	pqe_set_value(fact, "definition", pqe_arena_strdup(facts->rows, definition));
	pqe_set_value(fact, "_raw", NULL);
	if (strchr("pu", type_of(fact)) != NULL && (pqe_flag(fact, "_partitioned") || pqe_flag(fact, "_in_partition")))
		pqe_read_key_parts(facts, fact);
}

/*
 * The index of a partitioned table's key takes its options from the
 * constraint alone.
 */
static bool
says_options(const PqeFact *fact)
{
	return pqe_flag(fact, "_partitioned") && strchr("pu", type_of(fact)) != NULL;
}

/*
 * A constraint that a table only inherits is not written out there, unless
 * the table is a partition, which is joined to its parent when it is whole.
 */
static bool
comes_with_inherits(const PqeFact *fact)
{
	return pqe_flag(fact, "_inherited") && !pqe_flag(fact, "_in_partition");
}

/*
 * The server joins a table to its parent only where it prints their checks
 * alike: where the parent's is there and stays, what that one is counts.
 */
static const char *
text_of(const PqeFact *fact)
{
	const char *definition = pqe_value(fact, "definition");
	const PqeFact *above;

	if (type_of(fact) != 'c')
		return definition;
	check_stack_depth();
	above = pqe_flag(fact, "_inherited") ? pqe_part_above(fact) : NULL;
	if (above == NULL || !pqe_same_sql(pqe_value(above, "definition"), definition))
		return pqe_exact_text(definition);
	if (above->peer != NULL && above->create_action == NULL && above->parent->create_action == NULL &&
		pqe_same_sql(pqe_value(above->peer, "definition"), definition))
		return pqe_exact_text(pqe_value(above->peer, "definition"));
	return text_of(above);
}

static char *
inline_text(PqeFact *fact)
{
	const char *definition = text_of(fact);
	const char *options = says_options(fact) ? pqe_value(fact, "options") : NULL;
	const char *tail = deferral(fact);

	if (comes_with_inherits(fact) && fact->inlined)
		return NULL;
	if (options == NULL)
		return psprintf("CONSTRAINT %s %s", quote_identifier(fact->name), definition);
	return psprintf("CONSTRAINT %s %.*s WITH (%s)%s", quote_identifier(fact->name),
					(int) (strlen(definition) - strlen(tail)), definition, pqe_join_lines(options), tail);
}

/*
 * What is said of the constraint's index; FROM may be NULL.
 */
static void
emit_index_settings(PqeScript *script, const PqeFact *from, const PqeFact *to)
{
	const char *index = psprintf("ALTER INDEX %s", quote_qualified_identifier(to->schema, to->name));

	if (from != NULL && !pqe_same(from, to, "options"))
		pqe_emit_options(script, index, from, to);
	else if (from == NULL && !says_options(to) && pqe_value(to, "options") != NULL)
		pqe_emit(script, 0, "%s SET (%s)", index, pqe_join_lines(pqe_value(to, "options")));
	if (from != NULL ? !pqe_same(from, to, "tablespace") : pqe_value(to, "tablespace") != NULL)
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | PQE_LONG_RUNNING, "%s SET TABLESPACE %s", index,
				 pqe_tablespace_of(to));
}

/*
 * The statement that makes the key's index ahead of it.  A key says less than
 * an index can: only columns, in the usual order.
 */
static char *
index_of(const PqeFact *fact)
{
	const char *definition = pqe_value(fact, "definition");
	const char *columns = strchr(definition, '(');
	int			length = strlen(columns) - strlen(deferral(fact));
	bool		distinct = strncmp(definition, "UNIQUE NULLS NOT DISTINCT", 25) != 0;
	const char *options = pqe_value(fact, "options");

	return psprintf("CREATE UNIQUE INDEX CONCURRENTLY %s ON %s USING btree %.*s%s%s%s%s", quote_identifier(fact->name),
					pqe_table_of(fact), length, columns, distinct ? "" : " NULLS NOT DISTINCT",
					options ? " WITH (" : "", options ? pqe_join_lines(options) : "", options ? ")" : "");
}

/*
 * A primary key makes the columns NOT NULL in the tables that inherit them as
 * well, unless it is said to be of this table only.
 */
static const char *
key_table(const PqeFact *fact)
{
	ListCell   *lc;

	foreach(lc, type_of(fact) == 'p' ? fact->depends_on : NIL)
	{
		const PqeFact *column = lfirst(lc);

		if (column->kind == &pqe_kind_column && column->parent == fact->parent && pqe_takes_nulls_below(column))
			return psprintf("ONLY %s", pqe_table_of(fact));
	}
	return pqe_table_of(fact);
}

static void
create_key(PqeScript *script, PqeFact *fact)
{
	const char *table = key_table(fact);

	/* no index alone can be what WITHOUT OVERLAPS needs */
	if (script->fresh || pqe_flag(fact, "_partitioned") || pqe_flag(fact, "_period") || !script->options->concurrently)
	{
		pqe_emit(script, script->fresh ? 0 : PQE_INDEX_BUILD | PQE_ACCESS_EXCLUSIVE_LOCK | PQE_MAY_FAIL_ON_DATA | PQE_LONG_RUNNING,
				 "ALTER TABLE %s ADD %s", table, inline_text(fact));
		return;
	}
	pqe_emit_alone(script, PQE_INDEX_BUILD | PQE_MAY_FAIL_ON_DATA | PQE_LONG_RUNNING, "%s", index_of(fact));
	pqe_emit(script, 0, "ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %s%s", table,
			 quote_identifier(fact->name), type_of(fact) == 'p' ? "PRIMARY KEY" : "UNIQUE",
			 quote_identifier(fact->name), deferral(fact));
}

static void
create_validated(PqeScript *script, PqeFact *fact)
{
	const char *table = pqe_table_of(fact);
	bool		partitioned_key = type_of(fact) == 'f' && pqe_flag(fact, "_partitioned");

	if (script->fresh || !pqe_flag(fact, "_validated") || partitioned_key)
	{
		pqe_emit(script, script->fresh || !pqe_flag(fact, "_validated") ? 0 :
				 PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA, "ALTER TABLE %s ADD %s", table, inline_text(fact));
		return;
	}
	pqe_emit(script, 0, "ALTER TABLE %s ADD %s NOT VALID", table, inline_text(fact));
	pqe_emit(script, PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA, "ALTER TABLE %s VALIDATE CONSTRAINT %s",
			 table, quote_identifier(fact->name));
}

/*
 * What a table has from its parent comes and goes with the parent's as long
 * as the two are joined.
 */
static bool
is_cascaded(const PqeFact *fact)
{
	return pqe_flag(fact, "_inherited") && pqe_is_joined_part(fact);
}

static void
create(PqeScript *script, PqeFact *fact)
{
	if (script->fresh ? comes_with_inherits(fact) : is_cascaded(fact))
		return;
	switch (type_of(fact))
	{
		case 'p':
		case 'u':
			create_key(script, fact);
			break;
		case 'x':
			pqe_emit(script, script->fresh ? 0 : PQE_INDEX_BUILD | PQE_ACCESS_EXCLUSIVE_LOCK | PQE_MAY_FAIL_ON_DATA,
					 "ALTER TABLE %s ADD %s", pqe_table_of(fact), inline_text(fact));
			break;
		default:
			create_validated(script, fact);
	}
	emit_index_settings(script, NULL, fact);
}

static void
after_inline(PqeScript *script, PqeFact *fact)
{
	emit_index_settings(script, NULL, fact);
}

static bool
only_validation_differs(const PqeFact *from, const PqeFact *to)
{
	return !pqe_flag(from, "_validated") && pqe_flag(to, "_validated") &&
		strcmp(pqe_value(from, "definition"), psprintf("%s NOT VALID", pqe_value(to, "definition"))) == 0;
}

/*
 * One that stays when the parent's goes is what it was.  A new table has its
 * parent's checks as valid ones even where those are not, and they stay so.
 */
static bool
same_property(const PqeFact *from, const PqeFact *to, const char *property)
{
	if (strcmp(property, "beside_parents") == 0)
		return pqe_flag(from, property) || !pqe_flag(to, property);
	return strcmp(property, "definition") == 0 && pqe_flag(to, "_inherited") && only_validation_differs(to, from);
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	if (says_options(to) && !pqe_same(from, to, "options"))
		return false;
	/* the parent's would take it for its part */
	if (pqe_flag(to, "beside_parents") && !pqe_flag(from, "beside_parents"))
		return false;
	return pqe_same(from, to, "definition") || only_validation_differs(from, to);
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	if (!pqe_same(from, to, "definition") && !(is_cascaded(from) && is_cascaded(to)))
		pqe_emit(script, PQE_TABLE_SCAN | PQE_MAY_FAIL_ON_DATA, "ALTER TABLE %s VALIDATE CONSTRAINT %s",
				 pqe_table_of(to), quote_identifier(to->name));
	emit_index_settings(script, from, to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	bool		key = strchr("pux", type_of(fact)) != NULL;

	if (is_cascaded(fact))
		return;
	pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK | (key ? PQE_INDEX_DROPPED : 0),
			 "ALTER TABLE %s DROP CONSTRAINT %s", pqe_table_of(fact), quote_identifier(fact->name));
}

/*
 * What stands behind PRIMARY KEY or UNIQUE.
 */
static const char *
key_of(const PqeFact *fact)
{
	const char *definition = pqe_value(fact, "definition");
	const char *at = strchr(definition, '(');

	return at ? at : definition;
}

/*
 * Does the constraint make the column one of a primary key, not only one that the
 * key's index includes?
 */
bool
pqe_is_in_primary_key(const PqeFact *column, const PqeFact *constraint)
{
	const char *name = quote_identifier(column->name);
	size_t		length = strlen(name);
	bool		quoted = false;
	bool		begins = true;

	if (type_of(constraint) != 'p')
		return false;
	for (const char *at = key_of(constraint) + 1; *at != '\0' && (quoted || *at != ')'); at++)
	{
		/* a blank may stand before WITHOUT OVERLAPS */
		if (begins && strncmp(at, name, length) == 0 && strchr(",) ", at[length]) != NULL)
			return true;
		if (*at == '"')
			quoted = !quoted;
		begins = !quoted && *at == ' ';
	}
	return false;
}

/*
 * A partition has the key from its parent, too.  Were its own there when it is
 * attached, the server would take that for the parent's part.
 */
static bool
is_beside_copy(const PqeFact *fact)
{
	return pqe_flag(fact, "beside_parents");
}

static const char *
frees(const PqeFact *fact)
{
	return pqe_value(fact, "_frees");
}

/*
 * What a check of a table's is called in those that inherit from it, where one
 * of any type may have that name as yet.
 */
static void
append_names_below(StringInfo names, const PqeFact *table, const char *name)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, table->dependents)
	{
		const PqeFact *join = lfirst(lc);

		if (join->kind != &pqe_kind_inheritance || join->parent == table)
			continue;
		appendStringInfo(names, "constraint:%s.%s\n", join->parent->identity, quote_identifier(name));
		append_names_below(names, join->parent, name);
	}
}

static const char *
wants(const PqeFact *fact)
{
	StringInfoData names;

	if (type_of(fact) != 'c' || pqe_flag(fact, "_no_inherit"))
		return pqe_value(fact, "_wants");
	initStringInfo(&names);
	append_names_below(&names, fact->parent, fact->name);
	return names.data;
}

/*
 * CREATE TABLE takes no notice of NOT VALID, and makes one of two keys over
 * the same columns, a primary key and a unique one too.
 */
static bool
stands_alone(const PqeFact *fact)
{
	ListCell   *lc;

	if (!pqe_flag(fact, "_validated") || is_beside_copy(fact))
		return true;
	if (strchr("pux", type_of(fact)) == NULL)
		return false;
	foreach(lc, fact->parent->children)
	{
		const PqeFact *other = lfirst(lc);

		if (other->kind == fact->kind && other->position < fact->position &&
			strchr("pux", type_of(other)) != NULL && strcmp(key_of(other), key_of(fact)) == 0)
			return true;
	}
	return false;
}

static const char *const sql_properties[] = {"definition", NULL};

static void
rename_to(PqeScript *script, const PqeFact *fact, const char *name)
{
	/* the parent's rename is this one's too */
	if (!pqe_flag(fact, "_heir"))
		pqe_emit(script, PQE_ACCESS_EXCLUSIVE_LOCK, "ALTER TABLE %s RENAME CONSTRAINT %s TO %s", pqe_table_of(fact), quote_identifier(fact->name), quote_identifier(name));
}

static const char *
refers_to(const PqeFact *fact)
{
	return pqe_value(fact, "_references");
}

const PqeKind pqe_kind_constraint = {
	.name = "constraint",
	.rank = 60,
	.query = query,
	.ordered_by_parent = true,
	.place = place,
	.complete = complete,
	.inline_create = true,
	.follows_column_type = true,
	.sql_properties = sql_properties,
	.equal = same_property,
	.frees = frees,
	.wants = wants,
	.create = create,
	.can_alter = can_alter,
	.alter_keeps_needs = true,
	.alter = alter,
	.drop = drop,
	.follows_joins = is_beside_copy,
	.stands_alone = stands_alone,
	.inline_text = inline_text,
	.after_inline = after_inline,
	.rename = rename_to,
	.renames_alone = true,
	.refers_to = refers_to,
};
