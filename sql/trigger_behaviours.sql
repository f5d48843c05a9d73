--
-- What the trigger behaviours do to rows
-- (triggers.sql is about installing them; test/tap has what NOTIFY sends)
--
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE ROLE regress_beh_writer;
CREATE SCHEMA beh;
SET search_path = beh;

--
-- updated_at
--
CREATE TABLE page (id int PRIMARY KEY, gone int, body text, updated_at timestamptz DEFAULT '2000-01-01',
				   shout text GENERATED ALWAYS AS (upper(body)) STORED,
				   year text GENERATED ALWAYS AS (CASE WHEN updated_at > '2001-01-01' THEN 'new' ELSE 'old' END) STORED);
ALTER TABLE page DROP COLUMN gone;
SELECT pqengine.install_trigger('page', 'updated_at');
INSERT INTO page VALUES (1, 'one'), (2, 'two');
UPDATE page SET body = 'uno' WHERE id = 1;
SELECT id, body, shout, year, updated_at = now() AS this_transaction, updated_at < '2001-01-01' AS untouched FROM page ORDER BY id;
BEGIN;
UPDATE page SET body = 'eins', updated_at = '1999-01-01' WHERE id = 1;
SELECT updated_at = now() AS whatever_was_said FROM page WHERE id = 1;
COMMIT;
-- An upsert is an update too.
INSERT INTO page VALUES (2, 'zwei') ON CONFLICT (id) DO UPDATE SET body = excluded.body;
SELECT body, updated_at > '2001-01-01' AS set FROM page WHERE id = 2;
-- skip_unchanged: same values, though another statement; generated columns do not count as changes.
SELECT pqengine.install_trigger('page', 'updated_at', '{"skip_unchanged": true, "on_insert": true}');
INSERT INTO page VALUES (3, 'three');
SELECT updated_at > '2001-01-01' AS set_on_insert FROM page WHERE id = 3;
ALTER TABLE page DISABLE TRIGGER USER;
UPDATE page SET updated_at = '2000-01-01';
ALTER TABLE page ENABLE TRIGGER USER;
UPDATE page SET body = body;
UPDATE page SET body = 'drei' WHERE id = 3;
SELECT id, updated_at > '2001-01-01' AS set, year FROM page ORDER BY id;
UPDATE page SET body = NULL WHERE id = 2;
UPDATE page SET body = NULL WHERE id = 2;
SELECT updated_at > '2001-01-01' AS set, shout FROM page WHERE id = 2;
-- Large values that are stored out of line compare as what they are.
ALTER TABLE page ALTER COLUMN body SET STORAGE EXTERNAL;
UPDATE page SET body = repeat('x', 10000) WHERE id = 1;
ALTER TABLE page DISABLE TRIGGER USER;
UPDATE page SET updated_at = '2000-01-01' WHERE id = 1;
ALTER TABLE page ENABLE TRIGGER USER;
UPDATE page SET body = repeat('x', 9999) || 'x' WHERE id = 1;
SELECT updated_at > '2001-01-01' AS set FROM page WHERE id = 1;
UPDATE page SET body = repeat('x', 9999) || 'y' WHERE id = 1;
SELECT updated_at > '2001-01-01' AS set FROM page WHERE id = 1;
-- The other clocks: a statement's is its start, the wall's goes on.
SELECT pqengine.install_trigger('page', 'updated_at', '{"clock": "statement"}');
BEGIN;
SELECT pg_sleep(0.01);
UPDATE page SET body = 'b';
SELECT DISTINCT updated_at > now() AS after_the_transaction_began FROM page;
COMMIT;
SELECT pqengine.install_trigger('page', 'updated_at', '{"clock": "wall"}');
BEGIN;
DO $$ BEGIN PERFORM pg_sleep(0.01); UPDATE beh.page SET body = 'c'; END $$;
SELECT DISTINCT updated_at > statement_timestamp() - interval '1 day' AND updated_at > now() AS set FROM page;
COMMIT;
-- Other types, domains included: their constraints hold.
CREATE DOMAIN day AS date CHECK (VALUE > '2001-01-01');
CREATE DOMAIN never AS timestamptz CHECK (VALUE < '2001-01-01');
CREATE TABLE times (id int, a timestamp, b day, c never);
INSERT INTO times VALUES (1);
SELECT pqengine.install_trigger('times', 'updated_at', '{"column": "a"}');
UPDATE times SET id = 2 RETURNING id, a = localtimestamp AS set;
SELECT pqengine.install_trigger('times', 'updated_at', '{"column": "b"}');
UPDATE times SET id = 3 RETURNING id, b = current_date AS set;
SELECT pqengine.install_trigger('times', 'updated_at', '{"column": "c"}');
UPDATE times SET id = 4;
SELECT id, c FROM times;

