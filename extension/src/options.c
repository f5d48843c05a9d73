/*-------------------------------------------------------------------------
 *
 * options.c
 *		Reads the options of plan, drift, ensure_tables and prove.
 *
 * An unknown key or a value of the wrong type is an error: a misspelt
 * "alow_drop" must not be taken for its default.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "kind.h"
#include "options.h"

static const char *
type_name(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvNull:
			return "null";
		case jbvString:
			return "string";
		case jbvNumeric:
			return "number";
		case jbvBool:
			return "boolean";
		default:
			return value->type == jbvBinary && JsonContainerIsArray(value->val.binary.data) ?
				"array" : "object";
	}
}

static void
wrong_type(const char *key, const char *expected, const JsonbValue *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be %s, not %s", key, expected, type_name(value))));
}

static char *
string_option(const char *key, const JsonbValue *value)
{
	if (value->type != jbvString)
		wrong_type(key, "a string", value);
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static bool
bool_option(const char *key, const JsonbValue *value)
{
	if (value->type != jbvBool)
		wrong_type(key, "true or false", value);
	return value->val.boolean;
}

static int
milliseconds_option(const char *key, const JsonbValue *value)
{
	Datum		number;
	int32		result;

	if (value->type != jbvNumeric)
		wrong_type(key, "a number", value);
	number = DirectFunctionCall1(numeric_int4, NumericGetDatum(value->val.numeric));
	result = DatumGetInt32(number);
	if (result < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must not be negative", key)));
	return result;
}

static PqeScope
scope_option(const char *key, const JsonbValue *value)
{
	char	   *name = string_option(key, value);

	if (strcmp(name, "declared") == 0)
		return PQE_SCOPE_DECLARED;
	if (strcmp(name, "all") == 0)
		return PQE_SCOPE_ALL;
	if (strcmp(name, "none") == 0)
		return PQE_SCOPE_NONE;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" must be \"declared\", \"all\" or \"none\", not \"%s\"", key, name)));
}

/*
 * The elements of an array option, as JsonbValue pointers.
 */
static List *
array_option(const char *key, const JsonbValue *value)
{
	JsonbIterator *it;
	JsonbValue	element;
	JsonbIteratorToken token;
	List	   *elements = NIL;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		wrong_type(key, "an array", value);
	it = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token == WJB_ELEM)
		{
			JsonbValue *copy = palloc(sizeof(JsonbValue));

			*copy = element;
			elements = lappend(elements, copy);
		}
	}
	return elements;
}

static void
schemas_option(PqeOptions *options, const JsonbValue *value)
{
	ListCell   *lc;

	foreach(lc, array_option("schemas", value))
	{
		JsonbValue *element = lfirst(lc);
		char	   *name;

		if (element->type != jbvString)
			wrong_type("schemas", "an array of strings", element);
		name = string_option("schemas", element);

		if (strcmp(name, "*") == 0)
			options->all_schemas = true;
		else
			options->schemas = lappend(options->schemas, name);
	}
}

/*
 * One string member of an object in an array option; NULL where it is absent.
 */
static const char *
member(const char *key, const JsonbValue *object, const char *name)
{
	JsonbValue *value;

	if (object->type != jbvBinary || !JsonContainerIsObject(object->val.binary.data))
		wrong_type(key, "an array of objects", object);
	value = getKeyJsonValueFromContainer(object->val.binary.data, name, strlen(name), NULL);
	return value ? string_option(key, value) : NULL;
}

/*
 * Refuses an object in an array option that has other members than these.
 */
static void
check_members(const char *key, const JsonbValue *object, const char *const *names)
{
	JsonbIterator *it;
	JsonbValue	value;
	JsonbIteratorToken token;

	if (object->type != jbvBinary || !JsonContainerIsObject(object->val.binary.data))
		wrong_type(key, "an array of objects", object);
	it = JsonbIteratorInit(object->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		char	   *name;
		bool		known = false;

		if (token != WJB_KEY)
			continue;
		name = pnstrdup(value.val.string.val, value.val.string.len);
		for (const char *const *p = names; *p != NULL; p++)
			known |= strcmp(*p, name) == 0;
		if (!known)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("an element of option \"%s\" has no member \"%s\"", key, name)));
	}
}

static void
check_kind(const char *key, const char *kind)
{
	if (kind != NULL && pqe_kind_by_name(kind) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" names an unknown kind \"%s\"", key, kind)));
}

