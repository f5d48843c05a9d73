What a table gets goes to partitions of partitions: one that leaves is gone by then.
-- A
CREATE TABLE public.tags (name integer) PARTITION BY HASH (name);
CREATE TABLE public.orders PARTITION OF public.tags FOR VALUES WITH (modulus 6, remainder 0) PARTITION BY LIST (name);
CREATE TABLE public.products PARTITION OF public.orders FOR VALUES IN (1, 2, 3);
-- B
CREATE TABLE public.tags (name integer, CONSTRAINT rest CHECK ((name % 7) <> 6)) PARTITION BY HASH (name);
CREATE TABLE public.orders PARTITION OF public.tags FOR VALUES WITH (modulus 6, remainder 5) PARTITION BY LIST (name);
CREATE TABLE public.products (name integer);
