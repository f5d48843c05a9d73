A key that became a part of a deferrable one of the parent's, and is not deferrable, so that a foreign key may refer to it.
-- A
CREATE TABLE whole (a int NOT NULL, t int NOT NULL, CONSTRAINT main PRIMARY KEY (a, t) DEFERRABLE INITIALLY DEFERRED) PARTITION BY RANGE (t);
CREATE TABLE part (a int NOT NULL, t int NOT NULL);
ALTER TABLE part ADD CONSTRAINT extra PRIMARY KEY (a, t);
CREATE TABLE uses (a int, t int, CONSTRAINT used FOREIGN KEY (a, t) REFERENCES part (a, t));
ALTER TABLE whole ATTACH PARTITION part FOR VALUES FROM (10) TO (20);
-- B
CREATE TABLE whole (a int NOT NULL, t int NOT NULL, b int) PARTITION BY RANGE (t);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (10) TO (20);
CREATE TABLE uses (a int, t int);
