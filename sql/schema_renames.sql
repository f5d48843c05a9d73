--
-- Renames: those that models or options declare, and what is the same under
-- another name.  Rows, comments and rights stay where they are, and nothing
-- that speaks of a renamed object is made anew.
--
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set tools :abs_srcdir '/sql/include/schema_tools.sql'
\i :tools
\set ECHO all
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_renames;

-- The statements of a plan, and what the plan leads to.
CREATE FUNCTION tools.renames(models text, options jsonb DEFAULT '{}') RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	step record;
BEGIN
	FOR step IN SELECT * FROM pqengine.plan(models, '{"concurrently": false, "allow_drop": true}' || options) ORDER BY seq LOOP
		RETURN NEXT step.statement;
		EXECUTE step.statement;
	END LOOP;
	RETURN QUERY SELECT * FROM tools.settled(models, options);
END $$;

-- Everything at once: a table, its columns, the types of those, a value, and
-- all that speaks of them or is called after them.
CREATE SCHEMA app;
SET search_path = app;
CREATE TYPE state AS ENUM ('nu', 'old');
CREATE TYPE place AS (street text, zip text);
CREATE DOMAIN mail AS text CONSTRAINT mail_check CHECK (VALUE LIKE '%@%');
CREATE TYPE span AS RANGE (SUBTYPE = int);
CREATE TABLE people (
	id serial PRIMARY KEY,
	email mail UNIQUE CHECK (email <> ''),
	state state NOT NULL DEFAULT 'nu',
	home place,
	during span,
	twice text GENERATED ALWAYS AS (email || email) STORED,
	boss int REFERENCES people
);
CREATE INDEX people_state_idx ON people (state) WHERE state = 'nu';
COMMENT ON TABLE people IS 'who';
COMMENT ON COLUMN people.email IS 'where to';
COMMENT ON CONSTRAINT people_pkey ON people IS 'key';
GRANT SELECT (email), UPDATE ON people TO regress_renames;
CREATE VIEW addresses AS SELECT id, email, (home).zip FROM people WHERE state = 'nu';
GRANT SELECT ON addresses TO regress_renames;
CREATE VIEW zips AS SELECT zip FROM addresses;
CREATE MATERIALIZED VIEW counts AS SELECT state, count(*) AS n FROM people GROUP BY state;
CREATE INDEX counts_idx ON counts (state);
CREATE FUNCTION first_of(s state) RETURNS people LANGUAGE sql BEGIN ATOMIC SELECT * FROM people WHERE state = s LIMIT 1; END;
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER noted BEFORE UPDATE OF email ON people FOR EACH ROW WHEN (NEW.state = 'nu') EXECUTE FUNCTION note();
ALTER TABLE people ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON people USING (email = current_user);
CREATE STATISTICS people_stat ON state, email FROM people;
INSERT INTO people (email, home, during) VALUES ('a@b', '(x,1)', '[1,2)'), ('b@b', '(y,2)', '[2,3)');
REFRESH MATERIALIZED VIEW counts;
RESET search_path;
CREATE TABLE tools.before AS
	SELECT 'app.people'::regclass::oid AS people, 'app.addresses'::regclass::oid AS addresses, 'app.counts'::regclass::oid AS counts,
		'app.people_id_seq'::regclass::oid AS seq, 'app.state'::regtype::oid AS state, 'app.people_pkey'::regclass::oid AS key;
