What bears on all that is made after it goes before anything is made, and comes when all is.
-- A
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO "select" WITH GRANT OPTION;
CREATE FUNCTION no_more() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no more sequences'; END$$;
CREATE EVENT TRIGGER no_more ON ddl_command_start WHEN TAG IN ('CREATE SEQUENCE') EXECUTE FUNCTION no_more();
-- B
CREATE SCHEMA core;
CREATE EXTENSION pg_trgm SCHEMA core;
CREATE SEQUENCE core.one_more;
CREATE FUNCTION core.granted() RETURNS int LANGUAGE sql AS 'SELECT 1';
GRANT EXECUTE ON FUNCTION core.granted() TO "select";
CREATE FUNCTION core.not_granted() RETURNS int LANGUAGE sql AS 'SELECT 1';
