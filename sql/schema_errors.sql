--
-- Models and options that are wrong: the error says where and what, and
-- nothing is changed.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
SET client_min_messages = warning;
CREATE SCHEMA app;
CREATE TABLE app.t (i int);
SELECT pqengine.fingerprint('{app}') AS before \gset

-- What a caller sees: file and line, the server's message and hint, the statement.
SELECT * FROM pqengine.plan(E'-- pqengine:file models/a.sql\nCREATE TABLE app.a (i int);\n\n-- pqengine:file models/b.sql\n\nCREATE TABLE app.b (\n  i int,\n  j itn\n);\n');
SELECT * FROM pqengine.drift(E'-- pqengine:file models/a.sql\nCREATE TABLE app.a (i int);\n-- pqengine:file models/b.sql\n\nCREATE TABLE app.a (i int);\n');
SELECT * FROM pqengine.ensure_tables(E'-- pqengine:file models/a.sql\nCREATE TABLE app.a (i int);\n\n/* it goes */ DROP TABLE app.t;\n');
SELECT * FROM pqengine.plan(E'-- pqengine:file models/a.sql\r\nCREATE TABLE app.a (\r\n  i int;\r\n');
SELECT * FROM pqengine.plan('CREATE TABLE app.t (i int); CREATE VIEW app.v AS SELECT lenght(i::text) FROM app.t');

