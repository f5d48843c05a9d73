--
-- many_to_many(): junction tables
--
\set SHOW_CONTEXT never
\set VERBOSITY default
SET client_min_messages = warning;
CREATE ROLE regress_m2m_owner;
CREATE ROLE regress_m2m_other;
GRANT USAGE ON SCHEMA pqengine TO regress_m2m_owner, regress_m2m_other;
CREATE SCHEMA m2m;
CREATE SCHEMA m2m_other;
SET search_path = m2m;

-- Columns, keys and indexes of a table, all there is to a junction.
CREATE FUNCTION m2m.describe(junction regclass) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT format('table %s, persistence %s', c.oid::regclass, relpersistence)
	FROM pg_class c WHERE oid = junction
	UNION ALL
	(SELECT format('column %s %s%s%s', attname, format_type(atttypid, atttypmod),
				   coalesce(' COLLATE ' || (SELECT collname FROM pg_collation l JOIN pg_type t ON t.oid = atttypid
											WHERE l.oid = attcollation AND attcollation <> typcollation), ''),
				   CASE WHEN attnotnull THEN ' NOT NULL' END)
	 FROM pg_attribute WHERE attrelid = junction AND attnum > 0 ORDER BY attnum)
	UNION ALL
	(SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid))
	 FROM pg_constraint WHERE conrelid = junction AND contype <> 'n' ORDER BY conname)
	UNION ALL
	(SELECT 'index ' || pg_get_indexdef(indexrelid)
	 FROM pg_index WHERE indrelid = junction AND NOT indisprimary)
$$;

-- The plain case, and what the keys do.
CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text);
CREATE TABLE roles (id serial PRIMARY KEY, name text);
SELECT pqengine.many_to_many('users', 'roles');
SELECT * FROM m2m.describe('roles_users_junction');
INSERT INTO users (name) VALUES ('ann'), ('bob');
INSERT INTO roles (name) VALUES ('admin'), ('guest');
INSERT INTO roles_users_junction (roles_id, users_id) VALUES (1, 1), (1, 2), (2, 2);
INSERT INTO roles_users_junction (roles_id, users_id) VALUES (1, 1);
INSERT INTO roles_users_junction (roles_id, users_id) VALUES (3, 1);
INSERT INTO roles_users_junction (roles_id, users_id) VALUES (1, NULL);
DELETE FROM users WHERE name = 'bob';
SELECT * FROM roles_users_junction;
DELETE FROM roles WHERE name = 'admin';
SELECT count(*) FROM roles_users_junction;

-- A table that is there already is an error, and nothing is left behind.
SELECT pqengine.many_to_many('users', 'roles');
SELECT pqengine.many_to_many('roles', 'users');

-- The order of the arguments makes no difference.
CREATE TEMP TABLE one_way AS SELECT * FROM m2m.describe('roles_users_junction');
DROP TABLE roles_users_junction;
SELECT pqengine.many_to_many('roles', 'users');
SELECT count(*) AS same FROM (SELECT * FROM m2m.describe('roles_users_junction') INTERSECT SELECT * FROM one_way) s;
SELECT count(*) FROM one_way;
DROP TABLE one_way;

-- Composite keys, in the order of the key and not of the columns; only key
-- columns, not those an index includes.
CREATE TABLE places (city text, country char(2), note text, PRIMARY KEY (country, city) INCLUDE (note));
SELECT pqengine.many_to_many('places', 'users');
SELECT * FROM m2m.describe('places_users_junction');
SELECT pqengine.many_to_many('places', 'places', 'place_links');
SELECT * FROM m2m.describe('place_links');

-- Types with modifiers, collations, domains, enums and types that need quoting;
-- dropped columns before the key.
CREATE DOMAIN "Short Code" AS varchar(8) CHECK (VALUE <> '');
CREATE TYPE m2m_other.colour AS ENUM ('red', 'green');
CREATE TABLE typed (
	gone int, code "Short Code", price numeric(8,2), label varchar(20) COLLATE "C",
	at timestamp(3) with time zone, colour m2m_other.colour,
	PRIMARY KEY (code, price, label, at, colour));
ALTER TABLE typed DROP COLUMN gone;
SELECT pqengine.many_to_many('typed', 'users');
SELECT * FROM m2m.describe('typed_users_junction');
INSERT INTO typed VALUES ('a', 1.5, 'l', '2025-01-01 00:00:00Z', 'red');
INSERT INTO typed_users_junction SELECT *, 1 FROM typed;
DELETE FROM typed;
SELECT count(*) FROM typed_users_junction;

