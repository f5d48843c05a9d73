/*-------------------------------------------------------------------------
 *
 * export_files.c
 *		Sorts the statements of an export into model files.
 *
 * Each object goes to the file that its kind names, or that of what it is a
 * part of.  Identifiers may hold what file names should not, and two of them
 * may be one name to a file system that does not tell upper from lower case;
 * so such names get a hash of the identifier behind them.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "utils/hsearch.h"

#include "export_files.h"
#include "plan.h"

/* Longest part of a path that is made from an identifier, in bytes. */
#define NAME_LENGTH 120

/* What becomes one file. */
typedef struct Home
{
	const char *pattern;		/* PqeKind.file */
	const char *schema;
	const char *name;
	PqeExportFile *file;
} Home;

/* A path as a file system without letter case sees it. */
typedef struct FoldedPath
{
	char	   *path;			/* the key */
	int			wanted_by;		/* how many homes would like to have it */
	bool		taken;
} FoldedPath;

typedef struct Files
{
	List	   *homes;			/* Home, in the order of their first statement */
	HTAB	   *by_home;
	HTAB	   *by_path;
} Files;

typedef struct HomeEntry
{
	char	   *key;
	Home	   *home;
} HomeEntry;

/*
 * The object that a fact is a part of, or is: what has a file of its own.
 */
const PqeFact *
pqe_fact_home(const PqeFact *fact)
{
	const PqeFact *at = fact;

	while (at->kind->file == NULL && at->parent != NULL)
		at = at->parent;
	return at->kind->file != NULL ? at : fact;
}

static uint32
string_key_hash(const void *key, Size size)
{
	const char *text = *(char *const *) key;

	return hash_bytes((const unsigned char *) text, strlen(text));
}

static int
string_key_compare(const void *a, const void *b, Size size)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static HTAB *
string_table(const char *name, Size entry_size)
{
	HASHCTL		control = {0};

	control.keysize = sizeof(char *);
	control.entrysize = entry_size;
	control.hash = string_key_hash;
	control.match = string_key_compare;
	control.hcxt = CurrentMemoryContext;
	return hash_create(name, 64, &control, HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
}

static bool
is_safe_character(unsigned char c)
{
	return IS_HIGHBIT_SET(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '_' || c == '-';
}

/*
 * Names that Windows keeps for devices, whatever their extension.
 */
static bool
is_reserved(const char *name)
{
	static const char *const devices[] = {"con", "prn", "aux", "nul"};

	for (int i = 0; i < lengthof(devices); i++)
		if (pg_strcasecmp(name, devices[i]) == 0)
			return true;
	return (pg_strncasecmp(name, "com", 3) == 0 || pg_strncasecmp(name, "lpt", 3) == 0) &&
		name[3] >= '0' && name[3] <= '9' && name[4] == '\0';
}

/*
 * Appends a part of a path for the identifier; MARK is put into the hash that
 * tells it from others, where it is not as good as the identifier itself or
 * that is wished for (MARK > 0).
 */
static void
append_name(StringInfo path, const char *name, int mark)
{
	int			length = pg_mbcliplen(name, strlen(name), NAME_LENGTH);
	bool		exact = name[length] == '\0' && name[0] != '-' && name[0] != '\0' && !is_reserved(name);

	for (int i = 0; i < length; i++)
	{
		bool		safe = is_safe_character((unsigned char) name[i]) && !(i == 0 && name[i] == '-');

		appendStringInfoChar(path, safe ? name[i] : '_');
		exact &= safe;
	}
	if (!exact || mark > 0)
		appendStringInfo(path, "-%08x",
						 DatumGetUInt32(hash_any_extended((const unsigned char *) name, strlen(name), mark)));
}

static char *
make_path(const Home *home, int mark)
{
	StringInfoData path;

	initStringInfo(&path);
	for (const char *p = home->pattern; *p != '\0'; p++)
	{
		if (p[0] == '%' && p[1] == 's')
			append_name(&path, home->schema ? home->schema : "", strstr(p, "%n") ? 0 : mark);
		else if (p[0] == '%' && p[1] == 'n')
			append_name(&path, home->name, mark);
		else
		{
			appendStringInfoChar(&path, *p);
			continue;
		}
		p++;
	}
	return path.data;
}

static FoldedPath *
folded(Files *files, const char *path)
{
	char	   *key = pstrdup(path);
	FoldedPath *entry;
	bool		found;

	for (char *p = key; *p != '\0'; p++)
		*p = pg_ascii_tolower((unsigned char) *p);
	entry = hash_search(files->by_path, &key, HASH_ENTER, &found);
	if (!found)
	{
		entry->wanted_by = 0;
		entry->taken = false;
	}
	return entry;
}

static Home *
home_of(Files *files, const PqeFact *fact)
{
	const PqeFact *at = pqe_fact_home(fact);
	const char *pattern = at->kind->file ? at->kind->file : "database/other.sql";
	const char *schema = strstr(pattern, "%s") && at->schema ? at->schema : "";
	char	   *key = psprintf("%s %zu %s%s", pattern, strlen(schema), schema,
							   strstr(pattern, "%n") ? at->name : "");
	HomeEntry  *entry;
	bool		found;

	entry = hash_search(files->by_home, &key, HASH_ENTER, &found);
	if (!found)
	{
		entry->home = palloc0(sizeof(Home));
		entry->home->pattern = pattern;
		entry->home->schema = at->schema;
		entry->home->name = at->name;
		entry->home->file = palloc0(sizeof(PqeExportFile));
		initStringInfo(&entry->home->file->text);
		files->homes = lappend(files->homes, entry->home);
	}
	return entry->home;
}

static bool
has_upper_case(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text >= 'A' && *text <= 'Z')
			return true;
	return false;
}

/*
 * Where two homes would have the same path but for its letter case, the ones
 * with capitals get another.
 */
static void
assign_paths(Files *files)
{
	ListCell   *lc;

	foreach(lc, files->homes)
		folded(files, make_path(lfirst(lc), 0))->wanted_by++;
	foreach(lc, files->homes)
	{
		Home	   *home = lfirst(lc);
		char	   *path = make_path(home, 0);
		FoldedPath *entry = folded(files, path);
		int			mark = entry->wanted_by > 1 && has_upper_case(path) ? 1 : 0;

		for (;; mark++)
		{
			path = make_path(home, mark);
			entry = folded(files, path);
			if (!entry->taken)
				break;
		}
		entry->taken = true;
		home->file->path = path;
	}
}

static int
compare_files(const ListCell *a, const ListCell *b)
{
	return strcmp(((PqeExportFile *) lfirst(a))->path, ((PqeExportFile *) lfirst(b))->path);
}

/*
 * The statements of PqeSteps, which are the plan of an export, as files:
 * PqeExportFile, in the byte order of their paths.
 */
List *
pqe_sort_into_files(List *steps)
{
	Files		files = {0};
	List	   *result = NIL;
	ListCell   *lc;

	files.by_home = string_table("pqengine homes", sizeof(HomeEntry));
	files.by_path = string_table("pqengine paths", sizeof(FoldedPath));
	foreach(lc, steps)
	{
		PqeStep    *step = lfirst(lc);
		StringInfo	text = &home_of(&files, step->fact)->file->text;

		appendStringInfo(text, "%s%s;\n", text->len > 0 ? "\n" : "", step->statement);
	}
	assign_paths(&files);
	foreach(lc, files.homes)
		result = lappend(result, ((Home *) lfirst(lc))->file);
	list_sort(result, compare_files);
	return result;
}
