-- The pool store: homes, streams, records, the log of change sets, and what exporters and importers note.

-- What is hot and small leaves room on its page, so that its updates touch no index and need no vacuum.

CREATE TABLE home (
    name text COLLATE "C" PRIMARY KEY,
    term bigint NOT NULL,
    serving_pool text NOT NULL,
    mode text NOT NULL
);

CREATE SEQUENCE record_set;

-- One row a stream. Its positions come from the sequence position_of_<stream_id>, made with the stream.
CREATE TABLE stream (
    stream_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    home text COLLATE "C" NOT NULL,
    module text COLLATE "C" NOT NULL,
    record_set bigint NOT NULL DEFAULT nextval('record_set'),
    pruned_to bigint NOT NULL DEFAULT 0,
    UNIQUE (home, module)
) WITH (fillfactor = 50);

-- Records live in sets: a snapshot is staged in a set of its own, and swapping it in changes one number.
-- A place is owner and key in UTF-8 with a NUL between, which neither can hold: bytes are in the order of code points,
-- and one column to compare instead of two makes an importer's way through the index a third shorter.
CREATE TABLE record (
    set_id bigint NOT NULL,
    place bytea NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (set_id, place)
) WITH (
    fillfactor = 85,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_analyze_scale_factor = 0.05
);

-- Sets that nobody reads any more; their records are deleted in small steps.
CREATE TABLE discarded_set (
    set_id bigint PRIMARY KEY
);

-- The log. Rows are only ever added and, from the oldest on, deleted. The covering index answers how much is
-- pending without the rows; it does so from the visibility map, which is why vacuum comes early after inserts.
CREATE TABLE change_set (
    stream_id integer NOT NULL,
    position bigint NOT NULL,
    committed_at double precision NOT NULL,
    change_count integer NOT NULL,
    byte_count integer NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (stream_id, position) INCLUDE (change_count, byte_count)
) WITH (
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 10000,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_vacuum_insert_threshold = 10000,
    autovacuum_analyze_scale_factor = 0.05
);

CREATE TABLE export_ledger (
    stream_id integer NOT NULL,
    destination text NOT NULL,
    session_opened boolean NOT NULL,
    acknowledged bigint NOT NULL,
    proven_at double precision,
    attempted_at double precision,
    failure text,
    PRIMARY KEY (stream_id, destination)
) WITH (fillfactor = 50);

-- What the importer knows of a stream. A cursor, a staging or a place in its walk is there when its first column is.
CREATE TABLE import_progress (
    stream_id integer PRIMARY KEY,
    session_term bigint NOT NULL DEFAULT 0,
    session_generation bigint NOT NULL DEFAULT 0,
    session_number bigint NOT NULL DEFAULT 0,
    cursor_term bigint,
    cursor_position bigint,
    staged_set bigint,
    staged_position bigint,
    walked_to_owner text,
    walked_to_key text,
    settles_at bigint,
    imported_at double precision,
    failure text
) WITH (fillfactor = 50);

-- At most one row. A fenced transaction holds it FOR KEY SHARE until it has committed: that lets the holder renew
-- (FOR NO KEY UPDATE) but makes a take-over (FOR UPDATE) wait.
CREATE TABLE lease (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    holder text NOT NULL,
    generation bigint NOT NULL,
    expires_at double precision NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE sync_request (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    home text NOT NULL,
    module text NOT NULL,
    whole boolean NOT NULL
);

-- A group of transactions of clients in one call: what would else be four journeys to the server is one.

-- Writes nothing and returns nothing if any of the streams is not served here or is read-only; the caller then finds
-- out, transaction by transaction, which are refused. The order is that of the way in steps: the transaction's id comes
-- before any position; the homes are read by a statement that begins after their locks were granted; every record that
-- is put or deleted is locked, in the order of sets and places, before the first position is taken.
CREATE FUNCTION write_group(
    own_pool text,
    locks bigint[],
    streams integer[],
    put_streams integer[],
    places bytea[],
    contents bytea[],
    gone_streams integer[],
    gone_places bytea[],
    logged_streams integer[],
    counts integer[],
    payloads bytea[]
) RETURNS TABLE (logged_stream integer, logged_position bigint, logged_at double precision, in_term bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
    target record;
BEGIN
    PERFORM pg_current_xact_id();
    PERFORM pg_advisory_xact_lock_shared(lock) FROM unnest(locks) AS shared (lock);
    IF EXISTS (
        SELECT FROM stream LEFT JOIN home ON home.name = stream.home
        WHERE stream_id = ANY (streams) AND (serving_pool IS DISTINCT FROM own_pool OR mode <> 'read-write')
    ) THEN
        RETURN;
    END IF;
    FOR target IN SELECT stream_id, record_set FROM stream WHERE stream_id = ANY (streams) ORDER BY record_set LOOP
        INSERT INTO record (set_id, place, value)
        SELECT target.record_set, put.place, put.content
        FROM unnest(put_streams, places, contents) AS put (into_stream, place, content)
        WHERE put.into_stream = target.stream_id
        ON CONFLICT (set_id, place) DO UPDATE SET value = excluded.value;
    END LOOP;
    IF cardinality(gone_places) > 0 THEN
        DELETE FROM record WHERE ctid = ANY (ARRAY(
            SELECT (
                SELECT ctid FROM record
                WHERE set_id = (SELECT record_set FROM stream WHERE stream_id = gone.from_stream)
                    AND place = gone.gone_place
            ) FROM unnest(gone_streams, gone_places) AS gone (from_stream, gone_place)
        ));
    END IF;
    FOR target IN
        SELECT stream_id, term, ('position_of_' || stream_id)::regclass AS positions
        FROM stream JOIN home ON home.name = stream.home WHERE stream_id = ANY (streams) ORDER BY stream_id
    LOOP
        RETURN QUERY
        INSERT INTO change_set (stream_id, position, committed_at, change_count, byte_count, payload)
        SELECT
            target.stream_id,
            nextval(target.positions),
            date_part('epoch', clock_timestamp()),
            committed.changes,
            octet_length(committed.body),
            committed.body
        FROM unnest(logged_streams, counts, payloads) AS committed (into_stream, changes, body)
        WHERE committed.into_stream = target.stream_id
        RETURNING stream_id, position, committed_at, target.term;
    END LOOP;
END
$$;
