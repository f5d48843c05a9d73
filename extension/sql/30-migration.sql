/*
 * extension/sql/30-migration.sql: the record of migrations.
 *
 * One row per migration in pqengine.migration, one row per step that was
 * started in pqengine.migration_step.  The functions are the only writers
 * anybody needs; they run with the caller's rights, take no lock but that of
 * the row they work on, and leave transaction control to the caller: a
 * program calls them in the same transaction as the steps they record, so
 * that a migration that fails in a transaction leaves no trace here either.
 */

CREATE TABLE pqengine.migration
(
	version			text COLLATE "C" NOT NULL,
	message			text NOT NULL DEFAULT '',
	checksum		text,
	up				text,
	down			text,
	depends_on		text[] NOT NULL DEFAULT '{}',
	models_hash		text,
	status			text NOT NULL,
	steps			integer NOT NULL DEFAULT 0,
	error			text,
	started_at		timestamptz NOT NULL DEFAULT clock_timestamp(),
	applied_by		name,
	applied_at		timestamptz,
	duration		interval,
	rolled_back_at	timestamptz,
	CONSTRAINT migration_pkey PRIMARY KEY (version),
	CONSTRAINT migration_version_check
		CHECK (version ~ '^[0-9A-Za-z][0-9A-Za-z_.-]*$'),
	CONSTRAINT migration_status_check
		CHECK (status IN ('running', 'failed', 'applied', 'reverting', 'rolled_back')),
	CONSTRAINT migration_steps_check CHECK (steps >= 0)
);

COMMENT ON TABLE pqengine.migration IS
'The record of migrations: one row for each that was started in this database. Written by the pqengine.migration_* functions. The creator of the extension and the owner of the database may use it and let others: GRANT SELECT, INSERT, UPDATE, DELETE ON pqengine.migration, pqengine.migration_step TO role; GRANT SELECT ON pqengine.migration_status TO role;';
COMMENT ON COLUMN pqengine.migration.version IS 'unique version; its byte order is the order of migrations';
COMMENT ON COLUMN pqengine.migration.message IS 'what the migration is for, in a few words';
COMMENT ON COLUMN pqengine.migration.checksum IS 'pqengine.migration_checksum(up, down); null where it was stamped without its text';
COMMENT ON COLUMN pqengine.migration.up IS 'SQL that applies it; null where it was stamped without its text';
COMMENT ON COLUMN pqengine.migration.down IS 'SQL that reverts it; null where it cannot be reverted';
COMMENT ON COLUMN pqengine.migration.depends_on IS 'versions that must be applied before this one';
COMMENT ON COLUMN pqengine.migration.models_hash IS 'hash of the models that it was generated from; null where written by hand';
COMMENT ON COLUMN pqengine.migration.status IS
'running (or its runner died), failed, applied, reverting (or its runner died), rolled_back';
COMMENT ON COLUMN pqengine.migration.steps IS 'number of steps in the direction last run';
COMMENT ON COLUMN pqengine.migration.error IS 'why the last run failed; null otherwise';
COMMENT ON COLUMN pqengine.migration.started_at IS 'when it was last started, in either direction';
COMMENT ON COLUMN pqengine.migration.applied_by IS 'role that finished or stamped it';
COMMENT ON COLUMN pqengine.migration.applied_at IS 'when it was finished or stamped';
COMMENT ON COLUMN pqengine.migration.duration IS 'from the start of the run that finished it to its end; null where stamped';
COMMENT ON COLUMN pqengine.migration.rolled_back_at IS 'when it was last reverted';

CREATE TABLE pqengine.migration_step
(
	version		text COLLATE "C" NOT NULL,
	step		integer NOT NULL,
	checksum	text NOT NULL,
	started_at	timestamptz NOT NULL DEFAULT clock_timestamp(),
	done_at		timestamptz,
	CONSTRAINT migration_step_pkey PRIMARY KEY (version, step),
	CONSTRAINT migration_step_version_fkey FOREIGN KEY (version)
		REFERENCES pqengine.migration (version) ON UPDATE CASCADE ON DELETE CASCADE,
	CONSTRAINT migration_step_step_check CHECK (step >= 1)
);

