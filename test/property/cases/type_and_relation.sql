A composite type has the name of a relation, too: an index may want it.
-- A
CREATE TYPE public.pair AS (a int, b text);
CREATE TABLE public.users (id int);
CREATE TYPE public.empty AS ();
-- B
CREATE TABLE public.users (id int, b text);
CREATE INDEX pair ON public.users (b);
CREATE SEQUENCE public.empty;
