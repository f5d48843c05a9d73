--
-- The statements of a plan where they are the contract: what is safe to run on
-- a live database, what is marked as not, and how it goes back.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
SET client_min_messages = warning;

-- From nothing: whole objects, nothing concurrent about it.
\set models 'CREATE SCHEMA app; SET search_path = app; CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text, age int); CREATE TABLE orders (id int, customer_id bigint, at timestamptz); CREATE INDEX orders_at ON orders (at);'
SELECT phase, kind, object, action, statement, reverse, hazards, transactional FROM pqengine.plan(:'models') ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT count(*) FROM pqengine.plan(:'models');
SELECT * FROM pqengine.drift(:'models');
INSERT INTO app.customer (mail) SELECT 'c' || i FROM generate_series(1, 10) i;
INSERT INTO app.orders SELECT i, i % 10 + 1, now() FROM generate_series(1, 100) i;

-- Keys, a foreign key, a check, NOT NULL, indexes: each takes no lock for long.
\set models 'CREATE SCHEMA app; SET search_path = app; CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text NOT NULL UNIQUE, age int CHECK (age > 0)); CREATE TABLE orders (id int PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer ON DELETE CASCADE, at timestamptz); CREATE INDEX orders_at ON orders (at DESC); CREATE INDEX orders_customer ON orders (customer_id) INCLUDE (at) WHERE id > 0;'
SELECT seq, phase, action, statement, hazards, transactional FROM pqengine.plan(:'models') ORDER BY seq;
SELECT seq, reverse FROM pqengine.plan(:'models') ORDER BY seq DESC;
-- without concurrently
SELECT seq, statement, hazards, transactional FROM pqengine.plan(:'models', '{"concurrently": false}') WHERE statement ~ 'INDEX|UNIQUE|KEY' ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT * FROM tools.settled(:'models');
SELECT conname, convalidated FROM pg_constraint WHERE connamespace = 'app'::regnamespace AND contype <> 'n' ORDER BY 1;
SELECT indexrelid::regclass FROM pg_index WHERE indrelid::regclass::text LIKE 'app.%' AND NOT indisvalid;
SELECT count(*) FROM app.customer, app.orders;
INSERT INTO app.customer (mail, age) VALUES ('x', 1);

-- A concurrent build that failed leaves an invalid index behind: it is no index, and is made anew.
CREATE TABLE app.dup (i int);
INSERT INTO app.dup VALUES (1), (1);
CREATE UNIQUE INDEX CONCURRENTLY dup_i ON app.dup (i);
\set models 'CREATE SCHEMA app; CREATE TABLE app.dup (i int); CREATE UNIQUE INDEX dup_i ON app.dup (i);'
SELECT * FROM pqengine.drift(:'models', '{"ignore": [{"name": "app.customer"}, {"name": "app.orders"}]}');
SELECT statement FROM pqengine.plan(:'models', '{"ignore": [{"name": "app.customer"}, {"name": "app.orders"}]}') ORDER BY seq;
DELETE FROM app.dup;
SELECT statement FROM pqengine.plan(:'models', '{"ignore": [{"name": "app.customer"}, {"name": "app.orders"}]}') ORDER BY seq \gexec
SELECT * FROM pqengine.drift(:'models', '{"ignore": [{"name": "app.customer"}, {"name": "app.orders"}]}');

-- What the models hold no longer comes last, in a phase of its own, and is done only when allowed.
\set models 'CREATE SCHEMA app; CREATE TABLE app.customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text NOT NULL, note text);'
SELECT seq, phase, statement, hazards FROM pqengine.plan(:'models') ORDER BY seq;
SELECT seq, phase, statement FROM pqengine.plan(:'models', '{"allow_drop": true}') ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models') WHERE phase <> 'drop' ORDER BY seq \gexec
SELECT change, kind, object FROM pqengine.drift(:'models');
SELECT count(*) FROM app.customer;