CREATE FUNCTION tools.models() RETURNS text LANGUAGE sql AS $models$ SELECT $$
CREATE SCHEMA app;
SET search_path = app;
SELECT pqengine.renamed('users', was => 'people');
SELECT pqengine.renamed('app.users', 'mail', was => 'email');
SELECT pqengine.renamed('users', 'status', 'state');
SELECT pqengine.renamed('status', was => 'state');
SELECT pqengine.renamed('status', 'new', was => 'nu');
SELECT pqengine.renamed('address', was => 'place');
SELECT pqengine.renamed('address', 'postcode', was => 'zip');
SELECT pqengine.renamed(target => 'email', was => 'app.mail', kind => 'domain');
SELECT pqengine.renamed('period', was => 'span');
CREATE TYPE status AS ENUM ('new', 'old');
CREATE TYPE address AS (street text, postcode text);
CREATE DOMAIN email AS text CONSTRAINT email_check CHECK (VALUE LIKE '%@%');
CREATE TYPE period AS RANGE (SUBTYPE = int);
CREATE TABLE users (
	id serial PRIMARY KEY,
	mail email UNIQUE CHECK (mail <> ''),
	status status NOT NULL DEFAULT 'new',
	home address,
	during period,
	twice text GENERATED ALWAYS AS (mail || mail) STORED,
	boss int REFERENCES users
);
CREATE INDEX users_status_idx ON users (status) WHERE status = 'new';
COMMENT ON TABLE users IS 'who';
COMMENT ON COLUMN users.mail IS 'where to';
COMMENT ON CONSTRAINT users_pkey ON users IS 'key';
GRANT SELECT (mail), UPDATE ON users TO regress_renames;
CREATE VIEW addresses AS SELECT id, mail, (home).postcode FROM users WHERE status = 'new';
GRANT SELECT ON addresses TO regress_renames;
CREATE VIEW zips AS SELECT postcode FROM addresses;
CREATE MATERIALIZED VIEW counts AS SELECT status, count(*) AS n FROM users GROUP BY status;
CREATE INDEX counts_idx ON counts (status);
CREATE FUNCTION first_of(s status) RETURNS users LANGUAGE sql BEGIN ATOMIC SELECT * FROM users WHERE status = s LIMIT 1; END;
CREATE FUNCTION noting() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER noted BEFORE UPDATE OF mail ON users FOR EACH ROW WHEN (NEW.status = 'new') EXECUTE FUNCTION noting();
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON users USING (mail = current_user);
CREATE STATISTICS users_stat ON status, mail FROM users;
$$ $models$;
-- drift() says what is, and takes no side
SELECT change, kind, object FROM pqengine.drift(tools.models()) WHERE kind IN ('table', 'enum');
-- ensure_tables() leaves alone what is to be renamed
SET client_min_messages = warning;
\set VERBOSITY terse
SELECT * FROM pqengine.ensure_tables(tools.models());
SELECT * FROM pqengine.prove(tools.models());
SELECT tools.renames(tools.models());
SELECT people = 'app.users'::regclass, addresses = 'app.addresses'::regclass, counts = 'app.counts'::regclass,
	seq = 'app.users_id_seq'::regclass, state = 'app.status'::regtype, key = 'app.users_pkey'::regclass FROM tools.before;
SELECT * FROM app.users ORDER BY id;
SELECT * FROM app.counts;
SELECT has_column_privilege('regress_renames', 'app.users', 'mail', 'SELECT'), has_table_privilege('regress_renames', 'app.addresses', 'SELECT'),
	obj_description('app.users'::regclass), col_description('app.users'::regclass, 2);
SELECT app.period(1, 2), app.period_multirange(app.period(1, 2));
-- the lines may stay; without them nothing changes either
SELECT * FROM pqengine.plan(tools.models());
SELECT * FROM pqengine.plan(regexp_replace(tools.models(), 'SELECT pqengine[^\n]*\n', '', 'g'));
DROP SCHEMA app CASCADE;
-- where nothing is, there is nothing to rename
SELECT count(*) FROM pqengine.plan(tools.models()) WHERE action = 'rename';

-- The same under another name, of every kind that can be told from its text.
CREATE SCHEMA app;
CREATE TABLE app.t (a int CONSTRAINT c_old CHECK (a > 0), b int CONSTRAINT u_old UNIQUE, c int,
	CONSTRAINT f_old FOREIGN KEY (c) REFERENCES app.t (b));
