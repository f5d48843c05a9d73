A column of another type that a key's index includes, where something leans on the key.
-- A
CREATE TABLE t (a int, note bigint, parent int, CONSTRAINT t_key PRIMARY KEY (a) INCLUDE (note));
ALTER TABLE t ADD CONSTRAINT self FOREIGN KEY (parent) REFERENCES t (a);
CREATE TABLE goes (a int, note bigint, parent int, CONSTRAINT goes_key UNIQUE (a) INCLUDE (note));
ALTER TABLE goes ADD CONSTRAINT goes_self FOREIGN KEY (parent) REFERENCES goes (a) NOT VALID;
CREATE TABLE by_index (a int, note bigint);
CREATE UNIQUE INDEX by_index_a ON by_index (a) INCLUDE (note);
CREATE TABLE user_of (a int REFERENCES by_index (a));
CREATE TABLE grouped (a int, note bigint, title text, CONSTRAINT grouped_key PRIMARY KEY (a) INCLUDE (note));
CREATE VIEW groups AS SELECT a, title, count(*) FROM grouped GROUP BY a;
COMMENT ON VIEW groups IS 'by key';
-- B
CREATE TABLE t (a int, note numeric, parent int, CONSTRAINT t_key PRIMARY KEY (a) INCLUDE (note));
ALTER TABLE t ADD CONSTRAINT self FOREIGN KEY (parent) REFERENCES t (a);
CREATE TABLE goes (a int, note numeric, CONSTRAINT goes_key UNIQUE (a) INCLUDE (note));
CREATE TABLE by_index (a int, note numeric);
CREATE UNIQUE INDEX by_index_a ON by_index (a) INCLUDE (note);
CREATE TABLE user_of (a int REFERENCES by_index (a));
CREATE TABLE grouped (a int, note numeric, title text, CONSTRAINT grouped_key PRIMARY KEY (a) INCLUDE (note));
CREATE VIEW groups AS SELECT a, title, count(*) FROM grouped GROUP BY a;
COMMENT ON VIEW groups IS 'by key';
