A column goes that heirs have from there, with a policy on one that goes and on one that stays.
-- A
CREATE TABLE users (id bigint DEFAULT 0, n int);
CREATE TABLE gone () INHERITS (users);
CREATE POLICY one ON gone AS RESTRICTIVE FOR DELETE TO alice USING (id IS NOT NULL);
CREATE TABLE stays () INHERITS (users);
CREATE POLICY one ON stays AS RESTRICTIVE FOR DELETE TO alice USING (id IS NOT NULL);
CREATE VIEW reads AS SELECT id FROM stays;
-- B
CREATE TABLE users (n int);
CREATE TABLE stays () INHERITS (users);
