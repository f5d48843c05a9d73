A table whose parents have different defaults for a column, and which has none: the server wants that said where it is created.
-- A
CREATE TABLE a (id int, y text DEFAULT 'a', z int);
CREATE TABLE b (y text DEFAULT 'b', z int DEFAULT 3);
CREATE TABLE c (y text DEFAULT NULL) INHERITS (a, b);
CREATE TABLE d (y text DEFAULT NULL) INHERITS (a, b);
CREATE TABLE e (id int);
-- B
CREATE TABLE a (id int, y text DEFAULT 'a', z int DEFAULT 2);
CREATE TABLE b (y text DEFAULT 'b', z int DEFAULT 3);
CREATE TABLE c (y text DEFAULT 'c', z int DEFAULT NULL) INHERITS (a, b);
CREATE TABLE e (id int, y text DEFAULT NULL, z int DEFAULT 4) INHERITS (a, b);
CREATE TABLE f (y text DEFAULT NULL, z int DEFAULT NULL) INHERITS (a, b);
