-- Who did what: entries, each of whose hashes covers the one before it, and where the log ends.
CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    body BYTEA NOT NULL,
    hash BYTEA NOT NULL
);

CREATE TABLE audit_head (
    number BIGINT NOT NULL,
    hash BYTEA NOT NULL
);

INSERT INTO audit_head (number, hash) VALUES (0, decode(repeat('00', 32), 'hex'));
