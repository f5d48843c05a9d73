--
-- The record of migrations
--
\set SHOW_CONTEXT never
SET client_min_messages = warning;

-- Everything is documented, pinned and runs with the caller's rights.
SELECT p.oid::regprocedure AS undocumented
FROM pg_proc p
WHERE p.pronamespace = 'pqengine'::regnamespace AND p.proname ~ '^migration_'
	  AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT p.oid::regprocedure AS unpinned
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'pqengine'::regnamespace AND p.proname ~ '^migration_' AND l.lanname <> 'c'
	  AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(p.proconfig, '{}'));
SELECT p.oid::regprocedure AS definer
FROM pg_proc p
WHERE p.pronamespace = 'pqengine'::regnamespace AND p.proname ~ '^migration_' AND p.prosecdef;
SELECT c.relname, a.attname AS undocumented
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
WHERE c.relnamespace = 'pqengine'::regnamespace AND c.relname IN ('migration', 'migration_step')
	  AND col_description(c.oid, a.attnum) IS NULL;
SELECT unnest(extconfig)::regclass AS dumped FROM pg_extension WHERE extname = 'pqengine'
INTERSECT
SELECT unnest(ARRAY['pqengine.migration', 'pqengine.migration_step'])::regclass
ORDER BY 1;

-- Checksums: line endings and outer white space do not count, all else does.
SELECT pqengine.migration_checksum(E'SELECT 1;\nSELECT 2;') = pqengine.migration_checksum(E'\r\nSELECT 1;\r\nSELECT 2;\r\n') AS crlf,
	   pqengine.migration_checksum(E'SELECT 1;\nSELECT 2;') = pqengine.migration_checksum(E'SELECT 1;\rSELECT 2;') AS cr,
	   pqengine.migration_checksum('SELECT 1', NULL) = pqengine.migration_checksum('SELECT 1', E' \n') AS empty_down,
	   pqengine.migration_checksum('SELECT 1', 'x') = pqengine.migration_checksum('SELECT 1') AS down,
	   pqengine.migration_checksum('SELECT  1') = pqengine.migration_checksum('SELECT 1') AS inner_space;
SELECT pqengine.migration_checksum('SELECT 1;'), pqengine.migration_checksum(NULL) IS NULL AS no_text;

-- Splitting: whatever holds semicolons or marker-like text.
SELECT step, line, transactional, concurrent, statement
FROM pqengine.migration_steps($script$
-- first; comment
CREATE TABLE a (t text DEFAULT ';');;
/* a /* nested; */ comment */ INSERT INTO a VALUES (E'\';'), ($$;$$) -- trailing; comment
;
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $f$
BEGIN
	-- pqengine:no-transaction
	RETURN 1;
END;
$f$;
CREATE FUNCTION g() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT CASE WHEN true THEN 2 END; END;
CREATE RULE r AS ON INSERT TO a DO ALSO (SELECT 1; SELECT 2);
-- pqengine:no-transaction
ALTER TYPE e ADD VALUE 'x';
  --   pqengine:no-transaction   

SELECT 1;
-- pqengine:no-transaction-please
SELECT 2;
SELECT ';' AS "a;b"$script$);
SELECT step, transactional, concurrent, statement FROM pqengine.migration_steps($script$
CREATE INDEX CONCURRENTLY i ON a (t); DROP INDEX CONCURRENTLY i; REINDEX INDEX i;
REINDEX (CONCURRENTLY) TABLE a; REINDEX (CONCURRENTLY false) TABLE a; REINDEX SCHEMA public;
ALTER TABLE p DETACH PARTITION q CONCURRENTLY; ALTER TABLE p DETACH PARTITION q;
VACUUM a; ANALYZE a; CLUSTER; CLUSTER a; CREATE DATABASE d; ALTER SYSTEM RESET ALL; SAVEPOINT s$script$);
SELECT count(*) FROM pqengine.migration_steps(E' -- nothing\n ; /* here */ ');
SELECT * FROM pqengine.migration_steps(E'SELECT 1;\nSELECT 2;\nCRATE TABLE x ();');
SELECT * FROM pqengine.migration_steps(E'SELECT 1;\n\nCOMMIT;');
SELECT * FROM pqengine.migration_steps('COPY a FROM stdin');
SELECT * FROM pqengine.migration_steps('SELECT ''open');

