Bodies that name each other in a circle, of which the server checks some when they are made; one is made anew.
-- A
SET check_function_bodies = off;
CREATE SCHEMA app;
CREATE FUNCTION app.is_even(i integer) RETURNS boolean LANGUAGE sql AS 'SELECT CASE WHEN i = 0 THEN true ELSE app.is_odd(i - 1) END';
CREATE FUNCTION app.is_odd(i integer) RETURNS boolean LANGUAGE sql AS 'SELECT CASE WHEN i = 0 THEN false ELSE app.is_even(i - 1) END';
CREATE FUNCTION app.twice(i integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS 'DECLARE row app.t; BEGIN RETURN i * 2; END';
CREATE TABLE app.t (a integer, twice integer GENERATED ALWAYS AS (app.twice(a)) STORED);
CREATE PROCEDURE app.walk(i integer) LANGUAGE sql AS 'CALL app.step(i - 1)';
CREATE PROCEDURE app.step(i integer) LANGUAGE sql AS 'CALL app.walk(i - 1)';
SET check_function_bodies = on;
-- B
SET check_function_bodies = off;
CREATE SCHEMA app;
CREATE FUNCTION app.is_even(i integer) RETURNS integer LANGUAGE sql AS 'SELECT CASE WHEN i = 0 THEN 1 ELSE app.is_odd(i - 1)::integer END';
CREATE FUNCTION app.is_odd(i integer) RETURNS boolean LANGUAGE sql AS 'SELECT CASE WHEN i = 0 THEN false ELSE app.is_even(i - 1) = 1 END';
CREATE TABLE app.t (a integer, half integer);
SET check_function_bodies = on;
