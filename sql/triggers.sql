--
-- install_trigger() and remove_trigger(): what they make, and bad input
-- (trigger_behaviours.sql is about what the triggers do)
--
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_trg_owner;
CREATE ROLE regress_trg_other;
GRANT USAGE ON SCHEMA pqengine TO regress_trg_owner, regress_trg_other;
CREATE SCHEMA trg;
SET search_path = trg;

CREATE FUNCTION trg.triggers(target regclass) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
	SELECT pg_get_triggerdef(oid) FROM pg_trigger
	WHERE tgrelid = target AND NOT tgisinternal ORDER BY tgname
$$;

CREATE TABLE docs (
	id int PRIMARY KEY, title text, body text, secret text,
	updated_at timestamptz, deleted_at timestamptz, version int NOT NULL DEFAULT 1,
	"odd ""name'" date, upper_title text GENERATED ALWAYS AS (upper(title)) STORED);

-- Every behaviour with its defaults, and what pg_dump will see of it.
SELECT behaviour, pqengine.install_trigger('docs', behaviour)
FROM unnest(ARRAY['audit', 'immutable', 'notify', 'soft_delete', 'updated_at', 'version']) behaviour;
SELECT * FROM triggers('docs');
-- The same again, and then gone: once true, then false.
SELECT pqengine.install_trigger('docs', 'audit');
SELECT behaviour, pqengine.remove_trigger('docs', behaviour)
FROM unnest(ARRAY['audit', 'immutable', 'notify', 'soft_delete', 'updated_at', 'version']) behaviour;
SELECT * FROM triggers('docs');
SELECT behaviour, pqengine.remove_trigger('docs', behaviour)
FROM unnest(ARRAY['audit', 'immutable', 'notify', 'soft_delete', 'updated_at', 'version']) behaviour;

-- Every option; those that say what is the default anyway are not written.
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "History", "exclude": ["secret", "body"], "skip_unchanged": true}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": ["id", "odd \"name''"]}');
SELECT pqengine.install_trigger('docs', 'notify', '{"channel": "it''s \\ odd", "payload": "key", "level": "row", "exclude": ["secret"], "old_row": true, "skip_unchanged": true}');
SELECT pqengine.install_trigger('docs', 'soft_delete', '{"column": "odd \"name''", "purge": true}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": "updated_at", "clock": "wall", "on_insert": true, "skip_unchanged": false}');
SELECT pqengine.install_trigger('docs', 'version', '{"check": true, "skip_unchanged": true}');
SELECT * FROM triggers('docs');
-- Installed again it is replaced, and so is what it has beside it.
SELECT pqengine.install_trigger('docs', 'immutable');
SELECT pqengine.install_trigger('docs', 'notify', '{"level": "statement"}');
SELECT pqengine.install_trigger('docs', 'updated_at', options => '{"clock": "statement"}');
SELECT * FROM triggers('docs') t WHERE t ~ 'immutable|notify|updated_at';
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": ["id"]}');
SELECT pqengine.install_trigger('docs', 'notify', '{}');
SELECT * FROM triggers('docs') t WHERE t ~ 'immutable|notify';

-- What was written can be read back as SQL: the definitions make the same.
CREATE TEMP TABLE before AS SELECT oid, tgname, pg_get_triggerdef(oid) AS def FROM pg_trigger WHERE tgrelid = 'docs'::regclass;
SELECT format('DROP TRIGGER %I ON docs', tgname) FROM before ORDER BY tgname \gexec
SELECT def FROM before ORDER BY tgname \gexec
SELECT count(*) AS triggers, count(*) FILTER (WHERE def = pg_get_triggerdef(t.oid)) AS same
FROM before JOIN pg_trigger t USING (tgname) WHERE tgrelid = 'docs'::regclass;
UPDATE docs SET title = title;
DROP TABLE before;