-- Whatever the text: the steps are pieces of it, in order, that begin at the lines they name.
SELECT setseed(0.25);
CREATE FUNCTION pg_temp.check_random_script() RETURNS text LANGUAGE plpgsql AS $test$
DECLARE
	pieces text[] := ARRAY['SELECT 1', ';', ';', ';', E'\n', E'\r\n', ' ', '''a;b''', 'E''\'';''', '$$;$$', '$x$ $$; $x$', '--', '-- ;',
		'/*', '*/', '/* ; */', '"a;b"', 'SELECT 2', 'AS x', 'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END', '-- pqengine:no-transaction',
		'VACUUM', '(', ')', 'COMMIT', '\', 'ü', 'DROP TABLE t'];
	script text := '';
	place integer := 1;
	s record;
	found integer;
	number integer := 0;
BEGIN
	FOR i IN 1 .. 1 + (random() * 12)::integer LOOP
		script := script || pieces[1 + floor(random() * cardinality(pieces))::integer] || CASE WHEN random() < 0.3 THEN E'\n' ELSE ' ' END;
	END LOOP;
	BEGIN
		FOR s IN SELECT * FROM pqengine.migration_steps(script) LOOP
			number := number + 1;
			IF s.step <> number OR s.statement = '' OR s.statement ~ '^\s|\s$' THEN
				RETURN format('%L: step %s: %L', script, s.step, s.statement);
			END IF;
			-- the same text may stand in a comment before
			LOOP
				found := strpos(substr(script, place), s.statement);
				place := place + found - 1;
				EXIT WHEN found = 0
					OR s.line = 1 + length(regexp_replace(left(script, place - 1), '[^\n]', '', 'g'));
				place := place + 1;
			END LOOP;
			IF found = 0 THEN
				RETURN format('%L: step %s is not at line %s', script, s.step, s.line);
			END IF;
			place := place + length(s.statement);
		END LOOP;
	EXCEPTION
		WHEN syntax_error OR invalid_transaction_termination THEN
			RETURN 'refused';
	END;
	RETURN CASE WHEN number > 0 THEN 'split' ELSE 'empty' END;
END
$test$;
SELECT outcome, count(*) > 50 AS many
FROM (SELECT pg_temp.check_random_script() AS outcome FROM generate_series(1, 5000)) o
GROUP BY outcome ORDER BY outcome;

-- One transaction: begin, steps, done, finish; nothing of it is left by a rollback.
BEGIN;
SELECT * FROM pqengine.migration_begin('20250101_000000', 'first', 'SELECT 1; SELECT 2', 'SELECT 3', models_hash => 'abc');
SELECT pqengine.migration_step_done('20250101_000000', 2);
ROLLBACK;
SELECT count(*) FROM pqengine.migration;
BEGIN;
SELECT * FROM pqengine.migration_begin('20250101_000000', 'first', 'SELECT 1; SELECT 2', 'SELECT 3', models_hash => 'abc');
SELECT pqengine.migration_finish('20250101_000000');
ROLLBACK;
BEGIN;
SELECT * FROM pqengine.migration_begin('20250101_000000', 'first', 'SELECT 1; SELECT 2', 'SELECT 3', models_hash => 'abc');
SELECT pqengine.migration_step_done('20250101_000000', 2);
SELECT pqengine.migration_finish('20250101_000000');
COMMIT;
SELECT version, message, checksum = pqengine.migration_checksum(up, down) AS sum, up, down, depends_on, models_hash,
	   status, steps, error, applied_by = current_user AS by, applied_at IS NOT NULL AS at,
	   duration >= '0' AS duration, rolled_back_at
FROM pqengine.migration;
SELECT version, step, done_at IS NOT NULL AS done FROM pqengine.migration_step ORDER BY 1, 2;

-- Outside of one: a run that stops is resumed where it stopped.
SELECT * FROM pqengine.migration_begin('20250102_000000', 'second', 'SELECT 1; SELECT 2; SELECT 3', depends_on => '{20250101_000000}');
SELECT pqengine.migration_step_start('20250102_000000', 2);
SELECT pqengine.migration_step_start('20250102_000000', 4);
SELECT pqengine.migration_step_start('20250102_000000', 1);
SELECT pqengine.migration_step_done('20250102_000000', 1);
SELECT pqengine.migration_step_start('20250102_000000', 2);
SELECT * FROM pqengine.migration_begin('20250102_000000', 'second', 'SELECT 1; SELECT 2; SELECT 3');
SELECT pqengine.migration_fail('20250102_000000', 'it broke');
SELECT version, status, steps, steps_done, error, late FROM pqengine.migration_status;
SELECT pqengine.migration_step_done('20250102_000000', 2);
SELECT pqengine.migration_fail('20250102_000000', 'again');
-- what was done may not be changed, what follows it may
SELECT * FROM pqengine.migration_begin('20250102_000000', 'second', 'SELECT 11; SELECT 2; SELECT 3');
SELECT * FROM pqengine.migration_begin('20250102_000000', 'second', 'SELECT 2');
SELECT * FROM pqengine.migration_begin('20250102_000000', 'second', 'SELECT 1; SELECT 22');
SELECT pqengine.migration_step_done('20250102_000000', 3);
SELECT pqengine.migration_step_done('20250102_000000', 2);
SELECT pqengine.migration_finish('20250102_000000');
SELECT version, status, steps, steps_done, error, late FROM pqengine.migration_status;

-- Refusals
\set VERBOSITY terse
SELECT * FROM pqengine.migration_begin('20250102_000000', 'second', 'SELECT 1');
\set VERBOSITY default
SELECT * FROM pqengine.migration_begin('20250103_000000', 'third', 'SELECT 1', depends_on => '{20250101_000000,20250102_999999}');
SELECT * FROM pqengine.migration_begin('2025 01', 'space', 'SELECT 1');
SELECT * FROM pqengine.migration_begin(NULL, 'null', 'SELECT 1');
SELECT * FROM pqengine.migration_begin('20250103_000000', 'third', NULL);
SELECT * FROM pqengine.migration_begin('20250103_000000', 'third', 'SELEC 1');
SELECT pqengine.migration_step_start('20250103_000000', 1);
SELECT pqengine.migration_finish('20250101_000000');
SELECT pqengine.migration_finish('nosuch');

-- What the files say against what the record says
SELECT * FROM pqengine.migration_begin('20250105_000000', 'half', 'SELECT 1; SELECT 2');
SELECT version, state, regexp_replace(detail, 'by .*[0-9][0-9]\.[0-9]+[^,:]*|began at .* and', '...') AS detail
FROM pqengine.migration_verify(
	'{20241231_000000,20250101_000000,20250105_000000,20250106_000000}',
	ARRAY['SELECT 0', E'SELECT 1; SELECT 22', 'SELECT 1; SELECT 2', 'SELECT 6'],
	ARRAY[NULL, 'SELECT 3', NULL, NULL]);
SELECT * FROM pqengine.migration_verify('{a}', '{}', '{}');
SELECT pqengine.migration_fail('20250105_000000', 'no');

-- A late one is marked
SELECT * FROM pqengine.migration_begin('20241231_000000', 'late', 'SELECT 0');
SELECT pqengine.migration_step_done('20241231_000000', 1);
SELECT pqengine.migration_finish('20241231_000000');
SELECT version, status, late FROM pqengine.migration_status;

-- Down
SELECT pqengine.migration_revert('20250101_000000');
SELECT pqengine.migration_revert('20250102_000000');
SELECT pqengine.migration_revert('20250105_000000');
SELECT pqengine.migration_revert('nosuch');
UPDATE pqengine.migration SET depends_on = '{}' WHERE version = '20250102_000000';
SELECT * FROM pqengine.migration_revert('20250101_000000');
\set VERBOSITY terse
SELECT * FROM pqengine.migration_begin('20250101_000000', 'first', 'SELECT 1');
\set VERBOSITY default
SELECT pqengine.migration_step_done('20250101_000000', 2);
SELECT pqengine.migration_step_done('20250101_000000', 1);
SELECT pqengine.migration_finish('20250101_000000');
SELECT version, status, steps, steps_done, rolled_back_at IS NOT NULL AS back FROM pqengine.migration_status;
SELECT state FROM pqengine.migration_verify('{20250101_000000}', '{SELECT 1}', '{NULL}') WHERE version = '20250101_000000';
SELECT * FROM pqengine.migration_begin('20250101_000000', 'first', 'SELECT 1');

-- Stamp
SELECT pqengine.migration_stamp('20250102_000000', 'second');
SELECT pqengine.migration_stamp('20250107_000000', 'adopted');
SELECT pqengine.migration_stamp('20250105_000000', 'done by hand', 'SELECT 1; SELECT 2');
SELECT version, state, detail FROM pqengine.migration_verify('{}', '{}', '{}') WHERE version >= '20250107';
SELECT version, status, error FROM pqengine.migration_status;

-- An index that a failed build left behind
CREATE TABLE migration_leftover (a int);
INSERT INTO migration_leftover VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY "left Over" ON migration_leftover (a);
SELECT * FROM pqengine.migration_leftover('CREATE UNIQUE INDEX CONCURRENTLY "left Over" ON migration_leftover (a)');
SELECT * FROM pqengine.migration_leftover('CREATE INDEX CONCURRENTLY other ON public.migration_leftover (a)');
SELECT * FROM pqengine.migration_leftover('CREATE INDEX CONCURRENTLY other ON nosuch (a)');
SELECT * FROM pqengine.migration_leftover('CREATE INDEX "left Over" ON migration_leftover (a)');
SELECT * FROM pqengine.migration_leftover('VACUUM');
SELECT * FROM pqengine.migration_leftover('VACUUM; VACUUM');
DROP TABLE migration_leftover;

-- The lock is taken once, and goes with the transaction.
BEGIN;
SELECT pqengine.migration_try_lock();
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();
ROLLBACK;
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid();

-- Rights: nobody but the creator and the owner of the database, and whom they let
CREATE ROLE regress_pqe_migrator;
SET ROLE regress_pqe_migrator;
SELECT * FROM pqengine.migration;
SELECT * FROM pqengine.migration_status;
SELECT * FROM pqengine.migration_verify('{}', '{}', '{}');
SELECT * FROM pqengine.migration_begin('20250108_000000', 'mine', 'SELECT 1');
RESET ROLE;
GRANT SELECT, INSERT, UPDATE, DELETE ON pqengine.migration, pqengine.migration_step TO regress_pqe_migrator;
GRANT SELECT ON pqengine.migration_status TO regress_pqe_migrator;
SET ROLE regress_pqe_migrator;
SELECT * FROM pqengine.migration_begin('20250108_000000', 'mine', 'SELECT 1');
SELECT pqengine.migration_step_done('20250108_000000', 1);
SELECT pqengine.migration_finish('20250108_000000');
SELECT version, status, applied_by FROM pqengine.migration_status WHERE version = '20250108_000000';
RESET ROLE;
SELECT has_table_privilege('pg_database_owner', 'pqengine.migration', 'INSERT WITH GRANT OPTION') AS owner_may_grant;
DROP OWNED BY regress_pqe_migrator;
DROP ROLE regress_pqe_migrator;
TRUNCATE pqengine.migration CASCADE;
