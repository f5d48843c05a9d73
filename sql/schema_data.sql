--
-- No rows and no values are lost without leave.  Whatever the models want,
-- the steps that would lose some stand in the phase "drop", and the others
-- can be run without them.
--
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA tools;
CREATE FUNCTION tools.kept(before text, rows text, wanted text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	step record;
	counts text;
	relation regclass;
	old jsonb := '{}';
	new jsonb;
	held jsonb;
BEGIN
	EXECUTE 'CREATE SCHEMA app; SET search_path = app; ' || before;
	EXECUTE rows;
	RESET search_path;
	-- the rows of a partition are its parent's, and may move
	FOR relation IN SELECT c.oid FROM pg_class c WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition LOOP
		EXECUTE format('SELECT jsonb_agg(to_jsonb(x)) FROM %s x', relation) INTO held;
		old := old || jsonb_build_object(relation::text, held);
	END LOOP;
	FOR step IN SELECT * FROM pqengine.plan('CREATE SCHEMA app; SET search_path = app; ' || wanted, '{"concurrently": false}') ORDER BY seq LOOP
		IF step.phase <> 'drop' THEN
			IF 'deletes_data' = ANY (step.hazards) THEN
				RETURN NEXT 'NOT GATED: ' || step.statement;
			END IF;
			EXECUTE step.statement;
		ELSIF 'deletes_data' = ANY (step.hazards) THEN
			RETURN NEXT 'gated: ' || step.statement;
		END IF;
	END LOOP;
	FOR relation IN SELECT c.oid FROM pg_class c WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'p') LOOP
		EXECUTE format('SELECT jsonb_agg(to_jsonb(x)) FROM %s x', relation) INTO held;
		IF NOT coalesce(held @> (old -> relation::text), old -> relation::text IS NULL OR old -> relation::text = 'null') THEN
			RETURN NEXT format('LOST of %s: %s are now %s', relation, old -> relation::text, held);
		END IF;
		old := old - relation::text;
	END LOOP;
	IF old <> '{}' THEN
		RETURN NEXT 'LOST: ' || old;
	END IF;
	DROP SCHEMA app CASCADE;
END $$;

