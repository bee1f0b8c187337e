-- Terms: how each began, what turned out to be divergent when one ended, and operations that outlive processes.

CREATE TABLE term_beginning (
    home TEXT NOT NULL,
    term INTEGER NOT NULL,
    module TEXT NOT NULL,
    serving_pool TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (home, term, module)
) WITHOUT ROWID;

-- Changes that only this pool ever had. Those that were found by comparing records have no position and no commit
-- time, and there is one of each record and term, however often the comparison had to begin anew.
CREATE TABLE orphan (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    stream_id INTEGER NOT NULL,
    term INTEGER NOT NULL,
    position INTEGER,
    committed_at REAL,
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB,
    decision TEXT,
    decided_by TEXT,
    decided_at REAL,
    note TEXT
);

CREATE UNIQUE INDEX orphan_found_by_comparing ON orphan (stream_id, term, owner, key) WHERE position IS NULL;
CREATE INDEX orphan_of_stream ON orphan (stream_id, number);
CREATE INDEX orphan_undecided ON orphan (stream_id, number) WHERE decision IS NULL;

-- Records that hold what only this pool ever knew.
CREATE TABLE repair (
    stream_id INTEGER NOT NULL,
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (stream_id, owner, key)
) WITHOUT ROWID;

-- Streams whose records have to be compared with those that replace them. The record set with which they have been
-- compared so far, and up to which record, are there once that has begun.
CREATE TABLE comparison (
    stream_id INTEGER PRIMARY KEY,
    term INTEGER NOT NULL,
    other_set INTEGER,
    owner TEXT,
    key TEXT
);

CREATE TABLE operation (
    name TEXT NOT NULL PRIMARY KEY,
    document BLOB NOT NULL
) WITHOUT ROWID;