COMMENT ON TABLE pqengine.migration_step IS
'Progress of each migration in the direction it was last run, so that a run that died goes on where it stopped.';
COMMENT ON COLUMN pqengine.migration_step.version IS 'the migration';
COMMENT ON COLUMN pqengine.migration_step.step IS 'number of the step, from 1, in the order they are run';
COMMENT ON COLUMN pqengine.migration_step.checksum IS 'SHA-256 of the step''s statement: a step that is done cannot be changed any more';
COMMENT ON COLUMN pqengine.migration_step.started_at IS 'when it was started';
COMMENT ON COLUMN pqengine.migration_step.done_at IS
'when it was done; null while it runs outside a transaction, or where its runner died meanwhile';

SELECT pg_catalog.pg_extension_config_dump('pqengine.migration', '');
SELECT pg_catalog.pg_extension_config_dump('pqengine.migration_step', '');

CREATE VIEW pqengine.migration_status AS
	SELECT m.version, m.message, m.status, m.steps,
		   (SELECT pg_catalog.count(*)::integer
			FROM pqengine.migration_step s
			WHERE s.version = m.version AND s.done_at IS NOT NULL) AS steps_done,
		   m.applied_by, m.applied_at, m.duration, m.rolled_back_at,
		   m.status = 'applied' AND EXISTS
			(SELECT FROM pqengine.migration h
			 WHERE h.version > m.version AND h.status = 'applied'
			 AND h.applied_at < m.applied_at) AS late,
		   m.error
	FROM pqengine.migration m
	ORDER BY m.version;

COMMENT ON VIEW pqengine.migration_status IS
'The record of migrations without their SQL, in order of version; late: applied after one with a higher version.';

/*
 * The extension is trusted, so its tables belong to the bootstrap superuser
 * whoever creates it.  Who may migrate the database is decided by these
 * grants: the role that created the extension and the owner of the database,
 * and those to whom they pass it on.  PUBLIC gets nothing, since a migration
 * written by hand may hold what not everybody should read.
 */
GRANT USAGE ON SCHEMA pqengine TO PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE
	ON pqengine.migration, pqengine.migration_step
	TO @extowner@ WITH GRANT OPTION;
GRANT SELECT ON pqengine.migration_status TO @extowner@ WITH GRANT OPTION;
GRANT SELECT, INSERT, UPDATE, DELETE
	ON pqengine.migration, pqengine.migration_step
	TO pg_database_owner WITH GRANT OPTION;
GRANT SELECT ON pqengine.migration_status TO pg_database_owner WITH GRANT OPTION;

CREATE FUNCTION pqengine.migration_try_lock()
RETURNS boolean
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
	/* "pqmg" and 1: one place for the key that all migrating programs use */
	SELECT pg_catalog.pg_try_advisory_xact_lock(1886481767, 1);
$$;

COMMENT ON FUNCTION pqengine.migration_try_lock() IS
'Tries to take the lock that one migrating program at a time holds, until the end of the transaction; never waits. Take it in a transaction of a second connection that stays idle meanwhile: a wait, or a lock taken beside the steps, would stop CREATE INDEX CONCURRENTLY.';

CREATE FUNCTION pqengine.migration_checksum(up text, down text DEFAULT NULL)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT encode(sha256(convert_to(
		replace(replace(btrim(up, E' \t\r\n'), E'\r\n', E'\n'), E'\r', E'\n')
		|| coalesce(E'\n-- pqengine:down\n'
					|| replace(replace(nullif(btrim(down, E' \t\r\n'), ''),
									   E'\r\n', E'\n'), E'\r', E'\n'), ''),
		'UTF8')), 'hex');
$$;

COMMENT ON FUNCTION pqengine.migration_checksum(text, text) IS
'SHA-256, in hexadecimal, of the two directions of a migration in UTF-8 with canonical line endings; white space before and after each direction does not count.';

CREATE FUNCTION pqengine.migration_steps(script text,
	OUT step integer, OUT line integer, OUT statement text,
	OUT transactional boolean, OUT concurrent boolean)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'pqengine_migration_steps'
LANGUAGE C STABLE STRICT PARALLEL SAFE;

COMMENT ON FUNCTION pqengine.migration_steps(text) IS
'Splits one direction of a migration into its statements with the server''s own parser. line: where the statement begins, from 1; transactional: false where PostgreSQL runs it only outside a transaction block, or after a line "-- pqengine:no-transaction"; concurrent: it waits for others without stopping them, so that a lock timeout should not cut it short.';

