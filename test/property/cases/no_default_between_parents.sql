A table whose parents have different defaults for a column, and which has none: the server wants that said where it is created.
-- A
CREATE TABLE a (id int, y text DEFAULT 'a', z int, n numeric(12, 4) DEFAULT 1);
CREATE TABLE b (y text DEFAULT 'b', z int DEFAULT 3, n numeric(12, 4) DEFAULT 2);
CREATE TABLE c (y text DEFAULT NULL, n numeric(12, 4) DEFAULT 7) INHERITS (a, b);
ALTER TABLE c ALTER COLUMN n DROP DEFAULT;
CREATE TABLE d (y text DEFAULT NULL, n numeric(12, 4) DEFAULT NULL) INHERITS (a, b);
-- B
CREATE TABLE a (id int, y text DEFAULT 'a', z int DEFAULT 2);
CREATE TABLE b (y text DEFAULT 'b', z int DEFAULT 3);
CREATE TABLE c (y text DEFAULT 'c', z int DEFAULT NULL) INHERITS (a, b);
CREATE TABLE f (y text DEFAULT NULL, z int DEFAULT NULL) INHERITS (a, b);
