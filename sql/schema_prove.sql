--
-- prove: a plan is run on an exact copy, with rows where asked for, before
-- anybody sees it; nothing of that stays.
--
\pset format unaligned
\pset null (null)
SET client_min_messages = warning;
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('ok', 'bad');
CREATE TABLE app.person (id int PRIMARY KEY, mail text, age text, m app.mood DEFAULT 'ok', boss int REFERENCES app.person);
CREATE TABLE app.visit (person_id int, at date) PARTITION BY RANGE (at);
CREATE TABLE app.visit_old PARTITION OF app.visit FOR VALUES FROM ('2000-01-01') TO ('2025-01-01');
CREATE TABLE app.visit_new PARTITION OF app.visit DEFAULT;
CREATE VIEW app.mails AS SELECT id, mail FROM app.person;
CREATE INDEX person_mail ON app.person (mail);
INSERT INTO app.person SELECT i, 'p' || i % 5, i, 'bad', nullif(i - 1, 0) FROM generate_series(1, 10) i;
INSERT INTO app.visit SELECT i, '2024-12-28'::date + i FROM generate_series(1, 10) i;
SELECT pqengine.fingerprint('{app}') AS before \gset

-- A plan that is right.
\set models 'CREATE SCHEMA app; SET search_path = app; CREATE TYPE mood AS ENUM (''bad'', ''ok''); CREATE TABLE person (id bigint PRIMARY KEY, mail text NOT NULL, age int CHECK (age > 0), m mood DEFAULT ''ok'', boss bigint REFERENCES person); CREATE TABLE visit (person_id bigint, at date, note text) PARTITION BY RANGE (at); CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (''2000-01-01'') TO (''2025-01-01''); CREATE TABLE visit_new PARTITION OF visit DEFAULT; CREATE VIEW mails AS SELECT id, mail FROM person; CREATE INDEX person_mail ON person (mail DESC);'
SELECT * FROM pqengine.prove(:'models');
SELECT * FROM pqengine.prove(:'models', 100);
SELECT * FROM pqengine.prove(:'models', 3);
-- nothing to do is proven as well
SELECT * FROM pqengine.prove(pqengine.export('{app}'), 100, '{"owners": "all", "privileges": "all"}');

-- Right by itself, but not with the rows: the step at fault and the server's message.
\set unique 'CREATE UNIQUE INDEX person_mail ON person (mail);'
SELECT * FROM pqengine.prove(replace(:'models', 'CREATE INDEX person_mail ON person (mail DESC);', :'unique'));
SELECT * FROM pqengine.prove(replace(:'models', 'CREATE INDEX person_mail ON person (mail DESC);', :'unique'), 100);
SELECT * FROM pqengine.prove(replace(:'models', 'CHECK (age > 0)', 'CHECK (age > 1)'), 100);
SELECT * FROM pqengine.prove(replace(:'models', 'mood AS ENUM (''bad'', ''ok'')', 'mood AS ENUM (''ok'', ''good'')'), 100);
SELECT * FROM pqengine.prove(replace(:'models', 'boss bigint REFERENCES person', 'boss bigint NOT NULL REFERENCES person'), 100);

-- Models that are wrong are an error, as in plan.
SELECT * FROM pqengine.prove(E'-- pqengine:file a.sql\n\nCREATE TABLE app.person (id nosuch)');
SELECT * FROM pqengine.prove('', -1);
SELECT * FROM pqengine.prove('', 0, '{"unknown": 1}');
SELECT pqengine.fingerprint('{app}') = :'before' AS unchanged;

-- A foreign key of a partitioned table, which the server does not let be NOT VALID.
ALTER TABLE app.visit ADD FOREIGN KEY (person_id) REFERENCES app.person;
SELECT * FROM pqengine.prove(:'models', 100);
SELECT * FROM pqengine.prove(replace(:'models', 'person_id bigint, at', 'person_id bigint REFERENCES person, at'), 100);
ALTER TABLE app.visit DROP CONSTRAINT visit_person_id_fkey;

-- Nothing has changed, and nothing is held.
SELECT count(*), min(age), max(m) FROM app.person;
SELECT count(*) FROM app.visit;
SELECT nspname FROM pg_namespace WHERE nspname ~ 'swap|scratch|^app' ORDER BY 1;
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relation >= 16384);
SHOW search_path;