--
-- version
--
CREATE TABLE account (id int PRIMARY KEY, balance int, version int DEFAULT 1);
SELECT pqengine.install_trigger('account', 'version');
INSERT INTO account VALUES (1, 100, 1), (2, 200, 1), (3, 300, NULL);
UPDATE account SET balance = balance + 1;
UPDATE account SET balance = balance + 1, version = 77 WHERE id = 1;
SELECT * FROM account ORDER BY id;
-- check: the version that was read, or none.
SELECT pqengine.install_trigger('account', 'version', '{"check": true}');
UPDATE account SET balance = 0, version = 3 WHERE id = 1;
UPDATE account SET balance = -1, version = 3 WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
UPDATE account SET balance = -1, version = 5 WHERE id = 1;
UPDATE account SET balance = -1, version = NULL WHERE id = 1;
UPDATE account SET balance = 7 WHERE id = 1;
SELECT * FROM account WHERE id = 1;
INSERT INTO account VALUES (1, 9, 5) ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, version = excluded.version;
INSERT INTO account VALUES (1, 9, 5) ON CONFLICT (id) DO UPDATE SET balance = excluded.balance, version = excluded.version;
SELECT * FROM account WHERE id = 1;
SELECT pqengine.install_trigger('account', 'version', '{"skip_unchanged": true}');
UPDATE account SET balance = balance;
SELECT * FROM account ORDER BY id;
-- Types, domains and limits.
CREATE DOMAIN small AS smallint CHECK (VALUE <> 4);
CREATE TABLE limits (id int, a small DEFAULT 2, b int DEFAULT 2147483646, c bigint DEFAULT 9223372036854775806);
INSERT INTO limits VALUES (1);
SELECT pqengine.install_trigger('limits', 'version', '{"column": "a"}');
UPDATE limits SET id = 2 RETURNING *;
UPDATE limits SET id = 3 RETURNING *;
ALTER TABLE limits ALTER COLUMN a TYPE smallint;
UPDATE limits SET a = 32766 RETURNING *;
ALTER TABLE limits DISABLE TRIGGER USER;
UPDATE limits SET a = 32766;
ALTER TABLE limits ENABLE TRIGGER USER;
UPDATE limits SET id = 4 RETURNING *;
UPDATE limits SET id = 5 RETURNING *;
SELECT pqengine.install_trigger('limits', 'version', '{"column": "b"}');
UPDATE limits SET id = 6 RETURNING *;
UPDATE limits SET id = 7 RETURNING *;
SELECT pqengine.install_trigger('limits', 'version', '{"column": "c"}');
UPDATE limits SET id = 8 RETURNING *;
UPDATE limits SET id = 9 RETURNING *;
-- The column is found by name, and missed when it is renamed.
ALTER TABLE account RENAME COLUMN version TO revision;
UPDATE account SET balance = 1;
ALTER TABLE account RENAME COLUMN revision TO version;

