-- take_transaction_id --
-- Give the transaction its id now, before it takes a position: the rule about gaps stands on that
SELECT pg_current_xact_id()::text::bigint;

-- share_homes --
-- Hold off changes of mode of these homes until the transaction has ended
SELECT pg_advisory_xact_lock_shared(lock) FROM unnest(%(locks)s::bigint[]) AS home(lock);

-- seize_home --
-- Wait until every writing transaction of this home has ended, and hold off new ones
SELECT pg_advisory_xact_lock(%(lock)s);

-- standing --
-- Read where the records of streams are and who serves their homes
SELECT stream_id, record_set, term, serving_pool, mode
FROM stream LEFT JOIN home ON home.name = stream.home
WHERE stream_id = ANY (%(streams)s::integer[]);

-- put_records --
-- Put records, sorted by place so that two transactions wait for each other only in one direction
INSERT INTO record (set_id, place, value)
SELECT %(set)s, place, value
FROM unnest(%(places)b::bytea[], %(values)b::bytea[]) AS put (place, value)
ON CONFLICT (set_id, place) DO UPDATE SET value = excluded.value;

-- delete_records --
-- Delete the records that are there; each is looked up by itself, which no plan can turn into a walk over the set
DELETE FROM record WHERE ctid = ANY (ARRAY(
    SELECT (
        SELECT ctid FROM record WHERE set_id = %(set)s AND place = gone.place
    ) FROM unnest(%(places)b::bytea[]) AS gone (place)
));

-- write_group --
-- Write transactions of streams that are all served here, and return where they stand, in order; else nothing at all
SELECT logged_stream, logged_position, logged_at, in_term FROM write_group(
    %(pool)s::text, %(locks)s::bigint[], %(streams)b::integer[],
    %(put_streams)b::integer[], %(places)b::bytea[], %(contents)b::bytea[],
    %(gone_streams)b::integer[], %(gone_places)b::bytea[],
    %(logged_streams)b::integer[], %(counts)b::integer[], %(payloads)b::bytea[]
);

-- write_stream --
-- Write transactions of one stream that put records alone, and return where they stand, in order; else nothing at all
SELECT logged_position, logged_at, in_term FROM write_stream(
    %(pool)s::text, %(lock)s::bigint, %(stream)b::integer,
    %(places)b::bytea[], %(contents)b::bytea[], %(counts)b::integer[], %(payloads)b::bytea[]
);

-- append_change_sets --
-- Take positions and log change sets, in the order given; always the last statement of its transaction
INSERT INTO change_set (stream_id, position, committed_at, change_count, byte_count, payload)
SELECT
    stream_id,
    nextval(('position_of_' || stream_id)::regclass),
    date_part('epoch', clock_timestamp()),
    change_count,
    octet_length(payload),
    payload
FROM unnest(%(streams)b::integer[], %(counts)b::integer[], %(payloads)b::bytea[])
    AS committed (stream_id, change_count, payload)
RETURNING position, committed_at;

-- find_stream --
-- Look up a stream
SELECT stream_id FROM stream WHERE home = %(home)s AND module = %(module)s;

-- add_stream --
-- Add a stream unless another process has just done so
INSERT INTO stream (home, module) VALUES (%(home)s, %(module)s)
ON CONFLICT (home, module) DO NOTHING RETURNING stream_id;

-- read_record --
-- Read one record
SELECT value FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE stream_id = %(stream)s) AND place = %(place)b;

-- scan_records --
-- Read records in the order of their places, from one up to before another
SELECT place, value FROM record
WHERE set_id = (SELECT record_set FROM stream WHERE stream_id = %(stream)s)
    AND place >= %(first)b AND place < %(end)b
ORDER BY place LIMIT %(limit)s;

-- count_records --
-- Count the records of a stream
SELECT count(*) FROM record WHERE set_id = (SELECT record_set FROM stream WHERE stream_id = %(stream)s);

-- declare_home --
-- Note a home unless it is known
INSERT INTO home (name, term, serving_pool, mode) VALUES (%(home)s, %(term)s, %(serving_pool)s, %(mode)s)
ON CONFLICT (name) DO NOTHING;

-- homes --
-- Read all homes in order
SELECT name, term, serving_pool, mode FROM home ORDER BY name;

-- set_mode --
-- Change a home's mode
UPDATE home SET mode = %(mode)s WHERE name = %(home)s RETURNING name;

-- head --
-- Read the newest position that is or was in the log
SELECT greatest(
    pruned_to,
    (SELECT position FROM change_set WHERE stream_id = stream.stream_id ORDER BY position DESC LIMIT 1)
) FROM stream WHERE stream_id = %(stream)s;

