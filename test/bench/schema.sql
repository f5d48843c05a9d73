-- Prints the DDL of a schema of :n tables: each with 12 columns, an identity, two keys, one more index, two
-- checks, defaults and (but for the first) a foreign key; a view for every fifth, a trigger with its function
-- for every tenth.
SELECT format($$CREATE TABLE t%1$s (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id bigint%2$s,
    name text NOT NULL,
    code varchar(20) UNIQUE,
    amount numeric(12,2) NOT NULL DEFAULT 0 CHECK (amount >= 0),
    state text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'open', 'done')),
    flags int[] NOT NULL DEFAULT '{}',
    body jsonb,
    seen boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz,
    note text
);
CREATE INDEX t%1$s_name_idx ON t%1$s (lower(name));$$,
       i, CASE WHEN i > 1 THEN format(' REFERENCES t%s', i / 2) END)
FROM generate_series(1, :n) i;
SELECT format('CREATE VIEW v%1$s AS SELECT a.id, a.name, b.name AS parent FROM t%1$s a LEFT JOIN t%2$s b ON b.id = a.parent_id;',
              i, greatest(i / 2, 1))
FROM generate_series(1, :n, 5) i;
SELECT format($$CREATE FUNCTION f%1$s() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.updated_at := now(); RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON t%1$s FOR EACH ROW EXECUTE FUNCTION f%1$s();$$, i)
FROM generate_series(1, :n, 10) i;
