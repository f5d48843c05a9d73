A relation, type or routine of one name that becomes another kind of thing, with what hangs on it.
-- A
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE FOREIGN TABLE tags (name jsonb, n int DEFAULT 4 NOT NULL) SERVER s;
ALTER FOREIGN TABLE tags OWNER TO alice;
GRANT SELECT ON tags TO bob;
COMMENT ON COLUMN tags.name IS 'old';
CREATE TABLE v (a int DEFAULT 1, b text);
GRANT SELECT (a) ON v TO bob;
CREATE VIEW on_v AS SELECT a FROM v;
CREATE VIEW m AS SELECT 1 AS x;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'select 1';
ALTER FUNCTION f(int) OWNER TO alice;
CREATE TYPE code AS RANGE (SUBTYPE = text);
CREATE TYPE mood AS ENUM ('a', 'b');
CREATE DOMAIN d AS int;
GRANT USAGE ON TYPE mood TO bob;
CREATE TABLE uses (i int, m mood, ms mood[], c code, dd d);
CREATE FUNCTION g(mood, d) RETURNS code LANGUAGE sql AS 'select null::code';
CREATE SEQUENCE q;
-- B
CREATE TABLE tags (name timestamp NOT NULL, n int);
GRANT INSERT ON tags TO bob;
COMMENT ON COLUMN tags.name IS 'new';
CREATE VIEW v AS SELECT 1 AS a, 'x'::text AS b;
GRANT SELECT (b) ON v TO bob;
CREATE VIEW on_v AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT 1 AS x;
CREATE PROCEDURE f(int) LANGUAGE sql AS 'select 1';
ALTER PROCEDURE f(int) OWNER TO bob;
CREATE TYPE code AS ENUM ('empty', 'x');
REVOKE USAGE ON TYPE code FROM PUBLIC;
CREATE DOMAIN mood AS text CHECK (VALUE <> 'z');
CREATE TYPE d AS ENUM ('1', '2', '3');
ALTER TYPE d OWNER TO alice;
CREATE TABLE uses (i int, m mood, ms mood[], c code, dd d);
CREATE FUNCTION g(mood, d) RETURNS code LANGUAGE sql AS 'select null::code';
CREATE VIEW q AS SELECT 1 AS x;
