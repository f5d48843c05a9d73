The names of a partition that goes with a table made anew, and those of its parts, are taken by others at once.
-- A
CREATE TABLE tags (i int, k int NOT NULL) PARTITION BY RANGE (k);
CREATE TABLE events PARTITION OF tags (CONSTRAINT events_key PRIMARY KEY (k)) FOR VALUES FROM (0) TO (1000000) PARTITION BY RANGE (k);
CREATE TABLE low PARTITION OF events DEFAULT;
CREATE INDEX low_index ON low (i);
CREATE VIEW totals AS SELECT i FROM events;
-- B
CREATE FOREIGN DATA WRAPPER w;
CREATE SERVER s FOREIGN DATA WRAPPER w;
CREATE TABLE tags (i int, k int NOT NULL);
CREATE FOREIGN TABLE events (i int) SERVER s;
CREATE SEQUENCE low;
CREATE VIEW low_index AS SELECT 1 AS i;
CREATE TABLE other (i int CONSTRAINT events_key PRIMARY KEY);