SELECT tools.kept('CREATE TABLE t (i int); CREATE TABLE gone (i int)', 'INSERT INTO t VALUES (1); INSERT INTO gone VALUES (2)', 'CREATE TABLE t (i int)');
SELECT tools.kept('CREATE TABLE t (i int, gone int)', 'INSERT INTO t VALUES (1, 2)', 'CREATE TABLE t (i int)');
SELECT tools.kept('CREATE TABLE t (i int)', 'INSERT INTO t VALUES (1)', 'CREATE TABLE t (j int)');
SELECT tools.kept('CREATE TABLE t (i int)', 'INSERT INTO t VALUES (1)', 'CREATE VIEW t AS SELECT 1 AS i; CREATE VIEW over AS SELECT * FROM t');
SELECT tools.kept('CREATE TABLE t (i int)', 'INSERT INTO t VALUES (1)', 'CREATE TYPE t AS ENUM (''a''); CREATE TABLE u (t t)');
SELECT tools.kept('CREATE TABLE t (i int, g int)', 'INSERT INTO t VALUES (1, 2)', 'CREATE TABLE t (i int, g int GENERATED ALWAYS AS (i) STORED)');
SELECT tools.kept('CREATE TABLE t (i int, g int GENERATED ALWAYS AS (i * 2) STORED)', 'INSERT INTO t VALUES (1)', 'CREATE TABLE t (i int, g int)');
SELECT tools.kept('CREATE TABLE p (i int) PARTITION BY RANGE (i); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE VIEW v AS SELECT * FROM p', 'INSERT INTO p VALUES (1)', 'CREATE TABLE p (i int) PARTITION BY HASH (i); CREATE TABLE p_0 PARTITION OF p FOR VALUES WITH (MODULUS 1, REMAINDER 0); CREATE VIEW v AS SELECT * FROM p');
SELECT tools.kept('CREATE TABLE t (i int, r int)', 'INSERT INTO t VALUES (1)', 'CREATE TABLE t (i int, r int) PARTITION BY RANGE (i); CREATE TABLE t1 PARTITION OF t DEFAULT');
SELECT tools.kept('CREATE TABLE t (i int GENERATED ALWAYS AS IDENTITY (INCREMENT BY 5), s serial) PARTITION BY RANGE (s); CREATE TABLE t1 PARTITION OF t DEFAULT', 'INSERT INTO t DEFAULT VALUES; INSERT INTO t DEFAULT VALUES', 'CREATE TABLE t (i int GENERATED ALWAYS AS IDENTITY (INCREMENT BY 5), s serial)');
SELECT tools.kept('CREATE TABLE t (i int, gone int)', 'INSERT INTO t VALUES (1, 2)', 'CREATE TABLE t (i int) PARTITION BY RANGE (i); CREATE TABLE t1 PARTITION OF t DEFAULT; CREATE VIEW v AS SELECT * FROM t');
-- rows that no partition takes are not dropped in silence: the step fails
SELECT tools.kept('CREATE TABLE t (i int)', 'INSERT INTO t VALUES (1)', 'CREATE TABLE t (i int) PARTITION BY RANGE (i)');
SELECT tools.kept('CREATE TABLE p (i int) PARTITION BY RANGE (i); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)', 'INSERT INTO p VALUES (1)', 'CREATE TABLE p1 (i int)');
SELECT tools.kept('CREATE TABLE t (i int, g int)', 'INSERT INTO t VALUES (1, 2)', 'CREATE TYPE ty AS (i int, g int); CREATE TABLE t OF ty');
SELECT tools.kept('CREATE TYPE c AS (a int, b int); CREATE TABLE t (x c)', 'INSERT INTO t VALUES (''(1,2)'')', 'CREATE TYPE c AS (b int); CREATE TABLE t (x c)');
SELECT tools.kept('CREATE TABLE a (i int, x int); CREATE TABLE b (y int) INHERITS (a)', 'INSERT INTO b VALUES (1, 2, 3)', 'CREATE TABLE a (i int); CREATE TABLE b (y int) INHERITS (a)');
SELECT tools.kept('CREATE TABLE a (i int, x int); CREATE TABLE b (y int) INHERITS (a)', 'INSERT INTO b VALUES (1, 2, 3)', 'CREATE TABLE b (y int)');
SELECT tools.kept('CREATE TABLE t (i int)', 'INSERT INTO t VALUES (1)', 'CREATE UNLOGGED TABLE t (i int)');
SELECT tools.kept('CREATE SEQUENCE s; CREATE TABLE t (i int DEFAULT nextval(''s''))', 'INSERT INTO t DEFAULT VALUES', 'CREATE TABLE t (i int)');
SELECT tools.kept('CREATE TABLE t (i serial)', 'INSERT INTO t DEFAULT VALUES', 'CREATE TABLE t (i int GENERATED ALWAYS AS IDENTITY)');
SELECT tools.kept('CREATE TABLE t (i int); CREATE MATERIALIZED VIEW m AS SELECT i FROM t', 'INSERT INTO t VALUES (1)', 'CREATE TABLE t (i int); CREATE TABLE m (i int)');
SELECT tools.kept('CREATE TYPE e AS ENUM (''a'', ''b''); CREATE DOMAIN d AS int; CREATE TABLE t (e e, d d, a e[])', 'INSERT INTO t VALUES (''a'', 1, ''{a,b}'')', 'CREATE TYPE e AS ENUM (''b'', ''a''); CREATE DOMAIN d AS bigint; CREATE TABLE t (e e, d d, a e[])');
-- nor is anything set aside, or taken down, that comes back with leave only
SELECT tools.kept('CREATE TYPE e AS ENUM (''a''); CREATE TABLE p (i int, j int, e e) PARTITION BY LIST (i); CREATE TABLE r PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (j); CREATE TABLE r1 PARTITION OF r DEFAULT; CREATE VIEW gone AS SELECT e FROM r1', 'INSERT INTO p VALUES (1)', 'CREATE TYPE e AS ENUM (''a'', ''b''); CREATE TABLE p (i int, j int, e e) PARTITION BY RANGE (i); CREATE TABLE d PARTITION OF p DEFAULT');
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a', 'b');
CREATE TABLE app.t (e app.e DEFAULT 'a', v varchar(5), CONSTRAINT k CHECK (e <> 'b'));
CREATE UNIQUE INDEX i ON app.t (v) WHERE e = 'a';
CREATE VIEW app.v AS SELECT e, v FROM app.t;
CREATE VIEW app.gone AS SELECT e FROM app.t;
\set models 'CREATE SCHEMA app; SET search_path = app; CREATE TYPE e AS ENUM (''b'', ''a''); CREATE TABLE t (e e DEFAULT ''a'', v text, CONSTRAINT k CHECK (e <> ''b'')); CREATE UNIQUE INDEX i ON t (v) WHERE e = ''a''; CREATE VIEW v AS SELECT e, v FROM t;'
SELECT statement FROM pqengine.plan(:'models') WHERE phase <> 'drop';
SELECT * FROM pqengine.prove(:'models');
DROP SCHEMA app CASCADE;
-- nor is what cannot be altered while something stays that is in the way, be it on a partition that is left alone
CREATE SCHEMA app;
CREATE TABLE app.t (v varchar(5), d int DEFAULT 1);
CREATE VIEW app.gone AS SELECT v FROM app.t;
CREATE TABLE app.p (i int, v varchar(5)) PARTITION BY LIST (i);
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES IN (1) PARTITION BY LIST (i);
CREATE TABLE app.p2 PARTITION OF app.p1 DEFAULT;
CREATE VIEW app.gone_2 AS SELECT v FROM app.p2;
\set models 'CREATE SCHEMA app; CREATE TABLE app.t (v text, d text); CREATE TABLE app.p (i int, v text) PARTITION BY LIST (i);'
SELECT phase, statement FROM pqengine.plan(:'models') ORDER BY seq;
SELECT * FROM pqengine.prove(:'models');
SELECT * FROM pqengine.prove(:'models', 0, '{"allow_drop": true}');
DROP SCHEMA app CASCADE;
-- a name that has to be free for something that waits for leave is not freed before
SELECT tools.kept('CREATE TABLE people (id int PRIMARY KEY)', 'INSERT INTO people VALUES (1)', 'CREATE TABLE persons (id int CONSTRAINT people_pkey PRIMARY KEY)');
CREATE SCHEMA app;
CREATE TABLE app.people (id int PRIMARY KEY, mail text);
CREATE INDEX by_mail ON app.people (mail);
SELECT phase, statement FROM pqengine.plan('CREATE SCHEMA app; CREATE TABLE app.persons (id int CONSTRAINT people_pkey PRIMARY KEY, mail text); CREATE INDEX by_mail ON app.persons (mail);') WHERE phase = 'prepare';
DROP SCHEMA app CASCADE;
SELECT tools.kept('CREATE SCHEMA app2; CREATE TABLE app2.t (i int)', '', '');
SELECT count(*) FROM pqengine.plan('', '{"schemas": ["app2"]}') WHERE phase <> 'drop';
DROP SCHEMA app2 CASCADE;

