A partition's own default and NOT NULL, where its parent's column comes with another or with none; one that leaves does not get its parent's.
-- A
CREATE TABLE m (id int, k int) PARTITION BY LIST (k);
CREATE TABLE m1 PARTITION OF m FOR VALUES IN (1);
CREATE TABLE m2 PARTITION OF m FOR VALUES IN (2);
CREATE TABLE l (id int, k int) PARTITION BY LIST (k);
CREATE TABLE l1 PARTITION OF l FOR VALUES IN (1);
-- B
CREATE TABLE m (id int, k int, n int DEFAULT 1, o int DEFAULT 5) PARTITION BY LIST (k);
CREATE TABLE m1 PARTITION OF m (n DEFAULT 2) FOR VALUES IN (1);
CREATE TABLE m2 PARTITION OF m (id NOT NULL, o NOT NULL) FOR VALUES IN (2);
CREATE TABLE l (id int DEFAULT 9, k int) PARTITION BY LIST (k);
CREATE TABLE l1 (id int, k int);
