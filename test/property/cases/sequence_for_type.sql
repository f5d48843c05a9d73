A sequence takes the name of a type, as one of its own and as a column's.
-- A
CREATE DOMAIN name_seq AS int;
CREATE DOMAIN t_id_seq AS int;
CREATE TABLE t (id int NOT NULL, n int);
-- B
CREATE SEQUENCE name_seq START WITH 100;
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, n int);
