Foreign keys to keys that a partition has only by being one: of its parent's, of that one's parent's, and its own.
-- A
CREATE TABLE other (a int NOT NULL, t int NOT NULL);
-- B
CREATE TABLE whole (a int, t int, b int, CONSTRAINT k PRIMARY KEY (a, t)) PARTITION BY RANGE (t);
CREATE TABLE middle PARTITION OF whole DEFAULT PARTITION BY RANGE (t);
CREATE TABLE low PARTITION OF middle DEFAULT;
CREATE TABLE other (a int NOT NULL, t int NOT NULL);
ALTER TABLE other ADD CONSTRAINT to_middle FOREIGN KEY (a, t) REFERENCES middle (a, t);
ALTER TABLE other ADD CONSTRAINT to_low FOREIGN KEY (a, t) REFERENCES low (a, t);
ALTER TABLE low ADD CONSTRAINT to_itself FOREIGN KEY (b, t) REFERENCES low (a, t);
CREATE VIEW grouped AS SELECT a, t, b FROM low GROUP BY a, t;
