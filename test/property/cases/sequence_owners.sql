A sequence of a column belongs to whom the table does, one of its own to whom it says.
-- A
CREATE SEQUENCE public.freed_seq AS integer;
CREATE TABLE public.goes (a bigint);
ALTER SEQUENCE public.freed_seq OWNED BY public.goes.a;
CREATE SEQUENCE public.taken_seq;
CREATE TABLE public.stays (a bigint);
ALTER TABLE public.stays OWNER TO "select";
CREATE SEQUENCE public.waiting_seq;
-- B
CREATE SEQUENCE public.freed_seq AS integer;
ALTER SEQUENCE public.freed_seq OWNER TO "Carol O'Dea";
CREATE SEQUENCE public.taken_seq;
CREATE TABLE public.stays (a bigint);
ALTER SEQUENCE public.taken_seq OWNED BY public.stays.a;
ALTER TABLE public.stays OWNER TO "select";
CREATE SEQUENCE public.waiting_seq;
CREATE TABLE public.comes (a bigint);
ALTER SEQUENCE public.waiting_seq OWNED BY public.comes.a;
ALTER TABLE public.comes OWNER TO "select";