-- Types of columns: what rewrites the table and what does not.
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
CREATE TABLE app.c (a varchar(10), b varchar(10), c numeric(10,2), d numeric(10,2), e int, f text, g timestamp, h varchar(20), i text, j bit(4), k int);
\set models 'CREATE SCHEMA app; CREATE TABLE app.c (a varchar(20), b text, c numeric(12,2), d numeric(12,3), e bigint, f int, g timestamptz, h varchar(10), i varchar, j bit varying(8), k boolean);'
CREATE FUNCTION tools.rewrites(models text) RETURNS TABLE (statement text, marked bool, rewritten bool) LANGUAGE plpgsql AS $$
DECLARE
	before oid;
BEGIN
	FOR statement, marked IN SELECT p.statement, 'table_rewrite' = ANY (p.hazards) FROM pqengine.plan(models) p ORDER BY seq LOOP
		SELECT relfilenode INTO before FROM pg_class WHERE oid = 'app.c'::regclass;
		EXECUTE statement;
		SELECT relfilenode <> before INTO rewritten FROM pg_class WHERE oid = 'app.c'::regclass;
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM tools.rewrites(:'models');
SELECT * FROM tools.settled(:'models');

-- Columns: with defaults, volatile ones, identity and generated, NOT NULL without a default on rows.
DROP TABLE app.c;
CREATE TABLE app.c (i int);
\set models 'CREATE SCHEMA app; CREATE TABLE app.c (i int, d int DEFAULT 5 NOT NULL, v float8 DEFAULT random(), g int GENERATED ALWAYS AS (i * 2) STORED, s serial, y int GENERATED ALWAYS AS IDENTITY, n int NOT NULL);'
SELECT statement, hazards FROM pqengine.plan(:'models') ORDER BY seq;
SELECT * FROM tools.rewrites(:'models');
SELECT * FROM tools.settled(:'models');

-- The index that is made ahead of a key is the one that the key itself would have made.
DROP TABLE app.c;
CREATE TABLE app.c (a int NOT NULL, "b (x)" int, c text);
\set models 'CREATE SCHEMA app; CREATE TABLE app.c (a int, "b (x)" int, c text, CONSTRAINT p PRIMARY KEY (a) INCLUDE (c, "b (x)") WITH (fillfactor = 70), CONSTRAINT u UNIQUE NULLS NOT DISTINCT (c, "b (x)") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT v UNIQUE ("b (x)") DEFERRABLE);'
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq;
CREATE FUNCTION tools.indexes() RETURNS TABLE (definition text) LANGUAGE sql AS $$
	SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'app.c'::regclass ORDER BY 1
$$;
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT * FROM tools.settled(:'models');
SELECT * FROM tools.indexes();
DROP TABLE app.c;
CREATE TABLE app.c (a int, "b (x)" int, c text, CONSTRAINT p PRIMARY KEY (a) INCLUDE (c, "b (x)") WITH (fillfactor = 70), CONSTRAINT u UNIQUE NULLS NOT DISTINCT (c, "b (x)") DEFERRABLE INITIALLY DEFERRED, CONSTRAINT v UNIQUE ("b (x)") DEFERRABLE);
SELECT * FROM tools.indexes();

-- A table waits with its change where the foreign key that is in the way of it may not go.
DROP TABLE app.c;
CREATE TABLE app.referred (id int PRIMARY KEY);
CREATE TABLE app.referring (id int, CONSTRAINT f FOREIGN KEY (id) REFERENCES app.referred (id));
CREATE UNLOGGED TABLE app.lost (id int PRIMARY KEY);
CREATE UNLOGGED TABLE app.losing (id int, CONSTRAINT f FOREIGN KEY (id) REFERENCES app.lost (id));
\set models 'CREATE SCHEMA app; CREATE UNLOGGED TABLE app.referred (id int PRIMARY KEY); CREATE TABLE app.referring (id int); CREATE UNLOGGED TABLE app.lost (id int PRIMARY KEY); CREATE TABLE app.losing (id int);'
SELECT phase, statement FROM pqengine.plan(:'models') ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models', '{"allow_drop": true}') ORDER BY seq \gexec
SELECT * FROM pqengine.drift(:'models');

