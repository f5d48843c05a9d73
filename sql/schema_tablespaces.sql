--
-- Where tables and indexes lie.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE regress_space LOCATION '';

-- where all relations of the schema lie, but for the default
CREATE FUNCTION tools.places() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT c.relname || ' ' || spcname FROM pg_class c JOIN pg_tablespace t ON t.oid = c.reltablespace
	 WHERE c.relnamespace::regnamespace::text = 'app' ORDER BY c.relname COLLATE "C"
$$;
SELECT tools.migrate($m$
CREATE SCHEMA app;
CREATE TABLE app.t (a int PRIMARY KEY, b text) TABLESPACE regress_space;
CREATE INDEX t_b ON app.t (b) TABLESPACE regress_space;
CREATE UNIQUE INDEX t_where ON app.t ((b || ' WHERE ("')) TABLESPACE regress_space WHERE b <> ' WHERE (';
CREATE INDEX stays ON app.t (a);
CREATE TABLE app.p (a int, b int) PARTITION BY RANGE (a) TABLESPACE regress_space;
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (10);
CREATE INDEX p_b ON app.p (b) TABLESPACE regress_space;
CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS i;
CREATE INDEX m_i ON app.m (i) TABLESPACE regress_space;
$m$);
SELECT tools.places();

-- they move, and those that are made anew come where they belong
\set models 'CREATE SCHEMA app; CREATE TABLE app.t (a int PRIMARY KEY USING INDEX TABLESPACE regress_space, b text); CREATE INDEX t_b ON app.t (b); CREATE UNIQUE INDEX t_where ON app.t ((b || \'x\')) TABLESPACE regress_space WHERE b <> \' WHERE (\'; CREATE INDEX stays ON app.t (a) TABLESPACE regress_space; CREATE TABLE app.p (a int, b int) PARTITION BY RANGE (a); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (10) TABLESPACE regress_space; CREATE INDEX p_b ON app.p (b); CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS i; CREATE INDEX m_i ON app.m (i)'
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq;
SELECT tools.migrate(:'models');
SELECT tools.places();

-- a partition that came at run time gets its part where its parent's is
CREATE TABLE app.p2 PARTITION OF app.p FOR VALUES FROM (10) TO (20);
SELECT tools.migrate(:'models' || '; CREATE INDEX p_a ON app.p (a) TABLESPACE regress_space');
SELECT place FROM tools.places() place WHERE place LIKE 'p2%';
DROP SCHEMA app CASCADE;

-- a predicate that is a column or the call of a function has no parentheses
\set models 'CREATE SCHEMA app; CREATE FUNCTION app.f(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS \'SELECT $1 > 0\'; CREATE TABLE app.t (a int, b text, active boolean, " WHERE ""x" boolean); CREATE INDEX by_column ON app.t (a) TABLESPACE regress_space WHERE active; CREATE INDEX by_call ON app.t (a) TABLESPACE regress_space WHERE app.f(a); CREATE INDEX by_key ON app.t (" WHERE ""x", (b || \' WHERE a\'), (b || E\'\\\\\'\' WHERE a\')) TABLESPACE regress_space WHERE " WHERE ""x"; CREATE INDEX whole ON app.t ((b || \' WHERE a\')) TABLESPACE regress_space; CREATE TABLE app.p (a int, active boolean) PARTITION BY RANGE (a)'
SELECT statement FROM pqengine.plan(:'models') WHERE kind = 'index' ORDER BY seq;
SELECT * FROM pqengine.prove(:'models');
SELECT tools.migrate(:'models');
SELECT tools.places();
SELECT * FROM pqengine.prove(pqengine.export('{app}'), 0, '{"owners": "all", "privileges": "all"}');
SELECT statement FROM pqengine.plan(replace(:'models', ' (a) TABLESPACE', ' (a DESC) TABLESPACE')) ORDER BY seq;
SELECT * FROM pqengine.prove(replace(:'models', ' (a) TABLESPACE', ' (a DESC) TABLESPACE'), 10);
SELECT tools.migrate(replace(:'models', ' TABLESPACE regress_space', ''));
SELECT tools.places();
SELECT tools.migrate(replace(:'models', ' (a) TABLESPACE', ' (a DESC) TABLESPACE'));
SELECT tools.places();
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (10);
SELECT tools.migrate(:'models' || '; CREATE INDEX p_a ON app.p (a) TABLESPACE regress_space WHERE active');
SELECT tools.places();
DROP SCHEMA app CASCADE;

-- the statistics of an index's expressions are given up again
SELECT tools.migrate($m$
CREATE SCHEMA app;
CREATE TABLE app.t (a int, b text);
CREATE INDEX i ON app.t ((a + 1), b, (a + 2));
ALTER INDEX app.i ALTER COLUMN 1 SET STATISTICS 100;
ALTER INDEX app.i ALTER COLUMN 3 SET STATISTICS 200;
$m$);
SELECT tools.migrate($m$
CREATE SCHEMA app;
CREATE TABLE app.t (a int, b text);
CREATE INDEX i ON app.t ((a + 1), b, (a + 2));
ALTER INDEX app.i ALTER COLUMN 3 SET STATISTICS 300;
$m$);
DROP SCHEMA app CASCADE;
DROP SCHEMA tools CASCADE;
DROP TABLESPACE regress_space;

-- what says no tablespace moves to that of the database
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE "regress_Space" LOCATION '';
CREATE DATABASE regress_elsewhere TEMPLATE template0 TABLESPACE "regress_Space";
\set home :DBNAME
\c regress_elsewhere
SET client_min_messages = warning;
CREATE EXTENSION pqengine;
\set ECHO none
\i :tools
\set ECHO all
\set models 'CREATE SCHEMA app; CREATE TABLE app.t (a int PRIMARY KEY USING INDEX TABLESPACE pg_default, b text) TABLESPACE pg_default; CREATE INDEX t_b ON app.t (b) TABLESPACE pg_default; CREATE TABLE app.p (a int, b int) PARTITION BY RANGE (a) TABLESPACE pg_default; CREATE INDEX p_b ON app.p (b) TABLESPACE pg_default; CREATE MATERIALIZED VIEW app.m TABLESPACE pg_default AS SELECT 1 AS i'
SELECT tools.migrate(:'models');
SELECT relname FROM pg_class WHERE relnamespace = 'app'::regnamespace AND reltablespace <> 0 ORDER BY relname COLLATE "C";
SELECT statement FROM pqengine.plan(replace(replace(:'models', 'USING INDEX TABLESPACE pg_default', ''), 'TABLESPACE pg_default', '')) ORDER BY seq;
SELECT tools.migrate(replace(:'models', ' USING INDEX TABLESPACE pg_default', ''));
SELECT tools.migrate(replace(replace(:'models', 'USING INDEX TABLESPACE pg_default', ''), 'TABLESPACE pg_default', ''));
SELECT relname FROM pg_class WHERE relnamespace = 'app'::regnamespace AND reltablespace <> 0;
SELECT tools.migrate(:'models');
\c :home
DROP DATABASE regress_elsewhere;
DROP TABLESPACE "regress_Space";
