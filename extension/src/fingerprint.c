/*-------------------------------------------------------------------------
 *
 * fingerprint.c
 *		A cheap value that changes with any DDL in some schemas.
 *
 * It is a hash over the xmin of the catalog rows that describe what lives in
 * the schemas: every DDL writes such rows anew, while VACUUM, freezing and
 * ANALYZE leave their xmin as it is.  (What ANALYZE does change, it changes
 * in place.)
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"

#include "arrays.h"
#include "fingerprint.h"

static const char query[] =
"WITH n AS (SELECT oid, xmin FROM pg_namespace WHERE nspname = ANY ($1)),"
" c AS (SELECT c.oid, c.xmin FROM pg_class c JOIN n ON n.oid = c.relnamespace),"
" t AS (SELECT t.oid, t.xmin FROM pg_type t JOIN n ON n.oid = t.typnamespace),"
" p AS (SELECT p.oid, p.xmin FROM pg_proc p JOIN n ON n.oid = p.pronamespace)"
"SELECT md5(concat_ws(':',"
"  (SELECT string_agg(format('%s.%s', oid, xmin), ',' ORDER BY oid) FROM n),"
"  (SELECT string_agg(format('%s.%s', oid, xmin), ',' ORDER BY oid) FROM c),"
"  (SELECT sum(hashint8extended(a.attrelid::int8 << 32 | a.xmin::text::int8, a.attnum))::text FROM pg_attribute a JOIN c ON c.oid = a.attrelid),"
"  (SELECT sum(hashint8extended(d.oid::int8, d.xmin::text::int8))::text FROM pg_attrdef d JOIN c ON c.oid = d.adrelid),"
"  (SELECT sum(hashint8extended(i.indexrelid::int8, i.xmin::text::int8))::text FROM pg_index i JOIN c ON c.oid = i.indexrelid),"
"  (SELECT sum(hashint8extended(s.seqrelid::int8, s.xmin::text::int8))::text FROM pg_sequence s JOIN c ON c.oid = s.seqrelid),"
"  (SELECT sum(hashint8extended(i.inhrelid::int8, i.xmin::text::int8))::text FROM pg_inherits i JOIN c ON c.oid = i.inhrelid),"
"  (SELECT sum(hashint8extended(r.oid::int8, r.xmin::text::int8))::text FROM pg_rewrite r JOIN c ON c.oid = r.ev_class),"
"  (SELECT sum(hashint8extended(g.oid::int8, g.xmin::text::int8))::text FROM pg_trigger g JOIN c ON c.oid = g.tgrelid),"
"  (SELECT sum(hashint8extended(y.oid::int8, y.xmin::text::int8))::text FROM pg_policy y JOIN c ON c.oid = y.polrelid),"
"  (SELECT string_agg(format('%s.%s', oid, xmin), ',' ORDER BY oid) FROM t),"
"  (SELECT string_agg(format('%s.%s', oid, xmin), ',' ORDER BY oid) FROM p),"
"  (SELECT sum(hashint8extended(k.oid::int8, k.xmin::text::int8))::text FROM pg_constraint k JOIN n ON n.oid = k.connamespace),"
"  (SELECT sum(hashint8extended(o.oid::int8, o.xmin::text::int8))::text FROM pg_operator o JOIN n ON n.oid = o.oprnamespace),"
"  (SELECT sum(hashint8extended(e.oid::int8, e.xmin::text::int8))::text FROM pg_enum e JOIN t ON t.oid = e.enumtypid),"
"  (SELECT sum(hashint8extended(s.oid::int8, s.xmin::text::int8))::text FROM pg_statistic_ext s JOIN n ON n.oid = s.stxnamespace),"
"  (SELECT sum(hashint8extended(d.objoid::int8 << 16 | d.objsubid, d.xmin::text::int8))::text FROM pg_description d WHERE d.objoid >= 16384),"
"  (SELECT sum(hashint8extended(d.oid::int8, d.xmin::text::int8))::text FROM pg_default_acl d),"
"  (SELECT string_agg(format('%s.%s', oid, xmin), ',' ORDER BY oid) FROM pg_extension)))";

char *
pqe_fingerprint_of(List *schema_names)
{
	MemoryContext context = CurrentMemoryContext;
	Oid			types[1] = {TEXTARRAYOID};
	Datum		values[1];
	char	   *result;

	SPI_connect();
	values[0] = pqe_text_array(schema_names);
	if (SPI_execute_with_args(query, 1, types, values, NULL, true, 1) != SPI_OK_SELECT ||
		SPI_processed != 1)
		elog(ERROR, "could not read the fingerprint");
	result = MemoryContextStrdup(context, SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	SPI_finish();
	return result;
}
