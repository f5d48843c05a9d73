A partition that is partitioned has its part of an index, with all its own parts, before it is joined.
-- A
CREATE TABLE public.users (total int, score int, n int) PARTITION BY HASH (total);
CREATE TABLE public.users_1 PARTITION OF public.users FOR VALUES WITH (modulus 6, remainder 1) PARTITION BY RANGE (score);
CREATE TABLE public.users_1_a PARTITION OF public.users_1 FOR VALUES FROM (0) TO (10) PARTITION BY LIST (n);
CREATE INDEX one ON public.users ((n * 2));
-- B
CREATE TABLE public.users (total int, score int, n int) PARTITION BY HASH (total);
CREATE INDEX one ON public.users ((n * 2));
