A table becomes unlogged, and what its column owns does not, or becomes logged the other way round.
-- A
CREATE SEQUENCE s;
CREATE TABLE t (n int NOT NULL, m serial, i int GENERATED ALWAYS AS IDENTITY);
ALTER SEQUENCE s OWNED BY t.n;
-- B
CREATE SEQUENCE s MINVALUE -5 START WITH 0;
CREATE UNLOGGED TABLE t (n int NOT NULL, m serial, i int GENERATED ALWAYS AS IDENTITY);
ALTER SEQUENCE s OWNED BY t.n;
