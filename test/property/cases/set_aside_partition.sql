A partition with an attached index and a key leaves its parent to be divided itself.
-- A
CREATE TABLE ev (a int, b int, UNIQUE (a)) PARTITION BY RANGE (a);
CREATE TABLE tm PARTITION OF ev FOR VALUES FROM (0) TO (10);
CREATE INDEX ON ev (b);
-- B
CREATE TABLE tm (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE tm_1 PARTITION OF tm DEFAULT;
