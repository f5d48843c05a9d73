--
-- The way back.  For each pair of schemas: the plan from A to B; then the
-- reverses of its steps, last first, and for itself the plan with both sides
-- exchanged.  Either ends at A.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_down;

CREATE FUNCTION tools.there_and_back(a text, b text, options jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	before text;
	steps text[];
	step text;
	failed text;
BEGIN
	EXECUTE a;
	RESET search_path;
	before := pqengine.export(ARRAY['app']);
	options := '{"schemas": ["app"], "owners": "all", "privileges": "all", "concurrently": false, "allow_drop": true}' || options;
	-- the whole way back
	RETURN QUERY SELECT 'NOT PROVEN: ' || concat_ws(' ', p.statement, p.error)
		FROM pqengine.prove(b, 0, options || '{"direction": "down"}') p WHERE NOT p.ok;
	-- step by step
	SELECT array_agg(s.reverse ORDER BY s.seq DESC) FILTER (WHERE s.reverse <> ''),
		string_agg(s.statement, '; ' ORDER BY s.seq) FILTER (WHERE s.reverse IS NULL)
		INTO steps, failed FROM pqengine.plan(b, options) s;
	IF failed IS NOT NULL THEN
		RETURN NEXT 'no reverse: ' || failed;
		EXECUTE 'DROP SCHEMA app CASCADE';
		RETURN;
	END IF;
	FOR step IN SELECT s.statement FROM pqengine.plan(b, options) s ORDER BY s.seq LOOP
		EXECUTE step;
	END LOOP;
	FOREACH step IN ARRAY steps LOOP
		BEGIN
			EXECUTE step;
		EXCEPTION WHEN others THEN
			RETURN NEXT format('REVERSE FAILS: %s: %s', step, sqlerrm);
		END;
	END LOOP;
	RETURN QUERY SELECT format('REVERSED: %s %s %s %s: %s, is %s', change, kind, object, property, expected, actual)
		FROM pqengine.drift(before, options);
	EXECUTE 'DROP SCHEMA app CASCADE';
END $$;

-- Tables and their parts: new, changed and gone.
SELECT tools.there_and_back($$
CREATE SCHEMA app;
CREATE TABLE app.t (id int PRIMARY KEY, a text DEFAULT 'x', b int NOT NULL, gone date, u int CONSTRAINT u UNIQUE, w varchar(10));
CREATE TABLE app.gone (id serial PRIMARY KEY, t int REFERENCES app.t);
CREATE INDEX i ON app.t (a);
CREATE INDEX j ON app.t (b);
COMMENT ON COLUMN app.t.a IS 'before';
ALTER TABLE app.t ADD CONSTRAINT c CHECK (b > 0);
GRANT SELECT ON app.t TO regress_down;
$$, $$
CREATE SCHEMA app;
CREATE TABLE app.t (id bigint PRIMARY KEY, a text DEFAULT 'y' NOT NULL, b int, n timestamptz DEFAULT now(), u int, w varchar(20),
	k int GENERATED ALWAYS AS IDENTITY);
CREATE TABLE app.new (id serial PRIMARY KEY, t bigint REFERENCES app.t ON DELETE CASCADE);
CREATE INDEX i ON app.t (a, b);
CREATE INDEX k ON app.t (n) WHERE n IS NOT NULL;
COMMENT ON COLUMN app.t.a IS 'after';
COMMENT ON TABLE app.new IS 'new';
ALTER TABLE app.t ADD CONSTRAINT c CHECK (b > 1), ADD CONSTRAINT d CHECK (a <> '');
GRANT INSERT ON app.t TO regress_down;
ALTER TABLE app.t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON app.t USING (b > 0);
$$);

-- What is rebuilt with all that depends on it.
SELECT tools.there_and_back($$
CREATE SCHEMA app;
CREATE TABLE app.t (id int PRIMARY KEY, a int, b text);
CREATE VIEW app.v AS SELECT id, a FROM app.t;
CREATE VIEW app.w AS SELECT a FROM app.v;
CREATE MATERIALIZED VIEW app.m AS SELECT a FROM app.w;
CREATE UNIQUE INDEX m_i ON app.m (a);
GRANT SELECT ON app.w TO regress_down;
COMMENT ON VIEW app.w IS 'w';
CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql AS 'select 1';
CREATE FUNCTION app.g(a int) RETURNS int LANGUAGE sql RETURN app.f(a);
CREATE FUNCTION app.tr() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER tr BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.tr();
ALTER TABLE app.t ADD CHECK (app.f(a) > 0);
$$, $$
CREATE SCHEMA app;
CREATE TABLE app.t (id int PRIMARY KEY, a bigint, b text);
CREATE VIEW app.v AS SELECT id, a, b FROM app.t;
CREATE VIEW app.w AS SELECT a + 1 AS a FROM app.v;
CREATE MATERIALIZED VIEW app.m AS SELECT a, 1 AS one FROM app.w;
CREATE UNIQUE INDEX m_i ON app.m (a, one);
COMMENT ON VIEW app.w IS 'w';
CREATE FUNCTION app.f(int) RETURNS bigint LANGUAGE sql AS 'select 1';
CREATE FUNCTION app.g(b int) RETURNS bigint LANGUAGE sql RETURN app.f(b);
CREATE FUNCTION app.tr() RETURNS trigger LANGUAGE plpgsql AS 'begin return old; end';
CREATE TRIGGER tr AFTER INSERT OR UPDATE ON app.t FOR EACH ROW EXECUTE FUNCTION app.tr();
ALTER TABLE app.t DISABLE TRIGGER tr;
ALTER TABLE app.t ADD CHECK (app.f(a::int) > 0);
$$);

-- Types.
SELECT tools.there_and_back($$
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a', 'b', 'c');
CREATE TYPE app.grows AS ENUM ('a');
CREATE DOMAIN app.d AS text CHECK (VALUE <> '');
CREATE TYPE app.c AS (x int, y text);
CREATE TYPE app.unused AS ENUM ('x');
CREATE TABLE app.t (e app.e DEFAULT 'a', d app.d, g app.grows);
CREATE VIEW app.v AS SELECT e, d FROM app.t WHERE e = 'b';
$$, $$
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a', 'c');
CREATE TYPE app.grows AS ENUM ('a', 'b');
CREATE DOMAIN app.d AS text DEFAULT 'q' NOT NULL CHECK (VALUE <> 'w');
CREATE TYPE app.c AS (x int, y text, z date);
CREATE TYPE app.fresh AS RANGE (SUBTYPE = int);
CREATE TABLE app.t (e app.e DEFAULT 'c', d app.d, g app.grows);
CREATE VIEW app.v AS SELECT e, d FROM app.t WHERE e = 'c';
$$);

-- Partitions and heirs.
SELECT tools.there_and_back($$
CREATE SCHEMA app;
CREATE TABLE app.p (a int NOT NULL, b text) PARTITION BY RANGE (a);
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (1) TO (10);
CREATE TABLE app.p2 PARTITION OF app.p FOR VALUES FROM (10) TO (20);
CREATE INDEX p_b ON app.p (b);
CREATE TABLE app.base (x int);
CREATE TABLE app.heir (y int) INHERITS (app.base);
$$, $$
CREATE SCHEMA app;
CREATE TABLE app.p (a int NOT NULL, b text, c int DEFAULT 1) PARTITION BY RANGE (a);
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (1) TO (10);
CREATE TABLE app.p2 PARTITION OF app.p FOR VALUES FROM (10) TO (30);
CREATE INDEX p_c ON app.p (c);
ALTER TABLE app.p ADD CHECK (c > 0);
CREATE TABLE app.base (x int, z int);
CREATE TABLE app.heir (x int, y int, z int);
$$);

-- Renames, declared and found.
SELECT tools.there_and_back($$
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a', 'b');
CREATE TABLE app.t (id serial PRIMARY KEY, a int UNIQUE, e app.e);
CREATE VIEW app.v AS SELECT id, a FROM app.t;
CREATE INDEX i1 ON app.t (a);
CREATE INDEX i2 ON app.t (e);
$$, $$
CREATE SCHEMA app;
CREATE TYPE app.f AS ENUM ('a', 'z');
CREATE TABLE app.u (id serial PRIMARY KEY, n int UNIQUE, f app.f, more text);
CREATE VIEW app.v AS SELECT id, n, more FROM app.u;
CREATE INDEX i2 ON app.u (n);
CREATE INDEX i1 ON app.u (f);
SELECT pqengine.renamed('app.f', was => 'e');
SELECT pqengine.renamed('app.f', 'z', was => 'b');
SELECT pqengine.renamed('app.u', was => 't');
SELECT pqengine.renamed('app.u', 'n', was => 'a');
SELECT pqengine.renamed('app.u', 'f', was => 'e');
$$);

-- What comes back without what it held says so, and so does nothing else.
CREATE SCHEMA app;
CREATE TABLE app.t (id int, gone text);
CREATE TABLE app.gone (id int);
CREATE TYPE app.e AS ENUM ('a');
SELECT action, kind, object, hazards FROM pqengine.plan($$
CREATE SCHEMA app;
CREATE TABLE app.t (id int, new text);
CREATE TABLE app.new (id int);
CREATE TYPE app.e AS ENUM ('a', 'b');
CREATE VIEW app.v AS SELECT id FROM app.t;
$$, '{"allow_drop": true, "direction": "down"}');
-- Without allow_drop nothing is dropped that would have to come back.
SELECT statement FROM pqengine.plan($$
CREATE SCHEMA app;
CREATE TABLE app.t (id int, new text);
CREATE TABLE app.new (id int);
CREATE TYPE app.e AS ENUM ('a', 'b');
CREATE VIEW app.v AS SELECT id FROM app.t;
$$, '{"direction": "down"}');
SELECT * FROM pqengine.plan('CREATE SCHEMA app', '{"direction": "sideways"}');

DROP SCHEMA app CASCADE;
DROP SCHEMA tools CASCADE;
DROP ROLE regress_down;
