--
-- Partitions and inheritance.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;

-- Partitions in the models: ranges, a default one, two levels, one attached later.
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE log (id int, at date NOT NULL, kind text) PARTITION BY RANGE (at);
CREATE TABLE log_2024 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE log_2025 (id int, at date NOT NULL, kind text) PARTITION BY LIST (kind);
ALTER TABLE log ATTACH PARTITION log_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE log_2025_a PARTITION OF log_2025 FOR VALUES IN ('a');
CREATE TABLE log_rest PARTITION OF log DEFAULT;
$$);
INSERT INTO app.log SELECT i, '2024-01-01'::date + i, 'a' FROM generate_series(1, 700) i;
-- everything that goes down to the partitions, and is not to be said again there
\set models 'CREATE SCHEMA app; SET search_path = app; CREATE TABLE code (k text PRIMARY KEY); CREATE TABLE log (id bigint NOT NULL, at date NOT NULL DEFAULT CURRENT_DATE, kind text DEFAULT ''b'' CHECK (kind <> ''z''), extra int, PRIMARY KEY (id, at, kind), FOREIGN KEY (kind) REFERENCES code) PARTITION BY RANGE (at); CREATE TABLE log_2024 PARTITION OF log (CONSTRAINT even CHECK (id % 1 = 0)) FOR VALUES FROM (''2024-01-01'') TO (''2025-01-01''); CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM (''2025-01-01'') TO (''2026-01-01'') PARTITION BY LIST (kind); CREATE TABLE log_2025_a PARTITION OF log_2025 FOR VALUES IN (''a''); CREATE TABLE log_rest PARTITION OF log DEFAULT; CREATE INDEX log_kind ON log (kind, extra); CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS ''begin return new; end''; CREATE TRIGGER tr BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION tr(); COMMENT ON TABLE log_2024 IS ''one year'''
SELECT tools.migrate('CREATE SCHEMA app; CREATE TABLE app.code (k text PRIMARY KEY)', '{"allow_drop": false, "ignore": [{"name": "app.log*"}]}');
INSERT INTO app.code VALUES ('a');
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT * FROM tools.settled(:'models');
SELECT count(*), count(extra) FROM app.log;
SELECT inhrelid::regclass, c.relkind, i.indisvalid FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid LEFT JOIN pg_index i ON i.indexrelid = inhrelid ORDER BY inhrelid::regclass::text;

-- A partition that comes at run time is none of the models' business, nor is what hangs on it.
CREATE TABLE app.log_2026 PARTITION OF app.log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX log_2026_extra ON app.log_2026 (extra);
SELECT * FROM tools.settled(:'models');
-- nor is a partition of such a one
CREATE TABLE app.log_2027 PARTITION OF app.log FOR VALUES FROM ('2027-01-01') TO ('2028-01-01') PARTITION BY RANGE (at);
CREATE TABLE app.log_2027_01 PARTITION OF app.log_2027 FOR VALUES FROM ('2027-01-01') TO ('2027-02-01');
SELECT * FROM tools.settled(:'models');
DROP TABLE app.log_2027;
-- nor what such a one needs
CREATE SCHEMA keeper;
CREATE SCHEMA other;
CREATE FUNCTION other.tr() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE FUNCTION other.unused() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TABLE keeper.log_2028 PARTITION OF app.log FOR VALUES FROM ('2028-01-01') TO ('2029-01-01');
CREATE TRIGGER own AFTER UPDATE ON keeper.log_2028 FOR EACH ROW EXECUTE FUNCTION other.tr();
SELECT change, kind, object FROM pqengine.drift(:'models', '{"schemas": ["app", "keeper", "other"]}');
SELECT statement FROM pqengine.plan(:'models', '{"schemas": ["app", "keeper", "other"]}');
DROP SCHEMA keeper, other CASCADE;
-- but a change of the parent reaches it
SELECT tools.migrate(replace(:'models', 'extra int', 'extra bigint, added text'));
SELECT attname, atttypid::regtype FROM pg_attribute WHERE attrelid = 'app.log_2026'::regclass AND attname IN ('extra', 'added') ORDER BY 1;
-- a table of another parent, or none, is unexpected
CREATE TABLE app.stray (i int);
SELECT change, kind, object FROM pqengine.drift(replace(:'models', 'extra int', 'extra bigint, added text'));
DROP TABLE app.stray;

-- A partition's bounds change; it is detached and attached, and keeps its rows.
SELECT tools.migrate($$
CREATE SCHEMA app2;
SET search_path = app2;
CREATE TABLE p (i int) PARTITION BY RANGE (i);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
CREATE TABLE alone (i int);
$$);
INSERT INTO app2.p SELECT generate_series(0, 19);
SELECT tools.migrate($$
CREATE SCHEMA app2;
SET search_path = app2;
CREATE TABLE p (i int) PARTITION BY RANGE (i);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (-10) TO (10);
CREATE TABLE p2 (i int);
CREATE TABLE alone PARTITION OF p FOR VALUES FROM (30) TO (40);
$$);
SELECT (SELECT count(*) FROM app2.p), (SELECT count(*) FROM app2.p2);
DROP SCHEMA app2 CASCADE;
DROP SCHEMA app CASCADE;

