CREATE TYPE order_status AS ENUM ('new', 'paid', 'sent');

CREATE TABLE orders (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES users,
    status     order_status NOT NULL DEFAULT 'new',
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX orders_user_id_idx ON orders (user_id);

-- What each order comes to.
CREATE VIEW order_totals AS
SELECT o.id AS order_id,
       u.email,
       o.status,
       count(i.product_id) AS items,
       coalesce(sum(i.quantity * i.price), 0) AS total
  FROM orders o
  JOIN users u ON u.id = o.user_id
  LEFT JOIN order_items i ON i.order_id = o.id
 GROUP BY o.id, u.email, o.status;