-- oldest --
-- Read up to where the log was pruned, and which log it is
SELECT pruned_to, log_number FROM stream WHERE stream_id = %(stream)s;

-- bounds --
-- Read up to where the log was pruned, and the newest position that is or was in it
SELECT pruned_to, greatest(
    pruned_to,
    (SELECT position FROM change_set WHERE stream_id = stream.stream_id ORDER BY position DESC LIMIT 1)
) FROM stream WHERE stream_id = %(stream)s;

-- collect --
-- Read change sets behind a position up to a number of changes and bytes, with the snapshot's oldest running transaction
-- and which log it is
SELECT
    position, committed_at, change_count, payload,
    (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint) AS xmin,
    (SELECT log_number FROM stream WHERE stream_id = %(stream)s) AS log_number
FROM (
    SELECT
        position, committed_at, change_count, payload,
        row_number() OVER so_far AS ordinal, sum(change_count) OVER so_far AS changes, sum(byte_count) OVER so_far AS bytes
    FROM (
        SELECT * FROM change_set
        WHERE stream_id = %(stream)s AND position > %(after)s ORDER BY position LIMIT %(max_changes)s
    ) AS next
    WINDOW so_far AS (ORDER BY position ROWS UNBOUNDED PRECEDING)
) AS measured
WHERE ordinal = 1 OR (changes <= %(max_changes)s AND bytes <= %(max_bytes)s)
ORDER BY position;

-- breaks --
-- Find where positions are missing behind a position: (last before, first behind), then the end of the log as (end, end);
-- nothing if the log is another one by now
WITH follower AS (
    SELECT lag(position, 1, %(after)s::bigint) OVER (ORDER BY position) AS previous, position
    FROM change_set WHERE stream_id = %(stream)s AND position > %(after)s
), this AS (
    SELECT 1 FROM stream WHERE stream_id = %(stream)s AND log_number = %(log)s
)
SELECT previous, position, (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint) AS xmin
FROM follower WHERE position > previous + 1 AND EXISTS (SELECT 1 FROM this)
UNION ALL
SELECT max(position), max(position), (SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint)
FROM change_set WHERE stream_id = %(stream)s AND position > %(after)s
HAVING EXISTS (SELECT 1 FROM this)
ORDER BY position, previous;

-- extent --
-- Count the change sets behind a position and read the last one's, to see cheaply whether any are missing; nothing if
-- the log is another one by now
SELECT count(*), max(position) FROM change_set WHERE stream_id = %(stream)s AND position > %(after)s
HAVING EXISTS (SELECT 1 FROM stream WHERE stream_id = %(stream)s AND log_number = %(log)s);

-- pending --
-- Count what lies behind a position, but for a part in the middle that is known; from the index alone
SELECT coalesce(sum(change_count), 0)::bigint, coalesce(sum(byte_count), 0)::bigint
FROM (
    SELECT change_count, byte_count FROM change_set
    WHERE stream_id = %(stream)s AND position > %(after)s AND position < %(known_from)s
    UNION ALL
    SELECT change_count, byte_count FROM change_set
    WHERE stream_id = %(stream)s AND position > %(after)s AND position >= %(known_to)s
) AS counted;

-- oldest_pending --
-- Read when the first change set behind a position was committed
SELECT committed_at FROM change_set
WHERE stream_id = %(stream)s AND position > %(after)s ORDER BY position LIMIT 1;

-- span_totals --
-- Add up whole spans of the log, from the index alone
SELECT position / %(span)s AS number, sum(change_count)::bigint, sum(byte_count)::bigint
FROM change_set
WHERE stream_id = %(stream)s AND position >= %(first)s AND position < %(end)s
GROUP BY position / %(span)s;

-- log_size --
-- Add up the payload of a stream's log
SELECT coalesce(sum(byte_count), 0)::bigint FROM change_set WHERE stream_id = %(stream)s;

-- prune --
-- Delete the oldest change sets and note how far, unless the log is another one by now; the bounds keep the scan away
-- from what was deleted before
WITH bounds AS (
    SELECT stream.pruned_to AS low, (
        SELECT max(position) FROM (
            SELECT position FROM change_set
            WHERE stream_id = stream.stream_id AND position > stream.pruned_to AND position <= %(up_to)s
            ORDER BY position LIMIT %(limit)s
        ) AS oldest
    ) AS high
    FROM stream WHERE stream_id = %(stream)s AND log_number = %(log)s FOR NO KEY UPDATE
), gone AS (
    DELETE FROM change_set
    WHERE stream_id = %(stream)s
        AND position > (SELECT low FROM bounds) AND position <= (SELECT high FROM bounds)
    RETURNING 1
), noted AS (
    UPDATE stream SET pruned_to = bounds.high FROM bounds
    WHERE stream_id = %(stream)s AND bounds.high IS NOT NULL
)
SELECT count(*) FROM gone;

