A composite type gets an attribute of a domain that is made anew; another one is changed as a column leaves it.
-- A
CREATE FUNCTION public.ok(text) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> ''''';
CREATE DOMAIN public.email AS text CHECK (public.ok(VALUE)) DEFAULT 'x';
CREATE DOMAIN public.emails AS public.email[] CHECK (array_length(VALUE, 1) < 5);
CREATE TYPE public.contact AS (e public.email, n int);
CREATE TABLE public.t (a public.email, b public.emails, c public.contact, g text GENERATED ALWAYS AS (upper(a)) STORED);
CREATE VIEW public.v AS SELECT a, (c).e FROM public.t WHERE a = ANY (b);
CREATE FUNCTION public.f(public.email) RETURNS public.emails LANGUAGE sql AS 'SELECT ARRAY[$1]::public.emails';
CREATE TYPE public.mood AS (total point);
CREATE TABLE public.orders (score public.mood, stays public.mood);
-- B
CREATE FUNCTION public.ok(t varchar) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> ''''';
CREATE DOMAIN public.email AS varchar(200) COLLATE "C" NOT NULL CHECK (public.ok(VALUE)) CONSTRAINT long CHECK (length(VALUE) > 0);
CREATE DOMAIN public.emails AS public.email[] CHECK (array_length(VALUE, 1) < 6);
CREATE TYPE public.contact AS (e public.email, n bigint, z public.emails);
CREATE TABLE public.t (a public.email, b public.emails, c public.contact, g text GENERATED ALWAYS AS (lower(a)) STORED);
CREATE VIEW public.v AS SELECT a, (c).e FROM public.t WHERE a = ANY (b);
CREATE FUNCTION public.f(public.email) RETURNS public.emails LANGUAGE sql AS 'SELECT ARRAY[$1]::public.emails';
COMMENT ON CONSTRAINT long ON DOMAIN public.email IS 'x';
CREATE TYPE public.mood AS (name text, total point);
CREATE TABLE public.orders (score inet, stays public.mood);
