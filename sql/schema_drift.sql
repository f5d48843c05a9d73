--
-- drift, ensure_tables, export and fingerprint, and the options that decide
-- what they look at.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
SET client_min_messages = warning;

-- Each sort of difference; what goes with a parent is not said again.
\set models 'CREATE SCHEMA app; SET search_path = app; CREATE TYPE e AS ENUM (''a'', ''b''); CREATE TABLE t (id int PRIMARY KEY, v varchar(10) NOT NULL DEFAULT ''x'', gone int); CREATE INDEX t_v ON t (v); CREATE TABLE missing (i int PRIMARY KEY, t_id int REFERENCES t); CREATE INDEX missing_t ON missing (t_id); CREATE VIEW w AS SELECT id FROM t; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''select 1''; COMMENT ON TABLE t IS ''as it should be'';'
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a');
CREATE TABLE app.t (id bigint PRIMARY KEY, v varchar(20), more int, CHECK (more > 0));
CREATE INDEX t_v ON app.t (v, id);
CREATE TABLE app.unexpected (i int PRIMARY KEY, j int);
CREATE INDEX unexpected_j ON app.unexpected (j);
CREATE VIEW app.w AS SELECT id, v FROM app.t;
CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'select 2';
COMMENT ON TABLE app.t IS 'something else';
COMMENT ON COLUMN app.t.v IS 'nothing';
SELECT * FROM pqengine.drift(:'models');
SELECT change, kind, object FROM pqengine.drift(:'models', '{"ignore": [{"name": "app.unexpected"}, {"kind": "view", "name": "*"}, {"kind": "comment", "name": "*"}, {"kind": "column", "name": "app.t.*"}]}');

-- ensure_tables makes what is missing as a whole, and touches nothing that is there.
SELECT pqengine.fingerprint('{app}') AS before \gset
BEGIN;
SELECT * FROM pqengine.ensure_tables(:'models');
SELECT change, kind, object FROM pqengine.drift(:'models') WHERE change = 'missing';
SELECT * FROM pqengine.ensure_tables(:'models');
SHOW search_path;
ROLLBACK;
SELECT pqengine.fingerprint('{app}') = :'before' AS unchanged;
-- what needs a change of something that is there is left to a migration
CREATE TABLE app.other (i int);
SELECT * FROM pqengine.ensure_tables('CREATE SCHEMA app; CREATE TABLE app.first (i int); CREATE TABLE app.other (id int PRIMARY KEY); CREATE TABLE app.second (o int REFERENCES app.other)');
SELECT change, kind, object FROM pqengine.drift('CREATE SCHEMA app; CREATE TABLE app.first (i int); CREATE TABLE app.other (id int PRIMARY KEY); CREATE TABLE app.second (o int REFERENCES app.other)');
DROP SCHEMA app CASCADE;
-- from nothing, circles and all, twice
SELECT * FROM pqengine.ensure_tables('CREATE TABLE app.a (id int PRIMARY KEY, b int REFERENCES app.b); CREATE TABLE app.b (id int PRIMARY KEY, a int REFERENCES app.a); CREATE SCHEMA app; CREATE INDEX ON app.a (b);');
SELECT * FROM pqengine.ensure_tables('CREATE TABLE app.a (id int PRIMARY KEY, b int REFERENCES app.b); CREATE TABLE app.b (id int PRIMARY KEY, a int REFERENCES app.a); CREATE SCHEMA app; CREATE INDEX ON app.a (b);');
SELECT * FROM pqengine.drift('CREATE TABLE app.a (id int PRIMARY KEY, b int REFERENCES app.b); CREATE TABLE app.b (id int PRIMARY KEY, a int REFERENCES app.a); CREATE SCHEMA app; CREATE INDEX ON app.a (b);');
DROP SCHEMA app CASCADE;

