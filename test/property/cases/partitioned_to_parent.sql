A partitioned table becomes an ordinary one that its partition comes to inherit from, or leaves; with a foreign key to itself.
-- A
CREATE TABLE products (flags bigint NOT NULL) PARTITION BY LIST (flags);
CREATE TABLE items PARTITION OF products FOR VALUES IN (4, 5, 6);
CREATE TABLE refers (flags bigint NOT NULL, parent bigint DEFAULT 0, CONSTRAINT by_name UNIQUE (flags)) PARTITION BY LIST (flags);
CREATE TABLE leaves PARTITION OF refers FOR VALUES IN (4, 5, 6);
ALTER TABLE refers ADD CONSTRAINT to_itself FOREIGN KEY (parent) REFERENCES refers (flags) MATCH FULL;
-- B
CREATE TABLE products (score interval day to second DEFAULT '1 day' NOT NULL);
CREATE TABLE items (LIKE products INCLUDING DEFAULTS, kind int);
ALTER TABLE items INHERIT products;
CREATE TABLE refers (score interval, email int DEFAULT 42);
CREATE TABLE leaves (LIKE refers, kind int, flags boolean);
