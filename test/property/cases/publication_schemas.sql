A publication has either lists of columns or schemas.
-- A
CREATE SCHEMA one;
CREATE SCHEMA two;
CREATE TABLE one.t (a int, b text);
CREATE TABLE two.t (a int, b text);
CREATE PUBLICATION main FOR TABLES IN SCHEMA one, two;
-- B
CREATE SCHEMA one;
CREATE SCHEMA two;
CREATE TABLE one.t (a int, b text);
CREATE TABLE two.t (a int, b text);
CREATE PUBLICATION main FOR TABLE one.t (a), two.t (b);
