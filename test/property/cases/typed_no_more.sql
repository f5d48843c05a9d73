A table of a type that becomes one of its own, or the other way round, while the type becomes another: its rows stay as they were.
-- A
CREATE TYPE row_type AS (a int, b varchar, c numeric);
CREATE TABLE typed OF row_type;
CREATE TABLE plain (a int, b varchar, d text);
CREATE TABLE other OF row_type (PRIMARY KEY (a));
-- B
CREATE TYPE row_type AS (a bigint, d text);
CREATE TABLE typed (a int, b text, c numeric(20, 4), e int);
CREATE TABLE plain OF row_type;
CREATE TABLE other (a bigint PRIMARY KEY, b varchar) PARTITION BY RANGE (a);
CREATE TABLE other_1 PARTITION OF other DEFAULT;
