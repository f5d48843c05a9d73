A materialized view over a function that returns a table's rows, from which a column goes that comes from a parent.
-- A
CREATE TABLE top (a int, gone int);
CREATE TABLE heir (b int, c text) INHERITS (top);
CREATE FUNCTION rows_of(n int) RETURNS SETOF heir LANGUAGE sql AS 'SELECT * FROM public.heir';
-- B
CREATE TABLE top (a int);
CREATE TABLE heir (b int, c text) INHERITS (top);
CREATE FUNCTION rows_of(n int) RETURNS SETOF heir LANGUAGE sql AS 'SELECT * FROM public.heir';
CREATE MATERIALIZED VIEW recent AS SELECT r.a, r.b FROM rows_of(1) r;
