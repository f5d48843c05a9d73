Index options of the keys of partitioned tables can be said only in the constraint.
-- A
CREATE TABLE p (a int, b int, c int, CONSTRAINT fast UNIQUE (a, b) WITH (fillfactor=80), CONSTRAINT pk PRIMARY KEY (a) WITH (fillfactor=70) DEFERRABLE,
  CONSTRAINT other UNIQUE (a, c)) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE t (a int, CONSTRAINT u UNIQUE (a) WITH (fillfactor=80) DEFERRABLE INITIALLY DEFERRED);
-- B
CREATE TABLE p (a int, b int, c int, CONSTRAINT fast UNIQUE (a, b) WITH (fillfactor=60), CONSTRAINT pk PRIMARY KEY (a) DEFERRABLE,
  CONSTRAINT other UNIQUE (a, c) WITH (fillfactor=50)) PARTITION BY RANGE (a);
CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
CREATE TABLE t (a int, CONSTRAINT u UNIQUE (a) WITH (fillfactor=90) DEFERRABLE INITIALLY DEFERRED);
