-- Who did what: entries, each of whose hashes covers the one before it, and where the log ends.
CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    body BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

INSERT INTO audit_head (one, number, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'));
