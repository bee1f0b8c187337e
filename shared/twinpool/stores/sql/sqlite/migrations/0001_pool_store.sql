-- The pool store: homes, streams, records, the log of change sets, and what exporters and importers note.

CREATE TABLE home (
    name TEXT NOT NULL PRIMARY KEY,
    term INTEGER NOT NULL,
    serving_pool TEXT NOT NULL,
    mode TEXT NOT NULL
);

-- One row a record set that ever was; gives out their numbers.
CREATE TABLE record_set (
    set_id INTEGER PRIMARY KEY AUTOINCREMENT
);

-- One row a stream. The counters say what the log has held up to its head, and up to where it was pruned; each
-- change set carries them up to itself. So sums over any part of the log are differences and nothing is scanned.
CREATE TABLE stream (
    stream_id INTEGER PRIMARY KEY,
    home TEXT NOT NULL,
    module TEXT NOT NULL,
    record_set INTEGER NOT NULL,
    head INTEGER NOT NULL DEFAULT 0,
    changes_through INTEGER NOT NULL DEFAULT 0,
    bytes_through INTEGER NOT NULL DEFAULT 0,
    pruned_to INTEGER NOT NULL DEFAULT 0,
    changes_pruned INTEGER NOT NULL DEFAULT 0,
    bytes_pruned INTEGER NOT NULL DEFAULT 0,
    UNIQUE (home, module)
);

-- Records live in sets: a snapshot is staged in a set of its own, and swapping it in changes one number.
-- A table with row numbers, for sorted upserts into it were measured faster than WITHOUT ROWID.
CREATE TABLE record (
    set_id INTEGER NOT NULL,
    owner TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (set_id, owner, key)
);

-- Sets that nobody reads any more; their records are deleted in small steps.
CREATE TABLE discarded_set (
    set_id INTEGER PRIMARY KEY
);

-- The log. Positions have no gaps, for there is one writer at a time.
CREATE TABLE change_set (
    stream_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    committed_at REAL NOT NULL,
    change_count INTEGER NOT NULL,
    changes_through INTEGER NOT NULL,
    bytes_through INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (stream_id, position)
) WITHOUT ROWID;

CREATE TABLE export_ledger (
    home TEXT NOT NULL,
    module TEXT NOT NULL,
    destination TEXT NOT NULL,
    session_opened INTEGER NOT NULL,
    acknowledged INTEGER NOT NULL,
    proven_at REAL,
    attempted_at REAL,
    failure TEXT,
    PRIMARY KEY (home, module, destination)
) WITHOUT ROWID;

-- What the importer knows of a stream. A cursor, a staging or a place in its walk is there when its first column is.
CREATE TABLE import_progress (
    stream_id INTEGER PRIMARY KEY,
    session_term INTEGER NOT NULL DEFAULT 0,
    session_generation INTEGER NOT NULL DEFAULT 0,
    session_number INTEGER NOT NULL DEFAULT 0,
    cursor_term INTEGER,
    cursor_position INTEGER,
    staged_set INTEGER,
    staged_position INTEGER,
    walked_to_owner TEXT,
    walked_to_key TEXT,
    settles_at INTEGER,
    imported_at REAL,
    failure TEXT
);

-- At most one row.
CREATE TABLE lease (
    single INTEGER PRIMARY KEY DEFAULT 1 CHECK (single = 1),
    holder TEXT NOT NULL,
    generation INTEGER NOT NULL,
    expires_at REAL NOT NULL
);

CREATE TABLE sync_request (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    home TEXT NOT NULL,
    module TEXT NOT NULL,
    whole INTEGER NOT NULL
);