-- The audit table: made where it does not exist, in the target's schema.
SELECT column_name, data_type, is_nullable FROM information_schema.columns
WHERE table_schema = 'trg' AND table_name = 'docs_audit' ORDER BY ordinal_position;
CREATE SCHEMA trg_log;
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "trg_log.\"All of it\""}');
SELECT * FROM triggers('docs') t WHERE t ~ 'audit';
SELECT to_regclass('trg_log."All of it"');
-- One for several tables; and one partitioned by hand.
CREATE TABLE notes (id int, body text);
SELECT pqengine.install_trigger('notes', 'audit', '{"table": "trg_log.\"All of it\""}');
CREATE TABLE trg_log.parted (LIKE docs_audit INCLUDING ALL EXCLUDING INDEXES) PARTITION BY RANGE (occurred_at);
SELECT pqengine.install_trigger('notes', 'audit', '{"table": "trg_log.parted"}');
-- A long name is cut, like the server cuts names.
CREATE TABLE a_table_with_a_name_that_is_as_long_as_names_can_be_at_any_rate (id int);
SELECT pqengine.install_trigger('a_table_with_a_name_that_is_as_long_as_names_can_be_at_any_rate', 'audit');
SELECT relname FROM pg_class WHERE relname ~ '^a_table.*audit$' AND relkind = 'r';

-- Partitioned tables hand the triggers on; quoted names; a temporary table.
CREATE TABLE parted (id int, day date, version int) PARTITION BY RANGE (day);
CREATE TABLE parted_2025 PARTITION OF parted FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
SELECT pqengine.install_trigger('parted', 'version');
SELECT * FROM triggers('parted_2025');
SELECT pqengine.install_trigger('parted_2025', 'version');
SELECT pqengine.remove_trigger('parted_2025', 'version');
SELECT pqengine.remove_trigger('parted', 'version');
CREATE TABLE "it's a ""table""" (version int);
SELECT pqengine.install_trigger('"it''s a ""table"""', 'version');
SELECT * FROM triggers('"it''s a ""table"""');
CREATE TEMP TABLE passing (id int, version int);
SELECT pqengine.install_trigger('passing', 'version');
SELECT pqengine.install_trigger('passing', 'audit');
INSERT INTO passing VALUES (1, 1);
UPDATE passing SET id = 2;
SELECT p.version, a.operation FROM passing p, pg_temp.passing_audit a;

-- Bad input: behaviours and tables.
SELECT pqengine.install_trigger('docs', 'updatedat');
SELECT pqengine.install_trigger('docs', 'Audit');
SELECT pqengine.install_trigger('docs', '');
SELECT pqengine.remove_trigger('docs', 'pqengine_audit');
SELECT pqengine.install_trigger(NULL, 'audit');
SELECT pqengine.install_trigger('docs', NULL);
SELECT pqengine.install_trigger('docs', 'audit', NULL);
SELECT pqengine.remove_trigger(NULL, 'audit');
SELECT pqengine.remove_trigger('docs', NULL);
SELECT pqengine.install_trigger('nothing', 'audit');
SELECT pqengine.install_trigger(0, 'audit');
SELECT pqengine.remove_trigger(4294967295, 'audit');
CREATE VIEW seen AS SELECT * FROM docs;
SELECT pqengine.install_trigger('seen', 'audit');
SELECT pqengine.remove_trigger('seen', 'audit');
SELECT pqengine.install_trigger('docs_pkey', 'audit');
SELECT pqengine.install_trigger('pg_class', 'immutable');

