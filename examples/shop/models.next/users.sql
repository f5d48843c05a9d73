-- Who buys.
CREATE TABLE users (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email      text NOT NULL UNIQUE CHECK (email LIKE '%_@_%'),
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    newsletter boolean NOT NULL DEFAULT false
);

COMMENT ON TABLE users IS 'customers of the shop';

-- Who gets the newsletter, for the program that sends it.
CREATE INDEX users_newsletter_idx ON users (email) WHERE newsletter;

-- Keeps updated_at, in C; see docs/triggers.md.
SELECT pqengine.install_trigger('users', 'updated_at');
