Everything that indexes, statistics, routines and views may be declared with.
-- A
CREATE TABLE public.t (a int, b text, c jsonb, d tsvector, CONSTRAINT u UNIQUE NULLS NOT DISTINCT (a, b));
CREATE STATISTICS public.s1 (ndistinct, mcv) ON a, b FROM public.t;
CREATE STATISTICS public.s2 ON (a + 1), (lower(b)) FROM public.t;
CREATE INDEX i1 ON public.t USING gin (c jsonb_path_ops);
CREATE INDEX i2 ON public.t (b COLLATE "C" text_pattern_ops DESC NULLS LAST) INCLUDE (a) WITH (fillfactor = 70, deduplicate_items = off) WHERE a IS NOT NULL;
CREATE INDEX i3 ON public.t USING brin (a) WITH (pages_per_range = 8, autosummarize = true);
CREATE UNIQUE INDEX i4 ON public.t ((a * 2), (b || 'x')) NULLS NOT DISTINCT;
ALTER INDEX i4 ALTER COLUMN 2 SET STATISTICS 500;
ALTER TABLE public.t REPLICA IDENTITY FULL;
ALTER TABLE public.t CLUSTER ON u;
CREATE PROCEDURE public.p(INOUT a int, VARIADIC b text[] DEFAULT '{}') LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION public.f(OUT x int, OUT y text, IN z numeric DEFAULT 1.5) RETURNS SETOF record LANGUAGE sql STABLE LEAKPROOF PARALLEL SAFE COST 5 ROWS 7 SET search_path = public SET work_mem = '1MB' AS 'SELECT 1, ''a''';
CREATE FUNCTION public.g(a anyelement, b anyarray) RETURNS TABLE (p int, q anyelement) LANGUAGE sql WINDOW AS 'SELECT 1, $1';
CREATE VIEW public.v (k, l) AS SELECT a, b FROM public.t WITH CASCADED CHECK OPTION;
ALTER VIEW public.v ALTER COLUMN l SET DEFAULT 'dflt';
CREATE RECURSIVE VIEW public.r (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 5;
-- B
CREATE TABLE public.t (a int, b varchar(40), c jsonb, d text, CONSTRAINT u UNIQUE (b, a) DEFERRABLE);
CREATE STATISTICS public.s1 (dependencies) ON a, b FROM public.t;
CREATE STATISTICS public.s2 ON (a + 2), (lower(b)) FROM public.t;
ALTER STATISTICS public.s2 SET STATISTICS 7;
CREATE INDEX i1 ON public.t USING gin (c);
CREATE INDEX i2 ON public.t (b COLLATE "POSIX" text_pattern_ops) INCLUDE (a, c) WHERE a > 0;
CREATE INDEX i3 ON public.t USING hash (a);
CREATE UNIQUE INDEX i4 ON public.t ((a * 2), (b || 'x'));
CREATE UNIQUE INDEX ri ON public.t (a);
ALTER TABLE public.t ALTER a SET NOT NULL;
ALTER TABLE public.t REPLICA IDENTITY USING INDEX ri;
ALTER TABLE public.t CLUSTER ON ri;
CREATE PROCEDURE public.p(INOUT a int, VARIADIC c text[] DEFAULT '{x}') LANGUAGE plpgsql SECURITY DEFINER SET role = 'alice' AS 'BEGIN END';
CREATE FUNCTION public.f(OUT x int, OUT y text, OUT w int, IN z numeric DEFAULT NULL) RETURNS SETOF record LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED COST 50 ROWS 70 SET search_path = '' AS 'SELECT 1, ''a'', 2';
CREATE FUNCTION public.g(a anyelement, b anyarray) RETURNS TABLE (p int, r anyelement) LANGUAGE sql AS 'SELECT 1, $1';
CREATE VIEW public.v (l, k) AS SELECT b, a FROM public.t WHERE a > 1 WITH LOCAL CHECK OPTION;
ALTER VIEW public.v ALTER COLUMN k SET DEFAULT 4;
CREATE RECURSIVE VIEW public.r (n, m) AS VALUES (1, 1) UNION ALL SELECT n + 1, m FROM r WHERE n < 5;