-- An index is made on partitions that came at run time as well: without them it would not be valid.
CREATE SCHEMA app;
CREATE TABLE app.p (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (10);
CREATE TABLE app.late PARTITION OF app.p FOR VALUES FROM (10) TO (20);
CREATE TABLE app.later PARTITION OF app.p FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (a);
CREATE TABLE app.later_1 PARTITION OF app.later FOR VALUES FROM (20) TO (30);
CREATE TABLE app.late_b_idx ();
\set models 'CREATE SCHEMA app; CREATE TABLE app.p (a int, b int) PARTITION BY RANGE (a); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (0) TO (10); CREATE TABLE app.late_b_idx (); CREATE INDEX pi ON app.p (b); CREATE UNIQUE INDEX pu ON app.p (a);'
SELECT * FROM pqengine.prove(:'models');
SELECT * FROM pqengine.prove(:'models', 0, '{"direction": "down"}');
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT * FROM pqengine.drift(:'models');
SELECT indexrelid::regclass, indisvalid FROM pg_index WHERE indrelid::regclass::text ~ '^app' ORDER BY indexrelid::regclass::text;
-- one that is not valid for want of a part gets it, and one that nothing is missing of is made anew
DROP INDEX app.pi;
CREATE INDEX pi ON ONLY app.p (b);
ALTER INDEX app.pu RENAME TO keep;
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq;
CREATE INDEX p1_b_idx ON app.p1 (b);
ALTER INDEX app.pi ATTACH PARTITION app.p1_b_idx;
DROP TABLE app.late, app.later;
SELECT object, property, expected, actual FROM pqengine.drift(:'models') WHERE change = 'changed';
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq;
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT * FROM pqengine.drift(:'models');
DROP SCHEMA app CASCADE;

-- Also where its name says what an index's text does.
CREATE SCHEMA app;
CREATE TABLE app.p (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE app.late PARTITION OF app.p FOR VALUES FROM (10) TO (20);
\set models 'CREATE SCHEMA app; CREATE TABLE app.p (a int, b int) PARTITION BY RANGE (a); CREATE INDEX "an index USING b" ON app.p (b);'
SELECT * FROM pqengine.prove(:'models');
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq;
DROP SCHEMA app CASCADE;

-- Inheritance: columns, checks and defaults that are merged, parents that come and go.
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE a (id int, v int CHECK (v > 0));
CREATE TABLE b (w int) INHERITS (a);
CREATE TABLE c () INHERITS (b);
CREATE TABLE d (id int, v int CHECK (v > 0));
$$);
INSERT INTO app.c VALUES (1, 2, 3);
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE a (id bigint NOT NULL DEFAULT 5, v int CONSTRAINT a_v_check CHECK (v > 1), x text);
CREATE TABLE b (w int, v int DEFAULT 3) INHERITS (a);
CREATE TABLE c () INHERITS (b);
CREATE TABLE d (id bigint NOT NULL DEFAULT 6, v int CONSTRAINT a_v_check CHECK (v > 1), x text) INHERITS (a);
$$);
TABLE app.a;
SELECT tools.migrate($$
CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE a (id bigint NOT NULL DEFAULT 5, v int CONSTRAINT a_v_check CHECK (v > 1));
CREATE TABLE b (w int, v int DEFAULT 3) INHERITS (a);
CREATE TABLE c (id bigint NOT NULL DEFAULT 5, v int DEFAULT 3 CONSTRAINT a_v_check CHECK (v > 1), w int);
CREATE TABLE d (id bigint NOT NULL DEFAULT 6, v int CONSTRAINT a_v_check CHECK (v > 1)) INHERITS (a);
$$);
TABLE app.c;
SELECT count(*) FROM app.a;
DROP SCHEMA app CASCADE;

-- Nor is it where its parent is to be left as it is, however the models have that.
CREATE SCHEMA app;
CREATE TABLE app.t (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE app.t_2025 PARTITION OF app.t DEFAULT;
SELECT statement FROM pqengine.plan('CREATE SCHEMA app; CREATE TABLE app.t (a int, b int) PARTITION BY LIST (b)', '{"allow_drop": true, "ignore": [{"name": "app.t"}]}');
DROP SCHEMA app CASCADE;

-- An index goes, and a partition's own key with it, to be made again: but not where another schema leans on that key.
CREATE SCHEMA app;
CREATE TABLE app.t (a int) PARTITION BY RANGE (a);
CREATE UNIQUE INDEX i ON app.t (a);
CREATE TABLE app.t_2025 (a int, CONSTRAINT own PRIMARY KEY (a));
ALTER TABLE app.t ATTACH PARTITION app.t_2025 DEFAULT;
SELECT statement FROM pqengine.plan('CREATE SCHEMA app; CREATE TABLE app.t (a int) PARTITION BY RANGE (a)', '{"allow_drop": true, "concurrently": false}');
CREATE SCHEMA other;
CREATE TABLE other.r (a int REFERENCES app.t_2025);
SELECT statement AS drop_index FROM pqengine.plan('CREATE SCHEMA app; CREATE TABLE app.t (a int) PARTITION BY RANGE (a)', '{"allow_drop": true, "concurrently": false}') LIMIT 1 \gset
:drop_index;
SELECT conname FROM pg_constraint WHERE conrelid IN ('app.t_2025'::regclass, 'other.r'::regclass) AND contype IN ('p', 'f') ORDER BY 1;
DROP SCHEMA app, other CASCADE;

DROP SCHEMA tools CASCADE;
