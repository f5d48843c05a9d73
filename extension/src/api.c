/*-------------------------------------------------------------------------
 *
 * api.c
 *		The SQL functions plan, drift, unchanged, ensure_tables, prove, export,
 *		export_files and fingerprint.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tcop/utility.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"

#include "arrays.h"
#include "ensure.h"
#include "export.h"
#include "fingerprint.h"
#include "export_files.h"
#include "plan.h"
#include "prove.h"
#include "report.h"
#include "renames.h"
#include "snapshot.h"

PG_FUNCTION_INFO_V1(pqe_plan);
PG_FUNCTION_INFO_V1(pqe_report);
PG_FUNCTION_INFO_V1(pqe_diagram);
PG_FUNCTION_INFO_V1(pqe_drift);
PG_FUNCTION_INFO_V1(pqe_unchanged);
PG_FUNCTION_INFO_V1(pqe_ensure_tables);
PG_FUNCTION_INFO_V1(pqe_prove);
PG_FUNCTION_INFO_V1(pqe_prove_script);
PG_FUNCTION_INFO_V1(pqe_export);
PG_FUNCTION_INFO_V1(pqe_export_to_files);
PG_FUNCTION_INFO_V1(pqe_fingerprint);
PG_FUNCTION_INFO_V1(pqe_renamed);

/*
 * The options, one of which holds from now on until the function returns
 * (that has a SET clause, and so a level of settings of its own).
 */
