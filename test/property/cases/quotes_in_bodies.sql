The names in a function's body may hold quotes, and texts in it a quote alone.
-- A
CREATE SCHEMA core;
-- B
CREATE SCHEMA core;
CREATE FUNCTION core."with ""quotes"""() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION core."in"() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION core.caller() RETURNS int LANGUAGE sql AS $fn$SELECT core."with ""quotes"""()$fn$;
CREATE FUNCTION core.another() RETURNS text LANGUAGE sql AS $fn$SELECT '5"' || core."in"()$fn$;