--
-- immutable
--
CREATE TABLE orders (id int PRIMARY KEY, customer text, total numeric, doc json, note text);
INSERT INTO orders VALUES (1, 'ann', 1.0, '{"a":1}', 'x'), (2, NULL, NULL, NULL, NULL);
SELECT pqengine.install_trigger('orders', 'immutable', '{"columns": ["id", "customer", "total", "doc"]}');
UPDATE orders SET note = 'y', customer = customer, total = total, doc = doc;
UPDATE orders SET customer = 'bob' WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
UPDATE orders SET customer = NULL WHERE id = 1;
UPDATE orders SET customer = 'bob' WHERE id = 2;
UPDATE orders SET total = 1.00 WHERE id = 1;
UPDATE orders SET doc = '{"a": 1}' WHERE id = 1;
UPDATE orders SET id = 3 WHERE id = 1;
SELECT * FROM orders ORDER BY id;
DELETE FROM orders WHERE id = 2;
-- The whole table: only INSERT is left, even for what follows a foreign key.
CREATE TABLE lines (order_id int REFERENCES orders ON DELETE CASCADE ON UPDATE CASCADE, n int);
SELECT pqengine.install_trigger('lines', 'immutable');
INSERT INTO lines VALUES (1, 1);
UPDATE lines SET n = n;
DELETE FROM lines;
TRUNCATE lines;
TRUNCATE orders CASCADE;
DELETE FROM orders;
SELECT * FROM lines;
UPDATE lines SET n = 2 WHERE n = 3;
-- An UPDATE that moves a row to another partition is seen as well.
CREATE TABLE ledger (id int, region text, amount int) PARTITION BY LIST (region);
CREATE TABLE ledger_a PARTITION OF ledger FOR VALUES IN ('a');
CREATE TABLE ledger_b (amount int, extra int, region text, id int);
ALTER TABLE ledger_b DROP COLUMN extra;
ALTER TABLE ledger ATTACH PARTITION ledger_b FOR VALUES IN ('b');
SELECT pqengine.install_trigger('ledger', 'immutable', '{"columns": ["amount"]}');
INSERT INTO ledger VALUES (1, 'a', 10), (2, 'b', 20);
UPDATE ledger SET region = 'b', amount = 11 WHERE id = 1;
UPDATE ledger SET amount = 11 WHERE id = 2;
UPDATE ledger SET region = 'b' WHERE id = 1;
SELECT tableoid::regclass, id, region, amount FROM ledger ORDER BY id;

--
-- audit
--
CREATE TABLE person (id int, gone text, name text, secret text, tags text[], born date,
					 shout text GENERATED ALWAYS AS (upper(name)) STORED, PRIMARY KEY (id));
ALTER TABLE person DROP COLUMN gone;
SELECT pqengine.install_trigger('person', 'audit', '{"exclude": ["secret"]}');
INSERT INTO person VALUES (1, 'Ann', 's3cret', '{a,"b c"}', '1990-02-03'), (2, 'Bob', NULL, NULL, NULL);
UPDATE person SET name = 'Anna', secret = 'other' WHERE id = 1;
UPDATE person SET id = 3 WHERE id = 2;
UPDATE person SET name = name WHERE id = 1;
DELETE FROM person WHERE id = 3;
TRUNCATE person;
SELECT id, operation, table_schema, table_name, row_key, old_row, new_row FROM person_audit ORDER BY id;
SELECT DISTINCT session_role = session_user AS session, effective_role = current_user AS effective,
	   occurred_at <= clock_timestamp() AND occurred_at > now() - interval '1 day' AS at FROM person_audit;