-- Bad input: options.
SELECT pqengine.install_trigger('docs', 'audit', '[]');
SELECT pqengine.install_trigger('docs', 'audit', '"table"');
SELECT pqengine.install_trigger('docs', 'audit', 'null');
SELECT pqengine.install_trigger('docs', 'audit', '3');
SELECT pqengine.install_trigger('docs', 'audit', '{"tabel": "x"}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"": "x"}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"column": "id"}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": null}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": 1}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": true}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": ["updated_at"]}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": {"updated_at": 1}}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": ""}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"clock": "sundial"}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"on_insert": "true"}');
SELECT pqengine.install_trigger('docs', 'version', '{"check": 1}');
SELECT pqengine.install_trigger('docs', 'version', '{"check": null}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": "id"}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": []}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": [1]}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": ["id", ["title"]]}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": [null]}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": {"id": true}}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": [""]}');
SELECT pqengine.install_trigger('docs', 'notify', '{"channel": ""}');
SELECT pqengine.install_trigger('docs', 'notify', jsonb_build_object('channel', repeat('x', 64)));
SELECT pqengine.install_trigger('docs', 'notify', '{"payload": "everything"}');
SELECT pqengine.install_trigger('docs', 'notify', '{"level": "table"}');
SELECT pqengine.install_trigger('docs', 'notify', '{"exclude": ["nothing"]}');

-- Bad input: columns.
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": "changed_at"}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": "UPDATED_AT"}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": "title"}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": "ctid"}');
SELECT pqengine.install_trigger('docs', 'updated_at', '{"column": "upper_title"}');
SELECT pqengine.install_trigger('docs', 'version', '{"column": "title"}');
SELECT pqengine.install_trigger('docs', 'soft_delete', '{"column": "id"}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": ["id", "upper_title"]}');
SELECT pqengine.install_trigger('docs', 'immutable', '{"columns": ["tableoid"]}');
SELECT pqengine.install_trigger('notes', 'updated_at');
SELECT pqengine.install_trigger('notes', 'version');
SELECT pqengine.install_trigger('notes', 'soft_delete');
CREATE TABLE strict (id int, deleted_at timestamptz NOT NULL);
SELECT pqengine.install_trigger('strict', 'soft_delete');
ALTER TABLE notes DROP COLUMN body;
SELECT pqengine.install_trigger('notes', 'immutable', '{"columns": ["........pg.dropped.2........"]}');
SELECT pqengine.install_trigger('notes', 'notify', '{"exclude": ["........pg.dropped.2........"]}');

-- Bad input: audit tables.
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "docs"}');
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "notes"}');
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "seen"}');
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "nowhere.log"}');
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "a.b.c"}');
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "a b"}');
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "\"\""}');
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "x (i int); DROP TABLE docs; --"}');
CREATE TABLE almost (LIKE docs_audit);
ALTER TABLE almost ALTER COLUMN operation TYPE varchar(10);
SELECT pqengine.install_trigger('docs', 'audit', '{"table": "almost"}');

-- None of that changed anything.
SELECT * FROM triggers('docs');

-- A user's own trigger of that name is not taken for ours.
CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE other (id int, version int);
CREATE TRIGGER pqengine_version BEFORE UPDATE ON other FOR EACH ROW EXECUTE FUNCTION own();
SELECT pqengine.install_trigger('other', 'version');
SELECT pqengine.remove_trigger('other', 'version');
CREATE TRIGGER pqengine_audit_truncate AFTER TRUNCATE ON other EXECUTE FUNCTION own();
SELECT pqengine.install_trigger('other', 'audit');
SELECT * FROM triggers('other');
SELECT to_regclass('other_audit') AS not_left_behind;

-- The caller's rights: TRIGGER to install, ownership to remove.
GRANT USAGE, CREATE ON SCHEMA trg TO regress_trg_owner;
GRANT USAGE ON SCHEMA trg TO regress_trg_other;
SET ROLE regress_trg_owner;
CREATE TABLE theirs (id int, version int);
SET ROLE regress_trg_other;
SELECT pqengine.install_trigger('theirs', 'version');
SELECT pqengine.install_trigger('theirs', 'audit');
SET ROLE regress_trg_owner;
SELECT pqengine.install_trigger('theirs', 'version');
SELECT pqengine.install_trigger('theirs', 'audit');
SELECT tableowner FROM pg_tables WHERE schemaname = 'trg' AND tablename = 'theirs_audit';
GRANT TRIGGER ON theirs TO regress_trg_other;
SET ROLE regress_trg_other;
SELECT pqengine.install_trigger('theirs', 'immutable');
SELECT pqengine.remove_trigger('theirs', 'immutable');
RESET ROLE;

