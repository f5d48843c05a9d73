--
-- many_to_many and install_trigger in models: what they make is desired state
-- like any other, made in the schema of the realization
--
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT E'-- pqengine:file models/shop.sql
CREATE SCHEMA shop;
SELECT pqengine.many_to_many(''shop.users'', ''shop.roles'');
SELECT pqengine.many_to_many(''shop.users'', ''shop.users'', ''shop.follows'');
SELECT pqengine.install_trigger(''shop.users'', ''updated_at'');
SELECT pqengine.install_trigger(''shop.users'', ''audit'', ''{"exclude": ["name"]}'');
SELECT pqengine.install_trigger(''shop.roles'', ''immutable'');
CREATE TABLE shop.users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, updated_at timestamptz);
CREATE TABLE shop.roles (id int PRIMARY KEY, name text NOT NULL);
' AS models \gset

-- From nothing, in one go and by the plan.
SELECT count(*) > 0 AS planned, count(*) FILTER (WHERE statement ~ 'pqengine\.(many_to_many|install_trigger)') AS helpers
FROM pqengine.plan(:'models');
SELECT count(*) AS left_behind FROM pg_namespace WHERE nspname ~ '^shop';
SELECT count(*) > 0 AS made FROM pqengine.ensure_tables(:'models');
SELECT * FROM pqengine.drift(:'models');
DROP SCHEMA shop CASCADE;
SELECT set_config('test.models', :'models', false) IS NOT NULL AS set;
DO $$
DECLARE
	step text;
BEGIN
	FOR step IN SELECT statement FROM pqengine.plan(current_setting('test.models'), '{"concurrently": false}') ORDER BY seq LOOP
		EXECUTE step;
	END LOOP;
END $$;
SELECT * FROM pqengine.drift(:'models');
SELECT tgrelid::regclass, tgname, pg_get_triggerdef(oid) FROM pg_trigger
WHERE tgrelid IN ('shop.users'::regclass, 'shop.roles'::regclass) AND NOT tgisinternal ORDER BY 2;
INSERT INTO shop.users (name) VALUES ('ann');
INSERT INTO shop.roles VALUES (1, 'admin');
INSERT INTO shop.roles_users_junction VALUES (1, 1);
UPDATE shop.users SET name = 'anna';
DELETE FROM shop.roles;
SELECT operation, row_key, new_row ->> 'name' AS name FROM shop.users_audit ORDER BY id;
-- The realization meets live tables with rows, plans in use and a session that
-- has fired the triggers, and leaves all as it was.
SELECT * FROM pqengine.drift(:'models');
UPDATE shop.users SET name = 'anne';
SELECT count(*) FROM shop.users_audit;

-- Other options are a change of the trigger; the helper by hand is drift.
SELECT replace(:'models', '{"exclude": ["name"]}', '{"exclude": ["name"], "skip_unchanged": true}') AS changed \gset
SELECT change, kind, object, property FROM pqengine.drift(:'changed') ORDER BY object;
SELECT statement FROM pqengine.plan(:'changed') ORDER BY seq \gexec
SELECT * FROM pqengine.drift(:'changed');
SELECT pqengine.install_trigger('shop.roles', 'notify');
SELECT change, kind, object FROM pqengine.drift(:'changed') ORDER BY object;
SELECT pqengine.remove_trigger('shop.roles', 'notify');
SELECT * FROM pqengine.drift(:'changed');

-- Errors in models are those of the helpers, with the place.
SELECT * FROM pqengine.plan(E'-- pqengine:file models/a.sql\nCREATE TABLE shop.x (id int);\n\nSELECT pqengine.many_to_many(''shop.x'', ''shop.x'');');
SELECT * FROM pqengine.plan(E'-- pqengine:file models/a.sql\nCREATE TABLE shop.x (id int);\nSELECT pqengine.install_trigger(''shop.x'', ''version'');');
SELECT * FROM pqengine.plan(E'-- pqengine:file models/a.sql\nCREATE TABLE shop.x (id int);\nSELECT pqengine.install_trigger(''shop.y'', ''version'');');

-- And the export of it all is itself.
SELECT * FROM pqengine.plan(pqengine.export(ARRAY['shop']));
DROP SCHEMA shop CASCADE;
