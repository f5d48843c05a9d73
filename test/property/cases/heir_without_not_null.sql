Heirs, and theirs, take nulls in columns that are their parents' primary keys.
-- Until PostgreSQL 17
-- A
CREATE TABLE events ();
CREATE TABLE stays (id int);
CREATE TABLE stays_below () INHERITS (stays);
CREATE TABLE whole (id int);
CREATE TABLE middle () INHERITS (whole);
CREATE TABLE low () INHERITS (middle);
-- B
CREATE TABLE events (created bigint NOT NULL, CONSTRAINT event_key PRIMARY KEY (created) DEFERRABLE);
CREATE TABLE tags (mood text) INHERITS (events);
ALTER TABLE tags ALTER COLUMN created DROP NOT NULL;
CREATE TABLE stays (id int PRIMARY KEY);
CREATE TABLE stays_below () INHERITS (stays);
ALTER TABLE stays_below ALTER COLUMN id DROP NOT NULL;
CREATE TABLE whole (id int PRIMARY KEY);
CREATE TABLE middle () INHERITS (whole);
CREATE TABLE low () INHERITS (middle);
ALTER TABLE middle ALTER COLUMN id DROP NOT NULL;
ALTER TABLE low ALTER COLUMN id DROP NOT NULL;