static PqeOptions *
options_in_force(Jsonb *json)
{
	PqeOptions *options = pqe_options_parse(json);

	if (options->lock_timeout >= 0)
		(void) set_config_option("lock_timeout", psprintf("%d", options->lock_timeout),
								 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return options;
}

/*
 * The options that bear on what the models want: which way to go does not.
 */
static char *
options_text(Jsonb *json)
{
	json = DatumGetJsonbP(DirectFunctionCall2(jsonb_delete, JsonbPGetDatum(json), CStringGetTextDatum("direction")));
	return JsonbToCString(NULL, &json->root, VARSIZE(json));
}

static PqeSides *
compare(FunctionCallInfo fcinfo, PqeOptions **options)
{
	text	   *models = PG_GETARG_TEXT_PP(0);
	Jsonb	   *json = PG_GETARG_JSONB_P(1);

	*options = options_in_force(json);
	return pqe_compare_sides(VARDATA_ANY(models), VARSIZE_ANY_EXHDR(models), options_text(json), *options);
}

/*
 * Is there nothing to tell?
 */
static bool
is_known_clean(const PqeSides *sides)
{
	return sides->snapshot->is_clean;
}

static Datum
text_or_null(const char *value, bool *isnull)
{
	*isnull = value == NULL;
	return value ? CStringGetTextDatum(value) : (Datum) 0;
}

static Datum
hazard_array(const PqeStep *step)
{
	List	   *names = pqe_hazard_names(step->hazards);
	ListCell   *lc;

	foreach(lc, step->guesses)
		names = lappend(names, psprintf("might_be_renamed: %s", (char *) lfirst(lc)));
	return pqe_text_array(names);
}

/*
 * A row of plan(), or of report(): then CHANGE is what the step is part of,
 * and its texts are told once.
 */
static void
put_step(ReturnSetInfo *rsinfo, int seq, const PqeStep *step, PqeChange *change)
{
	Datum		values[14];
	bool		nulls[14] = {0};

	values[0] = Int32GetDatum(seq);
	values[1] = CStringGetTextDatum(step->phase);
	values[2] = CStringGetTextDatum(step->kind);
	values[3] = CStringGetTextDatum(step->object);
	values[4] = CStringGetTextDatum(step->action);
	values[5] = CStringGetTextDatum(step->statement);
	values[6] = text_or_null(step->reverse, &nulls[6]);
	values[7] = hazard_array(step);
	values[8] = BoolGetDatum(step->transactional);
	values[9] = text_or_null(change ? change->kind : NULL, &nulls[9]);
	values[10] = text_or_null(change ? change->object : NULL, &nulls[10]);
	values[11] = text_or_null(change ? change->change : NULL, &nulls[11]);
	values[12] = text_or_null(change ? change->before : NULL, &nulls[12]);
	values[13] = text_or_null(change ? change->after : NULL, &nulls[13]);
	if (change != NULL)
		change->before = change->after = NULL;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static List *
unmanaged_statements(FunctionCallInfo fcinfo, const PqeSides *sides, const PqeOptions *options)
{
	return pqe_unmanaged_statements(text_to_cstring(PG_GETARG_TEXT_PP(0)), options, sides->schema_names);
}

static void
warn_of_unmanaged(FunctionCallInfo fcinfo, const PqeSides *sides, const PqeOptions *options)
{
	ListCell   *lc;

	foreach(lc, pqe_unmanaged(sides->schema_names))
	{
		PqeDifference *row = lfirst(lc);

		ereport(WARNING,
				(errmsg("%s %s is unmanaged: pqengine does not know this kind of object", row->kind, row->object)));
	}
	foreach(lc, unmanaged_statements(fcinfo, sides, options))
	{
		PqeDifference *row = lfirst(lc);

		ereport(WARNING,
				(errmsg("%s: the statement has no effect: %s is not managed", row->object, row->property),
				 errdetail("Statement: %s", row->expected),
				 errhint("Add the schema to the option \"schemas\", or take the statement out of the models.")));
	}
}

/*
 * plan(models text, options jsonb)
 */
Datum
pqe_plan(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PqeOptions *options;
	PqeSides   *sides;
	PqePlan    *plan;
	int			settings;
	int			seq = 0;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	settings = pqe_begin_pinned_settings();
	sides = compare(fcinfo, &options);
	if (is_known_clean(sides))
	{
		AtEOXact_GUC(true, settings);
		return (Datum) 0;
	}
	pqe_renames_apply(sides, options);
	plan = pqe_plan_make(sides, options, false);
	pqe_plan_order(plan);
	if (options->down)
		plan = pqe_plan_down(plan);
	foreach(lc, pqe_steps_together(pqe_plan_steps(plan)))
		put_step(rsinfo, ++seq, lfirst(lc), NULL);
	AtEOXact_GUC(true, settings);
	warn_of_unmanaged(fcinfo, sides, options);
	return (Datum) 0;
}

/*
 * report(models text, options jsonb, texts bool)
 */
Datum
pqe_report(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PqeOptions *options;
	PqeSides   *sides;
	PqePlan    *plan;
	List	   *steps;
	List	   *changes;
	int			settings;
	int			seq = 0;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	settings = pqe_begin_pinned_settings();
	sides = compare(fcinfo, &options);
	if (!is_known_clean(sides))
	{
		pqe_renames_apply(sides, options);
		plan = pqe_plan_make(sides, options, false);
		pqe_plan_order(plan);
		steps = pqe_plan_steps(plan);
		changes = pqe_report_changes(sides, steps);
		if (PG_GETARG_BOOL(2) && changes != NIL)
			pqe_report_texts(changes, compare(fcinfo, &options), options);
		foreach(lc, steps)
		{
			PqeStep    *step = lfirst(lc);

			put_step(rsinfo, ++seq, step, pqe_report_change_of(sides, changes, step->fact));
		}
		warn_of_unmanaged(fcinfo, sides, options);
	}
	AtEOXact_GUC(true, settings);
	return (Datum) 0;
}

/*
 * diagram(models text, options jsonb)
 */
Datum
pqe_diagram(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PqeOptions *options;
	PqeSides   *sides;
	PqePlan    *plan;
	PqePicture *picture;
	int			settings;
	Datum		values[3];
	bool		nulls[3] = {0};

	InitMaterializedSRF(fcinfo, 0);
	settings = pqe_begin_pinned_settings();
	sides = compare(fcinfo, &options);
	if (!is_known_clean(sides))
	{
		pqe_renames_apply(sides, options);
		plan = pqe_plan_make(sides, options, false);
		pqe_plan_order(plan);
		picture = pqe_report_picture(sides, pqe_report_changes(sides, pqe_plan_steps(plan)));
		values[0] = CStringGetTextDatum(picture->dot);
		values[1] = Int32GetDatum(picture->shown);
		values[2] = Int32GetDatum(picture->tables);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	AtEOXact_GUC(true, settings);
	return (Datum) 0;
}

/*
 * unchanged(models_sha256 bytea, options jsonb)
 *
 * For most of the time that an unchanged start-up takes, the server would copy
 * the models from one place to another: they need not be there at all.
 */
Datum
pqe_unchanged(PG_FUNCTION_ARGS)
{
	bytea	   *digest = PG_GETARG_BYTEA_PP(0);
	Jsonb	   *json = PG_GETARG_JSONB_P(1);
	PqeOptions *options = options_in_force(json);

	if (VARSIZE_ANY_EXHDR(digest) != PG_SHA256_DIGEST_LENGTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the digest of models has %d bytes, not %d", PG_SHA256_DIGEST_LENGTH, (int) VARSIZE_ANY_EXHDR(digest)),
				 errhint("It is what sha256() makes of their text in the encoding of the database.")));
	PG_RETURN_BOOL(pqe_snapshot_find((uint8 *) VARDATA_ANY(digest), options_text(json), options)->is_clean);
}

static void
put_difference(ReturnSetInfo *rsinfo, const PqeDifference *row)
{
	Datum		values[7];
	bool		nulls[7] = {0};

	values[0] = CStringGetTextDatum(row->change);
	values[1] = CStringGetTextDatum(row->kind);
	values[2] = CStringGetTextDatum(row->object);
	values[3] = text_or_null(row->property, &nulls[3]);
	values[4] = text_or_null(row->expected, &nulls[4]);
	values[5] = text_or_null(row->actual, &nulls[5]);
	values[6] = CStringGetTextDatum(row->part_of ? row->part_of : row->object);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * drift(models text, options jsonb), and drift_places, with one column more
 */
Datum
pqe_drift(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PqeOptions *options;
	PqeSides   *sides;
	List	   *rows;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	sides = compare(fcinfo, &options);
	if (is_known_clean(sides))
		return (Datum) 0;
	pqe_diff_match(sides, options);
	rows = list_concat(pqe_diff_drift(sides), pqe_unmanaged(sides->schema_names));
	rows = list_concat(rows, unmanaged_statements(fcinfo, sides, options));
	foreach(lc, rows)
		put_difference(rsinfo, lfirst(lc));
	if (rows == NIL)
		pqe_snapshot_note_clean(sides->snapshot);
	return (Datum) 0;
}

/*
 * ensure_tables(models text, options jsonb)
 */
Datum
pqe_ensure_tables(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PqeOptions *options;
	PqeSides   *sides;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	PreventCommandIfReadOnly("pqengine.ensure_tables()");
	sides = compare(fcinfo, &options);
	if (is_known_clean(sides))
		return (Datum) 0;
	pqe_diff_match(sides, options);
	foreach(lc, pqe_ensure_missing(sides, options))
	{
		Datum		value = CStringGetTextDatum(lfirst(lc));
		bool		isnull = false;

		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &value, &isnull);
	}
	return (Datum) 0;
}

static int
sample_rows_argument(int sample_rows)
{
	if (sample_rows < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("sample_rows must not be negative")));
	return sample_rows;
}

static void
put_proofs(ReturnSetInfo *rsinfo, List *proofs)
{
	ListCell   *lc;

	foreach(lc, proofs)
	{
		PqeProof   *proof = lfirst(lc);
		Datum		values[4];
		bool		nulls[4] = {0};

		values[0] = BoolGetDatum(proof->ok);
		values[1] = Int32GetDatum(proof->seq);
		nulls[1] = proof->seq == 0;
		values[2] = text_or_null(proof->statement, &nulls[2]);
		values[3] = text_or_null(proof->error, &nulls[3]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

/*
 * prove(models text, sample_rows int, options jsonb)
 */
Datum
pqe_prove(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	PreventCommandIfReadOnly("pqengine.prove()");
	InitMaterializedSRF(fcinfo, 0);
	put_proofs(rsinfo, pqe_prove_plan(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									  sample_rows_argument(PG_GETARG_INT32(1)),
									  options_in_force(PG_GETARG_JSONB_P(2))));
	return (Datum) 0;
}

/*
 * The statements of a text[], in the form in which they can be tried.
 */
static List *
steps_to_try(Datum statements, Datum transactional)
{
	ArrayType  *flags = DatumGetArrayTypeP(transactional);
	List	   *texts = pqe_text_list(statements);
	List	   *steps = NIL;
	Datum	   *values;
	int			count;
	ListCell   *lc;

	deconstruct_array(flags, BOOLOID, 1, true, TYPALIGN_CHAR, &values, NULL, &count);
	if (count != list_length(texts) || array_contains_nulls(flags))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("prove_statements needs two arrays of one length, without nulls")));
	foreach(lc, texts)
	{
		PqeStep    *step = palloc0(sizeof(PqeStep));

		step->statement = pqe_plain_form(lfirst(lc));
		step->transactional = DatumGetBool(values[foreach_current_index(lc)]);
		if (step->statement == NULL)
			ereport(NOTICE,
					(errmsg("not proven, since it cannot run in a transaction: %s", (char *) lfirst(lc))));
		steps = lappend(steps, step);
	}
	return steps;
}

/*
 * prove_statements(statements text[], transactional bool[], sample_rows int, options jsonb)
 */
Datum
pqe_prove_script(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	PqeOptions *options = options_in_force(PG_GETARG_JSONB_P(3));

	PreventCommandIfReadOnly("pqengine.prove_statements()");
	InitMaterializedSRF(fcinfo, 0);
	put_proofs(rsinfo, pqe_prove_statements(steps_to_try(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1)),
											sample_rows_argument(PG_GETARG_INT32(2)), options));
	return (Datum) 0;
}

/*
 * The schemas named by a text[] argument; all where it is NULL.
 */
static List *
schemas_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		return pqe_all_schemas();
	return pqe_text_list(PG_GETARG_DATUM(0));
}

