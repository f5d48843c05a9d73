--
-- What is printed without the server's functions that take an oid (kinds/plain.c)
-- reads as they would print it, and so does what is left to them.
--
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE SCHEMA app;
CREATE DOMAIN app.price AS numeric CHECK (VALUE > 0);
CREATE TYPE app.mood AS ENUM ('sad', 'Happy');
CREATE FUNCTION app.twice(i int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 2 * i';
CREATE SEQUENCE app.numbers;
CREATE TABLE app."Odd ""table""" (
	gone int,
	"Key" int,
	"select" text,
	mood app.mood DEFAULT 'Happy',
	name name,
	code varchar(20) DEFAULT 'x'::varchar,
	nr text COLLATE "C" DEFAULT upper('a' || 'b'),
	price app.price DEFAULT 1.50,
	amount numeric DEFAULT 0,
	flags int[] DEFAULT '{}' NOT NULL,
	more text[] DEFAULT ARRAY['a', 'b'],
	at timestamptz DEFAULT now(),
	since timestamptz DEFAULT CURRENT_TIMESTAMP,
	today date DEFAULT CURRENT_DATE,
	who name DEFAULT CURRENT_USER,
	number int DEFAULT nextval('app.numbers'),
	half int DEFAULT CASE WHEN 1 > 2 THEN 1 ELSE 2 END,
	most int DEFAULT greatest(1, 2, least(3, 4)),
	never int DEFAULT coalesce(NULL, nullif(1, 1), 3),
	chance float8 DEFAULT random() * 10,
	doubled int DEFAULT app.twice(4),
	PRIMARY KEY ("Key"),
	CONSTRAINT "Uni que" UNIQUE ("select", "Key"),
	CONSTRAINT included UNIQUE (code) INCLUDE (amount, "select"),
	CONSTRAINT not_distinct UNIQUE NULLS NOT DISTINCT (number),
	CONSTRAINT later UNIQUE (half) DEFERRABLE INITIALLY DEFERRED,
	CONSTRAINT may_be_later UNIQUE (most) DEFERRABLE,
	CONSTRAINT c1 CHECK (amount >= 0 AND (code <> 'a' OR code IS NULL) AND NOT ("Key" = 1)),
	CONSTRAINT c2 CHECK (mood IN ('sad', 'Happy') AND code = ANY (ARRAY['a', 'b', 'it''s']) AND code NOT IN ('c')),
	CONSTRAINT c3 CHECK ("select" LIKE 'a%' OR "select" ~* E'\\d' OR "select" SIMILAR TO '(a|b)'),
	CONSTRAINT c4 CHECK (coalesce(amount, 0) > 0 AND nullif("Key", 0) IS NOT NULL AND greatest(half, most) > 0),
	CONSTRAINT c5 CHECK (CASE WHEN amount > 1 THEN half > 1 ELSE true END),
	CONSTRAINT c6 CHECK (at > '2020-01-01' AND at AT TIME ZONE 'UTC' < since AT TIME ZONE 'UTC' AND extract(year FROM at) > 1),
	CONSTRAINT c7 CHECK ((half IS DISTINCT FROM most) IS TRUE AND (half > 1) IS NOT UNKNOWN) NO INHERIT,
	CONSTRAINT c8 CHECK ("Odd ""table""" IS NOT NULL),
	CONSTRAINT c9 CHECK (tableoid > 0::oid),
	CONSTRAINT c10 CHECK ((half, most) <> (1, 2) AND ROW (half, most) IS NOT NULL),
	CONSTRAINT c11 CHECK (flags[1] > 0 AND flags[1:2] <> '{}' AND array_length(flags, 1) < 3 AND flags::text[] <> more),
	CONSTRAINT c12 CHECK (amount::int::text || 'x' <> code::text AND price > 1 AND lower(nr COLLATE "POSIX") < 'z' AND nr < ('a' COLLATE "POSIX")),
	CONSTRAINT c13 CHECK (app.twice(i => "Key") OPERATOR(pg_catalog.>) 0 AND length(trim(both FROM code)) > 0 AND substring(code FROM 1 FOR 2) <> ''),
	CONSTRAINT c14 CHECK (true),
	CONSTRAINT c15 CHECK (amount BETWEEN 1 AND 5 AND - amount < 0 AND half % 2 = 0 AND 1 + 2 * half > (1 + half) * 2),
	CONSTRAINT x1 EXCLUDE USING btree (doubled WITH =) WHERE (doubled > 0)
);
ALTER TABLE app."Odd ""table""" DROP gone;
ALTER TABLE app."Odd ""table""" ADD CONSTRAINT unchecked CHECK (chance < 5) NOT VALID;
-- the same tree over columns of the same names, and of others
CREATE TABLE app.a (i int CHECK (i > 0), j int DEFAULT 0, k int DEFAULT 0);
CREATE TABLE app.b (i int CHECK (i > 0), j int DEFAULT 0, CHECK (i > 0));
CREATE TABLE app.c ("I" int CHECK ("I" > 0), "J" int DEFAULT 0);
ALTER TABLE app.a ADD UNIQUE (i, j), ADD UNIQUE (j);
ALTER TABLE app.b
	ADD CONSTRAINT f1 FOREIGN KEY (i, j) REFERENCES app.a (i, j) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL,
	ADD CONSTRAINT f2 FOREIGN KEY (j) REFERENCES app.a (j) ON UPDATE RESTRICT ON DELETE SET DEFAULT,
	ADD CONSTRAINT f3 FOREIGN KEY (i, j) REFERENCES app.a (i, j) ON UPDATE SET NULL ON DELETE SET NULL (j),
	ADD CONSTRAINT f4 FOREIGN KEY (j) REFERENCES app.a (j) ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED,
	ADD CONSTRAINT f5 FOREIGN KEY (j) REFERENCES app.a (j) ON UPDATE SET DEFAULT ON DELETE CASCADE DEFERRABLE NOT VALID,
	ADD CONSTRAINT f6 FOREIGN KEY (i) REFERENCES app."Odd ""table""";
CREATE SCHEMA beside;
CREATE TABLE beside.t (i int PRIMARY KEY);
ALTER TABLE app.b ADD CONSTRAINT f7 FOREIGN KEY (i) REFERENCES beside.t;
CREATE TABLE app.heir (l int, CHECK (l < 9)) INHERITS (app.a);
CREATE TABLE app.parted (i int NOT NULL, t text, PRIMARY KEY (i), CHECK (i < 100)) PARTITION BY RANGE (i);
CREATE TABLE app.part PARTITION OF app.parted FOR VALUES FROM (1) TO (10);
CREATE INDEX ON app.parted (t);
CREATE INDEX i1 ON app."Odd ""table""" ("select");
CREATE INDEX "I 2" ON app."Odd ""table""" ("select", "Key" DESC NULLS LAST, amount NULLS FIRST);
CREATE UNIQUE INDEX i3 ON app."Odd ""table""" (lower("select"), (half + 1), nr, code, name, price, mood, flags);
CREATE INDEX i4 ON app."Odd ""table""" (code varchar_pattern_ops, "select" text_pattern_ops, nr COLLATE "POSIX");
CREATE INDEX i5 ON app."Odd ""table""" (half) INCLUDE (most) WITH (fillfactor = 70) WHERE half > 3;
CREATE INDEX i6 ON app."Odd ""table""" USING hash (half);
CREATE INDEX i7 ON app."Odd ""table""" USING gin (flags);
CREATE INDEX i8 ON app."Odd ""table""" ((amount::int), (coalesce(half, 1)), (CASE WHEN half > 1 THEN 1 END), ("Key" IS NULL), (("select" COLLATE "C")));
CREATE INDEX i9 ON app."Odd ""table""" (upper(nr), upper("select" COLLATE "POSIX"), upper("select") COLLATE "C");
CREATE UNIQUE INDEX i10 ON app."Odd ""table""" (half, app.twice(most)) NULLS NOT DISTINCT;
CREATE INDEX i11 ON app."Odd ""table""" (mood, price, at, who, number);
CREATE INDEX i12 ON app."Odd ""table""" (half) WITH (fillfactor = 70);
CREATE MATERIALIZED VIEW app.m AS SELECT 1 AS i, 'a'::text AS t;
CREATE UNIQUE INDEX m1 ON app.m (i, lower(t));
-- views: where the names of the columns are the query's, and where they are not
CREATE TABLE app.old (i int, new text, gone int);
CREATE TABLE app.new (i int, t text);
CREATE VIEW app.v1 AS SELECT "select", "Key" AS k, x.code FROM app."Odd ""table""" x WHERE half > 3 ORDER BY most DESC, nr;
CREATE VIEW app.v2 (a, "B b") AS SELECT o.i, n FROM app.old AS o JOIN app.new AS n ON n.i = o.i AND n.t <> 'x';
CREATE VIEW app.v3 AS SELECT i, old.new, t, older FROM app.old JOIN app.new USING (i) LEFT JOIN app.a AS l (i, older, newest) USING (i);
CREATE VIEW app.v4 AS SELECT i, t FROM app.new UNION ALL SELECT i, new FROM app.old ORDER BY 1;
CREATE VIEW app.v5 (p, q) AS SELECT i, j FROM app.a EXCEPT SELECT 1, 2;
CREATE VIEW app.v6 AS VALUES (1, 'one'), (2, 'two');
CREATE VIEW app.v7 (a, b) AS VALUES (1, 'one');
CREATE VIEW app.v8 AS WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 9), new AS (SELECT * FROM app.new) SELECT * FROM r, new;
CREATE VIEW app.v9 AS SELECT new.*, f.ordinality, (SELECT max(x.i) FROM app.old x WHERE x.new = new.t), row_number() OVER w
  FROM app.new, LATERAL generate_series(1, new.i) WITH ORDINALITY f WINDOW w AS (PARTITION BY new.t ORDER BY new.i);
