Columns that differ from their parent's in storage and compression, which CREATE TABLE … INHERITS and ADD COLUMN take from there.
-- A
CREATE TABLE top (a text, b text COMPRESSION pglz, c text, d text);
ALTER TABLE top ALTER COLUMN a SET STORAGE MAIN;
ALTER TABLE top ALTER COLUMN d SET STORAGE EXTERNAL;
CREATE TABLE heir (a text, b text, c text COMPRESSION pglz, d text);
ALTER TABLE heir ALTER COLUMN d SET STORAGE MAIN;
ALTER TABLE heir INHERIT top;
CREATE TABLE stays (n int);
CREATE TABLE stays_below () INHERITS (stays);
-- B
CREATE TABLE stays (n int, b text COMPRESSION pglz, c text);
CREATE TABLE stays_below () INHERITS (stays);
ALTER TABLE ONLY stays_below ALTER COLUMN b SET COMPRESSION default;
ALTER TABLE ONLY stays_below ALTER COLUMN c SET COMPRESSION pglz;
