An index gets other options that the key of a partition is a part of, below another partition, which the models do not hold.
-- A
CREATE TABLE whole (k int, v int) PARTITION BY RANGE (k);
CREATE UNIQUE INDEX i ON whole (k) WITH (fillfactor = 70);
CREATE TABLE divided PARTITION OF whole FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (k);
COMMENT ON INDEX divided_k_idx IS 'a part';
CREATE TABLE part (k int, v int, CONSTRAINT part_key PRIMARY KEY (k));
ALTER TABLE divided ATTACH PARTITION part FOR VALUES FROM (0) TO (5);
COMMENT ON CONSTRAINT part_key ON part IS 'of its own';
-- B
CREATE TABLE whole (k int, v int) PARTITION BY RANGE (k);
CREATE UNIQUE INDEX i ON whole (k) WITH (fillfactor = 60);
