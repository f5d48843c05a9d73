A sequence that belongs to a column of a domain goes on behind its values only where these are numbers.
-- A
CREATE DOMAIN words AS text;
CREATE DOMAIN few_words AS words;
CREATE DOMAIN number AS int;
CREATE DOMAIN small_number AS number CHECK (VALUE < 1000);
CREATE TABLE t (w words, f few_words, n number, s small_number);
-- B
CREATE DOMAIN words AS text;
CREATE DOMAIN few_words AS words;
CREATE DOMAIN number AS int;
CREATE DOMAIN small_number AS number CHECK (VALUE < 1000);
CREATE TABLE t (w words, f few_words, n number, s small_number);
CREATE SEQUENCE w OWNED BY t.w;
CREATE SEQUENCE f OWNED BY t.f;
CREATE SEQUENCE n OWNED BY t.n;
CREATE SEQUENCE s OWNED BY t.s;