-- In a read-only transaction, and while the table is in use.
BEGIN TRANSACTION READ ONLY;
SELECT pqengine.install_trigger('other', 'immutable');
ROLLBACK;
CREATE FUNCTION install_from_within() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM pqengine.install_trigger('trg.theirs', 'version', '{"check": true}'); RETURN NEW; END $$;
CREATE TRIGGER a BEFORE INSERT ON theirs FOR EACH ROW EXECUTE FUNCTION install_from_within();
INSERT INTO theirs VALUES (1, 1);
SELECT * FROM triggers('theirs') t WHERE t ~ 'version';

-- The functions themselves: not to be called, nor made triggers of another kind.
SELECT pqengine.trigger_version();
CREATE TABLE wrong (id int, version int, updated_at timestamptz, deleted_at timestamptz);
INSERT INTO wrong VALUES (1, 1);
CREATE TRIGGER t AFTER UPDATE ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_version();
UPDATE wrong SET id = 2;
CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON wrong FOR EACH STATEMENT EXECUTE FUNCTION pqengine.trigger_version();
UPDATE wrong SET id = 2;
CREATE OR REPLACE TRIGGER t BEFORE INSERT ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_version();
INSERT INTO wrong DEFAULT VALUES;
CREATE OR REPLACE TRIGGER t BEFORE TRUNCATE ON wrong EXECUTE FUNCTION pqengine.trigger_audit();
TRUNCATE wrong;
CREATE OR REPLACE TRIGGER t AFTER TRUNCATE ON wrong EXECUTE FUNCTION pqengine.trigger_immutable();
TRUNCATE wrong;
CREATE OR REPLACE TRIGGER t BEFORE DELETE ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_updated_at();
DELETE FROM wrong;
CREATE OR REPLACE TRIGGER t BEFORE DELETE ON wrong FOR EACH STATEMENT EXECUTE FUNCTION pqengine.trigger_soft_delete();
DELETE FROM wrong;
CREATE OR REPLACE TRIGGER t BEFORE DELETE ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_notify();
DELETE FROM wrong;
CREATE VIEW wrong_view AS SELECT * FROM wrong;
CREATE TRIGGER t INSTEAD OF UPDATE ON wrong_view FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_version();
UPDATE wrong_view SET id = 3;
-- Arguments written by hand are checked as options are.
CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_version('column');
UPDATE wrong SET id = 2;
CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_version('colour', 'red');
UPDATE wrong SET id = 2;
CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_version('check', 'perhaps');
UPDATE wrong SET id = 2;
CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_version('column', 'nothing');
UPDATE wrong SET id = 2;
CREATE OR REPLACE TRIGGER t BEFORE UPDATE ON wrong FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_version(column, version, check, on);
UPDATE wrong SET id = 2 RETURNING *;

-- Everything is documented and declared as what it is.
SELECT p.oid::regprocedure AS wrongly_declared
FROM pg_proc p
WHERE p.pronamespace = 'pqengine'::regnamespace AND p.proname ~ '^(trigger_|install_trigger|remove_trigger)'
	  AND (p.prosecdef OR p.provolatile <> 'v' OR p.proparallel <> 'u' OR p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
		   OR obj_description(p.oid, 'pg_proc') IS NULL
		   OR (p.prorettype <> 'trigger'::regtype AND p.proconfig <> '{"search_path=pg_catalog, pg_temp"}'));
SELECT count(*) FROM pg_proc p
WHERE p.pronamespace = 'pqengine'::regnamespace AND p.proname ~ '^(trigger_|install_trigger|remove_trigger)';

DROP SCHEMA trg, trg_log CASCADE;
REVOKE USAGE ON SCHEMA pqengine FROM regress_trg_owner, regress_trg_other;
DROP ROLE regress_trg_owner, regress_trg_other;
