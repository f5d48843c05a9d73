The base type of a domain changes below another domain, a composite and columns.
-- A
CREATE DOMAIN d1 AS int CHECK (VALUE > 0);
CREATE DOMAIN d2 AS d1 DEFAULT 5 CONSTRAINT small CHECK (VALUE < 100);
CREATE TYPE c AS (x d2);
CREATE TABLE t (a d1, b d2 DEFAULT 7, c c, e d2[]);
CREATE VIEW v AS SELECT a, b FROM t;
-- B
CREATE DOMAIN d1 AS bigint CHECK (VALUE > 0);
CREATE DOMAIN d2 AS d1 DEFAULT 5 CONSTRAINT small CHECK (VALUE < 100);
CREATE TYPE c AS (x d2);
CREATE TABLE t (a d1, b d2 DEFAULT 7, c c, e d2[]);
CREATE VIEW v AS SELECT a, b FROM t;