CREATE FUNCTION pqengine.migration_prove(
	versions text[],
	ups text[],
	sample_rows integer DEFAULT 0,
	options jsonb DEFAULT '{}',
	OUT ok boolean,
	OUT version text,
	OUT line integer,
	OUT statement text,
	OUT error text)
RETURNS SETOF record
LANGUAGE sql VOLATILE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
	WITH step AS (
		SELECT row_number() OVER (ORDER BY u.place, s.step) AS seq, u.version, s.line,
			   s.statement, s.transactional
		FROM unnest(versions, ups) WITH ORDINALITY u (version, up, place),
			 LATERAL pqengine.migration_steps(u.up) s
		WHERE NOT EXISTS (SELECT FROM pqengine.migration_step d
						  WHERE d.version = u.version AND d.step = s.step AND d.done_at IS NOT NULL))
	SELECT p.ok, step.version, step.line, step.statement, p.error
	FROM (SELECT array_agg(s.statement ORDER BY s.seq) AS statements,
				 array_agg(s.transactional ORDER BY s.seq) AS transactional FROM step s) a,
		 LATERAL pqengine.prove_statements(a.statements, a.transactional, sample_rows, options) p
		 LEFT JOIN step ON step.seq = p.seq;
$$;

COMMENT ON FUNCTION pqengine.migration_prove(text[], text[], integer, jsonb) IS
'Runs what is still to be done of the given migrations, one after the other, on a copy of the database that is rolled back, with sample_rows real rows in each table where that is not 0: one row that is ok, or the step that fails, with its line in the migration.';

CREATE FUNCTION pqengine.migration_leftover(statement text,
	OUT index text, OUT busy boolean)
RETURNS record
AS 'MODULE_PATHNAME', 'pqengine_migration_leftover'
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED;

COMMENT ON FUNCTION pqengine.migration_leftover(text) IS
'For CREATE INDEX CONCURRENTLY: the invalid index in its way (qualified and quoted, null if there is none), such as a run that died leaves behind, and whether some session holds a lock on the table under which it may still be built: then wait and ask again.';