CREATE VIEW app.v10 AS SELECT DISTINCT ON (o.new) o.new, count(*) FILTER (WHERE o.i > 1) FROM app.old o TABLESAMPLE system (10)
  GROUP BY GROUPING SETS ((o.new), ()) HAVING count(*) > 0 ORDER BY o.new, o.new || 'x';
CREATE VIEW app.v11 AS SELECT;
CREATE VIEW app.v12 AS SELECT old AS new, new AS old FROM app.old, app.new WHERE NOT EXISTS (SELECT FROM app.v4 WHERE v4.i = old.i) FOR UPDATE OF old;
CREATE VIEW app.v13 AS SELECT a.*, v2."B b" FROM app.v2, app.parted a, (SELECT 1 AS i, 2 AS i) s (u, v) WHERE a = a;
CREATE VIEW app.v14 AS SELECT o, n.j, j.t FROM app.a n LEFT JOIN (app.old JOIN app.new ON new.i = old.i) AS j (o, p, q) ON j.o = n.i;
CREATE VIEW app.v15 AS SELECT l.i, r.t FROM app.old l JOIN app.a USING (i) AS u CROSS JOIN app.new r WHERE u.i > r.i;
CREATE MATERIALIZED VIEW app.m2 (x) AS SELECT i FROM app.new n LIMIT 3;
ALTER VIEW app.v1 RENAME k TO "K";
ALTER VIEW app.v4 RENAME t TO u;
ALTER TABLE app.old RENAME new TO newer;
ALTER TABLE app.new ADD j int;
ALTER TABLE app.old DROP gone;
ALTER MATERIALIZED VIEW app.m2 RENAME x TO y;

