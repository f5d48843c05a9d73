A foreign key is not put on a key that goes; rules that notify; a generated column that rows may refuse.
-- A
CREATE TABLE tags (flags interval, ref real NOT NULL, u uuid, CONSTRAINT by_name UNIQUE (ref, flags));
CREATE RULE r AS ON UPDATE TO tags DO ALSO NOTIFY changed;
-- B
CREATE TABLE tags (flags interval, ref real NOT NULL, u uuid, made real, g char(8) GENERATED ALWAYS AS (u::text) STORED);
CREATE UNIQUE INDEX other ON tags (flags DESC NULLS LAST, ref);
ALTER TABLE tags ADD CONSTRAINT fk FOREIGN KEY (made, flags) REFERENCES tags (ref, flags) NOT VALID;
CREATE RULE r AS ON UPDATE TO tags WHERE old.ref > 1 DO ALSO DELETE FROM tags WHERE false;
