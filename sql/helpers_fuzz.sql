--
-- Random input for many_to_many, install_trigger, remove_trigger and the
-- arguments of triggers: whatever it is, it is done or refused in good order.
-- An error of class XX (internal) is a bug of ours, and so is a crash.
--
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA fuzz;
SET search_path = fuzz;
CREATE TABLE target (
	id int PRIMARY KEY, a text, b numeric, version int, updated_at timestamptz, deleted_at timestamptz,
	"the ""day" date, "it's" timestamp, g int GENERATED ALWAYS AS (id + 1) STORED);
CREATE TABLE "Other ""one" (x int, "y'" text, PRIMARY KEY (x, "y'"));
CREATE VIEW seen AS SELECT * FROM target;
CREATE TABLE outcome (what text, input text, state text, message text);

CREATE FUNCTION pick(choices text[]) RETURNS text LANGUAGE sql VOLATILE AS
'SELECT choices[1 + floor(random() * cardinality(choices))::int]';

-- A string of odds and ends.
CREATE FUNCTION scrap() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	result text := '';
BEGIN
	FOR i IN 1 .. floor(random() * 6)::int LOOP
		result := result || fuzz.pick(ARRAY['a', 'B', 'target', '.', '"', '''', '$', '\', ' ', ';', '--', '/*', '*/', '(', ')', ',', E'\n', E'\t',
											E'\x01', repeat('x', 70), '%s', '%n', 'fuzz', 'pg_temp', 'pg_catalog', '""', '=']);
	END LOOP;
	RETURN result;
END $$;

-- A JSON value, of known words and of none.
CREATE FUNCTION value(depth int) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	result jsonb;
BEGIN
	CASE floor(random() * (CASE WHEN depth > 0 THEN 9 ELSE 6 END))::int
		WHEN 0 THEN RETURN 'null';
		WHEN 1 THEN RETURN to_jsonb(random() < 0.5);
		WHEN 2 THEN RETURN to_jsonb((random() * 1000)::numeric);
		WHEN 3 THEN RETURN to_jsonb(fuzz.scrap());
		WHEN 4, 5 THEN RETURN to_jsonb(fuzz.pick(ARRAY['id', 'a', 'b', 'version', 'updated_at', 'deleted_at', 'the "day', 'it''s', 'g', 'ctid', 'row', 'key',
													   'statement', 'wall', 'transaction', 'target', 'seen', 'outcome', 'fuzz.log', '"Log"', 'true']));
		WHEN 6, 7 THEN
			result := '[]';
			FOR i IN 1 .. floor(random() * 4)::int LOOP
				result := result || jsonb_build_array(fuzz.value(depth - 1));
			END LOOP;
			RETURN result;
		ELSE
			result := '{}';
			FOR i IN 1 .. floor(random() * 3)::int LOOP
				result := result || jsonb_build_object(fuzz.scrap(), fuzz.value(depth - 1));
			END LOOP;
			RETURN result;
	END CASE;
END $$;

CREATE FUNCTION options() RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	result jsonb := '{}';
BEGIN
	IF random() < 0.1 THEN
		RETURN fuzz.value(2);
	END IF;
	FOR i IN 1 .. floor(random() * 3)::int LOOP
		result := result || jsonb_build_object(
			CASE WHEN random() < 0.1 THEN fuzz.scrap()
			ELSE fuzz.pick(ARRAY['column', 'columns', 'clock', 'on_insert', 'skip_unchanged', 'check', 'purge', 'table', 'exclude', 'channel', 'payload', 'level', 'old_row'])
			END, fuzz.value(1));
	END LOOP;
	RETURN result;
END $$;

CREATE FUNCTION behaviour() RETURNS text LANGUAGE sql VOLATILE AS $$
	SELECT CASE WHEN random() < 0.05 THEN fuzz.scrap()
		ELSE fuzz.pick(ARRAY['audit', 'immutable', 'notify', 'soft_delete', 'updated_at', 'version']) END
$$;

CREATE FUNCTION arguments() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
	result text[] := '{}';
BEGIN
	FOR i IN 1 .. floor(random() * 5)::int LOOP
		result := result || quote_literal(CASE WHEN random() < 0.1 THEN fuzz.scrap()
			ELSE fuzz.pick(ARRAY['column', 'columns', 'check', 'table', 'exclude', 'channel', 'level', 'payload', 'clock', 'true', 'off', 'id', 'a', 'version',
								 'updated_at', 'deleted_at', 'key', 'fuzz.outcome', 'wall']) END);
	END LOOP;
	RETURN array_to_string(result, ', ');
END $$;

-- Runs the statement, and some writes to see what the triggers make of it; all
-- is rolled back.
CREATE FUNCTION attempt(what text, input text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	state text := '00000';
	message text;
BEGIN
	BEGIN
		EXECUTE input;
		INSERT INTO fuzz.target (id, a) VALUES (1, 'one'), (2, repeat('two', 3000));
		UPDATE fuzz.target SET a = a || 'x', b = 1, version = 1;
		UPDATE fuzz.target SET version = version WHERE id = 1;
		DELETE FROM fuzz.target WHERE id = 1;
		TRUNCATE fuzz.target;
		RAISE EXCEPTION USING ERRCODE = 'ZZ000';
	EXCEPTION WHEN OTHERS THEN
		IF SQLSTATE <> 'ZZ000' THEN
			state := SQLSTATE;
			message := SQLERRM;
		END IF;
	END;
	INSERT INTO fuzz.outcome VALUES (what, input, state, message);
END $$;

SELECT setseed(0.2025) IS NULL AS set;
DO $$
BEGIN
	FOR i IN 1 .. 1500 LOOP
		PERFORM fuzz.attempt('install', format('SELECT pqengine.install_trigger(%L, %L, %L)',
			CASE WHEN random() < 0.9 THEN 'fuzz.target' ELSE fuzz.pick(ARRAY['fuzz.seen', 'fuzz.target_pkey', 'fuzz."Other ""one"', '0', '4294967295']) END,
			fuzz.behaviour(), fuzz.options()));
	END LOOP;
	FOR i IN 1 .. 200 LOOP
		PERFORM fuzz.attempt('remove', format('SELECT pqengine.remove_trigger(%L, %L)', fuzz.pick(ARRAY['fuzz.target', 'fuzz.seen', '1']), fuzz.behaviour()));
	END LOOP;
	FOR i IN 1 .. 500 LOOP
		PERFORM fuzz.attempt('junction', format('SELECT pqengine.many_to_many(%L, %L, %L)',
			fuzz.pick(ARRAY['fuzz.target', 'fuzz."Other ""one"', 'fuzz.seen', 'fuzz.outcome', '0']), fuzz.pick(ARRAY['fuzz.target', 'fuzz."Other ""one"']),
			CASE WHEN random() < 0.9 THEN fuzz.scrap() END));
	END LOOP;
	FOR i IN 1 .. 1000 LOOP
		PERFORM fuzz.attempt('arguments', format('CREATE TRIGGER t %s ON fuzz.target FOR EACH %s EXECUTE FUNCTION pqengine.trigger_%s(%s)',
			fuzz.pick(ARRAY['BEFORE INSERT', 'BEFORE UPDATE', 'BEFORE DELETE', 'BEFORE UPDATE OR DELETE', 'AFTER UPDATE', 'AFTER INSERT OR UPDATE OR DELETE']),
			fuzz.pick(ARRAY['ROW', 'ROW', 'ROW', 'STATEMENT']),
			fuzz.pick(ARRAY['audit', 'immutable', 'notify', 'soft_delete', 'updated_at', 'version']), fuzz.arguments()));
	END LOOP;
END $$;

-- Some of everything was refused and some was done.
SELECT what, count(*), count(*) FILTER (WHERE state = '00000') > 0 AS some_done, count(*) FILTER (WHERE state <> '00000') > 0 AS some_refused
FROM outcome GROUP BY what ORDER BY what;
-- What must not be.
SELECT * FROM outcome WHERE state ~ '^(XX|58|53)' OR message = '';
-- Nothing is left of it, and what was there is still there.
SELECT relname FROM pg_class WHERE relnamespace = 'fuzz'::regnamespace AND relkind IN ('r', 'v', 'S') ORDER BY relname COLLATE "C";
SELECT count(*) FROM pg_trigger WHERE tgrelid = 'target'::regclass;
DROP SCHEMA fuzz CASCADE;
