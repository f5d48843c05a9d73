--
-- A table that is made anew is set aside until its rows have moved.  Steps
-- are run on their own, and the rows may be refused by what they are to move
-- to: then they are where they were, and the plan can be made again.
--
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
\set VERBOSITY terse

-- a row of a partition that the models do not hold, whose value the type loses
CREATE SCHEMA app;
SET search_path = app;
CREATE TYPE e AS ENUM ('b', 'a', 'c');
CREATE TABLE m (id int, s e) PARTITION BY LIST (s);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN ('a');
CREATE TABLE m2 PARTITION OF m FOR VALUES IN ('c');
INSERT INTO m VALUES (1, 'a'), (2, 'c');
RESET search_path;
SELECT statement FROM pqengine.plan($$
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a', 'b');
CREATE TABLE app.m (id int, s app.e) PARTITION BY LIST (s);
CREATE TABLE app.m1 PARTITION OF app.m FOR VALUES IN ('a');
$$, '{"allow_drop": true}') ORDER BY seq \gexec
SELECT tableoid::regclass, * FROM app.m ORDER BY id;
SELECT nspname FROM pg_namespace WHERE nspname ~ 'pqengine_old';
-- once the row is gone the rest is done
DELETE FROM app.m WHERE id = 2;
DROP TABLE app.m2;
SELECT statement FROM pqengine.plan($$
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a', 'b');
CREATE TABLE app.m (id int, s app.e) PARTITION BY LIST (s);
CREATE TABLE app.m1 PARTITION OF app.m FOR VALUES IN ('a');
$$, '{"allow_drop": true}') ORDER BY seq \gexec
SELECT tableoid::regclass, * FROM app.m ORDER BY id;
SELECT nspname FROM pg_namespace WHERE nspname ~ 'pqengine_old';
SELECT * FROM pqengine.drift($$
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a', 'b');
CREATE TABLE app.m (id int, s app.e) PARTITION BY LIST (s);
CREATE TABLE app.m1 PARTITION OF app.m FOR VALUES IN ('a');
$$);
DROP SCHEMA app CASCADE;

-- no partition for a row, and a statement with a quote in it; one step has it all
CREATE SCHEMA app;
CREATE TABLE app.t (i int, found text DEFAULT '$sql$');
INSERT INTO app.t VALUES (1), (20);
SELECT kind, object, action, hazards, transactional, reverse, statement FROM pqengine.plan($$
CREATE SCHEMA app;
CREATE TABLE app.t (i int, found text DEFAULT '$sql$') PARTITION BY RANGE (i);
CREATE TABLE app.t1 PARTITION OF app.t FOR VALUES FROM (0) TO (10);
$$) ORDER BY seq;
SELECT statement FROM pqengine.plan($$
CREATE SCHEMA app;
CREATE TABLE app.t (i int, found text DEFAULT '$sql$') PARTITION BY RANGE (i);
CREATE TABLE app.t1 PARTITION OF app.t FOR VALUES FROM (0) TO (10);
$$) ORDER BY seq \gexec
SELECT * FROM app.t;
-- the report tells of the parts of the step as well
SELECT DISTINCT part_of_kind, part_of, change FROM pqengine.report($$
CREATE SCHEMA app;
CREATE TABLE app.t (i int, found text DEFAULT '$sql$') PARTITION BY RANGE (i);
CREATE TABLE app.t1 PARTITION OF app.t FOR VALUES FROM (0) TO (10);
$$) ORDER BY 2;
DROP SCHEMA app CASCADE;

-- no column in common: the rows move all the same, or stop the step
CREATE SCHEMA app;
CREATE TABLE app.t (a int) PARTITION BY RANGE (a);
CREATE TABLE app.t1 PARTITION OF app.t DEFAULT;
INSERT INTO app.t VALUES (1), (2);
SELECT statement FROM pqengine.plan('CREATE SCHEMA app; CREATE TABLE app.t (b int NOT NULL)', '{"allow_drop": true}') ORDER BY seq \gexec
SELECT * FROM app.t;
SELECT statement FROM pqengine.plan('CREATE SCHEMA app; CREATE TABLE app.t (b int DEFAULT 7)', '{"allow_drop": true}') ORDER BY seq \gexec
SELECT * FROM app.t;
DROP SCHEMA app CASCADE;
