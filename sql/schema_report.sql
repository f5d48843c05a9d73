-- report and diagram: what each step is part of, objects before and after, the picture

CREATE SCHEMA shop;
CREATE TABLE shop.customers (id int PRIMARY KEY, name text);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customers, note text);
CREATE INDEX orders_note ON shop.orders (note);
CREATE TABLE shop.extra (id int REFERENCES shop.orders);
CREATE TABLE shop.same (id int);
CREATE VIEW shop.notes AS SELECT note FROM shop.orders;
CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 1';

SELECT $$
	CREATE SCHEMA shop;
	CREATE TABLE shop.customers (id int PRIMARY KEY, name text NOT NULL, "<b>&" text);
	CREATE TABLE shop.purchases (id int PRIMARY KEY, customer int REFERENCES shop.customers, note text, price numeric);
	SELECT pqengine.renamed('shop.purchases', was => 'orders');
	CREATE INDEX orders_note ON shop.purchases (note, price);
	CREATE TABLE shop.items (purchase int REFERENCES shop.purchases ON DELETE CASCADE);
	COMMENT ON TABLE shop.items IS 'what was bought';
	CREATE TABLE shop.same (id int);
	CREATE VIEW shop.notes AS SELECT note FROM shop.purchases;
	CREATE FUNCTION shop.f() RETURNS int LANGUAGE sql AS 'SELECT 2';
$$ AS models \gset

-- the plan, and what its steps are part of
SELECT count(*) FROM (
	SELECT seq, phase, kind, object, action, statement, reverse, hazards, transactional FROM pqengine.report(:'models')
	EXCEPT SELECT * FROM pqengine.plan(:'models')) d;
SELECT kind, object, action, change, part_of_kind, part_of FROM pqengine.report(:'models', '{}', false)
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY part_of COLLATE "C", kind, object COLLATE "C", action;

-- the texts are told once for each object
SELECT part_of, before, after FROM pqengine.report(:'models') WHERE before IS NOT NULL ORDER BY 1;
SELECT count(*) FROM pqengine.report(:'models', '{}', false) WHERE before IS NOT NULL OR after IS NOT NULL;

-- what is not compared is in no text
CREATE ROLE regress_pqe_owner;
ALTER TABLE shop.customers OWNER TO regress_pqe_owner;
GRANT SELECT ON shop.customers TO PUBLIC;
SELECT before, after FROM pqengine.report(:'models') WHERE part_of = 'shop.customers' AND before IS NOT NULL;

-- the picture
SELECT shown, tables FROM pqengine.diagram(:'models');
\pset format unaligned
SELECT dot FROM pqengine.diagram(:'models');
\pset format aligned

-- of many tables only what changes, and its neighbours
DO $$
BEGIN
	FOR i IN 1..50 LOOP
		EXECUTE format('CREATE TABLE shop.t%s (id int)', i);
	END LOOP;
END $$;
SELECT replace(pqengine.export('{shop}'), 'CREATE TABLE shop.customers (', 'CREATE TABLE shop.customers (more int,') AS models \gset
SELECT shown, tables, dot ~ 'shop.customers' AS changed, dot ~ 'shop.orders' AS neighbour, dot ~ 'shop.extra' AS farther
FROM pqengine.diagram(:'models');

-- nothing to tell
SELECT * FROM pqengine.report(pqengine.export('{shop}'));
SELECT shown FROM pqengine.diagram(pqengine.export('{shop}'));

SET client_min_messages = error;
DROP SCHEMA shop CASCADE;
DROP ROLE regress_pqe_owner;
