--
-- What models want is kept from one call to the next, and is believed only
-- where nothing that it depends on has changed.
--
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_snapshot;
DELETE FROM pqengine.snapshot;
CREATE SCHEMA app;
CREATE SCHEMA beside;
CREATE TABLE beside.source (i int);
CREATE TABLE app.t (i int);
\set models 'CREATE SCHEMA app; CREATE TABLE app.t (i int); CREATE VIEW app.v AS SELECT i FROM beside.source;'

-- The first call builds; the next ones write nothing, and can do without writing.
SELECT change, kind, object FROM pqengine.drift(:'models');
SELECT count(*) FROM pqengine.snapshot;
BEGIN READ ONLY;
SELECT change, kind, object FROM pqengine.drift(:'models');
SELECT statement FROM pqengine.plan(:'models');
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
COMMIT;
SELECT statement FROM pqengine.plan(:'models') \gexec
SELECT * FROM pqengine.drift(:'models');
BEGIN READ ONLY;
SELECT * FROM pqengine.drift(:'models');
SELECT pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
COMMIT;
-- other options are other facts
SELECT count(*) FROM pqengine.drift(:'models', '{"owners": "all"}');
SELECT count(*) FROM pqengine.snapshot;

-- A change of the database shows at once, whoever made it and wherever.
ALTER TABLE app.t ADD j int;
SELECT change, kind, object FROM pqengine.drift(:'models');
BEGIN;
ALTER TABLE app.t DROP j;
SELECT change, kind, object FROM pqengine.drift(:'models');
ALTER TABLE app.t ADD k int;
SELECT change, kind, object FROM pqengine.drift(:'models');
ROLLBACK;
SELECT change, kind, object FROM pqengine.drift(:'models');
ALTER TABLE app.t DROP j;
SELECT * FROM pqengine.drift(:'models');

-- What the models lean on changes, though it is not theirs: a table, a function, an extension, an owner.
DROP VIEW app.v;
ALTER TABLE beside.source ALTER i TYPE bigint;
CREATE VIEW app.v AS SELECT i FROM beside.source;
SELECT * FROM pqengine.drift(:'models');
DROP VIEW app.v;
DROP TABLE beside.source;
SELECT * FROM pqengine.drift(:'models');
CREATE TABLE beside.source (i int);
CREATE VIEW app.v AS SELECT i FROM beside.source;
SELECT * FROM pqengine.drift(:'models');
ALTER SCHEMA beside RENAME TO elsewhere;
SELECT * FROM pqengine.drift(:'models');
ALTER SCHEMA elsewhere RENAME TO beside;
SELECT * FROM pqengine.drift(:'models');
ALTER SCHEMA app OWNER TO regress_snapshot;
SELECT kind, object FROM pqengine.drift('CREATE TABLE app.t (i int); CREATE VIEW app.v AS SELECT i FROM beside.source', '{"owners": "all"}') ORDER BY 2;
ALTER SCHEMA app OWNER TO CURRENT_USER;
SELECT kind, object FROM pqengine.drift('CREATE TABLE app.t (i int); CREATE VIEW app.v AS SELECT i FROM beside.source', '{"owners": "all"}') ORDER BY 2;

-- A row that is broken is an error that says what to do about it; nothing else comes of it.
UPDATE pqengine.snapshot SET clean = NULL, facts = '\x00ffffff';
SELECT * FROM pqengine.drift(:'models');
DELETE FROM pqengine.snapshot;
SELECT * FROM pqengine.drift(:'models');

