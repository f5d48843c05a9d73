An heir has a column of its own that its parent gets: it becomes what the parent's will be, or is made anew, before that.
-- A
CREATE TABLE base (a int);
CREATE TABLE heir (b int NOT NULL DEFAULT 3, c int, d int) INHERITS (base);
CREATE TABLE below () INHERITS (heir);
CREATE TABLE top (a int, b int);
CREATE TABLE own (b int) INHERITS (top);
-- B
CREATE TABLE base (a int, b text, c int GENERATED ALWAYS AS (a) STORED, d int NOT NULL);
CREATE TABLE heir (b text, d int) INHERITS (base);
CREATE TABLE below () INHERITS (heir);
CREATE TABLE top (a int, b int GENERATED ALWAYS AS (a) STORED);
CREATE TABLE own (b int) INHERITS (top);
