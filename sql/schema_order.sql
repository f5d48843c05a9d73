--
-- Order: models in any order and over several files, and objects that use each
-- other in circles.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- Foreign keys in circles, to oneself and to tables further down; checks are left on for function bodies.
SHOW check_function_bodies;
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE a (id int PRIMARY KEY, b_id int REFERENCES b, parent int REFERENCES a (id));
CREATE TABLE b (id int PRIMARY KEY, c_id int NOT NULL REFERENCES c DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE c (id int PRIMARY KEY, a_id int, FOREIGN KEY (a_id) REFERENCES a);
$$);
SELECT conrelid::regclass, confrelid::regclass, convalidated FROM pg_constraint WHERE contype = 'f' AND connamespace = 'app'::regnamespace ORDER BY conname;
SELECT tools.migrate($$CREATE SCHEMA app$$);

-- Last things first, over several files, each with its own search_path.
SELECT tools.migrate(E'-- pqengine:file 1_views.sql
SET search_path = app;
COMMENT ON VIEW top IS \'the top\';
GRANT SELECT ON top TO PUBLIC;
CREATE VIEW top AS SELECT * FROM mid;
CREATE VIEW mid AS SELECT id, twice(id) FROM t WHERE k = \'x\';
CREATE INDEX t_twice ON t (twice(id));
-- pqengine:file 2_tables.sql
CREATE TABLE app.t (id app.positive PRIMARY KEY, k app.kind DEFAULT app.first_kind(), o int REFERENCES other);
CREATE TABLE other (id int PRIMARY KEY DEFAULT nextval(\'app.s\'));
-- pqengine:file 3_functions.sql
SET search_path = app, app2;
CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql RETURN plus($1, $1);
CREATE FUNCTION plus(int, int) RETURNS int IMMUTABLE LANGUAGE sql AS \'select $1 + $2\';
CREATE FUNCTION first_kind() RETURNS kind LANGUAGE sql AS $f$select \'x\'::app.kind$f$;
-- pqengine:file 4_types.sql
SET search_path = app;
CREATE DOMAIN positive AS int CHECK (plus(VALUE, 1) > 1);
CREATE SEQUENCE s;
CREATE TYPE kind AS ENUM (\'x\', \'y\');
ALTER TYPE kind ADD VALUE \'z\';
-- pqengine:file 5_schema.sql
CREATE SCHEMA app;
CREATE SCHEMA app2;
', '{"search_path": "app2"}');
SELECT tools.migrate($$CREATE SCHEMA app$$, '{"schemas": ["app", "app2"]}');
DROP SCHEMA app2;

-- Functions, tables, views and types that use each other.
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE VIEW v1 AS SELECT f1(id) AS y FROM t1;
CREATE FUNCTION f1(int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT count(*)::int FROM t1 WHERE id = $1; END;
CREATE TABLE t1 (id int PRIMARY KEY, x int CHECK (f2(x)), d int DEFAULT f3(), g int GENERATED ALWAYS AS (f5(id)) STORED);
CREATE FUNCTION f2(int) RETURNS bool LANGUAGE plpgsql AS $f$begin return exists (select from app.t1); end$f$;
CREATE FUNCTION f3() RETURNS int LANGUAGE sql AS 'select max(id) from app.t1';
CREATE FUNCTION f4(t1) RETURNS SETOF v1 LANGUAGE sql AS 'select * from app.v1';
CREATE FUNCTION f5(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'select $1 + 1';
CREATE FUNCTION f6() RETURNS int LANGUAGE sql AS 'select app.f7()';
CREATE FUNCTION f7() RETURNS int LANGUAGE sql AS 'select 7';
CREATE PROCEDURE p1() LANGUAGE sql BEGIN ATOMIC INSERT INTO t1 (id) VALUES (f6()); END;
CREATE TYPE row2 AS (a t1, b int);
CREATE TABLE t2 (r row2, s t1[]);
CREATE MATERIALIZED VIEW m1 AS SELECT * FROM v1 WITH NO DATA;
CREATE VIEW v2 AS SELECT * FROM m1;
CREATE POLICY p ON t1 USING (EXISTS (SELECT FROM t2 WHERE (r).b = id));
CREATE TRIGGER t BEFORE INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION tr();
CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'begin perform app.f6(); return new; end';
$$);
-- all of it in one go back to nothing
SELECT tools.migrate($$CREATE SCHEMA app$$);

-- A table's name that a view takes over, and the other way round; a type's by a table.
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE t (i int);
CREATE VIEW v AS SELECT 1 AS i;
CREATE TYPE ty AS ENUM ('a');
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1';
CREATE SEQUENCE s;
CREATE INDEX x ON t (i);
$$);
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE v (i int);
CREATE VIEW t AS SELECT 1 AS i;
CREATE TABLE ty (i int);
CREATE PROCEDURE f() LANGUAGE sql AS 'select 1';
CREATE INDEX s ON v (i);
CREATE SEQUENCE x;
$$);

-- Without leave to drop a table, a view cannot take its name: the drop that makes room is marked.
SELECT phase, statement, hazards FROM pqengine.plan($$
CREATE SCHEMA app;
SET search_path = app;
CREATE VIEW v AS SELECT 1 AS i;
CREATE VIEW t AS SELECT 1 AS i;
CREATE TABLE ty (i int);
CREATE PROCEDURE f() LANGUAGE sql AS 'select 1';
CREATE SEQUENCE x;
$$) ORDER BY seq;
SELECT tools.migrate($$CREATE SCHEMA app$$);

-- An object moves from what depends on it: the old one goes after its last user has changed.
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE FUNCTION old_default() RETURNS int LANGUAGE sql AS 'select 1';
CREATE TYPE old_type AS ENUM ('a', 'b');
CREATE TABLE t (i int DEFAULT old_default(), e old_type, CHECK (i <> old_default()));
CREATE TABLE old_target (id int PRIMARY KEY);
CREATE TABLE r (i int REFERENCES old_target);
CREATE VIEW base AS SELECT i FROM t;
CREATE VIEW upper AS SELECT i FROM base;
CREATE SEQUENCE old_seq;
CREATE TABLE u (i int DEFAULT nextval('old_seq'));
$$);
INSERT INTO app.t VALUES (2, 'b');
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE FUNCTION new_default() RETURNS int LANGUAGE sql AS 'select 2';
CREATE TYPE new_type AS ENUM ('b', 'a');
CREATE TABLE t (i int DEFAULT new_default(), e new_type, CHECK (i <> new_default() + 1));
CREATE TABLE new_target (id int PRIMARY KEY);
CREATE TABLE r (i int REFERENCES new_target);
CREATE VIEW upper AS SELECT i FROM t;
CREATE TABLE u (i int);
$$);
TABLE app.t;
DROP SCHEMA app CASCADE;

-- What names a foreign key or an event trigger, which come last.
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
COMMENT ON CONSTRAINT fk ON r IS 'a key';
ALTER TABLE r ALTER CONSTRAINT alterable DEFERRABLE;
ALTER TABLE r RENAME CONSTRAINT old_name TO new_name;
ALTER TABLE r VALIDATE CONSTRAINT later;
ALTER TABLE r ADD CONSTRAINT later FOREIGN KEY (d) REFERENCES t NOT VALID;
CREATE TABLE r (a int CONSTRAINT fk REFERENCES t, b int CONSTRAINT alterable REFERENCES t, c int CONSTRAINT old_name REFERENCES t, d int);
CREATE TABLE t (id int PRIMARY KEY);
COMMENT ON EVENT TRIGGER regress_event IS 'an event trigger';
ALTER EVENT TRIGGER regress_event DISABLE;
CREATE EVENT TRIGGER regress_event ON ddl_command_end EXECUTE FUNCTION on_event();
CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end';
$$);
SELECT conname, pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint') FROM pg_constraint WHERE conrelid = 'app.r'::regclass ORDER BY 1;
SELECT evtname, evtenabled, obj_description(oid, 'pg_event_trigger') FROM pg_event_trigger WHERE evtname = 'regress_event';
DROP EVENT TRIGGER regress_event;
DROP SCHEMA app CASCADE;

