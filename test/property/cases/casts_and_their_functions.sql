Casts, and what uses them.
-- A
CREATE SCHEMA s;
CREATE TYPE s.e AS ENUM ('a', 'b');
CREATE DOMAIN s.d AS int;
CREATE TYPE s.p AS (x int);
CREATE FUNCTION s.to_int(s.e) RETURNS int LANGUAGE sql IMMUTABLE AS 'select 1';
CREATE FUNCTION s.to_p(int) RETURNS s.p LANGUAGE sql IMMUTABLE AS 'select row($1)::s.p';
CREATE CAST (s.e AS int) WITH FUNCTION s.to_int(s.e) AS IMPLICIT;
CREATE CAST (int AS s.p) WITH FUNCTION s.to_p(int);
CREATE CAST (s.e AS text) WITH INOUT AS ASSIGNMENT;
COMMENT ON CAST (s.e AS int) IS 'c';
CREATE TABLE s.t (e s.e, i int, CHECK (e::int > 0));
CREATE VIEW s.v AS SELECT e::int + i AS x, i::s.p AS p FROM s.t;
CREATE INDEX ti ON s.t ((e::int));
-- B
CREATE SCHEMA s;
CREATE TYPE s.e AS ENUM ('b', 'c', 'a');
CREATE DOMAIN s.d AS int;
CREATE TYPE s.p AS (x int, y int);
CREATE FUNCTION s.to_int(s.e, int, bool) RETURNS int LANGUAGE sql IMMUTABLE AS 'select 1';
CREATE FUNCTION s.to_p(int) RETURNS s.p LANGUAGE sql IMMUTABLE AS 'select row($1,2)::s.p';
CREATE CAST (s.e AS int) WITH FUNCTION s.to_int(s.e, int, bool) AS ASSIGNMENT;
CREATE CAST (int AS s.p) WITH FUNCTION s.to_p(int) AS IMPLICIT;
COMMENT ON CAST (s.e AS int) IS 'd';
CREATE TABLE s.t (e s.e, i int, CHECK (e::int > 0));
CREATE VIEW s.v AS SELECT e::int + i AS x, i::s.p AS p FROM s.t;
CREATE INDEX ti ON s.t ((e::int));