-- Which schemas: those of the models' objects, or those named.
CREATE SCHEMA app;
CREATE SCHEMA app2;
CREATE TABLE app.t (i int);
CREATE TABLE app2.t (i int);
SELECT change, kind, object FROM pqengine.drift('CREATE TABLE app.t (i int)');
SELECT change, kind, object FROM pqengine.drift('CREATE TABLE app.t (i int)', '{"schemas": ["app", "app2"]}');
SELECT change, kind, object FROM pqengine.drift('', '{"schemas": ["app2"]}');
SELECT change, kind, object FROM pqengine.drift('CREATE TABLE t (i int)', '{"search_path": "app2"}');
SELECT change, kind, object FROM pqengine.drift('SET search_path = app2; CREATE TABLE t (i int); RESET search_path; CREATE TABLE u (i int)', '{"search_path": "app"}');
-- a schema that the models create is theirs to drop; one that they take for granted is not
SELECT phase, statement FROM pqengine.plan('CREATE SCHEMA app', '{"schemas": ["app", "app2"]}');
DROP SCHEMA app2 CASCADE;

-- An object of a kind that is not managed is never passed over in silence.
CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
SELECT change, kind, object FROM pqengine.drift('CREATE TABLE app.t (i int)');
SET client_min_messages = notice;
SELECT count(*) FROM pqengine.plan('CREATE TABLE app.t (i int)');
SET client_min_messages = warning;
DROP CONVERSION app.conv;

-- Export: text that can be read, run by psql, and planned from nothing.
DROP SCHEMA app CASCADE;
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
COMMENT ON SCHEMA app IS 'the app';
CREATE TYPE mood AS ENUM ('ok', 'not ok');
CREATE TABLE person (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, m mood DEFAULT 'ok', boss bigint REFERENCES person);
CREATE INDEX person_boss ON person (boss) WHERE boss IS NOT NULL;
CREATE VIEW bosses WITH (security_invoker = true) AS SELECT DISTINCT boss FROM person;
COMMENT ON COLUMN person.name IS 'it''s unique';
$$);
SELECT pqengine.export('{app}') AS text \gset
\echo :text
SELECT pqengine.export('{app}') = :'text' AS same;
BEGIN;
DROP SCHEMA app CASCADE;
SELECT * FROM tools.migrate(:'text');
SELECT pqengine.export('{app}') = :'text' AS same;
ROLLBACK;
SELECT count(*) FROM pqengine.plan(pqengine.export(), '{"schemas": ["*"], "owners": "all", "privileges": "all"}');
SELECT pqengine.export('{}') = '' AS nothing;

