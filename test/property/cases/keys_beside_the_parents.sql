A partition has a key of its own over the columns of one that it has from its parent.
-- A
CREATE TABLE public.tags (id integer, CONSTRAINT extra UNIQUE (id)) PARTITION BY RANGE (id);
CREATE TABLE public.events PARTITION OF public.tags FOR VALUES FROM (0) TO (10);
ALTER TABLE public.events ADD CONSTRAINT by_name UNIQUE (id) DEFERRABLE INITIALLY DEFERRED;
CREATE TABLE public.notes (at timestamp, id integer, CONSTRAINT fast UNIQUE (at, id) DEFERRABLE INITIALLY DEFERRED) PARTITION BY LIST (id);
CREATE TABLE public.items (at timestamp, id integer);
CREATE TABLE public.some PARTITION OF public.notes FOR VALUES IN (1, 2, 3);
ALTER TABLE public.some ADD CONSTRAINT own PRIMARY KEY (at, id);
ALTER TABLE public.items ADD CONSTRAINT one_a FOREIGN KEY (at, id) REFERENCES public.some (at, id) ON DELETE SET NULL (id) DEFERRABLE INITIALLY DEFERRED;
-- B
CREATE TABLE public.tags (id integer, CONSTRAINT extra UNIQUE (id)) PARTITION BY RANGE (id);
CREATE TABLE public.events PARTITION OF public.tags FOR VALUES FROM (0) TO (20);
CREATE TABLE public.notes (at timestamp, id integer, CONSTRAINT fast UNIQUE (at, id) DEFERRABLE INITIALLY DEFERRED) PARTITION BY LIST (id);
CREATE TABLE public.some PARTITION OF public.notes FOR VALUES IN (1, 2, 3);
