--
-- A realization leaves no trace in the session: settings, role, locks,
-- snapshots, open transactions and event triggers.
--
SET client_min_messages = warning;
CREATE SCHEMA app;
CREATE TABLE app.t (i int);
\set model 'CREATE TABLE app.t (i int, d date DEFAULT ''2024-03-02'', x interval DEFAULT ''1 day 2 hours'')'
\set wrong 'CREATE TABLE app.t (i int, d nosuch)'

-- The caller's settings do not get into the plan, nor the engine's into the session.
CREATE VIEW app_settings AS SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'plpgsql.%';
SELECT statement FROM pqengine.plan(:'model');
BEGIN;
SET LOCAL search_path = app, pg_catalog;
SET LOCAL DateStyle = 'SQL, DMY';
SET LOCAL IntervalStyle = iso_8601;
SET LOCAL quote_all_identifiers = on;
SET LOCAL extra_float_digits = -15;
SET LOCAL default_table_access_method = heap;
SET LOCAL check_function_bodies = on;
SET LOCAL standard_conforming_strings = on;
CREATE TEMP TABLE before ON COMMIT DROP AS TABLE public.app_settings;
SELECT statement FROM pqengine.plan(:'model');
SELECT * FROM pqengine.drift(:'model');
SELECT length(pqengine.export('{app}')) > 0 AS exported;
TABLE public.app_settings EXCEPT TABLE before;
SAVEPOINT s;
SELECT * FROM pqengine.plan(:'wrong');
ROLLBACK TO s;
TABLE public.app_settings EXCEPT TABLE before;
DO $$
BEGIN
	PERFORM pqengine.plan('CREATE TABLE app.t (i nosuch)');
EXCEPTION WHEN undefined_object THEN
	RAISE WARNING 'caught: %', SQLERRM;
END $$;
TABLE public.app_settings EXCEPT TABLE before;
-- the transaction goes on, and holds no lock but on catalogs that it read
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory';
SELECT mode, relation::regclass FROM pg_locks
	WHERE pid = pg_backend_pid() AND relation IN (SELECT oid FROM pg_class WHERE relnamespace = 'app'::regnamespace);
INSERT INTO app.t VALUES (1);
COMMIT;
TABLE app.t;
DROP VIEW app_settings;

-- The role stays the caller's.
CREATE ROLE regress_settings;
GRANT CREATE ON DATABASE :DBNAME TO regress_settings;
ALTER SCHEMA app OWNER TO regress_settings;
SET ROLE regress_settings;
SELECT statement FROM pqengine.plan(:'model');
SELECT * FROM pqengine.plan(:'wrong');
SELECT current_user;
RESET ROLE;
SELECT current_user = session_user AS reset;

-- What the transaction itself has done is seen; its cursors, locks and deferred events survive.
BEGIN;
ALTER TABLE app.t ADD k int;
CREATE TABLE app.d (i int UNIQUE DEFERRABLE INITIALLY DEFERRED);
INSERT INTO app.d VALUES (1), (1);
DECLARE c CURSOR FOR SELECT generate_series(1, 3);
FETCH c;
LOCK TABLE app.t IN ACCESS EXCLUSIVE MODE;
SELECT statement FROM pqengine.plan('CREATE TABLE app.t (i int); CREATE TABLE app.d (i int)', '{"concurrently": false}');
FETCH c;
SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = 'app.t'::regclass AND mode = 'AccessExclusiveLock';
COMMIT;
\d app.t

-- Isolation levels, and transactions that may not write.
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM pqengine.plan(:'model');
COMMIT;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM pqengine.drift(:'model');
COMMIT;
BEGIN READ ONLY;
SELECT pqengine.export('{app}');
SELECT pqengine.fingerprint('{app}') IS NOT NULL AS fingerprint;
SELECT count(*) FROM pqengine.plan('CREATE TABLE app.t (i int, never_seen int)');
ROLLBACK;
BEGIN READ ONLY;
SELECT count(*) FROM pqengine.ensure_tables('CREATE TABLE app.t (i int, never_seen int)');
ROLLBACK;

-- Cut short by the statement timeout: the function is called while the partition's bound is evaluated.
SET statement_timeout = '100ms';
DO $do$
BEGIN
	PERFORM pqengine.plan($$
		CREATE FUNCTION app.slow() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'begin perform pg_sleep(600); return 1; end';
		CREATE TABLE app.p (i int) PARTITION BY RANGE (i);
		CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (app.slow()) TO (9)$$);
EXCEPTION WHEN query_canceled THEN
	RAISE WARNING 'cancelled';
END $do$;
RESET statement_timeout;
SELECT nspname FROM pg_namespace WHERE nspname ~ 'swap|^app';
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relation >= 16384);
SHOW search_path;

-- More than one in a statement.
SELECT m, p.statement FROM (VALUES ('CREATE TABLE app.t (i int, j int)'), ('CREATE TABLE app.t (i int, k int)')) m(m), LATERAL pqengine.plan(m) p;

-- Event triggers see nothing of it, and do what they do afterwards.
CREATE FUNCTION app_event() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'seen: % %', tg_event, tg_tag; END$$;
CREATE EVENT TRIGGER regress_app_start ON ddl_command_start EXECUTE FUNCTION app_event();
CREATE EVENT TRIGGER regress_app_end ON ddl_command_end EXECUTE FUNCTION app_event();
CREATE EVENT TRIGGER regress_app_drop ON sql_drop EXECUTE FUNCTION app_event();
CREATE EVENT TRIGGER regress_app_rewrite ON table_rewrite EXECUTE FUNCTION app_event();
ALTER EVENT TRIGGER regress_app_end ENABLE ALWAYS;
SELECT action, object FROM pqengine.plan($$
	CREATE TABLE app.t (i int);
	ALTER TABLE app.t ADD COLUMN j int;
	ALTER TABLE app.t DROP COLUMN i;
	ALTER TABLE app.t ALTER COLUMN j TYPE text USING j::text;
	CREATE TABLE app.a (i int PRIMARY KEY);
	SELECT pqengine.many_to_many('app.a', 'app.b');
	CREATE TABLE app.b (i int PRIMARY KEY);
	CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS one$$);
SET ROLE regress_settings;
SELECT action, object FROM pqengine.plan('CREATE TABLE app.t (i int)');
RESET ROLE;
CREATE TABLE app.x ();
SELECT evtname, evtenabled FROM pg_event_trigger WHERE evtname LIKE 'regress%' ORDER BY 1;
DROP EVENT TRIGGER regress_app_start;
DROP EVENT TRIGGER regress_app_end;
DROP EVENT TRIGGER regress_app_drop;
DROP EVENT TRIGGER regress_app_rewrite;
DROP FUNCTION app_event;

DROP SCHEMA app CASCADE;
REVOKE ALL ON DATABASE :DBNAME FROM regress_settings;
DROP ROLE regress_settings;
