--
-- What pqengine does not manage is told, never passed over in silence.
--
\pset format unaligned
\pset tuples_only on
CREATE SCHEMA app;
CREATE TABLE app.t (i int);
CREATE SCHEMA other;
CREATE TABLE other.t (i int CONSTRAINT c CHECK (i > 0), s serial);
CREATE VIEW other.v AS SELECT i FROM other.t;
CREATE DOMAIN other.d AS int CONSTRAINT c CHECK (VALUE > 0);
CREATE TYPE other.e AS ENUM ('a');
CREATE FUNCTION other.f() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- statements of the models about objects in a schema that is not managed
SELECT change, kind, object, property, expected FROM pqengine.drift($$CREATE TABLE app.t (i int);
ALTER TABLE other.t ADD j int;
COMMENT ON COLUMN other.t.i IS 'a';
COMMENT ON CONSTRAINT c ON other.t IS 'b';
COMMENT ON TYPE other.e IS 'c';
COMMENT ON CONSTRAINT c ON DOMAIN other.d IS 'd';
COMMENT ON FUNCTION other.f() IS 'e';
COMMENT ON SCHEMA other IS 'f';$$);
SELECT property, expected FROM pqengine.drift($$CREATE TABLE app.t (i int);
GRANT SELECT ON app.t, other.t TO PUBLIC;
GRANT USAGE ON SCHEMA other TO PUBLIC;
GRANT EXECUTE ON FUNCTION other.f() TO PUBLIC;
GRANT USAGE ON TYPE other.d TO PUBLIC;
GRANT SELECT ON ALL TABLES IN SCHEMA app, other TO PUBLIC;
ALTER VIEW other.v OWNER TO CURRENT_USER;
ALTER FUNCTION other.f() OWNER TO CURRENT_USER;
ALTER FUNCTION other.f() IMMUTABLE;
ALTER TYPE other.e ADD VALUE 'b';
ALTER DOMAIN other.d DROP NOT NULL;
ALTER SEQUENCE other.t_s_seq INCREMENT 2;$$) WHERE change = 'unmanaged';
-- a name without a schema is in the first of the path
SELECT property, expected FROM pqengine.drift('CREATE TABLE app.t (i int); COMMENT ON TABLE t IS ''x''', '{"search_path": "other, app"}') WHERE change = 'unmanaged';
-- a plan warns of it; of what is managed there is nothing to say
SELECT statement FROM pqengine.plan('CREATE TABLE app.t (i int); COMMENT ON TABLE other.t IS ''x''');
SELECT statement FROM pqengine.plan('CREATE TABLE app.t (i int); COMMENT ON TABLE app.t IS ''x''; GRANT SELECT ON app.t TO PUBLIC');
SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
DROP SCHEMA other CASCADE;
