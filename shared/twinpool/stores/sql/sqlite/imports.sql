-- import_progress --
-- Read what is durably known of a stream's import
SELECT
    session_term, session_generation, session_number, cursor_term, cursor_position,
    staged_set, staged_position, walked_to_owner, walked_to_key, settles_at
FROM import_progress
WHERE stream_id = (SELECT stream_id FROM stream WHERE home = :home AND module = :module);

-- know_import --
-- Make sure that there is a row about the import of a stream
INSERT INTO import_progress (stream_id) VALUES (:stream) ON CONFLICT (stream_id) DO NOTHING;

-- record_set --
-- Read where the records of a stream are
SELECT record_set FROM stream WHERE stream_id = :stream;

-- note_session --
-- Note the newest session
UPDATE import_progress SET session_term = :term, session_generation = :generation, session_number = :number
WHERE stream_id = :stream;

-- move_cursor --
-- Note how far a stream was applied, in the transaction that applied it
UPDATE import_progress SET cursor_term = :term, cursor_position = :position, imported_at = :now
WHERE stream_id = :stream;

-- set_cursor --
-- Begin a stream anew at a position; nothing is staged any more
UPDATE import_progress
SET cursor_term = :term, cursor_position = :position,
    staged_set = NULL, staged_position = NULL, walked_to_owner = NULL, walked_to_key = NULL, settles_at = NULL
WHERE stream_id = :stream;

-- begin_staging --
-- Stage a new snapshot in a record set of its own
UPDATE import_progress
SET staged_set = :set, staged_position = :position, walked_to_owner = NULL, walked_to_key = NULL, settles_at = NULL
WHERE stream_id = :stream;

-- forget_staging --
-- Stage nothing any more
UPDATE import_progress
SET staged_set = NULL, staged_position = NULL, walked_to_owner = NULL, walked_to_key = NULL, settles_at = NULL
WHERE stream_id = :stream;

-- note_walk --
-- Note how far the walk of a staged snapshot has come
UPDATE import_progress SET walked_to_owner = :owner, walked_to_key = :key, settles_at = :settles_at
WHERE stream_id = :stream;

-- move_staging --
-- Note how far the log was applied to the staged records
UPDATE import_progress SET staged_position = :position WHERE stream_id = :stream;

-- show_records --
-- Make a record set the one that a stream shows
UPDATE stream SET record_set = :set WHERE stream_id = :stream;

-- discard_set --
-- Note that nobody reads a record set any more
INSERT INTO discarded_set (set_id) VALUES (:set);

-- discarded_sets --
-- Read which record sets are to be deleted
SELECT set_id FROM discarded_set ORDER BY set_id;

-- sweep_set --
-- Delete some of the records of a discarded set
DELETE FROM record WHERE rowid IN (SELECT rowid FROM record WHERE set_id = :set LIMIT :limit);

-- forget_set --
-- Forget a discarded set of which nothing is left
DELETE FROM discarded_set WHERE set_id = :set;

-- import_ledger --
-- Read the health of a stream's import
SELECT failure, imported_at FROM import_progress
WHERE stream_id = (SELECT stream_id FROM stream WHERE home = :home AND module = :module);

-- note_import --
-- Note why imports fail, or that they work
INSERT INTO import_progress (stream_id, failure) VALUES (:stream, :failure)
ON CONFLICT (stream_id) DO UPDATE SET failure = excluded.failure;