-- Nobody can put facts into another role's plans: here those of other models, under the right key and in the right surroundings.
CREATE TABLE beside.kept AS SELECT * FROM pqengine.snapshot WITH NO DATA;
GRANT USAGE ON SCHEMA beside TO regress_snapshot;
GRANT SELECT ON beside.kept TO regress_snapshot;
GRANT ALL ON pqengine.snapshot TO regress_snapshot;
DELETE FROM pqengine.snapshot;
SELECT kind, object FROM pqengine.drift('CREATE SCHEMA app; CREATE TABLE app.t (i int)');
INSERT INTO beside.kept SELECT * FROM pqengine.snapshot;
DELETE FROM pqengine.snapshot;
SELECT * FROM pqengine.drift(:'models');
UPDATE beside.kept SET key = s.key FROM pqengine.snapshot s;
DELETE FROM pqengine.snapshot;
SET ROLE regress_snapshot;
INSERT INTO pqengine.snapshot (key, schemas, environment, clean, facts) SELECT key, schemas, environment, clean, facts FROM beside.kept;
RESET ROLE;
SELECT * FROM pqengine.drift(:'models');
SELECT * FROM pqengine.drift(:'models');
SET ROLE regress_snapshot;
UPDATE pqengine.snapshot s SET clean = NULL, facts = k.facts FROM beside.kept k WHERE s.key = k.key;
RESET ROLE;
SELECT * FROM pqengine.drift(:'models');
REVOKE ALL ON pqengine.snapshot FROM regress_snapshot;

-- A role that may not write here does without.
ALTER SCHEMA app OWNER TO regress_snapshot;
ALTER TABLE app.t OWNER TO regress_snapshot;
GRANT CREATE ON DATABASE :"DBNAME" TO regress_snapshot;
GRANT SELECT ON beside.source TO regress_snapshot;
SET ROLE regress_snapshot;
SELECT * FROM pqengine.drift(:'models');
SELECT * FROM pqengine.drift(:'models');
RESET ROLE;

-- Functions that somebody else has put on the way are not called.
CREATE FUNCTION public.md5(text) RETURNS text LANGUAGE plpgsql AS 'begin raise exception ''called as %'', current_user; end';
CREATE FUNCTION public.concat_ws(text, name, name, aclitem[], text) RETURNS text LANGUAGE plpgsql AS 'begin raise exception ''called as %'', current_user; end';
CREATE FUNCTION public.concat_ws(text, name, text, name) RETURNS text LANGUAGE plpgsql AS 'begin raise exception ''called as %'', current_user; end';
CREATE FUNCTION public.format(text, name, name) RETURNS text LANGUAGE plpgsql AS 'begin raise exception ''called as %'', current_user; end';
CREATE FUNCTION public.format(text, oid, xid) RETURNS text LANGUAGE plpgsql AS 'begin raise exception ''called as %'', current_user; end';
CREATE FUNCTION public.same(oid, oid) RETURNS bool LANGUAGE plpgsql AS 'begin raise exception ''called as %'', current_user; end';
CREATE OPERATOR public.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = public.same);
CREATE FUNCTION public.differs(name, text) RETURNS bool LANGUAGE plpgsql AS 'begin raise exception ''called as %'', current_user; end';
CREATE OPERATOR public.<> (LEFTARG = name, RIGHTARG = text, FUNCTION = public.differs);
DELETE FROM pqengine.snapshot;
SET search_path = public, pg_catalog;
SELECT * FROM pqengine.drift(:'models');
SELECT * FROM pqengine.drift(:'models');
SELECT statement FROM pqengine.plan(:'models');
SELECT * FROM pqengine.ensure_tables(:'models');
SELECT pg_catalog.length(pqengine.export('{app}')) OPERATOR(pg_catalog.>) 0, pqengine.fingerprint('{app}') IS NOT NULL, pqengine.fingerprint() IS NOT NULL;
RESET search_path;
DROP OPERATOR public.= (oid, oid);
DROP OPERATOR public.<> (name, text);
DROP FUNCTION public.md5, public.concat_ws(text, name, name, aclitem[], text), public.concat_ws(text, name, text, name), public.format(text, name, name), public.format(text, oid, xid), public.same, public.differs;

-- Kept facts of kinds that the database has nothing of, and whose queries the session has not run.
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
\set rare 'CREATE SCHEMA app; CREATE TABLE app.r (i int, j text); CREATE POLICY p ON app.r; CREATE STATISTICS app.s ON i, j FROM app.r; CREATE COLLATION app.c (LOCALE = ''C'');'
SELECT kind, object FROM pqengine.drift(:'rare') ORDER BY 1, 2;
\c -
SET client_min_messages = warning;
SELECT kind, object FROM pqengine.drift(:'rare') ORDER BY 1, 2;

DROP SCHEMA app CASCADE;
DROP SCHEMA beside CASCADE;
REVOKE ALL ON DATABASE :"DBNAME" FROM regress_snapshot;
DROP ROLE regress_snapshot;
