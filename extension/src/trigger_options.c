/*
 * trigger_options.c
 *		Options of the trigger behaviours: from jsonb, to the arguments of a
 *		trigger, and back.
 *
 * As arguments of a trigger an option is two strings, its name and its value;
 * a list gives its name once for each element, a flag is "true" or "false".
 * Options that have their default value are not written, so that the same
 * behaviour always gives the same CREATE TRIGGER.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

#include "trigger_behaviour.h"

#define OPTION_FIELD(options, option, type) \
	((type *) ((char *) (options) + (option)->offset))

/* A fresh options struct with all defaults. */
static void *
default_options(const TriggerBehaviour *behaviour)
{
	char	   *options = palloc0(behaviour->options_size);

	for (int i = 0; i < behaviour->noptions; i++)
	{
		const TriggerOption *option = &behaviour->options[i];

		if (option->boot != NULL)
			*OPTION_FIELD(options, option, const char *) = option->boot;
	}
	return options;
}

/* "a, b, c", for hints. */
const char *
trigger_name_list(const char *const *names, int count)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < count; i++)
		appendStringInfo(&buf, "%s%s", i == 0 ? "" : ", ", names[i]);
	return buf.data;
}

static const TriggerOption *
find_option(const TriggerBehaviour *behaviour, const char *name)
{
	const char **names;

	for (int i = 0; i < behaviour->noptions; i++)
	{
		if (strcmp(behaviour->options[i].name, name) == 0)
			return &behaviour->options[i];
	}

	names = palloc(behaviour->noptions * sizeof(char *));
	for (int i = 0; i < behaviour->noptions; i++)
		names[i] = behaviour->options[i].name;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("unrecognized option \"%s\" of trigger behaviour \"%s\"",
					name, behaviour->name),
			 errhint("Valid options are: %s.",
					 trigger_name_list(names, behaviour->noptions))));
	return NULL;				/* keep the compiler quiet */
}

static void
refuse_value(const TriggerBehaviour *behaviour, const TriggerOption *option, const char *wanted)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("option \"%s\" of trigger behaviour \"%s\" must be %s",
					option->name, behaviour->name, wanted)));
}

/* Sets a text, a choice, or one more element of a list. */
static void
set_string(const TriggerBehaviour *behaviour, const TriggerOption *option,
		   void *options, char *value)
{
	if (value[0] == '\0')
		refuse_value(behaviour, option, "more than an empty string");

	if (option->kind == TRIGGER_OPTION_LIST)
	{
		List	  **list = OPTION_FIELD(options, option, List *);

		*list = lappend(*list, value);
		return;
	}

	if (option->kind == TRIGGER_OPTION_CHOICE)
	{
		int			count = 0;

		for (; option->choices[count] != NULL; count++)
		{
			if (strcmp(option->choices[count], value) == 0)
				break;
		}
		if (option->choices[count] == NULL)
			refuse_value(behaviour, option,
						 psprintf("one of: %s", trigger_name_list(option->choices, count)));
	}
	*OPTION_FIELD(options, option, char *) = value;
}

static char *
jsonb_string(const JsonbValue *value)
{
	return pnstrdup(value->val.string.val, value->val.string.len);
}

static void
set_list_from_jsonb(const TriggerBehaviour *behaviour, const TriggerOption *option,
					void *options, const JsonbValue *value)
{
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	element;
	int			count = 0;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		refuse_value(behaviour, option, "an array of strings");

	it = JsonbIteratorInit(value->val.binary.data);
	while ((token = JsonbIteratorNext(&it, &element, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (element.type != jbvString)
			refuse_value(behaviour, option, "an array of strings");
		set_string(behaviour, option, options, jsonb_string(&element));
		count++;
	}
	if (count == 0)
		refuse_value(behaviour, option, "more than an empty array");
}

static void
set_from_jsonb(const TriggerBehaviour *behaviour, const TriggerOption *option,
			   void *options, const JsonbValue *value)
{
	switch (option->kind)
	{
		case TRIGGER_OPTION_BOOL:
			if (value->type != jbvBool)
				refuse_value(behaviour, option, "true or false");
			*OPTION_FIELD(options, option, bool) = value->val.boolean;
			break;
		case TRIGGER_OPTION_LIST:
			set_list_from_jsonb(behaviour, option, options, value);
			break;
		case TRIGGER_OPTION_TEXT:
		case TRIGGER_OPTION_CHOICE:
			if (value->type != jbvString)
				refuse_value(behaviour, option, "a string");
			set_string(behaviour, option, options, jsonb_string(value));
			break;
	}
}

/*
 * Options as a user of install_trigger() gave them.  Anything that is not
 * known, or not of the right type, is an error: a misspelt option must not be
 * taken for its default.
 */
void *
trigger_options_from_jsonb(const TriggerBehaviour *behaviour, Jsonb *json)
{
	void	   *options = default_options(behaviour);
	JsonbIterator *it;
	JsonbIteratorToken token;
	JsonbValue	value;

	if (!JsonContainerIsObject(&json->root))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("options of trigger behaviour \"%s\" must be a JSON object",
						behaviour->name)));

	it = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		const TriggerOption *option;

		if (token != WJB_KEY)
			continue;
		option = find_option(behaviour, jsonb_string(&value));
		(void) JsonbIteratorNext(&it, &value, true);
		set_from_jsonb(behaviour, option, options, &value);
	}
	return options;
}

/*
 * Options as a trigger function finds them.  Checked as strictly as those of
 * install_trigger(), since CREATE TRIGGER may be written by hand.
 */
void *
trigger_options_from_args(const TriggerBehaviour *behaviour, const Trigger *trigger)
{
	void	   *options = default_options(behaviour);

	if (trigger->tgnargs % 2 != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("arguments of trigger \"%s\" must be pairs of option name and value",
						trigger->tgname)));

	for (int i = 0; i < trigger->tgnargs; i += 2)
	{
		const TriggerOption *option = find_option(behaviour, trigger->tgargs[i]);
		const char *value = trigger->tgargs[i + 1];

		if (option->kind != TRIGGER_OPTION_BOOL)
			set_string(behaviour, option, options, pstrdup(value));
		else if (!parse_bool(value, OPTION_FIELD(options, option, bool)))
			refuse_value(behaviour, option, "true or false");
	}
	return options;
}

static void
append_pair(StringInfo buf, const char *name, const char *value)
{
	appendStringInfo(buf, "%s%s, %s", buf->len == 0 ? "" : ", ",
					 quote_literal_cstr(name), quote_literal_cstr(value));
}

/* The arguments of CREATE TRIGGER, quoted, in the order of the description. */
char *
trigger_options_to_args(const TriggerBehaviour *behaviour, const void *options)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (int i = 0; i < behaviour->noptions; i++)
	{
		const TriggerOption *option = &behaviour->options[i];

		if (option->kind == TRIGGER_OPTION_BOOL)
		{
			if (*OPTION_FIELD(options, option, const bool))
				append_pair(&buf, option->name, "true");
		}
		else if (option->kind == TRIGGER_OPTION_LIST)
		{
			ListCell   *lc;

			foreach(lc, *OPTION_FIELD(options, option, List *const))
				append_pair(&buf, option->name, lfirst(lc));
		}
		else
		{
			const char *value = *OPTION_FIELD(options, option, const char *const);

			if (value != NULL && (option->boot == NULL || strcmp(value, option->boot) != 0))
				append_pair(&buf, option->name, value);
		}
	}
	return buf.data;
}
