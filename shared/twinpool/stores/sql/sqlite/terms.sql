-- history --
-- Read how the terms of a home began
SELECT term, module, serving_pool, position FROM term_beginning WHERE home = :home ORDER BY term, module;

-- note_beginning --
-- Note how a term began; whoever tells of it last has it from the pool that serves
INSERT INTO term_beginning (home, term, module, serving_pool, position)
VALUES (:home, :term, :module, :serving_pool, :position)
ON CONFLICT (home, term, module) DO UPDATE SET serving_pool = excluded.serving_pool, position = excluded.position;

-- turn_home --
-- Note who serves a home from now on
UPDATE home SET term = :term, serving_pool = :serving_pool, mode = :mode WHERE name = :home;

-- streams_of_home --
-- Read how far the logs of a home's streams go
SELECT stream_id, module, record_set, head, pruned_to FROM stream WHERE home = :home ORDER BY module;

-- has_records --
-- Look whether there is any record in a set
SELECT EXISTS (SELECT 1 FROM record WHERE set_id = :set);

-- cut_log --
-- Delete what a log holds above a position
DELETE FROM change_set WHERE stream_id = :stream AND position > :above;

-- move_head_back --
-- Note how far a log goes that was cut, and what it has held up to there
UPDATE stream
SET head = coalesce(
        (SELECT max(position) FROM change_set WHERE change_set.stream_id = stream.stream_id), pruned_to
    ),
    changes_through = coalesce(
        (
            SELECT changes_through FROM change_set AS last
            WHERE last.stream_id = stream.stream_id ORDER BY position DESC LIMIT 1
        ),
        changes_pruned
    ),
    bytes_through = coalesce(
        (
            SELECT bytes_through FROM change_set AS last
            WHERE last.stream_id = stream.stream_id ORDER BY position DESC LIMIT 1
        ),
        bytes_pruned
    )
WHERE stream_id = :stream;

-- begin_log --
-- Have an empty log begin behind a position
UPDATE stream
SET head = :position, pruned_to = :position, changes_pruned = changes_through, bytes_pruned = bytes_through
WHERE stream_id = :stream;

-- forget_ledgers --
-- Forget what was noted of all routes of a stream
DELETE FROM export_ledger WHERE home = :home AND module = :module;

-- repairs --
-- Read records that wait for repair, unless all records of the stream are compared soon
SELECT owner, key FROM repair
WHERE stream_id = :stream AND NOT EXISTS (SELECT 1 FROM comparison WHERE comparison.stream_id = :stream)
ORDER BY owner, key LIMIT :limit;

-- note_repairs --
-- Note that a record waits for repair; run with many
INSERT OR IGNORE INTO repair (stream_id, owner, key) VALUES (?, ?, ?);

-- note_repaired --
-- Forget that a record waits for repair; run with many
DELETE FROM repair WHERE stream_id = ? AND owner = ? AND key = ?;

-- forget_repairs --
-- Forget all records of a stream that wait for repair
DELETE FROM repair WHERE stream_id = :stream;

-- record_in_set --
-- Read one record of a set
SELECT value FROM record WHERE set_id = :set AND owner = :owner AND key = :key;