static void
ignore_option(PqeOptions *options, const JsonbValue *value)
{
	ListCell   *lc;

	foreach(lc, array_option("ignore", value))
	{
		PqePattern *pattern = palloc(sizeof(PqePattern));

		check_members("ignore", lfirst(lc), (const char *const[]) {"kind", "name", NULL});
		pattern->kind = member("ignore", lfirst(lc), "kind");
		if (pattern->kind != NULL && strcmp(pattern->kind, "*") == 0)
			pattern->kind = NULL;
		check_kind("ignore", pattern->kind);
		pattern->name = member("ignore", lfirst(lc), "name");
		if (pattern->name == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("an element of option \"ignore\" lacks \"name\""),
					 errhint("Each element is an object such as {\"kind\": \"table\", \"name\": \"public.tmp_*\"}.")));
		options->ignore = lappend(options->ignore, pattern);
	}
}

static void
renames_option(PqeOptions *options, const JsonbValue *value)
{
	ListCell   *lc;

	foreach(lc, array_option("renames", value))
	{
		PqeRename  *rename = palloc0(sizeof(PqeRename));

		check_members("renames", lfirst(lc), (const char *const[]) {"kind", "name", "was", NULL});
		rename->kind = member("renames", lfirst(lc), "kind");
		check_kind("renames", rename->kind);
		rename->target = member("renames", lfirst(lc), "name");
		rename->was = member("renames", lfirst(lc), "was");
		rename->place = "option \"renames\"";
		if (rename->target == NULL || rename->was == NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("an element of option \"renames\" lacks \"name\" or \"was\""),
					 errhint("Each element is an object such as {\"name\": \"public.users.email\", \"was\": \"mail\"}.")));
		options->renames = lappend(options->renames, rename);
	}
}

static bool
direction_option(const char *key, const JsonbValue *value)
{
	char	   *name = string_option(key, value);

	if (strcmp(name, "up") != 0 && strcmp(name, "down") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("option \"%s\" must be \"up\" or \"down\", not \"%s\"", key, name)));
	return strcmp(name, "down") == 0;
}

static void
set_option(PqeOptions *options, const char *key, const JsonbValue *value)
{
	if (strcmp(key, "schemas") == 0)
		schemas_option(options, value);
	else if (strcmp(key, "search_path") == 0)
		options->search_path = string_option(key, value);
	else if (strcmp(key, "allow_drop") == 0)
		options->allow_drop = bool_option(key, value);
	else if (strcmp(key, "concurrently") == 0)
		options->concurrently = bool_option(key, value);
	else if (strcmp(key, "owners") == 0)
		options->owners = scope_option(key, value);
	else if (strcmp(key, "privileges") == 0)
		options->privileges = scope_option(key, value);
	else if (strcmp(key, "ignore") == 0)
		ignore_option(options, value);
	else if (strcmp(key, "lock_timeout") == 0)
		options->lock_timeout = milliseconds_option(key, value);
	else if (strcmp(key, "direction") == 0)
		options->down = direction_option(key, value);
	else if (strcmp(key, "renames") == 0)
		renames_option(options, value);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no option \"%s\"", key),
				 errhint("Options are schemas, search_path, allow_drop, concurrently, owners, privileges, ignore, lock_timeout, renames and direction.")));
}

PqeOptions *
pqe_options_parse(Jsonb *json)
{
	PqeOptions *options = palloc0(sizeof(PqeOptions));
	JsonbIterator *it;
	JsonbValue	value;
	JsonbIteratorToken token;
	char	   *key = NULL;
	ListCell   *lc;

	options->search_path = "public";
	options->concurrently = true;
	options->lock_timeout = -1;
	if (json == NULL)
		return options;
	if (!JB_ROOT_IS_OBJECT(json))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options must be a JSON object")));
	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = pnstrdup(value.val.string.val, value.val.string.len);
		else if (token == WJB_VALUE)
			set_option(options, key, &value);
	}
	foreach(lc, options->renames)
		((PqeRename *) lfirst(lc))->search_path = options->search_path;
	return options;
}

/*
 * Shell-like patterns: * is any text, ? is any one character.
 */
bool
pqe_pattern_matches(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *resume = NULL;

	while (*text != '\0')
	{
		if (*pattern == '*')
		{
			star = pattern++;
			resume = text;
		}
		else if (*pattern == '?' || *pattern == *text)
		{
			pattern++;
			text++;
		}
		else if (star != NULL)
		{
			pattern = star + 1;
			text = ++resume;
		}
		else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}