SELECT count(DISTINCT transaction_id) AS transactions FROM person_audit;
-- What is rolled back was never done.
BEGIN;
INSERT INTO person VALUES (9, 'Eve');
SAVEPOINT s;
INSERT INTO person VALUES (10, 'Eva');
ROLLBACK TO s;
COMMIT;
SELECT row_key FROM person_audit ORDER BY id OFFSET 7;
-- skip_unchanged; a table without a key; many rows in one statement; large values.
CREATE TABLE heap (a int, b text);
SELECT pqengine.install_trigger('heap', 'audit', '{"skip_unchanged": true}');
INSERT INTO heap SELECT i, repeat('x', 5000) FROM generate_series(1, 1000) i;
UPDATE heap SET a = a;
UPDATE heap SET a = a + 1 WHERE a > 998;
DELETE FROM heap WHERE a < 3;
SELECT operation, count(*), count(row_key) AS keys, count(old_row) AS old, count(new_row) AS new, min(length(coalesce(old_row, new_row) ->> 'b'))
FROM heap_audit GROUP BY 1 ORDER BY 1;
-- Nothing left to show.
CREATE TABLE hidden (a int PRIMARY KEY);
SELECT pqengine.install_trigger('hidden', 'audit', '{"exclude": ["a"]}');
INSERT INTO hidden VALUES (1);
SELECT row_key, old_row, new_row FROM hidden_audit;
-- Partitions: named by the table that the trigger was made on; rows that move
-- are deleted here and inserted there.
SELECT pqengine.install_trigger('ledger', 'audit');
UPDATE ledger SET id = id + 10;
SELECT pqengine.remove_trigger('ledger', 'immutable');
UPDATE ledger SET region = 'a' WHERE id = 12;
INSERT INTO ledger_a VALUES (5, 'a', 50);
SELECT operation, table_name, row_key, old_row, new_row FROM ledger_audit ORDER BY id;
-- Renamed and altered tables: by their names of now.
ALTER TABLE heap RENAME TO pile;
ALTER TABLE pile ADD COLUMN c int DEFAULT 5;
INSERT INTO pile VALUES (0, 'y');
SELECT table_name, new_row FROM heap_audit ORDER BY id DESC LIMIT 1;
ALTER TABLE heap_audit RENAME TO pile_audit;
INSERT INTO pile VALUES (0, 'z');
SELECT pqengine.install_trigger('pile', 'audit');
INSERT INTO pile VALUES (0, 'z');
SELECT table_name, new_row FROM pile_audit ORDER BY id DESC LIMIT 1;
DROP TABLE pile_audit;
INSERT INTO pile VALUES (0, 'z');
-- The search_path cannot lead it elsewhere.
CREATE SCHEMA beh_evil;
CREATE FUNCTION beh_evil.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT NULL::timestamptz';
CREATE FUNCTION beh_evil.to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS $$SELECT '"evil"'::jsonb$$;
CREATE TABLE beh_evil.person_audit (LIKE person_audit);
SET search_path = beh_evil, beh, pg_catalog;
INSERT INTO person VALUES (20, 'Mallory');
SET search_path = beh;
SELECT new_row ->> 'name' AS name FROM person_audit ORDER BY id DESC LIMIT 1;
SELECT count(*) FROM beh_evil.person_audit;
-- Rights: the writer's own.
GRANT USAGE ON SCHEMA beh TO regress_beh_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON person TO regress_beh_writer;
SET ROLE regress_beh_writer;
\set SHOW_CONTEXT errors
INSERT INTO person VALUES (30, 'Walter');
\set SHOW_CONTEXT never
RESET ROLE;
GRANT INSERT ON person_audit TO regress_beh_writer;
SET ROLE regress_beh_writer;
INSERT INTO person VALUES (30, 'Walter');
SELECT count(*) FROM person_audit;
DELETE FROM person_audit;
RESET ROLE;
SELECT effective_role, session_role = session_user AS session, row_key FROM person_audit ORDER BY id DESC LIMIT 1;

--
-- soft_delete
--
CREATE TABLE member (id int PRIMARY KEY, gone int, name text, deleted_at timestamptz, version int DEFAULT 1, updated_at timestamptz,
					 active boolean GENERATED ALWAYS AS (deleted_at IS NULL) STORED);
