Foreign tables that are partitions, or inherit.
-- A
CREATE EXTENSION file_fdw;
CREATE SERVER sv FOREIGN DATA WRAPPER file_fdw;
CREATE SERVER sw FOREIGN DATA WRAPPER file_fdw;
CREATE TABLE public.p (a int, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE public.p1 PARTITION OF public.p FOR VALUES IN (1) SERVER sv OPTIONS (filename '/dev/null');
CREATE FOREIGN TABLE public.p2 PARTITION OF public.p FOR VALUES IN (2) SERVER sv OPTIONS (filename '/dev/null');
CREATE FOREIGN TABLE public.p3 PARTITION OF public.p FOR VALUES IN (3) SERVER sv OPTIONS (filename '/dev/null');
CREATE TABLE public.i (z int);
CREATE FOREIGN TABLE public.fi (q int) INHERITS (public.i) SERVER sv OPTIONS (filename '/dev/null');
-- B
CREATE EXTENSION file_fdw;
CREATE SERVER sv FOREIGN DATA WRAPPER file_fdw;
CREATE SERVER sw FOREIGN DATA WRAPPER file_fdw;
CREATE TABLE public.p (a bigint, b text, c int CHECK (c > 0)) PARTITION BY LIST (a);
CREATE FOREIGN TABLE public.p1 PARTITION OF public.p FOR VALUES IN (1, 11) SERVER sw OPTIONS (filename '/dev/null', format 'csv');
CREATE FOREIGN TABLE public.p2 (a bigint, b text) SERVER sv OPTIONS (filename '/dev/null');
CREATE FOREIGN TABLE public.p4 PARTITION OF public.p FOR VALUES IN (4) SERVER sv OPTIONS (filename '/dev/null');
CREATE TABLE public.i (z int, y int);
CREATE FOREIGN TABLE public.fi (q int) INHERITS (public.i) SERVER sv OPTIONS (filename '/dev/null');
