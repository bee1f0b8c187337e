-- Terms: how each began, what turned out to be divergent when one ended, and operations that outlive processes.

-- Which of the logs this is that the stream has had: positions of an earlier one may come again.
ALTER TABLE stream ADD COLUMN log_number bigint NOT NULL DEFAULT 1;

CREATE TABLE term_beginning (
    home text COLLATE "C" NOT NULL,
    term bigint NOT NULL,
    module text COLLATE "C" NOT NULL,
    serving_pool text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (home, term, module)
);

-- Changes that only this pool ever had. Those that were found by comparing records have no position and no commit
-- time, and there is one of each record and term, however often the comparison had to begin anew.
CREATE TABLE orphan (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    stream_id integer NOT NULL,
    term bigint NOT NULL,
    position bigint,
    committed_at double precision,
    place bytea NOT NULL,
    value bytea,
    decision text,
    decided_by text,
    decided_at double precision,
    note text
);

CREATE UNIQUE INDEX orphan_found_by_comparing ON orphan (stream_id, term, place) WHERE position IS NULL;
CREATE INDEX orphan_of_stream ON orphan (stream_id, number);
CREATE INDEX orphan_undecided ON orphan (stream_id, number) WHERE decision IS NULL;

-- Records that hold what only this pool ever knew.
CREATE TABLE repair (
    stream_id integer NOT NULL,
    place bytea NOT NULL,
    PRIMARY KEY (stream_id, place)
);

-- Streams whose records have to be compared with those that replace them. The record set with which they have been
-- compared so far, and up to which record, are there once that has begun.
CREATE TABLE comparison (
    stream_id integer PRIMARY KEY,
    term bigint NOT NULL,
    other_set bigint,
    place bytea
);

CREATE TABLE operation (
    name text COLLATE "C" PRIMARY KEY,
    document bytea NOT NULL
);
