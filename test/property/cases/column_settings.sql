Storage, compression, statistics and options said again when the type changes; order of columns in extended statistics.
-- A
CREATE DOMAIN mood AS jsonb;
CREATE TABLE orders (email text, x text, y int, z bytea);
ALTER TABLE orders ALTER COLUMN email SET STORAGE EXTERNAL, ALTER COLUMN x SET STORAGE MAIN, ALTER COLUMN x SET STATISTICS 10, ALTER COLUMN x SET (n_distinct = 5), ALTER COLUMN z SET STORAGE EXTERNAL;
ALTER TABLE orders ALTER COLUMN x SET COMPRESSION pglz;
CREATE STATISTICS st (ndistinct, dependencies) ON y, x FROM orders;
CREATE STATISTICS st2 ON y, (x || 'a'), email FROM orders;
-- B
CREATE DOMAIN mood AS jsonb;
CREATE TABLE orders (y int, x varchar(80), email mood, z text);
ALTER TABLE orders ALTER COLUMN email SET STORAGE EXTERNAL, ALTER COLUMN x SET STORAGE MAIN, ALTER COLUMN x SET STATISTICS 10, ALTER COLUMN x SET (n_distinct = 5);
ALTER TABLE orders ALTER COLUMN x SET COMPRESSION pglz;
CREATE STATISTICS st (ndistinct, dependencies) ON y, x FROM orders;
CREATE STATISTICS st2 ON email, (x || 'b'), y FROM orders;
