A table gets a check under the name of an heir's key, and of what is below a partition's: these go first.
-- A
CREATE TABLE products (name text, score json NOT NULL);
CREATE TABLE heir (kind float8) INHERITS (products);
ALTER TABLE heir ADD CONSTRAINT one UNIQUE (kind) WITH (fillfactor = 80);
CREATE TABLE events (kind float8, CONSTRAINT by_name FOREIGN KEY (kind) REFERENCES heir (kind) DEFERRABLE);
CREATE TABLE items (id int, n int) PARTITION BY LIST (id);
CREATE TABLE items_1 PARTITION OF items FOR VALUES IN (1, 2, 3) PARTITION BY LIST (n);
CREATE TABLE items_1_a PARTITION OF items_1 FOR VALUES IN (1, 2, 3);
ALTER TABLE items_1_a ADD CONSTRAINT two EXCLUDE (n WITH =);
-- B
CREATE TABLE products (name text, score json NOT NULL, CONSTRAINT one CHECK ((score ->> 'a') IS NOT NULL));
CREATE TABLE heir (kind float8) INHERITS (products);
CREATE TABLE events (kind float8);
CREATE TABLE items (id int, n int, CONSTRAINT two CHECK (n > 0)) PARTITION BY LIST (id);
CREATE TABLE items_1 PARTITION OF items FOR VALUES IN (1, 2, 3) PARTITION BY LIST (n);
CREATE TABLE items_1_a PARTITION OF items_1 FOR VALUES IN (1, 2, 3);