-- From here on: the SQLSTATE and the message.
CREATE FUNCTION tools.refused(models text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM pqengine.plan(models, options);
	RETURN 'accepted';
EXCEPTION WHEN others THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- Statements that declare nothing.
SELECT tools.refused(E'\n' || statement) FROM unnest(ARRAY[
	'INSERT INTO app.t VALUES (1)', 'UPDATE app.t SET i = 1', 'DELETE FROM app.t', 'TRUNCATE app.t',
	'MERGE INTO app.t USING app.t u ON true WHEN MATCHED THEN DELETE',
	'WITH x AS (DELETE FROM app.t RETURNING i) SELECT pqengine.fingerprint() FROM x',
	'COPY app.t FROM stdin', $$COPY app.t FROM PROGRAM 'true'$$, 'DO $x$begin end$x$', 'CALL app.p()',
	'DROP TABLE app.t', 'DROP SCHEMA app CASCADE', 'DROP OWNED BY CURRENT_USER', 'REASSIGN OWNED BY CURRENT_USER TO postgres',
	'BEGIN', 'COMMIT', 'ROLLBACK', 'SAVEPOINT s', 'PREPARE TRANSACTION ''x''',
	'SELECT 1', 'VALUES (1)', 'TABLE app.t', 'SELECT pg_sleep(0)', 'SELECT 1 INTO app.x', 'CREATE TABLE app.x AS SELECT 1',
	'SELECT set_config(''search_path'', ''app'', false), 1', 'SELECT pqengine.fingerprint(), 1',
	'SELECT pqengine.plan(''CREATE TABLE app.x ()'')', 'SELECT pqengine.ensure_tables(''CREATE TABLE app.x ()'')', 'SELECT pqengine.export()',
	'EXPLAIN SELECT 1', 'VACUUM', 'ANALYZE', 'CLUSTER', 'REINDEX TABLE app.t', 'CHECKPOINT', 'LOCK app.t', 'DISCARD ALL',
	'LISTEN x', 'NOTIFY x', 'LOAD ''x''', 'PREPARE x AS SELECT 1', 'EXECUTE x', 'DECLARE c CURSOR FOR SELECT 1',
	'REFRESH MATERIALIZED VIEW app.m', 'SET LOCAL search_path = app', 'SET TRANSACTION READ ONLY',
	'ALTER SYSTEM SET work_mem = 64', 'CREATE DATABASE x', 'CREATE ROLE x', 'ALTER ROLE CURRENT_USER SET work_mem = 64', 'GRANT pg_monitor TO CURRENT_USER',
	'CREATE TABLESPACE x LOCATION ''/x''', 'CREATE SUBSCRIPTION s CONNECTION '''' PUBLICATION p',
	'CREATE TEMP TABLE x (i int)', 'CREATE TEMP VIEW x AS SELECT 1', 'CREATE TEMP SEQUENCE x', 'CREATE TABLE pg_temp.x (i int)'
]) statement;

-- Text that does not even parse.
SELECT tools.refused(models) FROM unnest(ARRAY[
	E'CREATE TABEL app.t (i int)',
	E'-- pqengine:file a.sql\nCREATE TABLE app.a (i int',
	E'-- pqengine:file a.sql\nCREATE TABLE app.a (i int)\nCREATE TABLE app.b (i int)',
	E'-- pqengine:file a.sql\n\nCREATE TABLE app.a (c text DEFAULT ''abc\n-- pqengine:file b.sql\nCREATE TABLE app.b (i int);',
	E'-- pqengine:file a.sql\nCREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS $x$ select 1;\n-- pqengine:file b.sql\nCREATE TABLE app.b (i int);',
	E'-- pqengine:file a.sql\nCREATE TABLE app.a ("i int);\n-- pqengine:file b.sql\nCREATE TABLE app.b (i int);',
	E'-- pqengine:file a.sql\n/* /* */\nCREATE TABLE app.a (i int);\n-- pqengine:file b.sql\nCREATE TABLE app.b (i int);',
	E'CREATE TABLE app.a (i int); \\echo in a line',
	E'CREATE TABLE app.a (i int)\n\\echo in a statement\n;',
	E'CREATE TABLE app.a (d text DEFAULT U&''\\zzzz'')',
	E'\x01'
]) models;

-- Files end statements: the last one needs no semicolon.  Names of files may hold anything but a line's end.
SELECT statement FROM pqengine.plan(E'-- pqengine:file a b: c.sql\nCREATE TABLE app.t (i int)\n-- pqengine:file \'; DROP TABLE app.t; --\nCREATE TABLE app.b (i int)');
SELECT tools.refused(E'-- pqengine:file a b: c''%s.sql\nCREATE TABLE app.t (i nosuch)');

-- What names nothing, or the wrong thing.
SELECT tools.refused(models) FROM unnest(ARRAY[
	E'CREATE TABLE app.a (i int);\nCREATE INDEX ON app.a (j)',
	E'CREATE TABLE app.a (i int REFERENCES app.nosuch)',
	E'CREATE TABLE app.a (i int);\nALTER TABLE app.a ADD FOREIGN KEY (i) REFERENCES app.b (i);\nCREATE TABLE app.b (i int);',
	E'CREATE TABLE app.a (i int);\nCOMMENT ON COLUMN app.a.z IS ''x''',
	E'CREATE TABLE app.a (i int);\nGRANT SELECT ON app.a TO regress_nosuch',
	E'CREATE TABLE app.a (i int);\nALTER TABLE app.a OWNER TO regress_nosuch',
	E'CREATE TABLE app.a (i int, i text)',
	E'CREATE TABLE app.a (i int DEFAULT ''x'')',
	E'CREATE TABLE app.a (i int) INHERITS (app.nosuch)',
	E'CREATE TABLE app.a PARTITION OF app.t FOR VALUES IN (1);\nCREATE TABLE app.t (i int)',
	E'CREATE VIEW app.v AS SELECT * FROM app.w;\nCREATE VIEW app.w AS SELECT nosuch FROM app.t;\nCREATE TABLE app.t (i int)',
	E'CREATE VIEW app.v AS SELECT * FROM app.w;\nCREATE VIEW app.w AS SELECT * FROM app.v',
	E'CREATE TYPE app.e AS ENUM (''a'', ''a'')',
	E'CREATE FUNCTION app.f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT nosuch(1); END',
	E'CREATE TRIGGER x BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.nosuch();\nCREATE TABLE app.t (i int)',
	E'CREATE TABLE nosuch.a (i int)',
	E'SELECT pqengine.nosuch(1)',
	E'\nCREATE TABLE pg_catalog.a (i int)',
	E'\nCREATE TABLE information_schema.a (i int)',
	E'\nCREATE TABLE pqengine.a (i int)'
]) models;
SELECT regexp_replace(tools.refused(E'\nCREATE EXTENSION nosuch'), 'Could not.*', '');

-- Options.
SELECT tools.refused('', options::jsonb) FROM unnest(ARRAY[
	'[]', '1', '{"alow_drop": true}', '{"allow_drop": "yes"}', '{"concurrently": null}', '{"schemas": "app"}', '{"schemas": [1]}',
	'{"schemas": ["pg_catalog"]}', '{"schemas": ["pqengine"]}', '{"owners": "some"}', '{"privileges": true}',
	'{"ignore": {"kind": "table"}}', '{"ignore": ["table"]}', '{"ignore": [{"kind": "table"}]}', '{"ignore": [{"kind": "tabel", "name": "x"}]}',
	'{"renames": [{"kind": "table"}]}', '{"search_path": 1}'
]) options;
SELECT tools.refused('CREATE TABLE app.t (i int)', '{"schemas": ["public"]}');
SELECT tools.refused('CREATE TABLE t (i int)', '{"search_path": "nosuch"}');
SELECT pqengine.export('{NULL}');

-- Models that hold nothing want nothing, and say nothing of any schema.
SELECT count(*) FROM unnest(ARRAY['', E'\n', '-- nothing', '/* nothing */ ; ;', E'-- pqengine:file a.sql\n-- pqengine:file b.sql', 'SET search_path = app',
	E'\\connect x\n\\restrict abc\n\\unrestrict abc\n', E'DROP SCHEMA IF EXISTS app;']) models, pqengine.plan(models);
SELECT statement, hazards FROM pqengine.plan('', '{"schemas": ["app"]}');

-- After all that nothing has changed, and nothing is held.
SELECT pqengine.fingerprint('{app}') = :'before' AS unchanged;
SELECT nspname FROM pg_namespace WHERE nspname ~ 'swap|^app' ORDER BY 1;
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relation >= 16384);
DROP SCHEMA app CASCADE;
DROP SCHEMA tools CASCADE;

-- a call gives way where it would have to wait for a lock
SELECT * FROM pqengine.plan('', '{"lock_timeout": -1}');
SELECT * FROM pqengine.plan('', '{"lock_timeout": "1s"}');
SELECT count(*) FROM pqengine.plan('', '{"lock_timeout": 1000}');
SHOW lock_timeout;
-- What belongs to the cluster, or is the database itself, is not passed over in silence.
SELECT * FROM pqengine.plan('COMMENT ON DATABASE postgres IS ''x''');
SELECT * FROM pqengine.plan('CREATE TABLE t (i int); GRANT CONNECT ON DATABASE postgres TO PUBLIC');
SELECT * FROM pqengine.plan('ALTER DATABASE postgres OWNER TO CURRENT_USER');
SELECT * FROM pqengine.plan('COMMENT ON ROLE postgres IS ''x''');