-- Bodies in a circle: the server checks those of sql, and the types of plpgsql's variables, when they are made.
SELECT $m$
CREATE SCHEMA app;
CREATE FUNCTION app.is_even(i int) RETURNS bool LANGUAGE sql AS 'select case when i = 0 then true else app.is_odd(i - 1) end';
CREATE FUNCTION app.is_odd(i int) RETURNS bool LANGUAGE sql AS 'select case when i = 0 then false else app.is_even(i - 1) end /* $sql$ */';
CREATE FUNCTION app.ping(i int) RETURNS int LANGUAGE plpgsql AS 'begin return case when i = 0 then 0 else app.pong(i - 1) end; end';
CREATE FUNCTION app.pong(i int) RETURNS int LANGUAGE plpgsql AS 'begin return case when i = 0 then 0 else app.ping(i - 1) end; end';
CREATE TABLE app.t (a int, twice int GENERATED ALWAYS AS (app.twice(a)) STORED);
CREATE FUNCTION app.twice(i int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'declare row app.t; begin return i * 2; end';
$m$ AS models \gset
SELECT * FROM pqengine.prove(:'models');
SELECT statement FROM pqengine.plan(:'models') WHERE statement LIKE 'DO%';
SELECT tools.migrate(:'models');
SHOW check_function_bodies;
INSERT INTO app.t VALUES (4);
SELECT app.is_even(7), app.is_odd(7), app.ping(3), twice FROM app.t;
SELECT count(*) FROM pqengine.prove(:'models', 0, '{"allow_drop": true, "direction": "down"}') WHERE ok;
-- one changes with the other made anew
SELECT $m$
CREATE SCHEMA app;
CREATE FUNCTION app.is_even(i int) RETURNS int LANGUAGE sql AS 'select case when i = 0 then 1 else app.is_odd(i - 1)::int end';
CREATE FUNCTION app.is_odd(i int) RETURNS bool LANGUAGE sql AS 'select case when i = 0 then false else app.is_even(i - 1) = 1 end';
$m$ AS changed \gset
SELECT * FROM pqengine.prove(:'changed', 0, '{"allow_drop": true}');
SELECT tools.migrate(:'changed');
SELECT app.is_even(7), app.is_odd(7);
DROP SCHEMA app CASCADE;

DROP SCHEMA tools CASCADE;
