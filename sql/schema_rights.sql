--
-- Who may do what: a database's owner needs to be no superuser; whoever lacks
-- a right is told which.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_owner;
CREATE ROLE regress_dev;
CREATE ROLE regress_reader;
SELECT current_database() AS database, current_user AS superuser \gset
-- the name of the database is not the test's to know
CREATE FUNCTION tools.refused(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	EXECUTE call;
	RETURN 'accepted';
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN replace(concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, detail, hint), quote_ident(current_database()), 'DB');
END $$;
GRANT ALL ON SCHEMA tools TO PUBLIC;

-- A role that may create schemas, and owns its own.
GRANT CREATE ON DATABASE :"database" TO regress_owner;
SET ROLE regress_owner;
SELECT tools.migrate($$
CREATE SCHEMA app;
CREATE EXTENSION pgcrypto SCHEMA app;
SET search_path = app;
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE TABLE t (id serial PRIMARY KEY, m mood, secret text DEFAULT gen_random_uuid()::text);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql SECURITY DEFINER AS 'begin return 1; end';
CREATE VIEW v AS SELECT digest(secret, 'sha256') AS d FROM t;
CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM t;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t TO regress_dev USING (true);
GRANT SELECT ON t, v TO regress_dev;
COMMENT ON TABLE t IS 'mine';
CREATE SCHEMA app2;
CREATE TABLE app2.r (t_id int REFERENCES t);
$$);
SELECT tools.migrate($$
CREATE SCHEMA app;
CREATE EXTENSION pgcrypto SCHEMA app;
SET search_path = app;
CREATE TYPE mood AS ENUM ('b', 'a');
CREATE TABLE t (id bigserial PRIMARY KEY, m mood, secret text);
CREATE FUNCTION f() RETURNS bigint LANGUAGE plpgsql AS 'begin return 1; end';
CREATE VIEW v AS SELECT digest(secret, 'sha512') AS d FROM t;
CREATE SCHEMA app2;
CREATE TABLE app2.r (t_id bigint REFERENCES t);
$$);
SELECT tools.refused($$SELECT * FROM pqengine.ensure_tables('CREATE SCHEMA app2; CREATE TABLE app2.more (i int)')$$);
SELECT length(pqengine.export()) > 0, pqengine.fingerprint() IS NOT NULL;
-- members of the extension stay where they are, and whose they are
RESET ROLE;
SELECT pg_get_userbyid(proowner) = :'superuser' AS owner_kept, pronamespace::regnamespace FROM pg_proc WHERE proname = 'digest' ORDER BY oid LIMIT 1;

-- Without CREATE on the database.
SET ROLE regress_dev;
SELECT tools.refused($$SELECT * FROM pqengine.plan('CREATE TABLE app.t (i int)')$$);
SELECT tools.refused($$SELECT * FROM pqengine.drift('CREATE TABLE app.t (i int)')$$);
SELECT tools.refused($$SELECT * FROM pqengine.ensure_tables('CREATE TABLE app.t (i int)')$$);
SELECT length(pqengine.export()) > 0, pqengine.fingerprint() IS NOT NULL;
-- Without rights on the schema.
RESET ROLE;
GRANT CREATE ON DATABASE :"database" TO regress_dev;
SET ROLE regress_dev;
SELECT tools.refused($$SELECT * FROM pqengine.plan('CREATE TABLE app.t (i int)')$$);
SELECT tools.refused($$SELECT * FROM pqengine.plan('CREATE TABLE t (i int)')$$);
-- A member of the owner may.
RESET ROLE;
GRANT regress_owner TO regress_dev;
SET ROLE regress_dev;
SELECT tools.refused($$SELECT * FROM pqengine.plan('CREATE TABLE app.t (i int)')$$);
RESET ROLE;
REVOKE regress_owner FROM regress_dev;
-- Objects of others in one's own schema are read like all others; a plan for them needs the rights when it is run.
CREATE SCHEMA app3 AUTHORIZATION regress_dev;
CREATE TABLE app3.theirs (i int);
SET ROLE regress_dev;
SELECT statement FROM pqengine.plan('CREATE TABLE app3.theirs (i int, j int)');
SELECT * FROM pqengine.drift('CREATE TABLE app3.theirs (i int)');
SELECT tools.refused($$SELECT * FROM pqengine.ensure_tables('CREATE TABLE app3.mine (i int); CREATE TABLE app3.theirs (i int)')$$);

