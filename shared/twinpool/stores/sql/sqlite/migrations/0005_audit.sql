-- Who did what: entries, each of whose hashes covers the one before it, and where the log ends.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    body BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
);

INSERT INTO audit_head (one, number, hash) VALUES (1, 0, zeroblob(32));
