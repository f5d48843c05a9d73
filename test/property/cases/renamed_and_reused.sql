A constraint gets another name, and one that is new takes the name it had; a sequence takes that of an index.
-- A
CREATE TABLE products (price numeric, CONSTRAINT x CHECK (price > 0));
CREATE INDEX i ON products (price);
CREATE SEQUENCE first_seq START WITH 5;
CREATE INDEX fast ON products (price) WHERE price > 7;
-- B
CREATE TABLE products (price numeric, CONSTRAINT x CHECK (price > 10), CONSTRAINT y CHECK (price > 0));
CREATE INDEX i ON products ((price + 1));
CREATE INDEX j ON products (price);
CREATE SEQUENCE fast START WITH 5;
CREATE INDEX two ON products (price) WHERE price > 7;