CREATE DOMAIN app.d AS int CONSTRAINT d_old CHECK (VALUE > 0);
CREATE INDEX i_old ON app.t (a);
COMMENT ON INDEX app.i_old IS 'kept';
CREATE SEQUENCE app.s_old START 7;
SELECT nextval('app.s_old');
CREATE VIEW app.v_old AS SELECT a FROM app.t;
CREATE VIEW app.w AS SELECT a FROM app.v_old;
CREATE MATERIALIZED VIEW app.m_old AS SELECT b FROM app.t;
CREATE FUNCTION app.p_old(int, text) RETURNS int LANGUAGE sql AS 'select 1';
CREATE PROCEDURE app.r_old() LANGUAGE sql AS 'select 1';
CREATE FUNCTION app.t_old() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER g_old BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.t_old();
ALTER TABLE app.t DISABLE TRIGGER g_old;
CREATE RULE ru_old AS ON DELETE TO app.t DO INSTEAD NOTHING;
CREATE POLICY po_old ON app.t USING (a > 0);
CREATE STATISTICS app.x_old ON a, b FROM app.t;
SELECT tools.renames($$
CREATE SCHEMA app;
CREATE TABLE app.t (a int CONSTRAINT c_new CHECK (a > 0), b int CONSTRAINT u_new UNIQUE, c int,
	CONSTRAINT f_new FOREIGN KEY (c) REFERENCES app.t (b));
CREATE DOMAIN app.d AS int CONSTRAINT d_new CHECK (VALUE > 0);
CREATE INDEX i_new ON app.t (a);
COMMENT ON INDEX app.i_new IS 'kept';
CREATE SEQUENCE app.s_new START 7;
CREATE VIEW app.v_new AS SELECT a FROM app.t;
CREATE VIEW app.w AS SELECT a FROM app.v_new;
CREATE MATERIALIZED VIEW app.m_new AS SELECT b FROM app.t;
CREATE FUNCTION app.p_new(int, text) RETURNS int LANGUAGE sql AS 'select 1';
CREATE PROCEDURE app.r_new() LANGUAGE sql AS 'select 1';
CREATE FUNCTION app.t_new() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TRIGGER g_new BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.t_new();
ALTER TABLE app.t DISABLE TRIGGER g_new;
CREATE RULE ru_new AS ON DELETE TO app.t DO INSTEAD NOTHING;
CREATE POLICY po_new ON app.t USING (a > 0);
CREATE STATISTICS app.x_new ON a, b FROM app.t;
$$);
SELECT nextval('app.s_new');
DROP SCHEMA app CASCADE;

-- Names that go round; one that moves to a name which another gives up.
CREATE SCHEMA app;
CREATE TABLE app.t (a int, b int, c int, CHECK (a > 0), CHECK (b > 0));
CREATE INDEX i1 ON app.t (a);
CREATE INDEX i2 ON app.t (b);
CREATE INDEX i3 ON app.t (c);
CREATE VIEW app.v1 AS SELECT a FROM app.t;
CREATE VIEW app.v2 AS SELECT b FROM app.t;
CREATE VIEW app.v3 AS SELECT * FROM app.v1;
SELECT tools.renames($$
CREATE SCHEMA app;
CREATE TABLE app.t (a int, b int, c int, CONSTRAINT t_b_check CHECK (a > 0), CONSTRAINT t_c_check CHECK (b > 0));
CREATE INDEX i1 ON app.t (b);
CREATE INDEX i2 ON app.t (c);
CREATE INDEX i3 ON app.t (a);
CREATE VIEW app.v2 AS SELECT a FROM app.t;
CREATE VIEW app.v1 AS SELECT b FROM app.t;
CREATE VIEW app.v3 AS SELECT * FROM app.v2;
$$);

-- Two that would do: neither is taken for the other.
SELECT tools.renames($$
CREATE SCHEMA app;
CREATE TABLE app.t (a int, b int, c int);
CREATE INDEX j1 ON app.t (b);
CREATE INDEX j2 ON app.t (b);
$$);
-- Nor is anything whose use is another: the sequences of two columns.
SELECT tools.renames('CREATE SCHEMA app; CREATE TABLE app.a (x serial)');
SELECT tools.renames('CREATE SCHEMA app; CREATE TABLE app.b (y serial)');
DROP SCHEMA app CASCADE;

-- Partitions and heirs have their parent's names.
CREATE SCHEMA app;
CREATE TABLE app.p (a int NOT NULL, b text, CONSTRAINT pc CHECK (a > 0)) PARTITION BY RANGE (a);
CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (1) TO (10);
CREATE INDEX p_b_idx ON app.p (b);
CREATE TABLE app.h (a int CONSTRAINT hc CHECK (a > 0), b text);
CREATE TABLE app.h1 (a int CONSTRAINT hc CHECK (a > 0), c int) INHERITS (app.h);
INSERT INTO app.p VALUES (1, 'x');
SELECT tools.renames($$
CREATE SCHEMA app;
CREATE TABLE app.q (n int NOT NULL, b text, CONSTRAINT qc CHECK (n > 0)) PARTITION BY RANGE (n);
CREATE TABLE app.p1 PARTITION OF app.q FOR VALUES FROM (1) TO (10);
CREATE INDEX q_b_idx ON app.q (b);
CREATE TABLE app.h (n int CONSTRAINT hn CHECK (n > 0), b text);
CREATE TABLE app.h1 (n int CONSTRAINT hn CHECK (n > 0), c int) INHERITS (app.h);
SELECT pqengine.renamed('app.q', was => 'app.p');
SELECT pqengine.renamed('app.q', 'n', was => 'a');
SELECT pqengine.renamed('app.h', 'n', was => 'a');
$$);
SELECT * FROM app.p1;
DROP SCHEMA app CASCADE;

