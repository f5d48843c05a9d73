Functions that are called what bodies are full of are not used by all of these.
-- A
CREATE FUNCTION public.add_one(integer[]) RETURNS int LANGUAGE sql STABLE AS $fn$SELECT 1$fn$;
CREATE FUNCTION public."select"() RETURNS int LANGUAGE sql AS $fn$SELECT public.add_one(NULL::integer[])$fn$;
CREATE FUNCTION public."from"() RETURNS int LANGUAGE sql AS $fn$SELECT x FROM public."select"() x$fn$;
-- B
