A partition that the models do not hold follows its parent: its part of an index goes, what its column needed goes, its default makes way for another type.
-- A
CREATE SCHEMA core;
CREATE DOMAIN core.address AS smallint;
CREATE FUNCTION core.touch(v smallint) RETURNS smallint LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION core.other(v smallint) RETURNS smallint LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TYPE public.level AS ENUM ('red', 'green');
CREATE TABLE public.users (note smallint NOT NULL, total core.address, l public.level DEFAULT 'red', word text DEFAULT '7', day text DEFAULT '2024-01-01', n numeric DEFAULT 1) PARTITION BY RANGE (note);
CREATE TABLE public.notes PARTITION OF public.users DEFAULT PARTITION BY LIST (note);
CREATE TABLE public.notes_1 PARTITION OF public.notes DEFAULT;
CREATE UNIQUE INDEX goes ON public.users (core.touch(note), note);
CREATE INDEX renewed ON public.users (core.other(note));
-- B
CREATE TYPE public.level AS ENUM ('green', 'red');
CREATE TABLE public.users (note smallint NOT NULL, total smallint, l public.level DEFAULT 'red', word smallint DEFAULT 7, day date DEFAULT '2024-02-02', n bigint DEFAULT 2) PARTITION BY RANGE (note);
CREATE INDEX renewed ON public.users ((note + 1));
