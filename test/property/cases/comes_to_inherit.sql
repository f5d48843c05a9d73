A table comes to inherit: the columns that it takes from the parent are there first.
-- A
CREATE TABLE events (id int, total_6 int DEFAULT 3, two_lines text DEFAULT E'a\nb', n text NOT NULL, CHECK (id > 0));
CREATE TABLE users (id int, own int);
CREATE TABLE leaves (more int) INHERITS (events);
CREATE TABLE bare ();
CREATE TABLE doubted (status text NOT NULL);
CREATE TABLE under ();
CREATE TABLE of_typed (own int);
-- B
CREATE TABLE events (id int, total_6 int DEFAULT 3, two_lines text DEFAULT E'a\nb', n text NOT NULL, CHECK (id > 0));
CREATE TABLE users (own int) INHERITS (events);
CREATE TABLE leaves (id int, more int);
CREATE TABLE bare () INHERITS (events);
CREATE TABLE doubted (status text NOT NULL);
CREATE TABLE under () INHERITS (doubted);
ALTER TABLE doubted ADD CONSTRAINT main CHECK (status > 'a') NOT VALID;
CREATE TYPE form AS (score json, n int);
CREATE TABLE typed OF form (n NOT NULL);
CREATE TABLE of_typed (own int) INHERITS (typed);
