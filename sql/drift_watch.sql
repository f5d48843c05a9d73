-- the drift watch: who changed what outside a migration

CREATE ROLE regress_pqe_dev;
CREATE SCHEMA watched AUTHORIZATION regress_pqe_dev;
CREATE VIEW log AS
	SELECT changed_by, command, kind, object, dropped, migration FROM pqengine.ddl_log ORDER BY id;

-- off by default, and for superusers
CREATE TABLE watched.early ();
SELECT count(*) FROM pqengine.ddl_log;
SET ROLE regress_pqe_dev;
SELECT pqengine.watch_drift();
RESET ROLE;

SELECT pqengine.watch_drift();
SET ROLE regress_pqe_dev;
CREATE TABLE watched.users (id int PRIMARY KEY, name text, age int);
CREATE INDEX CONCURRENTLY users_name_idx ON watched.users (name);
ALTER TABLE watched.users DROP COLUMN age;
DROP INDEX watched.users_name_idx;
COMMENT ON COLUMN watched.users.name IS 'a name';
GRANT SELECT ON watched.users TO PUBLIC;
CREATE TABLE watched.gone ();
RESET ROLE;
DROP TABLE watched.gone;

-- what changes no schema, or no lasting one
CREATE TEMPORARY TABLE passing (id int PRIMARY KEY);
DROP TABLE passing;
CREATE MATERIALIZED VIEW watched.mv AS SELECT 1 AS one;
REFRESH MATERIALIZED VIEW watched.mv;
DROP MATERIALIZED VIEW watched.mv;
SELECT * FROM log;

-- a realization is nobody's change
TRUNCATE pqengine.ddl_log;
SELECT change, kind, object, changed_by, command, migration FROM pqengine.drift_by(
	'CREATE SCHEMA watched; CREATE TABLE watched.users (id int PRIMARY KEY, name text, age int)');
SELECT * FROM log;

-- what was done by pqengine itself says so
SELECT * FROM pqengine.ensure_tables('CREATE TABLE watched.made (id int)');
BEGIN;
SELECT set_config('pqengine.migration', '20250101_migration', true);
CREATE TABLE watched.migrated (id int);
COMMIT;
CREATE TABLE watched.by_hand (id int);
SELECT * FROM log;

-- drift says by whom
SET ROLE regress_pqe_dev;
ALTER TABLE watched.users ADD COLUMN email text, ALTER COLUMN name SET NOT NULL;
ALTER TABLE watched.users ADD CONSTRAINT named CHECK (name <> '');
ALTER TABLE watched.users DROP CONSTRAINT users_pkey;
CREATE INDEX fast ON watched.users (name);
RESET ROLE;
ALTER TABLE watched.users DROP CONSTRAINT named;
DROP TABLE watched.made;
SELECT change, kind, object, property, changed_by, command, migration FROM pqengine.drift_by($$
	CREATE SCHEMA watched;
	CREATE TABLE watched.early ();
	CREATE TABLE watched.users (id int PRIMARY KEY, name text CONSTRAINT named CHECK (name <> ''));
	CREATE TABLE watched.made (id int);
	CREATE TABLE watched.migrated (id bigint);
$$);
-- the watch is no drift, nor a model
SELECT count(*) FROM pqengine.drift(pqengine.export(), '{"schemas": ["*"]}');
SELECT pqengine.export() ~ 'pqengine_watch' AS exported;

-- who may not read the log sees the drift all the same
GRANT CREATE ON DATABASE :DBNAME TO regress_pqe_dev;
SET ROLE regress_pqe_dev;
SELECT change, kind, object, changed_by FROM pqengine.drift_by('CREATE TABLE watched.users (id int)',
	'{"ignore": [{"kind": "table", "name": "watched.[!u]*"}]}') LIMIT 1;
RESET ROLE;

-- it is bounded
TRUNCATE pqengine.ddl_log;
INSERT INTO pqengine.ddl_log (changed_by, command, dropped) SELECT 'x', 'y', false FROM generate_series(1, 10200);
DO $$
BEGIN
	FOR i IN 1..50 LOOP
		COMMENT ON TABLE watched.users IS 'one';
		COMMENT ON TABLE watched.users IS 'two';
	END LOOP;
END $$;
SELECT count(*) BETWEEN 10000 AND 10100 AS bounded FROM pqengine.ddl_log;

-- DDL does not fail of it
TRUNCATE pqengine.ddl_log;
ALTER TABLE pqengine.ddl_log ADD CONSTRAINT full_up CHECK (false);
CREATE TABLE watched.still_made ();
ALTER TABLE pqengine.ddl_log DROP CONSTRAINT full_up;
BEGIN;
ALTER TABLE pqengine.ddl_log RENAME TO lost;
ALTER TABLE watched.still_made ADD COLUMN a int;
ROLLBACK;
SELECT to_regclass('watched.still_made');
TRUNCATE pqengine.ddl_log;

-- dropping the extension is held up by the event triggers, and takes them along
BEGIN;
DROP VIEW log;
DROP EXTENSION pqengine;
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = warning;
DROP EXTENSION pqengine CASCADE;
CREATE TABLE watched.unwatched ();
SELECT count(*) FROM pg_event_trigger WHERE evtname LIKE 'pqengine%';
ROLLBACK;

SELECT pqengine.watch_drift(false);
SELECT pqengine.watch_drift(false);
TRUNCATE pqengine.ddl_log;
CREATE TABLE watched.late ();
SELECT * FROM log;

DROP VIEW log;
SET client_min_messages = error;
DROP SCHEMA watched CASCADE;
REVOKE ALL ON DATABASE :DBNAME FROM regress_pqe_dev;
DROP ROLE regress_pqe_dev;