-- A schema, with a table in it, by the option.
CREATE SCHEMA app_old;
CREATE TABLE app_old.t (a int);
INSERT INTO app_old.t VALUES (1);
SELECT * FROM pqengine.prove('CREATE SCHEMA app; CREATE TABLE app.u (a int)', 5,
	'{"renames": [{"kind": "schema", "name": "app", "was": "app_old"}, {"name": "app.u", "was": "t"}]}');
SELECT tools.renames('CREATE SCHEMA app; CREATE TABLE app.u (a int)',
	'{"renames": [{"kind": "schema", "name": "app", "was": "app_old"}, {"name": "app.u", "was": "t"}]}');
SELECT * FROM app.u;
-- Names that need quotes.
SELECT tools.renames($$CREATE SCHEMA app; CREATE TABLE app."Odd.Name" ("Col umn" int); CREATE TYPE app.e AS ENUM ('a b');
SELECT pqengine.renamed('app."Odd.Name"', was => 'u'); SELECT pqengine.renamed('app."Odd.Name"', 'Col umn', was => 'a')$$);
SELECT tools.renames($$CREATE SCHEMA app; CREATE TABLE app."Odd.Name" ("Col umn" int); CREATE TYPE app."E" AS ENUM ('it''s');
SELECT pqengine.renamed('app."E"', was => 'e'); SELECT pqengine.renamed('app."E"', 'it''s', was => 'a b')$$);
DROP SCHEMA app CASCADE;

-- What is not declared is a drop that says what it may have been meant as.
CREATE SCHEMA app;
CREATE TABLE app.a (x int, y text, z int);
CREATE TABLE app.c (id int, mail text, n int, gone date);
CREATE TABLE app.other (o date);
CREATE TYPE app.e AS ENUM ('a');
CREATE DOMAIN app.d AS int;
SELECT object, hazards FROM pqengine.plan($$
CREATE SCHEMA app;
CREATE TABLE app.b (x int, y text, w int);
CREATE TABLE app.c (id int, email text, n1 bigint, "N2" text);
CREATE TYPE app."It's" AS ENUM ('a');
CREATE DOMAIN app.d2 AS int;
$$) WHERE action = 'drop' ORDER BY object;
DROP SCHEMA app CASCADE;

