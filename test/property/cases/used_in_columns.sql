A collation that columns sort by is made anew; a check of a domain changes that a composite type in use holds.
-- A
CREATE COLLATION co (provider = icu, locale = 'de');
CREATE TABLE t (a text COLLATE co UNIQUE, b text COLLATE co);
CREATE INDEX i ON t (lower(b));
CREATE VIEW v AS SELECT b FROM t;
CREATE DOMAIN d AS int CHECK (VALUE > 0);
CREATE TYPE c AS (x d);
CREATE TABLE u (c c);
-- B
CREATE COLLATION co (provider = icu, locale = 'de', deterministic = false);
CREATE TABLE t (a text COLLATE co UNIQUE, b text COLLATE co);
CREATE INDEX i ON t (lower(b));
CREATE VIEW v AS SELECT b FROM t;
CREATE DOMAIN d AS int CHECK (VALUE > 1);
CREATE TYPE c AS (x d);
CREATE TABLE u (c c);
