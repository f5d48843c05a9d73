Options of a foreign table's columns.
-- A
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE FOREIGN TABLE f (a int OPTIONS (column_name 'q', "odd name" 'it''s'), b int OPTIONS (x '1'), c int) SERVER s OPTIONS (t '1', u '2');
-- B
CREATE FOREIGN DATA WRAPPER w OPTIONS (debug 'true');
CREATE SERVER s VERSION '1.2' FOREIGN DATA WRAPPER w OPTIONS (host 'h');
CREATE FOREIGN TABLE f (a int OPTIONS (column_name 'r', y '2'), b int, c int OPTIONS (z 'a,b')) SERVER s OPTIONS (t '3', v '2');
