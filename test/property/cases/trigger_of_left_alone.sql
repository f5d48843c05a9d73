A column becomes another type that a trigger of a partition goes by which the models do not hold.
-- A
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE whole (k int, v int, w int) PARTITION BY RANGE (k);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (10);
CREATE TRIGGER t BEFORE UPDATE OF v ON part FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER u BEFORE UPDATE ON part FOR EACH ROW WHEN (old.w < 0) EXECUTE FUNCTION f();
COMMENT ON TRIGGER t ON part IS 'goes by v';
-- B
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE TABLE whole (k int, v text, w bigint) PARTITION BY RANGE (k);
