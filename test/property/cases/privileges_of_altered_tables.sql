A privilege on a column comes after it, also where the table is altered and the column waits for its type.
-- A
CREATE SCHEMA select_1;
CREATE TYPE public.code AS ENUM ('With Space', 'select', 'done', 'ü', 'new');
CREATE TABLE select_1.users (
    "semi;colon" public.code[]
);
CREATE TABLE public.users ();
-- B
CREATE SCHEMA select_1;
CREATE TYPE public.code AS ENUM ('With Space', 'select', 'green', 'done', 'ü', 'new');
CREATE TABLE public.users (
    score public.code
);
ALTER TABLE public.users REPLICA IDENTITY NOTHING;
GRANT REFERENCES (score) ON TABLE public.users TO alice;
