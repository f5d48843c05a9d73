-- The schema engine: what models want, how the database differs, and the way
-- from one to the other.  All functions run with the caller's rights.

-- What models want, kept from one call to the next; nothing is lost when rows
-- are deleted.  Whoever may not write here does without.
-- A row is its maker's alone: what it holds ends up in statements that the
-- reader may run.
CREATE TABLE snapshot (
	key text NOT NULL,
	made_by name NOT NULL DEFAULT current_user,
	schemas text[] NOT NULL,
	environment text NOT NULL,
	clean text,
	untouched text,
	facts bytea NOT NULL,
	made_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (key, made_by)
);

ALTER TABLE snapshot ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON snapshot USING (made_by = current_user) WITH CHECK (made_by = current_user);

COMMENT ON TABLE snapshot IS
'a cache: what models want, by the hash of their text; rows may be deleted at any time';
COMMENT ON COLUMN snapshot.key IS 'hash of models, options, role and versions';
COMMENT ON COLUMN snapshot.made_by IS 'the role that built the models, and alone uses the row';
COMMENT ON COLUMN snapshot.schemas IS 'the managed schemas';
COMMENT ON COLUMN snapshot.environment IS 'what else the facts depend on, as it was';
COMMENT ON COLUMN snapshot.clean IS 'fingerprint at which the database did not differ';
COMMENT ON COLUMN snapshot.untouched IS 'state of the catalogs while that is known to be the fingerprint';
COMMENT ON COLUMN snapshot.facts IS 'the facts, in a form of pqengine''s own';
COMMENT ON COLUMN snapshot.made_at IS 'when the models were built';

GRANT SELECT, INSERT, UPDATE, DELETE ON snapshot TO @extowner@, pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION plan(models text, options jsonb DEFAULT '{}',
                     OUT seq int, OUT phase text, OUT kind text, OUT object text, OUT action text,
                     OUT statement text, OUT reverse text, OUT hazards text[], OUT transactional bool)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_plan';

COMMENT ON FUNCTION plan(text, jsonb) IS
'the steps that take this database to what the models want; executing "statement" in the order of "seq", each on its own outside a transaction block, gets there';

CREATE FUNCTION report(models text, options jsonb DEFAULT '{}', texts bool DEFAULT true,
                       OUT seq int, OUT phase text, OUT kind text, OUT object text, OUT action text,
                       OUT statement text, OUT reverse text, OUT hazards text[], OUT transactional bool,
                       OUT part_of_kind text, OUT part_of text, OUT change text,
                       OUT before text, OUT after text)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_report';

COMMENT ON FUNCTION report(text, jsonb, bool) IS
'plan() with what each step is part of: the table of an index, say, and what becomes of that (create, alter, rename, drop); the first step of each such object has its model text before and after, unless texts is false';

CREATE FUNCTION diagram(models text, options jsonb DEFAULT '{}',
                        OUT dot text, OUT shown int, OUT tables int)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_diagram';

COMMENT ON FUNCTION diagram(text, jsonb) IS
'the tables of database and models with their foreign keys as a picture for Graphviz; of more than 40 only those that the plan changes, and their neighbours; no row where the database is known not to differ';

CREATE FUNCTION drift(models text, options jsonb DEFAULT '{}',
                      OUT change text, OUT kind text, OUT object text, OUT property text,
                      OUT expected text, OUT actual text)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_drift';

COMMENT ON FUNCTION drift(text, jsonb) IS
'how this database differs from what the models want: objects missing, unexpected or changed, and such as pqengine does not manage; no rows where it does not differ';

CREATE FUNCTION unchanged(models_sha256 bytea, options jsonb DEFAULT '{}') RETURNS bool
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_unchanged';

COMMENT ON FUNCTION unchanged(bytea, jsonb) IS
'whether this database is known not to differ from the models whose text, in the encoding of the database, has this SHA-256 hash, so that drift() of them would give no rows; false where that is not known';

CREATE FUNCTION drift_places(models text, options jsonb DEFAULT '{}',
                             OUT change text, OUT kind text, OUT object text, OUT property text,
                             OUT expected text, OUT actual text, OUT part_of text)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_drift';

COMMENT ON FUNCTION drift_places(text, jsonb) IS
'drift() with the object that each is part of: the table of a column or an index, say; otherwise the object itself';

CREATE FUNCTION ensure_tables(models text, options jsonb DEFAULT '{}')
RETURNS SETOF text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_ensure_tables';

COMMENT ON FUNCTION ensure_tables(text, jsonb) IS
'creates what the models want and the database lacks, in dependency order, and never alters or drops; returns the statements it ran';

CREATE FUNCTION prove(models text, sample_rows int DEFAULT 0, options jsonb DEFAULT '{}',
                      OUT ok bool, OUT seq int, OUT statement text, OUT error text)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_prove';

COMMENT ON FUNCTION prove(text, int, jsonb) IS
'runs the plan on a copy of the database that is rolled back, with sample_rows real rows in each table where that is not 0; one row that is ok, or a row for each thing that went wrong';

CREATE FUNCTION prove_statements(statements text[], transactional bool[], sample_rows int DEFAULT 0,
                                 options jsonb DEFAULT '{}',
                                 OUT ok bool, OUT seq int, OUT statement text, OUT error text)
RETURNS SETOF record
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_prove_script';

COMMENT ON FUNCTION prove_statements(text[], bool[], int, jsonb) IS
'the same for statements that were written by hand: runs each on a copy of the schemas that the options name (default: all), in its plain form where it cannot run in a transaction, and rolls all of it back; what cannot run in one at all is passed over with a notice';

CREATE FUNCTION export(schemas text[] DEFAULT NULL)
RETURNS text
LANGUAGE c VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_export';

COMMENT ON FUNCTION export(text[]) IS
'what the named schemas (default: all) hold now, as model text';

CREATE FUNCTION export_files(schemas text[] DEFAULT NULL, OUT path text, OUT models text)
RETURNS SETOF record
LANGUAGE c VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_export_to_files';

COMMENT ON FUNCTION export_files(text[]) IS
'export() sorted into model files, one for each object with all that is part of it; path is relative, with slashes, and safe as a file name; to be read in the byte order of path';

CREATE FUNCTION fingerprint(schemas text[] DEFAULT NULL)
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pqe_fingerprint';

COMMENT ON FUNCTION fingerprint(text[]) IS
'a value that changes with any DDL in the named schemas (default: all), and takes milliseconds to get';
