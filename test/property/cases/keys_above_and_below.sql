Keys of a partition that make room for its parent's, come in their place, or beside them; a foreign key that goes from one to the other.
-- A
CREATE TABLE same (a int, t int) PARTITION BY HASH (t);
CREATE TABLE same_part PARTITION OF same FOR VALUES WITH (modulus 6, remainder 0);
ALTER TABLE same_part ADD CONSTRAINT own PRIMARY KEY (a, t) DEFERRABLE;
CREATE TABLE other (a int, t int, b int) PARTITION BY HASH (t);
CREATE TABLE other_part PARTITION OF other FOR VALUES WITH (modulus 6, remainder 0);
ALTER TABLE other ADD CONSTRAINT one PRIMARY KEY (a, t);
CREATE TABLE whole (t int, a int) PARTITION BY RANGE (t);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (10) TO (20);
ALTER TABLE part ADD CONSTRAINT by_part UNIQUE (t, a);
ALTER TABLE whole ADD CONSTRAINT by_whole UNIQUE (a, t);
CREATE TABLE uses (a int, t int, CONSTRAINT used FOREIGN KEY (t, a) REFERENCES part (t, a));
CREATE TABLE late (a int) PARTITION BY RANGE (a);
CREATE TABLE late_part PARTITION OF late FOR VALUES FROM (0) TO (10);
ALTER TABLE late_part ADD CONSTRAINT late_own UNIQUE (a) DEFERRABLE INITIALLY DEFERRED;
-- B
CREATE TABLE same (a int, t int) PARTITION BY HASH (t);
CREATE TABLE same_part PARTITION OF same FOR VALUES WITH (modulus 6, remainder 0);
ALTER TABLE same ADD CONSTRAINT one UNIQUE (a, t);
CREATE TABLE other (a int, t int, b int) PARTITION BY HASH (t);
CREATE TABLE other_part PARTITION OF other FOR VALUES WITH (modulus 6, remainder 0);
ALTER TABLE other_part ADD CONSTRAINT own PRIMARY KEY (b, a);
CREATE TABLE whole (t int, a int) PARTITION BY RANGE (t);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (10) TO (20);
ALTER TABLE whole ADD CONSTRAINT by_whole UNIQUE (a, t);
CREATE TABLE uses (a int, t int, CONSTRAINT used FOREIGN KEY (t, a) REFERENCES part (t, a));
CREATE TABLE late (a int, CONSTRAINT late_key UNIQUE (a)) PARTITION BY RANGE (a);
CREATE TABLE late_part PARTITION OF late FOR VALUES FROM (0) TO (10);
ALTER TABLE late_part ADD CONSTRAINT late_own UNIQUE (a) DEFERRABLE INITIALLY DEFERRED;