-- Names: the junction's own, unqualified and qualified, folded like any other.
SELECT pqengine.many_to_many('users', 'roles', 'Memberships');
SELECT pqengine.many_to_many('users', 'roles', '"Memberships"');
SELECT pqengine.many_to_many('users', 'roles', 'm2m_other.memberships');
CREATE TABLE m2m_other.groups (id uuid PRIMARY KEY);
SELECT pqengine.many_to_many('m2m_other.groups', 'users');
SELECT pqengine.many_to_many('users', 'm2m_other.groups');

-- Names: hostile ones.
CREATE TABLE "a""b; DROP TABLE users" ("k""1" int PRIMARY KEY);
SELECT pqengine.many_to_many('"a""b; DROP TABLE users"', 'users', '"it''s ""mine"""');
SELECT * FROM m2m.describe('"it''s ""mine"""');
CREATE SCHEMA "m2m Sch""ema";
CREATE TABLE "m2m Sch""ema"."select" ("from" int PRIMARY KEY);
SELECT pqengine.many_to_many('"m2m Sch""ema"."select"', 'users');
SELECT * FROM m2m.describe('"m2m Sch""ema".select_users_junction');

-- Names that clash: one name in two schemas, a table with itself, and by chance.
CREATE TABLE m2m_other.users (id int PRIMARY KEY);
SELECT pqengine.many_to_many('users', 'm2m_other.users');
SELECT * FROM m2m.describe('users_users_junction');
SELECT pqengine.many_to_many('users', 'users', 'follows');
SELECT * FROM m2m.describe('follows');
CREATE TABLE ab (c_d int PRIMARY KEY);
CREATE TABLE ab_c (d int PRIMARY KEY);
SELECT pqengine.many_to_many('ab', 'ab_c');
SELECT * FROM m2m.describe('ab_ab_c_junction');

-- Names that are too long are cut as the server cuts them, between characters.
CREATE TABLE aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa (
	bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1 int,
	bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2 int,
	PRIMARY KEY (bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb1,
				 bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb2));
CREATE TABLE cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc (id int PRIMARY KEY);
SELECT pqengine.many_to_many('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
							 'ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc') AS j \gset
SELECT length(:'j'), :'j' AS name;
SELECT * FROM m2m.describe(:'j');
DROP TABLE :j;

