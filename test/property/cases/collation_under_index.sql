A collation that the index does not suit, which becomes another with it.
-- A
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE t (a varchar(10), b text, UNIQUE (b));
CREATE INDEX t_a ON t (a varchar_pattern_ops);
CREATE INDEX t_b ON t (b text_pattern_ops) WHERE b <> '';
-- B
CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
CREATE TABLE t (a text COLLATE ci, b text COLLATE ci, UNIQUE (b));
CREATE INDEX t_a ON t (a);
CREATE INDEX t_b ON t (b) WHERE b <> '';
