A partition leaves its parent, and is no longer clustered on the index of its own that it keeps.
-- A
CREATE TABLE p (a int NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE UNIQUE INDEX own ON p1 (a);
ALTER TABLE p1 CLUSTER ON own;
ALTER TABLE p1 REPLICA IDENTITY USING INDEX own;
-- B
CREATE TABLE p (a int NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE p1 (a int NOT NULL);
CREATE UNIQUE INDEX own ON p1 (a);
