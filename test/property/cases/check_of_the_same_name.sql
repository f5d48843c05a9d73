A table that leaves its parent has a check of its own whose name is that of a NO INHERIT one above.
-- A
CREATE TABLE public.teams (status text, CONSTRAINT main CHECK (status <> 'x') NO INHERIT);
CREATE TABLE public.notes (status text, CONSTRAINT main CHECK (status <> 'x'));
ALTER TABLE public.notes INHERIT public.teams;
CREATE TABLE public.other (status text, CONSTRAINT main CHECK (status <> 'x'));
ALTER TABLE public.other INHERIT public.teams;
-- B
CREATE TABLE public.notes (note text);
CREATE TABLE public.other (status text, CONSTRAINT main CHECK (status <> 'x'));
CREATE TABLE public.teams (status text, CONSTRAINT main CHECK (status <> 'x') NO INHERIT);
