A new partition beside the default one, which has rows that belong there.
-- A
CREATE TABLE whole (a int) PARTITION BY LIST (a);
CREATE TABLE rest PARTITION OF whole DEFAULT;
-- B
CREATE TABLE whole (a int) PARTITION BY LIST (a);
CREATE TABLE rest PARTITION OF whole DEFAULT;
CREATE TABLE part PARTITION OF whole FOR VALUES IN (1, 2, 3);
