A column that is made anew, since its expression changes, keeps its privileges and its comment.
-- A
CREATE TABLE t (id int PRIMARY KEY, a text, b text GENERATED ALWAYS AS (lower(a)) STORED, "C d" int GENERATED ALWAYS AS (id + 1) STORED);
COMMENT ON COLUMN t.b IS 'lower';
GRANT SELECT (a, b), UPDATE (a) ON t TO alice;
GRANT SELECT ("C d") ON t TO bob WITH GRANT OPTION;
GRANT INSERT ON t TO bob;
CREATE TABLE other (a int);
GRANT SELECT (a) ON other TO alice;
-- B
CREATE TABLE t (id int PRIMARY KEY, a text, b text GENERATED ALWAYS AS (upper(a)) STORED, "C d" int GENERATED ALWAYS AS (id + 2) STORED);
COMMENT ON COLUMN t.b IS 'lower';
GRANT SELECT (a, b), UPDATE (a) ON t TO alice;
GRANT SELECT ("C d") ON t TO bob WITH GRANT OPTION;
GRANT INSERT ON t TO bob;
CREATE TABLE other (a int);
GRANT SELECT (a) ON other TO alice;
