A table OF a type that is made anew, with attributes that come, stay and go.
-- A
CREATE TYPE color AS ENUM ('done', 'new', 'red');
CREATE TYPE code AS (c color, stays int, gone text);
CREATE TABLE teams OF code (PRIMARY KEY (stays));
CREATE TYPE pair AS (i int, c color);
CREATE TABLE of_both OF pair;
CREATE TABLE with_both (b pair);
CREATE VIEW v AS SELECT stays FROM teams;
-- B
CREATE TYPE color AS ENUM ('done', 'new');
CREATE TYPE code AS (c color, stays int, come date);
CREATE TABLE teams OF code (PRIMARY KEY (stays));
CREATE TYPE pair AS (i int, c color, j int);
CREATE TABLE of_both OF pair;
CREATE TABLE with_both (b pair);
CREATE VIEW v AS SELECT stays FROM teams;
