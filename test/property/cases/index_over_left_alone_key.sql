An index goes that the key of a partition is a part of which the models do not hold, and a foreign key leans on that key.
-- A
CREATE TABLE whole (k int, v int) PARTITION BY RANGE (k);
CREATE UNIQUE INDEX i ON whole (k);
CREATE TABLE part (k int, v int, CONSTRAINT part_key PRIMARY KEY (k));
ALTER TABLE whole ATTACH PARTITION part FOR VALUES FROM (0) TO (10);
COMMENT ON CONSTRAINT part_key ON part IS 'of its own';
CREATE TABLE other (k int, CONSTRAINT to_part FOREIGN KEY (k) REFERENCES part (k));
-- B
CREATE TABLE whole (k int, v int) PARTITION BY RANGE (k);
CREATE TABLE other (k int);
