A partition gets other bounds under a foreign key of its parent to itself, or of another table: the key refers to what the partition gets by being joined.
-- A
CREATE TABLE public.products (id int, ref int, created_at int, CONSTRAINT by_name UNIQUE (id, created_at)) PARTITION BY RANGE (created_at);
CREATE TABLE public.items PARTITION OF public.products FOR VALUES FROM (40) TO (50);
CREATE TABLE public.later PARTITION OF public.products FOR VALUES FROM (50) TO (60) PARTITION BY RANGE (created_at);
CREATE TABLE public.later_1 PARTITION OF public.later FOR VALUES FROM (50) TO (55);
ALTER TABLE public.products ADD CONSTRAINT main_7 FOREIGN KEY (ref, created_at) REFERENCES public.products (id, created_at);
CREATE TABLE public.lines (id int, created_at int, CONSTRAINT of_product FOREIGN KEY (id, created_at) REFERENCES public.products (id, created_at));
-- B
CREATE TABLE public.products (id int, ref int, created_at int, CONSTRAINT by_name UNIQUE (id, created_at)) PARTITION BY RANGE (created_at);
CREATE TABLE public.items PARTITION OF public.products FOR VALUES FROM (20) TO (30);
CREATE TABLE public.later PARTITION OF public.products FOR VALUES FROM (50) TO (70) PARTITION BY RANGE (created_at);
CREATE TABLE public.later_1 PARTITION OF public.later FOR VALUES FROM (50) TO (57);
ALTER TABLE public.products ADD CONSTRAINT main_7 FOREIGN KEY (ref, created_at) REFERENCES public.products (id, created_at);
CREATE TABLE public.lines (id int, created_at int, CONSTRAINT of_product FOREIGN KEY (id, created_at) REFERENCES public.products (id, created_at));
