An overload that goes is in the way of what calls the one that comes; what means nothing without a function goes with it.
-- A
CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'select 1';
CREATE VIEW v AS SELECT f(1) AS x;
CREATE TYPE cc AS (a int, b int);
CREATE FUNCTION cc_to_int(cc) RETURNS int LANGUAGE sql AS 'select 1';
CREATE CAST (cc AS int) WITH FUNCTION cc_to_int(cc);
CREATE TABLE t (a numeric(10, 2), b timestamp, c float8);
-- B
CREATE FUNCTION f(b int, c int DEFAULT 3) RETURNS int LANGUAGE sql AS 'select 1';
CREATE VIEW v AS SELECT f(1) AS x;
CREATE TABLE t (a numeric(10, 1), b date, c int);
