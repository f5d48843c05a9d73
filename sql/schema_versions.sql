--
-- What only later servers have: virtual generated columns (18).
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

SELECT current_setting('server_version_num')::int >= 180000 AS has_virtual \gset
\if :has_virtual
SELECT tools.migrate('CREATE SCHEMA app; CREATE TABLE app.t (a int, s int GENERATED ALWAYS AS (a + 1) STORED, v int GENERATED ALWAYS AS (a + 2) VIRTUAL, w int GENERATED ALWAYS AS (a + 3) VIRTUAL, p int GENERATED ALWAYS AS (a + 4) VIRTUAL)');
INSERT INTO app.t VALUES (1);
-- each becomes the other, or another, or neither
\set models 'CREATE SCHEMA app; CREATE TABLE app.t (a int, s int GENERATED ALWAYS AS (a + 1) VIRTUAL, v int GENERATED ALWAYS AS (a + 2) STORED, w int GENERATED ALWAYS AS (a + 9) VIRTUAL, p int)'
SELECT object, property, expected, actual FROM pqengine.drift(:'models');
SELECT statement, hazards FROM pqengine.plan(:'models') ORDER BY seq;
SELECT * FROM pqengine.prove(:'models', 10);
SELECT * FROM pqengine.prove(:'models', 10, '{"direction": "down"}');
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT * FROM tools.settled(:'models');
SELECT a, s, v, w, p FROM app.t;
SELECT count(*) FROM pqengine.plan(pqengine.export());
DROP SCHEMA app CASCADE;
\endif
DROP SCHEMA tools CASCADE;
