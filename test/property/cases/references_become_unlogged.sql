Foreign keys that stay while both their tables become unlogged, or logged; two of them in a circle.
-- A
CREATE TABLE a (id int PRIMARY KEY, b int);
CREATE TABLE b (id int PRIMARY KEY, a int, self int REFERENCES b (id));
ALTER TABLE a ADD CONSTRAINT to_b FOREIGN KEY (b) REFERENCES b (id);
ALTER TABLE b ADD CONSTRAINT to_a FOREIGN KEY (a) REFERENCES a (id);
CREATE TABLE c (id int PRIMARY KEY);
CREATE TABLE d (id int REFERENCES c (id));
CREATE UNLOGGED TABLE e (id int PRIMARY KEY);
CREATE UNLOGGED TABLE f (id int REFERENCES e (id));
-- B
CREATE UNLOGGED TABLE a (id int PRIMARY KEY, b int);
CREATE UNLOGGED TABLE b (id int PRIMARY KEY, a int, self int REFERENCES b (id));
ALTER TABLE a ADD CONSTRAINT to_b FOREIGN KEY (b) REFERENCES b (id);
ALTER TABLE b ADD CONSTRAINT to_a FOREIGN KEY (a) REFERENCES a (id);
CREATE UNLOGGED TABLE c (id int PRIMARY KEY);
CREATE UNLOGGED TABLE d (id int REFERENCES c (id));
CREATE TABLE e (id int PRIMARY KEY);
CREATE TABLE f (id int REFERENCES e (id));