-- And what was proven does run.
\set ECHO none
SELECT statement FROM pqengine.plan(:'models', '{"concurrently": false}') ORDER BY seq \gexec
\set ECHO all
SELECT * FROM pqengine.drift(:'models');
SELECT count(*), sum(age), max(m) FROM app.person;
DROP SCHEMA app CASCADE;

-- statements written by hand
CREATE SCHEMA by_hand;
CREATE TABLE by_hand.t (id int, name text);
INSERT INTO by_hand.t VALUES (1, NULL);
SELECT * FROM pqengine.prove_statements('{ALTER TABLE by_hand.t ADD COLUMN a int,UPDATE by_hand.t SET a = 1}', '{t,t}');
SELECT * FROM pqengine.prove_statements(
	'{SELECT 1,"ALTER TABLE by_hand.t ALTER name SET NOT NULL","ALTER TABLE by_hand.t DROP COLUMN b"}', '{t,t,t}');
SELECT * FROM pqengine.prove_statements('{ALTER TABLE by_hand.t ALTER name SET NOT NULL}', '{t}', 5);
-- in their plain form, or not at all
SELECT * FROM pqengine.prove_statements(
	'{"CREATE INDEX concurrently i ON by_hand.t (name)","DROP INDEX /* concurrently */ CONCURRENTLY by_hand.i",VACUUM by_hand.t,REINDEX INDEX CONCURRENTLY by_hand.i}',
	'{f,f,f,f}');
-- a new enum value is used in the transaction that adds it, or in the next one
SELECT * FROM pqengine.prove_statements(
	'{"CREATE TYPE by_hand.e AS ENUM (''a'')","CREATE TABLE by_hand.u (e by_hand.e)","ALTER TYPE by_hand.e ADD VALUE ''b''","INSERT INTO by_hand.u VALUES (''b'')"}',
	'{t,t,f,t}');
-- the search_path is that of the role
SELECT * FROM pqengine.prove_statements('{CREATE TABLE plain (),"COMMENT ON TABLE public.plain IS ''x''"}', '{t,t}');
SELECT * FROM pqengine.prove_statements('{}', '{}');
SELECT * FROM pqengine.prove_statements('{SELECT 1}', '{t,t}');
SELECT * FROM pqengine.prove_statements('{SELECT 1; SELECT 2}', '{t}');
SELECT * FROM pqengine.prove_statements('{SELECT 1}', '{t}', -1);
SELECT * FROM pqengine.migration_prove('{1,2}', ARRAY['SELECT 1;', E'SELECT 2;\n\nSELECT nosuch FROM by_hand.t;']);
-- nothing of it is left
SELECT * FROM by_hand.t;
SELECT to_regclass('plain'), to_regclass('by_hand.u');
DROP SCHEMA by_hand CASCADE;

-- An extension that goes: what lies aside lets go of it, what stays in sight does not.
CREATE SCHEMA app;
CREATE EXTENSION citext SCHEMA public;
CREATE EXTENSION hstore SCHEMA public;
CREATE TABLE app.t (a public.hstore);
\set models 'CREATE SCHEMA app; CREATE EXTENSION citext SCHEMA public; CREATE TABLE app.t (a text);'
SELECT * FROM pqengine.prove(:'models', 0, '{"allow_drop": true, "schemas": ["app"]}');
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
SELECT * FROM pqengine.prove_statements('{DROP EXTENSION file_fdw}', '{t}');
SELECT * FROM pqengine.prove_statements('{DROP SERVER files,DROP EXTENSION file_fdw}', '{t,t}');
SELECT count(*) FROM pg_depend WHERE refclassid = 'pg_type'::regclass AND refobjid = 'public.hstore'::regtype AND classid = 'pg_class'::regclass;
DROP SCHEMA app CASCADE;
DROP EXTENSION citext, hstore, file_fdw CASCADE;

-- A body that the server refuses to a session of the caller's, though models are built without the check.
SELECT * FROM pqengine.prove($$CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'selec 1'$$);
SELECT * FROM pqengine.prove($$CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select i from nowhere'$$);
SELECT * FROM pqengine.prove($$CREATE TABLE t (i int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select i from t'$$);
SELECT * FROM pqengine.prove_statements('{CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''selec 1''}', '{t}');
