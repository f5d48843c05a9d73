--
-- What makes other tools propose the same change for ever.  Each model is
-- applied once by the server itself and once by its plan; neither may leave
-- anything to do.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_converge;

CREATE FUNCTION tools.converges(models text, options jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE models;
	RESET search_path;
	RETURN QUERY SELECT 'by hand: ' || s FROM tools.settled(models, options) s;
	DROP SCHEMA app CASCADE;
	DROP SCHEMA IF EXISTS app2 CASCADE;
	PERFORM tools.migrate(models, options);
	RETURN QUERY SELECT 'by plan: ' || s FROM tools.settled(models, options) s;
	DROP SCHEMA app CASCADE;
	DROP SCHEMA IF EXISTS app2 CASCADE;
END $$;

-- Expressions that the server prints in another way than they were written.
SELECT tools.converges($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE t (
	id int PRIMARY KEY,
	s text DEFAULT 'x'::text CHECK (s IN ('a', 'b', 'x')),
	v varchar(20) DEFAULT 'q' CHECK (v IN ('q', 'r')) CHECK (v NOT IN ('y', 'z')) CHECK (v = ANY (ARRAY['q', 'r', 's'])),
	b bpchar DEFAULT 'q' CHECK (b IN ('q', 'r')),
	n numeric(10,2) DEFAULT 1.5 CHECK (n BETWEEN 1 AND 2 OR n IS NOT DISTINCT FROM 3),
	at timestamptz DEFAULT now(), d date DEFAULT CURRENT_DATE, ts timestamp(3) DEFAULT CURRENT_TIMESTAMP,
	j jsonb DEFAULT '{}' CHECK (j ? 'a' OR j @> '{"b": 1}'), a int[] DEFAULT ARRAY[]::int[], ar text[] DEFAULT '{a,b}',
	i interval DEFAULT '1 day', u uuid DEFAULT gen_random_uuid(), bi bit(4) DEFAULT B'1010', c char(3) DEFAULT 'abc',
	neg int DEFAULT -1, big bigint DEFAULT -9223372036854775808, f float8 DEFAULT 1e-3, bo bool DEFAULT 't',
	r int4range DEFAULT '[1,2)', e text DEFAULT E'a\nb\\c''d', CHECK (CASE WHEN s LIKE 'a%' THEN id > 0 ELSE NOT bo END),
	CHECK (coalesce(s, v, '') <> ''), CHECK ((at AT TIME ZONE 'UTC')::date > '2000-01-01'), CHECK (s ~* '^[a-z]' AND s SIMILAR TO 'a|b'),
	CHECK (extract(year FROM d) > 2000), CHECK (a[1] > 0 AND NOT a && '{9}'), CHECK (position('a' IN s) > 0), CHECK (s COLLATE "C" < 'z'),
	g text GENERATED ALWAYS AS (lower(s) || '-' || id::text) STORED
);
CREATE INDEX ON t (lower(s)) WHERE s IN ('a', 'b') AND v IN ('q', 'r');
CREATE INDEX ON t USING gin (j jsonb_path_ops) WITH (fastupdate = off);
CREATE INDEX ON t (at DESC NULLS LAST, n) INCLUDE (s) WITH (fillfactor = 90);
CREATE INDEX ON t ((id + 1), (s || v) COLLATE "C" text_pattern_ops);
CREATE UNIQUE INDEX ON t (coalesce(n, 0)) NULLS NOT DISTINCT WHERE n IS NOT NULL;
CREATE VIEW v AS
	SELECT t.id, app.t.s, count(*) FILTER (WHERE n > 1) OVER w AS c, CASE v WHEN 'q' THEN 1 WHEN 'r' THEN 2 END AS k,
		row_number() OVER (PARTITION BY s ORDER BY id DESC NULLS LAST ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS rn
	FROM app.t LEFT JOIN LATERAL (SELECT x.i FROM unnest(t.a) WITH ORDINALITY x(i, o)) l ON true
	WHERE v NOT IN ('z', 'y') AND s IS DISTINCT FROM 'q' AND (id, s) IN (SELECT id, s FROM t t2) AND b NOT IN ('x', 'y')
	WINDOW w AS (PARTITION BY v);
CREATE VIEW vs (one, two) AS WITH RECURSIVE q(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM q WHERE n < 3) SELECT n, n::text FROM q;
CREATE VIEW vg AS SELECT s, sum(n) FROM t GROUP BY GROUPING SETS ((s), ()) HAVING sum(n) IN (1, 2) ORDER BY 2 DESC LIMIT 5;
CREATE VIEW vt AS SELECT * FROM (VALUES (1, 'a'), (2, 'b')) x(id, s) NATURAL JOIN t WHERE neg = ANY ('{1,2}');
CREATE MATERIALIZED VIEW m AS SELECT id FROM t WHERE v IN ('q', 'r') AND v NOT IN ('y', 'z');
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON t TO regress_converge, CURRENT_USER USING (v IN ('q', 'r') AND s = current_user) WITH CHECK (v NOT IN ('x', 'y'));
CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW WHEN (OLD.v IN ('q', 'r') AND OLD.n IS DISTINCT FROM NEW.n) EXECUTE FUNCTION tr('a', 'b''c');
CREATE RULE ru AS ON UPDATE TO t WHERE NEW.v NOT IN ('q', 'r') DO ALSO DELETE FROM t WHERE v IN ('x', 'y');
CREATE STATISTICS st ON lower(s), (n + 1) FROM t;
CREATE DOMAIN dom AS varchar(9) DEFAULT 'a' CHECK (VALUE IN ('a', 'b') AND VALUE NOT IN ('c', 'd'));
CREATE FUNCTION body(x varchar DEFAULT 'q', VARIADIC y int[] DEFAULT '{}') RETURNS TABLE (o int, q text) STABLE LANGUAGE sql
	BEGIN ATOMIC SELECT id, s FROM t WHERE v NOT IN ('x', 'y') AND x IN ('q', 'r'); END;
$$);

-- Options of views, tables and indexes; storage, statistics, compression.
SELECT tools.converges($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE t (id int, s text COMPRESSION pglz, k text) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05, toast.autovacuum_enabled = off);
ALTER TABLE t ALTER s SET STATISTICS 300, ALTER k SET STORAGE EXTERNAL, ALTER id SET (n_distinct = -0.5);
CREATE VIEW a WITH (security_invoker) AS SELECT id FROM t;
CREATE VIEW b WITH (security_barrier = true, security_invoker = on) AS SELECT id FROM t;
CREATE VIEW c WITH (check_option = local) AS SELECT id FROM t WHERE id > 0;
CREATE VIEW d AS SELECT id FROM c WHERE id < 9 WITH CASCADED CHECK OPTION;
CREATE INDEX i ON t ((id + 1));
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 50;
CREATE INDEX g ON t USING gist (int4range(id, id + 1)) WITH (buffering = on);
ALTER TABLE t CLUSTER ON i;
$$);

-- Rights: on columns, with grant options, in any order, taken from PUBLIC; default ones.
SELECT tools.converges($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE t (id int, s text, k text);
GRANT UPDATE, SELECT ON t TO regress_converge;
GRANT INSERT (s, id), REFERENCES (k) ON t TO regress_converge WITH GRANT OPTION;
GRANT ALL ON t TO PUBLIC;
REVOKE TRIGGER ON t FROM PUBLIC;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'select 1';
REVOKE ALL ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO regress_converge;
CREATE SEQUENCE s;
GRANT USAGE ON SEQUENCE s TO regress_converge;
GRANT USAGE ON SCHEMA app TO regress_converge;
CREATE TYPE ty AS ENUM ('a');
REVOKE USAGE ON TYPE ty FROM PUBLIC;
CREATE TABLE secret (i int);
REVOKE ALL ON secret FROM CURRENT_USER;
ALTER TABLE secret OWNER TO regress_converge;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO regress_converge;
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT EXECUTE ON FUNCTIONS TO regress_converge WITH GRANT OPTION;
$$);

-- Constraints and identities that are added again and again elsewhere.
SELECT tools.converges($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE p (a int, b int, PRIMARY KEY (b, a), UNIQUE NULLS NOT DISTINCT (a), UNIQUE (b) INCLUDE (a) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE c (
	a int NOT NULL NOT NULL, b int, x int4range, i int GENERATED BY DEFAULT AS IDENTITY (SEQUENCE NAME app.own_name START 7 INCREMENT -1 MINVALUE -5 MAXVALUE 10 CYCLE CACHE 3),
	s smallserial, n serial NOT NULL UNIQUE,
	FOREIGN KEY (b, a) REFERENCES p MATCH FULL ON DELETE SET NULL ON UPDATE CASCADE,
	CONSTRAINT part FOREIGN KEY (a, b) REFERENCES p (b, a) ON DELETE SET DEFAULT (a) NOT DEFERRABLE,
	CONSTRAINT quoted CHECK ("b" > 0) NO INHERIT,
	EXCLUDE USING gist (x WITH &&, int4range(a, b) WITH &&) WHERE (a > 0) DEFERRABLE
);
ALTER TABLE c ADD CONSTRAINT late CHECK (a < b) NOT VALID;
ALTER SEQUENCE own_name RESTART;
CREATE UNIQUE INDEX made ON c (b, a);
ALTER TABLE c ADD CONSTRAINT named UNIQUE USING INDEX made;
CREATE TABLE "Weird ""name""" ("select" int PRIMARY KEY, "a b" text DEFAULT 'x', "ünïcode" int, CONSTRAINT "c'k" CHECK ("select" > 0));
CREATE INDEX "I x" ON "Weird ""name""" ("a b" DESC);
CREATE VIEW "View" AS SELECT "select", "a b" AS "group" FROM "Weird ""name""";
COMMENT ON COLUMN "Weird ""name"""."ünïcode" IS E'with ''quotes'', \\ and\nlines';
CREATE TYPE "En um" AS ENUM ('it''s', 'a b', '"', 'NULL', '{,}', '');
CREATE TABLE a23456789012345678901234567890123456789012345678901234567890123 (b23456789012345678901234567890123456789012345678901234567890123 int UNIQUE CHECK (b23456789012345678901234567890123456789012345678901234567890123 > 0));
$$);

-- Functions of all shapes, and what pg_get_functiondef makes of them.
SELECT tools.converges($m$
CREATE SCHEMA app;
SET search_path = app;
CREATE TYPE pair AS (a int, b text);
CREATE FUNCTION f1(a int = 1, INOUT b text DEFAULT 'x''y', OUT c numeric(5,2)) COST 5 LEAKPROOF PARALLEL RESTRICTED SET search_path = app, pg_temp SET work_mem FROM CURRENT LANGUAGE plpgsql AS $f$ begin c := 1; end $f$;
CREATE FUNCTION f2(VARIADIC a text[]) RETURNS SETOF pair ROWS 7 STRICT SECURITY DEFINER LANGUAGE sql AS $f$ select 1, $q$ $$ $q$ $f$;
CREATE FUNCTION f3(o pair, p pair[]) RETURNS pair IMMUTABLE LANGUAGE sql RETURN ROW(($1).a + 1, 'b')::pair;
CREATE FUNCTION f4() RETURNS void LANGUAGE sql BEGIN ATOMIC END;
CREATE FUNCTION f5(anyelement, anyarray) RETURNS anyelement LANGUAGE sql AS 'select $1';
CREATE FUNCTION f6(int) RETURNS int WINDOW LANGUAGE internal AS 'window_row_number';
CREATE FUNCTION f7(_int4, "char", bpchar, timestamptz(3), float8) RETURNS name LANGUAGE sql AS $f$select 'x'::name$f$;
CREATE FUNCTION "F 8"("a b" int, "select" int) RETURNS int LANGUAGE sql AS 'select "a b" + "select"';
CREATE PROCEDURE p1(IN a int, INOUT b int DEFAULT 2) LANGUAGE sql BEGIN ATOMIC SELECT a; SELECT b + 1; END;
CREATE FUNCTION f9() RETURNS text LANGUAGE plpgsql AS $body$
begin
	return $q$a;
b$q$;
end;
$body$;
CREATE FUNCTION f11() RETURNS int LANGUAGE sql AS 'select 2';
CREATE FUNCTION f10(f1 int DEFAULT f11()) RETURNS int LANGUAGE sql AS 'select 1';
CREATE AGGREGATE agg(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
CREATE AGGREGATE mov(int) (SFUNC = int4pl, STYPE = int, MSFUNC = int4pl, MINVFUNC = int4mi, MSTYPE = int, PARALLEL = SAFE);
$m$);

-- Extensions in a managed schema: their members are none of it.
SELECT tools.converges($$
CREATE SCHEMA app;
CREATE EXTENSION pg_trgm SCHEMA app;
CREATE EXTENSION hstore SCHEMA app;
SET search_path = app;
CREATE TABLE t (s text, h hstore DEFAULT '"a"=>"b"');
CREATE INDEX t_trgm ON t USING gin (s gin_trgm_ops);
CREATE FUNCTION mine(hstore) RETURNS text LANGUAGE sql AS $f$select $1 operator(app.->) 'a'$f$;
CREATE VIEW v AS SELECT h -> 'a' AS a, s % 'x' AS like_x FROM t;
$$);

-- What the database holds outside of every schema, and which points into a managed one, is not the models' business unless they speak of it.
CREATE SCHEMA app;
CREATE TABLE app.t (i int PRIMARY KEY);
CREATE TYPE app.c AS (i int);
CREATE FUNCTION app.f(app.c) RETURNS int LANGUAGE sql AS 'select 1';
CREATE FOREIGN DATA WRAPPER regress_wrapper;
CREATE SERVER regress_server FOREIGN DATA WRAPPER regress_wrapper;
SET client_min_messages = error;	-- of wal_level
CREATE PUBLICATION regress_publication FOR TABLE app.t;
CREATE PUBLICATION regress_schema FOR TABLES IN SCHEMA app;
SET client_min_messages = warning;
CREATE CAST (app.c AS int) WITH FUNCTION app.f(app.c);
CREATE FUNCTION app.e() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end';
CREATE EVENT TRIGGER regress_event ON sql_drop EXECUTE FUNCTION app.e();
COMMENT ON PUBLICATION regress_publication IS 'a publication';
COMMENT ON CAST (app.c AS int) IS 'a cast';
COMMENT ON EVENT TRIGGER regress_event IS 'an event trigger';
COMMENT ON SERVER regress_server IS 'a server';
\set models 'CREATE SCHEMA app; CREATE TABLE app.t (i int PRIMARY KEY); CREATE TYPE app.c AS (i int); CREATE FUNCTION app.f(app.c) RETURNS int LANGUAGE sql AS ''select 1''; CREATE FUNCTION app.e() RETURNS event_trigger LANGUAGE plpgsql AS ''begin end'';'
SELECT * FROM pqengine.drift(:'models');
SELECT statement FROM pqengine.plan(:'models');
SELECT pqengine.export('{app}') ~ 'pqengine swap' AS leaks;
DROP EVENT TRIGGER regress_event;
DROP SCHEMA app CASCADE;
DROP PUBLICATION regress_publication, regress_schema;
DROP FOREIGN DATA WRAPPER regress_wrapper CASCADE;
-- The comment that an extension brings is nobody's affair; another one is a comment like any.
CREATE EXTENSION hstore SCHEMA tools;
\set models 'CREATE SCHEMA tools; CREATE EXTENSION hstore SCHEMA tools; COMMENT ON EXTENSION hstore IS '
SELECT statement, reverse FROM pqengine.plan(:'models' || quote_literal('pairs'), '{"allow_drop": true}') WHERE kind = 'comment';
COMMENT ON EXTENSION hstore IS 'pairs';
SELECT object, property FROM pqengine.drift(:'models' || quote_literal('pairs')) WHERE kind = 'comment';
SELECT pqengine.export() ~ 'COMMENT ON EXTENSION hstore IS ''pairs''' AS exported;
SELECT statement, reverse FROM pqengine.plan(:'models' || (SELECT quote_literal(comment) FROM pg_available_extensions WHERE name = 'hstore'), '{"allow_drop": true}') WHERE kind = 'comment';
SELECT statement, reverse FROM pqengine.plan('CREATE SCHEMA tools; CREATE EXTENSION hstore SCHEMA tools', '{"allow_drop": true}') WHERE kind = 'comment';

DROP SCHEMA tools CASCADE;
DROP ROLE regress_converge;