-- Building a model gives nobody a right that the statement itself would not give.
SELECT tools.refused(format('SELECT * FROM pqengine.plan(%L)', models)) FROM unnest(ARRAY[
	$$CREATE FUNCTION app3.c() RETURNS int LANGUAGE c AS 'nowhere', 'nothing'$$,
	$$CREATE EVENT TRIGGER regress_x ON sql_drop EXECUTE FUNCTION app3.e(); CREATE FUNCTION app3.e() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end'$$,
	$$GRANT SELECT ON pg_catalog.pg_authid TO regress_dev$$,
	$$CREATE TABLE app3.mine (i int); ALTER TABLE app3.mine OWNER TO regress_reader$$,
	$$ALTER DEFAULT PRIVILEGES FOR ROLE regress_reader GRANT SELECT ON TABLES TO regress_dev$$,
	$$CREATE TABLE app3.mine (i int REFERENCES app2.r (t_id))$$,
	$$CREATE VIEW app3.v AS SELECT * FROM app2.r$$,
	$$CREATE EXTENSION file_fdw SCHEMA app3$$,
	$$ALTER TABLE app2.r ADD x int$$,
	$$SECURITY LABEL ON TABLE app3.theirs IS 'x'$$
]) models;
-- a function of a model runs as the caller, whatever it says
SELECT tools.refused($$SELECT * FROM pqengine.plan('CREATE FUNCTION app3.evil() RETURNS int IMMUTABLE LANGUAGE plpgsql AS ''begin raise exception ''''as %'''', current_user; end''; CREATE TABLE app3.p (i int) PARTITION BY LIST (i); CREATE TABLE app3.p1 PARTITION OF app3.p FOR VALUES IN (app3.evil())')$$);
RESET ROLE;

-- Owners and privileges: compared where the models state them, or for all, or never.
DROP SCHEMA app3 CASCADE;
CREATE SCHEMA app3;
GRANT USAGE ON SCHEMA app3 TO regress_reader;
CREATE TABLE app3.a (i int);
CREATE TABLE app3.b (i int);
ALTER TABLE app3.b OWNER TO regress_owner;
GRANT SELECT ON app3.a, app3.b TO regress_dev;
GRANT UPDATE (i) ON app3.a TO regress_dev;
\set models 'CREATE SCHEMA app3; CREATE TABLE app3.a (i int); CREATE TABLE app3.b (i int); GRANT SELECT ON app3.a TO regress_reader; ALTER TABLE app3.a OWNER TO regress_owner;'
SELECT kind, object, property FROM pqengine.drift(:'models');
SELECT kind, object, property FROM pqengine.drift(:'models', '{"owners": "none", "privileges": "none"}');
SELECT kind, object, property FROM pqengine.drift(:'models', '{"owners": "all", "privileges": "all"}');
SELECT statement, hazards FROM pqengine.plan(:'models') ORDER BY seq;
SELECT tools.migrate(:'models', '{"schemas": ["app3"]}');
SELECT relname, pg_get_userbyid(relowner) = 'regress_owner' AS owned, relacl::text LIKE '%regress_reader=r%' AS reader, relacl::text LIKE '%regress_dev=%' AS dev FROM pg_class WHERE relnamespace = 'app3'::regnamespace ORDER BY 1;

-- Default privileges: what they give a new object is part of its rights.
ALTER DEFAULT PRIVILEGES IN SCHEMA app3 GRANT SELECT ON TABLES TO regress_reader;
\set models 'CREATE SCHEMA app3; CREATE TABLE app3.c (i int); GRANT INSERT ON app3.c TO regress_dev;'
SELECT statement FROM pqengine.plan(:'models', '{"ignore": [{"name": "app3.a"}, {"name": "app3.b"}]}') ORDER BY seq;
SELECT tools.migrate(:'models', '{"privileges": "all", "ignore": [{"name": "*app3.a"}, {"name": "*app3.b"}, {"name": "SCHEMA app3"}]}');

