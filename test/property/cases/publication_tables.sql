A table leaves a publication without those that inherit from it; a column that a publication names gets another type; another order of the columns.
-- A
CREATE TABLE public.top ();
CREATE TABLE public.heir () INHERITS (public.top);
CREATE TABLE public.other (a int PRIMARY KEY, b text, c int);
CREATE PUBLICATION main FOR TABLE public.other (a, b) WHERE (a > 3);
CREATE TABLE public.base (a int);
CREATE TABLE public.swapped (c int, a int, "o,) x" int);
CREATE PUBLICATION "by (number" FOR TABLE public.swapped ("o,) x", c, a);
-- B
CREATE TABLE public.top ();
CREATE TABLE public.heir () INHERITS (public.top);
CREATE TABLE public.other (a bigint PRIMARY KEY, b varchar(100), c int);
CREATE PUBLICATION main FOR TABLE public.top, public.other (a, b) WHERE (a > 3);
CREATE TABLE public.base (a int);
CREATE TABLE public.swapped ("o,) x" int, c int) INHERITS (public.base);
CREATE PUBLICATION "by (number" FOR TABLE public.swapped (a, c, "o,) x");
