A table leaves a publication without those that inherit from it; a column that a publication names gets another type.
-- A
CREATE TABLE public.top ();
CREATE TABLE public.heir () INHERITS (public.top);
CREATE TABLE public.other (a int PRIMARY KEY, b text, c int);
CREATE PUBLICATION main FOR TABLE public.other (a, b) WHERE (a > 3);
-- B
CREATE TABLE public.top ();
CREATE TABLE public.heir () INHERITS (public.top);
CREATE TABLE public.other (a bigint PRIMARY KEY, b varchar(100), c int);
CREATE PUBLICATION main FOR TABLE public.top, public.other (a, b) WHERE (a > 3);
