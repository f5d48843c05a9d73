--
-- Models of more statements than are run in one go, and what pg_dump prints.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- 40 tables of 16 indexes each: more than is built in one go.  Some indexes are named by other statements, some unique.
CREATE FUNCTION tools.model(tables int, indexes int) RETURNS text LANGUAGE sql AS $$
	SELECT E'CREATE SCHEMA app;\n' || string_agg(format(E'CREATE TABLE app.t%s (id int PRIMARY KEY, a int, b text, u int NOT NULL);\n', t)
		|| (SELECT string_agg(format(E'CREATE INDEX t%s_i%s ON app.t%s ((a + %s), b) WHERE a > %s;\n', t, i, t, i, i), '') FROM generate_series(1, indexes) i)
		|| format(E'CREATE INDEX t%s_c ON app.t%s (b);\nCREATE UNIQUE INDEX t%s_u ON app.t%s (u);\nALTER TABLE app.t%s REPLICA IDENTITY USING INDEX t%s_u;\n', t, t, t, t, t, t)
		|| format(E'COMMENT ON INDEX app.t%s_i1 IS \'first of %s\';\nALTER INDEX app.t%s_i2 ALTER COLUMN 1 SET STATISTICS 77;\n', t, t, t)
		|| format(E'ALTER TABLE app.t%s CLUSTER ON t%s_c;\n', t, t), '' ORDER BY t)
	FROM generate_series(1, tables) t
$$;
SELECT tools.model(40, 16) AS models \gset
SELECT count(*), count(DISTINCT object) FROM pqengine.plan(:'models') WHERE kind IN ('index', 'clustered index', 'replica identity index');
DO $$
DECLARE
	step text;
BEGIN
	FOR step IN SELECT statement FROM pqengine.plan(tools.model(40, 16)) ORDER BY seq LOOP
		EXECUTE step;
	END LOOP;
END $$;
SELECT * FROM pqengine.drift(:'models');
SELECT count(*) FROM pg_index WHERE indrelid::regclass::text LIKE 'app.t%';
SELECT count(*) FROM pg_index WHERE indisclustered AND indrelid::regclass::text LIKE 'app.t%';
SELECT obj_description('app.t7_i1'::regclass, 'pg_class'), attstattarget FROM pg_attribute WHERE attrelid = 'app.t7_i2'::regclass AND attnum = 1;
SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR relation >= 16384);

-- One index less, one more, one changed: the same plan as for few tables, where nothing is batched.
CREATE FUNCTION tools.change(models text) RETURNS text LANGUAGE sql AS $$
	SELECT replace(replace(models, 'CREATE INDEX t1_i4 ON app.t1 ((a + 4), b)', 'CREATE INDEX t1_i4 ON app.t1 ((a + 44))'),
		E'CREATE INDEX t1_i5 ON app.t1 ((a + 5), b) WHERE a > 5;\n', E'CREATE INDEX t1_new ON app.t1 (b) INCLUDE (u);\n')
$$;
CREATE TABLE tools.plans AS SELECT 'batches' AS how, statement, reverse, hazards FROM pqengine.plan(tools.change(tools.model(40, 16)));
SELECT statement FROM tools.plans;
DROP SCHEMA app CASCADE;
DO $$
DECLARE
	step text;
BEGIN
	FOR step IN SELECT statement FROM pqengine.plan(tools.model(2, 16)) ORDER BY seq LOOP
		EXECUTE step;
	END LOOP;
END $$;
INSERT INTO tools.plans SELECT 'one', statement, reverse, hazards FROM pqengine.plan(tools.change(tools.model(2, 16)));
SELECT how, count(*) FROM tools.plans GROUP BY how ORDER BY how;
SELECT count(DISTINCT (statement, reverse, hazards)) FROM tools.plans;
-- an index of a table that is not there is an error in a batch too, and says where
DO $$
BEGIN
	PERFORM pqengine.plan(tools.model(40, 16) || E'\nCREATE INDEX wrong ON app.t1 (nosuch);');
EXCEPTION WHEN undefined_column THEN
	RAISE WARNING '%', SQLERRM;
END $$;
DO $$
BEGIN
	PERFORM pqengine.plan(tools.model(40, 16) || E'\nCREATE INDEX t1_i1 ON app.t2 (a);');
EXCEPTION WHEN duplicate_table THEN
	RAISE WARNING '%', SQLERRM;
END $$;
DROP SCHEMA app CASCADE;

-- What pg_dump prints is a model: settings, psql's lines, comments, and no order that one would write.
SELECT $dump$
--
-- PostgreSQL database dump
--

\restrict kq8m4lBzXq

-- Dumped from database version 15.15 (Debian 15.15-1)
SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: app; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA app;

CREATE FUNCTION app.first_name() RETURNS text
    LANGUAGE sql
    AS $$ SELECT name FROM app.person ORDER BY id LIMIT 1; $$;

SET default_tablespace = '';
SET default_table_access_method = heap;

CREATE TABLE app.person (
    id integer NOT NULL,
    name text DEFAULT 'a;b\n'::text,
    boss integer
);
CREATE SEQUENCE app.person_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE app.person_id_seq OWNED BY app.person.id;
CREATE TABLE app.part (
    i integer NOT NULL
)
PARTITION BY RANGE (i);
CREATE TABLE app.part_1 (
    i integer NOT NULL
);
ALTER TABLE ONLY app.part ATTACH PARTITION app.part_1 FOR VALUES FROM (0) TO (10);
ALTER TABLE ONLY app.person ALTER COLUMN id SET DEFAULT nextval('app.person_id_seq'::regclass);
ALTER TABLE ONLY app.person
    ADD CONSTRAINT person_pkey PRIMARY KEY (id);
ALTER TABLE ONLY app.part
    ADD CONSTRAINT part_pkey PRIMARY KEY (i);
ALTER TABLE ONLY app.part_1
    ADD CONSTRAINT part_1_pkey PRIMARY KEY (i);
ALTER INDEX app.part_pkey ATTACH PARTITION app.part_1_pkey;
ALTER TABLE ONLY app.person
    ADD CONSTRAINT person_boss_fkey FOREIGN KEY (boss) REFERENCES app.person(id);

--
-- PostgreSQL database dump complete
--

\unrestrict kq8m4lBzXq
$dump$ AS models \gset
SELECT tools.migrate(:'models');
SELECT tools.settled($$
CREATE SCHEMA app;
CREATE FUNCTION app.first_name() RETURNS text LANGUAGE sql AS ' SELECT name FROM app.person ORDER BY id LIMIT 1; ';
CREATE TABLE app.person (id serial PRIMARY KEY, name text DEFAULT 'a;b\n', boss int REFERENCES app.person);
CREATE TABLE app.part (i int PRIMARY KEY) PARTITION BY RANGE (i);
CREATE TABLE app.part_1 PARTITION OF app.part FOR VALUES FROM (0) TO (10);
$$);
DROP SCHEMA app CASCADE;
DROP SCHEMA tools CASCADE;