-- The fingerprint: changes with any DDL, and with nothing else.
CREATE TABLE tools.prints (step text, print text);
CREATE FUNCTION tools.changed(step text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	last text := (SELECT print FROM tools.prints ORDER BY ctid DESC LIMIT 1);
	now text := pqengine.fingerprint('{app}');
BEGIN
	INSERT INTO tools.prints VALUES (step, now);
	RETURN step || CASE WHEN now IS DISTINCT FROM last THEN ': changed' ELSE ': same' END;
END $$;
SELECT tools.changed('start');
INSERT INTO app.person (name) SELECT 'p' || i FROM generate_series(1, 1000) i;
SELECT tools.changed('insert');
ANALYZE app.person;
SELECT tools.changed('analyze');
VACUUM app.person;
SELECT tools.changed('vacuum');
VACUUM FREEZE app.person;
VACUUM FREEZE pg_class;
VACUUM FREEZE pg_attribute;
SELECT tools.changed('freeze');
VACUUM FULL pg_catalog.pg_proc;
SELECT tools.changed('vacuum full of a catalog');
CREATE TABLE tools.elsewhere (i int);
SELECT tools.changed('a table in another schema');
SELECT count(*) FROM pqengine.drift(:'text');
SELECT tools.changed('a realization');
-- each in a transaction of its own
\set ECHO none
\pset tuples_only on
SELECT format('%s; SELECT tools.changed(%L)', command, command) FROM unnest(ARRAY[
	'ALTER TABLE app.person ADD c int', 'ALTER TABLE app.person ALTER c SET DEFAULT 1', 'ALTER TABLE app.person ALTER m SET NOT NULL', 'ALTER TABLE app.person ALTER c SET STATISTICS 5',
	'ALTER TABLE app.person ADD CHECK (c > 0)', 'ALTER TABLE app.person SET (fillfactor = 50)', 'COMMENT ON TABLE app.person IS ''x''', 'COMMENT ON COLUMN app.person.c IS ''y''', 'COMMENT ON COLUMN app.person.c IS NULL',
	'ALTER TYPE app.mood ADD VALUE ''new''', 'ALTER TYPE app.mood RENAME VALUE ''new'' TO ''newer''', 'GRANT SELECT ON app.person TO PUBLIC', 'GRANT UPDATE (c) ON app.person TO PUBLIC', 'ALTER TABLE app.person ENABLE ROW LEVEL SECURITY',
	'CREATE POLICY p ON app.person', 'ALTER POLICY p ON app.person USING (c > 1)', 'DROP POLICY p ON app.person',
	'CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS ''begin return new; end''', 'CREATE OR REPLACE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS ''begin return old; end''', 'CREATE TRIGGER t BEFORE INSERT ON app.person FOR EACH ROW EXECUTE FUNCTION app.f()',
	'ALTER TABLE app.person DISABLE TRIGGER t', 'CREATE RULE r AS ON DELETE TO app.person DO NOTHING', 'CREATE OR REPLACE VIEW app.bosses AS SELECT DISTINCT boss FROM app.person', 'CREATE STATISTICS app.s ON c, boss FROM app.person',
	'ALTER STATISTICS app.s SET STATISTICS 7', 'CREATE SEQUENCE app.q', 'ALTER SEQUENCE app.q INCREMENT 2', 'CREATE DOMAIN app.d AS int', 'ALTER DOMAIN app.d ADD CHECK (VALUE > 0)', 'ALTER DOMAIN app.d SET DEFAULT 1',
	'CREATE OPERATOR app.|+| (LEFTARG = int, RIGHTARG = int, FUNCTION = int4pl)', 'CREATE AGGREGATE app.agg (int) (SFUNC = int4pl, STYPE = int)', 'CREATE COLLATION app.coll (provider = icu, locale = ''de'')', 'CREATE TYPE app.c AS (a int)', 'ALTER TYPE app.c ADD ATTRIBUTE b int',
	'CREATE TABLE app.kid () INHERITS (app.person)', 'ALTER TABLE app.kid NO INHERIT app.person', 'CREATE INDEX i ON app.kid (c)', 'ALTER TABLE app.kid CLUSTER ON i', 'ALTER TABLE app.kid REPLICA IDENTITY FULL', 'ALTER INDEX app.i RENAME TO j', 'DROP INDEX app.j', 'DROP TABLE app.kid',
	'CREATE TYPE app.range AS RANGE (SUBTYPE = float8)', 'ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC', 'GRANT USAGE ON SCHEMA app TO PUBLIC', 'COMMENT ON SCHEMA app IS ''z''', 'CREATE EXTENSION hstore SCHEMA app', 'DROP EXTENSION hstore',
	'CREATE TEXT SEARCH CONFIGURATION app.ts (COPY = simple)', 'ALTER TEXT SEARCH CONFIGURATION app.ts DROP MAPPING FOR word', 'CREATE OPERATOR FAMILY app.fam USING btree', 'CREATE TEXT SEARCH DICTIONARY app.dict (TEMPLATE = simple)',
	'CREATE CAST (app.c AS int) WITH INOUT', 'CREATE CONVERSION app.conv FOR ''LATIN1'' TO ''UTF8'' FROM iso8859_1_to_utf8'
]) WITH ORDINALITY c(command, n) ORDER BY n \gexec
\pset tuples_only off
\set ECHO all
-- what was taken back was not there
SELECT pqengine.fingerprint('{app}') AS before \gset
BEGIN;
ALTER TABLE app.person ADD d int;
SELECT pqengine.fingerprint('{app}') = :'before' AS same;
ROLLBACK;
SELECT pqengine.fingerprint('{app}') = :'before' AS same;
DROP SCHEMA app CASCADE;
DROP SCHEMA tools CASCADE;
