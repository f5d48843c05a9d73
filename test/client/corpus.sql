SELECT 1

SELECT * FROM users WHERE id = %s

select a, "B" from "Users" where "B" = %s and c <> %s

SELECT u.name FROM app.users u JOIN app.orders o ON o.user_id = u.id LEFT JOIN LATERAL (SELECT * FROM items i WHERE i.order_id = o.id LIMIT 1) x ON true, regions r

SELECT * FROM a, b, (SELECT * FROM c, d) e, f

SELECT * FROM a NATURAL JOIN b CROSS JOIN c JOIN d USING (id) FULL OUTER JOIN e ON a.x = e.x

SELECT * FROM ((a JOIN b ON true) JOIN (c CROSS JOIN d) ON true), e

SELECT * FROM (((SELECT * FROM deep))) q

SELECT * FROM generate_series(1, 10) g, ROWS FROM (unnest(ARRAY[1]), f(2)) r, t

SELECT * FROM json_to_recordset('[]') AS x(a int, b text) JOIN t ON true

SELECT * FROM f() WITH ORDINALITY AS z(a, n), t2

SELECT * FROM ONLY parent p, ONLY (child)

SELECT * FROM big TABLESAMPLE system (10) REPEATABLE (1), other

SELECT extract(year FROM created), substring(name FROM 2 FOR 3), trim(BOTH 'x' FROM name), overlay(a PLACING b FROM 1) FROM things

SELECT position('a' IN name), a IS DISTINCT FROM b, c IS NOT DISTINCT FROM d FROM pairs

SELECT count(*) FILTER (WHERE x > 1) OVER (PARTITION BY y ORDER BY z ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM windows WINDOW w AS (PARTITION BY a)

SELECT CASE WHEN EXISTS (SELECT 1 FROM e WHERE e.id = t.id) THEN (SELECT max(x) FROM m) ELSE 0 END FROM t

SELECT * FROM t WHERE id IN (SELECT id FROM u) AND x = ANY (ARRAY(SELECT y FROM v)) AND (a, b) IN (SELECT c, d FROM w)

SELECT a FROM t1 UNION ALL SELECT b FROM t2 EXCEPT (SELECT c FROM t3 INTERSECT SELECT d FROM t4) ORDER BY 1 LIMIT 5

(SELECT a FROM t1) UNION (SELECT b FROM t2) ORDER BY a

VALUES (1, 2), (3, 4)

TABLE users

SELECT * FROM (VALUES (1), (2)) v(x), (TABLE users) u

SELECT a FROM t FOR UPDATE OF t SKIP LOCKED

SELECT a FROM t1 x, t2 FOR NO KEY UPDATE OF x NOWAIT FOR SHARE OF t2

SELECT a INTO TEMP TABLE fresh FROM t

SELECT a INTO fresh2 FROM t GROUP BY a HAVING count(*) > (SELECT avg(n) FROM stats)

WITH x AS (SELECT * FROM t) SELECT * FROM x

WITH t AS (SELECT * FROM t) SELECT * FROM t JOIN u ON true

WITH RECURSIVE tree(id, up) AS (SELECT id, up FROM nodes WHERE up IS NULL UNION ALL SELECT n.id, n.up FROM nodes n JOIN tree ON n.up = tree.id) SELECT * FROM tree, leaves

WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT * FROM c) SELECT * FROM a, b, c

WITH a AS (SELECT 1), b AS MATERIALIZED (SELECT * FROM a), c AS NOT MATERIALIZED (SELECT * FROM b, d) SELECT * FROM c

SELECT * FROM (WITH x AS (SELECT * FROM inner_t) SELECT * FROM x) s, x

WITH x AS (SELECT 1) SELECT * FROM app.x, "x", "X", X

WITH moved AS (DELETE FROM queue WHERE id = %s RETURNING *) INSERT INTO archive SELECT * FROM moved

WITH up AS (UPDATE stock SET n = n - 1 FROM orders o WHERE o.id = stock.id RETURNING stock.*), ins AS (INSERT INTO log (what) SELECT id FROM up RETURNING id) SELECT * FROM ins, up

WITH d AS (DELETE FROM everything RETURNING 1) SELECT count(*) FROM d

INSERT INTO users (name, email) VALUES (%s, %s) RETURNING id

INSERT INTO app."Users" AS u VALUES (DEFAULT, 'a''b', E'c\'d', $$e$$, $x$f $$ g$x$)