SELECT pqengine.export('{app}') AS export \gset
SET search_path = pg_catalog;
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
 WHERE connamespace = 'app'::regnamespace AND conrelid <> 0 AND conislocal AND conparentid = 0 AND contype <> 'n'
   AND position(format('CONSTRAINT %I %s', conname, pg_get_constraintdef(oid)) IN :'export') = 0;
SELECT indexrelid::regclass, pg_get_indexdef(indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = indexrelid
 WHERE relnamespace = 'app'::regnamespace AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid AND contype IN ('p', 'u', 'x'))
   AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid)
   AND position(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') || ';' IN replace(:'export', ' ON ONLY ', ' ON ')) = 0;
SELECT adrelid::regclass, attname, pg_get_expr(adbin, adrelid) FROM pg_attrdef JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
  JOIN pg_class c ON c.oid = adrelid AND relnamespace = 'app'::regnamespace
 WHERE attislocal AND position(format('%I %s%s DEFAULT %s', attname, format_type(atttypid, atttypmod),
       CASE WHEN attcollation <> 0 AND attcollation <> (SELECT typcollation FROM pg_type t WHERE t.oid = atttypid)
            THEN ' COLLATE pg_catalog.' || attcollation::regcollation END, pg_get_expr(adbin, adrelid)) IN :'export') = 0;
SELECT c.oid::regclass, pg_get_viewdef(c.oid) FROM pg_class c
 WHERE relnamespace = 'app'::regnamespace AND relkind IN ('v', 'm') AND position(format(E'%s AS\n%s', c.oid::regclass, pg_get_viewdef(c.oid)) IN :'export') = 0;
SELECT count(*) > 30 FROM pg_constraint WHERE connamespace = 'app'::regnamespace;
RESET search_path;
-- and it is what the server makes of itself
SELECT * FROM pqengine.drift(:'export');

DROP SCHEMA app, beside CASCADE;