CREATE FUNCTION pqengine.migration_require(privilege text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing text;
BEGIN
	SELECT string_agg(DISTINCT p, ', ' ORDER BY p) INTO missing
	FROM unnest(ARRAY['pqengine.migration', 'pqengine.migration_step']) t,
		 unnest(string_to_array(privilege, ',')) p
	WHERE NOT has_table_privilege(t, p);
	IF missing IS NOT NULL THEN
		RAISE insufficient_privilege USING
			MESSAGE = format('permission denied for the record of migrations: role "%s" lacks %s',
							 current_user, missing),
			HINT = format('The owner of the database can run: GRANT SELECT, INSERT, UPDATE, DELETE ON pqengine.migration, pqengine.migration_step TO %I; GRANT SELECT ON pqengine.migration_status TO %I;',
						  current_user, current_user);
	END IF;
END;
$$;

COMMENT ON FUNCTION pqengine.migration_require(text) IS
'Raises insufficient_privilege, with the GRANT that is missing, unless the caller holds the given privileges (separated by commas) on the record of migrations.';

CREATE FUNCTION pqengine.migration_require_locks(statements text[], transactional boolean[], what text)
RETURNS void
AS 'MODULE_PATHNAME', 'pqengine_migration_require_locks'
LANGUAGE C STABLE STRICT PARALLEL RESTRICTED;

COMMENT ON FUNCTION pqengine.migration_require_locks(text[], boolean[], text) IS
'Raises out_of_memory, with both numbers and the setting to change, where the steps of a migration (what: its name) drop or alter more at a time than the server has room for locks. migration_begin and migration_revert call it.';

CREATE FUNCTION pqengine.migration_spare_locks()
RETURNS void
AS 'MODULE_PATHNAME', 'pqengine_migration_spare_locks'
LANGUAGE C VOLATILE PARALLEL UNSAFE;

COMMENT ON FUNCTION pqengine.migration_spare_locks() IS
'To be called at the start of a transaction that runs steps of a migration, and now and then between them: gives back locks on what was made since, which nobody else can see before the end, so that any number of tables can be made in one transaction.';

CREATE FUNCTION pqengine.migration_begin(
	version text,
	message text,
	up text,
	down text DEFAULT NULL,
	depends_on text[] DEFAULT '{}',
	models_hash text DEFAULT NULL,
	OUT steps_done integer,
	OUT in_flight boolean)
RETURNS record
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	old pqengine.migration;
	required text;
	changed integer;
BEGIN
	PERFORM pqengine.migration_require('SELECT,INSERT,UPDATE,DELETE');

	IF version IS NULL OR version !~ '^[0-9A-Za-z][0-9A-Za-z_.-]*$' THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('invalid migration version: %s', coalesce(quote_literal(version), 'null')),
			HINT = 'A version begins with a letter or digit and holds only letters, digits, "_", "." and "-".';
	END IF;
	IF up IS NULL THEN
		RAISE null_value_not_allowed USING
			MESSAGE = format('migration %s has no text to apply', version);
	END IF;

	SELECT d INTO required
	FROM unnest(depends_on) d
	WHERE NOT EXISTS (SELECT FROM pqengine.migration m
					  WHERE m.version = d COLLATE "C" AND m.status = 'applied')
	LIMIT 1;
	IF required IS NOT NULL THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s depends on migration %s, which is not applied',
							 version, required);
	END IF;

	PERFORM pqengine.migration_require_locks(array_agg(s.statement ORDER BY s.step), array_agg(s.transactional ORDER BY s.step),
											 format('migration %s', version))
	FROM pqengine.migration_steps(migration_begin.up) s
	WHERE NOT EXISTS (SELECT FROM pqengine.migration_step d
					  WHERE d.version = migration_begin.version AND d.step = s.step AND d.done_at IS NOT NULL);

	INSERT INTO pqengine.migration AS m
		(version, message, checksum, up, down, depends_on, models_hash, status, steps)
	VALUES (migration_begin.version, coalesce(migration_begin.message, ''),
			pqengine.migration_checksum(migration_begin.up, migration_begin.down),
			migration_begin.up, migration_begin.down,
			coalesce(migration_begin.depends_on, '{}'), migration_begin.models_hash,
			'running', (SELECT count(*) FROM pqengine.migration_steps(migration_begin.up)))
	ON CONFLICT ON CONSTRAINT migration_pkey DO NOTHING;
	IF FOUND THEN
		steps_done := 0;
		in_flight := false;
		RETURN;
	END IF;

	SELECT * INTO STRICT old
	FROM pqengine.migration m WHERE m.version = migration_begin.version FOR UPDATE;
	IF old.status IN ('applied', 'reverting') THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = CASE old.status
					  WHEN 'applied' THEN format('migration %s is already applied', version)
					  ELSE format('migration %s is being reverted', version) END,
			DETAIL = CASE old.status
					 WHEN 'applied' THEN format('It was applied by "%s" at %s.', old.applied_by, old.applied_at)
					 ELSE format('The revert began at %s and was not finished.', old.started_at) END;
	END IF;
	IF old.status = 'rolled_back' THEN
		DELETE FROM pqengine.migration_step s WHERE s.version = migration_begin.version;
	END IF;

	/* what is done stays done: only what follows it may have been changed */
	SELECT min(s.step) INTO changed
	FROM pqengine.migration_step s
		 LEFT JOIN pqengine.migration_steps(migration_begin.up) n ON n.step = s.step
	WHERE s.version = migration_begin.version AND s.done_at IS NOT NULL
		  AND s.checksum IS DISTINCT FROM pqengine.migration_checksum(n.statement);
	IF changed IS NOT NULL THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('step %s of migration %s has been changed after it was run', changed, version),
			DETAIL = 'The migration stopped half way, and can go on only from where it stopped.',
			HINT = 'Restore the statements that were run; those after them may be changed.';
	END IF;

	UPDATE pqengine.migration m
	SET message = coalesce(migration_begin.message, ''),
		checksum = pqengine.migration_checksum(migration_begin.up, migration_begin.down),
		up = migration_begin.up,
		down = migration_begin.down,
		depends_on = coalesce(migration_begin.depends_on, '{}'),
		models_hash = migration_begin.models_hash,
		status = 'running',
		steps = (SELECT count(*) FROM pqengine.migration_steps(migration_begin.up)),
		error = NULL,
		started_at = clock_timestamp()
	WHERE m.version = migration_begin.version;

	SELECT count(*) FILTER (WHERE s.done_at IS NOT NULL),
		   count(*) FILTER (WHERE s.done_at IS NULL) > 0
	INTO steps_done, in_flight
	FROM pqengine.migration_step s WHERE s.version = migration_begin.version;
