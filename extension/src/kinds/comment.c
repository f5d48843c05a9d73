/*-------------------------------------------------------------------------
 *
 * comment.c
 *		Kind: comment, on an object of any kind.
 *
 * pg_identify_object() says what the object is in words that are, with a few
 * exceptions, those of COMMENT ON.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "utils/builtins.h"

/*
 * Objects of the managed schemas; what belongs to anything else has no parent
 * among the facts and is left out.  The address is the object's, in a class
 * of its own.  _own: the comment that an extension brings itself, which is none
 * of the models' affair.  NOT NULL (n) is a constraint to some servers, and a
 * property of the column or domain to us.
 */
static const char query[] =
"SELECT (1000000000 + d.classoid::int8)::oid AS classid, d.objoid AS objid, d.objsubid,"
"       CASE i.type WHEN 'domain constraint' THEN format('CONSTRAINT %I ON DOMAIN %s', k.conname, k.contypid::regtype)"
"            ELSE format('%s %s', CASE"
"            WHEN i.type LIKE '%column' THEN 'COLUMN' WHEN i.type = 'composite type' THEN 'TYPE'"
"            WHEN i.type = 'table constraint' THEN 'CONSTRAINT' WHEN i.type = 'statistics object' THEN 'STATISTICS'"
"            WHEN i.type = 'foreign-data wrapper' THEN 'FOREIGN DATA WRAPPER'"
"            ELSE upper(i.type) END,"
"            CASE WHEN i.type = 'aggregate' AND i.identity LIKE '%()' THEN left(i.identity, -2) || '(*)'"
"                 ELSE i.identity END) END AS identity,"
"       i.schema, coalesce(i.name, i.identity) AS name, NULL AS slot,"
"       CASE WHEN k.contype = 'n' THEN CASE WHEN k.conrelid <> 0 THEN 'pg_class' ELSE 'pg_type' END::regclass::oid ELSE d.classoid END AS parent_class,"
"       CASE WHEN k.contype = 'n' THEN greatest(k.conrelid, k.contypid) ELSE d.objoid END AS parent_id,"
"       CASE WHEN k.contype = 'n' AND k.conrelid <> 0 THEN k.conkey[1]::int ELSE d.objsubid END AS parent_sub,"
"       d.description AS text, own.comment AS _own"
"  FROM pg_description d"
"  LEFT JOIN pg_constraint k ON d.classoid = 'pg_constraint'::regclass AND k.oid = d.objoid,"
"  LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i"
"  LEFT JOIN LATERAL (SELECT a.comment FROM pg_extension e JOIN pg_available_extensions() a ON a.name = e.extname"
"                      WHERE d.classoid = 'pg_extension'::regclass AND e.oid = d.objoid) own ON true"
" WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid = ANY ($1)))"
"   AND i.identity IS NOT NULL AND d.description IS DISTINCT FROM own.comment"
" ORDER BY 4";

static void
emit_comment(PqeScript *script, const PqeFact *fact, const char *text)
{
	pqe_emit(script, 0, "COMMENT ON %s IS %s", fact->identity, text ? quote_literal_cstr(text) : "NULL");
}

static void
create(PqeScript *script, PqeFact *fact)
{
	emit_comment(script, fact, pqe_value(fact, "text"));
}

static void
alter(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_comment(script, to, pqe_value(to, "text"));
}

static void
drop(PqeScript *script, PqeFact *fact)
{
	emit_comment(script, fact, pqe_value(fact, "_own"));
}

const PqeKind pqe_kind_comment = {
	.name = "comment",
	.rank = 110,
	.query = query,
	.precedes_joins = true,
	.follows_column_type = true,
	.create = create,
	.can_alter = pqe_always_alter,
	.alter = alter,
	.drop = drop,
};
