Columns that a table has from its parent are altered there, whether the table had them of its own or not.
-- Until PostgreSQL 17
-- A
CREATE TABLE events (a int, kind int, g text GENERATED ALWAYS AS (kind::text) STORED) PARTITION BY HASH (kind);
CREATE TABLE orders PARTITION OF events FOR VALUES WITH (modulus 6, remainder 2);
CREATE TABLE base (a int, b int, c int, d int NOT NULL, g int GENERATED ALWAYS AS (1) STORED);
CREATE TABLE heir (a int, b int, c int, d int NOT NULL, g int GENERATED ALWAYS AS (1) STORED);
ALTER TABLE heir INHERIT base;
CREATE TABLE child (own int) INHERITS (base);
ALTER TABLE child ALTER COLUMN c SET NOT NULL;
CREATE TABLE other (x int, z int);
CREATE TABLE other_1 (own int) INHERITS (other);
CREATE TABLE other_2 () INHERITS (other);
CREATE TABLE plain (id jsonb, p jsonb DEFAULT '{}');
CREATE TABLE computes (p jsonb NOT NULL GENERATED ALWAYS AS (id -> 'a') STORED) INHERITS (plain);
-- B
CREATE TABLE events (a bigint, kind int, g text) PARTITION BY HASH (kind);
CREATE TABLE orders PARTITION OF events FOR VALUES WITH (modulus 6, remainder 1);
CREATE TABLE base (a bigint, b int NOT NULL, c int, d int, g int, added int DEFAULT 3, more text);
CREATE TABLE heir (a bigint, b int NOT NULL, c int NOT NULL, d int, g int, added int NOT NULL DEFAULT 3, more text);
ALTER TABLE heir INHERIT base;
CREATE TABLE child (own int) INHERITS (base);
ALTER TABLE child ALTER COLUMN b SET NOT NULL, ALTER COLUMN d SET NOT NULL;
CREATE TABLE other (z int);
CREATE TABLE other_1 (own int, x int) INHERITS (other);
CREATE TABLE other_2 () INHERITS (other);
CREATE TABLE plain (id jsonb, p jsonb DEFAULT '{}');
CREATE TABLE computes (p jsonb NOT NULL) INHERITS (plain);
