A range in an exclusion constraint is made anew while the constraint goes.
-- A
CREATE TYPE public.r AS RANGE (SUBTYPE = float8, SUBTYPE_DIFF = float8mi, MULTIRANGE_TYPE_NAME = public.mr);
CREATE TYPE public.r2 AS RANGE (SUBTYPE = text, COLLATION = "C");
CREATE DOMAIN public.d AS public.r CHECK (NOT isempty(VALUE));
CREATE TABLE public.t (a public.r, b public.mr, e public.r2[], EXCLUDE USING gist (a WITH &&));
CREATE FUNCTION public.f(public.r) RETURNS public.mr LANGUAGE sql IMMUTABLE AS 'SELECT public.mr($1)';
CREATE TABLE public.p (a public.r2, b int) PARTITION BY LIST (b);
-- B
CREATE TYPE public.r AS RANGE (SUBTYPE = numeric, MULTIRANGE_TYPE_NAME = public.mrx);
CREATE TYPE public.r2 AS RANGE (SUBTYPE = text, COLLATION = "POSIX", MULTIRANGE_TYPE_NAME = public.r_2m);
CREATE DOMAIN public.d AS public.r CHECK (NOT isempty(VALUE));
CREATE TABLE public.t (a public.r, b public.mrx, e public.r2[], EXCLUDE USING gist (a WITH &&, b WITH =));
CREATE FUNCTION public.f(public.r) RETURNS public.mrx LANGUAGE sql IMMUTABLE AS 'SELECT public.mrx($1)';
CREATE TABLE public.p (a public.r2, b int) PARTITION BY LIST (b);
