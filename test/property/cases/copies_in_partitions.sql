A partition leaves that has a key from its parent with a name that holds a tab; a row trigger of a partitioned table becomes one for statements; a foreign key goes from a key to an index.
-- A
CREATE TABLE items ("wi""th" timestamp, status text, "tab	le" int, CONSTRAINT main UNIQUE (status, "tab	le", "wi""th")) PARTITION BY HASH ("tab	le");
CREATE TABLE events PARTITION OF items FOR VALUES WITH (modulus 6, remainder 3);
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE orders (id int) PARTITION BY HASH (id);
CREATE TABLE orders_5 PARTITION OF orders FOR VALUES WITH (modulus 6, remainder 5);
CREATE TRIGGER by_name BEFORE INSERT OR UPDATE OR DELETE ON orders FOR EACH ROW EXECUTE FUNCTION fires();
ALTER TABLE orders ENABLE REPLICA TRIGGER by_name;
CREATE TABLE keyed (a int, b int, CONSTRAINT by_name UNIQUE (a, b));
CREATE UNIQUE INDEX unlike ON keyed (a, b DESC);
CREATE TABLE refers (a int, b int, CONSTRAINT main FOREIGN KEY (a, b) REFERENCES keyed (a, b));
-- B
CREATE TABLE items ("wi""th" timestamp, status text, "tab	le" int, CONSTRAINT main UNIQUE (status, "tab	le", "wi""th")) PARTITION BY HASH ("tab	le");
CREATE TABLE events (LIKE items);
CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TABLE orders (id int) PARTITION BY HASH (id);
CREATE TABLE orders_5 PARTITION OF orders FOR VALUES WITH (modulus 6, remainder 5);
CREATE TRIGGER by_name AFTER INSERT OR UPDATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION fires();
CREATE TABLE keyed (a int, b int, CONSTRAINT by_name CHECK (a > b) NO INHERIT);
CREATE UNIQUE INDEX unlike ON keyed (a, b DESC);
CREATE TABLE refers (a int, b int, CONSTRAINT main FOREIGN KEY (a, b) REFERENCES keyed (a, b));
