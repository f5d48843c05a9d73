-- Who buys.
CREATE TABLE users (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE CHECK (email LIKE '%_@_%'),
    name       text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

COMMENT ON TABLE users IS 'customers of the shop';

-- Keeps updated_at, in C; see docs/triggers.md.
SELECT pqengine.install_trigger('users', 'updated_at');
