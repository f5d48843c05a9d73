Partitions and heirs of a table that was made by hand, with a check that the server prints otherwise when it has read its own print.
-- A
CREATE TABLE public.tags (total varchar(40), e text, status smallint, CONSTRAINT fast CHECK (total IN ('1', 'a'''']),b', 'x')), CHECK (e IN (E'a\\b', 'c', '::varchar'))) PARTITION BY RANGE (status);
CREATE TABLE public.whole (v varchar, CONSTRAINT one_of CHECK (v IN ('a', NULL, 'b') AND "v" <> '(ARRAY['));
CREATE TABLE public.heir (v varchar);
CREATE TABLE public.late (total varchar(40), e text, status smallint);
-- B
CREATE TABLE public.tags (total varchar(40), e text, status smallint, CONSTRAINT fast CHECK (total IN ('1', 'a'''']),b', 'x')), CHECK (e IN (E'a\\b', 'c', '::varchar'))) PARTITION BY RANGE (status);
CREATE TABLE public.items PARTITION OF public.tags FOR VALUES FROM (0) TO (10);
CREATE TABLE public.more PARTITION OF public.tags FOR VALUES FROM (10) TO (20) PARTITION BY RANGE (status);
CREATE TABLE public.more_1 PARTITION OF public.more DEFAULT;
CREATE TABLE public.whole (v varchar, CONSTRAINT one_of CHECK (v IN ('a', NULL, 'b') AND "v" <> '(ARRAY['));
CREATE TABLE public.heir (v varchar) INHERITS (public.whole);
CREATE TABLE public.other () INHERITS (public.whole);
CREATE TABLE public.late (total varchar(40), e text, status smallint, CONSTRAINT fast CHECK (total IN ('1', 'a'''']),b', 'x')), CONSTRAINT tags_e_check CHECK (e IN (E'a\\b', 'c', '::varchar')));
ALTER TABLE public.tags ATTACH PARTITION public.late FOR VALUES FROM (30) TO (40);
