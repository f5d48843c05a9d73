A function uses a multirange that becomes another range's, and is altered itself.
-- A
CREATE TYPE money_range AS RANGE (SUBTYPE = numeric, MULTIRANGE_TYPE_NAME = level_s);
CREATE FUNCTION touch(jsonb, "Arg2" level_s, OUT first integer, OUT "Second" text) LANGUAGE sql VOLATILE SECURITY DEFINER AS $fn$SELECT 1, 'a'::text$fn$;
-- B
CREATE TYPE two_b AS RANGE (SUBTYPE = numeric, MULTIRANGE_TYPE_NAME = level_s);
CREATE FUNCTION touch(jsonb, "Arg2" level_s, OUT first integer, OUT "Second" text) LANGUAGE sql IMMUTABLE AS $fn$SELECT 1, 'a'::text$fn$;
