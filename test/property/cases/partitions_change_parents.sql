A partition is set aside to be divided and takes in another one of its old parent, with the indexes they had
from there: no step in between may stand outside of a transaction.
-- A
CREATE TABLE events (score varchar(40), email int) PARTITION BY RANGE (email);
CREATE TABLE teams PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE moves PARTITION OF events FOR VALUES FROM (20) TO (30);
CREATE INDEX extra ON events (score COLLATE "C");
CREATE INDEX own ON moves USING hash (email);
-- B
CREATE TABLE tags (parent_id smallint DEFAULT 0 NOT NULL) PARTITION BY RANGE (parent_id);
CREATE TABLE teams PARTITION OF tags FOR VALUES FROM (20) TO (30) PARTITION BY RANGE (parent_id);
CREATE TABLE moves PARTITION OF teams FOR VALUES FROM (20) TO (25);
