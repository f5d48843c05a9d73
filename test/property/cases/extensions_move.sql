Extensions and what depends on them.
-- A
CREATE SCHEMA e1;
CREATE SCHEMA app;
CREATE EXTENSION hstore SCHEMA e1;
CREATE EXTENSION citext SCHEMA e1;
CREATE EXTENSION btree_gist;
CREATE TABLE app.t (a e1.citext UNIQUE, h e1.hstore DEFAULT ''::e1.hstore, i int4range, k int, EXCLUDE USING gist (k WITH =, i WITH &&));
CREATE INDEX t_h ON app.t USING gin (h);
CREATE VIEW app.v AS SELECT a, h OPERATOR(e1.->) 'x' AS x FROM app.t WHERE a OPERATOR(e1.=) 'q'::e1.citext;
CREATE DOMAIN app.d AS e1.citext CHECK (VALUE OPERATOR(e1.<>) ''::e1.citext);
-- B
CREATE SCHEMA e2;
CREATE SCHEMA app;
CREATE EXTENSION hstore SCHEMA e2;
CREATE EXTENSION citext SCHEMA e2;
CREATE EXTENSION pg_trgm SCHEMA e2;
CREATE TABLE app.t (a e2.citext UNIQUE, h e2.hstore, i int4range, k int, txt text);
CREATE INDEX t_h ON app.t USING gist (h);
CREATE INDEX t_x ON app.t USING gin (txt e2.gin_trgm_ops);
CREATE VIEW app.v AS SELECT a, h OPERATOR(e2.->) 'y' AS x FROM app.t WHERE a OPERATOR(e2.=) 'q'::e2.citext;
CREATE DOMAIN app.d AS e2.citext CHECK (VALUE OPERATOR(e2.<>) ''::e2.citext);
CREATE TABLE app.u (d app.d);