ALTER TABLE member DROP COLUMN gone;
SELECT pqengine.install_trigger('member', 'soft_delete');
SELECT pqengine.install_trigger('member', 'version', '{"check": true}');
SELECT pqengine.install_trigger('member', 'updated_at');
SELECT pqengine.install_trigger('member', 'audit');
INSERT INTO member (id, name) SELECT i, 'm' || i FROM generate_series(1, 5) i;
BEGIN;
DELETE FROM member WHERE id <= 2 RETURNING id;
SELECT id, deleted_at = now() AS now, updated_at = now() AS updated, version, active FROM member ORDER BY id;
COMMIT;
SELECT operation, row_key, new_row ->> 'deleted_at' IS NOT NULL AS deleted FROM member_audit WHERE operation <> 'INSERT' ORDER BY id;
-- Once more changes nothing; nor does it come back but by an UPDATE.
SELECT deleted_at AS first FROM member WHERE id = 1 \gset
DELETE FROM member WHERE id = 1;
SELECT deleted_at = :'first' AS same, version FROM member WHERE id = 1;
UPDATE member SET deleted_at = NULL WHERE id = 1;
SELECT active, version FROM member WHERE id = 1;
-- A row is deleted and inserted again in one transaction, or twice in one.
BEGIN;
DELETE FROM member WHERE id = 3;
DELETE FROM member WHERE id = 3;
INSERT INTO member (id, name) VALUES (3, 'again');
ROLLBACK;
WITH d AS (DELETE FROM member WHERE id = 4 RETURNING id) SELECT count(*) FROM d;
SELECT active FROM member WHERE id = 4;
-- A DELETE that joins and meets a row twice cannot mark it twice.
DELETE FROM member USING generate_series(1, 2) WHERE member.id = 5;
SELECT active FROM member WHERE id = 5;
-- purge: what is marked already goes for good.
SELECT pqengine.install_trigger('member', 'soft_delete', '{"purge": true}');
DELETE FROM member WHERE id = 2;
DELETE FROM member WHERE id = 5;
SELECT id, active FROM member ORDER BY id;
-- Other types.
CREATE TABLE dated (id int, removed day);
INSERT INTO dated VALUES (1);
SELECT pqengine.install_trigger('dated', 'soft_delete', '{"column": "removed"}');
DELETE FROM dated;
SELECT removed = current_date AS set FROM dated;
ALTER TABLE dated ALTER COLUMN removed TYPE timestamp;
UPDATE dated SET removed = NULL;
DELETE FROM dated;
SELECT removed > current_date - 1 AS set FROM dated;
ALTER TABLE dated RENAME TO renamed;
UPDATE renamed SET removed = NULL;
DELETE FROM renamed;
SELECT removed IS NOT NULL AS set FROM renamed;
-- Something else keeps the row from being updated.
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE UPDATE ON renamed FOR EACH ROW EXECUTE FUNCTION keep();
UPDATE renamed SET removed = NULL;
ALTER TABLE renamed DISABLE TRIGGER keep;
UPDATE renamed SET removed = NULL;
ALTER TABLE renamed ENABLE TRIGGER keep;
DELETE FROM renamed;
\echo :LAST_ERROR_SQLSTATE
DROP TRIGGER keep ON renamed;
-- Foreign keys: what is marked is still there, so nothing cascades; but where
-- the referenced row does go, keeping this one would break the key.
CREATE TABLE team (id int PRIMARY KEY);
CREATE TABLE player (id int PRIMARY KEY, team int REFERENCES team ON DELETE CASCADE, deleted_at timestamptz);
INSERT INTO team VALUES (1), (2);
INSERT INTO player VALUES (1, 1), (2, 2);
SELECT pqengine.install_trigger('player', 'soft_delete', '{"purge": true}');
DELETE FROM team WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM player WHERE id = 2;
DELETE FROM team WHERE id = 2;
SELECT team.id AS team, player.id AS player FROM team FULL JOIN player ON player.team = team.id;
SELECT pqengine.install_trigger('player', 'soft_delete');
DELETE FROM player;
DELETE FROM team;
SELECT team.id AS team, player.id AS player FROM team FULL JOIN player ON player.team = team.id;
ALTER TABLE team ADD COLUMN deleted_at timestamptz;
SELECT pqengine.install_trigger('team', 'soft_delete');
DELETE FROM team;
SELECT deleted_at IS NOT NULL AS deleted FROM team;
-- A cascade inside another table's trigger is none of this table's keys' business.
CREATE TABLE plain (id int PRIMARY KEY);
CREATE TABLE child (id int REFERENCES plain ON DELETE CASCADE);
CREATE TABLE side (id int, deleted_at timestamptz);
INSERT INTO plain VALUES (1);
INSERT INTO child VALUES (1);
INSERT INTO side VALUES (1);
SELECT pqengine.install_trigger('side', 'soft_delete');
CREATE FUNCTION also() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM beh.side WHERE id = OLD.id; RETURN OLD; END';
CREATE TRIGGER also BEFORE DELETE ON child FOR EACH ROW EXECUTE FUNCTION also();
DELETE FROM plain;
SELECT deleted_at IS NOT NULL AS deleted FROM side;
-- Partitions: a DELETE marks, an UPDATE still moves.
CREATE TABLE event (id int, region text, deleted_at timestamptz, note text) PARTITION BY LIST (region);
CREATE TABLE event_a PARTITION OF event FOR VALUES IN ('a');
CREATE TABLE event_b (note text, extra int, deleted_at timestamptz, region text, id int);
ALTER TABLE event_b DROP COLUMN extra;
ALTER TABLE event ATTACH PARTITION event_b FOR VALUES IN ('b');
SELECT pqengine.install_trigger('event', 'soft_delete');
INSERT INTO event SELECT i, CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END FROM generate_series(1, 6) i;
DELETE FROM event WHERE id <= 2;
UPDATE event SET region = CASE region WHEN 'a' THEN 'b' ELSE 'a' END;
UPDATE event SET note = 'kept';
DELETE FROM event_a WHERE id = 3;
DELETE FROM event WHERE id = 4;
SELECT tableoid::regclass, id, region, deleted_at IS NOT NULL AS deleted, note FROM event ORDER BY id;
-- In one transaction, one row after another, with other triggers in between.
CREATE FUNCTION busy() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO beh.side VALUES (99); RETURN NEW; END';
CREATE TRIGGER a_busy BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION busy();
CREATE TRIGGER z_busy BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION busy();
BEGIN;
UPDATE event SET region = 'b' WHERE id IN (5, 6);
DELETE FROM event WHERE id IN (5, 6);
UPDATE event SET region = 'a' WHERE id IN (5, 6);
COMMIT;
SELECT tableoid::regclass, id, region, deleted_at IS NOT NULL AS deleted FROM event WHERE id >= 5 ORDER BY id;
MERGE INTO event USING (VALUES (3), (4), (5)) v (id) ON event.id = v.id
	WHEN MATCHED AND v.id = 3 THEN UPDATE SET region = CASE region WHEN 'a' THEN 'b' ELSE 'a' END, deleted_at = NULL
	WHEN MATCHED AND v.id = 4 THEN UPDATE SET deleted_at = NULL
	WHEN MATCHED THEN DELETE;
