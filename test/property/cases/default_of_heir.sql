A column that comes to an heir with its parent's has a default of its own, where it is the heir's own as well.
-- A
CREATE TABLE base (a int);
CREATE TABLE heir (own int) INHERITS (base);
CREATE TABLE below () INHERITS (heir);
CREATE TABLE other (b int);
CREATE TABLE two () INHERITS (base, other);
-- B
CREATE TABLE base (a int, x int, y int DEFAULT 1);
CREATE TABLE heir (own int, x int NOT NULL DEFAULT 4, y int DEFAULT 2) INHERITS (base);
CREATE TABLE below (x int DEFAULT 5) INHERITS (heir);
CREATE TABLE other (b int, x int DEFAULT 3);
CREATE TABLE two (x int DEFAULT 7) INHERITS (base, other);
