Casts without a function, of table rows, between domains; ordering by operators.
-- A
CREATE SCHEMA s;
CREATE TYPE s.e AS ENUM ('a', 'b');
CREATE TYPE s.f AS ENUM ('a', 'b', 'x');
CREATE CAST (s.e AS s.f) WITH INOUT;
CREATE CAST (text AS s.e) WITH INOUT AS IMPLICIT;
CREATE TABLE s.t (e s.e, x text, g s.f GENERATED ALWAYS AS ('a'::s.f) STORED, CHECK (x::s.e = e));
CREATE FUNCTION s.row_int(s.t) RETURNS int LANGUAGE sql IMMUTABLE AS 'select 1';
CREATE CAST (s.t AS int) WITH FUNCTION s.row_int(s.t);
CREATE VIEW s.v AS SELECT e::s.f AS f, t::int AS i FROM s.t;
CREATE FUNCTION s.use(s.e) RETURNS s.f LANGUAGE sql AS 'select $1::s.f';
CREATE FUNCTION s.use2(a s.e) RETURNS s.f LANGUAGE sql RETURN a::s.f;
-- B
CREATE SCHEMA s;
CREATE TYPE s.e AS ENUM ('a', 'c');
CREATE TYPE s.f AS ENUM ('a', 'b', 'c');
CREATE FUNCTION s.ef(s.e) RETURNS s.f LANGUAGE sql IMMUTABLE AS 'select $1::text::s.f';
CREATE CAST (s.e AS s.f) WITH FUNCTION s.ef(s.e) AS IMPLICIT;
CREATE CAST (s.f AS s.e) WITH INOUT;
CREATE TABLE s.t (e s.e, x text, f s.f DEFAULT 'a'::s.e::s.f, CHECK (x::s.e = e));
CREATE FUNCTION s.row_int(s.t) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'select 1::bigint';
CREATE CAST (s.t AS bigint) WITH FUNCTION s.row_int(s.t);
CREATE VIEW s.v AS SELECT e::s.f AS f, t::bigint AS i, f::s.e AS e FROM s.t;
CREATE FUNCTION s.use(s.e) RETURNS s.f LANGUAGE sql AS 'select $1::s.f';
CREATE FUNCTION s.use2(a s.e) RETURNS s.f LANGUAGE sql RETURN a::s.f;
CREATE MATERIALIZED VIEW s.m AS SELECT 'c'::s.e::s.f AS f;