END;
$$;

COMMENT ON FUNCTION pqengine.migration_begin(text, text, text, text, text[], text) IS
'Records that a migration starts, or goes on after its run failed or died. steps_done: how many of its steps are done and must not be run again; in_flight: the next one was started outside a transaction and may have been done unrecorded.';

CREATE FUNCTION pqengine.migration_revert(version text,
	OUT steps_done integer,
	OUT in_flight boolean)
RETURNS record
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	old pqengine.migration;
	dependent text;
BEGIN
	PERFORM pqengine.migration_require('SELECT,INSERT,UPDATE,DELETE');

	SELECT * INTO old
	FROM pqengine.migration m WHERE m.version = migration_revert.version FOR UPDATE;
	IF NOT FOUND THEN
		RAISE undefined_object USING
			MESSAGE = format('migration %s is not in the record', coalesce(version, 'null'));
	END IF;
	IF old.status NOT IN ('applied', 'reverting') THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s cannot be reverted: it is %s', version, old.status);
	END IF;
	IF old.down IS NULL OR btrim(old.down, E' \t\r\n') = '' THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s cannot be reverted: it has no down direction', version);
	END IF;
	SELECT m.version INTO dependent
	FROM pqengine.migration m
	WHERE migration_revert.version = ANY (m.depends_on)
		  AND m.status IN ('applied', 'running', 'failed', 'reverting')
	ORDER BY m.version LIMIT 1;
	IF dependent IS NOT NULL THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s cannot be reverted: migration %s depends on it', version, dependent);
	END IF;

	IF old.status = 'applied' THEN
		DELETE FROM pqengine.migration_step s WHERE s.version = migration_revert.version;
	END IF;
	PERFORM pqengine.migration_require_locks(array_agg(s.statement ORDER BY s.step), array_agg(s.transactional ORDER BY s.step),
											 format('migration %s', version))
	FROM pqengine.migration_steps(old.down) s
	WHERE NOT EXISTS (SELECT FROM pqengine.migration_step d
					  WHERE d.version = migration_revert.version AND d.step = s.step AND d.done_at IS NOT NULL);
	UPDATE pqengine.migration m
	SET status = 'reverting', error = NULL, started_at = clock_timestamp(),
		steps = (SELECT count(*) FROM pqengine.migration_steps(m.down))
	WHERE m.version = migration_revert.version;

	SELECT count(*) FILTER (WHERE s.done_at IS NOT NULL),
		   count(*) FILTER (WHERE s.done_at IS NULL) > 0
	INTO steps_done, in_flight
	FROM pqengine.migration_step s WHERE s.version = migration_revert.version;
END;
$$;

COMMENT ON FUNCTION pqengine.migration_revert(text) IS
'Records that the down direction of an applied migration starts, as it stands in the record, or goes on. Results as of migration_begin. migration_finish ends it.';

