-- Who did what: entries, each of whose hashes covers the one before it, and where the log ends.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    body BLOB NOT NULL,
    hash BLOB NOT NULL
);

CREATE TABLE audit_head (
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
);

INSERT INTO audit_head (number, hash) VALUES (0, zeroblob(32));