-- A sequence goes on where the one before it stood, whatever it is called and whoever owns it.
CREATE FUNCTION tools.next_id(before text, wanted text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	step text;
BEGIN
	EXECUTE 'CREATE SCHEMA app; SET search_path = app; ' || before;
	RESET search_path;
	INSERT INTO app.t SELECT FROM generate_series(1, 7);
	FOR step IN SELECT statement FROM pqengine.plan('CREATE SCHEMA app; SET search_path = app; ' || wanted, '{"concurrently": false}') ORDER BY seq LOOP
		EXECUTE step;
	END LOOP;
	RETURN QUERY INSERT INTO app.t DEFAULT VALUES RETURNING id::text;
	DROP SCHEMA app CASCADE;
END $$;
SELECT tools.next_id('CREATE TABLE t (id serial PRIMARY KEY)', 'CREATE TABLE t (id bigserial PRIMARY KEY)');
SELECT tools.next_id('CREATE TABLE t (id serial PRIMARY KEY)', 'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)');
SELECT tools.next_id('CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)', 'CREATE TABLE t (id serial PRIMARY KEY)');
SELECT tools.next_id('CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY)', 'CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY (CACHE 1 INCREMENT BY 1) PRIMARY KEY)');
SELECT tools.next_id('CREATE TABLE t (id serial PRIMARY KEY)', 'CREATE SEQUENCE t_id_seq AS bigint MINVALUE 1 MAXVALUE 1000; CREATE TABLE t (id bigint PRIMARY KEY DEFAULT nextval(''t_id_seq''))');

-- Attributes of a composite type in another order, or with one between them: each value stays that of its attribute.
CREATE SCHEMA app;
SET search_path = app;
CREATE TYPE coord AS (x int, y int);
CREATE TYPE leg AS (a coord, ends coord[]);
CREATE DOMAIN spot AS coord;
CREATE DOMAIN spots AS spot[];
CREATE TABLE t (id int, p coord, ps coord[], l leg, s spot, ss spots);
INSERT INTO t VALUES (1, (1, 2), '{"(3,4)"}', ((5, 6), '{"(7,8)",NULL}'), (9, 10), '{"(11,12)"}'), (2, NULL, NULL, NULL, NULL, NULL), (3, '(,)', '{{"(1,2)"},{"(3,4)"}}', '(,)', '(,1)', '{}');
RESET search_path;
\set models 'CREATE SCHEMA app; SET search_path = app; CREATE TYPE coord AS (y bigint, z text, x int); CREATE TYPE leg AS (a coord, ends coord[]); CREATE DOMAIN spot AS coord; CREATE DOMAIN spots AS spot[]; CREATE TABLE t (id int, p coord, ps coord[], l leg, s spot, ss spots);'
SELECT statement, reverse FROM pqengine.plan(:'models') WHERE statement ~ '__pqengine_cast' OR reverse ~ '__pqengine_cast' ORDER BY seq;
SELECT * FROM pqengine.prove(:'models', 10);
SELECT statement FROM pqengine.plan(:'models') ORDER BY seq \gexec
SELECT * FROM app.t ORDER BY id;
SELECT * FROM pqengine.drift(:'models');
SELECT proname FROM pg_proc WHERE pronamespace = 'app'::regnamespace;
DROP SCHEMA app CASCADE;

-- A value that is too long for what it is to be stops the plan, and is not cut.
CREATE FUNCTION tools.complaint(before text, wanted text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	step text;
BEGIN
	EXECUTE 'CREATE SCHEMA app; SET search_path = app; ' || before;
	RESET search_path;
	FOR step IN SELECT statement FROM pqengine.plan('CREATE SCHEMA app; SET search_path = app; ' || wanted, '{"concurrently": false}') ORDER BY seq LOOP
		EXECUTE step;
	END LOOP;
	RAISE 'none';
EXCEPTION WHEN others THEN
	RETURN SQLERRM;
END $$;
SELECT tools.complaint('CREATE DOMAIN d AS text; CREATE TABLE t (d d); INSERT INTO t VALUES (''abc'')', 'CREATE DOMAIN d AS varchar(2); CREATE TABLE t (d d)');
SELECT tools.complaint('CREATE DOMAIN d AS text; CREATE TABLE t (d d[]); INSERT INTO t VALUES (''{abc}'')', 'CREATE DOMAIN d AS varchar(2); CREATE TABLE t (d d[])');
SELECT tools.complaint('CREATE TABLE t (d text); INSERT INTO t VALUES (''abc'')', 'CREATE DOMAIN d AS char(2); CREATE DOMAIN e AS d; CREATE TABLE t (d e)');
SELECT tools.complaint('CREATE TABLE t (d text[]); INSERT INTO t VALUES (''{abc}'')', 'CREATE DOMAIN d AS varchar(2)[]; CREATE TABLE t (d d)');
SELECT tools.complaint('CREATE TABLE t (d text[]); INSERT INTO t VALUES (''{ab}'')', 'CREATE DOMAIN d AS varchar(2)[]; CREATE TABLE t (d d)');
SELECT tools.complaint('CREATE DOMAIN d AS text; CREATE TABLE t (d d); INSERT INTO t VALUES (''abc'')', 'CREATE TABLE t (d varchar(2))');
SELECT tools.complaint('CREATE DOMAIN d AS text; CREATE TABLE t (d d[]); INSERT INTO t VALUES (''{abc}'')', 'CREATE TABLE t (d char(2)[])');
SELECT tools.complaint('CREATE DOMAIN d AS text; CREATE TABLE t (d d[]); INSERT INTO t VALUES (''{ab}'')', 'CREATE TABLE t (d char(2)[])');
SELECT tools.complaint('CREATE TABLE t (d text); INSERT INTO t VALUES (''101'')', 'CREATE TABLE t (d bit(2))');
SELECT tools.complaint('CREATE TABLE t (d int); INSERT INTO t VALUES (5)', 'CREATE TABLE t (d bit(3))');
SELECT tools.complaint('CREATE TYPE c AS (x text, y int); CREATE TABLE t (c c); INSERT INTO t VALUES ((''abc'', 1))', 'CREATE TYPE c AS (y int, x varchar(2)); CREATE TABLE t (c c)');
SELECT tools.complaint('CREATE TYPE c AS (x text, y int); CREATE TABLE t (c c); INSERT INTO t VALUES ((''abc'', 1))', 'CREATE DOMAIN d AS varchar(2); CREATE TYPE c AS (y int, x d); CREATE TABLE t (c c)');
SELECT tools.complaint('CREATE TABLE t (i int, v text) PARTITION BY LIST (i); CREATE TABLE p PARTITION OF t DEFAULT; INSERT INTO t VALUES (1, ''abc'')', 'CREATE DOMAIN d AS varchar(2); CREATE TABLE t (i int, v d) PARTITION BY RANGE (i); CREATE TABLE p PARTITION OF t DEFAULT;');

-- With leave it is done.
CREATE SCHEMA app;
CREATE TABLE app.t (i int, gone int);
CREATE TABLE app.gone (i int);
SELECT statement FROM pqengine.plan('CREATE SCHEMA app; CREATE TABLE app.t (i int)', '{"allow_drop": true}') ORDER BY seq \gexec
SELECT * FROM pqengine.drift('CREATE SCHEMA app; CREATE TABLE app.t (i int)');
DROP SCHEMA app CASCADE;
DROP SCHEMA tools CASCADE;
