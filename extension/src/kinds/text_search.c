/*-------------------------------------------------------------------------
 *
 * text_search.c
 *		Kinds: text search parser, template, dictionary, configuration.
 *
 *-------------------------------------------------------------------------
 */
#include "kinds/kinds.h"

#include "catalog/pg_ts_config.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"

#define HEAD(catalog, alias, prefix) \
"SELECT '" catalog "'::regclass::oid AS classid, " alias ".oid AS objid, 0 AS objsubid," \
"       format('%I.%I', n.nspname, " alias "." prefix "name) AS identity, n.nspname AS schema," \
"       " alias "." prefix "name AS name, NULL AS slot," \
"       NULL::oid AS parent_class, NULL::oid AS parent_id, 0 AS parent_sub,"

static const char parser_query[] =
HEAD("pg_ts_parser", "p", "prs")
"       format('START = %s, GETTOKEN = %s, END = %s, LEXTYPES = %s', p.prsstart, p.prstoken, p.prsend, p.prslextype)"
"       || CASE WHEN p.prsheadline::oid <> 0 THEN format(', HEADLINE = %s', p.prsheadline) ELSE '' END AS definition"
"  FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE n.oid = ANY ($1) ORDER BY 4";

static const char template_query[] =
HEAD("pg_ts_template", "t", "tmpl")
"       CASE WHEN t.tmplinit::oid <> 0 THEN format('INIT = %s, ', t.tmplinit) ELSE '' END"
"       || format('LEXIZE = %s', t.tmpllexize) AS definition"
"  FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE n.oid = ANY ($1) ORDER BY 4";

static const char dictionary_query[] =
HEAD("pg_ts_dict", "d", "dict")
"       format('%I.%I', tn.nspname, t.tmplname) AS template, d.dictinitoption AS options"
"  FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace"
"  JOIN pg_ts_template t ON t.oid = d.dicttemplate JOIN pg_namespace tn ON tn.oid = t.tmplnamespace"
" WHERE n.oid = ANY ($1) ORDER BY 4";

static const char configuration_query[] =
HEAD("pg_ts_config", "c", "cfg")
"       format('%I.%I', pn.nspname, p.prsname) AS parser,"
"       (SELECT string_agg(format('%I WITH %s', k.alias, k.dictionaries), E'\\n' ORDER BY k.alias) FROM ("
"          SELECT t.alias, string_agg(m.mapdict::regdictionary::text, ', ' ORDER BY m.mapseqno) AS dictionaries"
"            FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype"
"           WHERE m.mapcfg = c.oid GROUP BY t.alias) k) AS mappings"
"  FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace"
"  JOIN pg_ts_parser p ON p.oid = c.cfgparser JOIN pg_namespace pn ON pn.oid = p.prsnamespace"
" WHERE n.oid = ANY ($1) ORDER BY 4";

static void
create_parser(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE TEXT SEARCH PARSER %s (%s)", fact->identity, pqe_value(fact, "definition"));
}

static void
drop_parser(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP TEXT SEARCH PARSER %s", fact->identity);
}

static void
create_template(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE TEXT SEARCH TEMPLATE %s (%s)", fact->identity, pqe_value(fact, "definition"));
}

static void
drop_template(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP TEXT SEARCH TEMPLATE %s", fact->identity);
}

static void
create_dictionary(PqeScript *script, PqeFact *fact)
{
	const char *options = pqe_value(fact, "options");

	pqe_emit(script, 0, "CREATE TEXT SEARCH DICTIONARY %s (TEMPLATE = %s%s%s)", fact->identity,
			 pqe_value(fact, "template"), options ? ", " : "", options ? options : "");
}

static void
drop_dictionary(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP TEXT SEARCH DICTIONARY %s", fact->identity);
}

/*
 * Adds or drops the mappings that the other list lacks.
 */
static void
emit_mappings(PqeScript *script, const PqeFact *fact, const char *mappings, const char *not_in, bool add)
{
	char	   *state = NULL;

	for (char *item = strtok_r(pstrdup(mappings ? mappings : ""), "\n", &state); item;
		 item = strtok_r(NULL, "\n", &state))
	{
		if (not_in != NULL && strstr(psprintf("\n%s\n", not_in), psprintf("\n%s\n", item)) != NULL)
			continue;
		if (add)
			pqe_emit(script, 0, "ALTER TEXT SEARCH CONFIGURATION %s ADD MAPPING FOR %s", fact->identity, item);
		else
			pqe_emit(script, 0, "ALTER TEXT SEARCH CONFIGURATION %s DROP MAPPING FOR %.*s", fact->identity,
					 (int) (strstr(item, " WITH ") - item), item);
	}
}

static void
create_configuration(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "CREATE TEXT SEARCH CONFIGURATION %s (PARSER = %s)", fact->identity,
			 pqe_value(fact, "parser"));
	emit_mappings(script, fact, pqe_value(fact, "mappings"), NULL, true);
}

static bool
can_alter_configuration(const PqeFact *from, const PqeFact *to)
{
	return pqe_same(from, to, "parser");
}

static void
alter_configuration(PqeScript *script, PqeFact *from, PqeFact *to)
{
	emit_mappings(script, to, pqe_value(from, "mappings"), pqe_value(to, "mappings"), false);
	emit_mappings(script, to, pqe_value(to, "mappings"), pqe_value(from, "mappings"), true);
}

static void
drop_configuration(PqeScript *script, PqeFact *fact)
{
	pqe_emit(script, 0, "DROP TEXT SEARCH CONFIGURATION %s", fact->identity);
}

const PqeKind pqe_kind_ts_parser = {
	.name = "text search parser",
	.file = "schemas/%s/text_search/%n.sql",
	.rank = 45,
	.query = parser_query,
	.catalog = TSParserRelationId,
	.catalog_index = TSParserOidIndexId,
	.create = create_parser,
	.drop = drop_parser,
};

const PqeKind pqe_kind_ts_template = {
	.name = "text search template",
	.file = "schemas/%s/text_search/%n.sql",
	.rank = 46,
	.query = template_query,
	.catalog = TSTemplateRelationId,
	.catalog_index = TSTemplateOidIndexId,
	.create = create_template,
	.drop = drop_template,
};

const PqeKind pqe_kind_ts_dictionary = {
	.name = "text search dictionary",
	.file = "schemas/%s/text_search/%n.sql",
	.rank = 47,
	.query = dictionary_query,
	.catalog = TSDictionaryRelationId,
	.catalog_index = TSDictionaryOidIndexId,
	.create = create_dictionary,
	.drop = drop_dictionary,
};

const PqeKind pqe_kind_ts_configuration = {
	.name = "text search configuration",
	.file = "schemas/%s/text_search/%n.sql",
	.rank = 48,
	.query = configuration_query,
	.catalog = TSConfigRelationId,
	.catalog_index = TSConfigOidIndexId,
	.create = create_configuration,
	.can_alter = can_alter_configuration,
	.alter = alter_configuration,
	.drop = drop_configuration,
};
