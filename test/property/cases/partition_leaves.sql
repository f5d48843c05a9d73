A partition becomes a table of its own: it is detached before it is altered, and what it had of its parent goes.
-- A
CREATE TYPE mood AS ENUM ('a"b', 'green');
CREATE TABLE r (id int PRIMARY KEY);
CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TABLE events (id int DEFAULT 0, total mood[], c int, CONSTRAINT by_id UNIQUE (id, c), CONSTRAINT chk CHECK (c > 0),
  CONSTRAINT fk FOREIGN KEY (c) REFERENCES r) PARTITION BY RANGE (id);
CREATE INDEX by_c ON events (c);
CREATE TRIGGER tr BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION tr();
CREATE TABLE notes PARTITION OF events FOR VALUES FROM (0) TO (10);
CREATE TABLE p0 (total int) PARTITION BY RANGE (total);
CREATE TABLE p PARTITION OF p0 FOR VALUES FROM (10) TO (20);
CREATE TABLE stays (a int, b int, CONSTRAINT main UNIQUE (a, b)) PARTITION BY RANGE (a);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES FROM (0) TO (5);
-- B
CREATE TABLE r (id int PRIMARY KEY);
CREATE FUNCTION tr() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TABLE notes (total bit varying(8), added text NOT NULL DEFAULT 'x');
CREATE TABLE p (email smallint DEFAULT 5 NOT NULL, total int);
CREATE TABLE stays (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE stays_1 PARTITION OF stays FOR VALUES FROM (0) TO (50);
