A materialized view over tables with rows has no form: its function takes NULL for a domain without.
-- A
CREATE DOMAIN code AS int NOT NULL;
CREATE TABLE items (id int);
CREATE FUNCTION label_of(a code) RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM items);
CREATE MATERIALIZED VIEW labels AS SELECT label_of(NULL::code) AS label, id FROM items;
-- B
CREATE DOMAIN code AS int NOT NULL;
CREATE TABLE items (id int, note text);
CREATE FUNCTION label_of(a code) RETURNS bigint LANGUAGE sql RETURN (SELECT count(*) FROM items);
CREATE MATERIALIZED VIEW labels AS SELECT label_of(NULL::code) AS label, id, note FROM items;
