Temporal keys, and constraints that are not enforced.
-- From PostgreSQL 18
-- A
CREATE EXTENSION btree_gist;
CREATE TABLE public.room (id int, v daterange, name text, CONSTRAINT room_u UNIQUE (id, v));
CREATE TABLE public.booking (id int, room int, v daterange, n int CONSTRAINT n_check CHECK (n > 0) NOT ENFORCED, m int CONSTRAINT m_check CHECK (m > 0), o int);
CREATE TABLE public.a (id int PRIMARY KEY);
CREATE TABLE public.b (a int CONSTRAINT b_a REFERENCES public.a NOT ENFORCED, c int CONSTRAINT b_c REFERENCES public.a);
CREATE TABLE public.w (id int, v int4range, CONSTRAINT w_pk PRIMARY KEY (id, v WITHOUT OVERLAPS));
CREATE TABLE public.wr (w int, v int4range, CONSTRAINT wr_fk FOREIGN KEY (w, PERIOD v) REFERENCES public.w (id, PERIOD v));
-- B
CREATE EXTENSION btree_gist;
CREATE TABLE public.room (id int, v daterange, name text, CONSTRAINT room_u UNIQUE (id, v WITHOUT OVERLAPS) DEFERRABLE, CONSTRAINT room_pk PRIMARY KEY (id, v WITHOUT OVERLAPS));
CREATE TABLE public.booking (id int, room int, v daterange, n int CONSTRAINT n_check CHECK (n > 0), m int CONSTRAINT m_check CHECK (m > 0) NOT ENFORCED, o int CONSTRAINT o_check CHECK (o > 0) NOT ENFORCED, CONSTRAINT booking_fk FOREIGN KEY (room, PERIOD v) REFERENCES public.room (id, PERIOD v));
CREATE TABLE public.a (id int PRIMARY KEY);
CREATE TABLE public.b (a int CONSTRAINT b_a REFERENCES public.a, c int CONSTRAINT b_c REFERENCES public.a NOT ENFORCED);
CREATE TABLE public.w (id int, v int4range);
CREATE TABLE public.wr (w int, v int4range);
