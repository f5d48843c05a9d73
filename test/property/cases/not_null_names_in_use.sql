NOT NULL under the name that the server would choose by itself, were it not for tables that inherit and have that name already.
-- From PostgreSQL 18
-- A
CREATE TABLE public.t (a int, b int NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE public.t1 PARTITION OF public.t FOR VALUES FROM (0) TO (10);
CREATE TABLE public.t2 PARTITION OF public.t FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (a);
CREATE TABLE public.t21 PARTITION OF public.t2 FOR VALUES FROM (10) TO (20);
CREATE TABLE public.n1 (a int, b int CONSTRAINT n_b_not_null NOT NULL);
CREATE TABLE public.p (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE public.p1 (a int, b int CONSTRAINT p_b_not_null NOT NULL);
ALTER TABLE public.p ATTACH PARTITION public.p1 FOR VALUES FROM (0) TO (10);
-- B
CREATE TABLE public.t (a int, b int NOT NULL);
CREATE TABLE public.t1 (a int, b int CONSTRAINT t_b_not_null NOT NULL);
CREATE TABLE public.t21 (a int, b int CONSTRAINT t_b_not_null NOT NULL);
CREATE TABLE public.n (a int, b int NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE public.n1 PARTITION OF public.n FOR VALUES FROM (0) TO (10);
CREATE TABLE public.p (a int, b int NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE public.p1 PARTITION OF public.p FOR VALUES FROM (0) TO (10);
