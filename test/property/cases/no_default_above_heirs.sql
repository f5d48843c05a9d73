A table that has no default where its parents have one has none before its own heirs take theirs from it.
-- A
CREATE TABLE one (i int DEFAULT 1);
CREATE TABLE loses (i int DEFAULT 2) INHERITS (one);
CREATE TABLE plain (i int DEFAULT 3);
-- B
CREATE TABLE one (i int DEFAULT 1);
CREATE TABLE two () INHERITS (one);
ALTER TABLE two ALTER i DROP DEFAULT;
CREATE TABLE three () INHERITS (two);
CREATE TABLE a (v varchar(3) DEFAULT 'x', w int DEFAULT 1);
CREATE TABLE b (v varchar(3) DEFAULT 'y', w int DEFAULT 2);
CREATE TABLE c (v varchar(3) DEFAULT 'z', w int DEFAULT 3) INHERITS (a, b);
ALTER TABLE c ALTER v DROP DEFAULT;
CREATE TABLE d () INHERITS (c);
CREATE TABLE e (v varchar(3) DEFAULT 'e', w int DEFAULT 4) INHERITS (c, a);
ALTER TABLE e ALTER v DROP DEFAULT;
CREATE TABLE f () INHERITS (e);
CREATE TABLE loses (i int DEFAULT 2) INHERITS (one);
ALTER TABLE loses ALTER i DROP DEFAULT;
CREATE TABLE takes () INHERITS (loses);
CREATE TABLE plain (i int);
CREATE TABLE below_plain () INHERITS (plain);