-- What cannot be done is refused, and says where.
\set VERBOSITY default
CREATE SCHEMA app;
CREATE TABLE app.a (x int, y int);
CREATE TABLE app.b (x int);
CREATE VIEW app.c AS SELECT 1 AS one;
CREATE FUNCTION tools.refused(lines text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	detail text;
BEGIN
	PERFORM pqengine.plan(E'-- pqengine:file models/a.sql\nCREATE SCHEMA app;\nCREATE TABLE app.a (x int, z int);\n' || lines);
	RETURN 'taken';
EXCEPTION WHEN others THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
	RETURN sqlstate || ' ' || sqlerrm || coalesce(' | ' || nullif(hint, ''), '');
END $$;
SELECT tools.refused($$SELECT pqengine.renamed('app.nix', was => 'a');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', 'nix', was => 'y');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', was => 'b');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', 'x', was => 'y');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', was => 'a');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', was => 'other.a');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', 'z', was => 'y'); SELECT pqengine.renamed('app.a', 'z', was => 'w');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', 'z', was => 'y'); SELECT pqengine.renamed('app.a', 'x', was => 'y');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', 'z', was => 'x'); SELECT pqengine.renamed('app.a', 'x', was => 'z');$$);
SELECT tools.refused($$CREATE TABLE app.c (x int); SELECT pqengine.renamed('app.c', was => 'b');$$);
SELECT tools.refused($$CREATE TABLE a (x int); CREATE SCHEMA a; SELECT pqengine.renamed('a', was => 'b');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', was => lower('B'));$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', 'z', was => 1);$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', 'z');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', old => 'y');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', 'z', 'y', 'column', 'x');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app..a', was => 'y');$$);
SELECT tools.refused($$SELECT pqengine.renamed('', was => '');$$);
SELECT tools.refused($$SELECT pqengine.renamed(NULL, was => NULL);$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a', was => 'b', kind => 'tabel');$$);
SELECT tools.refused($$SELECT pqengine.renamed('app.a"', 'z', was => 'y');$$);
SELECT pqengine.renamed('app.a', 'z', was => 'y');
SELECT * FROM pqengine.plan('CREATE SCHEMA app', '{"renames": [{"name": "app.q", "was": "b"}]}');
SELECT * FROM pqengine.plan('CREATE SCHEMA app', '{"renames": [{"name": "app.q"}]}');
SELECT * FROM pqengine.plan('CREATE SCHEMA app', '{"renames": [{"name": "app.q", "was": "b", "kind": "tabel"}]}');
BEGIN READ ONLY;
SELECT * FROM pqengine.plan('CREATE SCHEMA app; CREATE TABLE app.q (x int)', '{"renames": [{"name": "app.q", "was": "b"}]}');
ROLLBACK;
-- nothing of it has left a trace
SELECT relname FROM pg_class WHERE relnamespace = 'app'::regnamespace ORDER BY 1;

-- names that are handed on, in whatever order that is declared
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('a', 'b', 'c');
CREATE TYPE app.pair AS (a int, b int, c int);
CREATE TABLE app.t1 (a int, b text, c date, e app.e DEFAULT 'b');
CREATE TABLE app.t2 (i int PRIMARY KEY);
CREATE TABLE app.t3 (j int);
CREATE VIEW app.v AS SELECT t1.a, t1.b, t1.c, t3.j, (NULL::app.pair).b AS of_pair FROM app.t1, app.t3;
INSERT INTO app.t1 VALUES (1, 'x', '2020-02-02');
INSERT INTO app.t2 VALUES (2);
SELECT tools.migrate($$
CREATE SCHEMA app;
CREATE TYPE app.e AS ENUM ('b', 'c', 'd');
CREATE TYPE app.pair AS (b int, c int, d int);
CREATE TABLE app.t2 (b bigint, c varchar(9), d date, e app.e DEFAULT 'c');
CREATE TABLE app.t3 (i int PRIMARY KEY);
CREATE TABLE app.t4 (j int);
CREATE VIEW app.v AS SELECT t2.b AS a, t2.c AS b, t2.d AS c, t4.j, (NULL::app.pair).c AS of_pair FROM app.t2, app.t4;
SELECT pqengine.renamed('app.t2', was => 't1');
SELECT pqengine.renamed('app.t3', was => 't2');
SELECT pqengine.renamed('app.t4', was => 't3');
SELECT pqengine.renamed('app.t2', 'b', was => 'a');
SELECT pqengine.renamed('app.t2', 'c', was => 'b');
SELECT pqengine.renamed('app.t2', 'd', was => 'c');
SELECT pqengine.renamed('app.e', 'c', was => 'b');
SELECT pqengine.renamed('app.e', 'b', was => 'a');
SELECT pqengine.renamed('app.e', 'd', was => 'c');
SELECT pqengine.renamed('app.pair', 'b', was => 'a');
SELECT pqengine.renamed('app.pair', 'c', was => 'b');
SELECT pqengine.renamed('app.pair', 'd', was => 'c');
$$);
SELECT * FROM app.t2, app.t3;

-- each a step of its own, however many
DROP SCHEMA app CASCADE;
CREATE SCHEMA app;
SELECT format('CREATE SCHEMA app; CREATE TABLE app.t (%s);', string_agg(format('c%s int DEFAULT %s', i, i), ', ')) AS before,
	format('CREATE SCHEMA app; CREATE TABLE app.t (%s); %s', string_agg(format('c%s int DEFAULT %s', i + 1, i), ', '),
		string_agg(format('SELECT pqengine.renamed(''app.t'', ''c%s'', was => ''c%s'');', i + 1, i), ' ')) AS after
	FROM generate_series(1, 23) i \gset
SELECT count(*) > 0 FROM tools.migrate(:'before');
SELECT statement LIKE '% RENAME %' AS renamed, count(*) FROM pqengine.plan(:'after', '{"allow_drop": true}') GROUP BY 1;
SELECT m LIKE 'rename column %' AS renamed, count(*) FROM tools.migrate(:'after') m GROUP BY 1;

RESET client_min_messages;
SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
DROP SCHEMA tools CASCADE;
DROP ROLE regress_renames;
