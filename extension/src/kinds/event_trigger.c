/*-------------------------------------------------------------------------
 *
 * event_trigger.c
 *		Kind: event trigger.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_event_trigger.h"

static const char query[] =
"SELECT 'pg_event_trigger'::regclass::oid AS classid, e.oid AS objid, 0 AS objsubid,"
"       quote_ident(e.evtname) AS identity, NULL AS schema, e.evtname AS name, NULL AS slot,"
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"
"       format('ON %s%s EXECUTE FUNCTION %s()', e.evtevent,"
"              ' WHEN TAG IN (' || (SELECT string_agg(quote_literal(t), ', ' ORDER BY t) FROM unnest(e.evttags) t) || ')',"
"              e.evtfoid::regproc) AS definition,"
"       CASE e.evtenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' WHEN 'A' THEN 'ENABLE ALWAYS' END AS enabled"
"  FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace"
" WHERE $1 IS NOT NULL AND n.nspname <> 'pqengine'"	/* the drift watch is no part of a schema */
" ORDER BY e.evtname";

static void
emit_enabled(PqeScript *script, const PqeFact *fact)
{
	const char *enabled = pqe_value(fact, "enabled");

	pqe_emit(script, 0, "ALTER EVENT TRIGGER %s %s", fact->identity, enabled ? enabled : "ENABLE");
}

static void
create(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE EVENT TRIGGER %s %s", fact->identity, pqe_value(fact, "definition"));
	if (pqe_value(fact, "enabled"))
		emit_enabled(script, fact);
}

static bool
can_alter(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "definition");
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_enabled(script, to);
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP EVENT TRIGGER %s", fact->identity);
}

const PqeKind pqe_kind_event_trigger = {
	.name = "event trigger",
	.file = "database/event_triggers/%n.sql",
	.rank = 120,				/* last: it must not see the plan's own DDL */
	.query = query,
	.catalog = EventTriggerRelationId,
	.catalog_index = EventTriggerOidIndexId,
	.database_wide = true,
	.goes_with_needs = true,
	.comes_last = true,
	.create = create,
	.can_alter = can_alter,
	.alter = alter,
	.drop = drop,
};
