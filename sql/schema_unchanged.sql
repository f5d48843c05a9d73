--
-- Models that are known not to differ need not be sent: their digest is enough.
--
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
CREATE ROLE regress_unchanged;
DELETE FROM pqengine.snapshot;
CREATE SCHEMA app;
CREATE TABLE app.t (i int);
\set models 'CREATE TABLE app.t (i int, j int);'
SELECT sha256(convert_to(:'models', getdatabaseencoding())) AS digest \gset

-- Nothing is known before the models have been compared, nor while they differ.
SELECT pqengine.unchanged(:'digest');
SELECT change, object FROM pqengine.drift(:'models');
SELECT pqengine.unchanged(:'digest');
ALTER TABLE app.t ADD j int;
SELECT pqengine.unchanged(:'digest');
SELECT * FROM pqengine.drift(:'models');
SELECT pqengine.unchanged(:'digest');

-- It is asked without writing; and what else the answer depends on, it depends on as for drift().
BEGIN READ ONLY;
SELECT pqengine.unchanged(:'digest'), pg_current_xact_id_if_assigned() IS NULL AS nothing_written;
COMMIT;
SELECT pqengine.unchanged(:'digest', '{"owners": "all"}'), pqengine.unchanged(:'digest', '{"direction": "down"}'),
       pqengine.unchanged(sha256(convert_to(:'models' || ' ', getdatabaseencoding())));
SET ROLE regress_unchanged;
SELECT pqengine.unchanged(:'digest');
RESET ROLE;
SET TimeZone = 'Asia/Tokyo';
SELECT pqengine.unchanged(:'digest');
RESET TimeZone;

-- A change shows at once, to the transaction that makes it as well.
ALTER TABLE app.t ADD k int;
SELECT pqengine.unchanged(:'digest');
ALTER TABLE app.t DROP k;
SELECT pqengine.unchanged(:'digest');
SELECT * FROM pqengine.drift(:'models');
SELECT pqengine.unchanged(:'digest');
BEGIN;
ALTER TABLE app.t ADD k int;
SELECT pqengine.unchanged(:'digest');
ROLLBACK;
SELECT pqengine.unchanged(:'digest');

-- What has another length is no digest; options are checked as everywhere.
SELECT pqengine.unchanged('\x00');
SELECT pqengine.unchanged(:'digest', '{"nosuch": 1}');
SELECT pqengine.unchanged(NULL) IS NULL;

DROP SCHEMA app CASCADE;
DROP ROLE regress_unchanged;
