A column goes, with its type, that a partition has from its parent which the models do not hold.
-- A
CREATE TYPE gone AS (a int);
CREATE TABLE whole (n gone, email bigint) PARTITION BY RANGE (email);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (20) TO (30);
-- B
CREATE TABLE whole (email bigint) PARTITION BY RANGE (email);
