The filter of a publication reads otherwise than it did when it is made again as it reads.
-- A
CREATE TABLE t (a int, v varchar(10));
CREATE PUBLICATION between_and FOR TABLE t WHERE (a BETWEEN 0 AND 9 AND a <> 5);
CREATE PUBLICATION one_of FOR TABLE t WHERE (v = 'a' AND (a > 0 AND (a < 9 AND a <> 3)));
-- B
CREATE TABLE t (a int, v varchar(10));
CREATE PUBLICATION between_and FOR TABLE t WHERE (a BETWEEN 0 AND 8 AND a <> 5);
