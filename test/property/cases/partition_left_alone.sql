A foreign key to the parent of a partition that the models do not hold.
-- A
CREATE TABLE whole (a int, t int, CONSTRAINT k PRIMARY KEY (a, t)) PARTITION BY RANGE (t);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (10);
CREATE TABLE other (a int, t int, CONSTRAINT to_whole FOREIGN KEY (a, t) REFERENCES whole (a, t));
-- B
CREATE TABLE whole (a int, t int, CONSTRAINT k PRIMARY KEY (a, t)) PARTITION BY RANGE (t);
CREATE TABLE other (a int, t int, CONSTRAINT to_whole FOREIGN KEY (a, t) REFERENCES whole (a, t));