-- export_ledger --
-- Read what was noted of a route
SELECT session_opened, acknowledged, proven_at, attempted_at, failure
FROM export_ledger WHERE stream_id = %(stream)s AND destination = %(destination)s;

-- note_opened --
-- Note that the importer answered; a failure stays
INSERT INTO export_ledger (stream_id, destination, session_opened, acknowledged, proven_at)
VALUES (%(stream)s, %(destination)s, true, %(position)s, date_part('epoch', clock_timestamp()))
ON CONFLICT (stream_id, destination) DO UPDATE SET
    session_opened = true, acknowledged = excluded.acknowledged, proven_at = excluded.proven_at;

-- note_acknowledged --
-- Note an acknowledgement; the position never goes down
INSERT INTO export_ledger (stream_id, destination, session_opened, acknowledged, proven_at)
VALUES (%(stream)s, %(destination)s, false, %(position)s, date_part('epoch', clock_timestamp()))
ON CONFLICT (stream_id, destination) DO UPDATE SET
    acknowledged = greatest(export_ledger.acknowledged, excluded.acknowledged),
    proven_at = excluded.proven_at, failure = NULL;

-- note_attempt --
-- Note that something was sent, or why not; an earlier failure stays
INSERT INTO export_ledger (stream_id, destination, session_opened, acknowledged, attempted_at, failure)
VALUES (%(stream)s, %(destination)s, false, 0, date_part('epoch', clock_timestamp()), %(failure)s)
ON CONFLICT (stream_id, destination) DO UPDATE SET
    attempted_at = excluded.attempted_at, failure = coalesce(excluded.failure, export_ledger.failure);

-- import_progress --
-- Read what is durably known of a stream's import
SELECT
    session_term, session_generation, session_number, cursor_term, cursor_position,
    staged_set, staged_position, walked_to_owner, walked_to_key, settles_at
FROM import_progress WHERE stream_id = %(stream)s;

-- know_import --
-- Make sure that there is a row about the import of a stream
INSERT INTO import_progress (stream_id) VALUES (%(stream)s) ON CONFLICT (stream_id) DO NOTHING;

-- hold_import --
-- Read the progress of an import and hold it until the transaction has ended
SELECT
    session_term, session_generation, session_number, cursor_term, cursor_position,
    staged_set, staged_position, walked_to_owner, walked_to_key, settles_at
FROM import_progress WHERE stream_id = %(stream)s FOR UPDATE;

-- record_set --
-- Read where the records of a stream are
SELECT record_set FROM stream WHERE stream_id = %(stream)s;

-- note_session --
-- Note the newest session
UPDATE import_progress
SET session_term = %(term)s, session_generation = %(generation)s, session_number = %(number)s
WHERE stream_id = %(stream)s;

-- move_cursor --
-- Note how far a stream was applied, in the transaction that applied it
UPDATE import_progress
SET cursor_term = %(term)s, cursor_position = %(position)s, imported_at = date_part('epoch', clock_timestamp())
WHERE stream_id = %(stream)s;

-- apply_batch --
-- Apply a batch if everything is as it has to be, and say whether it was
SELECT apply_batch(
    %(own_generation)s::bigint, %(stream)s::integer,
    %(term)s::bigint, %(generation)s::bigint, %(number)s::bigint, %(after)s::bigint, %(upto)s::bigint,
    %(places)b::bytea[], %(contents)b::bytea[], %(gone)b::bytea[]
);

-- set_cursor --
-- Begin a stream anew at a position; nothing is staged any more
UPDATE import_progress
SET cursor_term = %(term)s, cursor_position = %(position)s,
    staged_set = NULL, staged_position = NULL, walked_to_owner = NULL, walked_to_key = NULL, settles_at = NULL
WHERE stream_id = %(stream)s;

-- begin_staging --
-- Stage a new snapshot in a record set of its own
UPDATE import_progress
SET staged_set = nextval('record_set'), staged_position = %(position)s,
    walked_to_owner = NULL, walked_to_key = NULL, settles_at = NULL
WHERE stream_id = %(stream)s;

-- forget_staging --
-- Stage nothing any more
UPDATE import_progress
SET staged_set = NULL, staged_position = NULL, walked_to_owner = NULL, walked_to_key = NULL, settles_at = NULL
WHERE stream_id = %(stream)s;

-- note_walk --
-- Note how far the walk of a staged snapshot has come
UPDATE import_progress
SET walked_to_owner = %(owner)s, walked_to_key = %(key)s, settles_at = %(settles_at)s
WHERE stream_id = %(stream)s;