-- what somebody else has granted goes with the right to grant it
DROP SCHEMA app3 CASCADE;
CREATE SCHEMA app3;
CREATE TABLE app3.a (i int, j int);
GRANT USAGE ON SCHEMA app3 TO regress_dev;
GRANT SELECT, UPDATE ON app3.a TO regress_dev WITH GRANT OPTION;
GRANT UPDATE (j) ON app3.a TO regress_dev;
GRANT DELETE ON app3.a TO regress_reader;
SET ROLE regress_dev;
GRANT SELECT, UPDATE ON app3.a TO regress_reader;
RESET ROLE;
\set models 'CREATE SCHEMA app3; CREATE TABLE app3.a (i int, j int); GRANT USAGE ON SCHEMA app3 TO regress_dev; GRANT UPDATE, INSERT ON app3.a TO regress_dev; GRANT SELECT (i) ON app3.a TO regress_dev; GRANT DELETE, SELECT ON app3.a TO regress_reader;'
SELECT statement FROM pqengine.plan(:'models', '{"schemas": ["app3"], "privileges": "all"}') ORDER BY seq;
SELECT tools.migrate(:'models', '{"schemas": ["app3"], "privileges": "all"}');

-- and so do privileges on columns, where nobody else has granted one on the table
DROP SCHEMA app3 CASCADE;
CREATE SCHEMA app3;
CREATE TABLE app3.a (i int, j int);
GRANT USAGE ON SCHEMA app3 TO regress_dev;
GRANT SELECT (i), UPDATE (j) ON app3.a TO regress_dev WITH GRANT OPTION;
SET ROLE regress_dev;
GRANT SELECT (i), UPDATE (j) ON app3.a TO regress_reader;
RESET ROLE;
\set models 'CREATE SCHEMA app3; CREATE TABLE app3.a (i int, j int); GRANT USAGE ON SCHEMA app3 TO regress_dev; GRANT UPDATE (j) ON app3.a TO regress_dev;'
SELECT statement FROM pqengine.plan(:'models', '{"schemas": ["app3"], "privileges": "all"}') ORDER BY seq;
SELECT tools.migrate(:'models', '{"schemas": ["app3"], "privileges": "all"}');

-- unless who has granted it is the owner by then
DROP SCHEMA app3 CASCADE;
CREATE SCHEMA app3;
CREATE TABLE app3.a (i int, j int);
GRANT USAGE ON SCHEMA app3 TO regress_owner, regress_dev;
GRANT SELECT, UPDATE ON app3.a TO regress_owner WITH GRANT OPTION;
GRANT SELECT ON app3.a TO regress_dev WITH GRANT OPTION;
SET ROLE regress_owner;
GRANT SELECT, UPDATE (j) ON app3.a TO regress_reader;
SET ROLE regress_dev;
GRANT SELECT ON app3.a TO regress_reader;
RESET ROLE;
\set models 'CREATE SCHEMA app3; CREATE TABLE app3.a (i int, j int); GRANT USAGE ON SCHEMA app3 TO regress_owner, regress_dev; ALTER TABLE app3.a OWNER TO regress_owner; GRANT SELECT ON app3.a TO regress_dev;'
SELECT statement FROM pqengine.plan(:'models', '{"schemas": ["app3"], "owners": "all", "privileges": "all"}') ORDER BY seq;
SELECT tools.migrate(:'models', '{"schemas": ["app3"], "owners": "all", "privileges": "all"}');
-- names that look like the end of something
DROP SCHEMA app3 CASCADE;
CREATE SCHEMA app3;
CREATE TABLE app3.a ("i|j" int, "k
l" int, m int);
GRANT SELECT ("i|j", m) ON app3.a TO regress_dev;
CREATE ROLE "regress|
t";
\set models 'CREATE SCHEMA app3; CREATE TABLE app3.a ("i|j" int, "k\nl" int, m int); GRANT SELECT ("k\nl", m), INSERT ON app3.a TO "regress|\nt"; GRANT UPDATE ("i|j") ON app3.a TO regress_dev;'
SELECT statement FROM pqengine.plan(:'models', '{"schemas": ["app3"], "privileges": "all"}') ORDER BY seq;
SELECT tools.migrate(:'models', '{"schemas": ["app3"], "privileges": "all"}');
DROP SCHEMA app, app2, app3 CASCADE;
DROP ROLE "regress|
t";

DROP SCHEMA tools CASCADE;
DROP OWNED BY regress_owner, regress_dev, regress_reader;
DROP ROLE regress_owner, regress_dev, regress_reader;