MERGE INTO event USING (VALUES (3), (4)) v (id) ON event.id = v.id
	WHEN MATCHED AND v.id = 3 THEN UPDATE SET region = CASE region WHEN 'a' THEN 'b' ELSE 'a' END
	WHEN MATCHED THEN DELETE;
SELECT tableoid::regclass, id, region, deleted_at IS NOT NULL AS deleted FROM event WHERE id >= 3 ORDER BY id;
-- Rows that are partitioned by whether they are deleted move when they are.
CREATE TABLE mail (id int, deleted_at timestamptz) PARTITION BY LIST ((deleted_at IS NULL));
CREATE TABLE mail_live PARTITION OF mail FOR VALUES IN (true);
CREATE TABLE mail_trash PARTITION OF mail FOR VALUES IN (false);
SELECT pqengine.install_trigger('mail', 'soft_delete');
INSERT INTO mail VALUES (1), (2), (3);
DELETE FROM mail WHERE id = 1;
DELETE FROM mail_live WHERE id = 2;
DELETE FROM mail WHERE id = 1;
SELECT tableoid::regclass, id, deleted_at IS NOT NULL AS deleted FROM mail ORDER BY id;
UPDATE mail SET deleted_at = NULL;
SELECT tableoid::regclass, id FROM mail ORDER BY id;
-- A table with the trigger that becomes a partition must have it anew.
CREATE TABLE late (id int, region text, deleted_at timestamptz, note text);
SELECT pqengine.install_trigger('late', 'soft_delete');
INSERT INTO late VALUES (7, 'c');
CREATE TABLE bare (id int, region text, deleted_at timestamptz, note text) PARTITION BY LIST (region);
ALTER TABLE bare ATTACH PARTITION late FOR VALUES IN ('c');
CREATE TABLE bare_d PARTITION OF bare FOR VALUES IN ('d');
UPDATE bare SET region = 'd';
SELECT pqengine.install_trigger('late', 'soft_delete');
UPDATE bare SET region = 'd';
SELECT tableoid::regclass, * FROM bare;
-- Rights: DELETE to come so far, SELECT and UPDATE of the column to mark; on
-- the partition or on the table that has the trigger.
GRANT DELETE ON member, event TO regress_beh_writer;
GRANT SELECT (id) ON member, event TO regress_beh_writer;
GRANT INSERT ON member_audit, side TO regress_beh_writer;
UPDATE event SET deleted_at = NULL WHERE id IN (4, 6);
SET ROLE regress_beh_writer;
DELETE FROM member WHERE id = 3;
DELETE FROM event WHERE id = 6;
RESET ROLE;
GRANT SELECT, UPDATE (deleted_at) ON member, event TO regress_beh_writer;
SET ROLE regress_beh_writer;
DELETE FROM member WHERE id = 3;
DELETE FROM event WHERE id = 6;
RESET ROLE;
GRANT SELECT, UPDATE, DELETE ON event_b TO regress_beh_writer;
REVOKE ALL ON event FROM regress_beh_writer;
SET ROLE regress_beh_writer;
DELETE FROM event_b WHERE id = 4;
RESET ROLE;
SELECT id, active FROM member WHERE id = 3;
SELECT tableoid::regclass, id, deleted_at IS NOT NULL AS deleted FROM event WHERE id IN (4, 6) ORDER BY id;
-- Policies hold for the UPDATE, and a row is never lost in silence.
ALTER TABLE member ENABLE ROW LEVEL SECURITY;
CREATE POLICY d ON member FOR DELETE TO regress_beh_writer USING (true);
CREATE POLICY s ON member FOR SELECT TO regress_beh_writer USING (true);
SET ROLE regress_beh_writer;
DELETE FROM member WHERE id = 1;
RESET ROLE;
CREATE POLICY u ON member FOR UPDATE TO regress_beh_writer USING (true);
SET ROLE regress_beh_writer;
DELETE FROM member WHERE id = 1;
RESET ROLE;
SELECT id, active FROM member WHERE id = 1;

--
-- notify: what it sends is for a listener to see; here, that no write fails
--
CREATE TABLE news (id int PRIMARY KEY, body text, "odd ""key" text);
SELECT pqengine.install_trigger('news', 'notify', '{"old_row": true}');
INSERT INTO news SELECT i, repeat('x', i * 500) FROM generate_series(1, 40) i;
UPDATE news SET body = body || body, id = id + 100;
DELETE FROM news;
TRUNCATE news;
CREATE TABLE big_key (k text PRIMARY KEY);
SELECT pqengine.install_trigger('big_key', 'notify');
ALTER TABLE big_key ALTER COLUMN k SET STORAGE EXTERNAL;
INSERT INTO big_key SELECT repeat(chr(1), 2600 - i) FROM generate_series(1, 20) i;
UPDATE big_key SET k = k || 'x';
DELETE FROM big_key;
-- Arguments written by hand: a channel that cannot be.
CREATE TABLE hand (id int);
CREATE TRIGGER t AFTER INSERT ON hand FOR EACH ROW EXECUTE FUNCTION pqengine.trigger_notify('channel', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx');
INSERT INTO hand VALUES (1);

DROP SCHEMA beh, beh_evil CASCADE;
DROP ROLE regress_beh_writer;
