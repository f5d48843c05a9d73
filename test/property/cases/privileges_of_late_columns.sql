A privilege on a column comes after it, also where the column waits for its type.
-- A
CREATE TYPE public.span AS RANGE (SUBTYPE = numeric);
CREATE TABLE public.tags (score public.span[], parent_id bigint);
CREATE VIEW public.recent AS SELECT DISTINCT a.parent_id FROM public.tags a;
-- B
CREATE TYPE public.span AS RANGE (SUBTYPE = timestamp without time zone);
CREATE TABLE public.notes (score public.span[], parent_id bigint);
CREATE VIEW public.recent AS SELECT DISTINCT a.parent_id FROM public.notes a;
GRANT REFERENCES (score) ON TABLE public.notes TO alice;
