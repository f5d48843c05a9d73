Options of a TOAST table that only a column brings that is added, or another type.
-- A
CREATE TABLE added (a int) WITH (fillfactor = 80);
CREATE TABLE changed (a int, b int);
-- B
CREATE TABLE added (a int, b text DEFAULT 'x') WITH (toast.autovacuum_enabled = false, fillfactor = 90);
CREATE TABLE changed (a text, b int) WITH (toast.autovacuum_enabled = false);
