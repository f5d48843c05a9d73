-- export_files: every object in a file of its own, with what is part of it

CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('sad', 'glad');
CREATE TABLE app.users (
	id serial PRIMARY KEY,
	mood app.mood DEFAULT 'glad',
	name text NOT NULL CHECK (name <> '')
);
CREATE INDEX ON app.users (name);
COMMENT ON COLUMN app.users.name IS 'what they go by';
GRANT SELECT ON app.users TO PUBLIC;
ALTER TABLE app.users ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON app.users USING (true);
CREATE TABLE app.posts (id int PRIMARY KEY, author int REFERENCES app.users);
CREATE VIEW app.names AS SELECT name FROM app.users;
CREATE FUNCTION app.twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';
CREATE FUNCTION app.twice(text) RETURNS text LANGUAGE sql AS 'SELECT $1 || $1';
CREATE TRIGGER zero BEFORE UPDATE ON app.posts FOR EACH ROW
	EXECUTE FUNCTION suppress_redundant_updates_trigger();
ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC;
SET client_min_messages = error;	-- of wal_level
CREATE PUBLICATION posts FOR TABLE app.posts;
RESET client_min_messages;

SELECT path FROM pqengine.export_files() ORDER BY path COLLATE "C";
SELECT models FROM pqengine.export_files() WHERE path = 'schemas/app/tables/users.sql';
SELECT models FROM pqengine.export_files() WHERE path = 'schemas/app/tables/posts.sql';

-- nothing of it is lost or twice
SELECT string_agg(models, '' ORDER BY path COLLATE "C") AS folder FROM pqengine.export_files() \gset
SELECT count(*) FROM pqengine.plan(:'folder', '{"schemas": ["*"], "owners": "all", "privileges": "all"}');
SELECT length(replace(:'folder', E'\n', '')) = length(replace(pqengine.export(), E'\n', '')) AS as_long;

-- only the schemas that are named
CREATE SCHEMA other;
CREATE TABLE other.t ();
SELECT path FROM pqengine.export_files('{other}') ORDER BY 1;
SET client_min_messages = error;
DROP SCHEMA other CASCADE;

-- names that are no file names, or the same one to a file system without letter case
CREATE SCHEMA odd;
CREATE SCHEMA "o/d";
CREATE TABLE odd."a/b" ();
CREATE TABLE odd."a_b" ();
CREATE TABLE odd."a b" ();
CREATE TABLE odd."../../etc/passwd" ();
CREATE TABLE odd.".hidden" ();
CREATE TABLE odd."-rf" ();
CREATE TABLE odd."con" ();
CREATE TABLE odd."COM1" ();
CREATE TABLE odd."Users" ();
CREATE TABLE odd."USERS" ();
CREATE TABLE odd.users ();
CREATE TABLE odd."Only" ();
CREATE TABLE odd.überall ();
CREATE TABLE odd."line
break" ();
CREATE TABLE odd.a23456789_123456789_123456789_123456789_123456789_123456789_123 ();
CREATE TABLE "o/d"."x" ();
CREATE OPERATOR odd.|=| (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE OPERATOR odd.|<| (LEFTARG = int, RIGHTARG = int, FUNCTION = int4lt);
SELECT path FROM pqengine.export_files('{odd,o/d}') ORDER BY path COLLATE "C";
SELECT count(*) AS files, count(DISTINCT lower(path)) AS told_apart FROM pqengine.export_files('{odd,o/d}');
SELECT path FROM pqengine.export_files('{odd,o/d}')
WHERE path !~ '^[a-z]+(/[[:alnum:]_][[:alnum:]_-]*)+\.sql$';

DROP PUBLICATION posts;
SET client_min_messages = error;
DROP SCHEMA app, odd, "o/d" CASCADE;
SELECT path FROM pqengine.export_files();
