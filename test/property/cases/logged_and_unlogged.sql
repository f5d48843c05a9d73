A table becomes unlogged, which one that is logged referred to.
-- A
CREATE TABLE products (a int, CONSTRAINT k UNIQUE (a));
CREATE TABLE orders (a int, b int, CONSTRAINT f FOREIGN KEY (a) REFERENCES products (a));
-- B
CREATE UNLOGGED TABLE products (a int, CONSTRAINT k UNIQUE (a));
CREATE TABLE orders (a int, b int);
