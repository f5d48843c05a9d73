A foreign key that becomes valid while the key that it leans on goes, and another takes its place.
-- A
CREATE TABLE t (a int, b int, CONSTRAINT one UNIQUE (a, b));
ALTER TABLE t ADD CONSTRAINT self FOREIGN KEY (a, b) REFERENCES t (a, b);
CREATE TABLE u (a int, CONSTRAINT one_u UNIQUE (a));
CREATE TABLE v (a int);
ALTER TABLE v ADD CONSTRAINT to_u FOREIGN KEY (a) REFERENCES u (a);
-- B
CREATE TABLE t (a int, b int, CONSTRAINT other UNIQUE (a, b) WITH (fillfactor=80));
ALTER TABLE t ADD CONSTRAINT self FOREIGN KEY (a, b) REFERENCES t (a, b) NOT VALID;
CREATE TABLE u (a int, CONSTRAINT other_u UNIQUE (a) WITH (fillfactor=80));
CREATE TABLE v (a int);
ALTER TABLE v ADD CONSTRAINT to_u FOREIGN KEY (a) REFERENCES u (a) NOT VALID;
