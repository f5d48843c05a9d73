A partition that the models do not hold goes along with a parent that is made anew, and what it alone needs goes after it.
-- A
CREATE SCHEMA core;
CREATE DOMAIN core.address AS smallint CHECK (VALUE >= 0);
CREATE FUNCTION core.tr() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end';
CREATE TABLE public.notes (flags smallint NOT NULL, total core.address) PARTITION BY LIST (flags);
CREATE TABLE core.notes_1 PARTITION OF public.notes FOR VALUES IN (1, 2, 3) PARTITION BY LIST (flags);
CREATE TABLE core.notes_11 PARTITION OF core.notes_1 FOR VALUES IN (1, 2, 3);
CREATE TRIGGER tr BEFORE INSERT ON core.notes_11 FOR EACH ROW EXECUTE FUNCTION core.tr();
CREATE VIEW public.of_part AS SELECT total FROM core.notes_1;
CREATE TABLE public.deep (a int, b int) PARTITION BY LIST (a);
CREATE TABLE public.deep_1 PARTITION OF public.deep DEFAULT PARTITION BY LIST (b);
CREATE TABLE core.deep_11 PARTITION OF public.deep_1 DEFAULT;
-- B
CREATE TABLE public.notes (flags smallint NOT NULL, total smallint) PARTITION BY RANGE (flags);
CREATE TABLE public.notes_0 PARTITION OF public.notes DEFAULT;
CREATE TABLE public.deep (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE public.deep_1 PARTITION OF public.deep DEFAULT PARTITION BY LIST (b);
CREATE TABLE public.deep_12 PARTITION OF public.deep_1 DEFAULT;