-- move_staging --
-- Note how far the log was applied to the staged records
UPDATE import_progress SET staged_position = %(position)s WHERE stream_id = %(stream)s;

-- show_records --
-- Make a record set the one that a stream shows
UPDATE stream SET record_set = coalesce(%(set)s, nextval('record_set')) WHERE stream_id = %(stream)s;

-- discard_set --
-- Note that nobody reads a record set any more
INSERT INTO discarded_set (set_id) VALUES (%(set)s);

-- discarded_sets --
-- Read which record sets are to be deleted
SELECT set_id FROM discarded_set ORDER BY set_id;

-- sweep_set --
-- Delete some of the records of a discarded set
DELETE FROM record WHERE ctid = ANY (ARRAY(SELECT ctid FROM record WHERE set_id = %(set)s LIMIT %(limit)s));

-- forget_set --
-- Forget a discarded set of which nothing is left
DELETE FROM discarded_set WHERE set_id = %(set)s;

-- import_ledger --
-- Read the health of a stream's import
SELECT failure, imported_at FROM import_progress WHERE stream_id = %(stream)s;

-- note_import --
-- Note why imports fail, or that they work
INSERT INTO import_progress (stream_id, failure) VALUES (%(stream)s, %(failure)s)
ON CONFLICT (stream_id) DO UPDATE SET failure = excluded.failure;

-- now --
-- Read the server's clock
SELECT date_part('epoch', clock_timestamp());

-- hold_generation --
-- Hold off a take-over until the transaction has ended; no row if another generation has the lease
SELECT generation FROM lease WHERE generation = %(generation)s FOR KEY SHARE;

-- lock_lease --
-- Read the lease and hold off everybody else, fenced writers included, until the transaction has ended
SELECT holder, expires_at - date_part('epoch', clock_timestamp()) FROM lease FOR UPDATE;

-- know_lease --
-- Make sure that there is a lease row, of a generation that nobody ever had
INSERT INTO lease (holder, generation, expires_at) VALUES ('', 0, 0) ON CONFLICT (single) DO NOTHING;

-- take_lease --
-- Take the lease with the next generation
UPDATE lease
SET holder = %(holder)s, generation = generation + 1, expires_at = date_part('epoch', clock_timestamp()) + %(seconds)s
RETURNING holder, generation, expires_at;

-- renew_lease --
-- Extend the lease unless another generation has it
UPDATE lease SET expires_at = date_part('epoch', clock_timestamp()) + %(seconds)s
WHERE generation = %(generation)s
RETURNING holder, generation, expires_at;

-- release_lease --
-- Let the lease expire now unless another generation has it
UPDATE lease SET expires_at = least(expires_at, date_part('epoch', clock_timestamp()))
WHERE generation = %(generation)s;

-- raise_generation --
-- Overtake the generation that has the lease, and let it expire now; no row if another one has it
UPDATE lease
SET generation = greatest(generation + 1, %(at_least)s),
    expires_at = least(expires_at, date_part('epoch', clock_timestamp()))
WHERE generation = %(generation)s
RETURNING generation;

-- current_lease --
-- Read the lease unless it has expired
SELECT holder, generation, expires_at FROM lease WHERE expires_at > date_part('epoch', clock_timestamp());

-- lock_sync_requests --
-- Let requests commit in the order of their numbers, so that a reader who remembers the last one misses none
LOCK TABLE sync_request IN SHARE ROW EXCLUSIVE MODE;

-- request_sync --
-- Note a request
INSERT INTO sync_request (home, module, whole) VALUES (%(home)s, %(module)s, %(whole)s) RETURNING number;

-- sync_requests --
-- Read the requests above a number
SELECT number, home, module, whole FROM sync_request WHERE number > %(after)s ORDER BY number;

-- forget_sync_requests --
-- Forget requests that have been taken up
DELETE FROM sync_request WHERE number <= %(up_to)s;

-- claim_name --
-- Wait for the session lock on a front end's name, as long as the session's lock_timeout allows
SELECT pg_advisory_lock(%(lock)s);

-- notify --
-- Tell the other processes of the pool that something was committed; nobody waits until the disk has this as well
SELECT set_config('synchronous_commit', 'off', true), pg_notify(%(channel)s, %(told)s);

-- check --
-- Read a row and write to the disk what leaves no trace
SELECT (SELECT count(*) FROM home), pg_logical_emit_message(true, 'twinpool', 'check');

-- version_table --
-- Look for the table that tells the version of the schema
SELECT to_regclass(%(table)s)::text;

-- schema_version --
-- Read the version of the schema
SELECT version_num FROM schema_version;
