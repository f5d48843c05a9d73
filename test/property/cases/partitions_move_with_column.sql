A partition and its own get other bounds, and their table a column: that comes while they are still joined.
-- A
CREATE SCHEMA sales;
CREATE TABLE sales.items (at int, email date, flags int NOT NULL) PARTITION BY HASH (flags);
CREATE TABLE sales.teams PARTITION OF sales.items FOR VALUES WITH (modulus 6, remainder 1) PARTITION BY LIST (flags);
CREATE TABLE sales.products PARTITION OF sales.teams FOR VALUES IN (1, 2, 3);
CREATE INDEX by_name ON sales.items (at) WHERE extract(year FROM email) > 1999;
-- B
CREATE SCHEMA sales;
CREATE TABLE sales.items (at int, email date, flags int NOT NULL, total character(8) DEFAULT 'it''s') PARTITION BY HASH (flags);
CREATE TABLE sales.teams PARTITION OF sales.items FOR VALUES WITH (modulus 6, remainder 5) PARTITION BY LIST (flags);
CREATE TABLE sales.products PARTITION OF sales.teams DEFAULT;
CREATE TABLE public.orders (LIKE sales.items INCLUDING DEFAULTS);
CREATE INDEX by_name ON sales.items (at) WHERE extract(year FROM email) > 1999;
ALTER TABLE sales.items ATTACH PARTITION public.orders FOR VALUES WITH (modulus 6, remainder 2);
ALTER TABLE sales.products REPLICA IDENTITY FULL;