/*
 * export(schemas text[])
 */
Datum
pqe_export(PG_FUNCTION_ARGS)
{
	int			settings = pqe_begin_pinned_settings();
	char	   *models = pqe_export_models(schemas_argument(fcinfo), PG_ARGISNULL(0));

	AtEOXact_GUC(true, settings);
	PG_RETURN_TEXT_P(cstring_to_text(models));
}

/*
 * export_files(schemas text[])
 */
Datum
pqe_export_to_files(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	int			settings = pqe_begin_pinned_settings();
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, pqe_export_files(schemas_argument(fcinfo), PG_ARGISNULL(0)))
	{
		PqeExportFile *file = lfirst(lc);
		Datum		values[2];
		bool		nulls[2] = {0};

		values[0] = CStringGetTextDatum(file->path);
		values[1] = PointerGetDatum(cstring_to_text_with_len(file->text.data, file->text.len));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	AtEOXact_GUC(true, settings);
	return (Datum) 0;
}

/*
 * renamed(target text, name text, was text, kind text)
 */
Datum
pqe_renamed(PG_FUNCTION_ARGS)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("pqengine.renamed() renames nothing by itself"),
			 errhint("It is to be written into a model, where it tells plan() what an object was called before.")));
}

/*
 * fingerprint(schemas text[])
 */
Datum
pqe_fingerprint(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(pqe_fingerprint_of(schemas_argument(fcinfo), NULL)));
}
