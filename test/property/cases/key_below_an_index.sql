The index of a partition's own key is its part of one above that is no key's, and has to go for the other parts, with the index or with the key.
-- A
CREATE TABLE items (total int, email int) PARTITION BY HASH (email);
CREATE TABLE products PARTITION OF items FOR VALUES WITH (modulus 6, remainder 1) PARTITION BY LIST (email);
CREATE TABLE tags PARTITION OF products FOR VALUES IN (4, 5, 6);
CREATE UNIQUE INDEX one ON items (email DESC NULLS LAST, total);
CREATE TABLE stays (id int) PARTITION BY LIST (id);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES IN (1);
ALTER TABLE stays_1 ADD CONSTRAINT key_1 PRIMARY KEY (id);
CREATE TABLE stays_2 PARTITION OF stays FOR VALUES IN (2);
ALTER TABLE stays_2 ADD CONSTRAINT key_2 UNIQUE (id);
CREATE UNIQUE INDEX two ON stays (id);
CREATE TABLE refers (id int, CONSTRAINT refers FOREIGN KEY (id) REFERENCES stays_2 (id));
CREATE TABLE loses (id int) PARTITION BY LIST (id);
CREATE TABLE loses_1 PARTITION OF loses FOR VALUES IN (1);
ALTER TABLE loses_1 ADD CONSTRAINT key_3 UNIQUE (id);
CREATE UNIQUE INDEX three ON loses (id);
-- B
CREATE TABLE items (total int, email int) PARTITION BY HASH (email);
CREATE TABLE products PARTITION OF items FOR VALUES WITH (modulus 6, remainder 1) PARTITION BY LIST (email);
CREATE TABLE tags PARTITION OF products FOR VALUES IN (1, 2, 3);
CREATE TABLE events PARTITION OF products FOR VALUES IN (7, 8);
ALTER TABLE events ALTER COLUMN total SET DEFAULT 1;
ALTER TABLE events ADD CONSTRAINT one_a UNIQUE (email, total);
ALTER TABLE events ADD CONSTRAINT two_b_9 UNIQUE (total) DEFERRABLE;
CREATE UNIQUE INDEX one ON items (email DESC NULLS LAST, total);
CREATE TABLE stays (id int) PARTITION BY LIST (id);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES IN (1);
ALTER TABLE stays_1 ADD CONSTRAINT key_1 PRIMARY KEY (id);
CREATE TABLE stays_2 PARTITION OF stays FOR VALUES IN (2);
ALTER TABLE stays_2 ADD CONSTRAINT key_2 UNIQUE (id);
CREATE TABLE refers (id int, CONSTRAINT refers FOREIGN KEY (id) REFERENCES stays_2 (id));
CREATE TABLE loses (id int) PARTITION BY LIST (id);
CREATE TABLE loses_1 PARTITION OF loses FOR VALUES IN (1);
CREATE UNIQUE INDEX three ON loses (id);