-- That an index is not the table's clustered one any more, nor its REPLICA IDENTITY, loses nothing: it waits for no leave.
CREATE TABLE app.c (a int NOT NULL, b int, CONSTRAINT p PRIMARY KEY (a));
CREATE INDEX i ON app.c (b);
ALTER TABLE app.c CLUSTER ON i;
ALTER TABLE app.c REPLICA IDENTITY USING INDEX p;
\set models 'CREATE SCHEMA app; CREATE TABLE app.c (a int NOT NULL, b int, CONSTRAINT p PRIMARY KEY (a)); CREATE INDEX i ON app.c (b DESC);'
SELECT phase, statement, reverse FROM pqengine.plan(:'models', '{"ignore": [{"name": "app.referr*"}, {"name": "app.los*"}]}') ORDER BY seq;
SELECT * FROM pqengine.prove(:'models');
-- One that it stays is built beside the old one like others.
\set models 'CREATE SCHEMA app; CREATE TABLE app.c (a int NOT NULL, b int, CONSTRAINT p PRIMARY KEY (a)); CREATE INDEX i ON app.c (b DESC); ALTER TABLE app.c CLUSTER ON i; ALTER TABLE app.c REPLICA IDENTITY USING INDEX p;'
SELECT phase, statement FROM pqengine.plan(:'models', '{"ignore": [{"name": "app.referr*"}, {"name": "app.los*"}]}') ORDER BY seq;

-- A partition that gets other bounds keeps its part of the key above under the name that it has, there and on the way back.
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
CREATE TABLE app.p (a int, CONSTRAINT k PRIMARY KEY (a)) PARTITION BY RANGE (a);
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (10);
ALTER INDEX app.p1_pkey RENAME TO zzz;
ALTER TABLE app.p1 CLUSTER ON zzz;
ALTER TABLE app.p1 REPLICA IDENTITY USING INDEX zzz;
\set models 'CREATE SCHEMA app; CREATE TABLE app.p (a int, CONSTRAINT k PRIMARY KEY (a)) PARTITION BY RANGE (a); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (20); ALTER TABLE app.p1 CLUSTER ON p1_pkey; ALTER TABLE app.p1 REPLICA IDENTITY USING INDEX p1_pkey;'
SELECT statement AS up FROM pqengine.plan(:'models') ORDER BY seq;
CREATE TEMP TABLE way_back AS SELECT seq, statement FROM pqengine.plan(:'models', '{"direction": "down"}');
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT * FROM pqengine.drift(:'models');
SELECT statement AS down FROM way_back ORDER BY seq;
SELECT statement FROM way_back ORDER BY seq \gexec
SELECT indisclustered, indisreplident FROM pg_index WHERE indexrelid = 'app.zzz'::regclass;

-- A column that its table has from a parent as well becomes another when the table has left that one, which waits for leave.
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
CREATE TABLE app.p (a int, k int);
CREATE TABLE app.h (k int) INHERITS (app.p);
\set models 'CREATE SCHEMA app; CREATE TABLE app.p (a int, k int); CREATE TABLE app.h (k text)'
SELECT phase, statement FROM pqengine.plan(:'models') ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models') WHERE phase <> 'drop' ORDER BY seq \gexec
SELECT statement FROM pqengine.plan(:'models', '{"allow_drop": true}') ORDER BY seq \gexec
SELECT * FROM pqengine.drift(:'models');

-- A column takes nulls when it is in no primary key any more; one that the key only includes does at once, and where the key stays it stays as it is.
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
CREATE TABLE app.t ("b, c" int, d int NOT NULL, PRIMARY KEY ("b, c") INCLUDE (d));
CREATE TABLE app.u (a int, b int NOT NULL, c int NOT NULL, CONSTRAINT k PRIMARY KEY (a) INCLUDE (b));
\set models 'CREATE SCHEMA app; CREATE TABLE app.t ("b, c" int, d int); CREATE TABLE app.u (a int, b int, c int, CONSTRAINT k PRIMARY KEY (a) INCLUDE (b))'
SELECT phase, statement FROM pqengine.plan(:'models') ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models') WHERE phase <> 'drop' ORDER BY seq \gexec
SELECT statement FROM pqengine.plan(:'models', '{"allow_drop": true}') ORDER BY seq \gexec
SELECT * FROM pqengine.drift(:'models');

DROP SCHEMA app CASCADE;
DROP SCHEMA tools CASCADE;
