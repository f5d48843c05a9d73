A constraint gets another name, and one that is new takes the name it had.
-- A
CREATE TABLE products (price numeric, CONSTRAINT x CHECK (price > 0));
CREATE INDEX i ON products (price);
-- B
CREATE TABLE products (price numeric, CONSTRAINT x CHECK (price > 10), CONSTRAINT y CHECK (price > 0));
CREATE INDEX i ON products ((price + 1));
CREATE INDEX j ON products (price);
