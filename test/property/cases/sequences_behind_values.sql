A sequence for a column that has values goes on behind them, as far as it goes: downwards, up to its end, and for a column that is no integer.
-- A
CREATE TABLE orders (id smallint NOT NULL, n numeric(10,2), t text, up int, many int NOT NULL);
-- B
CREATE TABLE orders (id smallint NOT NULL, n numeric(10,2), t text, up int, many int NOT NULL GENERATED ALWAYS AS IDENTITY (INCREMENT BY -1));
CREATE SEQUENCE falls INCREMENT BY -1 OWNED BY orders.id;
CREATE SEQUENCE decimals OWNED BY orders.n;
CREATE SEQUENCE letters OWNED BY orders.t;
CREATE SEQUENCE ends MAXVALUE 2 OWNED BY orders.up;