CREATE FUNCTION pqengine.migration_step_start(version text, step integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	script text;
	sum text;
	previous integer;
BEGIN
	SELECT CASE m.status WHEN 'reverting' THEN m.down ELSE m.up END INTO script
	FROM pqengine.migration m
	WHERE m.version = migration_step_start.version
		  AND m.status IN ('running', 'reverting')
	FOR UPDATE;
	IF NOT FOUND THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s is not running', coalesce(version, 'null'));
	END IF;
	SELECT pqengine.migration_checksum(n.statement) INTO sum
	FROM pqengine.migration_steps(script) n WHERE n.step = migration_step_start.step;
	IF NOT FOUND THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('migration %s has no step %s', version, coalesce(step::text, 'null'));
	END IF;
	SELECT coalesce(max(s.step), 0) INTO previous
	FROM pqengine.migration_step s
	WHERE s.version = migration_step_start.version AND s.done_at IS NOT NULL;
	IF step <> previous + 1 THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('step %s of migration %s cannot start: the next step is %s',
							 step, version, previous + 1);
	END IF;
	INSERT INTO pqengine.migration_step AS s (version, step, checksum)
	VALUES (migration_step_start.version, migration_step_start.step, sum)
	ON CONFLICT ON CONSTRAINT migration_step_pkey
	DO UPDATE SET checksum = excluded.checksum, started_at = clock_timestamp();
END;
$$;

COMMENT ON FUNCTION pqengine.migration_step_start(text, integer) IS
'Records, before a step is run outside a transaction, that it is about to be; commit it before the step.';

CREATE FUNCTION pqengine.migration_step_done(version text, step integer)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	script text;
	total integer;
BEGIN
	SELECT CASE m.status WHEN 'reverting' THEN m.down ELSE m.up END, m.steps
	INTO script, total
	FROM pqengine.migration m
	WHERE m.version = migration_step_done.version
		  AND m.status IN ('running', 'reverting')
	FOR UPDATE;
	IF NOT FOUND THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s is not running', coalesce(version, 'null'));
	END IF;
	IF step IS NULL OR step < 1 OR step > total THEN
		RAISE invalid_parameter_value USING
			MESSAGE = format('migration %s has no step %s', version, coalesce(step::text, 'null'));
	END IF;
	INSERT INTO pqengine.migration_step AS s (version, step, checksum, done_at)
	SELECT migration_step_done.version, n.step,
		   pqengine.migration_checksum(n.statement), clock_timestamp()
	FROM pqengine.migration_steps(script) n
	WHERE n.step <= migration_step_done.step
	ON CONFLICT ON CONSTRAINT migration_step_pkey
	DO UPDATE SET done_at = clock_timestamp() WHERE s.done_at IS NULL;
END;
$$;

COMMENT ON FUNCTION pqengine.migration_step_done(text, integer) IS
'Records that the steps of a running migration up to and including this one are done; call it in the transaction that ran them, or right after the one that ran outside.';

CREATE FUNCTION pqengine.migration_finish(version text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	old pqengine.migration;
	done integer;
BEGIN
	SELECT * INTO old
	FROM pqengine.migration m WHERE m.version = migration_finish.version FOR UPDATE;
	IF NOT FOUND OR old.status NOT IN ('running', 'reverting') THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s is not running', coalesce(version, 'null'));
	END IF;
	SELECT count(*) INTO done
	FROM pqengine.migration_step s
	WHERE s.version = migration_finish.version AND s.done_at IS NOT NULL;
	IF done < old.steps THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s is not finished: %s of its %s steps are done',
							 version, done, old.steps);
	END IF;
	IF old.status = 'reverting' THEN
		UPDATE pqengine.migration m
		SET status = 'rolled_back', rolled_back_at = clock_timestamp()
		WHERE m.version = migration_finish.version;
	ELSE
		UPDATE pqengine.migration m
		SET status = 'applied', applied_by = current_user,
			applied_at = clock_timestamp(), duration = clock_timestamp() - m.started_at
		WHERE m.version = migration_finish.version;
	END IF;
END;
$$;

COMMENT ON FUNCTION pqengine.migration_finish(text) IS
'Records that all steps of a running migration are done: it is applied, or rolled back if it was being reverted.';

CREATE FUNCTION pqengine.migration_fail(version text, error text)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	UPDATE pqengine.migration m
	SET status = CASE m.status WHEN 'running' THEN 'failed' ELSE m.status END,
		error = migration_fail.error
	WHERE m.version = migration_fail.version AND m.status IN ('running', 'reverting');
	IF NOT FOUND THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s is not running', coalesce(version, 'null'));
	END IF;

	/* a step that failed did not happen; one whose runner died may have */
	DELETE FROM pqengine.migration_step s
	WHERE s.version = migration_fail.version AND s.done_at IS NULL;
END;
$$;

COMMENT ON FUNCTION pqengine.migration_fail(text, text) IS
'Records why a migration stopped that had steps committed already; the next run goes on after the last step that is done.';

CREATE FUNCTION pqengine.migration_stamp(
	version text,
	message text DEFAULT '',
	up text DEFAULT NULL,
	down text DEFAULT NULL,
	depends_on text[] DEFAULT '{}',
	models_hash text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM pqengine.migration_require('SELECT,INSERT,UPDATE,DELETE');
	INSERT INTO pqengine.migration AS m
		(version, message, checksum, up, down, depends_on, models_hash, status,
		 steps, applied_by, applied_at)
	VALUES (migration_stamp.version, coalesce(migration_stamp.message, ''),
			pqengine.migration_checksum(migration_stamp.up, migration_stamp.down),
			migration_stamp.up, migration_stamp.down,
			coalesce(migration_stamp.depends_on, '{}'), migration_stamp.models_hash,
			'applied', 0, current_user, clock_timestamp())
	ON CONFLICT ON CONSTRAINT migration_pkey DO UPDATE
	SET message = excluded.message, checksum = excluded.checksum, up = excluded.up,
		down = excluded.down, depends_on = excluded.depends_on,
		models_hash = excluded.models_hash, status = 'applied', steps = 0, error = NULL,
		applied_by = excluded.applied_by, applied_at = excluded.applied_at,
		duration = NULL, started_at = excluded.started_at
	WHERE m.status <> 'applied';
	IF NOT FOUND THEN
		RAISE object_not_in_prerequisite_state USING
			MESSAGE = format('migration %s is already applied', version);
	END IF;
	DELETE FROM pqengine.migration_step s WHERE s.version = migration_stamp.version;
END;
$$;

COMMENT ON FUNCTION pqengine.migration_stamp(text, text, text, text, text[], text) IS
'Records a migration as applied without running it: for a database that already is as the migration would leave it.';

CREATE FUNCTION pqengine.migration_verify(
	versions text[],
	ups text[],
	downs text[],
	OUT version text,
	OUT state text,
	OUT detail text)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM pqengine.migration_require('SELECT');

	IF versions IS NULL
		OR cardinality(versions) IS DISTINCT FROM cardinality(ups)
		OR cardinality(versions) IS DISTINCT FROM cardinality(downs) THEN
		RAISE invalid_parameter_value USING
			MESSAGE = 'migration_verify needs three arrays of one length';
	END IF;

	RETURN QUERY
	WITH file AS (
		SELECT f.version COLLATE "C" AS version,
			   pqengine.migration_checksum(f.up, f.down) AS checksum
		FROM unnest(versions, ups, downs) AS f (version, up, down)),
	newest AS (
		SELECT max(m.version COLLATE "C") AS version
		FROM pqengine.migration m WHERE m.status = 'applied')
	SELECT coalesce(f.version, m.version)::text,
		   CASE
			   WHEN m.status IN ('running', 'failed', 'reverting') THEN m.status
			   WHEN f.version IS NULL AND m.up IS NULL THEN 'applied'
			   WHEN f.version IS NULL AND m.status = 'rolled_back' THEN 'rolled_back'
			   WHEN f.version IS NULL THEN 'missing'
			   WHEN m.version IS NULL OR m.status = 'rolled_back' THEN
				   CASE WHEN f.version < n.version THEN 'late' ELSE 'pending' END
			   WHEN m.checksum <> f.checksum THEN 'changed'
			   ELSE 'applied'
		   END,
		   CASE
			   WHEN m.status IN ('running', 'failed', 'reverting') THEN coalesce(m.error,
				   format('its run began at %s and did not end', m.started_at))
			   WHEN f.version IS NULL AND m.up IS NULL THEN 'stamped without its text'
			   WHEN f.version IS NULL AND m.status = 'rolled_back' THEN
				   format('rolled back at %s', m.rolled_back_at)
			   WHEN f.version IS NULL THEN
				   format('applied by "%s" at %s, but there is no file for it', m.applied_by, m.applied_at)
			   WHEN m.version IS NULL OR m.status = 'rolled_back' THEN
				   CASE WHEN f.version < n.version
						THEN format('not applied, though %s is', n.version) END
			   WHEN m.checksum <> f.checksum THEN
				   format('its text is not what was applied by "%s" at %s: checksum %s in the record, %s in the file',
						  m.applied_by, m.applied_at, m.checksum, f.checksum)
		   END
	FROM file f
		 FULL JOIN pqengine.migration m ON m.version = f.version
		 CROSS JOIN newest n
	ORDER BY coalesce(f.version, m.version) COLLATE "C";
END;
$$;

COMMENT ON FUNCTION pqengine.migration_verify(text[], text[], text[]) IS
'Compares migration files with the record. state: applied, pending, late (pending, though a later one is applied), running or failed (started and not finished), reverting (a revert not finished), changed (applied with another text), missing (applied, but there is no such file), rolled_back (and no such file).';
