A table whose rows are copied has a deferrable key, which holds no two equal rows.
-- A
CREATE TABLE notes (email boolean, CONSTRAINT by_name UNIQUE NULLS NOT DISTINCT (email) DEFERRABLE);
CREATE TABLE parts (email boolean, CONSTRAINT part_key PRIMARY KEY (email) DEFERRABLE) PARTITION BY LIST (email);
CREATE TABLE part PARTITION OF parts DEFAULT;
-- B
CREATE UNLOGGED TABLE notes (email boolean, CONSTRAINT by_name UNIQUE NULLS NOT DISTINCT (email) DEFERRABLE);
CREATE TABLE parts (email boolean, CONSTRAINT part_key PRIMARY KEY (email) DEFERRABLE) PARTITION BY LIST (email);
CREATE UNLOGGED TABLE part PARTITION OF parts DEFAULT;
