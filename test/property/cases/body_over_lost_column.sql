Functions with parsed bodies, and views, over a column that goes or changes.
-- A
CREATE TABLE orders (id int, "%s_2" text, parent_id int);
CREATE FUNCTION find_all() RETURNS SETOF orders BEGIN ATOMIC SELECT * FROM orders; END;
CREATE FUNCTION takes(orders) RETURNS int RETURN ($1).parent_id;
CREATE FUNCTION one(int) RETURNS int BEGIN ATOMIC SELECT parent_id FROM orders WHERE id = $1; END;
CREATE VIEW v AS SELECT o, find_all() FROM orders o;
CREATE TABLE base (k int PRIMARY KEY, n text);
CREATE VIEW grouped AS SELECT k, n, count(*) FROM base GROUP BY k;
-- B
CREATE TABLE orders (id int, "%s_2" varchar(9), fresh date);
CREATE FUNCTION find_all() RETURNS SETOF orders BEGIN ATOMIC SELECT * FROM orders; END;
CREATE FUNCTION takes(orders) RETURNS int RETURN ($1).id;
CREATE FUNCTION one(int) RETURNS int BEGIN ATOMIC SELECT id FROM orders WHERE id = $1; END;
CREATE VIEW v AS SELECT o, find_all() FROM orders o;
CREATE TABLE base (k bigint PRIMARY KEY, n text);
CREATE VIEW grouped AS SELECT k, n, count(*) FROM base GROUP BY k;
