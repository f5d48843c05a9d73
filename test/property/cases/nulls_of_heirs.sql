A table may take nulls in a column where the one that it inherits from does not.
-- Until PostgreSQL 17
-- A
CREATE TABLE public.teams (email boolean, name text NOT NULL);
CREATE TABLE public.heir () INHERITS (public.teams);
ALTER TABLE public.heir ALTER COLUMN name DROP NOT NULL;
CREATE TABLE public.grandchild () INHERITS (public.heir);
-- B
CREATE TABLE public.teams (email boolean NOT NULL, name text NOT NULL);
CREATE TABLE public.heir () INHERITS (public.teams);
ALTER TABLE public.heir ALTER COLUMN email DROP NOT NULL;
CREATE TABLE public.grandchild () INHERITS (public.heir);
ALTER TABLE public.grandchild ALTER COLUMN name DROP NOT NULL;
CREATE TABLE public.second () INHERITS (public.teams);