INSERT INTO t DEFAULT VALUES

INSERT INTO t (a) OVERRIDING SYSTEM VALUE SELECT b FROM s WHERE c IN (SELECT d FROM q)

INSERT INTO t (a, b) VALUES (1, (SELECT max(x) FROM m)) ON CONFLICT (a) DO UPDATE SET b = excluded.b WHERE t.b < (SELECT 1 FROM lim) RETURNING *

INSERT INTO t WITH w AS (SELECT * FROM src) SELECT * FROM w

WITH w AS (SELECT * FROM src) INSERT INTO w SELECT * FROM w

UPDATE t SET a = %s WHERE id = %s

UPDATE ONLY t AS x SET (a, b) = (SELECT c, d FROM s WHERE s.id = x.id) FROM u JOIN v ON true WHERE u.id = x.id

UPDATE t SET a = 1

UPDATE t SET a = (SELECT b FROM s WHERE s.x = 1)

DELETE FROM t

DELETE FROM t USING a, b JOIN c USING (id) WHERE t.id = a.id

DELETE FROM ONLY app.t WHERE CURRENT OF cur

DELETE FROM t WHERE id IN (SELECT id FROM gone)

MERGE INTO target t USING source s ON t.id = s.id WHEN MATCHED AND s.gone THEN DELETE WHEN MATCHED THEN UPDATE SET a = s.a WHEN NOT MATCHED THEN INSERT (id, a) VALUES (s.id, s.a)

WITH c AS (SELECT * FROM chg) MERGE INTO target USING (SELECT * FROM c JOIN z ON true) s ON target.id = s.id WHEN MATCHED THEN DO NOTHING

SELECT 'it''s %s', "odd %s name", $$%s$$, /* %s */ %s -- %s

SELECT 1 /* a /* nested */ comment */ + %s

SELECT 10 %% 3, %s::int

SELECT a %% b FROM t WHERE c LIKE 'x%%' AND d = %s

SELECT $1::int + $2, '$3', "$4", $$ $5 $$

SELECT U&'d\0061t' , U&"t" FROM U&"plain" WHERE N'x' = x'1F' AND b'01' = $1

SELECT a.b.c FROM a.b

SELECT * FROM "we""ird"."ta.ble" WHERE x = %s

SELECT current_date, now() FROM current_user

SELECT * FROM t1 t(a, b), t2 AS "from"(c)

SELECT (t).a, (x.y).z FROM t, x

SELECT array_agg(a ORDER BY b) FROM t WHERE a @> '{1}' AND b ? 'k' AND c ->> 'x' = %s

SELECT * FROM xmltable('/r' PASSING '<r/>' COLUMNS a int PATH 'a'), t

SELECT first.values FROM first, update u, delete, insert

SELECT a AS from_date, b "select" FROM x WHERE y IS NULL OR z NOT IN (1, 2)

SELECT * FROM a WHERE (SELECT count(*) FROM (SELECT * FROM b WHERE b.x = (SELECT c.y FROM c)) q) > 0

BEGIN

START TRANSACTION ISOLATION LEVEL SERIALIZABLE

COMMIT

ROLLBACK TO SAVEPOINT a

SAVEPOINT a

TRUNCATE a, ONLY b, app.c RESTART IDENTITY

TRUNCATE TABLE t

COPY t (a, b) FROM STDIN

COPY (SELECT * FROM q) TO STDOUT

LOCK TABLE a, b IN SHARE MODE

EXPLAIN SELECT * FROM e

SET search_path = a, b

COPY (DELETE FROM t WHERE a = 1 RETURNING b) TO STDOUT

PREPARE p AS SELECT * FROM prepared WHERE a = $1

DECLARE c CURSOR FOR WITH x AS (SELECT * FROM base) SELECT * FROM x

EXPLAIN (ANALYZE) SELECT * FROM u

DO $$ BEGIN DELETE FROM t; END $$

SELECT 1;

SELECT a FROM t WHERE b = 'x'
  'y' AND c = E'\\' AND d = %s

SELECT e'a\'b', %s FROM t

SELECT 1e10, 0.5, .5, 1.5e-3, a.b FROM a WHERE x>=1 AND y<>%s

SELECT a[1:2], b[%s] FROM arr

SELECT * FROM pg_catalog.pg_class c WHERE c.relname ~ '^a$' AND c.oid::regclass::text = %s
