Aggregates with all that they may have; comments on those without arguments.
-- A
CREATE FUNCTION public.sf(int, int) RETURNS int LANGUAGE sql AS 'SELECT coalesce($1,0) + $2';
CREATE FUNCTION public.ff(int) RETURNS bigint LANGUAGE sql AS 'SELECT $1::bigint';
CREATE FUNCTION public.cf(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2';
CREATE FUNCTION public.isf(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 - $2';
CREATE AGGREGATE public.s(int) (SFUNC = public.sf, STYPE = int, FINALFUNC = public.ff, COMBINEFUNC = public.cf, INITCOND = '0', PARALLEL = safe);
CREATE AGGREGATE public.m(int) (SFUNC = public.sf, STYPE = int, INITCOND = '0', MSFUNC = public.sf, MINVFUNC = public.isf, MSTYPE = int, MINITCOND = '0');
CREATE AGGREGATE public.g(int) (SFUNC = public.sf, STYPE = int, SSPACE = 100, SORTOP = operator(<));
CREATE AGGREGATE public.h(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA, FINALFUNC_MODIFY = READ_ONLY);
CREATE TABLE public.t (a int);
CREATE VIEW public.v AS SELECT public.s(a) AS x, public.m(a) OVER (ORDER BY a ROWS 2 PRECEDING) AS y FROM public.t GROUP BY a;
COMMENT ON AGGREGATE public.s(int) IS 'sum';
-- B
CREATE FUNCTION public.sf(int, int) RETURNS int LANGUAGE sql AS 'SELECT coalesce($1,0) + $2';
CREATE FUNCTION public.ff(int) RETURNS numeric LANGUAGE sql AS 'SELECT $1::numeric';
CREATE FUNCTION public.cf(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 + $2';
CREATE FUNCTION public.isf(int, int) RETURNS int LANGUAGE sql AS 'SELECT $1 - $2';
CREATE AGGREGATE public.s(int) (SFUNC = public.sf, STYPE = int, FINALFUNC = public.ff, COMBINEFUNC = public.cf, INITCOND = '1', PARALLEL = restricted);
CREATE AGGREGATE public.m(int) (SFUNC = public.sf, STYPE = int, INITCOND = '0', MSFUNC = public.sf, MINVFUNC = public.isf, MSTYPE = int, MINITCOND = '5');
CREATE AGGREGATE public.g(int) (SFUNC = public.sf, STYPE = int, SSPACE = 200, SORTOP = operator(>));
CREATE AGGREGATE public.h(float8 ORDER BY anyelement) (SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA, FINALFUNC_MODIFY = READ_WRITE);
CREATE AGGREGATE public.hyp(VARIADIC "any" ORDER BY VARIADIC "any") (SFUNC = ordered_set_transition_multi, STYPE = internal, FINALFUNC = rank_final, FINALFUNC_EXTRA, HYPOTHETICAL);
CREATE AGGREGATE public.cnt(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
CREATE TABLE public.t (a int);
CREATE VIEW public.v AS SELECT public.s(a) AS x, public.m(a) OVER (ORDER BY a ROWS 2 PRECEDING) AS y, public.cnt(*) AS c FROM public.t GROUP BY a;
COMMENT ON AGGREGATE public.s(int) IS 'sum of all';
COMMENT ON AGGREGATE public.cnt(*) IS 'count';
