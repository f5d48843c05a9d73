What names the type of a table's rows is out of the way while they are rewritten.
-- A
CREATE TABLE notes (kind smallint, gone int);
CREATE TABLE logged (i int);
CREATE FUNCTION label(r notes) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT ($1)::text$$;
CREATE FUNCTION label(r logged) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT ($1)::text$$;
CREATE TABLE other (x int, y text DEFAULT label(NULL::notes), CONSTRAINT c CHECK (label(NULL::notes) IS NULL));
CREATE INDEX i ON other (label(NULL::notes));
CREATE POLICY p ON other USING (label(NULL::notes) = 'x');
CREATE RULE r AS ON INSERT TO other WHERE label(NULL::notes) = 'y' DO INSTEAD NOTHING;
CREATE TRIGGER t BEFORE UPDATE ON other FOR EACH ROW WHEN (label(NULL::notes) = 'x') EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE STATISTICS s ON (label(NULL::notes) || x::text), x FROM other;
CREATE VIEW v AS SELECT label(NULL::notes) AS l, label(NULL::logged) AS m;
CREATE MATERIALIZED VIEW mv AS SELECT l, label(NULL::notes) AS m FROM v;
CREATE VIEW whole AS SELECT label(notes) AS l FROM notes;
-- B
CREATE TABLE notes (kind numeric(10,2), added int DEFAULT 7, made bigint GENERATED ALWAYS AS (1) STORED);
CREATE UNLOGGED TABLE logged (i int);
CREATE FUNCTION label(r notes) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT ($1)::text$$;
CREATE FUNCTION label(r logged) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT ($1)::text$$;
CREATE TABLE other (x int, y text DEFAULT label(NULL::notes), CONSTRAINT c CHECK (label(NULL::notes) IS NULL));
CREATE INDEX i ON other (label(NULL::notes));
CREATE POLICY p ON other USING (label(NULL::notes) = 'x');
CREATE RULE r AS ON INSERT TO other WHERE label(NULL::notes) = 'y' DO INSTEAD NOTHING;
CREATE TRIGGER t BEFORE UPDATE ON other FOR EACH ROW WHEN (label(NULL::notes) = 'x') EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE STATISTICS s ON (label(NULL::notes) || x::text), x FROM other;
CREATE VIEW v AS SELECT label(NULL::notes) AS l, label(NULL::logged) AS m;
CREATE MATERIALIZED VIEW mv AS SELECT l, label(NULL::notes) AS m FROM v;
CREATE VIEW whole AS SELECT label(notes) AS l FROM notes;