-- Partitioned tables, a partition, unlogged and temporary tables.
CREATE TABLE parted (id int, day date, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE parted_2025 PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT pqengine.many_to_many('users', 'parted');
INSERT INTO parted VALUES (1, '2025-05-05');
INSERT INTO parted_users_junction VALUES (1, '2025-05-05', 1);
DELETE FROM parted;
SELECT count(*) FROM parted_users_junction;
SELECT pqengine.many_to_many('users', 'parted_2025');
CREATE UNLOGGED TABLE scratch (id int PRIMARY KEY);
SELECT pqengine.many_to_many('users', 'scratch');
SELECT relpersistence FROM pg_class WHERE oid = 'scratch_users_junction'::regclass;
CREATE TEMP TABLE tmp_a (id int PRIMARY KEY);
CREATE TEMP TABLE tmp_b (id int PRIMARY KEY);
SELECT pqengine.many_to_many('tmp_a', 'tmp_b');
SELECT relpersistence FROM pg_class WHERE oid = 'tmp_a_tmp_b_junction'::regclass;
SELECT pqengine.many_to_many('tmp_a', 'tmp_b', 'pg_temp.tmp_j');
SELECT pqengine.many_to_many('tmp_a', 'users');

-- Tables made and junctioned in one transaction, under a name that another
-- schema had just before, and rolled back.
BEGIN;
ALTER SCHEMA m2m_other RENAME TO m2m_away;
CREATE SCHEMA m2m_other;
CREATE TABLE m2m_other.groups (id bigint PRIMARY KEY);
SELECT pqengine.many_to_many('m2m_other.groups', 'm2m_other.groups', 'links');
SELECT * FROM m2m.describe('m2m_other.links');
ROLLBACK;
SELECT to_regclass('m2m_other.links') AS gone;

-- The function pins its search_path: what the caller's holds is not in its way.
CREATE DOMAIN m2m.int8 AS text;
CREATE TABLE m2m.regclass (id int PRIMARY KEY);
SET search_path = m2m, pg_catalog;
SELECT pqengine.many_to_many("right" => 'roles', "left" => 'users', junction => 'named_notation');
SET search_path = m2m;
SELECT * FROM m2m.describe('named_notation');
DROP DOMAIN m2m.int8;
DROP TABLE m2m.regclass;

-- Bad input.
SELECT pqengine.many_to_many('users', 'no_such_table');
SELECT pqengine.many_to_many(NULL, 'users');
SELECT pqengine.many_to_many('users', NULL);
SELECT pqengine.many_to_many(0, 'users');
SELECT pqengine.many_to_many('users', 4294967295);
SELECT pqengine.many_to_many('users', 'roles', '');
SELECT pqengine.many_to_many('users', 'roles', ' ');
SELECT pqengine.many_to_many('users', 'roles', 'a.b.c');
SELECT pqengine.many_to_many('users', 'roles', 'a.b.c.d');
SELECT pqengine.many_to_many('users', 'roles', '"unfinished');
SELECT pqengine.many_to_many('users', 'roles', '""');
SELECT pqengine.many_to_many('users', 'roles', '"".j');
SELECT pqengine.many_to_many('users', 'roles', 'x); DROP TABLE users; --');
SELECT pqengine.many_to_many('users', 'roles', 'no_such_schema.j');
SELECT pqengine.many_to_many('users', 'roles', 'users');
CREATE TABLE keyless (id int);
SELECT pqengine.many_to_many('users', 'keyless');
CREATE TABLE uniquely (id int UNIQUE);
SELECT pqengine.many_to_many('uniquely', 'users');
CREATE TABLE later (id int PRIMARY KEY DEFERRABLE);
SELECT pqengine.many_to_many('later', 'users');
CREATE VIEW seen AS SELECT * FROM users;
SELECT pqengine.many_to_many('seen', 'users');
CREATE MATERIALIZED VIEW kept AS SELECT * FROM users;
SELECT pqengine.many_to_many('users', 'kept');
SELECT pqengine.many_to_many('users', 'users_id_seq');
SELECT pqengine.many_to_many('users', 'users_pkey');
CREATE TYPE pair AS (a int, b int);
SELECT pqengine.many_to_many('users', 'pair');
CREATE FOREIGN DATA WRAPPER regress_m2m_fdw;
CREATE SERVER regress_m2m_server FOREIGN DATA WRAPPER regress_m2m_fdw;
CREATE FOREIGN TABLE elsewhere (id int) SERVER regress_m2m_server;
SELECT pqengine.many_to_many('elsewhere', 'users');
SELECT pqengine.many_to_many('pg_class', 'users');
CREATE TABLE wide (a int, b int, c int, d int, e int, f int, g int, h int, i int, j int, k int, l int,
	m int, n int, o int, p int, q int, PRIMARY KEY (a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q));
SELECT pqengine.many_to_many('wide', 'wide');
SELECT to_regclass('wide_wide_junction') AS not_left_behind;
BEGIN TRANSACTION READ ONLY;
SELECT pqengine.many_to_many('users', 'users', 'not_now');
ROLLBACK;

-- The caller's rights, and nobody else's.
GRANT USAGE ON SCHEMA m2m TO regress_m2m_owner, regress_m2m_other;
GRANT CREATE ON SCHEMA m2m TO regress_m2m_owner;
SET ROLE regress_m2m_owner;
CREATE TABLE mine (id int PRIMARY KEY);
SELECT pqengine.many_to_many('mine', 'users');
RESET ROLE;
GRANT REFERENCES ON users TO regress_m2m_owner;
SET ROLE regress_m2m_owner;
SELECT pqengine.many_to_many('mine', 'users');
SELECT tableowner FROM pg_tables WHERE schemaname = 'm2m' AND tablename = 'mine_users_junction';
SET ROLE regress_m2m_other;
SELECT pqengine.many_to_many('mine', 'users', 'theirs');
RESET ROLE;

-- Declared as what it is.
SELECT provolatile, proparallel, prosecdef, proconfig, obj_description(oid, 'pg_proc') IS NOT NULL AS documented
FROM pg_proc WHERE oid = 'pqengine.many_to_many(regclass,regclass,text)'::regprocedure;

DROP SCHEMA m2m, m2m_other, "m2m Sch""ema" CASCADE;
DROP FOREIGN DATA WRAPPER regress_m2m_fdw CASCADE;
REVOKE USAGE ON SCHEMA pqengine FROM regress_m2m_owner, regress_m2m_other;
DROP ROLE regress_m2m_owner, regress_m2m_other;
