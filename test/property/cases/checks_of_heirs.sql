A check that a table has both of its own and from its parent goes; a new table has one that is not valid in its parent; a name of a multirange is taken by another range.
-- A
CREATE TABLE items (name text, CONSTRAINT main CHECK (name IS NOT NULL));
CREATE TABLE heir (LIKE items INCLUDING CONSTRAINTS);
ALTER TABLE heir INHERIT items;
CREATE TYPE first AS RANGE (SUBTYPE = integer, MULTIRANGE_TYPE_NAME = many);
CREATE TABLE ranges (r first DEFAULT 'empty');
CREATE TABLE doubted (ids text[]);
ALTER TABLE doubted ADD CONSTRAINT two CHECK (ids IS NOT NULL) NOT VALID;
-- B
CREATE TABLE items (name text);
CREATE TABLE heir (LIKE items INCLUDING CONSTRAINTS);
ALTER TABLE heir INHERIT items;
CREATE TYPE second AS RANGE (SUBTYPE = integer, MULTIRANGE_TYPE_NAME = many);
CREATE TABLE ranges (r second DEFAULT 'empty');
CREATE TABLE doubted (ids text[]);
CREATE TABLE doubted_below () INHERITS (doubted);
ALTER TABLE doubted ADD CONSTRAINT two CHECK (ids IS NOT NULL) NOT VALID;
