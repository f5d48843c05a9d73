A partition changes its bound and loses a key of its own, and with it NOT NULL.
-- A
CREATE TABLE public.notes (name smallint, ref_id character varying(20)[]) PARTITION BY HASH (name);
CREATE TABLE public.products PARTITION OF public.notes FOR VALUES WITH (modulus 6, remainder 1);
-- B
CREATE TABLE public.notes (name smallint, ref_id character varying(20)[]) PARTITION BY HASH (name);
CREATE TABLE public.products PARTITION OF public.notes FOR VALUES WITH (modulus 6, remainder 3);
ALTER TABLE public.products ADD CONSTRAINT fast PRIMARY KEY (name) INCLUDE (ref_id) DEFERRABLE;
